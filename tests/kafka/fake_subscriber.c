/* The fake consumer: one at a time, its script beside it; see fake_subscriber.h. */
#include "fake_subscriber.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define FINDS_MAX 64
#define PARTITIONS_MAX 8

struct find {
    enum flash_poll poll;
    struct flash_message message;
};

struct flash_subscriber {
    struct flash_subscriber_hooks hooks;
    bool ready;
};

static struct {
    struct flash_subscriber *last;
    void (*idle)(void *arg);
    void *idle_arg;
    struct find finds[FINDS_MAX];
    int first, count;
    int partitions; /* to be assigned, or assigned */
    bool unasked;   /* they are still to be asked for */
    int repositions;
    int64_t positions[PARTITIONS_MAX], noted[PARTITIONS_MAX];
    struct flash_watermarks watermarks;
} fake;

struct flash_subscriber *fake_subscriber_last(void)
{
    return fake.last;
}

void fake_subscriber_idle(void (*idle)(void *arg), void *arg)
{
    fake.idle = idle;
    fake.idle_arg = arg;
}

static void add(const struct find *find)
{
    assert(fake.count < FINDS_MAX);
    fake.finds[fake.count++] = *find;
}

void fake_subscriber_message(const struct flash_message *message)
{
    add(&(struct find){FLASH_POLL_MESSAGE, *message});
}

void fake_subscriber_out_of_range(int partition)
{
    add(&(struct find){FLASH_POLL_OUT_OF_RANGE, {.partition = partition}});
}

void fake_subscriber_set_ready(bool ready)
{
    fake.last->ready = ready;
}

void fake_subscriber_error(void)
{
    add(&(struct find){.poll = FLASH_POLL_ERROR});
}

void fake_subscriber_forget(void)
{
    while (fake.first < fake.count) {
        flash_message_free(&fake.finds[fake.first++].message);
    }
    fake.first = fake.count = 0;
}

void fake_subscriber_assign(int count)
{
    assert(count <= PARTITIONS_MAX);
    fake.partitions = count;
    fake.unasked = true;
}

void fake_subscriber_revoke(int partition)
{
    fake.last->hooks.revoked(partition, false, fake.last->hooks.arg);
}

int64_t fake_subscriber_position(int partition)
{
    return fake.positions[partition];
}

int fake_subscriber_repositions(void)
{
    return fake.repositions;
}

void fake_subscriber_set_watermarks(int64_t low, int64_t high)
{
    fake.watermarks = (struct flash_watermarks){low, high};
}

int64_t fake_subscriber_noted(int partition)
{
    return fake.noted[partition];
}

/* ---- flash/kafka.h ---- */

bool flash_subscriber_new(const struct flash_config *config,
                          const struct flash_subscriber_hooks *hooks,
                          struct flash_subscriber **ret_subscriber, struct flash_error *err)
{
    (void)config;
    (void)err;
    assert(fake.last == NULL);
    fake.last = calloc(1, sizeof(*fake.last));
    assert(fake.last != NULL);
    fake.last->hooks = *hooks;
    fake.last->ready = true;
    fake.repositions = 0;
    memset(fake.noted, 0, sizeof(fake.noted));
    *ret_subscriber = fake.last;
    return true;
}

bool flash_subscriber_ready(const struct flash_subscriber *subscriber)
{
    return subscriber->ready;
}

void flash_subscriber_free(struct flash_subscriber *subscriber)
{
    if (subscriber != NULL) {
        fake_subscriber_forget();
        free(subscriber);
        fake.last = NULL;
    }
}

void flash_message_free(struct flash_message *message)
{
    free(message->handle);
    *message = (struct flash_message){.partition = message->partition, .offset = message->offset};
}

/* None is taken unless all are. */
static void ask_positions(void)
{
    bool taken = true;
    for (int p = 0; p < fake.partitions; p++) {
        int64_t offset = -1;
        taken &= fake.last->hooks.assigned(p, &offset, fake.last->hooks.arg);
        fake.positions[p] = offset;
    }
    fake.unasked = !taken;
    for (int p = 0; !taken && p < fake.partitions; p++) {
        fake.positions[p] = -1;
    }
}

enum flash_poll flash_subscriber_poll(struct flash_subscriber *subscriber, int timeout_ms,
                                      struct flash_message *ret_message, struct flash_error *err)
{
    (void)subscriber;
    (void)timeout_ms;
    if (fake.unasked) {
        ask_positions();
    }
    if (fake.unasked || fake.first == fake.count) {
        fake.first = fake.count = 0;
        fake.idle(fake.idle_arg);
        return FLASH_POLL_EMPTY;
    }
    struct find *find = &fake.finds[fake.first++];
    *ret_message = find->message;
    if (find->poll == FLASH_POLL_ERROR) {
        flash_error_set(err, FLASH_ERROR_RETRY, "kafka: so says the test");
    }
    return find->poll;
}

bool flash_subscriber_reposition(struct flash_subscriber *subscriber, struct flash_error *err)
{
    (void)subscriber;
    (void)err;
    fake_subscriber_forget();
    fake.repositions++;
    ask_positions();
    return true;
}

bool flash_subscriber_watermarks(struct flash_subscriber *subscriber, int partition,
                                 struct flash_watermarks *ret_watermarks, struct flash_error *err)
{
    (void)subscriber;
    (void)partition;
    (void)err;
    *ret_watermarks = fake.watermarks;
    return true;
}

void flash_subscriber_note(struct flash_subscriber *subscriber, int partition, int64_t offset)
{
    (void)subscriber;
    fake.noted[partition] = offset;
}
