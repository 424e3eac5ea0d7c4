/* Prints the story of one order (story.h); see verb_order.h. */
#include "verb_order.h"

#include <stdio.h>
#include <stdlib.h>

#include "flash/mysql_story.h"
#include "flash/redis_story.h"

static const struct flash_output_column order_columns[] = {
    {"order_id", FLASH_OUTPUT_TEXT},        {"sku", FLASH_OUTPUT_NUMBER},
    {"user_id", FLASH_OUTPUT_TEXT},         {"quantity", FLASH_OUTPUT_NUMBER},
    {"redis_status", FLASH_OUTPUT_TEXT},    {"redis_version", FLASH_OUTPUT_NUMBER},
    {"ledger_status", FLASH_OUTPUT_TEXT},   {"ledger_version", FLASH_OUTPUT_NUMBER},
    {"pay_by", FLASH_OUTPUT_TIME},          {"consistent", FLASH_OUTPUT_FLAG},
    {"all_steps_shown", FLASH_OUTPUT_FLAG},
};
static const struct flash_output_section order_section = {"order", order_columns, 11, .one = true,
                                                          .aside = true};

static const struct flash_output_column step_columns[] = {
    {"at", FLASH_OUTPUT_TIME},
    {"store", FLASH_OUTPUT_TEXT},
    {"step", FLASH_OUTPUT_TEXT},
    {"state", FLASH_OUTPUT_WORD},
    {"entry_id", FLASH_OUTPUT_TEXT},
    {"partition", FLASH_OUTPUT_NUMBER},
    {"offset", FLASH_OUTPUT_NUMBER},
    {"log_id", FLASH_OUTPUT_NUMBER},
    {"detail", FLASH_OUTPUT_TEXT, .yields = true},
};
static const struct flash_output_section step_section = {"steps", step_columns, 9};

/* none: what is 0 or below. */
static struct flash_output_cell positive(int64_t number)
{
    return number > 0 ? flash_output_number(number) : flash_output_none();
}

static struct flash_output_cell from_zero(int64_t number)
{
    return number >= 0 ? flash_output_number(number) : flash_output_none();
}

static struct flash_output_cell state_cell(enum flash_state state)
{
    return flash_output_text(state == FLASH_STATE_NONE ? NULL : flash_state_name(state));
}

static void put_order(const struct flash_story *story, struct flash_output *output)
{
    const struct flash_output_cell cells[] = {
        flash_output_text(story->order_id),
        flash_output_number(story->sku),
        flash_output_text(story->user[0] ? story->user : NULL),
        positive(story->quantity),
        state_cell(story->redis),
        positive(story->redis_version),
        state_cell(story->ledger),
        positive(story->ledger_version),
        positive(story->due_s * 1000),
        flash_output_number(!flash_story_has_gaps(story)),
        flash_output_number(!story->cut),
    };
    flash_output_section(output, &order_section);
    flash_output_row(output, cells);
}

static void put_steps(const struct flash_story *story, struct flash_output *output)
{
    flash_output_section(output, &step_section);
    for (int i = 0; i < story->step_count; i++) {
        const struct flash_story_step *step = &story->steps[i];
        char entry[FLASH_UUID_TEXT + 1];
        flash_uuid_format(&step->entry, entry);
        const struct flash_output_cell cells[] = {
            positive(step->at_ms),
            flash_output_text(step->store),
            flash_output_text(step->what),
            flash_output_text(flash_story_step_state_name(step->state)),
            flash_output_text(step->has_entry ? entry : NULL),
            from_zero(step->partition),
            from_zero(step->offset),
            positive(step->log_id),
            flash_output_text(step->detail),
        };
        flash_output_row(output, cells);
    }
}

/* Error kinds: RETRY, UNKNOWN (a store is away: nothing is said), CONFIG. */
static bool read_story(struct flash_story *story, const struct flash_verb_order *order,
                       struct flash_error *err)
{
    struct flash_redis_sync *redis = NULL;
    struct flash_mysql *mysql = NULL;
    bool ok = flash_redis_sync_new(order->config, &redis, err) &&
              flash_mysql_new(order->config, &mysql, err);
    const struct flash_story_sources sources = {flash_story_from_redis, flash_story_from_ledger,
                                                redis, mysql};
    ok = ok && flash_story_tell(story, order->order_id, &sources, err);
    flash_redis_sync_free(redis);
    flash_mysql_free(mysql);
    return ok;
}

int flash_verb_order_print(const struct flash_verb_order *order)
{
    struct flash_error err = {0};
    struct flash_output *output = NULL;
    struct flash_story *story = malloc(sizeof(*story));
    const struct flash_output_start start = {stdout, order->format,
                                             flash_output_wants_colours(stdout)};
    int code = FLASH_EXIT_FINDINGS;
    if (!story) {
        (void)flash_error_set(&err, FLASH_ERROR_RETRY, "out of memory");
        code = flash_verb_fail(order->page, &err);
    } else if (!read_story(story, order, &err) || !flash_output_new(&start, &output, &err)) {
        code = flash_verb_fail(order->page, &err);
    } else {
        if (flash_story_is_unknown(story)) {
            fprintf(stderr, FLASH_VERB_PROGRAM " report: no store knows the order %s\n",
                    order->order_id);
        } else {
            put_order(story, output);
            put_steps(story, output);
            code = flash_story_has_gaps(story) ? FLASH_EXIT_FINDINGS : FLASH_EXIT_CLEAN;
        }
        code = flash_output_end(output, &err) ? code : flash_verb_fail(order->page, &err);
    }
    flash_output_free(output);
    free(story);
    return code;
}
