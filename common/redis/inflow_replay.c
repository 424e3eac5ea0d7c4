/* Brings a SKU in Redis up to the ledger's last inflow; see flash/inflow_replay.h.
 *
 *     last row ──lua/inflow──▶ APPLIED, DONE: up to date
 *                              GAP, here ──▶ read the rows from here + 1 on ──lua/inflow, one by
 * one──▶ up to date
 *
 * Mostly Redis lacks one number or none, so the last row is tried before anything is read. */
#include "flash/inflow_replay.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define ARGS 5
#define NUMBER_TEXT 24

/* What lua/inflow made of one row. */
struct answer {
    enum flash_inflow_outcome outcome; /* GAP: Redis is below the number before */
    int64_t here;                      /* GAP: the number Redis has */
};

static bool queue_row(struct flash_redis_sync *redis, const struct flash_inflow_replay *replay,
                      const struct flash_inflow *row, struct flash_error *err)
{
    char generation[NUMBER_TEXT], number[NUMBER_TEXT], quantity[NUMBER_TEXT], r[NUMBER_TEXT] = "";
    snprintf(generation, sizeof(generation), "%" PRId64, replay->generation);
    snprintf(number, sizeof(number), "%" PRId64, row->number);
    snprintf(quantity, sizeof(quantity), "%" PRId64, row->quantity);
    if (row->takes) {
        snprintf(r, sizeof(r), "%" PRIu64, flash_uuid_low64(&row->entry));
    }
    const char *argv[ARGS] = {generation, number, quantity, row->takes ? row->reference : "", r};
    size_t len[ARGS];
    for (int i = 0; i < ARGS; i++) {
        len[i] = strlen(argv[i]);
    }
    const struct flash_redis_call call = {.script = FLASH_SCRIPT_INFLOW,
                                          .sku = replay->sku,
                                          .argc = ARGS,
                                          .argv = argv,
                                          .argv_len = len};
    return flash_redis_sync_queue(redis, &call, err);
}

static struct answer judge(const struct flash_redis_reply *reply,
                           const struct flash_inflow_replay *replay, const struct flash_inflow *row,
                           struct flash_error *err)
{
    static const struct {
        const char *word;
        enum flash_inflow_outcome outcome;
    } words[] = {
        {"APPLIED", FLASH_INFLOW_UP_TO_DATE},
        {"DONE", FLASH_INFLOW_UP_TO_DATE},
        {"GAP", FLASH_INFLOW_GAP},
        {"ABSENT", FLASH_INFLOW_LOST},
        {"GENERATION", FLASH_INFLOW_LOST},
    };
    const struct flash_redis_reply *word = flash_redis_reply_at(reply, 0);
    const struct flash_redis_reply *more = flash_redis_reply_at(reply, 1);
    struct answer answer = {FLASH_INFLOW_CORRUPT, flash_redis_reply_int(more)};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (flash_redis_reply_is(word, words[i].word)) {
            answer.outcome = words[i].outcome;
        }
    }
    if (flash_redis_reply_is(word, "APPLIED") && replay->applied) {
        replay->applied(row, answer.here, replay->arg);
    }
    if (answer.outcome != FLASH_INFLOW_UP_TO_DATE) {
        struct flash_text said = flash_redis_reply_text(word), what = flash_redis_reply_text(more);
        flash_error_set(err, FLASH_ERROR_DATA,
                        "Redis answers %.*s %.*s to inflow %" PRId64 " of SKU %" PRId64,
                        (int)said.len, said.at, (int)what.len, what.at, row->number, replay->sku);
    }
    return answer;
}

static struct answer take_row(struct flash_redis_sync *redis,
                              const struct flash_inflow_replay *replay,
                              const struct flash_inflow *row, struct flash_error *err)
{
    struct flash_redis_reply *reply = NULL;
    if (!flash_redis_sync_take(redis, &reply, err)) {
        return (struct answer){.outcome = FLASH_INFLOW_AWAY};
    }
    struct answer answer = judge(reply, replay, row, err);
    flash_redis_reply_free(reply);
    return answer;
}

static struct answer apply(struct flash_redis_sync *redis, const struct flash_inflow_replay *replay,
                           const struct flash_inflow *row, struct flash_error *err)
{
    if (!queue_row(redis, replay, row, err)) {
        return (struct answer){.outcome = FLASH_INFLOW_AWAY};
    }
    return take_row(redis, replay, row, err);
}

/* The rows from `from` up to the last, in order. */
static enum flash_inflow_outcome apply_from(struct flash_redis_sync *redis,
                                            const struct flash_inflow_replay *replay, int64_t from,
                                            struct flash_error *err)
{
    while (from <= replay->last->number) {
        struct flash_inflow_page page = {.from = from};
        if (!replay->read(&page, replay->arg, err)) {
            return FLASH_INFLOW_UNREAD;
        }
        if (page.count == 0 || page.rows[0].number != from) {
            flash_error_set(err, FLASH_ERROR_DATA,
                            "the ledger has no inflow %" PRId64 " of SKU %" PRId64, from,
                            replay->sku);
            return FLASH_INFLOW_GAP;
        }
        for (int i = 0; i < page.count; i++) {
            struct answer answer = apply(redis, replay, &page.rows[i], err);
            if (answer.outcome != FLASH_INFLOW_UP_TO_DATE) {
                return answer.outcome;
            }
        }
        from = page.rows[page.count - 1].number + 1;
    }
    return FLASH_INFLOW_UP_TO_DATE;
}

enum flash_inflow_outcome flash_inflow_replay(struct flash_redis_sync *redis,
                                              const struct flash_inflow_replay *replay,
                                              struct flash_error *err)
{
    struct answer answer = apply(redis, replay, replay->last, err);
    if (answer.outcome == FLASH_INFLOW_GAP) {
        return apply_from(redis, replay, answer.here + 1, err);
    }
    return answer.outcome;
}

bool flash_inflow_queue(struct flash_redis_sync *redis, const struct flash_inflow_replay *replay,
                        struct flash_error *err)
{
    return queue_row(redis, replay, replay->last, err);
}

enum flash_inflow_outcome flash_inflow_take(struct flash_redis_sync *redis,
                                            const struct flash_inflow_replay *replay,
                                            struct flash_error *err)
{
    return take_row(redis, replay, replay->last, err).outcome;
}
