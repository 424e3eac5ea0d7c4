/* How far the orders topic's log goes, by ListOffsets; see flash/kafka_topic.h.
 *
 * "By timestamp" with the two special timestamps, first and last: one question for all partitions,
 * where the watermarks' own call would ask for each in turn. */
#include "flash/kafka_topic.h"
#include "flash/time.h"
#include "internal.h"

static bool failed(rd_kafka_resp_err_t code, struct flash_error *err)
{
    return flash_error_set(err, FLASH_ERROR_RETRY, "the topic's ends: %s", rd_kafka_err2str(code));
}

static bool partitions_of(struct flash_producer *producer, int timeout_ms, int *ret_count,
                          struct flash_error *err)
{
    rd_kafka_t *rk;
    const struct rd_kafka_metadata *metadata = NULL;
    const char *name = flash_producer_topic(producer, &rk);
    rd_kafka_topic_t *topic = rd_kafka_topic_new(rk, name, NULL);
    if (topic == NULL) {
        return failed(rd_kafka_last_error(), err);
    }
    rd_kafka_resp_err_t code = rd_kafka_metadata(rk, 0, topic, &metadata, timeout_ms);
    int count = 0;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        code = metadata->topic_cnt == 1 ? metadata->topics[0].err
                                        : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
        count = metadata->topic_cnt == 1 ? metadata->topics[0].partition_cnt : 0;
        rd_kafka_metadata_destroy(metadata);
    }
    rd_kafka_topic_destroy(topic);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR || count == 0) {
        return failed(code ? code : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, err);
    }
    if (count > FLASH_TOPIC_PARTITIONS_MAX) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "the topic has %d partitions, more than %d",
                               count, FLASH_TOPIC_PARTITIONS_MAX);
    }
    *ret_count = count;
    return true;
}

/* Turns each offset of list, which is one of the two special timestamps, into what it stands for.
 */
static bool look_up(rd_kafka_t *rk, rd_kafka_topic_partition_list_t *list, int timeout_ms,
                    struct flash_error *err)
{
    rd_kafka_resp_err_t code = rd_kafka_offsets_for_times(rk, list, timeout_ms);
    for (int i = 0; code == RD_KAFKA_RESP_ERR_NO_ERROR && i < list->cnt; i++) {
        code = list->elems[i].err;
    }
    return code == RD_KAFKA_RESP_ERR_NO_ERROR || failed(code, err);
}

static bool ask(struct flash_producer *producer, struct flash_topic_ends *ends, int timeout_ms,
                struct flash_error *err)
{
    rd_kafka_t *rk;
    const char *name = flash_producer_topic(producer, &rk);
    const uint64_t until_us = flash_time_monotonic_us() + (uint64_t)timeout_ms * 1000;
    const int64_t special[2] = {RD_KAFKA_OFFSET_BEGINNING, RD_KAFKA_OFFSET_END};
    bool ok = true;
    for (int which = 0; ok && which < 2; which++) {
        uint64_t now_us = flash_time_monotonic_us();
        int left_ms = now_us < until_us ? (int)((until_us - now_us) / 1000) : 0;
        rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(ends->count);
        for (int i = 0; i < ends->count; i++) {
            rd_kafka_topic_partition_list_add(list, name, i)->offset = special[which];
        }
        ok = look_up(rk, list, left_ms, err);
        for (int i = 0; ok && i < list->cnt; i++) {
            struct flash_watermarks *of = &ends->partitions[list->elems[i].partition];
            *(which == 0 ? &of->low : &of->high) = list->elems[i].offset;
        }
        rd_kafka_topic_partition_list_destroy(list);
    }
    return ok;
}

bool flash_producer_topic_ends(struct flash_producer *producer, int timeout_ms,
                               struct flash_topic_ends *ret_ends, struct flash_error *err)
{
    struct flash_topic_ends ends = {0};
    if (!partitions_of(producer, timeout_ms, &ends.count, err) ||
        !ask(producer, &ends, timeout_ms, err)) {
        return false;
    }
    *ret_ends = ends;
    return true;
}
