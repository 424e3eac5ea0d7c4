/* The orders topic's settings, by DescribeConfigs; see flash/kafka_topic.h. */
#include "flash/kafka_topic.h"

#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* The settings, borrowed from the answer. */
struct settings {
    const rd_kafka_ConfigEntry_t **entries;
    size_t count;
};

static rd_kafka_event_t *ask(rd_kafka_t *rk, const char *topic, int timeout_ms)
{
    char why[128];
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    rd_kafka_ConfigResource_t *resource =
        rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic);
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(rk, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
    rd_kafka_event_t *answer = NULL;
    rd_kafka_resp_err_t code =
        rd_kafka_AdminOptions_set_request_timeout(options, timeout_ms, why, sizeof(why));
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        rd_kafka_DescribeConfigs(rk, &resource, 1, options, queue);
        answer = rd_kafka_queue_poll(queue, timeout_ms);
    }
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_ConfigResource_destroy(resource);
    rd_kafka_queue_destroy(queue); /* an answer that comes later is dropped with it */
    return answer;
}

/* The settings in the answer; false: it is an error. */
static bool read_answer(rd_kafka_event_t *answer, struct settings *ret_settings,
                        struct flash_error *err)
{
    size_t count = 0;
    if (rd_kafka_event_error(answer) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "the topic's settings: %s",
                               rd_kafka_event_error_string(answer));
    }
    const rd_kafka_DescribeConfigs_result_t *result = rd_kafka_event_DescribeConfigs_result(answer);
    const rd_kafka_ConfigResource_t **resources =
        rd_kafka_DescribeConfigs_result_resources(result, &count);
    if (count != 1 || rd_kafka_ConfigResource_error(resources[0]) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        const char *why = count == 1 ? rd_kafka_ConfigResource_error_string(resources[0]) : NULL;
        return flash_error_set(err, FLASH_ERROR_RETRY, "the topic's settings: %s",
                               why ? why : "an empty answer");
    }
    ret_settings->entries = rd_kafka_ConfigResource_configs(resources[0], &ret_settings->count);
    return true;
}

/* "" when there is no such setting. */
static const char *value_of(const struct settings *settings, const char *name)
{
    for (size_t i = 0; i < settings->count; i++) {
        const char *value = rd_kafka_ConfigEntry_value(settings->entries[i]);
        if (value && strcmp(rd_kafka_ConfigEntry_name(settings->entries[i]), name) == 0) {
            return value;
        }
    }
    return "";
}

static bool must_be(const struct settings *settings, const char *name, const char *wanted,
                    struct flash_error *err)
{
    const char *value = value_of(settings, name);
    return strcmp(value, wanted) == 0 ||
           flash_error_set(err, FLASH_ERROR_CONFIG, "the topic's %s is \"%.40s\", not %s", name,
                           value, wanted);
}

/* INT64_MAX when there is no such setting: then nothing is refused for its time. */
static int64_t number_of(const struct settings *settings, const char *name)
{
    char *end;
    const char *value = value_of(settings, name);
    long long number = strtoll(value, &end, 10);
    return *value && !*end && number >= 0 ? number : INT64_MAX;
}

static bool judge(const struct settings *settings, int64_t window_ms, struct flash_error *err)
{
    int64_t before_ms = number_of(settings, "message.timestamp.before.max.ms");
    int64_t after_ms = number_of(settings, "message.timestamp.after.max.ms");
    if (!must_be(settings, "cleanup.policy", "delete", err) ||
        !must_be(settings, "message.timestamp.type", "CreateTime", err)) {
        return false;
    }
    if (before_ms > window_ms || after_ms > window_ms - before_ms) {
        return flash_error_set(err, FLASH_ERROR_CONFIG,
                               "the topic's message.timestamp.before.max.ms (%lld) and "
                               "after.max.ms (%lld) are together more than %lld",
                               (long long)before_ms, (long long)after_ms, (long long)window_ms);
    }
    return true;
}

bool flash_producer_check_topic(struct flash_producer *producer, int64_t window_ms, int timeout_ms,
                                struct flash_error *err)
{
    struct settings settings = {0};
    rd_kafka_t *rk;
    const char *topic = flash_producer_topic(producer, &rk);
    rd_kafka_event_t *answer = ask(rk, topic, timeout_ms);
    if (!answer) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "the topic's settings: no answer");
    }
    bool ok = read_answer(answer, &settings, err) && judge(&settings, window_ms, err);
    rd_kafka_event_destroy(answer);
    return ok;
}
