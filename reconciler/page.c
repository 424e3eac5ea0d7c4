/* Pages of a journal, by lua/journal; see page.h. */
#include "page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARGS 3
#define HEAD 4 /* elements of an answer before its entries: OK, now, generation, more */

void flash_page_finish(struct flash_page *page)
{
    flash_redis_reply_free(page->reply);
    flash_redis_reply_free(page->next);
    page->reply = page->next = NULL;
    page->count = 0;
}

/* ---- reading ---- */

/* "<µs>-<r>"; false when it is not one. */
static bool parse_id(struct flash_text text, uint64_t *ret_us, uint64_t *ret_r)
{
    char copy[FLASH_STREAM_ID_TEXT + 1], *end;
    if (text.len == 0 || text.len > FLASH_STREAM_ID_TEXT) {
        return false;
    }
    memcpy(copy, text.at, text.len);
    copy[text.len] = '\0';
    *ret_us = strtoull(copy, &end, 10);
    if (*end != '-') {
        return false;
    }
    *ret_r = strtoull(end + 1, &end, 10);
    return *end == '\0';
}

static void read_entry(struct flash_page *page, struct flash_page_entry *entry)
{
    struct flash_error err;
    const struct flash_entry *read = &page->scratch;
    entry->readable = flash_entry_decode(entry->value, &page->scratch, &err) &&
                      read->type != FLASH_ENTRY_MARKER && read->sku == page->sku &&
                      read->stream_us == entry->us && read->stream_r == entry->r;
    if (entry->readable) {
        entry->id = read->id;
        entry->type = read->type;
        entry->generation = read->generation;
        entry->line_count = read->line_count;
        for (int n = 0; n < read->line_count; n++) {
            entry->units += read->lines[n].quantity;
        }
    }
}

static bool read_answer(struct flash_page *page, struct flash_error *err)
{
    const struct flash_redis_reply *reply = page->reply;
    size_t elements = flash_redis_reply_count(reply);
    size_t count = elements > HEAD ? (elements - HEAD) / 2 : 0;
    if (elements < HEAD || (elements - HEAD) % 2 || count > FLASH_PAGE_ENTRIES) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "SKU %lld: a journal of %zu elements",
                               (long long)page->sku, elements);
    }
    page->now_us = (uint64_t)flash_redis_reply_int(flash_redis_reply_at(reply, 1));
    page->generation = flash_redis_reply_int(flash_redis_reply_at(reply, 2));
    page->more = flash_redis_reply_int(flash_redis_reply_at(reply, 3)) == 1;
    for (size_t i = 0; i < count; i++) {
        struct flash_page_entry *entry = &page->entries[i];
        *entry = (struct flash_page_entry){
            .value = flash_redis_reply_text(flash_redis_reply_at(reply, HEAD + 2 * i + 1))};
        struct flash_text id = flash_redis_reply_text(flash_redis_reply_at(reply, HEAD + 2 * i));
        if (!parse_id(id, &entry->us, &entry->r)) {
            return flash_error_set(err, FLASH_ERROR_RETRY, "SKU %lld: not a stream id",
                                   (long long)page->sku);
        }
        read_entry(page, entry);
    }
    page->count = (int)count;
    return true;
}

bool flash_page_ask(struct flash_redis_sync *redis, const struct flash_page_place *place,
                    struct flash_error *err)
{
    char age[24], most[24];
    int age_len = snprintf(age, sizeof(age), "%lld", (long long)place->age_ms);
    int most_len = snprintf(most, sizeof(most), "%d", place->most);
    const char *const argv[ARGS] = {age, place->after, most};
    const size_t len[ARGS] = {(size_t)age_len, strlen(place->after), (size_t)most_len};
    const struct flash_redis_call call = {.script = FLASH_SCRIPT_JOURNAL,
                                          .sku = place->sku,
                                          .argc = ARGS,
                                          .argv = argv,
                                          .argv_len = len};
    return flash_redis_sync_queue(redis, &call, err) && flash_redis_sync_flush(redis, err);
}

bool flash_page_take(struct flash_page *page, struct flash_redis_sync *redis,
                     struct flash_error *err)
{
    struct flash_redis_reply *reply;
    if (!flash_redis_sync_take(redis, &reply, err)) {
        return false;
    }
    flash_redis_reply_free(page->next);
    page->next = reply;
    return true;
}

bool flash_page_turn(struct flash_page *page, int64_t sku, struct flash_error *err)
{
    struct flash_redis_reply *next = page->next;
    page->next = NULL;
    flash_page_finish(page);
    page->reply = next;
    page->sku = sku;
    page->more = false;
    return read_answer(page, err);
}

bool flash_page_read(struct flash_page *page, struct flash_redis_sync *redis,
                     const struct flash_page_place *place, struct flash_error *err)
{
    return flash_page_ask(redis, place, err) && flash_page_take(page, redis, err) &&
           flash_page_turn(page, place->sku, err);
}

void flash_page_last(const struct flash_page *page, char ret_id[FLASH_STREAM_ID_TEXT + 1])
{
    const struct flash_page_entry *last = &page->entries[page->count - 1];
    snprintf(ret_id, FLASH_STREAM_ID_TEXT + 1, "%llu-%llu", (unsigned long long)last->us,
             (unsigned long long)last->r);
}

/* The milliseconds that a UUIDv7 begins with. */
static uint64_t uuid_ms(const struct flash_uuid *uuid)
{
    uint64_t ms = 0;
    for (int i = 0; i < 6; i++) {
        ms = ms << 8 | uuid->bytes[i];
    }
    return ms;
}

/* An id ahead of now was made by a clock that was ahead: then the engine's clock tells. */
int64_t flash_page_age_ms(const struct flash_page *page, const struct flash_page_entry *entry)
{
    uint64_t now_us = page->now_us;
    uint64_t made_us =
        entry->us > now_us && entry->readable ? uuid_ms(&entry->id) * 1000 : entry->us;
    return made_us < now_us ? (int64_t)((now_us - made_us) / 1000) : 0;
}
