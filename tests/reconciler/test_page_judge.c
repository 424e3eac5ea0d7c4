/* The verdicts of a page: every entry gets what the ledger has of it, whether by a walk along the
 * key or by a list of keys. The ledger is a sorted array of the test's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../reconciler/page.h"

#define ROWS_MAX 8192

static struct {
    struct flash_uuid ids[ROWS_MAX];
    int count;
    int walks, lists, keys; /* that were asked */
    bool away;
} ledger;

static struct flash_uuid id_of(uint32_t number)
{
    struct flash_uuid id = {{0}};
    for (int i = 0; i < 4; i++) {
        id.bytes[i] = (uint8_t)(number >> (24 - 8 * i));
    }
    return id;
}

/* Every third is not clean, every fifth FENCED. */
static void hand_out(int i, flash_mysql_row row, void *arg)
{
    uint32_t number = (uint32_t)ledger.ids[i].bytes[2] << 8 | ledger.ids[i].bytes[3];
    const struct flash_value cells[] = {
        {.type = FLASH_COLUMN_BYTES, .bytes = {(const char *)ledger.ids[i].bytes, 16}},
        {.type = FLASH_COLUMN_INT, .number = number % 5 == 0 ? 2 : 1},
        {.type = FLASH_COLUMN_INT, .number = number % 5 && number % 3},
    };
    assert_true(row(cells, 3, arg));
}

static bool away(struct flash_error *err)
{
    return ledger.away && !flash_error_set(err, FLASH_ERROR_RETRY, "away, says the test");
}

bool flash_mysql_query(struct flash_mysql *mysql, const struct flash_query *query,
                       struct flash_error *err)
{
    (void)mysql;
    ledger.walks++;
    for (int i = 0, rows = 0; i < ledger.count && rows < 2000; i++) {
        if (memcmp(ledger.ids[i].bytes, query->params[0].bytes.at, 16) >= 0 &&
            memcmp(ledger.ids[i].bytes, query->params[1].bytes.at, 16) <= 0) {
            hand_out(i, query->row, query->arg);
            rows++;
        }
    }
    return !away(err);
}

bool flash_mysql_query_in(struct flash_mysql *mysql, const struct flash_query_in *query,
                          struct flash_error *err)
{
    (void)mysql;
    ledger.lists += query->key_count > 0;
    ledger.keys += query->key_count;
    for (int n = 0; n < query->key_count; n++) {
        for (int i = 0; i < ledger.count; i++) {
            if (memcmp(ledger.ids[i].bytes, query->keys[n].bytes.at, 16) == 0) {
                hand_out(i, query->row, query->arg);
            }
        }
    }
    return !away(err);
}

/* A page of entries first, first + every, …; the ledger has all numbers below rows but the
 * sevenths. */
static struct flash_page *page_of(int count, uint32_t every, int rows)
{
    struct flash_page *page = calloc(1, sizeof(*page));
    assert_non_null(page);
    memset(&ledger, 0, sizeof(ledger));
    for (int i = 0; i < rows; i++) {
        if (i % 7) {
            ledger.ids[ledger.count++] = id_of((uint32_t)i);
        }
    }
    for (int i = 0; i < count; i++) { /* not in the order of their ids */
        page->entries[i].readable = true;
        page->entries[i].id = id_of((uint32_t)(count - 1 - i) * every);
    }
    page->count = count;
    return page;
}

static void check(const struct flash_page *page, int rows)
{
    for (int i = 0; i < page->count; i++) {
        const struct flash_page_entry *entry = &page->entries[i];
        int number = entry->id.bytes[2] << 8 | entry->id.bytes[3];
        enum flash_page_verdict verdict = number % 7 == 0 || number >= rows ? FLASH_PAGE_NONE
                                          : number % 5 == 0                 ? FLASH_PAGE_FENCED
                                                                            : FLASH_PAGE_APPLIED;
        if (!entry->readable) {
            assert_int_equal(entry->verdict, FLASH_PAGE_NONE);
            continue;
        }
        assert_int_equal(entry->verdict, verdict);
        assert_int_equal(entry->clean, verdict == FLASH_PAGE_APPLIED && number % 5 && number % 3);
    }
}

static void judge(struct flash_page *page)
{
    struct flash_error err;
    assert_true(flash_page_judge(page, NULL, &err));
}

static void side_by_side_one_walk_does(void **state)
{
    (void)state;
    struct flash_page *page = page_of(1000, 1, 900);
    page->entries[17].readable = false;
    page->entries[40].id = page->entries[41].id; /* twice in the journal */
    judge(page);
    check(page, 900);
    assert_int_equal(ledger.walks, 1);
    assert_int_equal(ledger.keys, 0);
    free(page);
}

static void what_the_walk_does_not_reach_is_asked_by_key(void **state)
{
    (void)state;
    struct flash_page *page = page_of(1000, 4, 8000);
    page->entries[999].id = page->entries[998].id;
    judge(page);
    check(page, 8000);
    assert_int_equal(ledger.walks, 1);
    assert_in_range(ledger.keys, 350, 450); /* 2000 rows are the first 2333 numbers */
    free(page);
}

static void a_walk_in_vain_is_not_repeated_at_once(void **state)
{
    (void)state;
    struct flash_page *page = page_of(100, 80, 8000);
    for (int turn = 0; turn < 33; turn++) {
        for (int i = 0; i < page->count; i++) {
            page->entries[i].verdict = FLASH_PAGE_NONE;
            page->entries[i].clean = false;
        }
        judge(page);
        check(page, 8000);
        assert_int_equal(ledger.walks, 1);
    }
    judge(page);
    assert_int_equal(ledger.walks, 2);
    free(page);
}

static void few_are_asked_by_key(void **state)
{
    (void)state;
    struct flash_page *page = page_of(10, 1, 900);
    judge(page);
    check(page, 900);
    assert_int_equal(ledger.walks, 0);
    assert_int_equal(ledger.keys, 10);
    free(page);
}

static void an_error_is_no_answer(void **state)
{
    (void)state;
    struct flash_error err = {0};
    struct flash_page *page = page_of(1000, 1, 900);
    ledger.away = true;
    assert_false(flash_page_judge(page, NULL, &err));
    assert_int_equal(err.kind, FLASH_ERROR_RETRY);
    free(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(side_by_side_one_walk_does),
        cmocka_unit_test(what_the_walk_does_not_reach_is_asked_by_key),
        cmocka_unit_test(a_walk_in_vain_is_not_repeated_at_once),
        cmocka_unit_test(few_are_asked_by_key),
        cmocka_unit_test(an_error_is_no_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
