/* What MariaDB alone can do, as durable as the ledger is (BENCH in the environment says which):
 *   hot      one row is taken from by a conditional UPDATE with the order's INSERT, a transaction
 * an order, CONNECTIONS at a time; inserts  bare bulk inserts of 4,096 rows a transaction into a
 * table like `reservation`, without anything else. Its tables are its own. Prints "orders/s N", and
 * fails if the rows are not what it counted. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flash/mysql.h"
#include "flash/time.h"

#define ROWS 4096
#define COLUMNS 11
#define ID_SIZE 40

#define CONNECTIONS_MAX 256

static struct flash_config config; /* large */
static uint64_t start_us, end_us;
static _Atomic int64_t numbers;

static void fail(const struct flash_error *err)
{
    fprintf(stderr, "bench_ledger: %s\n", err->text);
    exit(1);
}

static struct flash_mysql *connect_one(void)
{
    struct flash_mysql *mysql;
    struct flash_error err;
    if (!flash_mysql_new(&config, &mysql, &err) || !flash_mysql_connect(mysql, &err)) {
        fail(&err);
    }
    return mysql;
}

static void exec(struct flash_mysql *mysql, const char *sql)
{
    struct flash_error err;
    if (!flash_mysql_exec(mysql, sql, NULL, 0, NULL, &err)) {
        fail(&err);
    }
}

static bool take_number(const struct flash_value *cells, int count, void *arg)
{
    (void)count;
    *(int64_t *)arg = cells[0].number;
    return true;
}

static int64_t ask(struct flash_mysql *mysql, const char *sql)
{
    int64_t number = -1;
    struct flash_error err;
    struct flash_query query = {.sql = sql, .column_count = 1, .row = take_number, .arg = &number};
    if (!flash_mysql_query(mysql, &query, &err)) {
        fail(&err);
    }
    return number;
}
static int setting(const char *name, int fallback)
{
    const char *text = getenv(name);
    return text ? (int)strtol(text, NULL, 10) : fallback;
}

/* The time counts from when connections and tables are there. */
static void start(void)
{
    start_us = flash_time_monotonic_us();
    end_us = start_us + (uint64_t)setting("MS", 5000) * 1000;
}

/* ---- one hot row ---- */

struct buyer {
    pthread_t thread;
    struct flash_mysql *mysql;
    int64_t done;
};

static bool order(struct flash_mysql *mysql, int64_t number, struct flash_error *err)
{
    int64_t changed = 0;
    struct flash_value params[] = {{.type = FLASH_COLUMN_INT, .number = number},
                                   {.type = FLASH_COLUMN_INT, .number = number % 100000}};
    return flash_mysql_begin(mysql, err) &&
           flash_mysql_exec(mysql,
                            "UPDATE bench_hot SET available = available - 1 WHERE sku = 1 AND "
                            "available >= 1",
                            NULL, 0, &changed, err) &&
           changed == 1 &&
           flash_mysql_exec(mysql, "INSERT INTO bench_order (id, user_id) VALUES (?, ?)", params, 2,
                            NULL, err) &&
           flash_mysql_commit(mysql, err);
}

static void *buy(void *arg)
{
    struct buyer *buyer = arg;
    struct flash_error err;
    while (flash_time_monotonic_us() < end_us) {
        if (!order(buyer->mysql, atomic_fetch_add(&numbers, 1) + 1, &err)) {
            fail(&err);
        }
        buyer->done++;
    }
    return NULL;
}

static int64_t run_hot(struct flash_mysql *mysql, int connections)
{
    static struct buyer buyers[CONNECTIONS_MAX];
    int64_t sum = 0;
    exec(mysql,
         "CREATE OR REPLACE TABLE bench_hot (sku INT PRIMARY KEY, available BIGINT NOT NULL)");
    exec(mysql,
         "CREATE OR REPLACE TABLE bench_order (id BIGINT PRIMARY KEY, user_id BIGINT NOT NULL)");
    exec(mysql, "INSERT INTO bench_hot VALUES (1, 100000000)");
    for (int i = 0; i < connections; i++) {
        buyers[i].mysql = connect_one();
    }
    start();
    for (int i = 0; i < connections; i++) {
        if (pthread_create(&buyers[i].thread, NULL, buy, &buyers[i]) != 0) {
            exit(1);
        }
    }
    for (int i = 0; i < connections; i++) {
        pthread_join(buyers[i].thread, NULL);
        flash_mysql_free(buyers[i].mysql);
        sum += buyers[i].done;
    }
    bool right = ask(mysql, "SELECT COUNT(*) FROM bench_order") == sum &&
                 ask(mysql, "SELECT 100000000 - available FROM bench_hot") == sum;
    exec(mysql, "DROP TABLE bench_hot");
    exec(mysql, "DROP TABLE bench_order");
    return right ? sum : -1;
}

/* ---- bare inserts ---- */

static char ids[ROWS][ID_SIZE];
static struct flash_text id_texts[ROWS], user_texts[ROWS], entry_texts[ROWS], payments[ROWS];
static int64_t ones[ROWS];

/* Ids as random as those of orders: where a row goes in the key is half of what it costs. */
static void name_rows(int64_t base)
{
    static const char user[] = "u-12345", entry[] = "0123456789abcdef";
    for (int i = 0; i < ROWS; i++) {
        uint64_t mixed = (uint64_t)(base + i) * 0x9e3779b97f4a7c15u;
        int len = snprintf(ids[i], ID_SIZE, "1001.%016llx%06llx", (unsigned long long)mixed,
                           (unsigned long long)((mixed >> 7) & 0xffffff));
        id_texts[i] = (struct flash_text){ids[i], (size_t)len};
        user_texts[i] = (struct flash_text){user, sizeof(user) - 1};
        entry_texts[i] = (struct flash_text){entry, 16};
        payments[i] = (struct flash_text){NULL, 0};
        ones[i] = 1;
    }
}

static int64_t run_inserts(struct flash_mysql *mysql)
{
    struct flash_error err;
    int64_t rows = 0;
#define NUMBERS(name)                                                                              \
    {                                                                                              \
        name, FLASH_COLUMN_INT, ones, NULL                                                         \
    }
#define TEXTS(name, texts)                                                                         \
    {                                                                                              \
        name, FLASH_COLUMN_BYTES, NULL, texts                                                      \
    }
    const struct flash_bulk_column columns[COLUMNS] = {TEXTS("order_id", id_texts),
                                                       NUMBERS("sku"),
                                                       TEXTS("user_id", user_texts),
                                                       NUMBERS("qty"),
                                                       NUMBERS("state"),
                                                       NUMBERS("version"),
                                                       NUMBERS("due"),
                                                       TEXTS("entry_id", entry_texts),
                                                       NUMBERS("line_no"),
                                                       TEXTS("payment_id", payments),
                                                       NUMBERS("updated_at_ms")};
    exec(mysql, "CREATE OR REPLACE TABLE bench_rows LIKE reservation");
    start();
    while (flash_time_monotonic_us() < end_us) {
        name_rows(rows + 1);
        if (!flash_mysql_begin(mysql, &err) ||
            !flash_mysql_bulk_insert(
                mysql, &(struct flash_bulk){"bench_rows", columns, COLUMNS, ROWS, NULL}, &err) ||
            !flash_mysql_commit(mysql, &err)) {
            fail(&err);
        }
        rows += ROWS;
    }
    bool right = ask(mysql, "SELECT COUNT(*) FROM bench_rows") == rows;
    exec(mysql, "DROP TABLE bench_rows");
    return right ? rows : -1;
}

int main(int argc, char **argv)
{
    enum flash_config_action action;
    struct flash_error err;
    const char *what = getenv("BENCH");
    if (!what || !flash_config_load(&config, argc, argv, &action, &err)) {
        fprintf(stderr, "bench_ledger: BENCH, or the configuration\n");
        return 2;
    }
    struct flash_mysql *mysql = connect_one();
    int connections = setting("CONNECTIONS", 64);
    int64_t sum =
        strcmp(what, "hot") == 0
            ? run_hot(mysql, connections > CONNECTIONS_MAX ? CONNECTIONS_MAX : connections)
            : run_inserts(mysql);
    printf("orders/s %.0f\n", (double)sum * 1e6 / (double)(end_us - start_us));
    flash_mysql_free(mysql);
    return sum < 0;
}
