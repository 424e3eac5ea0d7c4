/* Puts an order's story together and says what a missing piece means; see flash/story.h. */
#include "flash/story.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOKS 3

const char *flash_story_step_state_name(enum flash_story_step_state state)
{
    static const char *const names[] = {[FLASH_STORY_THERE] = "there",
                                        [FLASH_STORY_WAITING] = "waiting",
                                        [FLASH_STORY_MISSING] = "missing"};
    return names[state];
}

struct flash_story_step *flash_story_add(struct flash_story *story,
                                         const struct flash_story_step *step, const char *format,
                                         ...)
{
    va_list args;
    if (story->step_count == FLASH_STORY_STEPS) {
        story->cut = true;
        return NULL;
    }
    struct flash_story_step *mine = &story->steps[story->step_count++];
    *mine = *step;
    va_start(args, format);
    vsnprintf(mine->detail, sizeof(mine->detail), format, args);
    va_end(args);
    return mine;
}

/* ---- what a missing piece means ---- */

static const struct flash_story_step *find(const struct flash_story *story, const char *what,
                                           const struct flash_uuid *entry)
{
    for (int i = 0; i < story->step_count; i++) {
        const struct flash_story_step *step = &story->steps[i];
        bool same = !entry || (step->has_entry && memcmp(&step->entry, entry, sizeof(*entry)) == 0);
        if (strcmp(step->what, what) == 0 && same) {
            return step;
        }
    }
    return NULL;
}

/* A piece that is not there, and what that means. */
static void note(struct flash_story *story, const char *what, enum flash_story_step_state state,
                 const char *meaning)
{
    bool record = strcmp(what, "record") == 0;
    struct flash_story_step step = flash_story_step_of(record ? "redis" : "ledger", what, state);
    flash_story_add(story, &step, "%s", meaning);
}

/* Each open entry: whether its verdict is there already. Each entry that made a row: whether it has
 * one at all. */
static void judge_entries(struct flash_story *story)
{
    int count = story->step_count;
    for (int i = 0; i < count; i++) {
        const struct flash_story_step step = story->steps[i];
        bool open = strcmp(step.what, "journal") == 0;
        if (!step.has_entry || (!open && strcmp(step.what, "row") != 0) ||
            (find(story, "verdict", &step.entry) && !open)) {
            continue;
        }
        struct flash_story_step made =
            flash_story_step_of(open && find(story, "verdict", &step.entry) ? "redis" : "ledger",
                                open && find(story, "verdict", &step.entry) ? "settle" : "verdict",
                                open ? FLASH_STORY_WAITING : FLASH_STORY_MISSING);
        made.has_entry = true;
        made.entry = step.entry;
        const char *meaning =
            !open ? "a row without the verdict of the entry that made it: an audit's finding"
            : strcmp(made.what, "settle") == 0
                ? "the ledger has decided, Redis has not been told yet (unsettled)"
                : "not decided: the entry is on its way through Kafka, late or lost";
        flash_story_add(story, &made, "%s", meaning);
    }
}

/* The two sides of the order. */
static void judge_sides(struct flash_story *story)
{
    bool open = find(story, "journal", NULL) || find(story, "parked", NULL);
    bool there = story->redis != FLASH_STATE_NONE, row = story->ledger != FLASH_STATE_NONE;
    if (!there && row) {
        note(story, "record", FLASH_STORY_MISSING,
             "the ledger has the order, Redis has forgotten it (forgotten): a recovery teaches it "
             "again");
    } else if (there && !row && open) {
        note(story, "row", FLASH_STORY_WAITING,
             "comes with the verdict of the entry in the journal");
    } else if (there && !row) {
        note(story, "row", FLASH_STORY_MISSING,
             "Redis has an order that no entry and no row explains (phantom)");
    } else if (there && !open && story->redis != story->ledger) {
        note(story, "row", FLASH_STORY_MISSING,
             "Redis and the ledger are of different states, and no entry is open to explain it");
    }
}

static int by_time(const void *one, const void *other)
{
    const struct flash_story_step *a = one, *b = other;
    int64_t at = a->at_ms ? a->at_ms : INT64_MAX, than = b->at_ms ? b->at_ms : INT64_MAX;
    return (at > than) - (at < than);
}

bool flash_story_is_unknown(const struct flash_story *story)
{
    return story->redis == FLASH_STATE_NONE && story->ledger == FLASH_STATE_NONE &&
           story->step_count == 0;
}

bool flash_story_has_gaps(const struct flash_story *story)
{
    for (int i = 0; i < story->step_count; i++) {
        if (story->steps[i].state == FLASH_STORY_MISSING) {
            return true;
        }
    }
    return false;
}

/* ---- reading ---- */

static void begin(struct flash_story *story, const char *order_id)
{
    *story = (struct flash_story){.order_id = order_id};
    bool parsed = flash_order_id_parse((struct flash_text){order_id, strlen(order_id)}, &story->sku,
                                       &story->ref);
    assert(parsed);
}

bool flash_story_tell(struct flash_story *story, const char *order_id,
                      const struct flash_story_sources *sources, struct flash_error *err)
{
    for (int look = 1;; look++) {
        begin(story, order_id);
        if (!sources->from_redis(story, sources->redis, err) ||
            !sources->from_ledger(story, sources->ledger, err)) {
            return false;
        }
        judge_entries(story);
        judge_sides(story);
        if (look == LOOKS || !flash_story_has_gaps(story)) {
            break;
        }
    }
    qsort(story->steps, (size_t)story->step_count, sizeof(story->steps[0]), by_time);
    return true;
}
