/* Parked lines, tried once their predecessor is in the ledger (DESIGN §5.1 rule 11).
 *
 * Each has a transaction and a settle of its own: they are rare, except after a ledger that lost
 * commits. So a turn of the pipeline tries them for a while only, and the next one goes on where it
 * ended; between them Kafka is read, or the group would take this consumer for dead.
 *
 * The table is gone through by order. A line that becomes due behind that place is met the next
 * time, which comes at once if this time has made the table shorter. What Redis refuses stays, and
 * so do the lines behind it that are of the same SKU, until the next time. */
#include <stdio.h>
#include <string.h>

#include "flash/time.h"
#include "metrics.h"
#include "pipeline_internal.h"

#define REST_US 1000000  /* between two looks at the table when nothing of it leaves */
#define BUDGET_US 100000 /* after so long in a turn no other line is begun */

enum tried {
    GONE_ON, /* it has left the table, or is for people: the others go on */
    REFUSED, /* Redis refuses its SKU */
    AWAY,    /* the ledger or Redis is, or the consumer is to start over */
};

static enum tried try_line(struct flash_pipeline *pipeline, const struct flash_parked *parked)
{
    struct flash_batch *single = &pipeline->single;
    struct flash_message message = {.value = parked->value};
    struct flash_error err;
    flash_batch_set_parked(single, &message, parked->line_no);
    enum flash_ledger_outcome outcome = flash_pipeline_write(pipeline, single, NULL);
    enum tried tried = outcome == FLASH_LEDGER_REFUSED ? GONE_ON : AWAY;
    if (outcome == FLASH_LEDGER_COMMITTED) {
        enum flash_settled settled = flash_pipeline_settle(pipeline, single);
        bool left =
            settled == FLASH_SETTLED_ALL && flash_ledger_unpark(pipeline->ledger, single, &err);
        tried = left ? GONE_ON : settled == FLASH_SETTLED_NOT_ALL ? REFUSED : AWAY;
    }
    flash_batch_reset(single);
    return tried;
}

/* The next page begins behind all orders "<sku>.<ref>" of order_id's SKU. */
static void skip_sku(struct flash_pipeline *pipeline, const char *order_id)
{
    _Static_assert('/' == '.' + 1 && '/' < '0', "behind this SKU, before all longer numbers");
    int len = (int)strcspn(order_id, ".");
    snprintf(pipeline->unpark_from, sizeof(pipeline->unpark_from), "%.*s/", len, order_id);
}

/* Tries the page's lines until the turn is over, but one at least; the next page begins behind
 * them. False: nothing more is to be tried for now. */
static bool try_page(struct flash_pipeline *pipeline, uint64_t end_us)
{
    struct flash_parked_page *page = &pipeline->parked;
    for (int i = 0; i < page->count; i++) {
        if (*pipeline->stop || pipeline->reposition) {
            return false;
        }
        enum tried tried = try_line(pipeline, &page->lines[i]);
        if (tried == AWAY) {
            return false; /* it is still there, for the next time */
        }
        if (tried == REFUSED) {
            skip_sku(pipeline, page->lines[i].order_id);
            page->last = false;
            return true;
        }
        bool over = flash_time_monotonic_us() >= end_us && i + 1 < page->count;
        const char *next = page->lines[over ? i + 1 : i].order_id;
        memcpy(pipeline->unpark_from, next, strlen(next) + 1);
        if (over) {
            page->last = false;
            return true;
        }
    }
    return true;
}

/* Whether the table is worth going through: not, if the last time came to nothing just now. */
static bool begin(struct flash_pipeline *pipeline)
{
    int64_t before = pipeline->parked_count;
    bool again = pipeline->unpark_again;
    struct flash_error err;
    pipeline->unpark_again = false;
    if (!flash_ledger_count_parked(pipeline->ledger, &pipeline->parked_count, &err)) {
        return false;
    }
    flash_metric_set(&flash_consumer_metrics[METRIC_PARKED], pipeline->parked_count);
    return pipeline->parked_count > 0 && (!again || pipeline->parked_count < before);
}

static void rest(struct flash_pipeline *pipeline)
{
    pipeline->unpark_from[0] = '\0';
    pipeline->unpark_due_us = flash_time_monotonic_us() + REST_US;
}

void flash_unpark_turn(struct flash_pipeline *pipeline, uint64_t now_us)
{
    struct flash_error err;
    if (*pipeline->stop || now_us < pipeline->unpark_due_us) {
        return;
    }
    if (!pipeline->unpark_from[0] && !begin(pipeline)) {
        rest(pipeline);
        return;
    }
    do {
        if (!flash_ledger_read_parked(pipeline->ledger, pipeline->unpark_from, &pipeline->parked,
                                      &err) ||
            !try_page(pipeline, now_us + BUDGET_US)) {
            rest(pipeline);
            return;
        }
    } while (!pipeline->parked.last && flash_time_monotonic_us() < now_us + BUDGET_US);
    if (pipeline->parked.last) {
        pipeline->unpark_from[0] = '\0';
        pipeline->unpark_again = true;
    }
}
