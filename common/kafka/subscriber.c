/* The consumer: one topic of one group, started where hooks.assigned says and nowhere else.
 *
 *     NONE --group gives partitions--> HELD --every position known--> TAKEN
 *      ^                                | ^                             |
 *      '-------- group takes them ------'-|--------- reposition --------'
 *
 * While HELD, librdkafka is told an empty assignment: it stays a member, the group is not kept
 * waiting and nothing is fetched; each poll asks for the positions again. The group's committed
 * offsets are written for people to look at and never read. Messages are taken one by one: the
 * batch calls and pause/resume of librdkafka 2.0 lose or mix messages around a rebalance. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

enum { WATERMARK_TIMEOUT_MS = 5000 };

enum assignment {
    NONE,  /* no partitions */
    HELD,  /* given by the group, not fetched: a position is not known */
    TAKEN, /* fetched from the positions in the list */
    ASSIGNMENT_COUNT,
};

struct flash_subscriber {
    rd_kafka_t *rk;
    char topic[sizeof(((struct flash_config *)0)->kafka.topic)];
    struct flash_subscriber_hooks hooks;
    enum assignment assignment;
    rd_kafka_topic_partition_list_t *partitions; /* NULL exactly while NONE */
    struct flash_error trouble; /* reported by librdkafka, not yet by poll; kind NONE: none */
    struct flash_health health;
};

static bool start(struct flash_subscriber *subscriber, const struct flash_config *config,
                  struct flash_error *err);
static void rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t code,
                      rd_kafka_topic_partition_list_t *partitions, void *opaque);
static void trouble(rd_kafka_t *rk, int code, const char *text, void *opaque);
static int statistics(rd_kafka_t *rk, char *json, size_t len, void *opaque);
static bool take(struct flash_subscriber *subscriber);
static enum flash_poll poll_error(struct flash_subscriber *subscriber, rd_kafka_message_t *from,
                                  struct flash_message *ret_message, struct flash_error *err);

bool flash_subscriber_new(const struct flash_config *config,
                          const struct flash_subscriber_hooks *hooks,
                          struct flash_subscriber **ret_subscriber, struct flash_error *err)
{
    struct flash_subscriber *subscriber = calloc(1, sizeof(*subscriber));
    if (subscriber == NULL) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "kafka consumer: out of memory");
    }
    subscriber->hooks = *hooks;
    flash_health_init(&subscriber->health);
    memcpy(subscriber->topic, config->kafka.topic, sizeof(subscriber->topic));
    if (!start(subscriber, config, err)) {
        flash_subscriber_free(subscriber);
        return false;
    }
    *ret_subscriber = subscriber;
    return true;
}

static bool start(struct flash_subscriber *subscriber, const struct flash_config *config,
                  struct flash_error *err)
{
    rd_kafka_conf_t *conf = flash_kafka_conf_consumer(config, err);
    if (conf == NULL) {
        return false;
    }
    rd_kafka_conf_set_opaque(conf, subscriber);
    rd_kafka_conf_set_rebalance_cb(conf, rebalance);
    rd_kafka_conf_set_error_cb(conf, trouble);
    rd_kafka_conf_set_stats_cb(conf, statistics);
    char why[192];
    subscriber->rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof(why));
    if (subscriber->rk == NULL) {
        rd_kafka_conf_destroy(conf);
        return flash_error_set(err, FLASH_ERROR_CONFIG, "[kafka.consumer] %s", why);
    }
    rd_kafka_poll_set_consumer(subscriber->rk);
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, subscriber->topic, RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t code = rd_kafka_subscribe(subscriber->rk, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ||
           flash_error_set(err, FLASH_ERROR_CONFIG, "[kafka] topic %s: %s", subscriber->topic,
                           rd_kafka_err2str(code));
}

enum flash_poll flash_subscriber_poll(struct flash_subscriber *subscriber, int timeout_ms,
                                      struct flash_message *ret_message, struct flash_error *err)
{
    if (subscriber->assignment == HELD && !rd_kafka_assignment_lost(subscriber->rk)) {
        take(subscriber);
    }
    rd_kafka_message_t *message = rd_kafka_consumer_poll(subscriber->rk, timeout_ms);
    if (message == NULL || message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return poll_error(subscriber, message, ret_message, err);
    }
    *ret_message = flash_kafka_message(message);
    flash_health_success(&subscriber->health);
    return FLASH_POLL_MESSAGE;
}

bool flash_subscriber_ready(const struct flash_subscriber *subscriber)
{
    return flash_health_ready(&subscriber->health);
}

struct flash_message flash_kafka_message(rd_kafka_message_t *from)
{
    return (struct flash_message){
        .partition = from->partition,
        .offset = from->offset,
        .timestamp_ms = rd_kafka_message_timestamp(from, NULL),
        .key = {from->key, from->key_len},
        .value = {from->payload, from->len},
        .handle = from,
    };
}

void flash_message_free(struct flash_message *message)
{
    if (message->handle != NULL) {
        rd_kafka_message_destroy(message->handle);
    }
    *message = (struct flash_message){.partition = message->partition, .offset = message->offset};
}

bool flash_subscriber_reposition(struct flash_subscriber *subscriber, struct flash_error *err)
{
    if (subscriber->assignment == NONE) {
        return true;
    }
    if (rd_kafka_assignment_lost(
            subscriber->rk)) { /* assigning now would hide it from rebalance() */
        return flash_error_set(err, FLASH_ERROR_RETRY, "kafka consumer: the partitions are lost");
    }
    if (!take(subscriber)) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "%s", subscriber->trouble.text);
    }
    return true;
}

bool flash_subscriber_watermarks(struct flash_subscriber *subscriber, int partition,
                                 struct flash_watermarks *ret_watermarks, struct flash_error *err)
{
    struct flash_watermarks found;
    rd_kafka_resp_err_t code =
        rd_kafka_query_watermark_offsets(subscriber->rk, subscriber->topic, partition, &found.low,
                                         &found.high, WATERMARK_TIMEOUT_MS);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "watermarks of %s/%d: %s", subscriber->topic,
                               partition, rd_kafka_err2str(code));
    }
    *ret_watermarks = found;
    return true;
}

void flash_subscriber_note(struct flash_subscriber *subscriber, int partition, int64_t offset)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, subscriber->topic, partition)->offset = offset;
    (void)rd_kafka_commit(subscriber->rk, list, 1); /* a mirror: losing it loses nothing */
    rd_kafka_topic_partition_list_destroy(list);
}

void flash_subscriber_free(struct flash_subscriber *subscriber)
{
    if (subscriber == NULL) {
        return;
    }
    if (subscriber->rk != NULL) {
        rd_kafka_consumer_close(subscriber->rk); /* revokes through rebalance() */
        flash_kafka_destroy(subscriber->rk);
    }
    if (subscriber->partitions != NULL) {
        rd_kafka_topic_partition_list_destroy(subscriber->partitions);
    }
    flash_health_destroy(&subscriber->health);
    free(subscriber);
}

static void move(struct flash_subscriber *subscriber, enum assignment to)
{
    static const bool may[ASSIGNMENT_COUNT][ASSIGNMENT_COUNT] = {
        /* from:  NONE  HELD   TAKEN */
        [NONE] = {true, true, false},
        [HELD] = {true, true, true},
        [TAKEN] = {true, true, false},
    };
    assert(may[subscriber->assignment][to]);
    assert((to == NONE) == (subscriber->partitions == NULL));
    subscriber->assignment = to;
}

/* The group has taken the partitions, or librdkafka is about to. */
static void give_up(struct flash_subscriber *subscriber, bool lost)
{
    if (subscriber->partitions == NULL) {
        return;
    }
    for (int i = 0; subscriber->assignment == TAKEN && i < subscriber->partitions->cnt; i++) {
        subscriber->hooks.revoked(subscriber->partitions->elems[i].partition, lost,
                                  subscriber->hooks.arg);
    }
    rd_kafka_topic_partition_list_destroy(subscriber->partitions);
    subscriber->partitions = NULL;
    move(subscriber, NONE);
}

/* Runs inside rd_kafka_consumer_poll and rd_kafka_consumer_close. */
static void rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t code,
                      rd_kafka_topic_partition_list_t *partitions, void *opaque)
{
    struct flash_subscriber *subscriber = opaque;
    give_up(subscriber, rd_kafka_assignment_lost(rk));
    if (code != RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) { /* revoked, or an error of the group's */
        rd_kafka_assign(rk, NULL);
        return;
    }
    subscriber->partitions = rd_kafka_topic_partition_list_copy(partitions);
    move(subscriber, HELD);
    take(subscriber);
}

static void trouble(rd_kafka_t *rk, int code, const char *text, void *opaque)
{
    struct flash_subscriber *subscriber = opaque;
    char why[192];
    bool fatal = code == RD_KAFKA_RESP_ERR__FATAL;
    if (fatal) {
        code = rd_kafka_fatal_error(rk, why, sizeof(why));
        text = why;
    }
    flash_health_error(&subscriber->health, code, fatal, text);
    if (subscriber->trouble.kind != FLASH_ERROR_BUG) { /* a fatal error is not written over */
        flash_error_set(&subscriber->trouble, flash_kafka_error_kind(code, fatal), "%s: %s",
                        rd_kafka_err2name(code), text);
    }
}

/* Runs inside rd_kafka_consumer_poll, once a second; librdkafka frees json. */
static int statistics(rd_kafka_t *rk, char *json, size_t len, void *opaque)
{
    struct flash_subscriber *subscriber = opaque;
    (void)rk;
    (void)len;
    flash_health_statistics(&subscriber->health, json);
    return 0;
}

/* Writes the position of each partition into the list; false when one is not to be had now. */
static bool positions_ask(struct flash_subscriber *subscriber)
{
    for (int i = 0; i < subscriber->partitions->cnt; i++) {
        rd_kafka_topic_partition_t *partition = &subscriber->partitions->elems[i];
        int64_t offset = 0;
        if (!subscriber->hooks.assigned(partition->partition, &offset, subscriber->hooks.arg)) {
            return false;
        }
        assert(offset >= 0 || offset == FLASH_OFFSET_BEGINNING);
        partition->offset = offset == FLASH_OFFSET_BEGINNING ? RD_KAFKA_OFFSET_BEGINNING : offset;
    }
    return true;
}

/* Asks for all positions and fetches from them; what was buffered before is dropped. While one is
 * not known nothing is fetched. False: librdkafka refused, poll will say why. */
static bool take(struct flash_subscriber *subscriber)
{
    bool known = positions_ask(subscriber);
    rd_kafka_topic_partition_list_t *none = rd_kafka_topic_partition_list_new(0);
    rd_kafka_resp_err_t code =
        rd_kafka_assign(subscriber->rk, known ? subscriber->partitions : none);
    rd_kafka_topic_partition_list_destroy(none);
    move(subscriber, HELD);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        return flash_error_set(&subscriber->trouble, FLASH_ERROR_RETRY,
                               "kafka consumer: assign: %s", rd_kafka_err2str(code));
    }
    if (known) {
        move(subscriber, TAKEN);
    }
    return true;
}

/* What poll answers when it has no message; from is librdkafka's error for one, or NULL. */
static enum flash_poll poll_error(struct flash_subscriber *subscriber, rd_kafka_message_t *from,
                                  struct flash_message *ret_message, struct flash_error *err)
{
    if (from == NULL) {
        if (subscriber->trouble.kind == FLASH_ERROR_NONE) {
            return FLASH_POLL_EMPTY;
        }
        flash_error_set(err, subscriber->trouble.kind, "%s", subscriber->trouble.text);
        subscriber->trouble.kind = FLASH_ERROR_NONE;
        return FLASH_POLL_ERROR;
    }
    enum flash_poll answer = FLASH_POLL_ERROR;
    if (from->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET) {
        *ret_message = (struct flash_message){.partition = from->partition, .offset = from->offset};
        answer = FLASH_POLL_OUT_OF_RANGE;
    } else {
        bool fatal = from->err == RD_KAFKA_RESP_ERR__FATAL;
        flash_error_set(err, flash_kafka_error_kind(from->err, fatal), "%s: %s",
                        rd_kafka_err2name(from->err), rd_kafka_message_errstr(from));
    }
    rd_kafka_message_destroy(from);
    return answer;
}
