/* Starting transactions again, and the paper trail; see ledger.h.
 *
 * A run fails for one of three reasons: the ledger asks for another try (deadlock, a lost
 * connection), a key exists already (somebody was first, maybe an earlier run of this very work
 * whose COMMIT was answered by silence), or it can never succeed. After a lost COMMIT the next run
 * sees the truth, whatever it is. */
#include "ledger.h"

#include <string.h>

#include "flash/log.h"
#include "flash/time.h"
#include "metrics.h"

#define RUNS_MAX 5

struct run {
    flash_ledger_work work;
    void *arg;
    bool reads;           /* each statement alone, without a transaction */
    enum flash_work done; /* what the last run came to */
};

static bool run_once(struct flash_mysql *mysql, struct run *run, struct flash_error *err)
{
    run->done = FLASH_WORK_FAILED;
    if (!run->reads && !flash_mysql_begin(mysql, err)) {
        return false;
    }
    run->done = run->work(mysql, run->arg, err);
    if (run->done == FLASH_WORK_COMMIT) {
        return flash_mysql_commit(mysql, err);
    }
    return run->done == FLASH_WORK_LEAVE;
}

static enum flash_ledger_end run_until_done(struct flash_mysql *mysql, struct run *run,
                                            struct flash_error *err)
{
    bool unknown = false;
    enum flash_mysql_class class = FLASH_MYSQL_RETRY;
    for (int i = 0; i < RUNS_MAX; i++) {
        bool was_connected = flash_mysql_connected(mysql);
        bool ok = run_once(mysql, run, err);
        if (ok && run->done == FLASH_WORK_COMMIT) {
            return FLASH_LEDGER_COMMITTED;
        }
        class = flash_mysql_last_class(mysql); /* of this run, unless ok */
        bool unreachable = !flash_mysql_connected(mysql) && !was_connected;
        flash_mysql_rollback(mysql);
        if (ok) {
            return FLASH_LEDGER_LEFT;
        }
        unknown |= class == FLASH_MYSQL_UNKNOWN_COMMIT;
        bool again = class == FLASH_MYSQL_RETRY || class == FLASH_MYSQL_DUPLICATE ||
                     class == FLASH_MYSQL_UNKNOWN_COMMIT;
        if (!again || unreachable) {
            break;
        }
        flash_admin_count(METRIC_LEDGER_RETRIES, 1);
    }
    if (unknown) {
        return FLASH_LEDGER_UNKNOWN;
    }
    bool later = class == FLASH_MYSQL_RETRY || class == FLASH_MYSQL_DUPLICATE;
    return later ? FLASH_LEDGER_AWAY : FLASH_LEDGER_BROKEN;
}

enum flash_ledger_end flash_ledger_run(struct flash_mysql *mysql, flash_ledger_work work, void *arg,
                                       struct flash_error *err)
{
    struct run run = {.work = work, .arg = arg};
    return run_until_done(mysql, &run, err);
}

enum flash_ledger_end flash_ledger_read(struct flash_mysql *mysql, flash_ledger_work work,
                                        void *arg, struct flash_error *err)
{
    struct run run = {.work = work, .arg = arg, .reads = true};
    return run_until_done(mysql, &run, err);
}

enum flash_refusal flash_ledger_refusal(enum flash_ledger_end end, const struct flash_job *job,
                                        const struct flash_error *err)
{
    static const struct {
        enum flash_refusal refusal;
        const char *event;
    } rows[] = {
        [FLASH_LEDGER_COMMITTED] = {FLASH_REFUSE_NOTHING, NULL},
        [FLASH_LEDGER_LEFT] = {FLASH_REFUSE_NOTHING, NULL},
        [FLASH_LEDGER_AWAY] = {FLASH_REFUSE_LEDGER_AWAY, "admin.ledger_away"},
        [FLASH_LEDGER_UNKNOWN] = {FLASH_REFUSE_OUTCOME_UNKNOWN, "admin.ledger_unknown"},
        [FLASH_LEDGER_BROKEN] = {FLASH_REFUSE_INTERNAL, "admin.ledger_refused"},
    };
    if (rows[end].event) {
        FLASH_LOG(ERROR, rows[end].event, FLASH_TEXT("error", err->text),
                  FLASH_TEXT("request_id", job->caller.request_id), FLASH_INT("sku", job->sku));
    }
    return rows[end].refusal;
}

bool flash_ledger_sign(struct flash_mysql *mysql, const struct flash_job *job,
                       const struct flash_change *change, struct flash_error *err)
{
    const struct flash_value row[] = {
        flash_value_text(job->caller.operator),
        flash_value_text(flash_role_name(job->caller.role)),
        flash_value_text(change->action),
        {.type = FLASH_COLUMN_INT, .null = job->sku == 0, .number = job->sku},
        flash_value_text(job->caller.request_id),
        flash_value_int(change->status),
        flash_value_text(change->detail),
        flash_value_int((int64_t)flash_time_wall_ms()),
    };
    return flash_mysql_exec(mysql,
                            "INSERT INTO admin_log (operator, role, action, sku, request_id, "
                            "status, detail, created_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                            row, 8, NULL, err);
}
