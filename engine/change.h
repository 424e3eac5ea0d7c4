/* The transitions of an order: pay, cancel, return. They gather in a lane of their SKU and kind, go
 * to lua/pay or lua/release together, and are answered with what was decided there (DESIGN §4). */
#ifndef ENGINE_CHANGE_H
#define ENGINE_CHANGE_H

#include "answer.h"
#include "worker.h"

struct flash_change_query {
    enum flash_change_kind kind;
    int64_t sku;
    struct flash_text ref;
    struct flash_text user;    /* whose order it must be; empty: anybody's */
    struct flash_text payment; /* PAY */
    bool durable;              /* answered only when Kafka has acknowledged the entry */
    bool or_return;            /* CANCEL: a paid order is returned instead */
};

/* Decides query and answers request, now or later; texts are copied. */
void flash_change_submit(struct flash_worker *worker, struct flash_request *request,
                         const struct flash_change_query *query);
/* Sends what is due in sku's lanes. */
void flash_change_turn(struct flash_worker *worker, struct flash_sku *sku);
/* Refuses what waits in sku's lanes: what they wait for cannot be asked. */
void flash_change_refuse_waiting(struct flash_worker *worker, struct flash_sku *sku);

#endif
