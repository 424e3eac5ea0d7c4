/* The last thing before a gate: the ledger's inflows that Redis lacks (DESIGN §8).
 *
 *     ledger's numbers, one query ─▶ Redis' numbers, one pipeline ─▶ those behind: rows ─▶
 * flash_inflow_replay
 *
 * Settling the entry of a take moves nothing: where Redis has lost the take, its units leave by the
 * inflow's number alone (ADR 0007). Were the gate open before that, they would be sold again. The
 * ledger's numbers are read when the consumer has caught up, not when the recovery began: it may
 * have applied takes since. Of what is applied here nothing is lost by a crash and nothing is done
 * twice, whoever else replays at the same time.
 *
 * Redis may have fewer than no units afterwards, where units of a lost take were promised to orders
 * meanwhile: then its gate waits until the ledger has refused those. */
#include <inttypes.h>
#include <string.h>

#include "flash/inflow_replay.h"
#include "flash/inflow_rows.h"
#include "inflow_finding.h"
#include "recover_internal.h"

/* One SKU's replay. */
struct catching_up {
    struct flash_recover *recover;
    int64_t sku;
};

static bool read_rows(struct flash_inflow_page *page, void *arg, struct flash_error *err)
{
    const struct catching_up *catching_up = arg;
    return flash_inflow_rows_read(catching_up->recover->mysql, catching_up->sku, page, err);
}

static void tell(const struct flash_inflow *row, int64_t moved, void *arg)
{
    const struct catching_up *catching_up = arg;
    const struct flash_recover_options *options = catching_up->recover->options;
    struct flash_finding finding;
    if (options->found && flash_inflow_finding(catching_up->sku, row, moved, &finding)) {
        options->found(&finding, options->arg);
    }
}

/* The row that the ledger's number is of, then whatever is missing before it. */
static enum flash_inflow_outcome replay(struct flash_recover *recover,
                                        const struct flash_sight_sku *sku)
{
    struct catching_up catching_up = {recover, sku->sku};
    struct flash_inflow_page page = {.from = sku->last_inflow};
    struct flash_error *err = &recover->done->err;
    if (!read_rows(&page, &catching_up, err)) {
        return FLASH_INFLOW_UNREAD;
    }
    if (page.count == 0 || page.rows[0].number != sku->last_inflow) {
        flash_error_set(err, FLASH_ERROR_DATA,
                        "the ledger has no inflow %" PRId64 " of SKU %" PRId64, sku->last_inflow,
                        sku->sku);
        return FLASH_INFLOW_GAP;
    }
    const struct flash_inflow_replay job = {.sku = sku->sku,
                                            .generation = recover->sight.generation,
                                            .last = &page.rows[0],
                                            .read = read_rows,
                                            .applied = tell,
                                            .arg = &catching_up};
    return flash_inflow_replay(recover->redis, &job, err);
}

/* Redis did not answer, or it did and refused this SKU's call. */
static bool judge_failure(struct flash_recover *recover, struct flash_sight_sku *sku)
{
    struct flash_error ignored;
    if (recover->done->err.kind == FLASH_ERROR_UNKNOWN ||
        !flash_redis_sync_ping(recover->redis, &ignored)) {
        return flash_recover_end(recover, FLASH_RECOVER_NO_REDIS);
    }
    if (strcmp(flash_redis_sync_run_id(recover->redis), recover->sight.run_id) != 0) {
        return flash_recover_end(recover, FLASH_RECOVER_OVERTAKEN);
    }
    sku->broken = true;
    return true;
}

static bool catch_up(struct flash_recover *recover, struct flash_sight_sku *sku)
{
    switch (replay(recover, sku)) {
    case FLASH_INFLOW_UP_TO_DATE:
        return true;
    case FLASH_INFLOW_LOST:
        return flash_recover_end(recover, FLASH_RECOVER_OVERTAKEN);
    case FLASH_INFLOW_GAP:
    case FLASH_INFLOW_CORRUPT:
        sku->broken = true;
        return true;
    case FLASH_INFLOW_UNREAD:
        return flash_recover_end(recover, FLASH_RECOVER_NO_LEDGER);
    case FLASH_INFLOW_AWAY:
        break;
    }
    return judge_failure(recover, sku);
}

bool flash_recover_inflows(struct flash_recover *recover)
{
    struct flash_sight *sight = &recover->sight;
    if (!flash_recover_read_inflows(recover->mysql, sight, &recover->done->err)) {
        return flash_recover_end(recover, FLASH_RECOVER_NO_LEDGER);
    }
    if (!flash_recover_look_inflows(recover->redis, sight, &recover->done->err)) {
        return flash_recover_end(recover, FLASH_RECOVER_NO_REDIS);
    }
    for (size_t i = 0; i < sight->count; i++) {
        struct flash_sight_sku *sku = &sight->skus[i];
        if (flash_sight_waits(sku) && sku->redis_inflow < sku->last_inflow &&
            !catch_up(recover, sku)) {
            return false;
        }
    }
    return true;
}
