/* A story (flash/story.h) as JSON; see story.h. */
#include "story.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "flash/log.h"
#include "flash/mysql_story.h"
#include "flash/redis_story.h"
#include "flash/time.h"

#define ATTEMPTS 2 /* a connection that lay idle may be found broken */

static json_t *time_or_null(int64_t ms)
{
    char text[FLASH_TIME_TEXT];
    if (ms <= 0) {
        return json_null();
    }
    flash_time_format_ms(ms, text);
    return json_string(text);
}

static json_t *number_or_null(int64_t number, int64_t least)
{
    return number < least ? json_null() : json_integer(number);
}

static json_t *state_or_null(enum flash_state state)
{
    return state == FLASH_STATE_NONE ? json_null() : json_string(flash_state_name(state));
}

static json_t *order_json(const struct flash_story *story)
{
    char sku[FLASH_SKU_TEXT_MAX + 1];
    snprintf(sku, sizeof(sku), "%" PRId64, story->sku);
    return json_pack(
        "{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:b}", "order_id", story->order_id,
        "sku", sku, "user_id", story->user[0] ? json_string(story->user) : json_null(), "quantity",
        number_or_null(story->quantity, 1), "redis_status", state_or_null(story->redis),
        "redis_version", number_or_null(story->redis_version, 1), "ledger_status",
        state_or_null(story->ledger), "ledger_version", number_or_null(story->ledger_version, 1),
        "pay_by", time_or_null(story->due_s * 1000), "consistent", !flash_story_has_gaps(story),
        "all_steps_shown", !story->cut);
}

static json_t *step_json(const struct flash_story_step *step)
{
    char entry[FLASH_UUID_TEXT + 1], log_id[FLASH_SKU_TEXT_MAX + 1];
    flash_uuid_format(&step->entry, entry);
    snprintf(log_id, sizeof(log_id), "%" PRId64, step->log_id);
    return json_pack(
        "{s:o, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:s}", "at", time_or_null(step->at_ms), "store",
        step->store, "step", step->what, "state", flash_story_step_state_name(step->state),
        "entry_id", step->has_entry ? json_string(entry) : json_null(), "partition",
        number_or_null(step->partition, 0), "offset", number_or_null(step->offset, 0), "log_id",
        step->log_id > 0 ? json_string(log_id) : json_null(), "detail", step->detail);
}

/* Owned; NULL when memory is short. */
static char *story_json(const struct flash_story *story)
{
    json_t *steps = json_array();
    for (int i = 0; i < story->step_count; i++) {
        json_array_append_new(steps, step_json(&story->steps[i]));
    }
    json_t *whole = json_pack("{s:o, s:o}", "order", order_json(story), "steps", steps);
    char *text = whole ? json_dumps(whole, JSON_COMPACT) : NULL;
    json_decref(whole);
    return text;
}

/* Which store failed: the reader of Redis comes first. */
struct telling {
    struct flash_stores *stores;
    bool redis_told;
};

static bool from_redis(struct flash_story *story, void *arg, struct flash_error *err)
{
    struct telling *telling = arg;
    telling->redis_told = flash_story_from_redis(story, telling->stores->redis, err);
    return telling->redis_told;
}

static enum flash_refusal tell(struct flash_story *story, struct flash_job *job,
                               struct flash_stores *stores)
{
    struct telling telling = {.stores = stores};
    struct flash_error err = {0};
    const struct flash_story_sources sources = {from_redis, flash_story_from_ledger, &telling,
                                                stores->mysql};
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        if (flash_story_tell(story, job->form.order_id, &sources, &err)) {
            return flash_story_is_unknown(story) ? FLASH_REFUSE_NO_ORDER : FLASH_REFUSE_NOTHING;
        }
    }
    FLASH_LOG(WARN, "admin.story_not_told", FLASH_TEXT("error", err.text),
              FLASH_TEXT("request_id", job->caller.request_id));
    job->answer.detail = "One of the stores does not answer, so nothing can be said.";
    return telling.redis_told ? FLASH_REFUSE_LEDGER_AWAY : FLASH_REFUSE_REDIS_AWAY;
}

void flash_story_run(struct flash_job *job, struct flash_stores *stores)
{
    struct flash_answer *answer = &job->answer;
    struct flash_story *story = malloc(sizeof(*story));
    answer->refusal = story ? tell(story, job, stores) : FLASH_REFUSE_OVERLOADED;
    if (answer->refusal == FLASH_REFUSE_NO_ORDER) {
        answer->detail = "No store knows this order.";
    } else if (answer->refusal == FLASH_REFUSE_NOTHING) {
        answer->status = 200;
        answer->body = story_json(story);
    }
    free(story);
}
