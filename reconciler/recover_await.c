/* The last stage of a recovery: every gate is opened as soon as it may be (DESIGN §5.1 rule 16). */
#include <string.h>

#include "flash/time.h"
#include "recover_internal.h"

#define LOOK_MS 50            /* between looks at the consumer's progress */
#define SEND_AGAIN_US 2000000 /* entries that stay are sent again no sooner */

static bool waits(const struct flash_sight_sku *sku)
{
    return sku->need != FLASH_NEED_NOTHING && !sku->broken && !sku->opened;
}

static bool send_again(struct flash_recover *recover, const struct flash_sight_sku *sku)
{
    const struct flash_replay_again again = {recover->redis, sku->sku};
    int64_t sent = 0;
    bool ok = flash_replay_send_again(&recover->replay, &again, &sent, &recover->done->err);
    recover->done->resent += sent;
    return ok || flash_recover_end(recover, FLASH_RECOVER_NO_KAFKA);
}

/* Opens what can be opened. Entries that are still open once the marker is settled are sent again.
 */
static bool open_gates(struct flash_recover *recover, bool proven)
{
    uint64_t now_us = flash_time_monotonic_us();
    bool again = proven && now_us >= recover->again_us;
    for (size_t i = 0; i < recover->sight.count; i++) {
        struct flash_sight_sku *sku = &recover->sight.skus[i];
        const struct flash_recover_key key = {sku->sku, recover->sight.generation,
                                              recover->sight.run_id};
        enum flash_recover_gate gate;
        if (!waits(sku)) {
            continue;
        }
        if (!flash_recover_open(recover->redis, &key, &gate, &recover->done->err)) {
            return flash_recover_end(recover, FLASH_RECOVER_NO_REDIS);
        }
        if (gate == FLASH_RECOVER_GATE_GONE) {
            return flash_recover_end(recover, FLASH_RECOVER_OVERTAKEN);
        }
        sku->opened = gate == FLASH_RECOVER_OPENED;
        recover->done->opened += sku->opened;
        if (gate == FLASH_RECOVER_OLD_ENTRY && again && !send_again(recover, sku)) {
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

bool flash_recover_await(struct flash_recover *recover)
{
    int64_t total = 0;
    bool proven = false;
    for (size_t i = 0; i < recover->sight.count; i++) {
        total += waits(&recover->sight.skus[i]);
    }
    recover->again_us = 0;
    if (!flash_replay_send_markers(&recover->replay, &recover->done->err)) {
        return flash_recover_end(recover, FLASH_RECOVER_NO_KAFKA);
    }
    while (recover->done->opened < total) {
        uint64_t closed_us = flash_time_monotonic_us() - recover->closed_us;
        bool over = closed_us >= (uint64_t)recover->config->reconciler.open_after_ms * 1000;
        if (!proven && !flash_replay_look(&recover->replay, &proven, &recover->done->err)) {
            return flash_recover_end(recover, FLASH_RECOVER_NO_LEDGER);
        }
        if (!same_redis(recover) || ((proven || over) && !open_gates(recover, proven))) {
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
