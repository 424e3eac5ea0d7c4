/* Pages of rows into pipelined calls of lua/settle; see sweep.h.
 *
 * While Redis works on the calls of a page, the next page is read from the ledger: some hundred KB,
 * of which the sockets' buffers hold most, or sending them would wait for Redis.
 *
 * A call's lines make entries of which no journal has the id, so it only adopts. The CREATED
 * lines of one become one member of `due`, with the deadline of the last of them as its score: they
 * are ordered latest first, so that the member is due with the earliest (lua/expire then moves it
 * on).
 */
#include "sweep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flash/mysql_value.h"
#include "flash/settle.h"

#define PAGE 4096 /* rows of one look-up, and what is in flight */
#define PAGE_TEXT "4096"

struct row {
    char order_id[FLASH_ORDER_ID_MAX];
    char user[FLASH_USER_MAX];
    char payment[FLASH_PAYMENT_ID_MAX];
    uint8_t order_id_len, ref_at, user_len, payment_len;
    enum flash_state state;
    int64_t version, quantity, due_s;
};

struct flash_sweep {
    struct flash_settle_call *call;
    int count, broken; /* of rows; those whose text or state is none */
    struct row rows[PAGE];
    char after[FLASH_ORDER_ID_MAX]; /* the last key of the page before */
    size_t after_len;
    int calls, told; /* in flight, and the orders in them */
};

bool flash_sweep_new(struct flash_sweep **ret_sweep, struct flash_error *err)
{
    struct flash_sweep *sweep = calloc(1, sizeof(*sweep));
    if (!sweep) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "sweep: out of memory");
    }
    if (!flash_settle_call_new(&sweep->call, err)) {
        free(sweep);
        return false;
    }
    *ret_sweep = sweep;
    return true;
}

void flash_sweep_free(struct flash_sweep *sweep)
{
    if (sweep) {
        flash_settle_call_free(sweep->call);
        free(sweep);
    }
}

/* ---- a page of rows ---- */

static bool take_text(const struct flash_value *cell, char *out, size_t max, uint8_t *ret_len)
{
    size_t len = cell->null ? 0 : cell->bytes.len;
    if (len > max) {
        return false;
    }
    if (len > 0) {
        memcpy(out, cell->bytes.at, len);
    }
    *ret_len = (uint8_t)len;
    return true;
}

static bool take_row(const struct flash_value *cells, int count, void *arg)
{
    struct flash_sweep *sweep = arg;
    struct row *row = &sweep->rows[sweep->count];
    int64_t sku;
    struct flash_text ref;
    (void)count;
    sweep->after_len = cells[0].bytes.len;
    memcpy(sweep->after, cells[0].bytes.at, sweep->after_len);
    row->state = flash_state_from_ledger_code(cells[3].number);
    row->quantity = cells[2].number;
    row->version = cells[4].number;
    row->due_s = cells[5].number;
    bool whole = flash_order_id_parse(cells[0].bytes, &sku, &ref) &&
                 row->state != FLASH_STATE_NONE &&
                 take_text(&cells[0], row->order_id, sizeof(row->order_id), &row->order_id_len) &&
                 take_text(&cells[1], row->user, sizeof(row->user), &row->user_len) &&
                 take_text(&cells[6], row->payment, sizeof(row->payment), &row->payment_len);
    if (whole) {
        row->ref_at = (uint8_t)(cells[0].bytes.len - ref.len);
        sweep->count++;
    } else {
        sweep->broken++;
    }
    return true;
}

static bool read_page(struct flash_sweep *sweep, const struct flash_sweep_job *job,
                      struct flash_error *err)
{
    const struct flash_order_range range = flash_order_range_of(job->sku);
    const struct flash_value params[] = {
        flash_value_bytes(sweep->after, sweep->after_len),
        flash_value_text(range.end),
    };
    const struct flash_query query = {
        .sql = "SELECT order_id, user_id, qty, state, version, due, payment_id FROM reservation "
               "WHERE order_id > ? AND order_id < ? ORDER BY order_id LIMIT " PAGE_TEXT,
        .params = params,
        .param_count = 2,
        .column_count = 7,
        .row = take_row,
        .arg = sweep,
    };
    sweep->count = sweep->broken = 0;
    return flash_mysql_query(job->mysql, &query, err);
}

/* ---- and its calls ---- */

static int latest_first(const void *a, const void *b)
{
    int64_t x = ((const struct row *)a)->due_s, y = ((const struct row *)b)->due_s;
    return x > y ? -1 : x < y;
}

static void add_line(struct flash_sweep *sweep, const struct row *row)
{
    flash_settle_call_add_line(sweep->call, &(struct flash_settle_line){
                                                .ref = {row->order_id + row->ref_at,
                                                        (size_t)(row->order_id_len - row->ref_at)},
                                                .state = row->state,
                                                .version = row->version,
                                                .quantity = row->quantity,
                                                .user = {row->user, row->user_len},
                                                .payment = {row->payment, row->payment_len},
                                                .due_s = row->due_s,
                                            });
}

/* As few calls as may be: where Redis syncs its AOF after each write, a call is a sync. */
static bool send_calls(struct flash_sweep *sweep, const struct flash_sweep_job *job,
                       struct flash_error *err)
{
    sweep->calls = 0;
    sweep->told = sweep->count;
    for (int i = 0; i < sweep->count;) {
        flash_settle_call_begin(sweep->call, job->sku, job->generation);
        for (int lines = 0; lines < FLASH_SETTLE_LINES && i < sweep->count; lines++, i++) {
            if (lines % FLASH_BATCH_LINES == 0) {
                flash_settle_call_begin_entry(sweep->call, 0, 1);
            }
            add_line(sweep, &sweep->rows[i]);
        }
        if (!flash_redis_sync_queue(job->redis, flash_settle_call_finish(sweep->call), err)) {
            return false;
        }
        sweep->calls++;
    }
    return flash_redis_sync_flush(job->redis, err);
}

/* A refusal says that the SKU is damaged, unless Redis has another generation of it. */
static bool refused(const struct flash_redis_reply *reply, struct flash_error *err)
{
    bool gone = reply && flash_redis_reply_is(flash_redis_reply_at(reply, 0), "GENERATION");
    err->kind = gone ? FLASH_ERROR_RETRY : FLASH_ERROR_DATA;
    return false;
}

/* Of all calls in flight, so that none is on its way afterwards. */
static bool take_answers(struct flash_sweep *sweep, const struct flash_sweep_job *job,
                         struct flash_sweep_done *done, struct flash_error *err)
{
    const struct flash_redis_call about = {.sku = job->sku};
    bool ok = true;
    for (; sweep->calls > 0; sweep->calls--) {
        struct flash_redis_reply *reply;
        struct flash_error here = {0};
        if (!flash_redis_sync_take(job->redis, &reply, &here)) {
            *err = here;
            if (here.kind == FLASH_ERROR_UNKNOWN) {
                sweep->calls = 0;
                return false;
            }
            ok = refused(NULL, err);
            continue;
        }
        if (!flash_settle_accepted(&about, reply, &here)) {
            *err = here;
            ok = refused(reply, err);
        }
        done->learnt += ok ? flash_redis_reply_int(flash_redis_reply_at(reply, 1)) : 0;
        flash_redis_reply_free(reply);
    }
    done->orders += ok ? sweep->told : 0;
    sweep->told = 0;
    return ok;
}

static bool go_on(const struct flash_sweep_job *job, const struct flash_sweep_done *done,
                  struct flash_error *err)
{
    return job->step(done->orders, job->arg) ||
           flash_error_set(err, FLASH_ERROR_RETRY, "sweep: broken off");
}

bool flash_sweep_sku(struct flash_sweep *sweep, const struct flash_sweep_job *job,
                     struct flash_sweep_done *ret_done, struct flash_error *err)
{
    struct flash_sweep_done done = {0};
    struct flash_error ledger = {0};
    int seen = PAGE;
    sweep->calls = sweep->told = 0;
    const struct flash_order_range range = flash_order_range_of(job->sku);
    sweep->after_len = strlen(range.first);
    memcpy(sweep->after, range.first, sweep->after_len);
    while (seen == PAGE) {
        bool read = read_page(sweep, job, &ledger);
        seen = sweep->count + sweep->broken;
        if (!take_answers(sweep, job, &done, err)) {
            return false;
        }
        if (!read) {
            *err = ledger;
            return false;
        }
        if (!go_on(job, &done, err)) {
            return false;
        }
        qsort(sweep->rows, (size_t)sweep->count, sizeof(sweep->rows[0]), latest_first);
        if (!send_calls(sweep, job, err)) {
            return false;
        }
    }
    if (!take_answers(sweep, job, &done, err) || !go_on(job, &done, err)) {
        return false;
    }
    *ret_done = done;
    return true;
}
