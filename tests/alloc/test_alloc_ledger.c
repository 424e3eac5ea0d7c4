/* The consumer's own ledger code, each of whose allocations fails once: it starts whole or says why
 * not, and from then on a batch of every kind of entry, looked up and judged, asks for no memory.
 * What the adapter and the client's library below it do without memory: test_alloc_live. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../consumer/ledger.h"
#include "failing.h"
#include "fake_mysql.h"
#include "flash/mysql_value.h"
#include "letter.h"

#define AIM 64
#define SKU 42
#define STEPS_MAX 1000

static struct flash_config config;

static bool start_once(size_t n)
{
    struct flash_ledger *ledger = NULL;
    struct flash_batch batch;
    struct flash_plan plan;
    struct flash_error err = {0};
    failing_arm(n);
    bool started = flash_ledger_new(&config, &ledger, &err);
    bool room = flash_batch_init(&batch, AIM);
    bool planned = flash_plan_init(&plan, AIM, AIM + FLASH_BATCH_LINES);
    bool failed = failing_disarm();
    assert_int_equal(failed, !(started && room && planned));
    assert_true(started || err.text[0]);
    flash_plan_finish(&plan);
    flash_batch_finish(&batch);
    flash_ledger_free(ledger);
    return failed;
}

static void a_ledger_starts_whole_or_says_why_not(void **state)
{
    size_t n = 1;
    (void)state;
    while (start_once(n)) {
        n++;
        assert_true(n < STEPS_MAX);
    }
    assert_true(n > 10);
    print_message("%zu allocations of a start failed\n", n - 1);
}

/* Every SKU has 100 units, every order that is looked for is there. */
static void rows(const char *table, const struct flash_query_in *query)
{
    for (int i = 0; i < query->key_count; i++) {
        struct flash_value stock[] = {query->keys[i], flash_value_int(100), flash_value_int(1)};
        struct flash_value order[] = {
            query->keys[i],          flash_value_int(1),  flash_value_int(1),  flash_value_int(3),
            flash_value_text("u-9"), flash_value_int(77), flash_value_text("")};
        if (strcmp(table, "stock") == 0) {
            query->row(stock, 3, query->arg);
        } else if (strcmp(table, "reservation") == 0) {
            query->row(order, 7, query->arg);
        }
    }
}

static void add(struct flash_batch *batch, enum flash_entry_type type, int id, const char *lines)
{
    struct flash_message message =
        letter_write(&(struct letter){type, id, SKU, lines, .offset = id});
    flash_batch_add(batch, &message);
}

static void add_all_kinds(struct flash_batch *batch)
{
    struct flash_message garbage = letter_text("garbage", 0, 0);
    flash_batch_add(batch, &garbage);
    add(batch, FLASH_ENTRY_RESERVE, 1, "a:u:1 b:u:2");
    add(batch, FLASH_ENTRY_PAY, 2, "c:u:3:1:p d:u:3:1:late e:u:3:5:p");
    add(batch, FLASH_ENTRY_TAKE, 3, "broken-1:ops:30:rain");
    add(batch, FLASH_ENTRY_MARKER, 4, NULL);
    add(batch, FLASH_ENTRY_RESERVE, 1, "a:u:1 b:u:2");
}

static void a_batch_needs_no_memory(void **state)
{
    struct flash_ledger *ledger = NULL;
    struct flash_batch batch;
    struct flash_plan plan;
    struct flash_progress_table progress = {.partitions[0].assigned = true};
    struct flash_error err = {0};
    (void)state;
    fake_mysql_reset();
    fake_mysql_set_rows(rows);
    assert_true(flash_ledger_new(&config, &ledger, &err));
    assert_true(flash_batch_init(&batch, AIM) &&
                flash_plan_init(&plan, AIM, AIM + FLASH_BATCH_LINES));
    add_all_kinds(&batch);
    struct flash_ledger_work work = {&batch, &plan, &progress, .careful = true, .now_ms = 1};
    failing_arm(1);
    flash_progress_collect(&progress, &batch);
    assert_int_equal(flash_ledger_write(ledger, &work, &err), FLASH_LEDGER_COMMITTED);
    assert_false(failing_disarm());
    assert_int_equal(batch.entries[5].fate, FLASH_FATE_REPEATED);
    flash_ledger_free(ledger);
    flash_plan_finish(&plan);
    flash_batch_finish(&batch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ledger_starts_whole_or_says_why_not),
        cmocka_unit_test(a_batch_needs_no_memory),
    };
    config.consumer.batch_lines = AIM;
    failing_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
