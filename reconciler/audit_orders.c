/* The sweep: every order of a SKU in Redis against its row, and every row without a record.
 *
 *     Redis, page by page ──▶ rows ──▶ those that differ ──▶ doubts
 *     ledger, page by page: what the first way did not meet ──▶ doubts
 *     doubts: records, parked lines, rows, records again; twice, a second apart
 *
 * On its way the sweep sums up what each user holds, for audit_users.c. Duplicates within a page
 * (a cursor may repeat) are dropped: the set of orders met knows them. */
#include <stdlib.h>
#include <string.h>

#include "audit_scan.h"
#include "audit_users.h"
#include "flash/time.h"

#define AGAIN_US 1000000
#define SWEEP_COST 16
#define IDS_PER_PAGE 1000
#define DOUBTS_MAX 1024 /* of a SKU: more differences than that are not told one by one */

struct sweep {
    struct flash_audit *audit;
    int64_t sku;
    struct flash_audit_set met;     /* orders, by ref */
    struct flash_audit_set *users;  /* what each holds */
    struct flash_audit_order *page; /* FLASH_AUDIT_PAGE */
    int count;
    struct flash_audit_order *doubts; /* DOUBTS_MAX */
    int doubt_count;
    char place[FLASH_ORDER_ID_MAX + 1]; /* the ledger's page: its last order */
    size_t place_len;
    int rows;
};

/* ---- doubts ---- */

/* Leaves those of the page in it that differ for sure. */
static bool look_closely(struct sweep *sweep, struct flash_audit_order *orders, int *count,
                         struct flash_error *err)
{
    int kept = 0;
    if (*count == 0) {
        return true;
    }
    for (int i = 0; i < *count; i++) {
        orders[i].parked = orders[i].changed = false;
    }
    if (!flash_audit_read_records(sweep->audit, orders, *count, err) ||
        !flash_audit_read_parked(sweep->audit, orders, *count, err) ||
        !flash_audit_read_orders(sweep->audit, orders, *count, err) ||
        !flash_audit_note_changed(sweep->audit, orders, *count, err)) {
        return false;
    }
    for (int i = 0; i < *count; i++) {
        if (flash_audit_order_differs(&orders[i])) {
            orders[kept++] = orders[i];
        }
    }
    *count = kept;
    return true;
}

/* The orders in sweep->page differ at first sight. */
static bool doubt_page(struct sweep *sweep, struct flash_error *err)
{
    if (!look_closely(sweep, sweep->page, &sweep->count, err)) {
        return false;
    }
    for (int i = 0; i < sweep->count && sweep->doubt_count < DOUBTS_MAX; i++) {
        sweep->doubts[sweep->doubt_count++] = sweep->page[i];
    }
    sweep->count = 0;
    return true;
}

static bool look_again(struct sweep *sweep, struct flash_audit_list *list, struct flash_error *err)
{
    uint64_t until_us = flash_time_monotonic_us() + AGAIN_US;
    const struct flash_audit_ask *ask = sweep->audit->ask;
    if (sweep->doubt_count > 0 && !ask->pause(until_us, ask->arg)) {
        sweep->audit->done->stopped = true;
        return true;
    }
    for (int first = 0; first < sweep->doubt_count; first += FLASH_AUDIT_PAGE) {
        int left = sweep->doubt_count - first;
        int count = left < FLASH_AUDIT_PAGE ? left : FLASH_AUDIT_PAGE;
        if (!look_closely(sweep, sweep->doubts + first, &count, err)) {
            return false;
        }
        sweep->audit->done->gone += (left < FLASH_AUDIT_PAGE ? left : FLASH_AUDIT_PAGE) - count;
        for (int i = 0; i < count; i++) {
            flash_audit_order_judge(&sweep->doubts[first + i], sweep->sku, list);
        }
    }
    return true;
}

/* ---- from Redis ---- */

static void sum_up(struct sweep *sweep, struct flash_text text)
{
    struct flash_record record;
    if (flash_record_parse(text, &record) && flash_state_holds(record.state)) {
        int64_t *held = flash_audit_set_get(sweep->users, flash_audit_hash(record.user), NULL);
        if (held) {
            *held += record.quantity;
        }
    }
}

static bool take_page(const struct flash_audit_item *items, int count, void *arg,
                      struct flash_error *err)
{
    struct sweep *sweep = arg;
    for (int i = 0; i < count; i++) {
        struct flash_audit_order *order = &sweep->page[sweep->count];
        bool fresh = false;
        flash_audit_set_get(&sweep->met, flash_audit_hash(items[i].name), &fresh);
        if (fresh && flash_audit_order_name(order, sweep->sku, items[i].name)) {
            flash_audit_order_record(order, items[i].value, items[i].open);
            sum_up(sweep, items[i].value);
            sweep->count++;
        }
    }
    sweep->audit->done->orders += sweep->count;
    if (!flash_audit_read_orders(sweep->audit, sweep->page, sweep->count, err)) {
        return false;
    }
    int differ = 0;
    for (int i = 0; i < sweep->count; i++) {
        if (flash_audit_order_differs(&sweep->page[i])) {
            sweep->page[differ++] = sweep->page[i];
        }
    }
    sweep->count = differ;
    return doubt_page(sweep, err);
}

/* ---- from the ledger ---- */

static bool take_id(const struct flash_value *cells, int count, void *arg)
{
    struct sweep *sweep = arg;
    struct flash_text id = cells[0].bytes, ref;
    int64_t sku;
    (void)count;
    sweep->rows++;
    if (id.len > FLASH_ORDER_ID_MAX) {
        return true;
    }
    memcpy(sweep->place, id.at, id.len);
    sweep->place_len = id.len;
    if (flash_order_id_parse(id, &sku, &ref) &&
        !flash_audit_set_find(&sweep->met, flash_audit_hash(ref)) &&
        flash_audit_order_name(&sweep->page[sweep->count], sku, ref)) {
        sweep->count++;
    }
    return sweep->count < FLASH_AUDIT_PAGE; /* the rest comes with the next page */
}

static bool sweep_ledger(struct sweep *sweep, struct flash_error *err)
{
    const struct flash_order_range range = flash_order_range_of(sweep->sku);
    bool more = true;
    sweep->place_len = strlen(range.first);
    memcpy(sweep->place, range.first, sweep->place_len);
    while (more) {
        const struct flash_value params[] = {flash_value_bytes(sweep->place, sweep->place_len),
                                             flash_value_text(range.end),
                                             flash_value_int(IDS_PER_PAGE)};
        const struct flash_query query = {
            .sql = "SELECT order_id FROM reservation WHERE order_id > ? AND order_id < ? "
                   "ORDER BY order_id LIMIT ?",
            .params = params,
            .param_count = 3,
            .column_count = 1,
            .row = take_id,
            .arg = sweep,
        };
        sweep->rows = 0;
        if (!flash_mysql_query(sweep->audit->mysql, &query, err)) {
            return false;
        }
        more = sweep->rows == IDS_PER_PAGE || sweep->count == FLASH_AUDIT_PAGE;
        if (!doubt_page(sweep, err)) {
            return false;
        }
        more = flash_audit_may_go_on(sweep->audit, sweep->rows / SWEEP_COST + 1) && more;
    }
    return true;
}

static bool run(struct sweep *sweep, struct flash_audit_list *list, struct flash_error *err)
{
    const struct flash_audit_scan scan = {
        .sku = sweep->sku, .cost = SWEEP_COST, .page = take_page, .arg = sweep};
    if (!flash_audit_scan(sweep->audit, &scan, err)) {
        return false;
    }
    if (!sweep->met.full && !sweep->audit->done->stopped && !sweep_ledger(sweep, err)) {
        return false;
    }
    bool whole = !sweep->met.full && !sweep->users->full;
    sweep->audit->done->undecided += !whole;
    const struct flash_audit_counts counts = {sweep->sku, sweep->users, list};
    return look_again(sweep, list, err) &&
           (!whole || sweep->audit->done->stopped || flash_audit_users(sweep->audit, &counts, err));
}

bool flash_audit_orders(struct flash_audit *audit, int64_t sku, struct flash_audit_list *list,
                        struct flash_error *err)
{
    struct flash_audit_set users = {0};
    struct sweep sweep = {.audit = audit, .sku = sku, .users = &users};
    sweep.page = calloc(FLASH_AUDIT_PAGE, sizeof(*sweep.page));
    sweep.doubts = calloc(DOUBTS_MAX, sizeof(*sweep.doubts));
    bool ok = sweep.page && sweep.doubts
                  ? run(&sweep, list, err)
                  : flash_error_set(err, FLASH_ERROR_RETRY, "audit: out of memory");
    flash_audit_set_finish(&sweep.met);
    flash_audit_set_finish(&users);
    free(sweep.page);
    free(sweep.doubts);
    return ok;
}
