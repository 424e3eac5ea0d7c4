/* Redis' part of a look: the journal in pages, and with the last page, at one instant, the stock.
 *
 * The last page is one that is not full and has nothing to ask about: it is of the same script call
 * as the stock. Entries of earlier pages may have been settled since. For those that moved units
 * back (a release) that makes a difference, so each call also asks whether they are still there,
 * and for the records of orders with open late payments; the last answer counts. */
#include <stdio.h>
#include <string.h>

#include "audit_internal.h"
#include "audit_set.h"
#include "flash/record.h"

#define PAGE_ENTRIES 32 /* of a call: less than a millisecond of Redis with full entries */
#define IDS_MAX 128     /* asked for in a call: up to 20 us each, likewise */
#define CALLS_MAX (FLASH_AUDIT_ENTRIES / PAGE_ENTRIES + 16)
#define ARGS (3 + IDS_MAX + FLASH_AUDIT_LATES)

struct reading {
    struct flash_audit *audit;
    struct flash_audit_look *look;
    struct flash_audit_set released; /* refs of releases: their entry's place in the look */
    size_t asked[IDS_MAX];           /* entries that are asked for, likewise */
    int asked_count;
    const char *argv[ARGS];
    size_t len[ARGS];
    int argc;
};

static bool releases(enum flash_entry_type type)
{
    return type == FLASH_ENTRY_CANCEL || type == FLASH_ENTRY_EXPIRE || type == FLASH_ENTRY_RETURN;
}

/* ---- an entry ---- */

/* Once an order. */
static void add_late(struct flash_audit_look *look, struct flash_text ref)
{
    for (int i = 0; i < look->late_count; i++) {
        const char *other = look->lates[i].ref;
        if (strlen(other) == ref.len && memcmp(other, ref.at, ref.len) == 0) {
            return;
        }
    }
    if (look->late_count == FLASH_AUDIT_LATES) {
        look->redis.cut = true;
        return;
    }
    struct flash_audit_late *late = &look->lates[look->late_count++];
    *late = (struct flash_audit_late){0};
    memcpy(late->ref, ref.at, ref.len);
}

static void add_lines(struct reading *reading, const struct flash_entry *decoded, size_t place)
{
    struct flash_audit_look *look = reading->look;
    for (int i = 0; i < decoded->line_count; i++) {
        const struct flash_entry_line *line = &decoded->lines[i];
        look->entries[place].units += decoded->type == FLASH_ENTRY_TAKE ? 0 : line->quantity;
        if (decoded->type == FLASH_ENTRY_PAY && line->from_version > 1) {
            add_late(look, line->ref);
        } else if (releases(decoded->type)) {
            int64_t *entry =
                flash_audit_set_get(&reading->released, flash_audit_hash(line->ref), NULL);
            look->redis.cut |= !entry;
            if (entry) {
                *entry = (int64_t)place;
            }
        }
    }
}

static void add_entry(struct reading *reading, struct flash_text id, struct flash_text value)
{
    struct flash_audit_look *look = reading->look;
    struct flash_entry *decoded = reading->audit->entry;
    if (look->entry_count == FLASH_AUDIT_ENTRIES) {
        look->redis.cut = true;
        return;
    }
    if (id.len > FLASH_STREAM_ID_TEXT || !flash_entry_decode(value, decoded, NULL)) {
        look->redis.corrupt++;
        return;
    }
    size_t place = look->entry_count++;
    look->entries[place] = (struct flash_audit_entry){
        .id = decoded->id, .type = decoded->type, .sure = true, .partition = -1, .offset = -1};
    memcpy(look->entries[place].stream, id.at, id.len);
    add_lines(reading, decoded, place);
    if (releases(decoded->type) && reading->asked_count < IDS_MAX) {
        reading->asked[reading->asked_count++] = place;
    }
}

/* ---- an answer ---- */

static void take_numbers(struct flash_audit_redis *redis, const struct flash_redis_reply *reply)
{
    const struct flash_redis_reply *stock = flash_redis_reply_at(reply, 2);
    redis->now_ms = flash_redis_reply_int(flash_redis_reply_at(reply, 1)) / 1000;
    redis->available = flash_redis_reply_int(flash_redis_reply_at(stock, 0));
    redis->base = flash_redis_reply_int(flash_redis_reply_at(stock, 1));
    redis->generation = flash_redis_reply_int(flash_redis_reply_at(stock, 2));
    redis->inflow = flash_redis_reply_int(flash_redis_reply_at(stock, 3));
    redis->last_us = (uint64_t)flash_redis_reply_int(flash_redis_reply_at(stock, 4));
    redis->taken = flash_redis_reply_int(flash_redis_reply_at(stock, 5));
    redis->orders = flash_redis_reply_int(flash_redis_reply_at(reply, 3));
    redis->users = flash_redis_reply_int(flash_redis_reply_at(reply, 4));
    redis->journal = flash_redis_reply_int(flash_redis_reply_at(reply, 5));
}

/* Those asked for were open at the instant of this call's stock, or gone; of the others it is not
 * sure. */
static void take_asked(struct reading *reading, const struct flash_redis_reply *found)
{
    struct flash_audit_look *look = reading->look;
    for (size_t i = 0; i < look->entry_count; i++) {
        look->entries[i].sure = false;
    }
    for (size_t i = 0; i < flash_redis_reply_count(found); i++) {
        struct flash_audit_entry *entry = &look->entries[reading->asked[i]];
        entry->sure = true;
        entry->gone = flash_redis_reply_int(flash_redis_reply_at(found, i)) == 0;
    }
}

static void take_lates(struct flash_audit_look *look, const struct flash_redis_reply *records)
{
    struct flash_record record;
    for (size_t i = 0; i < flash_redis_reply_count(records); i++) {
        struct flash_text text = flash_redis_reply_text(flash_redis_reply_at(records, i));
        bool half_way =
            flash_record_parse(text, &record) &&
            (record.state == FLASH_STATE_CANCELLING || record.state == FLASH_STATE_EXPIRING ||
             record.state == FLASH_STATE_RETURNING);
        look->lates[i].units = half_way ? record.quantity : 0;
    }
}

/* Returns whether another call must follow. */
static bool take_page(struct reading *reading, const struct flash_redis_reply *reply)
{
    struct flash_audit_look *look = reading->look;
    const struct flash_redis_reply *entries = flash_redis_reply_at(reply, 6);
    size_t count = flash_redis_reply_count(entries), before = look->entry_count;
    int lates = look->late_count;
    take_numbers(&look->redis, reply);
    take_asked(reading, flash_redis_reply_at(reply, 7));
    take_lates(look, flash_redis_reply_at(reply, 8));
    for (size_t i = 0; i + 1 < count; i += 2) {
        add_entry(reading, flash_redis_reply_text(flash_redis_reply_at(entries, i)),
                  flash_redis_reply_text(flash_redis_reply_at(entries, i + 1)));
    }
    bool full = count == 2 * PAGE_ENTRIES && look->entry_count > before;
    return !look->redis.cut && (full || look->late_count > lates);
}

/* ---- a call ---- */

static void add_argument(struct reading *reading, const char *text)
{
    reading->argv[reading->argc] = text;
    reading->len[reading->argc++] = strlen(text);
}

static bool read_page(struct reading *reading, bool *ret_more, struct flash_error *err)
{
    struct flash_audit_look *look = reading->look;
    struct flash_redis_reply *reply;
    size_t count = look->entry_count;
    char most[16], ids[16];
    snprintf(most, sizeof(most), "%d", PAGE_ENTRIES);
    snprintf(ids, sizeof(ids), "%d", reading->asked_count);
    reading->argc = 0;
    add_argument(reading, count ? look->entries[count - 1].stream : "-");
    add_argument(reading, most);
    add_argument(reading, ids);
    for (int i = 0; i < reading->asked_count; i++) {
        add_argument(reading, look->entries[reading->asked[i]].stream);
    }
    for (int i = 0; i < look->late_count; i++) {
        add_argument(reading, look->lates[i].ref);
    }
    const struct flash_redis_call call = {.script = FLASH_SCRIPT_SNAPSHOT,
                                          .sku = look->sku,
                                          .argc = reading->argc,
                                          .argv = reading->argv,
                                          .argv_len = reading->len};
    if (!flash_redis_sync_call(reading->audit->redis, &call, &reply, err)) {
        return false;
    }
    look->redis.absent = flash_redis_reply_is(flash_redis_reply_at(reply, 0), "ABSENT");
    *ret_more = !look->redis.absent && take_page(reading, reply);
    flash_redis_reply_free(reply);
    return true;
}

/* Where the orders of late payments are released, and without the entries that are gone. */
static void tidy(struct reading *reading)
{
    struct flash_audit_look *look = reading->look;
    size_t kept = 0;
    for (int i = 0; i < look->late_count; i++) {
        struct flash_text ref = {look->lates[i].ref, strlen(look->lates[i].ref)};
        const int64_t *entry = flash_audit_set_find(&reading->released, flash_audit_hash(ref));
        look->lates[i].release_open = entry && !look->entries[*entry].gone;
    }
    for (size_t i = 0; i < look->entry_count; i++) {
        if (!look->entries[i].gone) {
            look->entries[kept++] = look->entries[i];
        }
    }
    look->entry_count = kept;
}

bool flash_audit_read_redis(struct flash_audit *audit, int64_t sku, struct flash_error *err)
{
    struct reading reading = {.audit = audit, .look = &audit->look};
    bool more = true, ok = true;
    audit->look.sku = sku;
    audit->look.redis = (struct flash_audit_redis){0};
    audit->look.entry_count = 0;
    audit->look.late_count = 0;
    for (int calls = 0; ok && more; calls++) {
        ok = read_page(&reading, &more, err);
        audit->look.redis.cut |= calls == CALLS_MAX;
        more = more && !audit->look.redis.cut;
    }
    tidy(&reading);
    flash_audit_set_finish(&reading.released);
    return ok;
}
