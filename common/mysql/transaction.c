/* Transactions and what a failure does to them.
 *
 *     IDLE ──begin──▶ TRANSACTION ──commit, rollback──▶ IDLE
 *                          └──any failure──▶ ABORTED ──rollback──▶ IDLE,  ──begin──▶ TRANSACTION
 *
 * A failed statement is followed by ROLLBACK at once, here and not by the caller: after a lock wait
 * only the statement is undone (PITFALLS §3) and the rest would keep its locks. When ROLLBACK
 * fails, the connection is closed, which rolls back too. */
#include "internal.h"

#include <assert.h>

void flash_mysql_phase_move(struct flash_mysql *mysql, enum flash_mysql_phase next)
{
    static const bool arrows[3][3] = {
        [FLASH_MYSQL_IDLE][FLASH_MYSQL_TRANSACTION] = true,
        [FLASH_MYSQL_TRANSACTION][FLASH_MYSQL_IDLE] = true,
        [FLASH_MYSQL_TRANSACTION][FLASH_MYSQL_ABORTED] = true,
        [FLASH_MYSQL_ABORTED][FLASH_MYSQL_IDLE] = true,
        [FLASH_MYSQL_ABORTED][FLASH_MYSQL_TRANSACTION] = true,
    };
    assert(arrows[mysql->phase][next]);
    mysql->phase = next;
}

bool flash_mysql_ready(struct flash_mysql *mysql, struct flash_error *err)
{
    if (mysql->phase == FLASH_MYSQL_ABORTED) {
        return flash_mysql_refuse(mysql, FLASH_MYSQL_BUG,
                                  "the transaction failed: roll it back first", err);
    }
    return flash_mysql_connect(mysql, err);
}

enum flash_mysql_stage flash_mysql_write_stage(const struct flash_mysql *mysql)
{
    return mysql->phase == FLASH_MYSQL_TRANSACTION ? FLASH_MYSQL_STATEMENT : FLASH_MYSQL_ALONE;
}

/* Undoes what is open on the server, and lets the caller's part of it wait for its rollback. */
static void abort_transaction(struct flash_mysql *mysql)
{
    if (mysql->phase != FLASH_MYSQL_TRANSACTION) {
        return;
    }
    flash_mysql_phase_move(mysql, FLASH_MYSQL_ABORTED);
    if (mysql->link != NULL && mysql_rollback(mysql->link) != 0) {
        flash_mysql_close(mysql);
    }
}

bool flash_mysql_fail(struct flash_mysql *mysql, MYSQL_STMT *handle, enum flash_mysql_stage stage,
                      struct flash_error *err)
{
    unsigned number = handle != NULL ? mysql_stmt_errno(handle) : mysql_errno(mysql->link);
    const char *text = handle != NULL ? mysql_stmt_error(handle) : mysql_error(mysql->link);
    struct flash_mysql_verdict verdict = flash_mysql_judge(number, stage);
    flash_error_set(err, verdict.kind, "ledger: %s (%u)", text, number);
    mysql->last_class = verdict.class;
    if (verdict.close) {
        flash_mysql_close(mysql);
    }
    abort_transaction(mysql);
    return false;
}

bool flash_mysql_refuse(struct flash_mysql *mysql, enum flash_mysql_class class, const char *text,
                        struct flash_error *err)
{
    static const enum flash_error_kind kinds[] = {
        [FLASH_MYSQL_RETRY] = FLASH_ERROR_RETRY,
        [FLASH_MYSQL_DATA] = FLASH_ERROR_DATA,
        [FLASH_MYSQL_BUG] = FLASH_ERROR_BUG,
    };
    flash_error_set(err, kinds[class], "ledger: %s", text);
    mysql->last_class = class;
    abort_transaction(mysql);
    return false;
}

/* isolation: of this transaction alone; NULL: the session's. */
static bool begin(struct flash_mysql *mysql, const char *isolation, const char *start,
                  struct flash_error *err)
{
    if (mysql->phase == FLASH_MYSQL_TRANSACTION) {
        return flash_mysql_refuse(mysql, FLASH_MYSQL_BUG, "begin inside a transaction", err);
    }
    if (!flash_mysql_connect(mysql, err)) {
        return false;
    }
    if ((isolation != NULL && mysql_query(mysql->link, isolation) != 0) ||
        mysql_query(mysql->link, start) != 0) {
        return flash_mysql_fail(mysql, NULL, FLASH_MYSQL_READ, err);
    }
    flash_mysql_phase_move(mysql, FLASH_MYSQL_TRANSACTION);
    return true;
}

bool flash_mysql_begin(struct flash_mysql *mysql, struct flash_error *err)
{
    return begin(mysql, NULL, "START TRANSACTION", err);
}

bool flash_mysql_begin_snapshot(struct flash_mysql *mysql, struct flash_error *err)
{
    return begin(mysql, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
                 "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY", err);
}

bool flash_mysql_commit(struct flash_mysql *mysql, struct flash_error *err)
{
    if (mysql->phase != FLASH_MYSQL_TRANSACTION) {
        return flash_mysql_refuse(mysql, FLASH_MYSQL_BUG, "commit without a transaction", err);
    }
    if (mysql_query(mysql->link, "COMMIT") != 0) {
        return flash_mysql_fail(mysql, NULL, FLASH_MYSQL_COMMIT, err);
    }
    flash_mysql_phase_move(mysql, FLASH_MYSQL_IDLE);
    return true;
}

void flash_mysql_rollback(struct flash_mysql *mysql)
{
    abort_transaction(mysql);
    if (mysql->phase == FLASH_MYSQL_ABORTED) {
        flash_mysql_phase_move(mysql, FLASH_MYSQL_IDLE);
    }
}
