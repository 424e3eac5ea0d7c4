/* From a lane of orders to one call of lua/reserve and back to the buyers.
 *
 * The script's answer is the decision: an accepted order is in the journal before anybody is told
 * (DESIGN §6). The entry goes to Kafka first, then the buyers are answered. A call whose reply was
 * lost may have run, so its buyers are told outcome-unknown and learn it by a repeat with the same
 * key (promise 5). */
#include "reserve.h"

#include <stdlib.h>
#include <string.h>

#include "admission.h"
#include "flash/entry.h"
#include "flash/log.h"
#include "flash/put.h"
#include "flash/time.h"
#include "known.h"
#include "line.h"
#include "metrics.h"
#include "publish.h"

#define HEAD_ARGS 4
#define LINE_ARGS 3
#define REPLY_HEAD 5 /* OK, entry, µs, due, journal length */

/* The script's words for a refusal. */
static const struct word {
    const char *word;
    enum flash_refusal refusal;
    enum flash_engine_metric metric;
} words[] = {
    {"SOLD_OUT", FLASH_REFUSE_SOLD_OUT, METRIC_ORDERS_SOLD_OUT},
    {"LIMIT", FLASH_REFUSE_LIMIT, METRIC_ORDERS_LIMIT},
    {"NOT_STARTED", FLASH_REFUSE_NOT_STARTED, METRIC_ORDERS_NOT_STARTED},
    {"ENDED", FLASH_REFUSE_ENDED, METRIC_ORDERS_ENDED},
    {"KEY_REUSED", FLASH_REFUSE_KEY_REUSED, METRIC_ORDERS_KEY_REUSED},
};

/* The lines of one call in flight; then those that get the same answer, until they have it. */
struct flash_reserve_call {
    struct flash_reserve_call *next; /* decided */
    struct flash_worker *worker;
    struct flash_sku *sku;
    struct flash_lane_item *lines;
    struct flash_entry_name id;
    uint64_t sent_us;           /* monotonic */
    const struct word *refused; /* decided: why, NULL: accepted */
    int64_t at_us, due_s;       /* accepted */
};

/* The accepted lines of one entry, held until Kafka has it. */
struct held_lines {
    struct flash_ack_wait wait; /* first member */
    struct flash_lane_item *lines;
    int64_t at_us, due_s;
};

static struct flash_order_line *line_of(struct flash_lane_item *item)
{
    return (struct flash_order_line *)item;
}

static enum flash_engine_metric metric_of(enum flash_refusal refusal)
{
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (words[i].refusal == refusal) {
            return words[i].metric;
        }
    }
    return refusal == FLASH_REFUSE_OUTCOME_UNKNOWN ? METRIC_ORDERS_UNKNOWN
                                                   : METRIC_ORDERS_NOT_ADMITTED;
}

static void refuse(struct flash_worker *worker, struct flash_order_line *line,
                   enum flash_refusal refusal, const char *detail)
{
    flash_engine_count(metric_of(refusal), 1);
    flash_line_refuse(worker, line, refusal, detail);
}

static void refuse_list(struct flash_worker *worker, struct flash_lane_item *item,
                        enum flash_refusal refusal, const char *detail)
{
    while (item) {
        struct flash_lane_item *next = item->next;
        refuse(worker, line_of(item), refusal, detail);
        item = next;
    }
}

void flash_reserve_refuse_waiting(struct flash_worker *worker, struct flash_sku *sku,
                                  enum flash_refusal refusal, const char *detail)
{
    if (!sku->orders.in_flight) {
        refuse_list(worker, flash_lane_clear(&sku->orders), refusal, detail);
    }
}

/* ---- sending ---- */

/* The arguments of one call; one per thread, rebuilt for each. */
static _Thread_local struct {
    const char *argv[HEAD_ARGS + LINE_ARGS * FLASH_BATCH_LINES];
    size_t len[HEAD_ARGS + LINE_ARGS * FLASH_BATCH_LINES];
    char quantity[FLASH_BATCH_LINES][8];
    char json[FLASH_BATCH_LINES * (FLASH_LINE_BYTES + 1)];
    char generation[24];
    size_t json_len;
    int count;
} args;

static void add_arg(const char *at, size_t len)
{
    args.argv[args.count] = at;
    args.len[args.count++] = len;
}

/* text has the room. */
static void add_number(char *text, uint64_t number)
{
    add_arg(text, (size_t)(flash_put_number(text, number) - text));
}

static void add_line(int i, const struct flash_order_line *line)
{
    struct flash_text ref = {line->ref, line->ref_len}, user = {line->user, line->user_len};
    add_arg(ref.at, ref.len);
    add_arg(user.at, user.len);
    add_number(args.quantity[i], (uint64_t)line->quantity);
    if (i > 0) {
        args.json[args.json_len++] = ',';
    }
    args.json_len += flash_entry_line_write(args.json + args.json_len, ref, user, line->quantity);
}

static void reserve_done(const struct flash_redis_result *result, void *arg);

static bool send_call(struct flash_reserve_call *call, struct flash_error *err)
{
    if (!flash_entry_name_new(&call->id, err)) {
        return false;
    }
    args.count = 0;
    args.json_len = 0;
    add_number(args.generation, (uint64_t)call->sku->generation);
    add_arg(call->id.uuid, FLASH_UUID_TEXT);
    add_arg(call->id.low, strlen(call->id.low));
    add_arg(args.json, 0); /* its length is known when all lines are in it */
    int i = 0;
    for (struct flash_lane_item *item = call->lines; item; item = item->next) {
        add_line(i++, line_of(item));
    }
    args.len[HEAD_ARGS - 1] = args.json_len;
    struct flash_redis_call redis_call = {
        .script = FLASH_SCRIPT_RESERVE,
        .sku = call->sku->id,
        .argc = args.count,
        .argv = args.argv,
        .argv_len = args.len,
        .done = reserve_done,
        .arg = call,
    };
    flash_engine_count(METRIC_RESERVE_CALLS, 1);
    flash_engine_count(METRIC_RESERVE_LINES, i);
    return flash_redis_call(call->worker->redis, &redis_call, err);
}

uint64_t flash_reserve_turn(struct flash_worker *worker, struct flash_sku *sku)
{
    /* Where every connection waits, nobody is left to wait for. */
    bool all_wait = sku->orders.count >= worker->connections;
    int64_t window_us = all_wait ? 0 : worker->engine->limits.gather_window_us;
    uint64_t wait_us;
    if (!sku->orders.count || !flash_known_ask(worker, sku) ||
        !flash_lane_due(&sku->orders, worker->now_us, (uint64_t)window_us, &wait_us)) {
        return sku->orders.count && sku->known == FLASH_SKU_PRESENT ? wait_us : 0;
    }
    if (flash_worker_put_off(worker, sku, 0)) {
        return 0;
    }
    struct flash_reserve_call *call = malloc(sizeof(*call));
    if (!call) {
        flash_reserve_refuse_waiting(worker, sku, FLASH_REFUSE_NOT_ADMITTING, "out of memory");
        return 0;
    }
    *call = (struct flash_reserve_call){.worker = worker, .sku = sku, .sent_us = worker->now_us};
    call->lines = flash_lane_take(&sku->orders, worker->engine->config->engine.batch_lines,
                                  worker->now_us, &worker->call_lines);
    struct flash_error err;
    if (!send_call(call, &err)) {
        flash_lane_done(&sku->orders);
        refuse_list(worker, call->lines, FLASH_REFUSE_NOT_ADMITTING, "Redis is away.");
        flash_reserve_refuse_waiting(worker, sku, FLASH_REFUSE_NOT_ADMITTING, "Redis is away.");
        free(call);
    }
    return 0;
}

/* ---- the answer ---- */

static bool waits_for_kafka(const struct flash_worker *worker, const struct flash_order_line *line)
{
    return line->durable || worker->engine->config->engine.accept_after == FLASH_ACCEPT_LOG;
}

/* NULL: none of them. */
static const struct word *word_of(const struct flash_redis_reply *text)
{
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (flash_redis_reply_is(text, words[i].word)) {
            return &words[i];
        }
    }
    return NULL;
}

static void answer_refused(struct flash_worker *worker, struct flash_order_line *line,
                           const struct flash_redis_reply *text)
{
    const struct word *word = word_of(text);
    struct flash_record record;
    bool replayed = !word && flash_record_parse(flash_redis_reply_text(text), &record);
    bool queued = replayed && record.state == FLASH_STATE_QUEUED;
    if (replayed && !(queued && waits_for_kafka(worker, line))) {
        flash_engine_count(METRIC_ORDERS_REPLAYED, 1);
        flash_line_accept(worker, line, &record);
        return;
    }
    if (!word && !replayed) {
        FLASH_LOG(ERROR, "reserve.unreadable_answer", FLASH_INT("sku", line->sku->id));
    }
    /* whether Kafka has a repeat's entry: nobody here knows */
    refuse(worker, line, word ? word->refusal : FLASH_REFUSE_OUTCOME_UNKNOWN, NULL);
}

static void answer_accepted_list(struct flash_worker *worker, struct flash_lane_item *item,
                                 int64_t at_us, int64_t due_s)
{
    while (item) {
        struct flash_lane_item *next = item->next;
        struct flash_order_line *line = line_of(item);
        struct flash_record record = {.state = FLASH_STATE_QUEUED,
                                      .version = 1,
                                      .quantity = line->quantity,
                                      .at_us = at_us,
                                      .due_s = due_s};
        flash_engine_count(METRIC_ORDERS_ACCEPTED, 1);
        flash_metric_observe_us(&flash_engine_metrics[METRIC_RESERVE_LATENCY],
                                worker->now_us - flash_request_received_us(line->request));
        flash_line_accept(worker, line, &record);
        item = next;
    }
}

static void held_done(struct flash_ack_wait *wait, bool acked)
{
    struct held_lines *held = (struct held_lines *)wait;
    if (acked) {
        answer_accepted_list(wait->worker, held->lines, held->at_us, held->due_s);
    } else {
        refuse_list(wait->worker, held->lines, FLASH_REFUSE_OUTCOME_UNKNOWN, NULL);
    }
    free(held);
}

/* Takes the lines out of *list that must wait for Kafka. */
static struct flash_lane_item *take_durable(struct flash_worker *worker,
                                            struct flash_lane_item **list)
{
    struct flash_lane_item *taken = NULL, **tail = &taken, **link = list;
    while (*link) {
        struct flash_lane_item *item = *link;
        if (waits_for_kafka(worker, line_of(item))) {
            *link = item->next;
            item->next = NULL;
            *tail = item;
            tail = &item->next;
        } else {
            link = &item->next;
        }
    }
    return taken;
}

/* Publishes the entry. Returns the lines of buyers who need not wait for Kafka and may be told. */
static struct flash_lane_item *publish(struct flash_reserve_call *call,
                                       const struct flash_redis_reply *reply,
                                       struct flash_lane_item *accepted)
{
    struct flash_worker *worker = call->worker;
    call->at_us = flash_redis_reply_int(flash_redis_reply_at(reply, 2));
    call->due_s = flash_redis_reply_int(flash_redis_reply_at(reply, 3));
    if (!flash_publish_in_time(call->sent_us)) {
        refuse_list(worker, accepted, FLASH_REFUSE_OUTCOME_UNKNOWN, NULL);
        return NULL;
    }
    const char *traceparent = flash_request_traceparent(line_of(accepted)->request);
    struct flash_lane_item *durable = take_durable(worker, &accepted);
    struct held_lines *held = durable ? malloc(sizeof(*held)) : NULL;
    if (held) {
        *held = (struct held_lines){
            {.worker = worker, .done = held_done}, durable, call->at_us, call->due_s};
    }
    bool sent =
        flash_publish(worker, &(struct flash_publication){
                                  .sku = call->sku,
                                  .type = FLASH_ENTRY_RESERVE,
                                  .entry = flash_redis_reply_text(flash_redis_reply_at(reply, 1)),
                                  .id = call->id.uuid,
                                  .traceparent = traceparent,
                                  .wait = held ? &held->wait : NULL,
                              });
    if (durable && (!sent || !held)) {
        refuse_list(worker, durable, FLASH_REFUSE_OUTCOME_UNKNOWN, NULL);
        free(held);
    }
    return accepted;
}

/* The refused are answered, the accepted returned in order. step 0: one word is everybody's. */
static struct flash_lane_item *sort_lines(struct flash_reserve_call *call,
                                          const struct flash_redis_reply *reply, size_t step)
{
    struct flash_lane_item *item = call->lines, *accepted = NULL, **tail = &accepted;
    for (size_t i = REPLY_HEAD; item; i += step) {
        struct flash_lane_item *next = item->next;
        const struct flash_redis_reply *word = flash_redis_reply_at(reply, i);
        if (flash_redis_reply_is(word, "ACCEPTED")) {
            item->next = NULL;
            *tail = item;
            tail = &item->next;
        } else {
            answer_refused(call->worker, line_of(item), word);
        }
        item = next;
    }
    return accepted;
}

/* The script decided. What is published is published now; most buyers are answered when the next
 * call is on its way. */
static void take_decision(struct flash_reserve_call *call, const struct flash_redis_reply *reply)
{
    bool one_word = flash_redis_reply_count(reply) <= REPLY_HEAD + 1;
    call->sku->journal_entries = flash_redis_reply_int(flash_redis_reply_at(reply, 4));
    call->refused = one_word ? word_of(flash_redis_reply_at(reply, REPLY_HEAD)) : NULL;
    if (!call->refused) {
        call->lines = sort_lines(call, reply, one_word ? 0 : 1);
        call->lines = call->lines ? publish(call, reply, call->lines) : NULL;
    }
    call->next = call->worker->decided;
    call->worker->decided = call;
}

void flash_reserve_answer(struct flash_worker *worker)
{
    while (worker->decided) {
        struct flash_reserve_call *call = worker->decided;
        worker->decided = call->next;
        if (call->refused) {
            refuse_list(worker, call->lines, call->refused->refusal, NULL);
        } else {
            answer_accepted_list(worker, call->lines, call->at_us, call->due_s);
        }
        free(call);
    }
}

static void reserve_done(const struct flash_redis_result *result, void *arg)
{
    struct flash_reserve_call *call = arg;
    struct flash_worker *worker = call->worker;
    struct flash_sku *sku = call->sku;
    const struct flash_redis_reply *word = flash_redis_reply_at(result->reply, 0);
    worker->now_us = flash_time_monotonic_us();
    flash_lane_done(&sku->orders);
    if (result->outcome == FLASH_REDIS_UNKNOWN) {
        refuse_list(worker, call->lines, FLASH_REFUSE_OUTCOME_UNKNOWN, NULL);
    } else if (result->outcome == FLASH_REDIS_ERROR) {
        flash_engine_count(METRIC_REDIS_ERRORS, 1);
        FLASH_LOG(WARN, "reserve.refused_by_redis", FLASH_INT("sku", sku->id),
                  FLASH_TEXT("error", result->error));
        refuse_list(worker, call->lines, FLASH_REFUSE_NOT_ADMITTING, "Redis refuses to write.");
    } else if (flash_redis_reply_is(word, "OK")) {
        take_decision(call, result->reply);
        call = NULL; /* it waits for its buyers' turn */
    } else {
        flash_engine_count(METRIC_GENERATION_REFUSALS, 1);
        sku->known = FLASH_SKU_NEW;
        refuse_list(worker, call->lines, FLASH_REFUSE_NOT_ADMITTING,
                    flash_admission_text(FLASH_STOP_GATE));
    }
    flash_worker_touch(worker, sku);
    free(call);
}
