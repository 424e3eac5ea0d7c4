/* The fake producer: a list of messages, each open, decided or reported, in that order. */
#include "fake_kafka.h"

#include <assert.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum state {
    OPEN,     /* the test has not said what becomes of it */
    DECIDED,  /* it has; the report waits for poll */
    REPORTED, /* delivered has run */
};

struct entry {
    struct fake_kafka_message message;
    enum state state;
    enum flash_delivery outcome;
};

struct flash_producer {
    pthread_mutex_t lock;
    struct entry **entries;
    int count, capacity;
    int first; /* all before it are REPORTED */
    int queued;
    bool full, ready;
    struct flash_error error, topic_error;
    struct flash_topic_ends ends;
    int fd;
    struct flash_producer_hooks hooks;
};

static struct flash_producer *last;

static void *checked(void *memory)
{
    if (memory == NULL) {
        abort();
    }
    return memory;
}

static char *copy(const char *text)
{
    return text == NULL ? NULL : checked(strdup(text));
}

static struct flash_text copy_text(struct flash_text text)
{
    char *at = checked(malloc(text.len + 1));
    if (text.len > 0) {
        memcpy(at, text.at, text.len);
    }
    at[text.len] = '\0';
    return (struct flash_text){at, text.len};
}

bool flash_producer_new(const struct flash_config *config, const struct flash_producer_hooks *hooks,
                        struct flash_producer **ret_producer, struct flash_error *err)
{
    (void)config;
    (void)err;
    struct flash_producer *producer = checked(calloc(1, sizeof(*producer)));
    pthread_mutex_init(&producer->lock, NULL);
    producer->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    producer->ready = true;
    producer->hooks = *hooks;
    *ret_producer = last = producer;
    return true;
}

int flash_producer_fd(const struct flash_producer *producer)
{
    return producer->fd;
}

static void wake(const struct flash_producer *producer)
{
    if (eventfd_write(producer->fd, 1) != 0) {
        abort();
    }
}

/* Takes the next decided message, if there is one, out of the ranks of those to report. */
static struct entry *next_decided(struct flash_producer *producer)
{
    struct entry *found = NULL;
    pthread_mutex_lock(&producer->lock);
    while (producer->first < producer->count &&
           producer->entries[producer->first]->state == REPORTED) {
        producer->first++;
    }
    for (int i = producer->first; i < producer->count && found == NULL; i++) {
        if (producer->entries[i]->state == DECIDED) {
            found = producer->entries[i];
            found->state = REPORTED;
            producer->queued--;
        }
    }
    pthread_mutex_unlock(&producer->lock);
    return found;
}

int flash_producer_poll(struct flash_producer *producer, int max)
{
    eventfd_t count;
    (void)eventfd_read(producer->fd, &count);
    int run = 0;
    for (; run < max; run++) {
        struct entry *entry = next_decided(producer);
        if (entry == NULL) {
            return run;
        }
        producer->hooks.delivered(entry->outcome, entry->message.opaque, producer->hooks.arg);
    }
    wake(producer);
    return run;
}

static struct entry *entry_make(const struct flash_produce *from)
{
    struct entry *entry = checked(calloc(1, sizeof(*entry)));
    entry->message = (struct fake_kafka_message){
        .topic = copy(from->topic),
        .key = copy_text(from->key),
        .value = copy_text(from->value),
        .partition = from->partition,
        .opaque = from->opaque,
    };
    if (from->headers != NULL) {
        entry->message.headers = (struct flash_message_headers){
            .id = copy(from->headers->id),
            .type = copy(from->headers->type),
            .source = copy(from->headers->source),
            .traceparent = copy(from->headers->traceparent),
        };
    }
    return entry;
}

static void entry_free(struct entry *entry)
{
    struct fake_kafka_message *message = &entry->message;
    free(message->topic);
    free((char *)message->key.at);
    free((char *)message->value.at);
    free((char *)message->headers.id);
    free((char *)message->headers.type);
    free((char *)message->headers.source);
    free((char *)message->headers.traceparent);
    free(entry);
}

bool flash_producer_send(struct flash_producer *producer, const struct flash_produce *message,
                         struct flash_error *err)
{
    pthread_mutex_lock(&producer->lock);
    bool taken = !producer->full;
    if (taken && producer->count == producer->capacity) {
        producer->capacity = producer->capacity == 0 ? 64 : producer->capacity * 2;
        size_t size = (size_t)producer->capacity * sizeof(*producer->entries);
        producer->entries = checked(realloc(producer->entries, size));
    }
    if (taken) {
        producer->entries[producer->count++] = entry_make(message);
        producer->queued++;
    }
    pthread_mutex_unlock(&producer->lock);
    return taken || flash_error_set(err, FLASH_ERROR_RETRY, "kafka producer: queue full");
}

int64_t flash_producer_queued(const struct flash_producer *producer)
{
    pthread_mutex_t *lock = (pthread_mutex_t *)&producer->lock;
    pthread_mutex_lock(lock);
    int64_t queued = producer->queued;
    pthread_mutex_unlock(lock);
    return queued;
}

bool flash_producer_ready(const struct flash_producer *producer)
{
    pthread_mutex_t *lock = (pthread_mutex_t *)&producer->lock;
    pthread_mutex_lock(lock);
    bool ready = producer->ready;
    pthread_mutex_unlock(lock);
    return ready;
}

void flash_producer_last_error(struct flash_producer *producer, struct flash_error *ret_error)
{
    pthread_mutex_lock(&producer->lock);
    *ret_error = producer->error;
    pthread_mutex_unlock(&producer->lock);
}

/* Never waits: only the test can decide a message. */
int64_t flash_producer_flush(struct flash_producer *producer, int timeout_ms)
{
    (void)timeout_ms;
    flash_producer_poll(producer, INT_MAX);
    return flash_producer_queued(producer);
}

void flash_producer_free(struct flash_producer *producer)
{
    if (producer == NULL) {
        return;
    }
    fake_kafka_deliver_all(producer, FLASH_DELIVERY_NOT_SENT);
    flash_producer_poll(producer, INT_MAX);
    for (int i = 0; i < producer->count; i++) {
        entry_free(producer->entries[i]);
    }
    last = last == producer ? NULL : last;
    free(producer->entries);
    close(producer->fd);
    pthread_mutex_destroy(&producer->lock);
    free(producer);
}

struct flash_producer *fake_kafka_last(void)
{
    return last;
}

int fake_kafka_count(struct flash_producer *producer)
{
    pthread_mutex_lock(&producer->lock);
    int count = producer->count;
    pthread_mutex_unlock(&producer->lock);
    return count;
}

const struct fake_kafka_message *fake_kafka_message(struct flash_producer *producer, int index)
{
    pthread_mutex_lock(&producer->lock);
    assert(index >= 0 && index < producer->count);
    const struct fake_kafka_message *message = &producer->entries[index]->message;
    pthread_mutex_unlock(&producer->lock);
    return message;
}

void fake_kafka_deliver(struct flash_producer *producer, int index, enum flash_delivery outcome)
{
    pthread_mutex_lock(&producer->lock);
    assert(index >= 0 && index < producer->count);
    assert(producer->entries[index]->state == OPEN);
    producer->entries[index]->state = DECIDED;
    producer->entries[index]->outcome = outcome;
    pthread_mutex_unlock(&producer->lock);
    wake(producer);
}

int fake_kafka_deliver_all(struct flash_producer *producer, enum flash_delivery outcome)
{
    int decided = 0;
    pthread_mutex_lock(&producer->lock);
    for (int i = producer->first; i < producer->count; i++) {
        if (producer->entries[i]->state == OPEN) {
            producer->entries[i]->state = DECIDED;
            producer->entries[i]->outcome = outcome;
            decided++;
        }
    }
    pthread_mutex_unlock(&producer->lock);
    if (decided > 0) {
        wake(producer);
    }
    return decided;
}

void fake_kafka_set_full(struct flash_producer *producer, bool full)
{
    pthread_mutex_lock(&producer->lock);
    producer->full = full;
    pthread_mutex_unlock(&producer->lock);
}

void fake_kafka_set_ready(struct flash_producer *producer, bool ready)
{
    pthread_mutex_lock(&producer->lock);
    producer->ready = ready;
    pthread_mutex_unlock(&producer->lock);
}

void fake_kafka_set_error(struct flash_producer *producer, const struct flash_error *error)
{
    pthread_mutex_lock(&producer->lock);
    producer->error = *error;
    pthread_mutex_unlock(&producer->lock);
}

void fake_kafka_set_topic(struct flash_producer *producer, const struct flash_error *error)
{
    pthread_mutex_lock(&producer->lock);
    producer->topic_error = *error;
    pthread_mutex_unlock(&producer->lock);
}

bool flash_producer_check_topic(struct flash_producer *producer, int64_t window_ms, int timeout_ms,
                                struct flash_error *err)
{
    (void)window_ms;
    (void)timeout_ms;
    pthread_mutex_lock(&producer->lock);
    struct flash_error said = producer->topic_error;
    pthread_mutex_unlock(&producer->lock);
    return said.kind == FLASH_ERROR_NONE || flash_error_set(err, said.kind, "%s", said.text);
}

void fake_kafka_set_ends(struct flash_producer *producer, const struct flash_topic_ends *ends)
{
    pthread_mutex_lock(&producer->lock);
    producer->ends = *ends;
    pthread_mutex_unlock(&producer->lock);
}

bool flash_producer_topic_ends(struct flash_producer *producer, int timeout_ms,
                               struct flash_topic_ends *ret_ends, struct flash_error *err)
{
    (void)timeout_ms;
    pthread_mutex_lock(&producer->lock);
    struct flash_topic_ends said = producer->ends;
    pthread_mutex_unlock(&producer->lock);
    if (said.count == 0) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "the topic's ends: no broker");
    }
    *ret_ends = said;
    return true;
}
