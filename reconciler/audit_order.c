/* The comparison of a record with its row; see audit_order.h.
 *
 * An accepted record (A) whose entry is settled is CREATED. Versions rise with each change, in
 * Redis first: a row in front of its record, or a row without one, is something Redis forgot; a
 * record in front whose entry is settled has nothing to show for it. */
#include "audit_order.h"

#include <stdio.h>
#include <string.h>

bool flash_audit_order_name(struct flash_audit_order *order, int64_t sku, struct flash_text ref)
{
    *order = (struct flash_audit_order){0};
    if (ref.len > FLASH_REF_MAX) {
        return false;
    }
    int len = snprintf(order->id, sizeof(order->id), "%lld.", (long long)sku);
    order->ref_at = (uint8_t)len;
    memcpy(order->id + len, ref.at, ref.len);
    order->id_len = (uint8_t)((size_t)len + ref.len);
    return true;
}

void flash_audit_order_record(struct flash_audit_order *order, struct flash_text record, bool open)
{
    size_t len = record.len < FLASH_AUDIT_RECORD_MAX ? record.len : FLASH_AUDIT_RECORD_MAX;
    memcpy(order->record, record.at, len);
    order->record[len] = '\0';
    order->record_len = (int)len;
    order->open = open;
}

static bool is(struct flash_text text, const char *other)
{
    return text.len == strlen(other) && memcmp(text.at, other, text.len) == 0;
}

static bool half_way(enum flash_state state)
{
    return state == FLASH_STATE_CANCELLING || state == FLASH_STATE_EXPIRING ||
           state == FLASH_STATE_RETURNING;
}

static int64_t held_by_row(const struct flash_audit_order *order)
{
    return order->state && flash_state_holds(order->state) ? order->quantity : 0;
}

/* *ret_off: units Redis holds more than the ledger. False: they agree. */
static bool judge(const struct flash_audit_order *order, enum flash_cause *ret_cause,
                  int64_t *ret_off)
{
    struct flash_record record;
    struct flash_text text = {order->record, (size_t)order->record_len};
    *ret_off = -held_by_row(order);
    *ret_cause = FLASH_CAUSE_FORGOTTEN;
    if (text.len == 0) {
        return order->state != FLASH_STATE_NONE;
    }
    *ret_cause = FLASH_CAUSE_PHANTOM;
    if (!flash_record_parse(text, &record)) {
        return true;
    }
    bool accepted = record.state == FLASH_STATE_QUEUED;
    enum flash_state state = accepted ? FLASH_STATE_CREATED : record.state;
    *ret_off += flash_state_holds(state) ? record.quantity : 0;
    bool other = order->state == FLASH_STATE_NONE || record.quantity != order->quantity ||
                 !is(record.user, order->user);
    if (other || (state == order->state && record.version == order->version)) {
        return other || !is(record.payment, order->payment);
    }
    *ret_cause = record.version <= order->version ? FLASH_CAUSE_FORGOTTEN
                 : half_way(state)                ? FLASH_CAUSE_STUCK
                                                  : FLASH_CAUSE_PHANTOM;
    return true;
}

bool flash_audit_order_differs(const struct flash_audit_order *order)
{
    enum flash_cause cause;
    int64_t off;
    return !order->open && !order->parked && !order->changed && judge(order, &cause, &off);
}

void flash_audit_order_judge(const struct flash_audit_order *order, int64_t sku,
                             struct flash_audit_list *list)
{
    struct flash_finding finding = {.sku = sku, .partition = -1, .offset = -1};
    struct flash_record record;
    struct flash_text text = {order->record, (size_t)order->record_len};
    if (!flash_audit_order_differs(order) || !judge(order, &finding.cause, &finding.quantity)) {
        return;
    }
    memcpy(finding.order_id, order->id, order->id_len);
    bool readable = flash_record_parse(text, &record);
    flash_audit_list_add(list, &finding, "Redis has %s version %d, the ledger %s version %d",
                         !text.len  ? "nothing"
                         : readable ? flash_state_name(record.state)
                                    : "no record",
                         text.len && readable ? record.version : 0, flash_state_name(order->state),
                         order->version);
}
