/* The ledger's connection: prepared statements, bulk inserts, transactions, and error classes.
 *
 * Blocking; one struct flash_mysql per thread. READ COMMITTED, strict SQL mode, utf8mb4, UTC, no
 * reconnection within a transaction (it would be lost: PITFALLS §3). Works with MariaDB 10.11 and
 * MySQL 8/9: array binding where the server is MariaDB, multi-row statements where it is not;
 * nothing above this header can tell.
 *
 * Every wait has an end: mysql.connect_timeout_ms, mysql.query_timeout_ms (the server stops a
 * statement then; where it is silent the client gives up a second later), 5 s for a lock. Row
 * callbacks must not use the connection they are called from. */
#ifndef FLASH_MYSQL_H
#define FLASH_MYSQL_H

#include "flash/config.h"
#include "flash/ids.h"

struct flash_mysql;

#define FLASH_MYSQL_COLUMNS 24 /* at most, of a result or a bulk insert; parameters too */

/* What an error means for the work in hand (DESIGN §7). In all cases the transaction is rolled back
 * or gone already, and nothing but flash_mysql_rollback or a new begin is taken after it. */
enum flash_mysql_class {
    FLASH_MYSQL_OK,
    FLASH_MYSQL_RETRY,          /* deadlock, lock wait, lost or refused connection, read-only,
                                   out of time or room: the whole transaction again */
    FLASH_MYSQL_DUPLICATE,      /* 1062: a key exists already */
    FLASH_MYSQL_DATA,           /* this input can never go in: out of range, too long, CHECK, … */
    FLASH_MYSQL_UNKNOWN_COMMIT, /* COMMIT, or a statement outside a transaction, was sent and no
                                   answer came: replay, the verdict decides */
    FLASH_MYSQL_BUG,            /* missing table or column, syntax, rights: not to be retried */
};

/* Connects at the first use. Settings are copied. Error kinds: CONFIG, RETRY (no memory). */
FLASH_MUST_CHECK bool flash_mysql_new(const struct flash_config *config,
                                      struct flash_mysql **ret_mysql, struct flash_error *err);
/* NULL is fine. What is not committed is rolled back. */
void flash_mysql_free(struct flash_mysql *mysql);
/* Before the first use, for a connection that is to hold user locks (GET_LOCK): idle_s after its
 * last statement the server ends it, and the locks of a client that froze are free. */
void flash_mysql_for_locks(struct flash_mysql *mysql, int64_t idle_s);
/* Connects if away; no round trip if it seems connected. The server closes what is idle for 30 s;
 * outside a transaction and without locks what was idle for half of that is made anew here. Error
 * kinds: RETRY, CONFIG (access denied, no such database: class BUG). */
FLASH_MUST_CHECK bool flash_mysql_connect(struct flash_mysql *mysql, struct flash_error *err);
/* The class of the last failure on this connection, also after a rollback; OK if there was none. */
enum flash_mysql_class flash_mysql_last_class(const struct flash_mysql *mysql);
bool flash_mysql_connected(const struct flash_mysql *mysql);

/* Error kinds: RETRY, CONFIG; BUG inside a transaction. */
FLASH_MUST_CHECK bool flash_mysql_begin(struct flash_mysql *mysql, struct flash_error *err);
/* A transaction that only reads, and all of it what was committed when it began (REPEATABLE READ, a
 * consistent snapshot). End it by rollback. While it lasts the server keeps what others overwrite.
 * Error kinds: as for begin. */
FLASH_MUST_CHECK bool flash_mysql_begin_snapshot(struct flash_mysql *mysql,
                                                 struct flash_error *err);
/* Error kinds: RETRY (known not to be committed), UNKNOWN (class UNKNOWN_COMMIT: the connection is
 * closed), BUG without a transaction. */
FLASH_MUST_CHECK bool flash_mysql_commit(struct flash_mysql *mysql, struct flash_error *err);
/* Never fails: what cannot be rolled back is closed. */
void flash_mysql_rollback(struct flash_mysql *mysql);

/* ---- statements ---- */

enum flash_column_type {
    FLASH_COLUMN_INT,   /* signed 64 bits */
    FLASH_COLUMN_BYTES, /* text or binary */
};

/* A parameter or a result cell. */
struct flash_value {
    enum flash_column_type type;
    bool null;
    int64_t number;
    struct flash_text bytes; /* borrowed: the caller's, or of a result, until the next row */
};

/* Runs sql with `?` parameters, prepared once per connection and found again by its text, as long
 * as it is among the 64 last used: sql is a string literal, never built at run time. *ret_affected
 * (may be NULL): rows changed (an UPDATE that sets what is there changes none). Error kinds: RETRY,
 * UNKNOWN (outside a transaction only), DATA (classes DATA and DUPLICATE), BUG, CONFIG. */
FLASH_MUST_CHECK bool flash_mysql_exec(struct flash_mysql *mysql, const char *sql,
                                       const struct flash_value *params, int param_count,
                                       int64_t *ret_affected, struct flash_error *err);

/* Called for each row of a query, in order; cells are valid during the call. Integers and DECIMAL
 * without fraction (SUM) are INT, everything else BYTES. False stops (not an error). */
typedef bool (*flash_mysql_row)(const struct flash_value *cells, int count, void *arg);

struct flash_query {
    const char *sql; /* literal, as above; changes nothing (SELECT, also FOR UPDATE) */
    const struct flash_value *params;
    int param_count;
    int column_count;
    flash_mysql_row row;
    void *arg;
};
FLASH_MUST_CHECK bool flash_mysql_query(struct flash_mysql *mysql, const struct flash_query *query,
                                        struct flash_error *err);

/* A query whose list of keys is long: in sql, the one `(%s)` is replaced by the list of keys (all
 * INT or all BYTES, none NULL, each once), in chunks; row is called for all, ordered within a chunk
 * only. E.g. "SELECT a,b FROM verdict WHERE entry_id IN (%s)". No keys: no rows. */
struct flash_query_in {
    const char *sql;
    const struct flash_value *keys;
    int key_count;
    int column_count;
    flash_mysql_row row;
    void *arg;
};
FLASH_MUST_CHECK bool flash_mysql_query_in(struct flash_mysql *mysql,
                                           const struct flash_query_in *query,
                                           struct flash_error *err);

/* One column of a bulk insert: an array of row_count values. */
struct flash_bulk_column {
    const char *name;
    enum flash_column_type type;
    const int64_t *numbers;         /* INT */
    const struct flash_text *bytes; /* BYTES; at == NULL is SQL NULL */
};

struct flash_bulk {
    const char *table;
    const struct flash_bulk_column *columns;
    int column_count;
    int row_count;   /* ≥ 1 */
    const char *sql; /* of bulk_update: a literal with one ? per column, in their order */
};
/* INSERT of all rows, plain: no IGNORE, no ON DUPLICATE KEY (DESIGN §7); inside a transaction only,
 * as it may take several statements. Which row failed is not told. Error kinds: as for exec. */
FLASH_MUST_CHECK bool flash_mysql_bulk_insert(struct flash_mysql *mysql,
                                              const struct flash_bulk *bulk,
                                              struct flash_error *err);

/* Runs bulk->sql (an UPDATE) once per row with that row's values; table and the columns' names are
 * not looked at. Inside a transaction only. Error kinds: as for exec. */
FLASH_MUST_CHECK bool flash_mysql_bulk_update(struct flash_mysql *mysql,
                                              const struct flash_bulk *bulk,
                                              struct flash_error *err);

#endif
