/* From the lanes of transitions to calls of lua/pay and lua/release and back; see change.h.
 *
 * Whoever comes first wins in the script, by Redis' clock; the other is told the state it met. As
 * with orders, a lost reply is an unknown outcome, and a repeat learns it: each transition is
 * idempotent by its order (and payment). */
#include "change.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admission.h"
#include "flash/log.h"
#include "flash/time.h"
#include "known.h"
#include "metrics.h"
#include "publish.h"

#define HEAD_ARGS_MAX 4
#define LINE_ARGS 2
#define REPLY_HEAD 4 /* OK, entry, µs, journal length; then a word and a record per line */

static const struct {
    enum flash_script script;
    enum flash_entry_type type;
    const char *word; /* lua/release's name of it */
} kinds[] = {
    [FLASH_CHANGE_PAY] = {FLASH_SCRIPT_PAY, FLASH_ENTRY_PAY, NULL},
    [FLASH_CHANGE_CANCEL] = {FLASH_SCRIPT_RELEASE, FLASH_ENTRY_CANCEL, "cancel"},
    [FLASH_CHANGE_RETURN] = {FLASH_SCRIPT_RELEASE, FLASH_ENTRY_RETURN, "return"},
};

static const char not_changed[] = "Nothing was changed. Try again later.";

struct held_list;

struct change_call {
    struct flash_worker *worker;
    struct flash_sku *sku;
    enum flash_change_kind kind;
    struct flash_lane_item *changes;
    struct flash_entry_name id;
    uint64_t sent_us; /* monotonic */
    struct held_list *held;
};

/* The answer of one transition that waits for Kafka. */
struct held_change {
    struct held_change *next;
    struct flash_change *change;
    bool late;
    struct flash_order_view view;
};

/* The answers that one entry's acknowledgement sets free. */
struct held_list {
    struct flash_ack_wait wait; /* first member */
    struct held_change *first;
};

static struct flash_change *change_of(struct flash_lane_item *item)
{
    return (struct flash_change *)item;
}

static void refuse(struct flash_worker *worker, struct flash_change *change,
                   enum flash_refusal refusal, const char *detail)
{
    flash_engine_count(METRIC_CHANGES_UNKNOWN, refusal == FLASH_REFUSE_OUTCOME_UNKNOWN);
    flash_answer_refuse(change->request, refusal, detail);
    flash_pool_give(&worker->changes, change);
}

static void refuse_list(struct flash_worker *worker, struct flash_lane_item *item,
                        enum flash_refusal refusal, const char *detail)
{
    while (item) {
        struct flash_lane_item *next = item->next;
        refuse(worker, change_of(item), refusal, detail);
        item = next;
    }
}

static void enqueue(struct flash_worker *worker, struct flash_change *change)
{
    flash_lane_push(&change->sku->changes[change->kind], &change->item, worker->now_us);
    flash_worker_touch(worker, change->sku);
}

/* Copies text, which may be of no bytes at no address; returns its length. */
static uint8_t keep(char *to, struct flash_text text)
{
    if (text.len > 0) {
        memcpy(to, text.at, text.len);
    }
    return (uint8_t)text.len;
}

void flash_change_submit(struct flash_worker *worker, struct flash_request *request,
                         const struct flash_change_query *query)
{
    struct flash_sku *sku = flash_sku_find(worker->skus, query->sku, worker->now_us);
    bool ready = sku && flash_redis_ready(worker->redis) && !worker->engine->draining;
    struct flash_change *change = ready ? flash_pool_take(&worker->changes) : NULL;
    if (!change) {
        flash_answer_refuse(request, FLASH_REFUSE_UNAVAILABLE, not_changed);
        return;
    }
    change->request = request;
    change->sku = sku;
    change->kind = query->kind;
    change->durable = query->durable;
    change->or_return = query->or_return;
    change->ref_len = keep(change->ref, query->ref);
    change->user_len = keep(change->user, query->user);
    change->payment_len = keep(change->payment, query->payment);
    enqueue(worker, change);
}

/* ---- sending ---- */

static void change_done(const struct flash_redis_result *result, void *arg);

struct arguments {
    const char *argv[HEAD_ARGS_MAX + LINE_ARGS * FLASH_BATCH_LINES];
    size_t len[HEAD_ARGS_MAX + LINE_ARGS * FLASH_BATCH_LINES];
    int count;
};

static void add(struct arguments *args, const char *at, size_t len)
{
    args->argv[args->count] = at;
    args->len[args->count++] = len;
}

static bool send_call(struct change_call *call, struct flash_error *err)
{
    struct arguments args = {.count = 0};
    char generation[24];
    if (!flash_entry_name_new(&call->id, err)) {
        return false;
    }
    int len = snprintf(generation, sizeof(generation), "%lld", (long long)call->sku->generation);
    add(&args, generation, (size_t)len);
    add(&args, call->id.uuid, FLASH_UUID_TEXT);
    add(&args, call->id.low, strlen(call->id.low));
    if (kinds[call->kind].word) {
        add(&args, kinds[call->kind].word, strlen(kinds[call->kind].word));
    }
    for (struct flash_lane_item *item = call->changes; item; item = item->next) {
        struct flash_change *change = change_of(item);
        bool pays = call->kind == FLASH_CHANGE_PAY;
        add(&args, change->ref, change->ref_len);
        add(&args, pays ? change->payment : change->user,
            pays ? change->payment_len : change->user_len);
    }
    struct flash_redis_call redis_call = {
        .script = kinds[call->kind].script,
        .sku = call->sku->id,
        .argc = args.count,
        .argv = args.argv,
        .argv_len = args.len,
        .done = change_done,
        .arg = call,
    };
    flash_engine_count(METRIC_CHANGE_CALLS, 1);
    return flash_redis_call(call->worker->redis, &redis_call, err);
}

static void refuse_lane(struct flash_worker *worker, struct flash_lane *lane,
                        enum flash_refusal refusal, const char *detail)
{
    if (!lane->in_flight) {
        refuse_list(worker, flash_lane_clear(lane), refusal, detail);
    }
}

static void send_lane(struct flash_worker *worker, struct flash_sku *sku,
                      enum flash_change_kind kind)
{
    struct flash_lane *lane = &sku->changes[kind];
    struct change_call *call = malloc(sizeof(*call));
    int count;
    struct flash_lane_item *changes =
        flash_lane_take(lane, worker->engine->config->engine.batch_lines, worker->now_us, &count);
    struct flash_error err;
    if (call) {
        *call =
            (struct change_call){.worker = worker, .sku = sku, .kind = kind, .changes = changes};
        call->sent_us = worker->now_us;
    }
    if (!call || !send_call(call, &err)) {
        flash_lane_done(lane);
        refuse_list(worker, changes, FLASH_REFUSE_UNAVAILABLE, not_changed);
        refuse_lane(worker, lane, FLASH_REFUSE_UNAVAILABLE, not_changed);
        free(call);
    }
}

void flash_change_refuse_waiting(struct flash_worker *worker, struct flash_sku *sku)
{
    for (int kind = 0; kind < FLASH_CHANGE_COUNT; kind++) {
        refuse_lane(worker, &sku->changes[kind], FLASH_REFUSE_UNAVAILABLE, not_changed);
    }
}

void flash_change_turn(struct flash_worker *worker, struct flash_sku *sku)
{
    for (int kind = 0; kind < FLASH_CHANGE_COUNT; kind++) {
        struct flash_lane *lane = &sku->changes[kind];
        uint64_t wait_us;
        if (!flash_lane_due(lane, worker->now_us, 0, &wait_us)) {
            continue;
        }
        bool known = flash_known_ask(worker, sku);
        if (known && !flash_worker_put_off(worker, sku, 0)) {
            send_lane(worker, sku, (enum flash_change_kind)kind);
        } else if (flash_known_lost(sku)) {
            refuse_lane(worker, lane, FLASH_REFUSE_UNAVAILABLE,
                        flash_admission_text(FLASH_STOP_GATE));
        } else if (sku->known == FLASH_SKU_ABSENT) {
            refuse_lane(worker, lane, FLASH_REFUSE_NO_ORDER, NULL);
        }
    }
}

/* ---- the answer ---- */

static void answer(struct flash_worker *worker, struct flash_change *change,
                   const struct flash_order_view *view, bool late)
{
    if (late) {
        flash_engine_count(METRIC_CHANGES_LATE, 1);
        flash_answer_met(change->request, view->record.state, true);
    } else {
        flash_engine_count(METRIC_CHANGES_DONE, 1);
        flash_answer_changed(change->request, change->kind == FLASH_CHANGE_PAY ? 200 : 202, view);
    }
    flash_pool_give(&worker->changes, change);
}

/* The state does not allow it: an order that is paid meanwhile may be returned instead. */
static void answer_met(struct flash_worker *worker, struct flash_change *change,
                       enum flash_state state)
{
    bool paid = state == FLASH_STATE_PAID || state == FLASH_STATE_RETURNING ||
                state == FLASH_STATE_RETURNED;
    if (change->or_return && change->kind == FLASH_CHANGE_CANCEL && paid) {
        change->kind = FLASH_CHANGE_RETURN;
        enqueue(worker, change);
        return;
    }
    flash_engine_count(METRIC_CHANGES_MET, 1);
    flash_answer_met(change->request, state, false);
    flash_pool_give(&worker->changes, change);
}

static void held_done(struct flash_ack_wait *wait, bool acked)
{
    struct held_list *list = (struct held_list *)wait;
    struct held_change *held = list->first;
    while (held) {
        struct held_change *next = held->next;
        if (acked) {
            answer(wait->worker, held->change, &held->view, held->late);
        } else {
            refuse(wait->worker, held->change, FLASH_REFUSE_OUTCOME_UNKNOWN, NULL);
        }
        free(held);
        held = next;
    }
    free(list);
}

/* Keeps what change is to be answered with until Kafka has the entry. */
static void hold(struct change_call *call, struct flash_change *change,
                 const struct flash_order_view *view, bool late)
{
    struct held_change *held = call->held ? malloc(sizeof(*held)) : NULL;
    if (!held) {
        refuse(call->worker, change, FLASH_REFUSE_OUTCOME_UNKNOWN, NULL);
        return;
    }
    *held = (struct held_change){
        .next = call->held->first, .change = change, .late = late, .view = *view};
    held->view.record.user = (struct flash_text){"", 0};    /* not in the answer, and */
    held->view.record.payment = (struct flash_text){"", 0}; /* gone with the reply */
    call->held->first = held;
}

/* A repeat: the transition was decided by an earlier entry. It is certain once the journal was seen
 * without that entry, for then the ledger has it; until then nobody here knows whether Kafka has.
 */
static bool uncertain(const struct change_call *call, const struct flash_redis_reply *reply,
                      const struct flash_record *record)
{
    int64_t us = flash_redis_reply_int(flash_redis_reply_at(reply, 2));
    const struct flash_sku *sku = call->sku;
    bool empty = sku->journal_oldest_us == 0 && sku->journal_read_us > record->at_us;
    return record->at_us != us && !empty && sku->journal_oldest_us <= record->at_us;
}

static void answer_one(struct change_call *call, struct flash_change *change,
                       const struct flash_redis_reply *reply, size_t at)
{
    const struct flash_redis_reply *word = flash_redis_reply_at(reply, at);
    struct flash_order_view view = {.sku = call->sku->id, .ref = {change->ref, change->ref_len}};
    struct flash_text record = flash_redis_reply_text(flash_redis_reply_at(reply, at + 1));
    bool late = flash_redis_reply_is(word, "LATE");
    bool done = late || flash_redis_reply_is(word, "DONE") || flash_redis_reply_is(word, "PAID");
    if (flash_redis_reply_is(word, "ABSENT")) {
        flash_engine_count(METRIC_CHANGES_ABSENT, 1);
        refuse(call->worker, change, FLASH_REFUSE_NO_ORDER, NULL);
    } else if (!flash_record_parse(record, &view.record)) {
        FLASH_LOG(ERROR, "change.unreadable_answer", FLASH_INT("sku", call->sku->id));
        refuse(call->worker, change, FLASH_REFUSE_OUTCOME_UNKNOWN, NULL);
    } else if (!done) {
        answer_met(call->worker, change, view.record.state);
    } else if (change->durable && uncertain(call, reply, &view.record)) {
        refuse(call->worker, change, FLASH_REFUSE_OUTCOME_UNKNOWN, NULL);
    } else if (change->durable) {
        hold(call, change, &view, late);
    } else {
        answer(call->worker, change, &view, late);
    }
}

/* The list durable answers are held in; NULL when none is wanted (or memory is short: they are then
 * unknown). */
static struct held_list *new_held(struct change_call *call)
{
    bool durable = false;
    for (struct flash_lane_item *item = call->changes; item; item = item->next) {
        durable |= change_of(item)->durable;
    }
    struct held_list *list = durable ? malloc(sizeof(*list)) : NULL;
    if (list) {
        *list = (struct held_list){{.worker = call->worker, .done = held_done}, NULL};
    }
    return list;
}

static void answer_changes(struct change_call *call, const struct flash_redis_reply *reply)
{
    struct flash_lane_item *item = call->changes;
    struct flash_text entry = flash_redis_reply_text(flash_redis_reply_at(reply, 1));
    if (entry.len && !flash_publish_in_time(call->sent_us)) {
        refuse_list(call->worker, item, FLASH_REFUSE_OUTCOME_UNKNOWN, NULL);
        return;
    }
    call->held = new_held(call);
    char traceparent[FLASH_TRACEPARENT_LEN + 1]; /* kept: the request ends with its answer */
    memcpy(traceparent, flash_request_traceparent(change_of(item)->request), sizeof(traceparent));
    for (size_t at = REPLY_HEAD; item; at += 2) {
        struct flash_lane_item *next = item->next;
        answer_one(call, change_of(item), reply, at);
        item = next;
    }
    struct flash_publication publication = {
        .sku = call->sku,
        .type = kinds[call->kind].type,
        .entry = entry,
        .id = call->id.uuid,
        .traceparent = traceparent,
        .wait = call->held ? &call->held->wait : NULL,
    };
    bool sent = entry.len && flash_publish(call->worker, &publication);
    if (call->held && !sent) {
        held_done(&call->held->wait, entry.len == 0); /* no entry: repeats, decided before */
    }
}

static void change_done(const struct flash_redis_result *result, void *arg)
{
    struct change_call *call = arg;
    struct flash_worker *worker = call->worker;
    const struct flash_redis_reply *word = flash_redis_reply_at(result->reply, 0);
    worker->now_us = flash_time_monotonic_us();
    flash_lane_done(&call->sku->changes[call->kind]);
    if (result->outcome == FLASH_REDIS_UNKNOWN) {
        refuse_list(worker, call->changes, FLASH_REFUSE_OUTCOME_UNKNOWN, NULL);
    } else if (result->outcome == FLASH_REDIS_ERROR) {
        flash_engine_count(METRIC_REDIS_ERRORS, 1);
        FLASH_LOG(WARN, "change.refused_by_redis", FLASH_INT("sku", call->sku->id),
                  FLASH_TEXT("error", result->error));
        refuse_list(worker, call->changes, FLASH_REFUSE_UNAVAILABLE, "Redis refuses to write.");
    } else if (flash_redis_reply_is(word, "OK")) {
        answer_changes(call, result->reply);
    } else {
        flash_engine_count(METRIC_GENERATION_REFUSALS, 1);
        call->sku->known = FLASH_SKU_NEW;
        refuse_list(worker, call->changes, FLASH_REFUSE_UNAVAILABLE,
                    "The stock is being recovered.");
    }
    flash_worker_touch(worker, call->sku);
    free(call);
}
