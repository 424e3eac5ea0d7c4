/* The settings of librdkafka, as rows: what was tried under faults, and what the protocol depends
 * on.
 *
 * Three layers, each over the one before: the tried values, the pairs of the configuration's
 * section, the fixed values. A pair that names a fixed setting, under any of its names, is refused
 * with the reason rather than ignored, so nobody believes in a setting that has no effect. Texts
 * never quote a pair's value: it may be a password. */
#include <string.h>

#include "internal.h"

struct setting {
    const char *name, *value;
};

/* value NULL: left at librdkafka's default, or another name of a row that has one. */
struct fixed {
    const char *name, *value, *reason;
};

struct side {
    const char *section;
    const struct setting *tried;
    size_t tried_count;
    const struct fixed *fixed;
    size_t fixed_count;
};

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static const char ONE_NAME_BROKERS[] = "it is kafka.brokers";
static const char REAL_BROKERS[] = "orders go to real brokers only";
static const char ALL_REPLICAS[] = "an entry counts as sent when all in-sync replicas have it";
static const char LATE_MESSAGES[] =
    "an entry is proven lost only because nothing is sent after 20 s";
static const char LEDGER_PROGRESS[] =
    "progress is kept in the ledger, the group's offset mirrors it";
static const char NO_COPIES_CHECK[] = "a broker that froze and came back makes it fatal";
static const char NO_LOG_READER[] = "nobody reads that queue, it would only grow";

static const struct setting tried_producer[] = {
    {"client.id", "flashgate"},
    {"max.in.flight.requests.per.connection", "5"},
    {"socket.timeout.ms", "8000"},
    {"request.timeout.ms", "7500"},
    {"api.version.request.timeout.ms", "1000"},
    {"reconnect.backoff.ms", "50"},
    {"reconnect.backoff.max.ms", "1000"},
    {"linger.ms", "4"},
    {"socket.nagle.disable", "true"},
    {"topic.metadata.propagation.max.ms", "5000"},
};

static const struct fixed fixed_producer[] = {
    {"bootstrap.servers", NULL, ONE_NAME_BROKERS},
    {"metadata.broker.list", NULL, ONE_NAME_BROKERS},
    {"test.mock.num.brokers", NULL, REAL_BROKERS},
    {"log.queue", "false", NO_LOG_READER},
    {"acks", "all", ALL_REPLICAS},
    {"request.required.acks", NULL, ALL_REPLICAS},
    {"enable.idempotence", "false", NO_COPIES_CHECK},
    {"transactional.id", NULL, "the ledger's verdict makes an entry count once"},
    {"message.timeout.ms", "20000", LATE_MESSAGES},
    {"delivery.timeout.ms", NULL, LATE_MESSAGES},
    {"partitioner", "murmur2_random", "all entries of a SKU stay in one partition"},
    {"delivery.report.only.error", "false", "each message is reported, once"},
    {"statistics.interval.ms", "1000", "readiness is read from the statistics"},
};

/* A long poll answers at once when there is something (fetch.min.bytes=1), so fetch.wait.max.ms
 * costs no latency while messages come; it is what a new position may have to wait for, because a
 * broker takes one fetch at a time. */
static const struct setting tried_consumer[] = {
    {"client.id", "flashgate"},
    {"session.timeout.ms", "10000"},
    {"heartbeat.interval.ms", "2000"},
    {"max.poll.interval.ms", "300000"},
    {"api.version.request.timeout.ms", "1000"},
    {"reconnect.backoff.ms", "50"},
    {"reconnect.backoff.max.ms", "1000"},
    {"socket.nagle.disable", "true"},
    {"fetch.min.bytes", "1"},
    {"fetch.wait.max.ms", "10"},
    {"fetch.error.backoff.ms", "100"},
    {"queued.min.messages", "20000"},
    {"queued.max.messages.kbytes", "32768"},
};

static const struct fixed fixed_consumer[] = {
    {"bootstrap.servers", NULL, ONE_NAME_BROKERS},
    {"metadata.broker.list", NULL, ONE_NAME_BROKERS},
    {"test.mock.num.brokers", NULL, REAL_BROKERS},
    {"log.queue", "false", NO_LOG_READER},
    {"group.id", NULL, "it is kafka.group"},
    {"enable.auto.commit", "false", LEDGER_PROGRESS},
    {"auto.commit.enable", NULL, LEDGER_PROGRESS},
    {"enable.auto.offset.store", "false", LEDGER_PROGRESS},
    {"auto.offset.reset", "error", "a position outside the log is noticed, never skipped"},
    {"partition.assignment.strategy", "range",
     "the revocation rules are those of range assignment"},
    {"enable.partition.eof", "false", "the end of a partition is no message"},
    {"statistics.interval.ms", "1000", "readiness is read from the statistics"},
};

static const struct side producer_side = {"kafka.producer", tried_producer, COUNT(tried_producer),
                                          fixed_producer, COUNT(fixed_producer)};
static const struct side consumer_side = {"kafka.consumer", tried_consumer, COUNT(tried_consumer),
                                          fixed_consumer, COUNT(fixed_consumer)};

static rd_kafka_conf_t *conf_make(const struct side *side, const struct flash_config *config,
                                  const struct flash_config_passthrough *pass,
                                  struct flash_error *err);
static bool set(rd_kafka_conf_t *conf, const char *section, const struct setting *setting,
                struct flash_error *err);

rd_kafka_conf_t *flash_kafka_conf_producer(const struct flash_config *config,
                                           struct flash_error *err)
{
    return conf_make(&producer_side, config, &config->kafka.producer, err);
}

rd_kafka_conf_t *flash_kafka_conf_consumer(const struct flash_config *config,
                                           struct flash_error *err)
{
    const struct setting group = {"group.id", config->kafka.group};
    if (config->kafka.group[0] == '\0') {
        flash_error_set(err, FLASH_ERROR_CONFIG, "[kafka] group must not be empty");
        return NULL;
    }
    rd_kafka_conf_t *conf = conf_make(&consumer_side, config, &config->kafka.consumer, err);
    if (conf == NULL || set(conf, "kafka", &group, err)) {
        return conf;
    }
    rd_kafka_conf_destroy(conf);
    return NULL;
}

enum flash_error_kind flash_kafka_error_kind(rd_kafka_resp_err_t code, bool fatal)
{
    if (fatal) {
        return FLASH_ERROR_BUG;
    }
    switch (code) {
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR__SSL:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
        return FLASH_ERROR_CONFIG;
    default:
        return FLASH_ERROR_RETRY;
    }
}

static bool pairs_check(const struct side *side, const struct flash_config_passthrough *pass,
                        struct flash_error *err)
{
    for (int i = 0; i < pass->count; i++) {
        const char *name = pass->pairs[i].name;
        for (size_t row = 0; row < side->fixed_count; row++) {
            if (strcmp(name, side->fixed[row].name) == 0) {
                return flash_error_set(err, FLASH_ERROR_CONFIG, "[%s] %s cannot be set: %s",
                                       side->section, name, side->fixed[row].reason);
            }
        }
    }
    return true;
}

/* Whoever sets `debug` wants librdkafka's own lines on stderr; otherwise it is silent. */
static bool wants_log(const struct flash_config_passthrough *pass)
{
    for (int i = 0; i < pass->count; i++) {
        if (strcmp(pass->pairs[i].name, "debug") == 0) {
            return true;
        }
    }
    return false;
}

static bool layers_set(rd_kafka_conf_t *conf, const struct side *side,
                       const struct flash_config_passthrough *pass, struct flash_error *err)
{
    for (size_t i = 0; i < side->tried_count; i++) {
        if (!set(conf, side->section, &side->tried[i], err)) {
            return false;
        }
    }
    for (int i = 0; i < pass->count; i++) {
        const struct setting pair = {pass->pairs[i].name, pass->pairs[i].value};
        if (!set(conf, side->section, &pair, err)) {
            return false;
        }
    }
    for (size_t i = 0; i < side->fixed_count; i++) {
        const struct setting fixed = {side->fixed[i].name, side->fixed[i].value};
        if (fixed.value != NULL && !set(conf, side->section, &fixed, err)) {
            return false;
        }
    }
    return true;
}

static rd_kafka_conf_t *conf_make(const struct side *side, const struct flash_config *config,
                                  const struct flash_config_passthrough *pass,
                                  struct flash_error *err)
{
    if (!pairs_check(side, pass, err)) {
        return NULL;
    }
    if (config->kafka.brokers[0] == '\0' || config->kafka.topic[0] == '\0') {
        flash_error_set(err, FLASH_ERROR_CONFIG, "[kafka] brokers and topic must not be empty");
        return NULL;
    }
    const struct setting brokers = {"bootstrap.servers", config->kafka.brokers};
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    if (!layers_set(conf, side, pass, err) || !set(conf, "kafka", &brokers, err)) {
        rd_kafka_conf_destroy(conf);
        return NULL;
    }
    if (!wants_log(pass)) {
        rd_kafka_conf_set_log_cb(conf, NULL);
    }
    return conf;
}

static bool set(rd_kafka_conf_t *conf, const char *section, const struct setting *setting,
                struct flash_error *err)
{
    char why[192];
    switch (rd_kafka_conf_set(conf, setting->name, setting->value, why, sizeof(why))) {
    case RD_KAFKA_CONF_OK:
        return true;
    case RD_KAFKA_CONF_UNKNOWN:
        return flash_error_set(err, FLASH_ERROR_CONFIG, "[%s] %s: librdkafka has no such setting",
                               section, setting->name);
    default:
        return flash_error_set(err, FLASH_ERROR_CONFIG, "[%s] %s: %s", section, setting->name, why);
    }
}
