/* The catalog keeps the last list while the ledger is away. The ledger is a few functions here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "../../reconciler/catalog.h"
#include "../../reconciler/metrics.h"
#include "flash/mysql.h"

static struct {
    bool away, breaks;  /* does not connect; ends in the middle of the SKUs */
    int64_t generation; /* 0: no row */
    int64_t sku_count;
    struct flash_catalog *catalog;
} ledger;

bool flash_mysql_new(const struct flash_config *config, struct flash_mysql **ret_mysql,
                     struct flash_error *err)
{
    (void)config;
    (void)err;
    *ret_mysql = NULL;
    return true;
}

void flash_mysql_free(struct flash_mysql *mysql)
{
    (void)mysql;
}

bool flash_mysql_connect(struct flash_mysql *mysql, struct flash_error *err)
{
    (void)mysql;
    return !ledger.away || flash_error_set(err, FLASH_ERROR_RETRY, "away, says the test");
}

bool flash_mysql_query(struct flash_mysql *mysql, const struct flash_query *query,
                       struct flash_error *err)
{
    struct flash_value cell = {.type = FLASH_COLUMN_INT};
    bool of_generation = strstr(query->sql, "FROM generation") != NULL;
    int64_t rows = of_generation ? ledger.generation > 0 : ledger.sku_count;
    (void)mysql;
    for (int64_t i = 0; i < rows; i++) {
        cell.number = of_generation ? ledger.generation : 100 + i;
        assert_true(query->row(&cell, 1, query->arg));
        if (!of_generation && ledger.breaks && i == rows / 2) {
            return flash_error_set(err, FLASH_ERROR_RETRY, "lost, says the test");
        }
    }
    return true;
}

static int open_catalog(void **state)
{
    static struct flash_config config;
    struct flash_error err;
    (void)state;
    memset(&ledger, 0, sizeof(ledger));
    ledger.generation = 3;
    ledger.sku_count = 2;
    return flash_catalog_new(&config, &ledger.catalog, &err) ? 0 : -1;
}

static int close_catalog(void **state)
{
    (void)state;
    flash_catalog_free(ledger.catalog);
    return 0;
}

static void expect(int64_t generation, size_t count)
{
    struct flash_catalog_list list = {0};
    assert_true(flash_catalog_copy(ledger.catalog, &list));
    assert_int_equal(list.generation, generation);
    assert_int_equal(list.count, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(list.skus[i], 100 + (int64_t)i);
    }
    flash_catalog_list_finish(&list);
}

static void nothing_is_known_before_the_first_read(void **state)
{
    (void)state;
    expect(0, 0);
    assert_false(flash_catalog_ready(ledger.catalog));
}

static void a_read_takes_the_place_of_the_last(void **state)
{
    (void)state;
    flash_catalog_read(ledger.catalog);
    expect(3, 2);
    assert_true(flash_catalog_ready(ledger.catalog));
    ledger.generation = 4;
    ledger.sku_count = 1000;
    flash_catalog_read(ledger.catalog);
    expect(4, 1000);
    ledger.sku_count = 0;
    flash_catalog_read(ledger.catalog);
    expect(4, 0);
}

static void the_last_list_stays_while_the_ledger_is_away(void **state)
{
    (void)state;
    flash_catalog_read(ledger.catalog);
    ledger.away = true;
    flash_catalog_read(ledger.catalog);
    expect(3, 2);
    assert_false(flash_catalog_ready(ledger.catalog));
    ledger.away = false;
    ledger.breaks = true;
    ledger.sku_count = 50;
    flash_catalog_read(ledger.catalog);
    expect(3, 2);
    ledger.breaks = false;
    flash_catalog_read(ledger.catalog);
    expect(3, 50);
    assert_true(flash_catalog_ready(ledger.catalog));
}

static void a_ledger_without_generation_is_no_ledger(void **state)
{
    (void)state;
    ledger.generation = 0;
    flash_catalog_read(ledger.catalog);
    expect(0, 0);
    assert_false(flash_catalog_ready(ledger.catalog));
}

#define CATALOG(test) cmocka_unit_test_setup_teardown(test, open_catalog, close_catalog)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CATALOG(nothing_is_known_before_the_first_read),
        CATALOG(a_read_takes_the_place_of_the_last),
        CATALOG(the_last_list_stays_while_the_ledger_is_away),
        CATALOG(a_ledger_without_generation_is_no_ledger),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
