/* The producer: messages go in from any thread, their reports come back on one event loop.
 *
 *     send ──▶ librdkafka's threads ──▶ main queue ──▶ poll ──▶ delivered(outcome, opaque)
 *                                           └─ writes the eventfd when it was empty
 *
 * - queued is raised before librdkafka gets a message, lowered by its one report: never negative.
 * - The descriptor is written only when the queue was empty, so poll empties it first, then the
 *   queue, and writes it itself when it stops at its limit with something left.
 * - A batch of reports may be handed out over several polls; the rest waits in `reports`. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "flash/time.h"
#include "internal.h"

enum {
    PURGE_ROUNDS = 20,   /* how often free asks librdkafka to give its messages back, */
    PURGE_ROUND_MS = 100 /* and how long it waits each time; the first is nearly always enough */
};

struct flash_producer {
    rd_kafka_t *rk;
    rd_kafka_queue_t *queue;   /* reports, errors, statistics */
    rd_kafka_topic_t *orders;  /* held so that its metadata stays known */
    rd_kafka_event_t *reports; /* handed out in part, or NULL */
    int fd;
    struct flash_producer_hooks hooks;
    _Atomic int64_t queued;
    struct flash_health health;
};

static bool start(struct flash_producer *producer, const struct flash_config *config,
                  struct flash_error *err);
static void wake(const struct flash_producer *producer);
static void sleep_again(const struct flash_producer *producer);
static bool take_event(struct flash_producer *producer, int wait_ms);
static int run_reports(struct flash_producer *producer, int max);
static rd_kafka_headers_t *headers_make(const struct flash_message_headers *from);
static bool refused(rd_kafka_resp_err_t code, struct flash_error *err);

bool flash_producer_new(const struct flash_config *config, const struct flash_producer_hooks *hooks,
                        struct flash_producer **ret_producer, struct flash_error *err)
{
    struct flash_producer *producer = calloc(1, sizeof(*producer));
    if (producer == NULL) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "kafka producer: out of memory");
    }
    producer->fd = -1;
    producer->hooks = *hooks;
    flash_health_init(&producer->health);
    if (!start(producer, config, err)) {
        flash_producer_free(producer);
        return false;
    }
    *ret_producer = producer;
    return true;
}

static bool start(struct flash_producer *producer, const struct flash_config *config,
                  struct flash_error *err)
{
    static const uint64_t one = 1; /* an eventfd takes 8 bytes, no fewer */
    producer->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (producer->fd < 0) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "kafka producer: eventfd: %s",
                               strerror(errno));
    }
    rd_kafka_conf_t *conf = flash_kafka_conf_producer(config, err);
    if (conf == NULL) {
        return false;
    }
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_STATS);
    char why[192];
    producer->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
    if (producer->rk == NULL) {
        rd_kafka_conf_destroy(conf);
        return flash_error_set(err, FLASH_ERROR_CONFIG, "[kafka.producer] %s", why);
    }
    producer->queue = rd_kafka_queue_get_main(producer->rk);
    rd_kafka_queue_io_event_enable(producer->queue, producer->fd, &one, sizeof(one));
    wake(producer); /* for what came before the line above */
    /* Asks for the topic's leaders at once, so that the first message does not wait for them. */
    producer->orders = rd_kafka_topic_new(producer->rk, config->kafka.topic, NULL);
    if (producer->orders == NULL) {
        return flash_error_set(err, FLASH_ERROR_CONFIG, "[kafka] topic %s: %s", config->kafka.topic,
                               rd_kafka_err2str(rd_kafka_last_error()));
    }
    return true;
}

int flash_producer_fd(const struct flash_producer *producer)
{
    return producer->fd;
}

int flash_producer_poll(struct flash_producer *producer, int max)
{
    int run = 0;
    sleep_again(producer);
    while (run < max) {
        if (producer->reports == NULL && !take_event(producer, 0)) {
            return run;
        }
        run += run_reports(producer, max - run);
    }
    wake(producer);
    return run;
}

bool flash_producer_send(struct flash_producer *producer, const struct flash_produce *message,
                         struct flash_error *err)
{
    rd_kafka_topic_t *topic = producer->orders;
    if (message->topic != NULL) {
        topic = rd_kafka_topic_new(producer->rk, message->topic, NULL);
        if (topic == NULL) {
            return flash_error_set(err, FLASH_ERROR_CONFIG, "kafka topic %s: %s", message->topic,
                                   rd_kafka_err2str(rd_kafka_last_error()));
        }
    }
    rd_kafka_headers_t *headers = message->headers ? headers_make(message->headers) : NULL;
    atomic_fetch_add_explicit(&producer->queued, 1, memory_order_relaxed);
    rd_kafka_resp_err_t code = rd_kafka_producev(
        producer->rk, RD_KAFKA_V_RKT(topic), RD_KAFKA_V_PARTITION(message->partition),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(message->key.at, message->key.len),
        RD_KAFKA_V_VALUE((void *)message->value.at, message->value.len),
        RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(message->opaque), RD_KAFKA_V_END);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        atomic_fetch_sub_explicit(&producer->queued, 1, memory_order_relaxed);
        if (headers != NULL) { /* librdkafka owns them only if it took the message */
            rd_kafka_headers_destroy(headers);
        }
    }
    if (topic != producer->orders) {
        rd_kafka_topic_destroy(topic);
    }
    return code == RD_KAFKA_RESP_ERR_NO_ERROR || refused(code, err);
}

int64_t flash_producer_queued(const struct flash_producer *producer)
{
    return atomic_load_explicit(&producer->queued, memory_order_relaxed);
}

bool flash_producer_ready(const struct flash_producer *producer)
{
    return flash_health_ready(&producer->health);
}

void flash_producer_last_error(struct flash_producer *producer, struct flash_error *ret_error)
{
    flash_health_last(&producer->health, ret_error);
}

const char *flash_producer_topic(const struct flash_producer *producer, rd_kafka_t **ret_rk)
{
    *ret_rk = producer->rk;
    return rd_kafka_topic_name(producer->orders);
}

int64_t flash_producer_flush(struct flash_producer *producer, int timeout_ms)
{
    uint64_t end_us = flash_time_monotonic_us() + (uint64_t)timeout_ms * 1000;
    int wait_ms;
    do {
        run_reports(producer, INT_MAX);
        if (flash_producer_queued(producer) == 0) {
            break;
        }
        uint64_t now_us = flash_time_monotonic_us();
        wait_ms = now_us < end_us ? (int)((end_us - now_us + 999) / 1000) : 0;
    } while (take_event(producer, wait_ms) || wait_ms > 0);
    wake(
        producer); /* errors or statistics may be left, and the queue is not empty for librdkafka */
    return flash_producer_queued(producer);
}

void flash_producer_free(struct flash_producer *producer)
{
    if (producer == NULL) {
        return;
    }
    for (int i = 0; i < PURGE_ROUNDS && flash_producer_queued(producer) > 0; i++) {
        rd_kafka_purge(producer->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        flash_producer_flush(producer, PURGE_ROUND_MS);
    }
    if (producer->reports != NULL) {
        rd_kafka_event_destroy(producer->reports);
    }
    if (producer->orders != NULL) {
        rd_kafka_topic_destroy(producer->orders);
    }
    if (producer->queue != NULL) {
        rd_kafka_queue_io_event_enable(producer->queue, -1, NULL, 0);
        rd_kafka_queue_destroy(producer->queue);
    }
    if (producer->rk != NULL) { /* waits while a topic, queue or event is held */
        flash_kafka_destroy(producer->rk);
    }
    if (producer->fd >= 0) {
        close(producer->fd);
    }
    flash_health_destroy(&producer->health);
    free(producer);
}

/* Makes the descriptor readable. */
static void wake(const struct flash_producer *producer)
{
    const uint64_t one = 1;
    ssize_t written = write(producer->fd, &one, sizeof(one));
    (void)written; /* EAGAIN: it is readable as can be */
}

static void sleep_again(const struct flash_producer *producer)
{
    uint64_t count;
    ssize_t got = read(producer->fd, &count, sizeof(count));
    (void)got; /* EAGAIN: called without a wake-up, which is fine */
}

static void error_event(struct flash_producer *producer, rd_kafka_event_t *event)
{
    rd_kafka_resp_err_t code = rd_kafka_event_error(event);
    if (!rd_kafka_event_error_is_fatal(event) && code != RD_KAFKA_RESP_ERR__FATAL) {
        flash_health_error(&producer->health, code, false, rd_kafka_event_error_string(event));
        return;
    }
    char why[192] = "no reason given";
    code = rd_kafka_fatal_error(producer->rk, why, sizeof(why));
    flash_health_error(&producer->health, code, true, why);
}

/* Serves one event of the queue, waiting for it up to wait_ms; reports are only put aside. False:
 * there was none. */
static bool take_event(struct flash_producer *producer, int wait_ms)
{
    rd_kafka_event_t *event = rd_kafka_queue_poll(producer->queue, wait_ms);
    if (event == NULL) {
        return false;
    }
    switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_DR:
        producer->reports = event; /* ours until run_reports has handed out all of it */
        return true;
    case RD_KAFKA_EVENT_ERROR:
        error_event(producer, event);
        break;
    case RD_KAFKA_EVENT_STATS:
        flash_health_statistics(&producer->health, rd_kafka_event_stats(event));
        break;
    default:
        break;
    }
    rd_kafka_event_destroy(event);
    return true;
}

static enum flash_delivery outcome_of(const rd_kafka_message_t *message)
{
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        return FLASH_DELIVERY_ACKED;
    }
    if (message->err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT) {
        return FLASH_DELIVERY_UNKNOWN; /* it was on its way, whatever the status says */
    }
    switch (rd_kafka_message_status(message)) {
    case RD_KAFKA_MSG_STATUS_NOT_PERSISTED:
        return FLASH_DELIVERY_NOT_SENT;
    case RD_KAFKA_MSG_STATUS_PERSISTED:
        return FLASH_DELIVERY_ACKED;
    default:
        return FLASH_DELIVERY_UNKNOWN;
    }
}

/* Hands out at most max of the reports put aside; returns how many. */
static int run_reports(struct flash_producer *producer, int max)
{
    int run = 0;
    while (producer->reports != NULL && run < max) {
        const rd_kafka_message_t *message = rd_kafka_event_message_next(producer->reports);
        if (message == NULL) {
            rd_kafka_event_destroy(producer->reports);
            producer->reports = NULL;
            break;
        }
        enum flash_delivery outcome = outcome_of(message);
        if (outcome == FLASH_DELIVERY_ACKED) {
            flash_health_success(&producer->health);
        }
        atomic_fetch_sub_explicit(&producer->queued, 1, memory_order_relaxed);
        producer->hooks.delivered(outcome, message->_private, producer->hooks.arg);
        run++;
    }
    return run;
}

static rd_kafka_headers_t *headers_make(const struct flash_message_headers *from)
{
    char now[FLASH_TIME_TEXT];
    flash_time_format_ms((int64_t)flash_time_wall_ms(), now);
    const struct {
        const char *name, *value;
    } rows[] = {
        {"ce_specversion", "1.0"},
        {"ce_id", from->id},
        {"ce_source", from->source},
        {"ce_type", from->type},
        {"ce_time", now},
        {"content-type", "application/json"},
        {"traceparent", from->traceparent},
    };
    size_t count = sizeof(rows) / sizeof(rows[0]);
    rd_kafka_headers_t *headers = rd_kafka_headers_new(count);
    for (size_t i = 0; i < count; i++) {
        if (rows[i].value != NULL) {
            rd_kafka_header_add(headers, rows[i].name, -1, rows[i].value, -1);
        }
    }
    return headers;
}

/* Fills err for a message that librdkafka did not take; always false. */
static bool refused(rd_kafka_resp_err_t code, struct flash_error *err)
{
    const char *why = rd_kafka_err2str(code);
    switch (code) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
        return flash_error_set(err, FLASH_ERROR_DATA, "kafka message: %s", why);
    case RD_KAFKA_RESP_ERR__FATAL:
        return flash_error_set(err, FLASH_ERROR_BUG, "kafka producer: %s", why);
    default: /* _QUEUE_FULL is backpressure; an unknown topic or partition may be made meanwhile */
        return flash_error_set(err, FLASH_ERROR_RETRY, "kafka producer: %s", why);
    }
}
