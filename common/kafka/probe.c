/* Single messages, read again; see kafka_probe.h.
 *
 * A consumer without a group's assignment: a question assigns it one partition at one offset, the
 * answer takes the partition away again, so between questions nothing is fetched. */
#include "flash/kafka_probe.h"

#include <stdlib.h>
#include <string.h>

#include "internal.h"

struct flash_probe {
    rd_kafka_t *rk;
    char topic[sizeof(((struct flash_config *)0)->kafka.topic)];
    bool open; /* a question is */
    int partition;
    int64_t offset;
};

/* One message is wanted: no more than the broker's smallest answer is fetched and kept. And a topic
 * that was away when it was asked for is looked for again soon, not after the five minutes of the
 * default. */
static bool narrow(rd_kafka_conf_t *conf, struct flash_error *err)
{
    static const char *const pairs[][2] = {
        {"enable.partition.eof", "true"},
        {"queued.min.messages", "1"},
        {"fetch.message.max.bytes", "1"},
        {"topic.metadata.refresh.interval.ms", "1000"},
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        char why[192];
        if (rd_kafka_conf_set(conf, pairs[i][0], pairs[i][1], why, sizeof(why)) !=
            RD_KAFKA_CONF_OK) {
            return flash_error_set(err, FLASH_ERROR_CONFIG, "kafka probe: %s", why);
        }
    }
    return true;
}

bool flash_probe_new(const struct flash_config *config, struct flash_probe **ret_probe,
                     struct flash_error *err)
{
    struct flash_probe *probe = calloc(1, sizeof(*probe));
    rd_kafka_conf_t *conf = probe ? flash_kafka_conf_consumer(config, err) : NULL;
    if (probe == NULL) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "kafka probe: out of memory");
    }
    memcpy(probe->topic, config->kafka.topic, sizeof(probe->topic));
    if (conf == NULL || !narrow(conf, err)) {
        goto fail;
    }
    char why[192];
    probe->rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof(why));
    if (probe->rk == NULL) {
        flash_error_set(err, FLASH_ERROR_CONFIG, "kafka probe: %s", why);
        goto fail;
    }
    rd_kafka_poll_set_consumer(probe->rk);
    *ret_probe = probe;
    return true;
fail:
    if (conf != NULL) {
        rd_kafka_conf_destroy(conf);
    }
    free(probe);
    return false;
}

/* Fetches partition from offset on; partition < 0: nothing. What was buffered is dropped. */
static rd_kafka_resp_err_t assign(struct flash_probe *probe, int partition, int64_t offset)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    if (partition >= 0) {
        rd_kafka_topic_partition_list_add(list, probe->topic, partition)->offset = offset;
    }
    rd_kafka_resp_err_t code = rd_kafka_assign(probe->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    return code;
}

bool flash_probe_ask(struct flash_probe *probe, int partition, int64_t offset,
                     struct flash_error *err)
{
    rd_kafka_resp_err_t code = assign(probe, partition, offset);
    probe->open = code == RD_KAFKA_RESP_ERR_NO_ERROR;
    probe->partition = partition;
    probe->offset = offset;
    return probe->open ||
           flash_error_set(err, FLASH_ERROR_RETRY, "kafka probe: %s", rd_kafka_err2str(code));
}

static bool answers(const struct flash_probe *probe, const rd_kafka_message_t *message)
{
    bool ours = message->rkt != NULL && message->partition == probe->partition;
    return ours && (message->err == RD_KAFKA_RESP_ERR_NO_ERROR ||
                    message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF ||
                    message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET);
}

enum flash_probe_answer flash_probe_hear(struct flash_probe *probe,
                                         struct flash_message *ret_message)
{
    rd_kafka_message_t *message = rd_kafka_consumer_poll(probe->rk, 0);
    if (message == NULL) {
        return FLASH_PROBE_NOTHING;
    }
    if (!probe->open || !answers(probe, message)) {
        rd_kafka_message_destroy(message);
        return FLASH_PROBE_NOTHING;
    }
    probe->open = false;
    (void)assign(probe, -1, 0); /* where it fails, the next question assigns anew */
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        rd_kafka_message_destroy(message);
        return FLASH_PROBE_ABSENT;
    }
    *ret_message = flash_kafka_message(message);
    return FLASH_PROBE_MESSAGE;
}

void flash_probe_free(struct flash_probe *probe)
{
    if (probe != NULL) {
        rd_kafka_consumer_close(probe->rk);
        flash_kafka_destroy(probe->rk);
        free(probe);
    }
}
