/* A pass asks each SKU until nothing more is due, passes over what is QUEUED, sends every entry,
 * and tells one SKU's trouble from Redis being away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../reconciler/expiry.h"
#include "../../reconciler/metrics.h"
#include "../../reconciler/publish.h"
#include "fake_kafka.h"
#include "fake_redis_sync.h"
#include "fakes.h"

static const int64_t skus[] = {11, 22, 33};

struct scene {
    struct flash_redis_sync *redis;
    struct flash_producer *producer;
    struct flash_catalog catalog;
    struct flash_duty duty, catalog_duty;
    struct flash_expiry *expiry;
    struct flash_expiry_done done;
};

static int open_scene(void **state)
{
    struct scene *scene = calloc(1, sizeof(*scene));
    struct flash_config *config = calloc(1, sizeof(*config));
    struct flash_error err;
    for (int i = 0; i < METRIC_RECONCILER_COUNT; i++) {
        flash_metric_set(&flash_reconciler_metrics[i], 0);
    }
    assert_true(flash_redis_sync_new(config, &scene->redis, &err));
    const struct flash_producer_hooks hooks = {.delivered = flash_publish_delivered};
    assert_true(flash_producer_new(config, &hooks, &scene->producer, &err));
    scene->catalog = (struct flash_catalog){skus, 1, 7};
    scene->duty.stop_after = -1;
    const struct flash_expiry_parts parts = {scene->redis, scene->producer, &scene->catalog,
                                             &scene->catalog_duty};
    assert_true(flash_expiry_new(&parts, 20000, &scene->expiry, &err));
    free(config);
    *state = scene;
    return 0;
}

static int close_scene(void **state)
{
    struct scene *scene = *state;
    assert_int_equal(fake_redis_sync_answers_left(scene->redis), 0);
    flash_expiry_free(scene->expiry);
    flash_producer_free(scene->producer);
    flash_redis_sync_free(scene->redis);
    free(scene);
    return 0;
}

/* The answer to one call: orders taken (with an entry if any), members passed over, whether more.
 */
static void answer(struct scene *scene, int orders, int passed, int more)
{
    const char *entry = orders > 0 ? "{entry}" : "";
    fake_redis_sync_reply(scene->redis, json_pack("[sssiiii]", "OK", entry, "1700000000000000", 1,
                                                  orders, passed, more));
}

static void pass(struct scene *scene)
{
    flash_expiry_pass(scene->expiry, &scene->duty, &scene->done);
}

static bool argument_is(struct scene *scene, int call, int n, const char *text)
{
    return fake_redis_sync_argument_is(scene->redis, call, n, text);
}

static int64_t metric(enum flash_reconciler_metric metric)
{
    return flash_metric_get(&flash_reconciler_metrics[metric]);
}

static void a_call_is_what_the_script_takes(void **state)
{
    struct scene *scene = *state;
    answer(scene, 0, 0, 0);
    pass(scene);
    const struct fake_redis_sync_call *call = fake_redis_sync_call(scene->redis, 0);
    assert_int_equal(call->script, FLASH_SCRIPT_EXPIRE);
    assert_int_equal(call->sku, 11);
    assert_int_equal(call->argc, 5);
    assert_true(argument_is(scene, 0, 0, "7"));
    assert_true(argument_is(scene, 0, 3, "256"));
    assert_true(argument_is(scene, 0, 4, "0"));
    struct flash_uuid uuid;
    char low[24];
    assert_true(flash_uuid_parse((struct flash_text){call->argv[1], call->argv_len[1]}, &uuid));
    snprintf(low, sizeof(low), "%llu", (unsigned long long)flash_uuid_low64(&uuid));
    assert_true(argument_is(scene, 0, 2, low));
}

static void a_pass_goes_on_until_nothing_is_due(void **state)
{
    struct scene *scene = *state;
    answer(scene, 256, 0, 1);
    answer(scene, 256, 0, 1);
    answer(scene, 3, 0, 0);
    pass(scene);
    assert_int_equal(scene->done.end, FLASH_EXPIRY_COMPLETE);
    assert_int_equal(scene->done.skus, 1);
    assert_int_equal(scene->done.expired, 515);
    assert_int_equal(scene->done.entries, 3);
    assert_int_equal(metric(METRIC_EXPIRED_ORDERS), 515);
    assert_int_equal(metric(METRIC_PASSES_WHOLE), 1);
    assert_int_equal(scene->duty.pauses, 2); /* between calls, not after the last */
}

static void every_entry_is_sent_as_it_came(void **state)
{
    struct scene *scene = *state;
    answer(scene, 2, 0, 0);
    pass(scene);
    assert_int_equal(fake_kafka_count(scene->producer), 1);
    const struct fake_kafka_message *message = fake_kafka_message(scene->producer, 0);
    const struct fake_redis_sync_call *call = fake_redis_sync_call(scene->redis, 0);
    assert_null(message->topic);
    assert_int_equal(message->key.len, 2);
    assert_memory_equal(message->key.at, "11", 2);
    assert_int_equal(message->value.len, 7);
    assert_memory_equal(message->value.at, "{entry}", 7);
    assert_string_equal(message->headers.id, call->argv[1]);
    assert_string_equal(message->headers.type, "flashgate.expire");
    assert_string_equal(message->headers.source, "flash-reconciler");
    assert_int_equal(message->partition, -1);
    fake_kafka_deliver_all(scene->producer, FLASH_DELIVERY_ACKED);
    flash_producer_poll(scene->producer, 10);
    assert_int_equal(metric(METRIC_ENTRIES_ACKED), 1);
}

static void a_refused_entry_is_counted(void **state)
{
    struct scene *scene = *state;
    fake_kafka_set_full(scene->producer, true);
    answer(scene, 2, 0, 0);
    pass(scene);
    assert_int_equal(scene->done.end, FLASH_EXPIRY_COMPLETE);
    assert_int_equal(scene->done.expired, 2);
    assert_int_equal(metric(METRIC_ENTRIES_NOT_SENT), 1);
    assert_int_equal(metric(METRIC_ERRORS_KAFKA), 1);
}

static void queued_entries_are_passed_over(void **state)
{
    struct scene *scene = *state;
    answer(scene, 10, 60, 1);
    answer(scene, 0, 64, 1);
    answer(scene, 5, 0, 0);
    pass(scene);
    assert_true(argument_is(scene, 1, 4, "60"));
    assert_true(argument_is(scene, 2, 4, "124"));
    assert_int_equal(scene->done.queued, 124);
    assert_int_equal(metric(METRIC_EXPIRY_QUEUED), 124);
}

static void what_did_not_fit_is_looked_at_again(void **state)
{
    struct scene *scene = *state;
    answer(scene, 256, 3, 1); /* two are QUEUED, of the third only some orders fitted */
    answer(scene, 40, 0, 0);
    pass(scene);
    assert_true(argument_is(scene, 1, 4, "2"));
    assert_int_equal(scene->done.queued, 2);
    assert_int_equal(scene->done.expired, 296);
}

static void skus_take_turns(void **state)
{
    struct scene *scene = *state;
    static const int64_t order[] = {11, 22, 33, 11, 33, 11};
    scene->catalog.count = 3;
    answer(scene, 256, 0, 1);
    answer(scene, 0, 0, 0);
    answer(scene, 256, 0, 1);
    answer(scene, 256, 0, 1);
    answer(scene, 0, 0, 0);
    answer(scene, 0, 0, 0);
    pass(scene);
    assert_int_equal(scene->done.skus, 3);
    assert_int_equal(fake_redis_sync_calls(scene->redis), 6);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(fake_redis_sync_call(scene->redis, i)->sku, order[i]);
    }
}

static void another_generation_is_asked_about(void **state)
{
    struct scene *scene = *state;
    scene->catalog.count = 2;
    fake_redis_sync_reply(scene->redis, json_pack("[ss]", "GENERATION", "8"));
    answer(scene, 1, 0, 0);
    pass(scene);
    assert_int_equal(scene->catalog_duty.asks, 1);
    assert_int_equal(scene->done.skipped, 1);
    assert_int_equal(scene->done.skipped_sku, 11);
    assert_int_equal(scene->done.expired, 1);
    assert_int_equal(metric(METRIC_SKUS_SKIPPED), 1);
    scene->catalog.generation = 8;
    answer(scene, 1, 0, 0);
    answer(scene, 0, 0, 0);
    pass(scene);
    assert_true(argument_is(scene, 2, 0, "8"));
    assert_int_equal(metric(METRIC_SKUS_SKIPPED), 0);
}

static void a_sku_that_is_refused_stops_no_other(void **state)
{
    struct scene *scene = *state;
    scene->catalog.count = 3;
    fake_redis_sync_refuse(scene->redis, "WRONGTYPE");
    fake_redis_sync_reply(scene->redis, json_pack("[ss]", "CORRUPT", "last"));
    answer(scene, 1, 0, 0);
    pass(scene);
    assert_int_equal(scene->done.end, FLASH_EXPIRY_COMPLETE);
    assert_int_equal(scene->done.skipped, 2);
    assert_int_equal(scene->done.expired, 1);
    assert_int_equal(metric(METRIC_ERRORS_REDIS), 2);
    assert_int_equal(scene->catalog_duty.asks, 0);
    assert_true(flash_expiry_redis_ready(scene->expiry));
}

static void behind_a_closed_gate_nothing_expires(void **state)
{
    struct scene *scene = *state;
    scene->catalog.count = 2;
    fake_redis_sync_reply(scene->redis, json_pack("[s]", "CLOSED"));
    answer(scene, 1, 0, 0);
    pass(scene);
    assert_int_equal(scene->done.end, FLASH_EXPIRY_COMPLETE);
    assert_int_equal(scene->done.skipped, 1);
    assert_int_equal(scene->done.expired, 1);
    assert_int_equal(metric(METRIC_ERRORS_REDIS), 0);
    assert_int_equal(scene->catalog_duty.asks, 0);
}

static void a_lost_answer_takes_nothing_for_granted(void **state)
{
    struct scene *scene = *state;
    scene->catalog.count = 2;
    fake_redis_sync_lose(scene->redis);
    answer(scene, 1, 0, 0);
    pass(scene);
    assert_int_equal(scene->done.expired, 1);
    assert_int_equal(scene->done.skipped, 1);
    assert_int_equal(fake_kafka_count(scene->producer), 1);
}

static void a_redis_that_is_away_is_asked_nothing(void **state)
{
    struct scene *scene = *state;
    fake_redis_sync_set_away(scene->redis, true);
    pass(scene);
    assert_int_equal(scene->done.end, FLASH_EXPIRY_NO_REDIS);
    assert_int_equal(fake_redis_sync_calls(scene->redis), 0);
    assert_false(flash_expiry_redis_ready(scene->expiry));
    assert_int_equal(metric(METRIC_PASSES_BROKEN_OFF), 1);
    fake_redis_sync_set_away(scene->redis, false);
    answer(scene, 0, 0, 0);
    pass(scene);
    assert_int_equal(scene->done.end, FLASH_EXPIRY_COMPLETE);
    assert_true(flash_expiry_redis_ready(scene->expiry));
}

static void nothing_is_taken_that_cannot_be_sent(void **state)
{
    struct scene *scene = *state;
    fake_kafka_set_ready(scene->producer, false);
    pass(scene);
    assert_int_equal(scene->done.end, FLASH_EXPIRY_NO_KAFKA);
    assert_int_equal(fake_redis_sync_calls(scene->redis), 0);
    assert_true(flash_expiry_redis_ready(scene->expiry));
}

static void nothing_is_known_before_the_ledger_was_read(void **state)
{
    struct scene *scene = *state;
    scene->catalog.generation = 0;
    pass(scene);
    assert_int_equal(scene->done.end, FLASH_EXPIRY_NO_LEDGER);
    assert_int_equal(fake_redis_sync_calls(scene->redis), 0);
}

static void a_stop_finishes_the_call_in_hand(void **state)
{
    struct scene *scene = *state;
    scene->duty.stop_after = 2;
    answer(scene, 256, 0, 1);
    answer(scene, 256, 0, 1);
    pass(scene);
    assert_int_equal(scene->done.end, FLASH_EXPIRY_STOPPED);
    assert_int_equal(scene->done.expired, 512);
    assert_int_equal(fake_kafka_count(scene->producer), 2);
}

static void the_lag_counts_from_the_last_complete_pass(void **state)
{
    struct scene *scene = *state;
    answer(scene, 0, 0, 0);
    pass(scene);
    flash_expiry_note_lag(scene->expiry);
    assert_in_range(metric(METRIC_EXPIRY_LAG), 0, 5000);
}

#define SCENE(test) cmocka_unit_test_setup_teardown(test, open_scene, close_scene)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(a_call_is_what_the_script_takes),
        SCENE(a_pass_goes_on_until_nothing_is_due),
        SCENE(every_entry_is_sent_as_it_came),
        SCENE(a_refused_entry_is_counted),
        SCENE(queued_entries_are_passed_over),
        SCENE(what_did_not_fit_is_looked_at_again),
        SCENE(skus_take_turns),
        SCENE(another_generation_is_asked_about),
        SCENE(a_sku_that_is_refused_stops_no_other),
        SCENE(behind_a_closed_gate_nothing_expires),
        SCENE(a_lost_answer_takes_nothing_for_granted),
        SCENE(a_redis_that_is_away_is_asked_nothing),
        SCENE(nothing_is_taken_that_cannot_be_sent),
        SCENE(nothing_is_known_before_the_ledger_was_read),
        SCENE(a_stop_finishes_the_call_in_hand),
        SCENE(the_lag_counts_from_the_last_complete_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
