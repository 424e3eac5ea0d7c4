/* The last stage of a recovery: every gate is opened as soon as it may be (DESIGN §5.1 rule 16).
 *
 *     engines have nothing old unsent, or open_after is over ─▶ markers ─▶ applied and acked ─▶
 * open
 *
 * Without the consumer, or without Kafka, that moment does not come, and the gates stay closed. */
#include <string.h>

#include "flash/time.h"
#include "recover_internal.h"

#define LOOK_MS 50            /* between looks at the consumer's progress */
#define SEND_AGAIN_US 2000000 /* entries that stay are sent again no sooner */

static bool waits(const struct flash_sight_sku *sku)
{
    return sku->need != FLASH_NEED_NOTHING && !sku->broken && !sku->opened;
}

static bool send_again(struct flash_recover *recover, struct flash_sight_sku *sku)
{
    const struct flash_replay_again again = {recover->redis, sku->sku};
    int64_t sent = 0;
    bool ok = flash_replay_send_again(&recover->replay, &again, &sent, &recover->done->err);
    recover->done->resent += sent;
    sku->resent += sent;
    return ok || flash_recover_end(recover, FLASH_RECOVER_NO_KAFKA);
}

/* Opens what can be opened; entries that keep a gate closed are sent again. */
static bool open_gates(struct flash_recover *recover)
{
    uint64_t now_us = flash_time_monotonic_us();
    bool again = now_us >= recover->again_us;
    for (size_t i = 0; i < recover->sight.count; i++) {
        struct flash_sight_sku *sku = &recover->sight.skus[i];
        const struct flash_recover_key key = {sku->sku, recover->sight.generation,
                                              recover->sight.run_id};
        if (!waits(sku)) {
            continue;
        }
        if (!flash_recover_open(recover->redis, &key, &sku->gate, &recover->done->err)) {
            return flash_recover_end(recover, FLASH_RECOVER_NO_REDIS);
        }
        if (sku->gate == FLASH_RECOVER_GATE_GONE) {
            return flash_recover_end(recover, FLASH_RECOVER_OVERTAKEN);
        }
        sku->opened = sku->gate == FLASH_RECOVER_OPENED;
        recover->done->opened += sku->opened;
        if (sku->gate == FLASH_RECOVER_OLD_ENTRY && again && !send_again(recover, sku)) {
            return false;
        }
    }
    recover->again_us = again ? now_us + SEND_AGAIN_US : recover->again_us;
    return true;
}

static bool same_redis(struct flash_recover *recover)
{
    return (flash_redis_sync_ping(recover->redis, &recover->done->err) &&
            strcmp(flash_redis_sync_run_id(recover->redis), recover->sight.run_id) == 0) ||
           flash_recover_end(recover, FLASH_RECOVER_OVERTAKEN);
}

static bool over(const struct flash_recover *recover, uint64_t since_us)
{
    uint64_t window_us = (uint64_t)recover->config->reconciler.open_after_ms * 1000;
    return flash_time_monotonic_us() - since_us >= window_us;
}

/* Sends the markers once no engine can send anything old. Messages may be lost: a window later they
 * are sent anew, and where the ledger knew of no partition yet, at once. */
static bool send_markers(struct flash_recover *recover)
{
    const struct flash_muster_desk desk = {recover->redis, recover->mysql};
    bool dropped = recover->dropped || over(recover, recover->closed_us);
    if (!dropped && !flash_muster_ask(&recover->muster, &desk, &dropped, &recover->done->err)) {
        return flash_recover_end(recover, FLASH_RECOVER_NO_REDIS);
    }
    recover->dropped = dropped;
    bool lost = recover->marked_us == 0 || recover->replay.sent.count == 0 ||
                over(recover, recover->marked_us);
    if (!dropped || !lost) {
        return true;
    }
    recover->marked_us = flash_time_monotonic_us();
    return flash_replay_send_markers(&recover->replay, &recover->done->err) ||
           flash_recover_end(recover, FLASH_RECOVER_NO_KAFKA);
}

static bool look(struct flash_recover *recover, bool *proven)
{
    return *proven || recover->marked_us == 0 ||
           flash_replay_look(&recover->replay, proven, &recover->done->err) ||
           flash_recover_end(recover, FLASH_RECOVER_NO_LEDGER);
}

bool flash_recover_await(struct flash_recover *recover)
{
    int64_t total = 0;
    bool proven = false;
    for (size_t i = 0; i < recover->sight.count; i++) {
        total += waits(&recover->sight.skus[i]);
    }
    recover->again_us = recover->marked_us = 0;
    recover->dropped = false;
    while (recover->done->opened < total) {
        if (!flash_recover_keep_lease(recover) || !same_redis(recover) ||
            (!proven && !send_markers(recover)) || !look(recover, &proven) ||
            (proven && !open_gates(recover))) {
            return false;
        }
        if (!flash_recover_tell(recover, recover->done->opened, total) ||
            (recover->done->opened < total &&
             !recover->options->pause(LOOK_MS, recover->options->arg))) {
            return flash_recover_end(recover, FLASH_RECOVER_STOPPED);
        }
    }
    return true;
}
