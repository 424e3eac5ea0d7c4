/* What the files of flash_mysql share: the connection, its phase, and how failures are judged.
 *
 * Rules they keep together:
 * - Whatever fails goes through flash_mysql_fail or flash_mysql_refuse: they classify, close what
 *   is not to be trusted any more and roll back, so a failed transaction holds no lock while its
 *   caller decides what to do.
 * - A phase is written by flash_mysql_phase_move only. ABORTED refuses statements, so nothing that
 *   belonged to a lost transaction is ever committed by itself on a new connection.
 * - No result stays on the wire when a public function returns. */
#ifndef FLASH_MYSQL_INTERNAL_H
#define FLASH_MYSQL_INTERNAL_H

#include <mysql.h>

#include "flash/mysql.h"
#include "text.h"

#define FLASH_MYSQL_STATEMENTS 64 /* prepared ones that a connection keeps */
#define FLASH_MYSQL_LOCK_WAIT_S 5 /* seconds for a row lock or a table's metadata lock */
/* A frozen client lets go of its locks: MariaDB ends an idle transaction, every server an idle
 * connection. */
#define FLASH_MYSQL_IDLE_TRANSACTION_S 10
#define FLASH_MYSQL_IDLE_S 30

/* ---- class.c: numbers to meanings, pure ---- */

/* Where a statement stood when it failed, for what may have happened. */
enum flash_mysql_stage {
    FLASH_MYSQL_READ,      /* changes nothing: connecting, preparing, queries */
    FLASH_MYSQL_STATEMENT, /* inside a transaction: gone with it */
    FLASH_MYSQL_ALONE,     /* a transaction of its own */
    FLASH_MYSQL_COMMIT,    /* COMMIT itself */
};

struct flash_mysql_verdict {
    enum flash_mysql_class class;
    enum flash_error_kind kind;
    bool close; /* the connection is dead or of no further use */
};

struct flash_mysql_verdict flash_mysql_judge(unsigned number, enum flash_mysql_stage stage);

/* ---- the connection ---- */

enum flash_mysql_phase {
    FLASH_MYSQL_IDLE,        /* each statement commits by itself */
    FLASH_MYSQL_TRANSACTION, /* between begin and commit */
    FLASH_MYSQL_ABORTED,     /* the transaction failed and is rolled back or gone; only rollback or
                                begin go on */
};

enum flash_mysql_bulk_way {
    FLASH_MYSQL_BULK_ARRAYS, /* one prepared statement with arrays of parameters: MariaDB */
    FLASH_MYSQL_BULK_TEXT,   /* INSERT with many rows, as text: everywhere */
    FLASH_MYSQL_BULK_COUNT,
};

struct flash_statement {
    char *sql; /* copy: a text that changed at its address is another statement */
    MYSQL_STMT *handle;
    uint64_t used; /* the call that used it last; they are counted */
};

struct flash_mysql {
    struct {
        char host[64], socket[108];
        unsigned port;
        char user[64], password[FLASH_CONFIG_TEXT], database[64];
        int64_t connect_timeout_ms, query_timeout_ms;
    } settings;
    MYSQL *link;       /* NULL while away */
    int64_t idle_s;    /* the server closes a connection that was idle for so long */
    bool for_locks;    /* it is not made anew by itself */
    uint64_t asked_us; /* when it was last asked for */
    enum flash_mysql_phase phase;
    enum flash_mysql_class last_class;
    enum flash_mysql_bulk_way bulk_way; /* of the connected server */
    bool bulk_text_only;                /* set by tests: text although the server has arrays */
    size_t packet_max;                  /* bytes of the longest statement the server takes */
    struct flash_statement statements[FLASH_MYSQL_STATEMENTS];
    int statement_count;
    uint64_t statement_calls;
    struct flash_mysql_buffer text;    /* SQL being built */
    struct flash_mysql_buffer scratch; /* cells of the current row; arrays of a bulk insert */
};

/* Closes the connection and forgets its statements; an open transaction becomes ABORTED. */
void flash_mysql_close(struct flash_mysql *mysql);

/* ---- transaction.c ---- */

void flash_mysql_phase_move(struct flash_mysql *mysql, enum flash_mysql_phase next);
/* Before any statement: connects if away; refuses in ABORTED. */
FLASH_MUST_CHECK bool flash_mysql_ready(struct flash_mysql *mysql, struct flash_error *err);
enum flash_mysql_stage flash_mysql_write_stage(const struct flash_mysql *mysql);
/* A failure the client library or the server reported: handle's, or the connection's when handle is
 * NULL. Returns false. */
bool flash_mysql_fail(struct flash_mysql *mysql, MYSQL_STMT *handle, enum flash_mysql_stage stage,
                      struct flash_error *err);
/* A failure found on this side; text is shown. Returns false. */
bool flash_mysql_refuse(struct flash_mysql *mysql, enum flash_mysql_class class, const char *text,
                        struct flash_error *err);

/* ---- statement.c ---- */

struct flash_statement_call {
    const char *sql;
    const struct flash_value *params;
    int param_count;
    enum flash_mysql_stage stage;
};

/* Finds or prepares sql. The handle is good until the next call. */
FLASH_MUST_CHECK bool flash_mysql_statement(struct flash_mysql *mysql, const char *sql,
                                            MYSQL_STMT **ret_handle, struct flash_error *err);
/* Binds and executes; a result, if any, is still to be read. */
FLASH_MUST_CHECK bool flash_mysql_run(struct flash_mysql *mysql,
                                      const struct flash_statement_call *call,
                                      MYSQL_STMT **ret_handle, struct flash_error *err);

/* ---- query.c ---- */

/* INT for integers and for DECIMAL without fraction (SUM, COUNT), else BYTES. */
enum flash_column_type flash_mysql_column_type(const MYSQL_FIELD *field);

/* ---- bulk_array.c, bulk_text.c ---- */

/* count rows from first on, as one statement. */
struct flash_mysql_slice {
    const struct flash_bulk *bulk;
    int first, count;
};

/* Names only: `INSERT INTO … VALUES `. */
void flash_mysql_put_insert(struct flash_mysql_buffer *text, const struct flash_bulk *bulk);
size_t flash_mysql_array_value_size(const struct flash_bulk_column *column, int row);
size_t flash_mysql_text_value_size(const struct flash_bulk_column *column, int row);
FLASH_MUST_CHECK bool flash_mysql_array_insert(struct flash_mysql *mysql,
                                               const struct flash_mysql_slice *slice,
                                               struct flash_error *err);
FLASH_MUST_CHECK bool flash_mysql_text_insert(struct flash_mysql *mysql,
                                              const struct flash_mysql_slice *slice,
                                              struct flash_error *err);

#endif
