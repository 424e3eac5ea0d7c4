/* The pipeline on fakes; see line.h. */
#include "line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flash/log.h"

static void idle(void *arg)
{
    struct line *line = arg;
    if (line->pipeline->batch.message_count > 0) {
        return; /* what is in hand comes first */
    }
    if (*line->steps) {
        (*line->steps++)(line);
    } else {
        line->stop = true;
    }
}

int line_open(void **state)
{
    struct line *line = calloc(1, sizeof(*line));
    struct flash_error err;
    assert(line != NULL);
    flash_log_init("test", FLASH_LOG_ERROR + 1);
    for (int i = 0; i < METRIC_CONSUMER_COUNT; i++) {
        flash_metric_set(&flash_consumer_metrics[i], 0);
    }
    line->config.consumer.batch_lines = 64;
    memcpy(line->config.kafka.dead_topic, "dead", sizeof("dead"));
    fake_subscriber_idle(idle, line);
    if (!flash_pipeline_new(&line->config, &line->pipeline, &err)) {
        abort();
    }
    line->ledger = fake_ledger_last();
    line->redis = fake_redis_sync_last();
    fake_subscriber_assign(2);
    *state = line;
    return 0;
}

int line_close(void **state)
{
    struct line *line = *state;
    assert(fake_redis_sync_answers_left(line->redis) == 0);
    flash_pipeline_free(line->pipeline);
    free(line);
    return 0;
}

void line_run(struct line *line, void (*const *steps)(struct line *line))
{
    line->steps = steps;
    line->stop = false;
    flash_pipeline_run(line->pipeline, &line->stop);
}

void line_send(int id, int64_t sku, int partition, int64_t offset)
{
    char order[32];
    snprintf(order, sizeof(order), "r%d:u:1", id);
    const struct flash_message message = letter_write(&(struct letter){
        .type = FLASH_ENTRY_RESERVE,
        .id = id,
        .sku = sku,
        .lines = order,
        .partition = partition,
        .offset = offset,
    });
    fake_subscriber_message(&message);
}

void line_accept(struct line *line, int count)
{
    for (int i = 0; i < count; i++) {
        fake_redis_sync_reply(line->redis, json_pack("[s,i]", "OK", 0));
    }
}

void line_refuse(struct line *line)
{
    fake_redis_sync_reply(line->redis, json_pack("[s,s]", "GENERATION", "8"));
}

int64_t line_metric(enum flash_consumer_metric metric)
{
    return flash_metric_get(&flash_consumer_metrics[metric]);
}

void line_nothing(struct line *line)
{
    (void)line;
}

const struct fake_ledger_write *line_write(struct line *line, int i)
{
    assert_true(i < line->ledger->write_count);
    return &line->ledger->writes[i];
}

void line_send_three(struct line *line)
{
    (void)line;
    line_send(1, 42, 0, 0);
    line_send(2, 42, 1, 0);
    line_send(3, 43, 0, 1);
}
