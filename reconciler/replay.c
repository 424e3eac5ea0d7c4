/* Markers, and entries sent again; see replay.h. */
#include "replay.h"

#include <stdio.h>
#include <string.h>

#include "flash/entry.h"
#include "publish.h"

#define PAGE "1000"
#define REPLY_HEAD 4 /* OK, now, generation, more; then id and entry in turn */

static bool send_marker(struct flash_replay *replay, int i, struct flash_error *err)
{
    struct flash_entry_name name;
    char value[96];
    if (!flash_entry_name_new(&name, err)) {
        return false;
    }
    int len =
        snprintf(value, sizeof(value), "{\"v\":1,\"id\":\"%s\",\"type\":\"marker\"}", name.uuid);
    const struct flash_message_headers headers = {
        .id = name.uuid, .type = "flashgate.marker", .source = "flash-reconciler"};
    const struct flash_produce message = {.key = {"", 0},
                                          .value = {value, (size_t)len},
                                          .headers = &headers,
                                          .partition = replay->sent.partitions[i].number};
    replay->markers[i].offset = -1;
    replay->markers[i].done = false;
    return flash_uuid_parse((struct flash_text){name.uuid, FLASH_UUID_TEXT},
                            &replay->markers[i].nonce) &&
           flash_producer_send(replay->producer, &message, err);
}

bool flash_replay_send_markers(struct flash_replay *replay, struct flash_error *err)
{
    if (!flash_recover_read_progress(replay->mysql, &replay->sent, err)) {
        return false;
    }
    for (int i = 0; i < replay->sent.count; i++) {
        if (!send_marker(replay, i, err)) {
            return false;
        }
    }
    return true;
}

static int64_t acked_of(const struct flash_recover_progress *progress, int number)
{
    for (int i = 0; i < progress->count; i++) {
        if (progress->partitions[i].number == number) {
            return progress->partitions[i].acked;
        }
    }
    return -1;
}

bool flash_replay_look(struct flash_replay *replay, bool *ret_done, struct flash_error *err)
{
    bool done = replay->sent.count > 0, applied = done;
    if (!flash_recover_read_progress(replay->mysql, &replay->now, err)) {
        return false;
    }
    for (int i = 0; i < replay->sent.count; i++) {
        int64_t offset = replay->markers[i].offset;
        if (offset < 0 &&
            !flash_recover_read_marker(replay->mysql, &replay->markers[i].nonce, &offset, err)) {
            return false;
        }
        replay->markers[i].offset = offset;
        replay->markers[i].done |=
            offset >= 0 && acked_of(&replay->now, replay->sent.partitions[i].number) > offset;
        done = done && replay->markers[i].done;
        applied = applied && offset >= 0;
    }
    replay->applied = applied;
    *ret_done = done;
    return true;
}

/* ---- once more ---- */

/* *older becomes false when it is of the current generation, as all that follow are. */
static bool send_entry(struct flash_replay *replay, struct flash_text value, bool *older,
                       struct flash_error *err)
{
    static _Thread_local struct flash_entry entry; /* large */
    char uuid[FLASH_UUID_TEXT + 1];
    if (!flash_entry_decode(value, &entry, err)) {
        return false;
    }
    *older = entry.generation < replay->generation;
    if (!*older) {
        return true;
    }
    flash_uuid_format(&entry.id, uuid);
    return flash_publish(replay->producer,
                         &(struct flash_publication){entry.type, entry.sku, uuid, value}, err);
}

static bool read_page(const struct flash_replay_again *again, const char *after,
                      struct flash_redis_reply **ret_reply, struct flash_error *err)
{
    const char *argv[] = {"0", after, PAGE};
    const size_t len[] = {1, strlen(after), sizeof(PAGE) - 1};
    const struct flash_redis_call call = {.script = FLASH_SCRIPT_JOURNAL,
                                          .sku = again->sku,
                                          .argc = 3,
                                          .argv = argv,
                                          .argv_len = len};
    return flash_redis_sync_call(again->redis, &call, ret_reply, err);
}

bool flash_replay_send_again(struct flash_replay *replay, const struct flash_replay_again *again,
                             int64_t *ret_sent, struct flash_error *err)
{
    char after[FLASH_STREAM_ID_TEXT + 1] = "";
    bool more = true;
    *ret_sent = 0;
    while (more) {
        struct flash_redis_reply *reply;
        bool ok = true, older = true;
        if (!read_page(again, after, &reply, err)) {
            return false;
        }
        size_t count = flash_redis_reply_count(reply);
        for (size_t i = REPLY_HEAD; i + 1 < count && ok && older; i += 2) {
            struct flash_text id = flash_redis_reply_text(flash_redis_reply_at(reply, i));
            snprintf(after, sizeof(after), "%.*s", (int)id.len, id.at);
            ok = send_entry(replay, flash_redis_reply_text(flash_redis_reply_at(reply, i + 1)),
                            &older, err);
            *ret_sent += ok && older;
        }
        more = ok && older && flash_redis_reply_int(flash_redis_reply_at(reply, 3)) == 1;
        flash_redis_reply_free(reply);
        if (!ok) {
            return false;
        }
    }
    return true;
}
