/* Presence, generation and gate of each SKU, as status answers tell them; see known.h. */
#include "known.h"

#include <stdio.h>
#include <string.h>

#include "admission.h"
#include "change.h"
#include "reads.h"
#include "reserve.h"

bool flash_known_lost(const struct flash_sku *sku)
{
    return sku->known == FLASH_SKU_CLOSED ||
           (sku->known == FLASH_SKU_ABSENT && sku->generation != 0);
}

static void refuse_absent(struct flash_worker *worker, struct flash_sku *sku)
{
    flash_reserve_refuse_waiting(
        worker, sku, flash_known_lost(sku) ? FLASH_REFUSE_NOT_ADMITTING : FLASH_REFUSE_UNKNOWN_SKU,
        flash_known_lost(sku) ? flash_admission_text(FLASH_STOP_GATE) : NULL);
}

/* What was found out on a connection to another server, or before this one came back, counts no
 * more. */
static bool gate_seen_open(const struct flash_worker *worker, const struct flash_sku *sku)
{
    return strcmp(sku->run_id, flash_redis_run_id(worker->redis)) == 0;
}

bool flash_known_closed(const struct flash_worker *worker, const struct flash_sku *sku)
{
    return sku->known == FLASH_SKU_CLOSED && worker->now_us - sku->asked_us < FLASH_SKU_BELIEVED_US;
}

bool flash_known_ask(struct flash_worker *worker, struct flash_sku *sku)
{
    uint64_t age_us = worker->now_us - sku->asked_us;
    bool gone = sku->known == FLASH_SKU_ABSENT || sku->known == FLASH_SKU_CLOSED;
    if (sku->known == FLASH_SKU_PRESENT && !gate_seen_open(worker, sku)) {
        sku->known = FLASH_SKU_NEW;
    }
    if (gone && age_us < FLASH_SKU_BELIEVED_US) {
        refuse_absent(worker, sku);
    } else if (sku->known != FLASH_SKU_PRESENT && sku->known != FLASH_SKU_ASKING) {
        if (flash_reads_refresh(worker, sku)) {
            sku->known = FLASH_SKU_ASKING;
        } else {
            flash_reserve_refuse_waiting(worker, sku, FLASH_REFUSE_NOT_ADMITTING,
                                         "Too many reads are open.");
            flash_change_refuse_waiting(worker, sku);
        }
    }
    return sku->known == FLASH_SKU_PRESENT;
}

/* ---- the answer ---- */

static int64_t number_at(const struct flash_redis_reply *reply, size_t i)
{
    return flash_redis_reply_int(flash_redis_reply_at(reply, i));
}

static void learn_sale(struct flash_sku *sku, const struct flash_redis_reply *sale, uint64_t now_us)
{
    struct flash_text title = flash_redis_reply_text(flash_redis_reply_at(sale, 7));
    size_t len = title.len < FLASH_TITLE_MAX ? title.len : FLASH_TITLE_MAX;
    sku->sale = (struct flash_sale){
        .available = number_at(sale, 0),
        .base = number_at(sale, 1),
        .starts_ms = number_at(sale, 2),
        .ends_ms = number_at(sale, 3),
        .limit = number_at(sale, 4),
        .hold_s = number_at(sale, 5),
        .version = number_at(sale, 6),
        .threshold = number_at(sale, 8),
        .read_us = now_us,
        .server_us = sku->journal_read_us,
    };
    memcpy(sku->sale.title, title.at, len);
}

static void close_sku(struct flash_worker *worker, struct flash_sku *sku)
{
    sku->known = FLASH_SKU_CLOSED;
    refuse_absent(worker, sku);
    flash_change_refuse_waiting(worker, sku);
}

static void learn_gate(struct flash_worker *worker, struct flash_sku *sku, struct flash_text text)
{
    const char *run_id = flash_redis_run_id(worker->redis);
    struct flash_gate gate = flash_gate_parse(text);
    if (flash_gate_admits(&gate, sku->generation, run_id)) {
        sku->known = FLASH_SKU_PRESENT;
        snprintf(sku->run_id, sizeof(sku->run_id), "%s", run_id);
    } else {
        close_sku(worker, sku);
    }
}

void flash_known_learn(struct flash_worker *worker, struct flash_sku *sku, bool with_sale,
                       const struct flash_redis_reply *reply)
{
    sku->asked_us = worker->now_us;
    if (!flash_redis_reply_is(flash_redis_reply_at(reply, 0), "OK")) {
        sku->known = FLASH_SKU_ABSENT;
        refuse_absent(worker, sku);
        return;
    }
    const struct flash_redis_reply *sale = flash_redis_reply_at(reply, 5);
    sku->journal_read_us = number_at(reply, 1);
    sku->journal_entries = number_at(reply, 2);
    sku->journal_oldest_us = number_at(reply, 3);
    bool behind = number_at(reply, 4) < sku->generation && !gate_seen_open(worker, sku);
    if (with_sale && behind) {
        close_sku(worker, sku); /* a server that a recovery left behind: open, but by itself */
    } else if (with_sale) {
        sku->generation = number_at(reply, 4);
        learn_sale(sku, sale, worker->now_us);
        learn_gate(worker, sku, flash_redis_reply_text(flash_redis_reply_at(sale, 9)));
    } else if (sku->known == FLASH_SKU_PRESENT && sku->generation != number_at(reply, 4)) {
        sku->known = FLASH_SKU_NEW; /* a recovery went by: its gate is to be read */
    }
}
