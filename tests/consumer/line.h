/* The pipeline on fakes of Kafka, the ledger and Redis, moved on by steps of the test.
 *
 * A step runs when there is nothing to read and nothing in hand; after the last one the pipeline
 * is stopped. What Redis says to each settle has to be said before. */
#ifndef FLASH_TESTS_CONSUMER_LINE_H
#define FLASH_TESTS_CONSUMER_LINE_H

#include "../../consumer/metrics.h"
#include "../../consumer/pipeline_internal.h"
#include "fake_kafka.h"
#include "fake_ledger.h"
#include "fake_redis_sync.h"
#include "fake_subscriber.h"
#include "letter.h"

struct line {
    struct flash_config config;
    struct flash_pipeline *pipeline;
    struct flash_ledger *ledger;
    struct flash_redis_sync *redis;
    _Atomic bool stop;
    void (*const *steps)(struct line *line); /* NULL at the end */
};

/* cmocka's setup and teardown; *state is the line, with two partitions to be assigned. */
int line_open(void **state);
int line_close(void **state);
/* Runs the pipeline through steps, a list with NULL at its end. */
void line_run(struct line *line, void (*const *steps)(struct line *line));
#define LINE_RUN(on, ...) line_run(on, (void (*const[])(struct line *)){__VA_ARGS__, NULL})

/* A step that waits until nothing is in hand. */
void line_nothing(struct line *line);
/* The i-th write that the ledger was asked for; there were so many. */
const struct fake_ledger_write *line_write(struct line *line, int i);

/* A reserve entry of one unit, of order "r<id>", is what will be read next. */
void line_send(int id, int64_t sku, int partition, int64_t offset);
/* A step: three of them, of SKUs 42 and 43, in both partitions. */
void line_send_three(struct line *line);
/* The next count settles are accepted. */
void line_accept(struct line *line, int count);
/* The next is refused: Redis is of another generation. */
void line_refuse(struct line *line);
int64_t line_metric(enum flash_consumer_metric metric);

#endif
