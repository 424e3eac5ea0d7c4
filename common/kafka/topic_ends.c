/* How far the orders topic has grown; see flash/kafka_topic.h. */
#include "flash/kafka_topic.h"
#include "internal.h"

static bool fail(rd_kafka_resp_err_t code, struct flash_error *err)
{
    return flash_error_set(err, FLASH_ERROR_RETRY, "the topic's end: %s", rd_kafka_err2str(code));
}

/* The number of partitions, up to FLASH_TOPIC_PARTITIONS. */
static bool count_partitions(struct flash_producer *producer, int timeout_ms, int *ret_count,
                             struct flash_error *err)
{
    rd_kafka_t *rk;
    const char *name = flash_producer_topic(producer, &rk);
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_topic_t *topic = rd_kafka_topic_new(rk, name, NULL); /* the one there is, once more */
    if (!topic) {
        return fail(rd_kafka_last_error(), err);
    }
    rd_kafka_resp_err_t code = rd_kafka_metadata(rk, 0, topic, &metadata, timeout_ms);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR && metadata->topic_cnt == 1) {
        int count = metadata->topics[0].partition_cnt;
        *ret_count = count < FLASH_TOPIC_PARTITIONS ? count : FLASH_TOPIC_PARTITIONS;
        code = metadata->topics[0].err;
    }
    if (metadata) {
        rd_kafka_metadata_destroy(metadata);
    }
    rd_kafka_topic_destroy(topic);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR || fail(code, err);
}

bool flash_producer_topic_ends(struct flash_producer *producer, int timeout_ms,
                               struct flash_topic_ends *ret_ends, struct flash_error *err)
{
    struct flash_topic_ends ends = {0};
    rd_kafka_t *rk;
    const char *name = flash_producer_topic(producer, &rk);
    if (!count_partitions(producer, timeout_ms, &ends.count, err)) {
        return false;
    }
    for (int partition = 0; partition < ends.count; partition++) {
        int64_t low = 0;
        rd_kafka_resp_err_t code = rd_kafka_query_watermark_offsets(
            rk, name, partition, &low, &ends.at[partition], timeout_ms);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
            return fail(code, err);
        }
    }
    *ret_ends = ends;
    return true;
}
