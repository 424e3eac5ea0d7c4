/* How fast rows of the reservation table go in: 4,096 a durable transaction, by arrays and by text.
 *
 * Not a test: run by hand. Prints one line per way, the best and the median of its transactions.
 * Usage: mysql_bulk_speed <deploy/sql/002_orders.sql> [transactions]. */
#include "ledger.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../common/mysql/internal.h"
#include "flash/time.h"
#include "server.h"

#define ROWS 4096
#define TRANSACTIONS_MAX 1000

static struct {
    struct flash_text order_ids[ROWS], users[ROWS], entries[ROWS];
    char order_text[ROWS][48], user_text[ROWS][16], entry_bytes[ROWS][16];
    int64_t skus[ROWS], ones[ROWS], dues[ROWS], lines[ROWS];
} rows;

static const struct flash_bulk_column columns[] = {
    {.name = "order_id", .type = FLASH_COLUMN_BYTES, .bytes = rows.order_ids},
    {.name = "sku", .type = FLASH_COLUMN_INT, .numbers = rows.skus},
    {.name = "user_id", .type = FLASH_COLUMN_BYTES, .bytes = rows.users},
    {.name = "qty", .type = FLASH_COLUMN_INT, .numbers = rows.ones},
    {.name = "state", .type = FLASH_COLUMN_INT, .numbers = rows.ones},
    {.name = "version", .type = FLASH_COLUMN_INT, .numbers = rows.ones},
    {.name = "due", .type = FLASH_COLUMN_INT, .numbers = rows.dues},
    {.name = "entry_id", .type = FLASH_COLUMN_BYTES, .bytes = rows.entries},
    {.name = "line_no", .type = FLASH_COLUMN_INT, .numbers = rows.lines},
    {.name = "updated_at_ms", .type = FLASH_COLUMN_INT, .numbers = rows.dues},
};

/* Order ids as they come: random below their SKU. */
static void fill(uint64_t *seed)
{
    for (int i = 0; i < ROWS; i++) {
        uint64_t random[2];
        for (int word = 0; word < 2; word++) {
            *seed = *seed * 6364136223846793005u + 1442695040888963407u;
            random[word] = *seed >> 8;
        }
        int len = snprintf(rows.order_text[i], sizeof(rows.order_text[i]),
                           "1001.%011" PRIx64 "%011" PRIx64, random[0] & 0xfffffffffff,
                           random[1] & 0xfffffffffff);
        rows.order_ids[i] = (struct flash_text){rows.order_text[i], (size_t)len};
        len = snprintf(rows.user_text[i], sizeof(rows.user_text[i]), "u-%08" PRIx64,
                       random[0] & 0xffffffff);
        rows.users[i] = (struct flash_text){rows.user_text[i], (size_t)len};
        memset(rows.entry_bytes[i], i / 256 + 0x80, 16);
        rows.entries[i] = (struct flash_text){rows.entry_bytes[i], 16};
        rows.skus[i] = 1001;
        rows.ones[i] = 1;
        rows.dues[i] = 1763719800000;
        rows.lines[i] = i % 256;
    }
}

static char *reservation_sql(const char *path)
{
    static char text[65536];
    FILE *file = fopen(path, "r");
    size_t len = file == NULL ? 0 : fread(text, 1, sizeof(text) - 1, file);
    text[len] = '\0';
    char *start = strstr(text, "CREATE TABLE reservation (");
    char *end = start == NULL ? NULL : strstr(start, ";\n\n");
    if (end == NULL) {
        fprintf(stderr, "%s: no CREATE TABLE reservation\n", path);
        exit(EXIT_FAILURE);
    }
    fclose(file);
    *end = '\0';
    return start;
}

static int by_size(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left;
    uint64_t b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

static uint64_t one_transaction(struct flash_mysql *mysql)
{
    struct flash_error err = {0};
    const struct flash_bulk bulk = {"reservation", columns, 10, ROWS};
    uint64_t start_us = flash_time_monotonic_us();
    if (!flash_mysql_begin(mysql, &err) || !flash_mysql_bulk_insert(mysql, &bulk, &err) ||
        !flash_mysql_commit(mysql, &err)) {
        fprintf(stderr, "%s\n", err.text);
        exit(EXIT_FAILURE);
    }
    return flash_time_monotonic_us() - start_us;
}

static void measure(struct flash_mysql *mysql, int transactions, const char *name)
{
    static uint64_t us[TRANSACTIONS_MAX];
    static uint64_t seed = 42;
    uint64_t sum = 0;
    for (int i = 0; i < transactions; i++) {
        fill(&seed);
        us[i] = one_transaction(mysql);
        sum += us[i];
    }
    qsort(us, (size_t)transactions, sizeof(us[0]), by_size);
    printf("%-7s %8.0f rows/s (median transaction %8.0f, best %8.0f)\n", name,
           ROWS * 1e6 * transactions / (double)sum, ROWS * 1e6 / (double)us[transactions / 2],
           ROWS * 1e6 / (double)us[0]);
}

int main(int argc, char **argv)
{
    struct server server;
    struct flash_error err = {0};
    int transactions = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 30;
    if (argc < 2 || transactions < 1 || transactions > TRANSACTIONS_MAX) {
        fprintf(stderr, "usage: mysql_bulk_speed 002_orders.sql [transactions]\n");
        return 2;
    }
    char *sql = reservation_sql(argv[1]);
    server_make(&server);
    struct flash_config config = server_config(&server);
    struct flash_mysql *mysql = ledger_new(&config);
    for (int round = 0; round < 4; round++) {
        if (!flash_mysql_exec(mysql, "DROP TABLE IF EXISTS reservation", NULL, 0, NULL, &err) ||
            !flash_mysql_exec(mysql, sql, NULL, 0, NULL, &err)) {
            fprintf(stderr, "%s\n", err.text);
            return EXIT_FAILURE;
        }
        mysql->bulk_text_only = round % 2 == 1;
        measure(mysql, transactions, mysql->bulk_text_only ? "text" : "arrays");
    }
    flash_mysql_free(mysql);
    server_remove(&server);
    return 0;
}
