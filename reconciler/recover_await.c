/* The last stage of a recovery: every gate is opened as soon as it may be (DESIGN §5.1 rule 16).
 *
 *     engines have nothing old unsent, or open_after is over ─▶ markers ─▶ applied and acked ─▶
 * inflows that Redis lacks (recover_inflow.c) ─▶ open
 *
 * Without the consumer, or without Kafka, that moment does not come, and the gates stay closed.
 *
 * A SKU that Redis refuses to settle holds its partition's acks back, for ever. But once the
 * markers are applied, all that was before them is in the ledger, and a sweep tells Redis of it as
 * well as the consumer could; what it leaves in a journal of an older generation keeps that gate
 * closed, and is sent again. */
#include <string.h>

#include "flash/time.h"
#include "recover_internal.h"

#define LOOK_MS 50            /* between looks at the consumer's progress */
#define SEND_AGAIN_US 2000000 /* entries that stay are sent again no sooner */

static bool send_again(struct flash_recover *recover, struct flash_sight_sku *sku)
{
    const struct flash_replay_again again = {recover->redis, sku->sku};
    int64_t sent = 0;
    bool ok = flash_replay_send_again(&recover->replay, &again, &sent, &recover->done->err);
    recover->done->resent += sent;
    sku->resent += sent;
    sku->broken = !ok && recover->done->err.kind == FLASH_ERROR_DATA; /* no entry: its gate stays */
    return ok || sku->broken || flash_recover_end(recover, FLASH_RECOVER_NO_KAFKA);
}

/* Opens what can be opened, once it has the ledger's inflows; entries that keep a gate closed are
 * sent again. */
static bool open_gates(struct flash_recover *recover)
{
    if (!flash_recover_inflows(recover)) {
        return false;
    }
    uint64_t now_us = flash_time_monotonic_us();
    bool again = now_us >= recover->again_us;
    for (size_t i = 0; i < recover->sight.count; i++) {
        struct flash_sight_sku *sku = &recover->sight.skus[i];
        const struct flash_recover_key key = {sku->sku, recover->sight.generation,
                                              recover->sight.run_id};
        if (!flash_sight_waits(sku)) {
            continue;
        }
        if (!flash_recover_open(recover->redis, &key, &sku->gate, &recover->done->err)) {
            return flash_recover_end(recover, FLASH_RECOVER_NO_REDIS);
        }
        if (sku->gate == FLASH_RECOVER_GATE_GONE) {
            return flash_recover_end(recover, FLASH_RECOVER_OVERTAKEN);
        }
        sku->broken = sku->gate == FLASH_RECOVER_DAMAGED;
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

/* Of what waits, everything that the ledger has: in place of acks that do not come. */
static bool sweep_instead(struct flash_recover *recover, bool *proven)
{
    for (size_t i = 0; i < recover->sight.count; i++) {
        recover->sight.skus[i].sweep = flash_sight_waits(&recover->sight.skus[i]);
    }
    *proven = flash_recover_sweep(recover);
    return *proven;
}

static bool look(struct flash_recover *recover, bool *proven)
{
    if (*proven || recover->marked_us == 0) {
        return true;
    }
    if (!flash_replay_look(&recover->replay, proven, &recover->done->err)) {
        return flash_recover_end(recover, FLASH_RECOVER_NO_LEDGER);
    }
    if (*proven || !recover->replay.applied) {
        return true;
    }
    recover->applied_us = recover->applied_us ? recover->applied_us : flash_time_monotonic_us();
    return !over(recover, recover->applied_us) || sweep_instead(recover, proven);
}

static int64_t count_waiting(const struct flash_recover *recover)
{
    int64_t count = 0;
    for (size_t i = 0; i < recover->sight.count; i++) {
        count += flash_sight_waits(&recover->sight.skus[i]);
    }
    return count;
}

bool flash_recover_await(struct flash_recover *recover)
{
    int64_t total = count_waiting(recover), left = total;
    bool proven = false;
    recover->again_us = recover->marked_us = recover->applied_us = 0;
    recover->dropped = false;
    while (left > 0) {
        if (!flash_recover_keep_lease(recover) || !same_redis(recover) ||
            (!proven && !send_markers(recover)) || !look(recover, &proven) ||
            (proven && !open_gates(recover))) {
            return false;
        }
        left = count_waiting(recover);
        if (!flash_recover_tell(recover, recover->done->opened, total) ||
            (left > 0 && !recover->options->pause(LOOK_MS, recover->options->arg))) {
            return flash_recover_end(recover, FLASH_RECOVER_STOPPED);
        }
    }
    return true;
}
