/* The transaction of the fence; see fence.h. */
#include "fence.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "flash/state.h"

#define LINES_MAX (FLASH_FENCE_LINES + FLASH_BATCH_LINES)
#define VERDICT_FENCED 2
#define NEVER_SEEN (-1) /* partition and offset */

struct line {
    int entry, number;
    char order_id[FLASH_ORDER_ID_MAX + 1];
    size_t len;
    char user[FLASH_USER_MAX];
    size_t user_len;
    int quantity;
    bool there; /* its order has a row, or an earlier line here makes it */
};

struct flash_fence {
    struct flash_mysql *mysql;
    int64_t sku, generation;
    int64_t generation_met; /* in the ledger, inside the transaction */
    int entry_count, line_count;
    const struct flash_page_entry *entries[FLASH_FENCE_ENTRIES];
    int64_t dues[FLASH_FENCE_ENTRIES];
    struct line lines[LINES_MAX];
    int order[LINES_MAX]; /* lines by order id */
    struct flash_value keys[LINES_MAX];
    struct flash_entry scratch;
    int64_t numbers[13][LINES_MAX];
    struct flash_text bytes[3][LINES_MAX];
};

bool flash_fence_new(struct flash_mysql *mysql, struct flash_fence **ret_fence,
                     struct flash_error *err)
{
    struct flash_fence *fence = calloc(1, sizeof(*fence));
    if (!fence) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "fence: out of memory");
    }
    fence->mysql = mysql;
    *ret_fence = fence;
    return true;
}

void flash_fence_free(struct flash_fence *fence)
{
    free(fence);
}

void flash_fence_begin(struct flash_fence *fence, int64_t sku, int64_t generation)
{
    fence->sku = sku;
    fence->generation = generation;
    fence->entry_count = fence->line_count = 0;
}

int flash_fence_lines(const struct flash_fence *fence)
{
    return fence->line_count;
}

static void add_line(struct flash_fence *fence, const struct flash_entry_line *from, int number)
{
    struct line *line = &fence->lines[fence->line_count++];
    int head = snprintf(line->order_id, sizeof(line->order_id), "%lld.", (long long)fence->sku);
    line->entry = fence->entry_count;
    line->number = number;
    line->len = (size_t)head + from->ref.len;
    memcpy(line->order_id + head, from->ref.at, from->ref.len);
    line->order_id[line->len] = '\0';
    line->user_len = from->user.len;
    memcpy(line->user, from->user.at, from->user.len);
    line->quantity = from->quantity;
    line->there = false;
}

bool flash_fence_add(struct flash_fence *fence, const struct flash_page_entry *entry)
{
    struct flash_error err;
    if (fence->entry_count == FLASH_FENCE_ENTRIES || fence->line_count >= FLASH_FENCE_LINES) {
        return false;
    }
    if (!flash_entry_decode(entry->value, &fence->scratch, &err)) {
        return true; /* it was readable when its page was read */
    }
    bool orders = entry->type == FLASH_ENTRY_RESERVE; /* a take has no row: its verdict says all */
    for (int n = 0; orders && n < fence->scratch.line_count; n++) {
        add_line(fence, &fence->scratch.lines[n], n);
    }
    fence->dues[fence->entry_count] = fence->scratch.due_s;
    fence->entries[fence->entry_count++] = entry;
    return true;
}

/* ---- under the lock ---- */

static bool nothing(const struct flash_value *cells, int count, void *arg)
{
    (void)cells;
    (void)count;
    (void)arg;
    return true;
}

static bool lock_stock(struct flash_fence *fence, struct flash_error *err)
{
    const struct flash_value sku = {.type = FLASH_COLUMN_INT, .number = fence->sku};
    const struct flash_query query = {.sql = "SELECT sku FROM stock WHERE sku = ? FOR UPDATE",
                                      .params = &sku,
                                      .param_count = 1,
                                      .column_count = 1,
                                      .row = nothing};
    return flash_mysql_query(fence->mysql, &query, err);
}

static bool take_generation(const struct flash_value *cells, int count, void *arg)
{
    (void)count;
    ((struct flash_fence *)arg)->generation_met = cells[0].number;
    return true;
}

/* Locked, so that a recovery's raise waits for this fence: its sweep must read what is written
 * here. */
static bool read_generation(struct flash_fence *fence, struct flash_error *err)
{
    const struct flash_query query = {.sql = "SELECT generation FROM generation WHERE id = 1 "
                                             "LOCK IN SHARE MODE",
                                      .column_count = 1,
                                      .row = take_generation,
                                      .arg = fence};
    fence->generation_met = 0;
    return flash_mysql_query(fence->mysql, &query, err);
}

static int by_order_id(const void *a, const void *b, void *fence)
{
    const struct line *lines = ((const struct flash_fence *)fence)->lines;
    int x = *(const int *)a, y = *(const int *)b;
    int cmp = strcmp(lines[x].order_id, lines[y].order_id);
    return cmp ? cmp : x - y;
}

static bool mark_there(const struct flash_value *cells, int count, void *arg)
{
    (void)count;
    struct flash_fence *fence = arg;
    for (int i = 0; i < fence->line_count; i++) {
        struct line *line = &fence->lines[i];
        line->there |= line->len == cells[0].bytes.len &&
                       memcmp(line->order_id, cells[0].bytes.at, line->len) == 0;
    }
    return true;
}

/* Which lines have their row already, or get it from another line of this fence. */
static bool look_up_rows(struct flash_fence *fence, struct flash_error *err)
{
    int key_count = 0;
    for (int i = 0; i < fence->line_count; i++) {
        fence->order[i] = i;
    }
    qsort_r(fence->order, (size_t)fence->line_count, sizeof(fence->order[0]), by_order_id, fence);
    for (int i = 0; i < fence->line_count; i++) {
        struct line *line = &fence->lines[fence->order[i]];
        line->there =
            i > 0 && strcmp(fence->lines[fence->order[i - 1]].order_id, line->order_id) == 0;
        if (!line->there) {
            fence->keys[key_count++] = (struct flash_value){.type = FLASH_COLUMN_BYTES,
                                                            .bytes = {line->order_id, line->len}};
        }
    }
    const struct flash_query_in query = {
        .sql = "SELECT order_id FROM reservation WHERE order_id IN (%s)",
        .keys = fence->keys,
        .key_count = key_count,
        .column_count = 1,
        .row = mark_there,
        .arg = fence,
    };
    return flash_mysql_query_in(fence->mysql, &query, err);
}

/* ---- the rows ---- */

static struct flash_bulk_column number_column(const struct flash_fence *fence, const char *name,
                                              int i)
{
    return (struct flash_bulk_column){
        .name = name, .type = FLASH_COLUMN_INT, .numbers = fence->numbers[i]};
}

static struct flash_bulk_column bytes_column(const struct flash_fence *fence, const char *name,
                                             int i)
{
    return (struct flash_bulk_column){
        .name = name, .type = FLASH_COLUMN_BYTES, .bytes = fence->bytes[i]};
}

static struct flash_text id_text(const struct flash_page_entry *entry)
{
    return (struct flash_text){(const char *)entry->id.bytes, sizeof(entry->id.bytes)};
}

static bool insert_verdicts(struct flash_fence *fence, int64_t now_ms, struct flash_error *err)
{
    enum { TYPE, VERDICT, CLEAN, SKU, US, GENERATION, DUE, LINES, PARTITION, OFFSET, OWNER, AT };
    uint64_t owner;
    if (getrandom(&owner, sizeof(owner), 0) != sizeof(owner)) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "no randomness");
    }
    for (int i = 0; i < fence->entry_count; i++) {
        const struct flash_page_entry *entry = fence->entries[i];
        fence->bytes[0][i] = id_text(entry);
        fence->numbers[TYPE][i] = entry->type;
        fence->numbers[VERDICT][i] = VERDICT_FENCED;
        fence->numbers[CLEAN][i] = 0;
        fence->numbers[SKU][i] = fence->sku;
        fence->numbers[US][i] = (int64_t)entry->us;
        fence->numbers[GENERATION][i] = entry->generation;
        fence->numbers[DUE][i] = fence->dues[i];
        fence->numbers[LINES][i] = entry->line_count;
        fence->numbers[PARTITION][i] = fence->numbers[OFFSET][i] = NEVER_SEEN;
        fence->numbers[OWNER][i] = (int64_t)(owner >> 1); /* bound as a signed number */
        fence->numbers[AT][i] = now_ms;
    }
    const struct flash_bulk_column columns[] = {
        bytes_column(fence, "entry_id", 0),
        number_column(fence, "type", TYPE),
        number_column(fence, "verdict", VERDICT),
        number_column(fence, "clean", CLEAN),
        number_column(fence, "sku", SKU),
        number_column(fence, "stream_us", US),
        number_column(fence, "generation", GENERATION),
        number_column(fence, "due", DUE),
        number_column(fence, "line_count", LINES),
        number_column(fence, "partition_no", PARTITION),
        number_column(fence, "kafka_offset", OFFSET),
        number_column(fence, "owner", OWNER),
        number_column(fence, "applied_at_ms", AT),
    };
    const struct flash_bulk bulk = {"verdict", columns, 13, fence->entry_count};
    return flash_mysql_bulk_insert(fence->mysql, &bulk, err);
}

static bool insert_failed(struct flash_fence *fence, int64_t now_ms, struct flash_error *err)
{
    enum { ORDER, USER, ENTRY };
    enum { SKU, QTY, STATE, VERSION, DUE, NUMBER, AT };
    int rows = 0;
    for (int i = 0; i < fence->line_count; i++) {
        const struct line *line = &fence->lines[i];
        if (!line->there) {
            fence->bytes[ORDER][rows] = (struct flash_text){line->order_id, line->len};
            fence->bytes[USER][rows] = (struct flash_text){line->user, line->user_len};
            fence->bytes[ENTRY][rows] = id_text(fence->entries[line->entry]);
            fence->numbers[SKU][rows] = fence->sku;
            fence->numbers[QTY][rows] = line->quantity;
            fence->numbers[STATE][rows] = flash_state_ledger_code(FLASH_STATE_FAILED_LOST);
            fence->numbers[VERSION][rows] = 1;
            fence->numbers[DUE][rows] = 0;
            fence->numbers[NUMBER][rows] = line->number;
            fence->numbers[AT][rows++] = now_ms;
        }
    }
    const struct flash_bulk_column columns[] = {
        bytes_column(fence, "order_id", ORDER),   bytes_column(fence, "user_id", USER),
        bytes_column(fence, "entry_id", ENTRY),   number_column(fence, "sku", SKU),
        number_column(fence, "qty", QTY),         number_column(fence, "state", STATE),
        number_column(fence, "version", VERSION), number_column(fence, "due", DUE),
        number_column(fence, "line_no", NUMBER),  number_column(fence, "updated_at_ms", AT),
    };
    const struct flash_bulk bulk = {"reservation", columns, 10, rows};
    return rows == 0 || flash_mysql_bulk_insert(fence->mysql, &bulk, err);
}

static bool write_all(struct flash_fence *fence, int64_t now_ms, struct flash_error *err)
{
    if (!flash_mysql_begin(fence->mysql, err) || !lock_stock(fence, err) ||
        !read_generation(fence, err)) {
        return false;
    }
    if (fence->generation_met != fence->generation) {
        return true; /* for the caller to see */
    }
    return insert_verdicts(fence, now_ms, err) && look_up_rows(fence, err) &&
           insert_failed(fence, now_ms, err) && flash_mysql_commit(fence->mysql, err);
}

enum flash_fence_outcome flash_fence_write(struct flash_fence *fence, int64_t now_ms,
                                           struct flash_error *err)
{
    if (!write_all(fence, now_ms, err)) {
        bool met = flash_mysql_last_class(fence->mysql) == FLASH_MYSQL_DUPLICATE;
        flash_mysql_rollback(fence->mysql);
        return met ? FLASH_FENCE_OUTRUN : FLASH_FENCE_UNKNOWN;
    }
    if (fence->generation_met != fence->generation) {
        flash_mysql_rollback(fence->mysql);
        flash_error_set(err, FLASH_ERROR_RETRY, "a recovery has raised the generation to %lld",
                        (long long)fence->generation_met);
        return FLASH_FENCE_OUTRUN;
    }
    return FLASH_FENCE_COMMITTED;
}
