/* Who is there, and who has answered; see muster.h. */
#include "muster.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "flash/mysql_value.h"
#include "flash/time.h"

#define SILENT_MS 40000    /* who was silent for so long has nothing unsent: 30 s are the window */
#define FRESH_MS 15000     /* another one's notes are believed for so long */
#define FORGET_MS "600000" /* Redis drops who was silent for so long */
#define REPLY_WORKER 3     /* elements of the answer a worker: name, silence, answer */

static int find_or_add(struct flash_muster *muster, struct flash_text name)
{
    if (name.len == 0 || name.len > FLASH_UUID_TEXT) {
        return -1;
    }
    for (int i = 0; i < muster->count; i++) {
        if (strlen(muster->workers[i].name) == name.len &&
            memcmp(muster->workers[i].name, name.at, name.len) == 0) {
            return i;
        }
    }
    if (muster->count == FLASH_MUSTER_WORKERS) {
        muster->whole = false;
        return -1;
    }
    int i = muster->count++;
    memcpy(muster->workers[i].name, name.at, name.len);
    muster->workers[i].name[name.len] = '\0';
    muster->workers[i].answered = false;
    return i;
}

/* ---- Redis ---- */

static void hear(struct flash_muster *muster, const struct flash_redis_reply *reply)
{
    size_t count = flash_redis_reply_count(reply);
    for (size_t i = 1; i + REPLY_WORKER <= count; i += REPLY_WORKER) {
        bool silent = flash_redis_reply_int(flash_redis_reply_at(reply, i + 1)) > SILENT_MS;
        const struct flash_redis_reply *answer = flash_redis_reply_at(reply, i + 2);
        int at = silent
                     ? -1
                     : find_or_add(muster, flash_redis_reply_text(flash_redis_reply_at(reply, i)));
        if (at >= 0 && muster->question[0]) {
            muster->workers[at].answered |= flash_redis_reply_is(answer, muster->question);
        }
    }
}

static bool call(struct flash_muster *muster, struct flash_redis_sync *redis,
                 struct flash_error *err)
{
    const char *argv[] = {muster->question, FORGET_MS};
    const size_t len[] = {strlen(muster->question), sizeof(FORGET_MS) - 1};
    const struct flash_redis_call muster_call = {
        .script = FLASH_SCRIPT_MUSTER, .argc = 2, .argv = argv, .argv_len = len};
    struct flash_redis_reply *reply;
    if (!flash_redis_sync_call(redis, &muster_call, &reply, err)) {
        return false;
    }
    hear(muster, reply);
    flash_redis_reply_free(reply);
    return true;
}

/* ---- the ledger ---- */

static bool write_down(const struct flash_muster *muster, struct flash_mysql *mysql,
                       struct flash_error *err)
{
    int64_t now_ms = (int64_t)flash_time_wall_ms();
    const struct flash_value old = flash_value_int(now_ms - SILENT_MS);
    if (!flash_mysql_exec(mysql, "DELETE FROM engine WHERE seen_at_ms < ?", &old, 1, NULL, err)) {
        return false;
    }
    for (int i = 0; i < muster->count; i++) {
        const char *name = muster->workers[i].name;
        const struct flash_value row[] = {
            {.type = FLASH_COLUMN_BYTES, .bytes = {name, strlen(name)}},
            flash_value_int(now_ms),
            flash_value_int(now_ms)};
        if (!flash_mysql_exec(mysql,
                              "INSERT INTO engine (worker, seen_at_ms) VALUES (?, ?) "
                              "ON DUPLICATE KEY UPDATE seen_at_ms = ?",
                              row, 3, NULL, err)) {
            return false;
        }
    }
    return true;
}

static bool take_worker(const struct flash_value *cells, int count, void *arg)
{
    (void)count;
    struct flash_muster *muster = arg;
    muster->whole |= (int64_t)flash_time_wall_ms() - cells[1].number <= FRESH_MS;
    find_or_add(muster, cells[0].bytes);
    return true;
}

static bool read_notes(struct flash_muster *muster, struct flash_mysql *mysql,
                       struct flash_error *err)
{
    const struct flash_value from = flash_value_int((int64_t)flash_time_wall_ms() - SILENT_MS);
    const struct flash_query query = {
        .sql = "SELECT worker, seen_at_ms FROM engine WHERE seen_at_ms >= ?",
        .params = &from,
        .param_count = 1,
        .column_count = 2,
        .row = take_worker,
        .arg = muster,
    };
    return flash_mysql_query(mysql, &query, err);
}

/* ---- the calls ---- */

bool flash_muster_note(struct flash_muster *muster, const struct flash_muster_desk *desk,
                       struct flash_error *err)
{
    struct flash_muster now = {.whole = true}; /* what is known stays known when Redis is away */
    if (!call(&now, desk->redis, err)) {
        return false;
    }
    *muster = now;
    return write_down(muster, desk->mysql, err);
}

bool flash_muster_begin(struct flash_muster *muster, const struct flash_muster_desk *desk,
                        struct flash_error *err)
{
    struct flash_uuid question;
    if (!flash_uuid_new(flash_time_wall_ms(), &question, err) ||
        (!muster->whole && !read_notes(muster, desk->mysql, err))) {
        return false;
    }
    flash_uuid_format(&question, muster->question);
    for (int i = 0; i < muster->count; i++) {
        muster->workers[i].answered = false;
    }
    return true;
}

bool flash_muster_ask(struct flash_muster *muster, const struct flash_muster_desk *desk,
                      bool *ret_all, struct flash_error *err)
{
    if (!call(muster, desk->redis, err)) {
        return false;
    }
    bool all = muster->whole;
    for (int i = 0; i < muster->count; i++) {
        all = all && muster->workers[i].answered;
    }
    *ret_all = all;
    return true;
}
