/* Refund rows: pages in the order of their keys, and the one change they know; see refund.h.
 *
 * The key begins with the SKU, so a filter by SKU is a range of it. A refund is marked done by one
 * UPDATE that only finds what is due; who finds nothing reads why. */
#include "refund.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "flash/state.h"
#include "flash/time.h"
#include "ledger.h"

#define COLUMNS "order_id, payment_id, state_met, created_at_ms, done_at_ms, done_reference"

enum refund_column { ORDER, PAYMENT, MET, CREATED, DONE, REFERENCE, REFUND_COLUMNS };

/* What is due is found by an index, however much is done. */
#define LIST(index, which)                                                                         \
    "SELECT " COLUMNS " FROM refund FORCE INDEX (" index ") WHERE " which                          \
    "order_id >= ? AND order_id < ? AND (order_id > ? OR payment_id > ?) "                         \
    "ORDER BY order_id, payment_id LIMIT ?"
static const char *const list_queries[] = {
    [FLASH_REFUND_DUE] = LIST("refund_due", "done_at_ms IS NULL AND "),
    [FLASH_REFUND_DONE] = LIST("PRIMARY", "done_at_ms IS NOT NULL AND "),
    [FLASH_REFUND_ALL] = LIST("PRIMARY", ""),
};

static json_t *time_json(int64_t ms)
{
    char text[FLASH_TIME_TEXT];
    flash_time_format_ms(ms, text);
    return json_string(text);
}

static json_t *text_json(const struct flash_value *cell)
{
    return json_stringn(cell->bytes.at, cell->bytes.len);
}

/* Owned; NULL when memory is short. */
static json_t *refund_json(const struct flash_value *cells)
{
    const struct flash_text order = cells[ORDER].bytes;
    const char *dot = memchr(order.at, '.', order.len);
    json_t *refund = json_object();
    json_object_set_new(refund, "order_id", text_json(&cells[ORDER]));
    json_object_set_new(refund, "sku",
                        json_stringn(order.at, dot ? (size_t)(dot - order.at) : order.len));
    json_object_set_new(refund, "payment_id", text_json(&cells[PAYMENT]));
    json_object_set_new(refund, "state", json_string(cells[DONE].null ? "due" : "done"));
    json_object_set_new(
        refund, "order_status",
        json_string(flash_state_name(flash_state_from_ledger_code(cells[MET].number))));
    json_object_set_new(refund, "created_at", time_json(cells[CREATED].number));
    if (!cells[DONE].null) {
        json_object_set_new(refund, "done_at", time_json(cells[DONE].number));
        json_object_set_new(refund, "reference", text_json(&cells[REFERENCE]));
    }
    return refund;
}

/* ---- the list ---- */

struct listing {
    const struct flash_refund_list_form *form;
    json_t *rows; /* owned, of the last run */
    struct flash_refund_key last;
    bool more; /* rows behind the last */
};

static bool take_listed(const struct flash_value *cells, int count, void *arg)
{
    struct listing *listing = arg;
    (void)count;
    if ((int64_t)json_array_size(listing->rows) == listing->form->limit) {
        listing->more = true;
        return false;
    }
    json_array_append_new(listing->rows, refund_json(cells));
    flash_value_copy(&cells[ORDER], listing->last.order_id, sizeof(listing->last.order_id));
    flash_value_copy(&cells[PAYMENT], listing->last.payment_id, sizeof(listing->last.payment_id));
    return true;
}

static enum flash_work list_work(struct flash_mysql *mysql, void *arg, struct flash_error *err)
{
    struct listing *listing = arg;
    const struct flash_refund_list_form *form = listing->form;
    const struct flash_order_range range = flash_order_range_of(form->sku);
    const char *from =
        strcmp(form->after.order_id, range.first) > 0 ? form->after.order_id : range.first;
    const struct flash_value params[] = {
        flash_value_text(from),
        flash_value_text(range.end),
        flash_value_text(form->after.order_id),
        flash_value_text(form->after.payment_id),
        flash_value_int(form->limit + 1),
    };
    const struct flash_query query = {.sql = list_queries[form->filter],
                                      .params = params,
                                      .param_count = 5,
                                      .column_count = REFUND_COLUMNS,
                                      .row = take_listed,
                                      .arg = listing};
    json_decref(listing->rows);
    listing->rows = json_array();
    listing->more = false;
    return flash_mysql_query(mysql, &query, err) ? FLASH_WORK_LEAVE : FLASH_WORK_FAILED;
}

void flash_refund_list(struct flash_job *job, struct flash_stores *stores)
{
    struct listing listing = {.form = &job->form.refunds};
    struct flash_error err = {0};
    enum flash_ledger_end end = flash_ledger_read(stores->mysql, list_work, &listing, &err);
    job->answer.refusal = flash_ledger_refusal(end, job, &err);
    if (job->answer.refusal != FLASH_REFUSE_NOTHING) {
        json_decref(listing.rows);
        return;
    }
    json_t *list = json_pack("{s:o}", "refunds", listing.rows);
    if (listing.more) {
        char cursor[FLASH_REFUND_CURSOR_TEXT];
        flash_refund_cursor(&listing.last, cursor);
        json_object_set_new(list, "next_cursor", json_string(cursor));
    }
    job->answer.status = 200;
    job->answer.body = json_dumps(list, JSON_COMPACT);
    json_decref(list);
}

/* ---- done ---- */

struct marking {
    const struct flash_job *job;
    json_t *refund; /* owned, as it is now; NULL: there is none */
    bool same;      /* its reference is the one that was given */
};

static bool mark(struct flash_mysql *mysql, const struct flash_refund_form *form, bool *ret_marked,
                 struct flash_error *err)
{
    const struct flash_value params[] = {
        flash_value_int((int64_t)flash_time_wall_ms()),
        flash_value_text(form->reference),
        flash_value_text(form->key.order_id),
        flash_value_text(form->key.payment_id),
    };
    int64_t affected = 0;
    bool ok = flash_mysql_exec(mysql,
                               "UPDATE refund SET done_at_ms = ?, done_reference = ? "
                               "WHERE order_id = ? AND payment_id = ? AND done_at_ms IS NULL",
                               params, 4, &affected, err);
    *ret_marked = affected > 0;
    return ok;
}

static bool sign(struct flash_mysql *mysql, const struct flash_job *job, struct flash_error *err)
{
    const struct flash_refund_form *form = &job->form.refund;
    char detail[sizeof(*form) + 40];
    snprintf(detail, sizeof(detail), "order %s, payment %s, reference %s", form->key.order_id,
             form->key.payment_id, form->reference);
    const struct flash_change change = {"refund.done", 200, detail};
    return flash_ledger_sign(mysql, job, &change, err);
}

static bool take_marked(const struct flash_value *cells, int count, void *arg)
{
    struct marking *marking = arg;
    const char *reference = marking->job->form.refund.reference;
    (void)count;
    marking->refund = refund_json(cells);
    marking->same = !cells[REFERENCE].null && cells[REFERENCE].bytes.len == strlen(reference) &&
                    memcmp(cells[REFERENCE].bytes.at, reference, strlen(reference)) == 0;
    return true;
}

static bool look(struct flash_mysql *mysql, struct marking *marking, struct flash_error *err)
{
    const struct flash_refund_key *key = &marking->job->form.refund.key;
    const struct flash_value params[] = {flash_value_text(key->order_id),
                                         flash_value_text(key->payment_id)};
    const struct flash_query query = {.sql = "SELECT " COLUMNS
                                             " FROM refund WHERE order_id = ? AND payment_id = ?",
                                      .params = params,
                                      .param_count = 2,
                                      .column_count = REFUND_COLUMNS,
                                      .row = take_marked,
                                      .arg = marking};
    json_decref(marking->refund); /* of an earlier run */
    marking->refund = NULL;
    return flash_mysql_query(mysql, &query, err);
}

static enum flash_work done_work(struct flash_mysql *mysql, void *arg, struct flash_error *err)
{
    struct marking *marking = arg;
    bool marked;
    if (!mark(mysql, &marking->job->form.refund, &marked, err) ||
        (marked && !sign(mysql, marking->job, err)) || !look(mysql, marking, err)) {
        return FLASH_WORK_FAILED;
    }
    return marked ? FLASH_WORK_COMMIT : FLASH_WORK_LEAVE;
}

void flash_refund_done(struct flash_job *job, struct flash_stores *stores)
{
    struct marking marking = {.job = job};
    struct flash_answer *answer = &job->answer;
    struct flash_error err = {0};
    enum flash_ledger_end end = flash_ledger_run(stores->mysql, done_work, &marking, &err);
    answer->refusal = flash_ledger_refusal(end, job, &err);
    if (answer->refusal == FLASH_REFUSE_NOTHING && !marking.refund) {
        answer->refusal = FLASH_REFUSE_NO_REFUND;
    } else if (answer->refusal == FLASH_REFUSE_NOTHING && !marking.same) {
        answer->refusal = FLASH_REFUSE_ALREADY_DONE;
        answer->members = json_dumps(marking.refund, JSON_COMPACT | JSON_EMBED);
    } else if (answer->refusal == FLASH_REFUSE_NOTHING) {
        answer->status = 200;
        answer->body = json_dumps(marking.refund, JSON_COMPACT);
    }
    json_decref(marking.refund);
}
