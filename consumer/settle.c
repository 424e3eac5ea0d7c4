/* Groups a batch by SKU and calls lua/settle; see settle.h. */
#include "settle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flash/settle.h"

struct flash_settler {
    struct flash_redis_sync *redis;
    int64_t generation;
    int entry_count; /* in order */
    struct flash_settle_counts counts;
    int entry_max;
    int *order;                            /* entries of the batch, by SKU */
    char (*ids)[FLASH_STREAM_ID_TEXT + 1]; /* per entry: its stream id */
    bool *adopt;                           /* per entry: line by line */
    int from, to;                          /* of order: the entries whose calls are queued */
    int64_t refused_sku;                   /* of the last refusal */
    bool fresh;            /* the call in hand adopts an entry of the current generation */
    int64_t forgetful_sku; /* its gate is still to be closed; 0: none */
    struct flash_settle_call *call;
};

bool flash_settler_new(const struct flash_config *config, int entry_max,
                       struct flash_settler **ret_settler, struct flash_error *err)
{
    struct flash_settler *settler = calloc(1, sizeof(*settler));
    if (settler) {
        settler->entry_max = entry_max;
        settler->order = calloc((size_t)entry_max, sizeof(*settler->order));
        settler->ids = calloc((size_t)entry_max, sizeof(*settler->ids));
        settler->adopt = calloc((size_t)entry_max, sizeof(*settler->adopt));
    }
    if (!settler || !settler->order || !settler->ids || !settler->adopt) {
        flash_settler_free(settler);
        return flash_error_set(err, FLASH_ERROR_RETRY, "settle: out of memory");
    }
    if (!flash_settle_call_new(&settler->call, err) ||
        !flash_redis_sync_new(config, &settler->redis, err)) {
        flash_settler_free(settler);
        return false;
    }
    *ret_settler = settler;
    return true;
}

void flash_settler_free(struct flash_settler *settler)
{
    if (settler) {
        flash_redis_sync_free(settler->redis);
        flash_settle_call_free(settler->call);
        free(settler->order);
        free(settler->ids);
        free(settler->adopt);
        free(settler);
    }
}

/* ---- calls ---- */

static void begin(struct flash_settler *settler, int64_t sku)
{
    flash_settle_call_begin(settler->call, sku, settler->generation);
}

static bool queue_call(struct flash_settler *settler, struct flash_error *err)
{
    return flash_redis_sync_queue(settler->redis, flash_settle_call_finish(settler->call), err);
}

/* Takes one answer; false unless it is OK. *ret_reply is the caller's to free when true. */
static bool take_ok(struct flash_settler *settler, int64_t sku,
                    struct flash_redis_reply **ret_reply, struct flash_error *err)
{
    struct flash_redis_reply *reply;
    const struct flash_redis_call about = {.sku = sku};
    if (!flash_redis_sync_take(settler->redis, &reply, err)) {
        settler->refused_sku = sku;
        return false;
    }
    if (flash_settle_accepted(&about, reply, err)) {
        *ret_reply = reply;
        return true;
    }
    settler->refused_sku = sku;
    flash_redis_reply_free(reply);
    return false;
}

/* ---- the clean ---- */

static int by_sku(const void *a, const void *b, void *batch)
{
    const struct flash_batch_entry *entries = ((const struct flash_batch *)batch)->entries;
    int x = *(const int *)a, y = *(const int *)b;
    int64_t p = entries[x].sku, q = entries[y].sku;
    return p < q ? -1 : p > q ? 1 : x - y;
}

/* Lists the entries with a verdict, by SKU, with their ids and how each is to be settled. */
static void list_entries(struct flash_settler *settler, const struct flash_batch *batch)
{
    int count = 0;
    for (int i = 0; i < batch->message_count; i++) {
        const struct flash_batch_entry *entry = &batch->entries[i];
        bool unparked = entry->fate == FLASH_FATE_UNPARKED;
        if (entry->fate == FLASH_FATE_APPLY || entry->fate == FLASH_FATE_DUPLICATE || unparked) {
            settler->order[count++] = i;
            bool drops = entry->type == FLASH_ENTRY_RESERVE || entry->type == FLASH_ENTRY_PAY ||
                         entry->type == FLASH_ENTRY_TAKE;
            settler->adopt[i] =
                !entry->clean || !drops || unparked || entry->generation != settler->generation;
            snprintf(settler->ids[i], sizeof(settler->ids[i]), "%llu-%llu",
                     (unsigned long long)entry->stream_us, (unsigned long long)entry->stream_r);
        }
    }
    qsort_r(settler->order, (size_t)count, sizeof(*settler->order), by_sku, (void *)batch);
    settler->entry_count = count;
}

/* One past the last entry of the call that begins at from: same SKU, no more than fit. */
static int end_of_clean(const struct flash_settler *settler, const struct flash_batch *batch,
                        int from)
{
    int to = from;
    int64_t sku = batch->entries[settler->order[from]].sku;
    while (to < settler->entry_count && to - from < FLASH_SETTLE_CLEAN &&
           batch->entries[settler->order[to]].sku == sku) {
        to++;
    }
    return to;
}

/* An entry that was not in the journal is settled already, or Redis has forgotten it: adopting
 * tells (rule 5). */
static void mark_missing(struct flash_settler *settler, struct flash_text id, int from, int to)
{
    for (int k = from; k < to; k++) {
        int i = settler->order[k];
        if (strlen(settler->ids[i]) == id.len && memcmp(settler->ids[i], id.at, id.len) == 0) {
            settler->adopt[i] = true;
        }
    }
}

/* Queues calls from settler->from on, as many as the queue holds. */
static bool queue_clean(struct flash_settler *settler, const struct flash_batch *batch,
                        struct flash_error *err)
{
    settler->to = settler->from;
    for (int n = 0; n < FLASH_REDIS_SYNC_QUEUE && settler->to < settler->entry_count; n++) {
        int from = settler->to, to = end_of_clean(settler, batch, from);
        begin(settler, batch->entries[settler->order[from]].sku);
        for (int k = from; k < to; k++) {
            const struct flash_batch_entry *entry = &batch->entries[settler->order[k]];
            if (!settler->adopt[settler->order[k]]) {
                flash_settle_call_add_clean(settler->call, entry->stream_us, entry->stream_r);
            }
        }
        if (!queue_call(settler, err)) {
            return false;
        }
        settler->to = to;
    }
    return true;
}

/* Of a SKU that Redis refuses nothing more is told: the batch is read again. */
static void leave_out(struct flash_settler *settler, int from, int to)
{
    for (int k = from; k < to; k++) {
        settler->adopt[settler->order[k]] = false;
    }
}

static bool take_clean(struct flash_settler *settler, const struct flash_batch *batch,
                       struct flash_error *err)
{
    bool ok = true;
    for (int from = settler->from, to; from < settler->to; from = to) {
        struct flash_redis_reply *reply;
        to = end_of_clean(settler, batch, from);
        if (!take_ok(settler, batch->entries[settler->order[from]].sku, &reply, err)) {
            if (err->kind == FLASH_ERROR_UNKNOWN) {
                return false; /* the connection is gone, and with it the other answers */
            }
            leave_out(settler, from, to);
            settler->counts.refused++;
            ok = false;
            continue;
        }
        for (size_t n = 2; n < flash_redis_reply_count(reply); n++) {
            mark_missing(settler, flash_redis_reply_text(flash_redis_reply_at(reply, n)), from, to);
        }
        for (int k = from; k < to; k++) {
            settler->counts.dropped += !settler->adopt[settler->order[k]];
        }
        flash_redis_reply_free(reply);
    }
    return ok;
}

/* A batch may have more SKUs than calls fit in the queue. One that is refused leaves the others;
 * then *ret_all is false. */
static bool settle_clean(struct flash_settler *settler, const struct flash_batch *batch,
                         bool *ret_all, struct flash_error *err)
{
    *ret_all = true;
    for (settler->from = 0; settler->from < settler->entry_count; settler->from = settler->to) {
        if (!queue_clean(settler, batch, err)) {
            return false;
        }
        if (!take_clean(settler, batch, err)) {
            if (err->kind == FLASH_ERROR_UNKNOWN) {
                return false;
            }
            *ret_all = false;
        }
    }
    return true;
}

/* ---- what Redis had forgotten ---- */

/* The SKU is not sold any more until a recovery (rule 5). Any answer is fine: another generation
 * means that one is under way. A crash before this leaves the gate open; the audit finds the rest.
 */
static bool close_gate(struct flash_settler *settler, struct flash_error *err)
{
    char generation[24];
    int len = snprintf(generation, sizeof(generation), "%lld", (long long)settler->generation);
    const char *const argv[] = {generation, "", "forgotten"};
    const size_t lens[] = {(size_t)len, 0, strlen("forgotten")};
    const struct flash_redis_call call = {.script = FLASH_SCRIPT_GATE,
                                          .sku = settler->forgetful_sku,
                                          .argc = 3,
                                          .argv = argv,
                                          .argv_len = lens};
    struct flash_redis_reply *reply;
    if (settler->forgetful_sku == 0) {
        return true;
    }
    if (!flash_redis_sync_call(settler->redis, &call, &reply, err)) {
        return false;
    }
    flash_redis_reply_free(reply);
    settler->counts.closed_sku = settler->forgetful_sku;
    settler->forgetful_sku = 0;
    return true;
}

/* ---- the rest, line by line ---- */

static void add_entry(struct flash_settler *settler, struct flash_batch *batch, int i)
{
    const struct flash_batch_entry *entry = &batch->entries[i];
    flash_settle_call_begin_entry(settler->call, entry->stream_us, entry->stream_r);
    for (int n = 0; n < entry->line_count; n++) {
        int at = entry->first_line + n;
        const struct flash_batch_line *line = &batch->lines[at];
        const struct flash_batch_row *row = flash_batch_row(batch, at);
        const struct flash_text ref = {line->order_id + line->ref_at,
                                       (size_t)(line->order_id_len - line->ref_at)};
        if (entry->type == FLASH_ENTRY_TAKE && !entry->clean) {
            flash_settle_call_give_back(settler->call, ref);
        } else if (row->state != FLASH_STATE_NONE) {
            flash_settle_call_add_line(settler->call, &(struct flash_settle_line){
                                                          .ref = ref,
                                                          .state = row->state,
                                                          .version = row->version,
                                                          .quantity = row->quantity,
                                                          .user = row->user,
                                                          .payment = row->payment,
                                                          .due_s = row->due_s,
                                                      });
        }
    }
}

/* Orders learnt from an entry of this generation were lost by a Redis that has not been recovered;
 * those of older ones are what a recovery replays. */
static bool note_learnt(struct flash_settler *settler, int64_t sku, int learnt,
                        struct flash_error *err)
{
    settler->counts.learnt += learnt;
    settler->forgetful_sku = learnt > 0 && settler->fresh ? sku : 0;
    return close_gate(settler, err);
}

/* The call that begins at the k-th entry: what is to be adopted of one SKU; one past its last. */
static int fill_adoption(struct flash_settler *settler, struct flash_batch *batch, int k)
{
    int64_t sku = batch->entries[settler->order[k]].sku;
    begin(settler, sku);
    settler->fresh = false;
    for (; k < settler->entry_count && !flash_settle_call_full(settler->call) &&
           batch->entries[settler->order[k]].sku == sku;
         k++) {
        if (settler->adopt[settler->order[k]]) {
            int i = settler->order[k];
            add_entry(settler, batch, i);
            settler->fresh |= batch->entries[i].generation == settler->generation;
        }
    }
    return k;
}

/* A refusal is that SKU's alone: the others are told all the same. */
static bool adopt_entries(struct flash_settler *settler, struct flash_batch *batch,
                          struct flash_error *err)
{
    bool ok = true;
    for (int k = 0; k < settler->entry_count;) {
        struct flash_redis_reply *reply;
        int64_t sku = batch->entries[settler->order[k]].sku;
        k = fill_adoption(settler, batch, k);
        int entries = flash_settle_call_entries(settler->call);
        if (entries == 0) {
            continue;
        }
        if (!queue_call(settler, err)) {
            return false;
        }
        if (!take_ok(settler, sku, &reply, err)) {
            if (err->kind == FLASH_ERROR_UNKNOWN) {
                return false;
            }
            settler->counts.refused++;
            ok = false;
            continue;
        }
        settler->counts.adopted += entries;
        int learnt = (int)flash_redis_reply_int(flash_redis_reply_at(reply, 1));
        flash_redis_reply_free(reply);
        if (!note_learnt(settler, sku, learnt, err)) {
            return false;
        }
    }
    return ok;
}

static bool settle_listed(struct flash_settler *settler, struct flash_batch *batch,
                          struct flash_error *err)
{
    bool all;
    return settle_clean(settler, batch, &all, err) && adopt_entries(settler, batch, err) && all;
}

void flash_settle_under(struct flash_settler *settler, int64_t generation)
{
    settler->generation = generation;
}

bool flash_settle(struct flash_settler *settler, struct flash_batch *batch,
                  struct flash_settle_counts *ret_counts, struct flash_error *err)
{
    settler->counts = (struct flash_settle_counts){0};
    list_entries(settler, batch);
    bool ok = close_gate(settler, err);
    ok = ok && settle_listed(settler, batch, err);
    *ret_counts = settler->counts;
    return ok;
}

bool flash_settle_answers(struct flash_settler *settler, struct flash_error *err)
{
    return flash_redis_sync_ping(settler->redis, err);
}

bool flash_settle_possible(struct flash_settler *settler, struct flash_error *err)
{
    struct flash_redis_reply *reply;
    if (!settler->refused_sku) {
        return flash_settle_answers(settler, err);
    }
    begin(settler, settler->refused_sku);
    if (!queue_call(settler, err) || !take_ok(settler, settler->refused_sku, &reply, err)) {
        return false;
    }
    flash_redis_reply_free(reply);
    return true;
}
