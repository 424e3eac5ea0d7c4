/* The ledger by itself: every reservation and every log row of a SKU, in one snapshot, by pages.
 *
 *   reserved, sold  = what its reservations in CREATED, in PAID hold
 *   available       = base less that = the sum of the log = what the log's last row leaves
 *   base            = the sum of the log's inflows and takes
 *   each log row begins where the one before ended
 *   the log's reserves, cancels, expiries and returns = the reservations that came so far */
#include <stdio.h>
#include <string.h>

#include "audit_internal.h"
#include "flash/state.h"
#include "flash/time.h"

#define ROWS_PER_PAGE 2000
#define ROWS_PER_CHARGE 20 /* rows that cost as much as one order of the sweep */
#define PARKED_LATE_MS 60000
#define LOG_TYPES 14 /* stock_log.type is below */
#define TYPE_TAKE 6
#define TYPE_CREATE 11 /* this, restock, adjust: inflows */

struct books {
    struct flash_audit *audit;
    int64_t sku;
    struct flash_audit_list *list;
    int64_t base, available, reserved, sold, flagged; /* the stock row */
    char place[FLASH_ORDER_ID_MAX + 1];               /* the last order of the page */
    size_t place_len;
    int64_t page_rows;
    int64_t held[FLASH_STATE_COUNT];      /* units of the reservations, by state */
    int64_t log_place, logged[LOG_TYPES]; /* the last row's id; sums of quantity by type */
    int64_t log_after, breaks, broken_id; /* of the last row; rows that do not follow */
};

static void add(struct books *books, enum flash_cause cause, int64_t quantity, const char *text)
{
    const struct flash_finding finding = {
        .cause = cause, .sku = books->sku, .partition = -1, .offset = -1, .quantity = quantity};
    flash_audit_list_add(books->list, &finding, "%s", text);
}

/* Two numbers that should be the same. */
struct weight {
    enum flash_cause cause;
    const char *what;
    int64_t is, should_be;
};

static void weigh(struct books *books, const struct weight *weights, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct weight *weight = &weights[i];
        char text[FLASH_FINDING_DETAIL];
        if (weight->is != weight->should_be) {
            snprintf(text, sizeof(text), "%s: %lld, expected %lld", weight->what,
                     (long long)weight->is, (long long)weight->should_be);
            add(books, weight->cause, weight->is - weight->should_be, text);
        }
    }
}

/* ---- reading ---- */

static bool take_stock(const struct flash_value *cells, int count, void *arg)
{
    struct books *books = arg;
    (void)count;
    books->base = cells[0].number;
    books->available = cells[1].number;
    books->reserved = cells[2].number;
    books->sold = cells[3].number;
    books->flagged = cells[4].number;
    return true;
}

static bool read_stock(struct books *books, struct flash_error *err)
{
    const struct flash_value param = flash_value_int(books->sku);
    const struct flash_query query = {
        .sql = "SELECT base, available, reserved, sold, flagged FROM stock WHERE sku = ?",
        .params = &param,
        .param_count = 1,
        .column_count = 5,
        .row = take_stock,
        .arg = books,
    };
    return flash_mysql_query(books->audit->mysql, &query, err);
}

/* The last order of the page, its rows, then units by reservation.state from 1 on. */
static bool take_page(const struct flash_value *cells, int count, void *arg)
{
    struct books *books = arg;
    books->page_rows = cells[1].number;
    if (cells[0].null || cells[0].bytes.len >= sizeof(books->place)) {
        return true;
    }
    memcpy(books->place, cells[0].bytes.at, cells[0].bytes.len);
    books->place_len = cells[0].bytes.len;
    for (int code = 1; code + 1 < count; code++) {
        books->held[flash_state_from_ledger_code(code)] += cells[code + 1].number;
    }
    return true;
}

static bool read_reservations(struct books *books, struct flash_error *err)
{
    const struct flash_order_range range = flash_order_range_of(books->sku);
    books->place_len = strlen(range.first);
    memcpy(books->place, range.first, books->place_len);
    do {
        const struct flash_value params[] = {flash_value_bytes(books->place, books->place_len),
                                             flash_value_text(range.end),
                                             flash_value_int(ROWS_PER_PAGE)};
        const struct flash_query query = {
            .sql = "SELECT MAX(order_id), COUNT(*), SUM(CASE state WHEN 1 THEN qty ELSE 0 END), "
                   "SUM(CASE state WHEN 2 THEN qty ELSE 0 END), "
                   "SUM(CASE state WHEN 3 THEN qty ELSE 0 END), "
                   "SUM(CASE state WHEN 4 THEN qty ELSE 0 END), "
                   "SUM(CASE state WHEN 5 THEN qty ELSE 0 END), "
                   "SUM(CASE state WHEN 6 THEN qty ELSE 0 END), "
                   "SUM(CASE state WHEN 7 THEN qty ELSE 0 END) FROM "
                   "(SELECT order_id, state, qty FROM reservation "
                   "WHERE order_id > ? AND order_id < ? ORDER BY order_id LIMIT ?) page",
            .params = params,
            .param_count = 3,
            .column_count = 9,
            .row = take_page,
            .arg = books,
        };
        if (!flash_mysql_query(books->audit->mysql, &query, err)) {
            return false;
        }
    } while (flash_audit_may_go_on(books->audit, books->page_rows / ROWS_PER_CHARGE) &&
             books->page_rows == ROWS_PER_PAGE);
    return true;
}

/* id, type, quantity, before, after. */
static bool take_log(const struct flash_value *cells, int count, void *arg)
{
    struct books *books = arg;
    int64_t type = cells[1].number;
    (void)count;
    books->page_rows++;
    books->log_place = cells[0].number;
    books->logged[type >= 0 && type < LOG_TYPES ? type : 0] += cells[2].number;
    if (cells[3].number != books->log_after ||
        cells[3].number + cells[2].number != cells[4].number) {
        books->broken_id = books->breaks++ ? books->broken_id : cells[0].number;
    }
    books->log_after = cells[4].number;
    return true;
}

static bool read_log(struct books *books, struct flash_error *err)
{
    do {
        const struct flash_value params[] = {flash_value_int(books->sku),
                                             flash_value_int(books->log_place),
                                             flash_value_int(ROWS_PER_PAGE)};
        const struct flash_query query = {
            .sql = "SELECT id, type, quantity, available_before, available_after FROM stock_log "
                   "WHERE sku = ? AND id > ? ORDER BY id LIMIT ?",
            .params = params,
            .param_count = 3,
            .column_count = 5,
            .row = take_log,
            .arg = books,
        };
        books->page_rows = 0;
        if (!flash_mysql_query(books->audit->mysql, &query, err)) {
            return false;
        }
    } while (flash_audit_may_go_on(books->audit, books->page_rows / ROWS_PER_CHARGE) &&
             books->page_rows == ROWS_PER_PAGE);
    return true;
}

/* ---- judging ---- */

static void judge_stock(struct books *books)
{
    const int64_t *held = books->held;
    int64_t inflows = books->logged[TYPE_TAKE];
    for (int type = TYPE_CREATE; type < LOG_TYPES; type++) {
        inflows += books->logged[type];
    }
    const struct weight weights[] = {
        {FLASH_CAUSE_COUNTER, "reserved and the reservations in CREATED", books->reserved,
         held[FLASH_STATE_CREATED]},
        {FLASH_CAUSE_COUNTER, "sold and the reservations in PAID", books->sold,
         held[FLASH_STATE_PAID]},
        {FLASH_CAUSE_COUNTER, "available and base less what is held", books->available,
         books->base - held[FLASH_STATE_CREATED] - held[FLASH_STATE_PAID]},
        {FLASH_CAUSE_LOG, "the log's inflows and takes, and base", inflows, books->base},
    };
    weigh(books, weights, sizeof(weights) / sizeof(weights[0]));
}

static void judge_log(struct books *books)
{
    const int64_t *held = books->held, *logged = books->logged;
    int64_t sum = 0, made = held[FLASH_STATE_CREATED] + held[FLASH_STATE_PAID] +
                            held[FLASH_STATE_CANCELLED] + held[FLASH_STATE_EXPIRED] +
                            held[FLASH_STATE_RETURNED];
    for (int type = 0; type < LOG_TYPES; type++) {
        sum += logged[type];
    }
    const struct weight weights[] = {
        {FLASH_CAUSE_LOG, "stock_log, its sum and available", sum, books->available},
        {FLASH_CAUSE_LOG, "stock_log, its last row and available", books->log_after,
         books->available},
        {FLASH_CAUSE_LOG, "stock_log, reserves and reservations", -logged[FLASH_ENTRY_RESERVE],
         made},
        {FLASH_CAUSE_LOG, "stock_log, cancels and reservations", logged[FLASH_ENTRY_CANCEL],
         held[FLASH_STATE_CANCELLED]},
        {FLASH_CAUSE_LOG, "stock_log, expiries and reservations", logged[FLASH_ENTRY_EXPIRE],
         held[FLASH_STATE_EXPIRED]},
        {FLASH_CAUSE_LOG, "stock_log, returns and reservations", logged[FLASH_ENTRY_RETURN],
         held[FLASH_STATE_RETURNED]},
    };
    weigh(books, weights, sizeof(weights) / sizeof(weights[0]));
    if (books->breaks) {
        char text[FLASH_FINDING_DETAIL];
        snprintf(text, sizeof(text), "stock_log: %lld rows do not follow, the first is id %lld",
                 (long long)books->breaks, (long long)books->broken_id);
        add(books, FLASH_CAUSE_LOG, 0, text);
    }
}

static void judge(struct books *books)
{
    int64_t lost = books->held[FLASH_STATE_FAILED_SHORTAGE];
    judge_stock(books);
    judge_log(books);
    if (lost > 0) {
        add(books, FLASH_CAUSE_SHORTAGE, lost, "the ledger had no stock for orders of so many");
    }
}

/* ---- what waits and what was given up ---- */

static bool take_parked(const struct flash_value *cells, int count, void *arg)
{
    struct books *books = arg;
    struct flash_finding finding = {.cause = FLASH_CAUSE_PARKED,
                                    .sku = books->sku,
                                    .has_entry = true,
                                    .partition = (int)cells[2].number,
                                    .offset = cells[3].number,
                                    .age_ms = (int64_t)flash_time_wall_ms() - cells[4].number};
    (void)count;
    snprintf(finding.order_id, sizeof(finding.order_id), "%.*s", (int)cells[0].bytes.len,
             cells[0].bytes.at);
    if (cells[1].bytes.len == sizeof(finding.entry)) {
        memcpy(&finding.entry, cells[1].bytes.at, sizeof(finding.entry));
    }
    flash_audit_list_add(books->list, &finding, "its transition waits for an earlier one");
    return true;
}

static bool read_parked(struct books *books, struct flash_error *err)
{
    const struct flash_order_range range = flash_order_range_of(books->sku);
    const struct flash_value params[] = {
        flash_value_text(range.first), flash_value_text(range.end),
        flash_value_int((int64_t)flash_time_wall_ms() - PARKED_LATE_MS)};
    const struct flash_query query = {
        .sql = "SELECT order_id, entry_id, partition_no, kafka_offset, parked_at_ms FROM parked "
               "WHERE order_id > ? AND order_id < ? AND parked_at_ms < ? LIMIT 1000",
        .params = params,
        .param_count = 3,
        .column_count = 5,
        .row = take_parked,
        .arg = books,
    };
    return flash_mysql_query(books->audit->mysql, &query, err);
}

static bool take_dead(const struct flash_value *cells, int count, void *arg)
{
    const struct flash_finding finding = {.cause = FLASH_CAUSE_DEAD,
                                          .partition = (int)cells[0].number,
                                          .offset = cells[1].number,
                                          .age_ms =
                                              (int64_t)flash_time_wall_ms() - cells[3].number};
    (void)count;
    flash_audit_list_add(arg, &finding, "%.*s", (int)cells[2].bytes.len, cells[2].bytes.at);
    return true;
}

bool flash_audit_dead(struct flash_audit *audit, struct flash_audit_list *list,
                      struct flash_error *err)
{
    const struct flash_query query = {
        .sql = "SELECT partition_no, kafka_offset, reason, created_at_ms FROM dead_letter "
               "ORDER BY id DESC LIMIT 1000",
        .column_count = 4,
        .row = take_dead,
        .arg = list,
    };
    return flash_mysql_query(audit->mysql, &query, err);
}

bool flash_audit_books(struct flash_audit *audit, int64_t sku, struct flash_audit_list *list,
                       struct flash_error *err)
{
    struct books books = {.audit = audit, .sku = sku, .list = list};
    bool ok = flash_mysql_begin_snapshot(audit->mysql, err) && read_stock(&books, err) &&
              read_reservations(&books, err) && read_log(&books, err) && read_parked(&books, err);
    flash_mysql_rollback(audit->mysql);
    if (ok && !audit->done->stopped) {
        judge(&books);
    }
    return ok;
}
