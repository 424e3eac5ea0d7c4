/* The half of an order's story that Redis tells: its record, and the entries that still wait for
 * their verdict to arrive here; see flash/redis_story.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flash/entry.h"
#include "flash/record.h"
#include "flash/redis_story.h"

#define PAGE "1000" /* entries */
#define ATTEMPTS 2  /* a connection that lay idle may be found broken */

static bool call(struct flash_redis_sync *redis, const struct flash_redis_call *what,
                 struct flash_redis_reply **ret_reply, struct flash_error *err)
{
    for (int attempt = 1; !flash_redis_sync_call(redis, what, ret_reply, err); attempt++) {
        if (attempt == ATTEMPTS) {
            return false;
        }
    }
    return true;
}

/* ---- the record ---- */

static void take_record(struct flash_story *story, const struct flash_record *record)
{
    struct flash_story_step step = flash_story_step_of("redis", "record", FLASH_STORY_THERE);
    bool queued = record->state == FLASH_STATE_QUEUED;
    step.at_ms = record->at_us / 1000;
    story->redis = record->state;
    story->redis_version = record->version;
    story->quantity = record->quantity;
    story->due_s = record->due_s;
    snprintf(story->user, sizeof(story->user), "%.*s", (int)record->user.len, record->user.at);
    flash_story_add(story, &step, "%s, version %d, of %d, user %s%s%.*s%s",
                    flash_state_name(record->state), record->version, record->quantity, story->user,
                    record->payment.len ? ", paid by " : "", (int)record->payment.len,
                    record->payment.len ? record->payment.at : "",
                    queued ? ": its entry waits in the journal" : "");
}

static bool read_record(struct flash_story *story, struct flash_redis_sync *redis,
                        struct flash_error *err)
{
    const char *const argv[] = {"0", story->ref.at};
    const size_t argv_len[] = {1, story->ref.len};
    const struct flash_redis_call status = {.script = FLASH_SCRIPT_STATUS,
                                            .sku = story->sku,
                                            .argc = 2,
                                            .argv = argv,
                                            .argv_len = argv_len};
    struct flash_redis_reply *reply = NULL;
    struct flash_record record;
    if (!call(redis, &status, &reply, err)) {
        return false;
    }
    struct flash_text text = flash_redis_reply_text(flash_redis_reply_at(reply, 6));
    bool odd = text.len > 0 && !flash_record_parse(text, &record);
    if (text.len > 0 && !odd) {
        take_record(story, &record);
    }
    flash_redis_reply_free(reply);
    return !odd || flash_error_set(err, FLASH_ERROR_DATA, "Redis: the order's record is none");
}

/* ---- the journal ---- */

/* Adds a step if the order is one of the entry's lines. */
static void look_into(struct flash_story *story, const struct flash_entry *entry)
{
    struct flash_story_step step = flash_story_step_of("redis", "journal", FLASH_STORY_WAITING);
    for (int i = 0; i < entry->line_count; i++) {
        const struct flash_entry_line *line = &entry->lines[i];
        if (line->ref.len != story->ref.len ||
            memcmp(line->ref.at, story->ref.at, line->ref.len) != 0 ||
            entry->type == FLASH_ENTRY_TAKE) {
            continue;
        }
        step.at_ms = (int64_t)(entry->stream_us / 1000);
        step.has_entry = true;
        step.entry = entry->id;
        flash_story_add(story, &step, "%s of %d, line %d of %d, generation %" PRId64 ": still open",
                        flash_entry_type_name(entry->type), line->quantity, i + 1,
                        entry->line_count, entry->generation);
    }
}

/* Takes a page in; after gets where the next begins. False: it was the last. */
static bool take_page(struct flash_story *story, const struct flash_redis_reply *reply,
                      struct flash_entry *entry, char after[FLASH_STREAM_ID_TEXT + 1])
{
    size_t count = flash_redis_reply_count(reply);
    for (size_t i = 4; i + 1 < count; i += 2) {
        struct flash_text id = flash_redis_reply_text(flash_redis_reply_at(reply, i));
        struct flash_text value = flash_redis_reply_text(flash_redis_reply_at(reply, i + 1));
        if (flash_entry_decode(value, entry, NULL)) {
            look_into(story, entry);
        }
        snprintf(after, FLASH_STREAM_ID_TEXT + 1, "%.*s", (int)id.len, id.at);
    }
    return count > 4 && flash_redis_reply_int(flash_redis_reply_at(reply, 3)) == 1;
}

static bool read_journal(struct flash_story *story, struct flash_redis_sync *redis,
                         struct flash_error *err)
{
    char after[FLASH_STREAM_ID_TEXT + 1] = "";
    struct flash_entry *entry = malloc(sizeof(*entry));
    bool ok = entry || flash_error_set(err, FLASH_ERROR_RETRY, "story: out of memory");
    bool more = ok;
    while (ok && more) {
        const char *const argv[] = {"0", after, PAGE};
        const size_t argv_len[] = {1, strlen(after), strlen(PAGE)};
        const struct flash_redis_call page = {.script = FLASH_SCRIPT_JOURNAL,
                                              .sku = story->sku,
                                              .argc = 3,
                                              .argv = argv,
                                              .argv_len = argv_len};
        struct flash_redis_reply *reply = NULL;
        ok = call(redis, &page, &reply, err);
        more = ok && take_page(story, reply, entry, after);
        flash_redis_reply_free(reply);
    }
    free(entry);
    return ok;
}

bool flash_story_from_redis(struct flash_story *story, void *redis, struct flash_error *err)
{
    return read_record(story, redis, err) && read_journal(story, redis, err);
}
