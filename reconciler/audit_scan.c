/* Pages of orders and users; see audit_scan.h. */
#include "audit_scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COST_UNIT 16

static int64_t sku_of(const struct flash_audit_order *order)
{
    int64_t sku = 0;
    struct flash_text text = {order->id, (size_t)order->ref_at - 1};
    return flash_sku_parse(text, &sku) ? sku : 0;
}

/* ---- Redis, by cursor ---- */

static bool hand_out(const struct flash_audit_scan *scan, const struct flash_redis_reply *page,
                     struct flash_error *err)
{
    struct flash_audit_item items[FLASH_AUDIT_PAGE];
    size_t width = scan->users ? 2 : 3, count = flash_redis_reply_count(page) / width;
    for (size_t first = 0; first < count; first += FLASH_AUDIT_PAGE) {
        int n = 0;
        for (size_t i = first; i < count && n < FLASH_AUDIT_PAGE; i++, n++) {
            const struct flash_redis_reply *open =
                scan->users ? NULL : flash_redis_reply_at(page, width * i + 2);
            items[n] = (struct flash_audit_item){
                .name = flash_redis_reply_text(flash_redis_reply_at(page, width * i)),
                .value = flash_redis_reply_text(flash_redis_reply_at(page, width * i + 1)),
                .open = open && flash_redis_reply_int(open) != 0,
            };
        }
        if (!scan->page(items, n, scan->arg, err)) {
            return false;
        }
    }
    return true;
}

struct scanning {
    const struct flash_audit_scan *scan;
    char cursor[24];
    int64_t items; /* of the last page */
};

static bool read_page(struct flash_audit *audit, struct scanning *scanning, struct flash_error *err)
{
    const struct flash_audit_scan *scan = scanning->scan;
    char size[16];
    snprintf(size, sizeof(size), "%d", FLASH_AUDIT_PAGE);
    const char *const argv[] = {scan->users ? "users" : "orders", scanning->cursor, size};
    const size_t len[] = {strlen(argv[0]), strlen(argv[1]), strlen(argv[2])};
    const struct flash_redis_call call = {
        .script = FLASH_SCRIPT_PAGE, .sku = scan->sku, .argc = 3, .argv = argv, .argv_len = len};
    struct flash_redis_reply *reply;
    if (!flash_redis_sync_call(audit->redis, &call, &reply, err)) {
        return false;
    }
    struct flash_text next = flash_redis_reply_text(flash_redis_reply_at(reply, 1));
    const struct flash_redis_reply *page = flash_redis_reply_at(reply, 2);
    snprintf(scanning->cursor, sizeof(scanning->cursor), "%.*s", (int)next.len, next.at);
    scanning->items = (int64_t)flash_redis_reply_count(page) / (scan->users ? 2 : 3);
    bool ok = hand_out(scan, page, err);
    flash_redis_reply_free(reply);
    return ok;
}

bool flash_audit_scan(struct flash_audit *audit, const struct flash_audit_scan *scan,
                      struct flash_error *err)
{
    struct scanning scanning = {.scan = scan, .cursor = "0"};
    do {
        if (!read_page(audit, &scanning, err)) {
            return false;
        }
    } while (flash_audit_may_go_on(audit, scanning.items * scan->cost / COST_UNIT + 1) &&
             strcmp(scanning.cursor, "0") != 0);
    return true;
}

/* ---- Redis, by name ---- */

static struct flash_text record_at(const struct flash_redis_reply *reply, int i)
{
    return flash_redis_reply_text(flash_redis_reply_at(reply, 2 + 2 * (size_t)i));
}

struct asked {
    const struct flash_audit_order *orders;
    int count;
};

static bool look_for(struct flash_audit *audit, const struct asked *asked,
                     struct flash_redis_reply **ret_reply, struct flash_error *err)
{
    const char *argv[1 + FLASH_AUDIT_PAGE] = {""};
    size_t len[1 + FLASH_AUDIT_PAGE] = {0};
    for (int i = 0; i < asked->count; i++) {
        const struct flash_audit_order *order = &asked->orders[i];
        argv[1 + i] = order->id + order->ref_at;
        len[1 + i] = (size_t)(order->id_len - order->ref_at);
    }
    const struct flash_redis_call call = {.script = FLASH_SCRIPT_LOOK,
                                          .sku = sku_of(&asked->orders[0]),
                                          .argc = 1 + asked->count,
                                          .argv = argv,
                                          .argv_len = len};
    return flash_redis_sync_call(audit->redis, &call, ret_reply, err);
}

bool flash_audit_read_records(struct flash_audit *audit, struct flash_audit_order *orders,
                              int count, struct flash_error *err)
{
    struct flash_redis_reply *reply;
    if (!look_for(audit, &(struct asked){orders, count}, &reply, err)) {
        return false;
    }
    for (int i = 0; i < count; i++) {
        bool open = flash_redis_reply_int(flash_redis_reply_at(reply, 3 + 2 * (size_t)i)) != 0;
        flash_audit_order_record(&orders[i], record_at(reply, i), open);
    }
    flash_redis_reply_free(reply);
    return true;
}

bool flash_audit_note_changed(struct flash_audit *audit, struct flash_audit_order *orders,
                              int count, struct flash_error *err)
{
    struct flash_redis_reply *reply;
    if (!look_for(audit, &(struct asked){orders, count}, &reply, err)) {
        return false;
    }
    for (int i = 0; i < count; i++) {
        struct flash_text record = record_at(reply, i);
        orders[i].changed =
            record.len != (size_t)orders[i].record_len ||
            (record.len > 0 && memcmp(record.at, orders[i].record, record.len) != 0);
    }
    flash_redis_reply_free(reply);
    return true;
}

/* ---- the ledger, by name ---- */

struct rows {
    struct flash_audit_order *orders;
    int count;
    const struct flash_audit_order *sorted[FLASH_AUDIT_PAGE];
};

static int by_id(const void *a, const void *b)
{
    const struct flash_audit_order *x = *(const struct flash_audit_order *const *)a;
    const struct flash_audit_order *y = *(const struct flash_audit_order *const *)b;
    return strcmp(x->id, y->id);
}

static void sort_rows(struct flash_audit *audit, struct rows *rows)
{
    for (int i = 0; i < rows->count; i++) {
        rows->sorted[i] = &rows->orders[i];
    }
    qsort(rows->sorted, (size_t)rows->count, sizeof(rows->sorted[0]), by_id);
    for (int i = 0; i < rows->count; i++) {
        audit->keys[i] = flash_value_bytes(rows->sorted[i]->id, rows->sorted[i]->id_len);
    }
}

static struct flash_audit_order *find(const struct rows *rows, struct flash_text id)
{
    struct flash_audit_order wanted = {0};
    const struct flash_audit_order *key = &wanted;
    if (id.len > FLASH_ORDER_ID_MAX) {
        return NULL;
    }
    memcpy(wanted.id, id.at, id.len);
    const struct flash_audit_order **found =
        bsearch(&key, rows->sorted, (size_t)rows->count, sizeof(rows->sorted[0]), by_id);
    return found ? &rows->orders[*found - rows->orders] : NULL;
}

static void put(char *out, size_t size, struct flash_text text)
{
    size_t len = text.len < size ? text.len : size - 1;
    memcpy(out, text.at ? text.at : "", len);
    out[len] = '\0';
}

/* order, state, version, quantity, user, payment. */
static bool take_row(const struct flash_value *cells, int count, void *arg)
{
    struct flash_audit_order *order = find(arg, cells[0].bytes);
    (void)count;
    if (order) {
        order->state = flash_state_from_ledger_code(cells[1].number);
        order->version = (int)cells[2].number;
        order->quantity = (int)cells[3].number;
        put(order->user, sizeof(order->user), cells[4].bytes);
        put(order->payment, sizeof(order->payment), cells[5].bytes);
    }
    return true;
}

bool flash_audit_read_orders(struct flash_audit *audit, struct flash_audit_order *orders, int count,
                             struct flash_error *err)
{
    struct rows rows = {.orders = orders, .count = count};
    for (int i = 0; i < count; i++) {
        orders[i].state = FLASH_STATE_NONE;
        orders[i].version = orders[i].quantity = 0;
    }
    sort_rows(audit, &rows);
    const struct flash_query_in query = {
        .sql = "SELECT order_id, state, version, qty, user_id, payment_id FROM reservation "
               "WHERE order_id IN (%s)",
        .keys = audit->keys,
        .key_count = count,
        .column_count = 6,
        .row = take_row,
        .arg = &rows,
    };
    return flash_mysql_query_in(audit->mysql, &query, err);
}

static bool take_parked(const struct flash_value *cells, int count, void *arg)
{
    struct flash_audit_order *order = find(arg, cells[0].bytes);
    (void)count;
    if (order) {
        order->parked = true;
    }
    return true;
}

bool flash_audit_read_parked(struct flash_audit *audit, struct flash_audit_order *orders, int count,
                             struct flash_error *err)
{
    struct rows rows = {.orders = orders, .count = count};
    sort_rows(audit, &rows);
    const struct flash_query_in query = {
        .sql = "SELECT order_id FROM parked WHERE order_id IN (%s)",
        .keys = audit->keys,
        .key_count = count,
        .column_count = 1,
        .row = take_parked,
        .arg = &rows,
    };
    return flash_mysql_query_in(audit->mysql, &query, err);
}
