/* A ledger in memory; see desk.h. */
#include "desk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../core/entry_text.h"

#define LINE_AIM 4096

/* The messages' texts are the test's. */
void flash_message_free(struct flash_message *message)
{
    free(message->handle);
}

int desk_open(void **state)
{
    struct desk *desk = calloc(1, sizeof(*desk));
    assert_non_null(desk);
    assert_true(flash_batch_init(&desk->batch, LINE_AIM));
    assert_true(flash_plan_init(&desk->plan, desk->batch.message_max, desk->batch.line_max));
    desk_stock(desk, DESK_SKU, 100);
    *state = desk;
    return 0;
}

int desk_close(void **state)
{
    struct desk *desk = *state;
    flash_batch_finish(&desk->batch);
    flash_plan_finish(&desk->plan);
    for (int i = 0; i < desk->parked_count; i++) {
        free(desk->parked[i]);
    }
    free(desk);
    return 0;
}

/* ---- what is there ---- */

void desk_stock(struct desk *desk, int64_t sku, int64_t base)
{
    assert_true(desk->stock_count < 8);
    desk->stocks[desk->stock_count++] =
        (struct desk_stock){.sku = sku, .base = base, .available = base};
}

struct desk_stock *desk_stock_of(struct desk *desk, int64_t sku)
{
    for (int i = 0; i < desk->stock_count; i++) {
        if (desk->stocks[i].sku == sku) {
            return &desk->stocks[i];
        }
    }
    return NULL;
}

static struct desk_row *find_row(struct desk *desk, const char *order_id)
{
    for (int i = 0; i < desk->row_count; i++) {
        if (strcmp(desk->rows[i].order_id, order_id) == 0) {
            return &desk->rows[i];
        }
    }
    return NULL;
}

struct desk_row *desk_find(struct desk *desk, const char *ref)
{
    char order_id[FLASH_ORDER_ID_MAX + 1];
    (void)snprintf(order_id, sizeof(order_id), "%d.%s", DESK_SKU, ref);
    return find_row(desk, order_id);
}

static struct desk_row *new_row(struct desk *desk, const char *order_id)
{
    assert_true(desk->row_count < DESK_ROWS);
    assert_null(find_row(desk, order_id));
    struct desk_row *row = &desk->rows[desk->row_count++];
    *row = (struct desk_row){.sku = DESK_SKU};
    (void)snprintf(row->order_id, sizeof(row->order_id), "%s", order_id);
    return row;
}

struct desk_row *desk_row(struct desk *desk, const char *ref, enum flash_state state, int version)
{
    char order_id[FLASH_ORDER_ID_MAX + 1];
    struct desk_stock *stock = desk_stock_of(desk, DESK_SKU);
    int64_t reserved = state == FLASH_STATE_CREATED ? 2 : 0;
    int64_t sold = state == FLASH_STATE_PAID ? 2 : 0;
    (void)snprintf(order_id, sizeof(order_id), "%d.%s", DESK_SKU, ref);
    struct desk_row *row = new_row(desk, order_id);
    row->state = state;
    row->version = version;
    row->quantity = 2;
    row->due_s = DESK_DUE;
    (void)snprintf(row->user, sizeof(row->user), "u");
    stock->available -= reserved + sold;
    stock->reserved += reserved;
    stock->sold += sold;
    return row;
}

bool desk_refunds(const struct desk *desk, const char *ref, const char *payment)
{
    char order_id[FLASH_ORDER_ID_MAX + 1];
    (void)snprintf(order_id, sizeof(order_id), "%d.%s", DESK_SKU, ref);
    for (int i = 0; i < desk->refund_count; i++) {
        if (strcmp(desk->refunds[i].order_id, order_id) == 0 &&
            strcmp(desk->refunds[i].payment, payment) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- the batch ---- */

struct flash_uuid desk_uuid(int number)
{
    uint8_t random[10] = {0};
    memcpy(random + 6, &number, sizeof(number));
    return flash_uuid_v7((uint64_t)number, random);
}

static struct flash_text text_of(const char *text)
{
    return (struct flash_text){text, text ? strlen(text) : 0};
}

/* Hands the batch a copy of value. */
static struct flash_message message_of(const char *value, size_t len, int64_t offset)
{
    char *copy = malloc(len + 1);
    assert_non_null(copy);
    memcpy(copy, value, len);
    return (struct flash_message){.offset = offset, .value = {copy, len}, .handle = copy};
}

void desk_add_entry(struct desk *desk, const struct desk_entry *from)
{
    static struct flash_entry entry;
    static char value[FLASH_ENTRY_BYTES_MAX + 1];
    if (desk->judged) {
        flash_batch_reset(&desk->batch);
        desk->judged = false;
    }
    entry = (struct flash_entry){.type = from->type,
                                 .id = desk_uuid(from->number),
                                 .sku = from->sku,
                                 .generation = 1,
                                 .stream_us = (uint64_t)from->number + 1,
                                 .due_s = from->type == FLASH_ENTRY_RESERVE ? DESK_DUE : 0};
    entry.stream_r = flash_uuid_low64(&entry.id);
    for (const struct desk_line *line = from->lines; line->ref; line++) {
        entry.lines[entry.line_count++] =
            (struct flash_entry_line){.ref = text_of(line->ref),
                                      .user = text_of(line->user),
                                      .quantity = line->quantity,
                                      .from_version = line->from_version,
                                      .payment = text_of(line->payment),
                                      .reason = text_of("broken")};
    }
    size_t len = entry_text(&entry, value);
    struct flash_message message = message_of(value, len, from->number);
    assert_false(flash_batch_full(&desk->batch));
    flash_batch_add(&desk->batch, &message);
    const struct flash_batch_entry *added = &desk->batch.entries[desk->batch.message_count - 1];
    if (added->fate == FLASH_FATE_DEAD) {
        fail_msg("%s: %s", added->reason, value);
    }
}

void desk_add(struct desk *desk, int number, enum flash_entry_type type,
              const struct desk_line *lines)
{
    desk_add_entry(desk, &(struct desk_entry){number, DESK_SKU, type, lines});
}

enum flash_line_fate desk_fate(const struct desk *desk, int i, int n)
{
    return desk->batch.lines[desk->batch.entries[i].first_line + n].fate;
}

/* ---- the transaction ---- */

static struct desk_verdict *find_verdict(struct desk *desk, const struct flash_uuid *entry)
{
    for (int i = 0; i < desk->verdict_count; i++) {
        if (memcmp(desk->verdicts[i].entry.bytes, entry->bytes, sizeof(entry->bytes)) == 0) {
            return &desk->verdicts[i];
        }
    }
    return NULL;
}

/* What ledger_look.c does. */
static void look(struct desk *desk)
{
    struct flash_batch *batch = &desk->batch;
    flash_plan_unify(batch);
    for (int i = 0; i < batch->message_count; i++) {
        struct flash_batch_entry *entry = &batch->entries[i];
        const struct desk_verdict *verdict = find_verdict(desk, &entry->id);
        if (entry->fate == FLASH_FATE_APPLY && verdict) {
            entry->fate = FLASH_FATE_DUPLICATE;
            entry->clean = verdict->clean;
            entry->fenced = verdict->fenced;
        }
    }
    for (int i = 0; i < batch->line_count; i++) {
        const struct desk_row *row = find_row(desk, batch->lines[i].order_id);
        if (row && batch->lines[i].row_at == i) {
            *flash_batch_row(batch, i) = (struct flash_batch_row){
                .found = true,
                .state = row->state,
                .version = row->version,
                .quantity = row->quantity,
                .due_s = row->due_s,
                .user = flash_batch_keep(batch, text_of(row->user)),
                .payment = row->payment[0] ? flash_batch_keep(batch, text_of(row->payment))
                                           : (struct flash_text){NULL, 0},
            };
        }
    }
}

static void write_row(struct desk *desk, const struct flash_batch_line *line)
{
    const struct flash_batch_row *from = &line->row;
    assert_false(from->made && from->found);
    if (from->taken) {
        new_row(desk, line->order_id)->state = FLASH_STATE_NONE; /* the reference is known now */
    }
    if (!from->made && !from->changed) {
        return;
    }
    struct desk_row *row =
        from->made ? new_row(desk, line->order_id) : find_row(desk, line->order_id);
    assert_non_null(row);
    if (from->made) {
        const struct flash_batch_line *maker = &desk->batch.lines[from->made_by];
        const struct flash_batch_entry *entry = &desk->batch.entries[maker->entry];
        row->sku = entry->sku;
        row->entry = entry->id;
        row->line_no = from->made_by - entry->first_line;
        row->quantity = from->quantity;
        row->due_s = from->due_s;
        (void)snprintf(row->user, sizeof(row->user), "%.*s", (int)from->user.len, from->user.at);
    }
    assert_true(row->version <= from->version); /* never back */
    assert_int_equal(row->quantity, from->quantity);
    row->state = from->state;
    row->version = from->version;
    (void)snprintf(row->payment, sizeof(row->payment), "%.*s", (int)from->payment.len,
                   from->payment.len ? from->payment.at : "");
}

static void park(struct desk *desk, int i)
{
    const struct flash_batch_line *line = &desk->batch.lines[i];
    const struct flash_message *message = &desk->batch.messages[line->entry];
    struct desk_parked *parked = malloc(sizeof(*parked));
    assert_non_null(parked);
    assert_true(desk->parked_count < DESK_ROWS);
    parked->number = (int)message->offset;
    parked->line_no = desk->batch.parked_line >= 0
                          ? desk->batch.parked_line
                          : i - desk->batch.entries[line->entry].first_line;
    parked->from_version = line->from_version;
    memcpy(parked->order_id, line->order_id, sizeof(parked->order_id));
    memcpy(parked->value, message->value.at, message->value.len);
    parked->len = message->value.len;
    desk->parked[desk->parked_count++] = parked;
}

static void write_lines(struct desk *desk)
{
    for (int i = 0; i < desk->batch.line_count; i++) {
        const struct flash_batch_line *line = &desk->batch.lines[i];
        struct desk_refund refund = {.met = flash_batch_row(&desk->batch, i)->state};
        if (line->row_at == i) {
            write_row(desk, line);
        }
        if (line->refund) {
            memcpy(refund.order_id, line->order_id, sizeof(refund.order_id));
            (void)snprintf(refund.payment, sizeof(refund.payment), "%.*s", (int)line->payment.len,
                           line->payment.at);
            desk->refunds[desk->refund_count++] = refund;
        }
        if (line->fate == FLASH_LINE_PARKED) {
            park(desk, i);
        }
    }
}

static void write_verdicts(struct desk *desk)
{
    for (int i = 0; i < desk->batch.message_count; i++) {
        const struct flash_batch_entry *entry = &desk->batch.entries[i];
        if (entry->fate == FLASH_FATE_APPLY) {
            assert_null(find_verdict(desk, &entry->id));
            desk->verdicts[desk->verdict_count++] =
                (struct desk_verdict){.entry = entry->id, .clean = entry->clean};
        }
    }
}

/* Logs lead from the stock before to the stock after, each from where the one before it ended. */
static void check_log(struct desk *desk, const struct flash_plan_sku *sku, int64_t before)
{
    for (int i = 0; i < desk->plan.log_count; i++) {
        const struct flash_plan_log *log = &desk->plan.logs[i];
        const struct flash_batch_entry *entry = &desk->batch.entries[log->entry];
        if (entry->sku == sku->sku) {
            assert_int_equal(log->before, before);
            assert_int_equal(log->line < 0, entry->type == FLASH_ENTRY_RESERVE);
            before = log->after;
        }
    }
    assert_int_equal(before, sku->available);
}

static void write_stock(struct desk *desk)
{
    for (int i = 0; i < desk->plan.sku_count; i++) {
        const struct flash_plan_sku *sku = &desk->plan.skus[i];
        struct desk_stock *stock = desk_stock_of(desk, sku->sku);
        assert_true(i == 0 || desk->plan.skus[i - 1].sku < sku->sku);
        assert_int_equal(sku->to_available + sku->to_reserved + sku->to_sold, sku->to_base);
        if (stock) {
            check_log(desk, sku, stock->available);
            stock->base += sku->to_base;
            stock->inflows += sku->to_inflows;
            assert_int_equal(stock->inflows, sku->inflows);
            stock->available += sku->to_available;
            stock->reserved += sku->to_reserved;
            stock->sold += sku->to_sold;
            stock->flagged |= sku->shortage;
            assert_int_equal(stock->available, sku->available);
        }
    }
}

void desk_commit(struct desk *desk)
{
    assert_false(desk->judged);
    flash_plan_collect(&desk->plan, &desk->batch);
    for (int i = 0; i < desk->plan.sku_count; i++) {
        struct flash_plan_sku *sku = &desk->plan.skus[i];
        const struct desk_stock *stock = desk_stock_of(desk, sku->sku);
        sku->known = stock != NULL;
        sku->available = stock ? stock->available : 0;
        sku->inflows = stock ? stock->inflows : 0;
    }
    look(desk);
    flash_plan_judge(&desk->plan, &desk->batch);
    desk->judged = true;
    write_verdicts(desk);
    write_lines(desk);
    write_stock(desk);
    desk_check(desk);
}

bool desk_unpark(struct desk *desk, struct desk_parked *ret_parked)
{
    for (int i = 0; i < desk->parked_count; i++) {
        struct desk_parked *parked = desk->parked[i];
        const struct desk_row *row = find_row(desk, parked->order_id);
        if (row && row->version >= parked->from_version) {
            struct flash_message message = message_of(parked->value, parked->len, parked->number);
            *ret_parked = *parked;
            free(parked);
            desk->parked[i] = desk->parked[--desk->parked_count];
            flash_batch_set_parked(&desk->batch, &message, ret_parked->line_no);
            desk->judged = false;
            desk_commit(desk);
            return true;
        }
    }
    return false;
}
