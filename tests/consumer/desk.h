/* A ledger in memory, at whose desk batches are judged: what it holds is read into a batch as
 * ledger_look.c does and what was judged is written back as the transaction would.
 *
 * Every commit checks what must hold after any batch (DESIGN §9): stock adds up to its base and to
 * the rows, and stock_log leads from the stock before to the stock after. */
#ifndef FLASH_TESTS_CONSUMER_DESK_H
#define FLASH_TESTS_CONSUMER_DESK_H

#include "../../consumer/plan.h"

#define DESK_SKU 42
#define DESK_ROWS 4096
#define DESK_DUE 1763719800 /* s: the deadline of every reserve entry */

struct desk_row {
    char order_id[FLASH_ORDER_ID_MAX + 1];
    enum flash_state state; /* NONE: no order, the reference of a take */
    int version, quantity, line_no;
    int64_t sku, due_s;
    char user[FLASH_USER_MAX + 1], payment[FLASH_PAYMENT_ID_MAX + 1];
    struct flash_uuid entry; /* that made it */
};

struct desk_stock {
    int64_t sku, base, available, reserved, sold, inflows;
    bool flagged;
};

struct desk_refund {
    char order_id[FLASH_ORDER_ID_MAX + 1], payment[FLASH_PAYMENT_ID_MAX + 1];
    enum flash_state met;
};

struct desk_verdict {
    struct flash_uuid entry;
    bool clean, fenced;
};

struct desk_parked {
    int number, line_no, from_version; /* number: of the entry, as desk_add was given it */
    char order_id[FLASH_ORDER_ID_MAX + 1];
    char value[FLASH_ENTRY_BYTES_MAX];
    size_t len;
};

struct desk {
    struct flash_batch batch; /* judged, until the next desk_add */
    struct flash_plan plan;
    bool judged;
    struct desk_row rows[DESK_ROWS];
    struct desk_stock stocks[8];
    struct desk_refund refunds[DESK_ROWS];
    struct desk_verdict verdicts[DESK_ROWS];
    struct desk_parked *parked[DESK_ROWS];
    int row_count, stock_count, refund_count, verdict_count, parked_count;
};

/* One line of an entry; what its type does not carry is left out. ref NULL ends a list. */
struct desk_line {
    const char *ref, *user;
    int quantity, from_version;
    const char *payment;
};

/* cmocka's setup and teardown; *state is the desk, with 100 units of DESK_SKU. */
int desk_open(void **state);
int desk_close(void **state);

void desk_stock(struct desk *desk, int64_t sku, int64_t base);
struct desk_stock *desk_stock_of(struct desk *desk, int64_t sku);
/* A row of DESK_SKU that is there already, of 2 units of user "u"; stock is moved accordingly. */
struct desk_row *desk_row(struct desk *desk, const char *ref, enum flash_state state, int version);
/* NULL when there is none. */
struct desk_row *desk_find(struct desk *desk, const char *ref);
bool desk_refunds(const struct desk *desk, const char *ref, const char *payment);

/* Adds an entry of DESK_SKU to the batch; the same number makes the same bytes. */
void desk_add(struct desk *desk, int number, enum flash_entry_type type,
              const struct desk_line *lines);
#define DESK_ADD(desk, number, type, ...)                                                          \
    desk_add(desk, number, type, (const struct desk_line[]){__VA_ARGS__, {.ref = NULL}})
/* Likewise, of any SKU. */
struct desk_entry {
    int number;
    int64_t sku;
    enum flash_entry_type type;
    const struct desk_line *lines;
};
void desk_add_entry(struct desk *desk, const struct desk_entry *entry);

/* Judges the batch and commits. */
void desk_commit(struct desk *desk);
/* Judges one parked line whose row has got there, by itself; false when there is none, else
 * *ret_parked is which it was. */
bool desk_unpark(struct desk *desk, struct desk_parked *ret_parked);

/* That stock adds up to its base and to the rows. */
void desk_check(const struct desk *desk);
struct flash_uuid desk_uuid(int number);
/* The fate of line n of the batch's entry i. */
enum flash_line_fate desk_fate(const struct desk *desk, int i, int n);

#endif
