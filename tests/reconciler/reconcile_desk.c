/* Redis, Kafka and the ledger of a pass; see reconcile_desk.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../reconciler/publish.h"
#include "reconcile_desk.h"

#define ENTRY                                                                                      \
    "{\"v\":1,\"id\":\"" ID                                                                        \
    "\",\"type\":\"%s\",\"sku\":\"7\",\"generation\":1,\"stream\":\"" STREAM                       \
    "\",\"due\":%s,\"lines\":[[\"r1\",\"u1\",2%s]]}"
#define PASSES 100000 /* until a millisecond has passed */

int open_desk(void **state)
{
    static const struct flash_producer_hooks hooks = {.delivered = flash_publish_delivered};
    struct desk *desk = calloc(1, sizeof(*desk));
    struct flash_error err;
    assert_non_null(desk);
    fake_ledger_reset();
    desk->config.reconciler.settle_after_ms = 1;
    desk->config.reconciler.proof_after_ms = 1;
    desk->config.reconciler.compensate_after_ms = 60000;
    desk->config.reconciler.stuck_after_ms = 3600000;
    desk->config.reconciler.guard_percent = 1;
    desk->config.reconciler.guard_floor = 20;
    desk->config.reconciler.guard_entries = 1000;
    desk->config.reconciler.lease = FLASH_SWITCH_ON;
    assert_true(flash_producer_new(&desk->config, &hooks, &desk->producer, &err));
    assert_true(flash_reconcile_new(&desk->config, desk->producer, &desk->reconcile, &err));
    desk->redis = fake_redis_sync_last();
    snprintf(desk->entry, sizeof(desk->entry), ENTRY, "reserve", "1763719800", "");
    assert_true(flash_uuid_parse((struct flash_text){ID, strlen(ID)}, &desk->id));
    *state = desk;
    return 0;
}

int close_desk(void **state)
{
    struct desk *desk = *state;
    assert_int_equal(fake_redis_sync_answers_left(desk->redis), 0);
    flash_reconcile_free(desk->reconcile);
    flash_producer_free(desk->producer);
    free(desk);
    return 0;
}

void make_transition(struct desk *desk, const char *type)
{
    snprintf(desk->entry, sizeof(desk->entry), ENTRY, type, "0", ",1");
}

static void found(const struct flash_finding *finding, void *arg)
{
    ((struct desk *)arg)->last = *finding;
}

void pass_at(struct desk *desk, enum flash_reconcile_depth depth)
{
    const struct flash_reconcile_options options = {.depth = depth, .found = found, .arg = desk};
    flash_reconcile_pass(desk->reconcile, &options, &desk->done);
}

void journal_has_it(struct desk *desk)
{
    fake_redis_sync_reply(desk->redis,
                          json_pack("[s,s,s,i,s,s]", "OK", NOW, "1", 0, STREAM, desk->entry));
}

void pass(struct desk *desk)
{
    journal_has_it(desk);
    pass_at(desk, FLASH_RECONCILE_ACT);
}

void pass_with_settle(struct desk *desk)
{
    journal_has_it(desk);
    fake_redis_sync_reply(desk->redis, json_pack("[s,i]", "OK", 0));
    pass_at(desk, FLASH_RECONCILE_ACT);
}

void pass_until_sent(struct desk *desk, int messages)
{
    for (int i = 0; i < PASSES && fake_kafka_count(desk->producer) < messages; i++) {
        pass(desk);
    }
    assert_int_equal(fake_kafka_count(desk->producer), messages);
}

void marker_is_met(struct desk *desk, int index)
{
    const struct fake_kafka_message *message = fake_kafka_message(desk->producer, index);
    assert_string_equal(message->headers.type, "flashgate.marker");
    assert_memory_equal(message->key.at, "7", 1);
    assert_true(flash_uuid_parse((struct flash_text){message->headers.id, FLASH_UUID_TEXT},
                                 &fake_ledger.markers[fake_ledger.marker_count++]));
}

void lose_twice(struct desk *desk)
{
    pass_until_sent(desk, 1);
    marker_is_met(desk, 0);
    pass_until_sent(desk, 2);
    pass_until_sent(desk, 3);
    marker_is_met(desk, 2);
}

void assert_settle(struct desk *desk, const char *expected)
{
    char all[512] = "";
    size_t used = 0;
    const struct fake_redis_sync_call *call =
        fake_redis_sync_call(desk->redis, fake_redis_sync_calls(desk->redis) - 1);
    assert_int_equal(call->script, FLASH_SCRIPT_SETTLE);
    for (int i = 0; i < call->argc; i++) {
        used +=
            (size_t)snprintf(all + used, sizeof(all) - used, "%s%s", i ? " " : "", call->argv[i]);
    }
    assert_string_equal(all, expected);
}

bool nothing_settled(struct desk *desk)
{
    for (int i = 0; i < fake_redis_sync_calls(desk->redis); i++) {
        if (fake_redis_sync_call(desk->redis, i)->script != FLASH_SCRIPT_JOURNAL) {
            return false;
        }
    }
    return true;
}
