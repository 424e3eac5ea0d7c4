/* Pipelines over all SKUs; see recover_redis.h. */
#include "recover_redis.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PIPELINE 512 /* calls in one round */
#define ARGS_MAX 6
#define NUMBER_TEXT 24

/* A call in the making; numbers are kept as text until it is queued, which copies them. */
struct words {
    char number[ARGS_MAX][NUMBER_TEXT];
    const char *argv[ARGS_MAX];
    size_t len[ARGS_MAX];
    int count;
};

static void add_text(struct words *words, const char *text)
{
    words->argv[words->count] = text;
    words->len[words->count++] = strlen(text);
}

static void add_number(struct words *words, int64_t number)
{
    char *text = words->number[words->count];
    snprintf(text, NUMBER_TEXT, "%" PRId64, number);
    add_text(words, text);
}

/* One script over all SKUs: which, with what, and what its answers mean. */
struct round {
    enum flash_script script;
    bool (*wanted)(const struct flash_sight_sku *sku); /* NULL: all */
    void (*fill)(const struct flash_sight *sight, const struct flash_sight_sku *sku,
                 struct words *words);
    const char *good[4]; /* the words that are fine; none: learn takes any */
    void (*learn)(struct flash_sight_sku *sku, const struct flash_redis_reply *reply);
};

/* One round in hand. */
struct lap {
    struct flash_redis_sync *redis;
    struct flash_sight *sight;
    const struct round *round;
    size_t from, to; /* of the SKUs: in this pipeline */
};

static bool queue_one(const struct lap *lap, const struct flash_sight_sku *sku,
                      struct flash_error *err)
{
    struct words words = {.count = 0};
    lap->round->fill(lap->sight, sku, &words);
    const struct flash_redis_call call = {.script = lap->round->script,
                                          .sku = sku->sku,
                                          .argc = words.count,
                                          .argv = words.argv,
                                          .argv_len = words.len};
    return flash_redis_sync_queue(lap->redis, &call, err);
}

static bool is_good(const struct round *round, const struct flash_sight_sku *sku,
                    const struct flash_redis_reply *reply, struct flash_error *err)
{
    const struct flash_redis_reply *first = flash_redis_reply_at(reply, 0);
    for (int i = 0; i < 4 && round->good[i]; i++) {
        if (flash_redis_reply_is(first, round->good[i])) {
            return true;
        }
    }
    struct flash_text word = flash_redis_reply_text(first);
    struct flash_text more = flash_redis_reply_text(flash_redis_reply_at(reply, 1));
    return flash_error_set(err, FLASH_ERROR_DATA, "Redis answers %.*s %.*s for SKU %" PRId64,
                           (int)word.len, word.at, (int)more.len, more.at, sku->sku);
}

static bool wants(const struct round *round, const struct flash_sight_sku *sku)
{
    return !sku->broken && (!round->wanted || round->wanted(sku));
}

/* Takes the pipeline's answers. A SKU that is refused is broken, and the others go on. */
static bool take_answers(const struct lap *lap, struct flash_error *err)
{
    const struct round *round = lap->round;
    for (size_t i = lap->from; i < lap->to; i++) {
        struct flash_redis_reply *reply;
        struct flash_sight_sku *sku = &lap->sight->skus[i];
        if (!wants(round, sku)) {
            continue;
        }
        if (!flash_redis_sync_take(lap->redis, &reply, err)) {
            sku->broken = true;
            if (err->kind == FLASH_ERROR_UNKNOWN) {
                return false; /* the rest of the pipeline is gone */
            }
            continue;
        }
        if (round->learn) {
            round->learn(sku, reply);
        }
        sku->broken |= round->good[0] && !is_good(round, sku, reply, err);
        flash_redis_reply_free(reply);
    }
    return true;
}

static bool run(struct flash_redis_sync *redis, struct flash_sight *sight,
                const struct round *round, struct flash_error *err)
{
    struct lap lap = {.redis = redis, .sight = sight, .round = round};
    for (; lap.from < sight->count; lap.from = lap.to) {
        lap.to = lap.from + PIPELINE < sight->count ? lap.from + PIPELINE : sight->count;
        for (size_t i = lap.from; i < lap.to; i++) {
            if (wants(round, &sight->skus[i]) && !queue_one(&lap, &sight->skus[i], err)) {
                return false;
            }
        }
        if (!take_answers(&lap, err)) {
            return false;
        }
    }
    return true;
}

/* ---- the rounds ---- */

static void fill_nothing(const struct flash_sight *sight, const struct flash_sight_sku *sku,
                         struct words *words)
{
    (void)sight;
    (void)sku;
    (void)words;
}

bool flash_recover_look(struct flash_redis_sync *redis, struct flash_sight *sight,
                        struct flash_error *err)
{
    static const struct round round = {
        .script = FLASH_SCRIPT_SIGHT, .fill = fill_nothing, .learn = flash_sight_learn};
    if (!flash_redis_sync_ping(redis, err)) {
        return false;
    }
    snprintf(sight->run_id, sizeof(sight->run_id), "%s", flash_redis_sync_run_id(redis));
    return run(redis, sight, &round, err) &&
           (strcmp(sight->run_id, flash_redis_sync_run_id(redis)) == 0 ||
            flash_error_set(err, FLASH_ERROR_RETRY, "Redis went while it was looked at"));
}

static bool in_need_and_there(const struct flash_sight_sku *sku)
{
    return sku->need != FLASH_NEED_NOTHING && sku->redis.present;
}

static void fill_close(const struct flash_sight *sight, const struct flash_sight_sku *sku,
                       struct words *words)
{
    (void)sight;
    add_number(words, sku->redis.generation);
    add_text(words, "");
    add_text(words, "recovery");
}

bool flash_recover_close(struct flash_redis_sync *redis, struct flash_sight *sight,
                         struct flash_error *err)
{
    static const struct round round = {.script = FLASH_SCRIPT_GATE,
                                       .wanted = in_need_and_there,
                                       .fill = fill_close,
                                       .good = {"CLOSED", "ABSENT"}};
    return run(redis, sight, &round, err);
}

static void fill_load(const struct flash_sight *sight, const struct flash_sight_sku *sku,
                      struct words *words)
{
    add_number(words, sight->generation);
    add_number(words, sku->base);
    add_number(words, sku->inflow);
    add_text(words, sku->title);
    add_number(words, sku->threshold);
    add_text(words, sku->need == FLASH_NEED_NOTHING ? sight->run_id : "");
}

static bool has_sale(const struct flash_sight_sku *sku)
{
    return sku->sale > 0;
}

static void fill_sale(const struct flash_sight *sight, const struct flash_sight_sku *sku,
                      struct words *words)
{
    add_number(words, sight->generation);
    add_number(words, sku->sale);
    add_number(words, sku->starts_ms);
    add_number(words, sku->ends_ms);
    add_number(words, sku->limit);
    add_number(words, sku->hold_s);
}

bool flash_recover_lift(struct flash_redis_sync *redis, struct flash_sight *sight,
                        struct flash_error *err)
{
    static const struct round load = {
        .script = FLASH_SCRIPT_LOAD, .fill = fill_load, .good = {"LOADED", "RAISED", "LIVE"}};
    static const struct round sale = {
        .script = FLASH_SCRIPT_SALE, .wanted = has_sale, .fill = fill_sale, .good = {"SET", "OLD"}};
    return run(redis, sight, &load, err) && run(redis, sight, &sale, err);
}

static void fill_beacon(const struct flash_sight *sight, const struct flash_sight_sku *sku,
                        struct words *words)
{
    (void)sku;
    add_number(words, sight->beacon);
}

bool flash_recover_tell_beacon(struct flash_redis_sync *redis, struct flash_sight *sight,
                               struct flash_error *err)
{
    static const struct round round = {
        .script = FLASH_SCRIPT_BEACON, .fill = fill_beacon, .good = {"KEPT", "OLD", "ABSENT"}};
    return run(redis, sight, &round, err);
}

static void learn_inflow(struct flash_sight_sku *sku, const struct flash_redis_reply *look)
{
    sku->redis_inflow = flash_redis_reply_int(flash_redis_reply_at(look, 4));
}

bool flash_recover_look_inflows(struct flash_redis_sync *redis, struct flash_sight *sight,
                                struct flash_error *err)
{
    static const struct round round = {.script = FLASH_SCRIPT_SIGHT,
                                       .wanted = flash_sight_waits,
                                       .fill = fill_nothing,
                                       .learn = learn_inflow};
    return run(redis, sight, &round, err);
}

bool flash_recover_open(struct flash_redis_sync *redis, const struct flash_recover_key *key,
                        enum flash_recover_gate *ret_gate, struct flash_error *err)
{
    static const struct {
        const char *word;
        enum flash_recover_gate gate;
    } words_of[] = {
        {"OPEN", FLASH_RECOVER_OPENED},
        {"OLD_ENTRY", FLASH_RECOVER_OLD_ENTRY},
        {"NEGATIVE", FLASH_RECOVER_NEGATIVE},
        {"CORRUPT", FLASH_RECOVER_DAMAGED},
    };
    struct words words = {.count = 0};
    struct flash_redis_reply *reply;
    add_number(&words, key->generation);
    add_text(&words, key->run_id);
    add_text(&words, "");
    const struct flash_redis_call call = {.script = FLASH_SCRIPT_GATE,
                                          .sku = key->sku,
                                          .argc = words.count,
                                          .argv = words.argv,
                                          .argv_len = words.len};
    if (!flash_redis_sync_queue(redis, &call, err)) {
        return false;
    }
    if (!flash_redis_sync_take(redis, &reply, err)) {
        *ret_gate = FLASH_RECOVER_DAMAGED;
        return err->kind != FLASH_ERROR_UNKNOWN;
    }
    *ret_gate = FLASH_RECOVER_GATE_GONE;
    for (size_t i = 0; i < sizeof(words_of) / sizeof(words_of[0]); i++) {
        if (flash_redis_reply_is(flash_redis_reply_at(reply, 0), words_of[i].word)) {
            *ret_gate = words_of[i].gate;
        }
    }
    flash_redis_reply_free(reply);
    return true;
}
