/* From a lane of reads to one call of lua/status and back; see reads.h.
 *
 * The oldest open stream id is read in the same script as the records (DESIGN §5.1 rule 13): what
 * is answered here was true at one instant. Each answer also tells the SKU's generation and the
 * length and age of its journal. */
#include "reads.h"

#include <stdlib.h>
#include <string.h>

#include "change.h"
#include "events.h"
#include "flash/log.h"
#include "flash/time.h"
#include "known.h"
#include "metrics.h"
#include "reserve.h"
#include "waiters.h"

#define READS_PER_CALL FLASH_BATCH_LINES
#define READS_KEEP 50 /* percent of Redis' calls that reads leave to orders and changes */

struct read_call {
    struct flash_worker *worker;
    struct flash_sku *sku;
    struct flash_lane_item *reads;
    bool with_sale; /* and with its gate */
};

static struct flash_read *read_of(struct flash_lane_item *item)
{
    return (struct flash_read *)item;
}

/* ---- starting a read ---- */

static struct flash_read *new_read(struct flash_worker *worker, struct flash_sku *sku,
                                   enum flash_read_kind kind)
{
    struct flash_read *read = flash_pool_take(&worker->reads);
    if (read) {
        read->kind = kind;
        read->sku = sku;
        read->request = NULL;
        read->watcher = NULL;
        read->events = false;
        read->ref_len = read->user_len = 0;
    }
    return read;
}

static void push(struct flash_worker *worker, struct flash_read *read)
{
    flash_lane_push(&read->sku->reads, &read->item, worker->now_us);
    flash_worker_touch(worker, read->sku);
}

void flash_reads_order(struct flash_worker *worker, struct flash_request *request,
                       const struct flash_order_query *query)
{
    struct flash_sku *sku = flash_sku_find(worker->skus, query->sku, worker->now_us);
    struct flash_read *read = sku ? new_read(worker, sku, FLASH_READ_ORDER) : NULL;
    if (!read) {
        flash_answer_refuse(request, FLASH_REFUSE_UNAVAILABLE, NULL);
        return;
    }
    read->request = request;
    read->wait_us = query->wait_us;
    read->events = query->events;
    read->ref_len = (uint8_t)query->ref.len;
    read->user_len = (uint8_t)query->user.len;
    memcpy(read->ref, query->ref.at, query->ref.len);
    memcpy(read->user, query->user.at, query->user.len);
    push(worker, read);
}

void flash_reads_sale(struct flash_worker *worker, int64_t id, const struct flash_sale_asker *asker)
{
    struct flash_sku *sku = flash_sku_find(worker->skus, id, worker->now_us);
    if (sku && sku->known == FLASH_SKU_PRESENT && sku->sale.read_us &&
        worker->now_us - sku->sale.read_us < FLASH_SALE_FRESH_US) {
        asker->done(FLASH_SALE_READ, sku, asker->slot, asker->arg);
        return;
    }
    if (sku && sku->known == FLASH_SKU_ABSENT && !sku->generation &&
        worker->now_us - sku->asked_us < FLASH_SALE_FRESH_US) {
        asker->done(FLASH_SALE_ABSENT, sku, asker->slot, asker->arg);
        return;
    }
    struct flash_read *read = sku ? new_read(worker, sku, FLASH_READ_SALE) : NULL;
    if (!read) {
        asker->done(FLASH_SALE_UNAVAILABLE, NULL, asker->slot, asker->arg);
        return;
    }
    read->sale_done = asker->done;
    read->arg = asker->arg;
    read->slot = asker->slot;
    push(worker, read);
}

bool flash_reads_refresh(struct flash_worker *worker, struct flash_sku *sku)
{
    struct flash_read *read = new_read(worker, sku, FLASH_READ_PRESENCE);
    if (read) {
        push(worker, read);
    }
    return read != NULL;
}

int flash_reads_tick(struct flash_worker *worker, struct flash_sku *sku)
{
    struct flash_watcher *watchers[READS_PER_CALL];
    int count = flash_watchers_next(sku, watchers, READS_PER_CALL);
    for (int i = 0; i < count; i++) {
        struct flash_read *read = new_read(worker, sku, FLASH_READ_WATCHER);
        if (!read) {
            return i;
        }
        read->watcher = watchers[i];
        read->ref_len = watchers[i]->ref_len;
        memcpy(read->ref, watchers[i]->ref, watchers[i]->ref_len);
        watchers[i]->reading = read;
        push(worker, read);
    }
    return count;
}

/* ---- finishing a read ---- */

static void finish_order(struct flash_worker *worker, struct flash_read *read,
                         const struct flash_order_view *order)
{
    bool visible = order && (read->user_len == 0 ||
                             (order->record.user.len == read->user_len &&
                              memcmp(order->record.user.at, read->user, read->user_len) == 0));
    if (!visible) {
        flash_answer_refuse(
            read->request,
            flash_known_lost(read->sku) ? FLASH_REFUSE_UNAVAILABLE : FLASH_REFUSE_NO_ORDER, NULL);
    } else if (read->events) {
        flash_events_open(worker, read, order);
    } else if (read->wait_us == 0 || !flash_answer_unchanged(read->request, order->record.state) ||
               !flash_waiters_hold(worker, read, order->record.state)) {
        flash_answer_order(read->request, order);
    }
}

/* Of a SKU whose generation was raised since, nothing is known yet. */
static enum flash_sale_outcome sale_outcome(const struct flash_sku *sku)
{
    if (sku->known == FLASH_SKU_PRESENT || sku->known == FLASH_SKU_CLOSED) {
        return FLASH_SALE_READ;
    }
    return sku->known == FLASH_SKU_ABSENT && !flash_known_lost(sku) ? FLASH_SALE_ABSENT
                                                                    : FLASH_SALE_UNAVAILABLE;
}

static void finish_read(struct flash_worker *worker, struct flash_read *read,
                        const struct flash_order_view *order)
{
    if (read->kind == FLASH_READ_ORDER) {
        finish_order(worker, read, order);
    } else if (read->kind == FLASH_READ_WATCHER && read->watcher) {
        flash_watchers_seen(read->watcher, order);
    } else if (read->kind == FLASH_READ_SALE) {
        read->sale_done(sale_outcome(read->sku), read->sku, read->slot, read->arg);
    }
    flash_pool_give(&worker->reads, read);
}

/* The read could not be done: say so, except to watchers, which are read again at the next tick
 * while they have time. */
static void fail_list(struct flash_worker *worker, struct flash_lane_item *item)
{
    while (item) {
        struct flash_lane_item *next = item->next;
        struct flash_read *read = read_of(item);
        if (read->kind == FLASH_READ_ORDER) {
            flash_answer_refuse(read->request, FLASH_REFUSE_UNAVAILABLE, NULL);
        } else if (read->kind == FLASH_READ_SALE) {
            read->sale_done(FLASH_SALE_UNAVAILABLE, read->sku, read->slot, read->arg);
        } else if (read->kind == FLASH_READ_WATCHER && read->watcher) {
            flash_watchers_missed(read->watcher);
        }
        flash_pool_give(&worker->reads, read);
        item = next;
    }
}

/* ---- the call ---- */

static void status_done(const struct flash_redis_result *result, void *arg);

static bool send_call(struct read_call *call, struct flash_error *err)
{
    const char *argv[1 + READS_PER_CALL];
    size_t len[1 + READS_PER_CALL];
    int argc = 1, count = 0;
    for (struct flash_lane_item *item = call->reads; item; item = item->next) {
        struct flash_read *read = read_of(item);
        count++;
        if (read->ref_len) {
            argv[argc] = read->ref;
            len[argc++] = read->ref_len;
        }
    }
    bool fresh = call->sku->known == FLASH_SKU_PRESENT && call->sku->sale.read_us &&
                 call->worker->now_us - call->sku->sale.read_us < FLASH_SALE_FRESH_US;
    call->with_sale = !fresh;
    argv[0] = fresh ? "0" : "1";
    len[0] = 1;
    struct flash_redis_call redis_call = {
        .script = FLASH_SCRIPT_STATUS,
        .sku = call->sku->id,
        .argc = argc,
        .argv = argv,
        .argv_len = len,
        .done = status_done,
        .arg = call,
    };
    flash_engine_count(METRIC_STATUS_CALLS, 1);
    flash_engine_count(METRIC_STATUS_READS, count);
    return flash_redis_call(call->worker->redis, &redis_call, err);
}

static void call_failed(struct flash_worker *worker, struct flash_sku *sku,
                        struct flash_lane_item *reads)
{
    if (sku->known == FLASH_SKU_ASKING) {
        sku->known = FLASH_SKU_NEW;
        flash_reserve_refuse_waiting(worker, sku, FLASH_REFUSE_NOT_ADMITTING, "Redis is away.");
        flash_change_refuse_waiting(worker, sku);
    }
    fail_list(worker, reads);
}

void flash_reads_turn(struct flash_worker *worker, struct flash_sku *sku)
{
    uint64_t wait_us;
    if (!flash_lane_due(&sku->reads, worker->now_us, 0, &wait_us) ||
        flash_worker_put_off(worker, sku, READS_KEEP)) {
        return;
    }
    int count;
    struct read_call *call = malloc(sizeof(*call));
    struct flash_lane_item *reads =
        flash_lane_take(&sku->reads, READS_PER_CALL, worker->now_us, &count);
    struct flash_error err;
    if (call) {
        *call = (struct read_call){.worker = worker, .sku = sku, .reads = reads};
    }
    if (!call || !send_call(call, &err)) {
        flash_lane_done(&sku->reads);
        call_failed(worker, sku, reads);
        /* and those behind it: nothing would bring them back */
        fail_list(worker, flash_lane_clear(&sku->reads));
        free(call);
    }
}

static void finish_list(struct flash_worker *worker, struct flash_lane_item *item,
                        const struct flash_redis_reply *reply)
{
    size_t record_at = FLASH_STATUS_HEAD;
    while (item) {
        struct flash_lane_item *next = item->next;
        struct flash_read *read = read_of(item);
        struct flash_order_view order = {.sku = read->sku->id, .ref = {read->ref, read->ref_len}};
        bool found = false;
        if (read->ref_len) {
            const struct flash_redis_reply *record = flash_redis_reply_at(reply, record_at++);
            found = flash_record_parse(flash_redis_reply_text(record), &order.record);
        }
        finish_read(worker, read, found ? &order : NULL);
        item = next;
    }
}

static void status_done(const struct flash_redis_result *result, void *arg)
{
    struct read_call *call = arg;
    struct flash_worker *worker = call->worker;
    worker->now_us = flash_time_monotonic_us();
    flash_lane_done(&call->sku->reads);
    if (result->outcome == FLASH_REDIS_REPLY) {
        flash_known_learn(worker, call->sku, call->with_sale, result->reply);
        finish_list(worker, call->reads, result->reply);
    } else {
        if (result->outcome == FLASH_REDIS_ERROR) {
            flash_engine_count(METRIC_REDIS_ERRORS, 1);
            FLASH_LOG(WARN, "status.refused_by_redis", FLASH_INT("sku", call->sku->id),
                      FLASH_TEXT("error", result->error));
        }
        call_failed(worker, call->sku, call->reads);
    }
    flash_worker_touch(worker, call->sku);
    free(call);
}
