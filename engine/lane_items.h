/* What waits in a SKU's lanes and is in flight: an order, a transition of one, a read. Taken from
 * the worker's pools, and all of its thread. */
#ifndef ENGINE_LANE_ITEMS_H
#define ENGINE_LANE_ITEMS_H

#include "flash/http.h"
#include "sku.h"

/* One order on its way to Redis and back. */
struct flash_order_line {
    struct flash_lane_item item; /* first member */
    struct flash_request *request;
    struct flash_line_group *group; /* whose request this is with others, or NULL */
    struct flash_sku *sku;
    int quantity, number; /* number: in its group */
    bool durable;         /* answered only when Kafka has acknowledged the entry */
    uint8_t ref_len, user_len;
    char ref[FLASH_REF_MAX];
    char user[FLASH_USER_MAX];
};

/* One transition of an order on its way to Redis and back. */
struct flash_change {
    struct flash_lane_item item; /* first member */
    struct flash_request *request;
    struct flash_sku *sku;
    enum flash_change_kind kind;
    bool durable;
    bool or_return; /* a cancel that meets PAID goes on as a return */
    uint8_t ref_len, user_len, payment_len;
    char ref[FLASH_REF_MAX];
    char user[FLASH_USER_MAX];          /* whose it must be; user_len 0: anybody's */
    char payment[FLASH_PAYMENT_ID_MAX]; /* PAY */
};

enum flash_read_kind {
    FLASH_READ_PRESENCE, /* is the SKU there; no request hangs on it */
    FLASH_READ_ORDER,    /* GET /v1/orders/{id} */
    FLASH_READ_WATCHER,  /* the same order again, for a held request or a stream */
    FLASH_READ_SALE,     /* the sale as it is now */
};

enum flash_sale_outcome { FLASH_SALE_READ, FLASH_SALE_ABSENT, FLASH_SALE_UNAVAILABLE };

/* One read on its way to Redis and back. */
struct flash_read {
    struct flash_lane_item item; /* first member */
    enum flash_read_kind kind;
    struct flash_sku *sku;
    struct flash_request *request; /* ORDER */
    int64_t wait_us;               /* ORDER: how long the answer may be held, 0: not at all */
    bool events;                   /* ORDER: answered by a stream of events */
    struct flash_watcher *watcher; /* WATCHER; NULL when it has left meanwhile */
    void (*sale_done)(enum flash_sale_outcome outcome, const struct flash_sku *sku, int slot,
                      void *arg); /* SALE */
    void *arg;
    int slot;
    uint8_t ref_len, user_len;
    char ref[FLASH_REF_MAX];
    char user[FLASH_USER_MAX]; /* ORDER: whose it must be; user_len 0: anybody's */
};

#endif
