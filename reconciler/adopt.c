/* Settles entries of a page in groups; see adopt.h.
 *
 * A group is what fits into one call of lua/settle. The row of an order is kept by the first of its
 * lines in the group, in the order of their ids. */
#include "adopt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flash/fault.h"
#include "flash/settle.h"

#define LINES_MAX (FLASH_SETTLE_LINES + FLASH_BATCH_LINES)
#define GROUP_ENTRIES FLASH_SETTLE_LINES

/* An order's row, as the ledger has it. */
struct row {
    enum flash_state state; /* NONE: there is no row */
    int64_t version, quantity, due_s;
    struct flash_text user, payment; /* into the texts below */
    struct flash_uuid made_by;
    char user_text[FLASH_USER_MAX], payment_text[FLASH_PAYMENT_ID_MAX];
};

struct line {
    int entry; /* of the work */
    char order_id[FLASH_ORDER_ID_MAX + 1];
    size_t len, ref_at;
    int row_at; /* the line that keeps the order's row */
    struct row row;
};

struct flash_adopter {
    struct flash_redis_sync *redis;
    struct flash_mysql *mysql;
    struct flash_settle_call *call;
    struct flash_entry scratch;
    int entries[GROUP_ENTRIES]; /* of the work */
    int entry_count, line_count;
    struct line lines[LINES_MAX];
    int order[LINES_MAX]; /* lines by order id */
    int key_count;        /* distinct orders, at the front of order while rows are looked up */
    struct flash_value keys[LINES_MAX];
};

bool flash_adopter_new(struct flash_redis_sync *redis, struct flash_mysql *mysql,
                       struct flash_adopter **ret_adopter, struct flash_error *err)
{
    struct flash_adopter *adopter = calloc(1, sizeof(*adopter));
    if (!adopter) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "adopt: out of memory");
    }
    if (!flash_settle_call_new(&adopter->call, err)) {
        free(adopter);
        return false;
    }
    adopter->redis = redis;
    adopter->mysql = mysql;
    *ret_adopter = adopter;
    return true;
}

void flash_adopter_free(struct flash_adopter *adopter)
{
    if (adopter) {
        flash_settle_call_free(adopter->call);
        free(adopter);
    }
}

bool flash_adopt_can(const struct flash_page_entry *entry)
{
    return entry->type != FLASH_ENTRY_TAKE || entry->clean;
}

/* Whether the entry's id alone settles it (§5.1 rules 1, 3). */
static bool drops(const struct flash_page_entry *entry, int64_t generation)
{
    bool by_id = entry->type == FLASH_ENTRY_RESERVE || entry->type == FLASH_ENTRY_PAY ||
                 entry->type == FLASH_ENTRY_TAKE;
    return entry->clean && by_id && entry->generation == generation;
}

static bool has_verdict(const struct flash_page_entry *entry)
{
    return entry->verdict != FLASH_PAGE_NONE && flash_adopt_can(entry);
}

/* Sends the call that was built; adds its entries to *settled. */
static bool send(struct flash_adopter *adopter, int64_t *settled, struct flash_error *err)
{
    const struct flash_redis_call *call = flash_settle_call_finish(adopter->call);
    struct flash_redis_reply *reply;
    FLASH_FAULT("reconcile.before_settle");
    if (!flash_redis_sync_call(adopter->redis, call, &reply, err)) {
        return false;
    }
    bool accepted = flash_settle_accepted(call, reply, err);
    flash_redis_reply_free(reply);
    FLASH_FAULT("reconcile.settled");
    *settled += accepted ? flash_settle_call_entries(adopter->call) : 0;
    return accepted;
}

/* ---- the clean: an id that is not in the journal any more was settled by somebody else ---- */

static bool drop_clean(struct flash_adopter *adopter, const struct flash_adopt_work *work,
                       int64_t *settled, struct flash_error *err)
{
    int i = 0;
    while (i < work->count) {
        flash_settle_call_begin(adopter->call, work->sku, work->generation);
        for (; i < work->count && !flash_settle_call_full(adopter->call); i++) {
            const struct flash_page_entry *entry = &work->entries[i];
            if (has_verdict(entry) && drops(entry, work->generation)) {
                flash_settle_call_add_clean(adopter->call, entry->us, entry->r);
            }
        }
        if (flash_settle_call_entries(adopter->call) > 0 && !send(adopter, settled, err)) {
            return false;
        }
    }
    return true;
}

/* ---- a group's lines and their rows ---- */

static void add_lines(struct flash_adopter *adopter, const struct flash_adopt_work *work, int i)
{
    struct flash_error err;
    const struct flash_entry *entry = &adopter->scratch;
    if (!flash_entry_decode(work->entries[i].value, &adopter->scratch, &err)) {
        return; /* it was readable when the page was read */
    }
    adopter->entries[adopter->entry_count++] = i;
    for (int n = 0; n < entry->line_count; n++) {
        struct line *line = &adopter->lines[adopter->line_count++];
        const struct flash_text ref = entry->lines[n].ref;
        line->entry = i;
        line->row = (struct row){.state = FLASH_STATE_NONE};
        int head = snprintf(line->order_id, sizeof(line->order_id), "%lld.", (long long)work->sku);
        line->ref_at = (size_t)head;
        line->len = line->ref_at + ref.len;
        memcpy(line->order_id + head, ref.at, ref.len);
        line->order_id[line->len] = '\0';
    }
}

static int by_order_id(const void *a, const void *b, void *adopter)
{
    const struct line *lines = ((const struct flash_adopter *)adopter)->lines;
    int x = *(const int *)a, y = *(const int *)b;
    int cmp = strcmp(lines[x].order_id, lines[y].order_id);
    return cmp ? cmp : x - y;
}

/* Sorts the lines, and brings the first of each order to the front. */
static void unify(struct flash_adopter *adopter)
{
    int *order = adopter->order;
    adopter->key_count = 0;
    for (int i = 0; i < adopter->line_count; i++) {
        order[i] = i;
    }
    qsort_r(order, (size_t)adopter->line_count, sizeof(*order), by_order_id, adopter);
    for (int i = 0; i < adopter->line_count; i++) {
        struct line *line = &adopter->lines[order[i]];
        const struct line *first =
            adopter->key_count ? &adopter->lines[order[adopter->key_count - 1]] : NULL;
        if (first && strcmp(first->order_id, line->order_id) == 0) {
            line->row_at = first->row_at;
        } else {
            line->row_at = order[i];
            adopter->keys[adopter->key_count] = (struct flash_value){
                .type = FLASH_COLUMN_BYTES, .bytes = {line->order_id, line->len}};
            order[adopter->key_count++] = line->row_at;
        }
    }
}

static struct flash_text keep(char *to, size_t room, const struct flash_value *cell)
{
    size_t len = cell->null ? 0 : cell->bytes.len < room ? cell->bytes.len : room;
    if (len) {
        memcpy(to, cell->bytes.at, len);
    }
    return (struct flash_text){to, len};
}

static int compare_key(const void *text, const void *at, void *adopter)
{
    const struct flash_text *wanted = text;
    const struct line *line = &((const struct flash_adopter *)adopter)->lines[*(const int *)at];
    size_t len = wanted->len < line->len ? wanted->len : line->len;
    int cmp = memcmp(wanted->at, line->order_id, len);
    return cmp ? cmp : wanted->len < line->len ? -1 : wanted->len > line->len;
}

static bool take_row(const struct flash_value *cells, int count, void *arg)
{
    (void)count;
    struct flash_adopter *adopter = arg;
    int low = 0, high = adopter->key_count;
    while (low < high) {
        int middle = low + (high - low) / 2;
        int cmp = compare_key(&cells[0].bytes, &adopter->order[middle], adopter);
        if (cmp == 0) {
            struct row *row = &adopter->lines[adopter->order[middle]].row;
            row->state = flash_state_from_ledger_code(cells[1].number);
            row->version = cells[2].number;
            row->quantity = cells[3].number;
            row->user = keep(row->user_text, sizeof(row->user_text), &cells[4]);
            row->due_s = cells[5].number;
            row->payment = keep(row->payment_text, sizeof(row->payment_text), &cells[6]);
            memcpy(row->made_by.bytes, cells[7].bytes.at, sizeof(row->made_by.bytes));
            return true;
        }
        low = cmp > 0 ? middle + 1 : low;
        high = cmp > 0 ? high : middle;
    }
    return true;
}

static bool look_up(struct flash_adopter *adopter, struct flash_error *err)
{
    unify(adopter);
    const struct flash_query_in query = {
        .sql = "SELECT order_id, state, version, qty, user_id, due, payment_id, entry_id "
               "FROM reservation WHERE order_id IN (%s)",
        .keys = adopter->keys,
        .key_count = adopter->key_count,
        .column_count = 8,
        .row = take_row,
        .arg = adopter,
    };
    return flash_mysql_query_in(adopter->mysql, &query, err);
}

/* ---- a group's call ---- */

static void tell(const struct flash_adopt_work *work, const struct line *line,
                 const struct row *row)
{
    const struct flash_page_entry *entry = &work->entries[line->entry];
    bool other = memcmp(row->made_by.bytes, entry->id.bytes, sizeof(entry->id.bytes)) != 0;
    bool shortage = row->state == FLASH_STATE_FAILED_SHORTAGE;
    if (!work->found || entry->type != FLASH_ENTRY_RESERVE || (!other && !shortage)) {
        return;
    }
    struct flash_finding finding = {
        .cause = other ? FLASH_CAUSE_DUPLICATE : FLASH_CAUSE_SHORTAGE,
        .state = FLASH_FINDING_APPLIED,
        .sku = work->sku,
        .has_entry = true,
        .entry = entry->id,
        .partition = -1,
        .offset = -1,
        .quantity = row->quantity,
    };
    memcpy(finding.order_id, line->order_id, line->len + 1);
    snprintf(finding.detail, sizeof(finding.detail), "%s",
             other ? "another entry had made the order: this one changed nothing"
                   : "the ledger had no units left for it: FAILED, its units and limit are back");
    work->found(&finding, work->arg);
}

static void build(struct flash_adopter *adopter, const struct flash_adopt_work *work)
{
    int at = 0;
    flash_settle_call_begin(adopter->call, work->sku, work->generation);
    for (int i = 0; i < adopter->entry_count; i++) {
        const struct flash_page_entry *entry = &work->entries[adopter->entries[i]];
        flash_settle_call_begin_entry(adopter->call, entry->us, entry->r);
        for (; at < adopter->line_count && adopter->lines[at].entry == adopter->entries[i]; at++) {
            const struct line *line = &adopter->lines[at];
            const struct row *row = &adopter->lines[line->row_at].row;
            if (row->state != FLASH_STATE_NONE) {
                flash_settle_call_add_line(adopter->call, &(struct flash_settle_line){
                                                              .ref = {line->order_id + line->ref_at,
                                                                      line->len - line->ref_at},
                                                              .state = row->state,
                                                              .version = row->version,
                                                              .quantity = row->quantity,
                                                              .user = row->user,
                                                              .payment = row->payment,
                                                              .due_s = row->due_s,
                                                          });
            }
        }
    }
}

static void tell_all(const struct flash_adopter *adopter, const struct flash_adopt_work *work)
{
    for (int i = 0; i < adopter->line_count; i++) {
        const struct row *row = &adopter->lines[adopter->lines[i].row_at].row;
        if (row->state != FLASH_STATE_NONE) {
            tell(work, &adopter->lines[i], row);
        }
    }
}

/* Fills the group from entry *i on. */
static void gather(struct flash_adopter *adopter, const struct flash_adopt_work *work, int *i)
{
    adopter->entry_count = adopter->line_count = 0;
    for (; *i < work->count && adopter->entry_count < GROUP_ENTRIES &&
           adopter->line_count < FLASH_SETTLE_LINES;
         (*i)++) {
        const struct flash_page_entry *entry = &work->entries[*i];
        if (has_verdict(entry) && !drops(entry, work->generation)) {
            add_lines(adopter, work, *i);
        }
    }
}

enum flash_adopt_end flash_adopt(struct flash_adopter *adopter, const struct flash_adopt_work *work,
                                 int64_t *ret_settled, struct flash_error *err)
{
    *ret_settled = 0;
    if (!drop_clean(adopter, work, ret_settled, err)) {
        return FLASH_ADOPT_REDIS;
    }
    for (int i = 0; i < work->count;) {
        gather(adopter, work, &i);
        if (adopter->entry_count == 0) {
            continue;
        }
        if (!look_up(adopter, err)) {
            return FLASH_ADOPT_LEDGER;
        }
        build(adopter, work);
        if (!send(adopter, ret_settled, err)) {
            return FLASH_ADOPT_REDIS;
        }
        tell_all(adopter, work);
    }
    return FLASH_ADOPT_DONE;
}
