/* Compares the topic's ends with the ledger's progress; see lag.h. While either cannot be read the
 * gauge stands: that they are away is an alert of its own. */
#include "lag.h"

#include <stdlib.h>
#include <string.h>

#include "duty.h"
#include "flash/kafka_topic.h"
#include "flash/mysql.h"
#include "metrics.h"

enum { INTERVAL_MS = 2000, TIMEOUT_MS = 2000 };

struct flash_lag {
    struct flash_mysql *mysql;
    struct flash_producer *producer; /* (borrowed) */
    struct flash_duty *thread;
    struct flash_text topic; /* (borrowed) of the configuration */
    struct flash_topic_ends ends;
    int64_t applied[FLASH_TOPIC_PARTITIONS_MAX];
};

static bool take_progress(const struct flash_value *cells, int count, void *arg)
{
    struct flash_lag *lag = arg;
    int64_t partition = cells[0].number;
    (void)count;
    if (partition >= 0 && partition < FLASH_TOPIC_PARTITIONS_MAX) {
        lag->applied[partition] = cells[1].number;
    }
    return true;
}

static bool read_progress(struct flash_lag *lag, struct flash_error *err)
{
    const struct flash_value topic = {.type = FLASH_COLUMN_BYTES, .bytes = lag->topic};
    const struct flash_query query = {
        .sql = "SELECT partition_no, applied FROM consumer_progress WHERE topic = ?",
        .params = &topic,
        .param_count = 1,
        .column_count = 2,
        .row = take_progress,
        .arg = lag,
    };
    memset(lag->applied, 0, sizeof(lag->applied));
    return flash_mysql_connect(lag->mysql, err) && flash_mysql_query(lag->mysql, &query, err);
}

/* The ends come first: what is applied meanwhile makes the lag smaller than it was, never larger.
 */
static void look(struct flash_duty *running, void *arg)
{
    struct flash_lag *lag = arg;
    struct flash_error err;
    int64_t behind = 0;
    (void)running;
    if (!flash_producer_topic_ends(lag->producer, TIMEOUT_MS, &lag->ends, &err) ||
        !read_progress(lag, &err)) {
        return;
    }
    for (int i = 0; i < lag->ends.count; i++) {
        int64_t left = lag->ends.partitions[i].high - lag->applied[i];
        behind += left > 0 ? left : 0;
    }
    flash_metric_set(&flash_reconciler_metrics[METRIC_CONSUMER_LAG], behind);
}

bool flash_lag_new(const struct flash_config *config, struct flash_producer *producer,
                   struct flash_lag **ret_lag, struct flash_error *err)
{
    struct flash_lag *lag = calloc(1, sizeof(*lag));
    if (!lag) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "lag: out of memory");
    }
    const struct flash_duty_plan plan = {INTERVAL_MS, look, lag};
    lag->producer = producer;
    lag->topic = (struct flash_text){config->kafka.topic, strlen(config->kafka.topic)};
    if (!flash_mysql_new(config, &lag->mysql, err) || !flash_duty_new(&plan, &lag->thread, err)) {
        flash_lag_free(lag);
        return false;
    }
    *ret_lag = lag;
    return true;
}

void flash_lag_stop(struct flash_lag *lag)
{
    if (lag) {
        flash_duty_stop(lag->thread);
    }
}

void flash_lag_free(struct flash_lag *lag)
{
    if (lag) {
        flash_duty_free(lag->thread);
        flash_mysql_free(lag->mysql);
        free(lag);
    }
}
