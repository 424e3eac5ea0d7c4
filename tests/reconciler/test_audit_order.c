/* One order in Redis and in the ledger: each pair of record and row, and the word for how they
 * differ; what explains a difference; the list and the map the sweep keeps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../reconciler/audit_order.h"
#include "../../reconciler/audit_set.h"

#define SAME FLASH_CAUSE_COUNT

static struct flash_text text_of(const char *text)
{
    return (struct flash_text){text, strlen(text)};
}

static struct flash_audit_order order_of(const char *record, enum flash_state state, int version)
{
    struct flash_audit_order order;
    assert_true(flash_audit_order_name(&order, 42, text_of("ref")));
    flash_audit_order_record(&order, text_of(record), false);
    order.state = state;
    order.version = version;
    order.quantity = 3;
    snprintf(order.user, sizeof(order.user), "u");
    snprintf(order.payment, sizeof(order.payment), "%s", state == FLASH_STATE_PAID ? "p" : "");
    return order;
}

static void test_each_pair_has_its_word(void **state)
{
    static const struct {
        const char *record;
        enum flash_state state;
        int version;
        enum flash_cause cause;
        int64_t quantity;
    } rows[] = {
        {"A1:3:5:9:u", FLASH_STATE_CREATED, 1, SAME, 0},
        {"C1:3:5:9:u", FLASH_STATE_CREATED, 1, SAME, 0},
        {"P2:3:5:9:u\"p", FLASH_STATE_PAID, 2, SAME, 0},
        {"P3:3:5:9:u\"p\"late", FLASH_STATE_PAID, 3, SAME, 0},
        {"X2:3:5:9:u", FLASH_STATE_CANCELLED, 2, SAME, 0},
        {"X3:3:5:9:u\"\"late", FLASH_STATE_CANCELLED, 3, SAME, 0},
        {"D2:3:5:9:u", FLASH_STATE_EXPIRED, 2, SAME, 0},
        {"L1:3:5:0:u", FLASH_STATE_FAILED_LOST, 1, SAME, 0},
        {"S1:3:5:0:u", FLASH_STATE_FAILED_SHORTAGE, 1, SAME, 0},
        {"", FLASH_STATE_NONE, 0, SAME, 0},
        {"", FLASH_STATE_CREATED, 1, FLASH_CAUSE_FORGOTTEN, -3},
        {"", FLASH_STATE_CANCELLED, 2, FLASH_CAUSE_FORGOTTEN, 0},
        {"A1:3:5:9:u", FLASH_STATE_PAID, 2, FLASH_CAUSE_FORGOTTEN, 0},
        {"C1:3:5:9:u", FLASH_STATE_CANCELLED, 2, FLASH_CAUSE_FORGOTTEN, 3},
        {"A1:3:5:9:u", FLASH_STATE_FAILED_SHORTAGE, 1, FLASH_CAUSE_FORGOTTEN, 3},
        {"K2:3:5:9:u", FLASH_STATE_CANCELLED, 2, FLASH_CAUSE_FORGOTTEN, 3},
        {"K2:3:5:9:u", FLASH_STATE_CREATED, 1, FLASH_CAUSE_STUCK, 0},
        {"E2:3:5:9:u", FLASH_STATE_CREATED, 1, FLASH_CAUSE_STUCK, 0},
        {"R3:3:5:9:u\"p", FLASH_STATE_PAID, 2, FLASH_CAUSE_STUCK, 0},
        {"A1:3:5:9:u", FLASH_STATE_NONE, 0, FLASH_CAUSE_PHANTOM, 3},
        {"X2:3:5:9:u", FLASH_STATE_NONE, 0, FLASH_CAUSE_PHANTOM, 0},
        {"P2:3:5:9:u\"p", FLASH_STATE_CREATED, 1, FLASH_CAUSE_PHANTOM, 0},
        {"X2:3:5:9:u", FLASH_STATE_CREATED, 1, FLASH_CAUSE_PHANTOM, -3},
        {"A1:4:5:9:u", FLASH_STATE_CREATED, 1, FLASH_CAUSE_PHANTOM, 1},
        {"A1:3:5:9:v", FLASH_STATE_CREATED, 1, FLASH_CAUSE_PHANTOM, 0},
        {"P2:3:5:9:u\"q", FLASH_STATE_PAID, 2, FLASH_CAUSE_PHANTOM, 0},
        {"nonsense", FLASH_STATE_CREATED, 1, FLASH_CAUSE_PHANTOM, -3},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct flash_audit_list list = {0};
        struct flash_audit_order order = order_of(rows[i].record, rows[i].state, rows[i].version);
        print_message("%s against %s %d\n", rows[i].record, flash_state_name(rows[i].state),
                      rows[i].version);
        flash_audit_order_judge(&order, 42, &list);
        assert_int_equal(list.count, rows[i].cause != SAME);
        if (list.count) {
            assert_string_equal(flash_cause_name(list.at[0].cause),
                                flash_cause_name(rows[i].cause));
            assert_int_equal(list.at[0].quantity, rows[i].quantity);
            assert_string_equal(list.at[0].order_id, "42.ref");
        }
        flash_audit_list_finish(&list);
    }
}

static void test_what_is_under_way_explains_it(void **state)
{
    struct flash_audit_order order = order_of("P2:3:5:9:u\"p", FLASH_STATE_CREATED, 1);
    (void)state;
    assert_true(flash_audit_order_differs(&order));
    order.open = true;
    assert_false(flash_audit_order_differs(&order));
    order.open = false;
    order.parked = true;
    assert_false(flash_audit_order_differs(&order));
    order.parked = false;
    order.changed = true;
    assert_false(flash_audit_order_differs(&order));
}

static void test_names_that_are_too_long(void **state)
{
    struct flash_audit_order order;
    char ref[FLASH_REF_MAX + 1], record[2 * FLASH_AUDIT_RECORD_MAX];
    (void)state;
    memset(ref, 'r', sizeof(ref));
    memset(record, 'P', sizeof(record));
    assert_true(flash_audit_order_name(&order, INT64_MAX, (struct flash_text){ref, FLASH_REF_MAX}));
    assert_int_equal(strlen(order.id), FLASH_ORDER_ID_MAX);
    assert_false(flash_audit_order_name(&order, 1, (struct flash_text){ref, FLASH_REF_MAX + 1}));
    flash_audit_order_record(&order, (struct flash_text){record, sizeof(record)}, false);
    assert_int_equal(strlen(order.record), FLASH_AUDIT_RECORD_MAX);
}

/* ---- the list ---- */

static void test_two_looks_keep_what_both_have(void **state)
{
    struct flash_audit_list first = {0}, second = {0};
    const struct flash_finding up = {.cause = FLASH_CAUSE_DRIFT_UP, .sku = 1, .quantity = 2};
    struct flash_finding other = up;
    (void)state;
    other.quantity = 3;
    flash_audit_list_add(&first, &up, "seen %d", 1);
    flash_audit_list_add(&first, &other, "seen");
    snprintf(other.order_id, sizeof(other.order_id), "1.a");
    flash_audit_list_add(&first, &other, "seen");
    flash_audit_list_add(&second, &up, "seen again");
    flash_audit_list_add(&second, &other, "seen again");
    flash_audit_list_keep(&first, &second);
    assert_int_equal(first.count, 2);
    assert_string_equal(first.at[0].detail, "seen 1");
    assert_string_equal(first.at[1].order_id, "1.a");
    assert_true(flash_audit_list_has(&first, 1));
    assert_false(flash_audit_list_has(&first, 2));
    flash_audit_list_finish(&first);
    flash_audit_list_finish(&second);
}

static void test_the_list_has_an_end(void **state)
{
    struct flash_audit_list list = {0};
    const struct flash_finding finding = {.cause = FLASH_CAUSE_LOG, .sku = 1};
    (void)state;
    for (int i = 0; i <= FLASH_AUDIT_LIST_MAX; i++) {
        assert_false(list.cut);
        flash_audit_list_add(&list, &finding, "again");
    }
    assert_true(list.cut);
    assert_int_equal(list.count, FLASH_AUDIT_LIST_MAX);
    flash_audit_list_finish(&list);
}

/* ---- the map ---- */

static void test_the_map_keeps_its_numbers(void **state)
{
    struct flash_audit_set set = {0};
    size_t at = 0, seen = 0;
    uint64_t key;
    int64_t number, sum = 0;
    bool made;
    (void)state;
    assert_null(flash_audit_set_find(&set, 5));
    assert_false(flash_audit_set_any(&set));
    for (int i = 1; i <= 50000; i++) {
        char name[16];
        snprintf(name, sizeof(name), "user-%d", i % 25000);
        int64_t *of = flash_audit_set_get(&set, flash_audit_hash(text_of(name)), &made);
        assert_non_null(of);
        assert_int_equal(made, i <= 25000);
        *of += i;
    }
    assert_int_equal(set.count, 25000);
    assert_false(set.full);
    assert_int_equal(*flash_audit_set_find(&set, flash_audit_hash(text_of("user-7"))), 7 + 25007);
    while (flash_audit_set_next(&set, &at, &key, &number)) {
        seen++;
        sum += number;
    }
    assert_int_equal(seen, 25000);
    assert_int_equal(sum, 50000LL * 50001 / 2);
    assert_true(flash_audit_set_any(&set));
    flash_audit_set_finish(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_pair_has_its_word),
        cmocka_unit_test(test_what_is_under_way_explains_it),
        cmocka_unit_test(test_names_that_are_too_long),
        cmocka_unit_test(test_two_looks_keep_what_both_have),
        cmocka_unit_test(test_the_list_has_an_end),
        cmocka_unit_test(test_the_map_keeps_its_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
