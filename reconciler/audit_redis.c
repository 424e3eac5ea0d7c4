/* Redis' part of a look: the journal in pages, and with the last page, at one instant, the stock.
 *
 * A page that is not full is the last: it is of the same script call as the stock. Entries of
 * earlier pages may have been settled since. For those that moved units back (a release) that makes
 * a difference, so each call also asks whether they are still there; the last answer counts. */
#include <stdio.h>
#include <string.h>

#include "audit_internal.h"

#define PAGE_ENTRIES 64    /* of a call: about a millisecond of Redis with full entries */
#define LOOKED_FOR_MAX 512 /* ids of a call */
#define ARGS (2 + LOOKED_FOR_MAX)

struct reading {
    struct flash_audit *audit;
    struct flash_audit_look *look;
    size_t looked_for[LOOKED_FOR_MAX]; /* entries, by their place in the look */
    int looked_for_count;
    const char *argv[ARGS];
    size_t len[ARGS];
};

static bool releases(enum flash_entry_type type)
{
    return type == FLASH_ENTRY_CANCEL || type == FLASH_ENTRY_EXPIRE || type == FLASH_ENTRY_RETURN;
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
    struct flash_audit_entry *entry = &look->entries[look->entry_count++];
    *entry = (struct flash_audit_entry){.id = decoded->id,
                                        .type = decoded->type,
                                        .sure = true,
                                        .partition = -1,
                                        .offset = -1};
    memcpy(entry->stream, id.at, id.len);
    for (int i = 0; entry->type != FLASH_ENTRY_TAKE && i < decoded->line_count; i++) {
        entry->units += decoded->lines[i].quantity;
    }
}

static void take_numbers(struct flash_audit_redis *redis, const struct flash_redis_reply *reply)
{
    const struct flash_redis_reply *stock = flash_redis_reply_at(reply, 2);
    redis->now_ms = flash_redis_reply_int(flash_redis_reply_at(reply, 1)) / 1000;
    redis->available = flash_redis_reply_int(flash_redis_reply_at(stock, 0));
    redis->base = flash_redis_reply_int(flash_redis_reply_at(stock, 1));
    redis->generation = flash_redis_reply_int(flash_redis_reply_at(stock, 2));
    redis->inflow = flash_redis_reply_int(flash_redis_reply_at(stock, 3));
    redis->last_us = (uint64_t)flash_redis_reply_int(flash_redis_reply_at(stock, 4));
    redis->orders = flash_redis_reply_int(flash_redis_reply_at(reply, 3));
    redis->users = flash_redis_reply_int(flash_redis_reply_at(reply, 4));
    redis->journal = flash_redis_reply_int(flash_redis_reply_at(reply, 5));
}

/* Those found again were open at the instant of this call's stock; entries not asked for are not
 * sure. */
static void take_looked_for(struct reading *reading, const struct flash_redis_reply *found)
{
    struct flash_audit_look *look = reading->look;
    for (size_t i = 0; i < look->entry_count; i++) {
        look->entries[i].sure = false;
    }
    for (int i = 0; i < reading->looked_for_count; i++) {
        struct flash_audit_entry *entry = &look->entries[reading->looked_for[i]];
        entry->sure = true;
        entry->gone = flash_redis_reply_int(flash_redis_reply_at(found, (size_t)i)) == 0;
    }
}

static void drop_gone(struct flash_audit_look *look)
{
    size_t kept = 0;
    for (size_t i = 0; i < look->entry_count; i++) {
        if (!look->entries[i].gone) {
            look->entries[kept++] = look->entries[i];
        }
    }
    look->entry_count = kept;
}

/* Returns whether another page follows. */
static bool take_page(struct reading *reading, const struct flash_redis_reply *reply)
{
    struct flash_audit_look *look = reading->look;
    const struct flash_redis_reply *entries = flash_redis_reply_at(reply, 6);
    size_t count = flash_redis_reply_count(entries);
    take_numbers(&look->redis, reply);
    take_looked_for(reading, flash_redis_reply_at(reply, 7));
    size_t first = look->entry_count;
    for (size_t i = 0; i + 1 < count; i += 2) {
        add_entry(reading, flash_redis_reply_text(flash_redis_reply_at(entries, i)),
                  flash_redis_reply_text(flash_redis_reply_at(entries, i + 1)));
    }
    for (size_t i = first; i < look->entry_count; i++) {
        if (releases(look->entries[i].type) && reading->looked_for_count < LOOKED_FOR_MAX) {
            reading->looked_for[reading->looked_for_count++] = i;
        }
    }
    return count == 2 * PAGE_ENTRIES && !look->redis.cut && look->entry_count > first;
}

static void add_argument(struct reading *reading, int i, const char *text)
{
    reading->argv[i] = text;
    reading->len[i] = strlen(text);
}

static bool read_page(struct reading *reading, bool *ret_more, struct flash_error *err)
{
    struct flash_audit_look *look = reading->look;
    struct flash_redis_reply *reply;
    const struct flash_redis_call call = {.script = FLASH_SCRIPT_SNAPSHOT,
                                          .sku = look->sku,
                                          .argc = 2 + reading->looked_for_count,
                                          .argv = reading->argv,
                                          .argv_len = reading->len};
    size_t count = look->entry_count;
    char most[16];
    snprintf(most, sizeof(most), "%d", PAGE_ENTRIES);
    add_argument(reading, 0, count ? look->entries[count - 1].stream : "-");
    add_argument(reading, 1, most);
    for (int i = 0; i < reading->looked_for_count; i++) {
        add_argument(reading, 2 + i, look->entries[reading->looked_for[i]].stream);
    }
    if (!flash_redis_sync_call(reading->audit->redis, &call, &reply, err)) {
        return false;
    }
    look->redis.absent = flash_redis_reply_is(flash_redis_reply_at(reply, 0), "ABSENT");
    *ret_more = !look->redis.absent && take_page(reading, reply);
    flash_redis_reply_free(reply);
    return true;
}

bool flash_audit_read_redis(struct flash_audit *audit, int64_t sku, struct flash_error *err)
{
    struct reading reading = {.audit = audit, .look = &audit->look};
    bool more = true;
    audit->look.sku = sku;
    audit->look.redis = (struct flash_audit_redis){0};
    audit->look.entry_count = 0;
    while (more) {
        if (!read_page(&reading, &more, err)) {
            return false;
        }
    }
    drop_gone(&audit->look);
    return true;
}
