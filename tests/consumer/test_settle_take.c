/* How Redis is told of takes: an applied one by its id alone, one that came to nothing with what is
 * to come back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../consumer/settle.h"
#include "fake_redis_sync.h"
#include "letter.h"

#define AIM 16

struct desk {
    struct flash_batch batch;
    struct flash_settler *settler;
    struct flash_redis_sync *redis;
};

static int open_desk(void **state)
{
    static struct flash_config config;
    struct flash_error err;
    struct desk *desk = calloc(1, sizeof(*desk));
    assert_non_null(desk);
    assert_true(flash_batch_init(&desk->batch, AIM));
    assert_true(flash_settler_new(&config, AIM, &desk->settler, &err));
    desk->redis = fake_redis_sync_last();
    flash_settle_under(desk->settler, LETTER_GENERATION);
    *state = desk;
    return 0;
}

static int close_desk(void **state)
{
    struct desk *desk = *state;
    assert_int_equal(fake_redis_sync_answers_left(desk->redis), 0);
    flash_settler_free(desk->settler);
    flash_batch_finish(&desk->batch);
    free(desk);
    return 0;
}

static struct flash_batch_entry *add(struct desk *desk, int id, int64_t generation)
{
    struct flash_message message =
        letter_write(&(struct letter){.type = FLASH_ENTRY_TAKE,
                                      .id = id,
                                      .sku = 42,
                                      .lines = "broken-1:ops:2000000:rain",
                                      .generation = generation});
    flash_batch_add(&desk->batch, &message);
    struct flash_batch_entry *entry = &desk->batch.entries[desk->batch.message_count - 1];
    assert_int_equal(entry->fate, FLASH_FATE_APPLY);
    return entry;
}

static void settle(struct desk *desk)
{
    struct flash_settle_counts counts;
    struct flash_error err;
    assert_true(flash_settle(desk->settler, &desk->batch, &counts, &err));
    assert_int_equal(counts.learnt, 0);
}

static void answer_ok(struct desk *desk)
{
    fake_redis_sync_reply(desk->redis, json_pack("[s,i]", "OK", 0));
}

/* Argument n of call i. */
static void expect(struct desk *desk, int i, int n, const char *text)
{
    if (!fake_redis_sync_argument_is(desk->redis, i, n, text)) {
        fail_msg("argument %d of call %d is not %s", n, i, text);
    }
}

static void an_applied_one_is_dropped_by_its_id(void **state)
{
    struct desk *desk = *state;
    add(desk, 1, 0)->clean = true;
    answer_ok(desk);
    settle(desk);
    assert_int_equal(fake_redis_sync_calls(desk->redis), 1);
    expect(desk, 0, 1, "1");
    expect(desk, 0, 2, letter_stream_id(1));
}

static void one_of_another_generation_is_adopted_without_lines(void **state)
{
    struct desk *desk = *state;
    add(desk, 1, LETTER_GENERATION - 1)->clean = true;
    answer_ok(desk);
    answer_ok(desk);
    settle(desk);
    assert_int_equal(fake_redis_sync_call(desk->redis, 1)->argc, 4);
    expect(desk, 1, 1, "0");
    expect(desk, 1, 2, letter_stream_id(1));
    expect(desk, 1, 3, "0");
}

static void a_refused_one_gives_back(void **state)
{
    struct desk *desk = *state;
    add(desk, 1, 0);
    answer_ok(desk);
    answer_ok(desk);
    settle(desk);
    expect(desk, 1, 2, letter_stream_id(1));
    expect(desk, 1, 3, "1");
    expect(desk, 1, 4, "broken-1");
    expect(desk, 1, 5, "G");
}

static void a_fenced_one_gives_back(void **state)
{
    struct desk *desk = *state;
    struct flash_batch_entry *entry = add(desk, 1, 0);
    entry->fate = FLASH_FATE_DUPLICATE;
    entry->fenced = true;
    answer_ok(desk);
    answer_ok(desk);
    settle(desk);
    expect(desk, 1, 4, "broken-1");
    expect(desk, 1, 5, "G");
}

#define ON_A_DESK(test) cmocka_unit_test_setup_teardown(test, open_desk, close_desk)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_DESK(an_applied_one_is_dropped_by_its_id),
        ON_A_DESK(one_of_another_generation_is_adopted_without_lines),
        ON_A_DESK(a_refused_one_gives_back),
        ON_A_DESK(a_fenced_one_gives_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
