/* One order in Redis and in the ledger, and the word for how they differ. Pure. */
#ifndef RECONCILER_AUDIT_ORDER_H
#define RECONCILER_AUDIT_ORDER_H

#include "audit_list.h"
#include "flash/record.h"

#define FLASH_AUDIT_RECORD_MAX 320 /* letter, four numbers, a user and two payments */

struct flash_audit_order {
    char id[FLASH_ORDER_ID_MAX + 1]; /* "<sku>.<ref>" */
    uint8_t id_len, ref_at;
    char record[FLASH_AUDIT_RECORD_MAX + 1]; /* as Redis stores it; empty: none */
    int record_len;
    bool open;              /* the entry of its last change is in the journal */
    bool parked;            /* a transition of it waits in the ledger */
    bool changed;           /* Redis had another record afterwards */
    enum flash_state state; /* of the ledger's row; NONE: there is none */
    int version, quantity;
    char user[FLASH_USER_MAX + 1], payment[FLASH_PAYMENT_ID_MAX + 1];
};

/* Names it; false: the texts are too long to be an order's. */
FLASH_MUST_CHECK bool flash_audit_order_name(struct flash_audit_order *order, int64_t sku,
                                             struct flash_text ref);
/* Keeps the record; what is longer than any record is cut and so is none. */
void flash_audit_order_record(struct flash_audit_order *order, struct flash_text record, bool open);
/* Whether record and row say different things, and nothing under way explains it. */
bool flash_audit_order_differs(const struct flash_audit_order *order);
/* Adds how it differs, if it does. */
void flash_audit_order_judge(const struct flash_audit_order *order, int64_t sku,
                             struct flash_audit_list *list);

#endif
