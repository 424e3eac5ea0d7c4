/* Single answers and those of groups; see line.h.
 *
 * A group keeps its lines until the last has ended: their refs are in its answer. */
#include "line.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct outcome {
    struct flash_order_line *line;
    bool accepted;
    enum flash_refusal refusal; /* unless accepted */
    struct flash_record record; /* if accepted */
};

struct flash_line_group {
    struct flash_worker *worker;
    struct flash_request *request;
    int count, open;
    struct outcome outcomes[];
};

static size_t write_outcome(char *out, const struct outcome *outcome)
{
    const struct flash_order_line *line = outcome->line;
    struct flash_order_view view = {
        .sku = line->sku->id, .ref = {line->ref, line->ref_len}, .record = outcome->record};
    if (outcome->accepted) {
        return flash_answer_order_text(out, &view);
    }
    int len = snprintf(out, FLASH_ORDER_TEXT_MAX, "{\"order_id\":\"%lld.%.*s\",\"refused\":\"%s\"}",
                       (long long)view.sku, (int)view.ref.len, view.ref.at,
                       flash_answer_slug(outcome->refusal));
    assert(len > 0 && len < FLASH_ORDER_TEXT_MAX);
    return (size_t)len;
}

/* The outcomes may be known and the memory to tell them not be there: the same request tells them.
 */
static void answer(struct flash_line_group *group)
{
    static const char head[] = "{\"orders\":[";
    char *text = malloc(sizeof(head) + (size_t)group->count * (FLASH_ORDER_TEXT_MAX + 1) + 2);
    if (!text) {
        flash_answer_refuse(group->request, FLASH_REFUSE_OUTCOME_UNKNOWN, NULL);
        return;
    }
    size_t len = sizeof(head) - 1;
    memcpy(text, head, len);
    for (int i = 0; i < group->count; i++) {
        len += write_outcome(text + len, &group->outcomes[i]);
        text[len++] = ',';
    }
    text[len - 1] = ']';
    text[len++] = '}';
    flash_request_reply(group->request,
                        &(struct flash_response){.status = 200, .body = {text, len}});
    free(text);
}

static void finish(struct flash_line_group *group)
{
    answer(group);
    for (int i = 0; i < group->count; i++) {
        flash_pool_give(&group->worker->lines, group->outcomes[i].line);
    }
    free(group);
}

/* Keeps line's outcome if it is a group's; false if it has a request of its own. */
static bool kept(const struct flash_order_line *line, const struct outcome *outcome)
{
    struct flash_line_group *group = line->group;
    if (!group) {
        return false;
    }
    assert(group->open > 0 && group->outcomes[line->number].line == line);
    group->outcomes[line->number] = *outcome;
    if (--group->open == 0) {
        finish(group);
    }
    return true;
}

void flash_line_refuse(struct flash_worker *worker, struct flash_order_line *line,
                       enum flash_refusal refusal, const char *detail)
{
    if (!kept(line, &(struct outcome){.line = line, .refusal = refusal})) {
        flash_answer_refuse(line->request, refusal, detail);
        flash_pool_give(&worker->lines, line);
    }
}

void flash_line_accept(struct flash_worker *worker, struct flash_order_line *line,
                       const struct flash_record *record)
{
    if (!kept(line, &(struct outcome){.line = line, .accepted = true, .record = *record})) {
        struct flash_order_view view = {
            .sku = line->sku->id, .ref = {line->ref, line->ref_len}, .record = *record};
        flash_answer_accepted(line->request, &view);
        flash_pool_give(&worker->lines, line);
    }
}

struct flash_line_group *flash_line_group_new(struct flash_worker *worker,
                                              struct flash_request *request, int max)
{
    struct flash_line_group *group =
        malloc(sizeof(*group) + (size_t)max * sizeof(group->outcomes[0]));
    if (group) {
        *group = (struct flash_line_group){.worker = worker, .request = request};
    }
    return group;
}

void flash_line_group_add(struct flash_line_group *group, struct flash_order_line *line)
{
    line->group = group;
    line->request = group->request;
    line->number = group->count;
    group->outcomes[group->count++] = (struct outcome){.line = line};
    group->open++;
}
