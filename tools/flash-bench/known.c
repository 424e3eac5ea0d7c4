/* The ring and the queue of known orders, the reader of the file that fills them; see known.h. */
#include "known.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RING_SIZE 65536
#define QUEUE_SIZE 4096 /* at first */
#define LINE_MAX_BYTES 512

static struct flash_bench_known_order *next_place(struct flash_bench_known *known)
{
    struct flash_bench_known_order *order = &known->orders[known->next];
    known->next = (known->next + 1) % known->size;
    if (known->count < known->size) {
        known->count++;
    }
    return order;
}

/* The next field of a tab-separated line, at most max bytes, ended by a NUL; moves *line behind it.
 * NULL if missing. */
static const char *field(char **line, size_t max)
{
    char *start = strsep(line, "\t\n");
    return start != NULL && *start != '\0' && strlen(start) <= max ? start : NULL;
}

/* A positive number that is the whole text. */
static bool number_field(const char *text, int64_t max, int64_t *ret_number)
{
    int64_t number;
    if (!flash_sku_parse((struct flash_text){text, strlen(text)}, &number) || number > max) {
        return false;
    }
    *ret_number = number;
    return true;
}

/* "accepted <order_id> <user> <quantity> …", tab-separated, as record.c writes it. */
static bool read_line(const struct flash_bench_options *options, char *line,
                      struct flash_bench_known_order *order)
{
    const char *id = field(&line, FLASH_BENCH_DERIVED_ID);
    const char *user = field(&line, FLASH_USER_MAX);
    const char *quantity = field(&line, 4);
    size_t prefix = strlen(options->user_prefix);
    struct flash_text ref;
    int64_t units;
    if (id == NULL || user == NULL || quantity == NULL ||
        strncmp(user, options->user_prefix, prefix) != 0 ||
        !number_field(user + prefix, options->buyers, &order->user) ||
        !number_field(quantity, FLASH_QUANTITY_MAX, &units) ||
        !flash_order_id_parse((struct flash_text){id, strlen(id)}, &order->sku, &ref)) {
        return false;
    }
    order->quantity = (int)units;
    snprintf(order->order_id, sizeof(order->order_id), "%s", id);
    return true;
}

static bool enqueue(struct flash_bench_known *known, const struct flash_bench_known_order *order,
                    struct flash_error *err)
{
    if (known->queue_count == known->queue_size) {
        size_t size = known->queue_size > 0 ? 2 * known->queue_size : QUEUE_SIZE;
        struct flash_bench_known_order *queue = reallocarray(known->queue, size, sizeof(*queue));
        if (queue == NULL) {
            return flash_error_set(err, FLASH_ERROR_CONFIG, "no memory for %zu known orders", size);
        }
        known->queue = queue;
        known->queue_size = size;
    }
    known->queue[known->queue_count++] = *order;
    return true;
}

/* Which of the file's orders one thread is to change. */
struct share {
    const struct flash_bench_options *options;
    int64_t thread;
    bool queued; /* the mix changes orders */
};

static bool read_file(struct flash_bench_known *known, const struct share *share, FILE *file,
                      struct flash_error *err)
{
    const struct flash_bench_options *options = share->options;
    char buffer[LINE_MAX_BYTES];
    int64_t orders = 0;
    for (int number = 1; fgets(buffer, sizeof(buffer), file) != NULL; number++) {
        char *line = buffer;
        const char *outcome = strsep(&line, "\t\n");
        if (outcome == NULL || strcmp(outcome, "accepted") != 0) {
            continue; /* the heading, or an order whose outcome is unknown */
        }
        struct flash_bench_known_order order;
        if (!read_line(options, line, &order)) {
            return flash_error_set(err, FLASH_ERROR_CONFIG,
                                   "--known %.120s, line %d: expected order id, user %s1..%lld and "
                                   "quantity",
                                   options->known_file, number, options->user_prefix,
                                   (long long)options->buyers);
        }
        *next_place(known) = order;
        bool mine = share->queued && orders++ % options->threads == share->thread;
        if (mine && !enqueue(known, &order, err)) {
            return false;
        }
    }
    return (share->queued ? known->queue_count : known->count) > 0 ||
           flash_error_set(err, FLASH_ERROR_CONFIG,
                           "--known %.150s: no accepted order in it, or fewer than threads",
                           options->known_file);
}

bool flash_bench_known_init(struct flash_bench_known *known,
                            const struct flash_bench_options *options, int thread,
                            struct flash_error *err)
{
    struct share share = {options, thread, flash_bench_options_changes(options)};
    *known = (struct flash_bench_known){.size = RING_SIZE};
    known->orders = calloc(known->size, sizeof(*known->orders));
    if (known->orders == NULL) {
        return flash_error_set(err, FLASH_ERROR_CONFIG, "no memory for known orders");
    }
    if (options->known_file[0] == '\0') {
        return true;
    }
    FILE *file = fopen(options->known_file, "re");
    if (file == NULL) {
        return flash_error_set(err, FLASH_ERROR_CONFIG, "--known %.150s: %s", options->known_file,
                               strerror(errno));
    }
    bool read = read_file(known, &share, file, err);
    fclose(file);
    return read;
}

void flash_bench_known_add(struct flash_bench_known *known, const struct flash_bench_op *op)
{
    struct flash_bench_known_order *order = next_place(known);
    order->user = op->user;
    order->sku = op->sku;
    order->quantity = op->quantity;
    memcpy(order->order_id, op->order_id, sizeof(order->order_id));
}

const struct flash_bench_known_order *flash_bench_known_pick(const struct flash_bench_known *known,
                                                             uint64_t random)
{
    return known->count > 0 ? &known->orders[random % known->count] : NULL;
}

const struct flash_bench_known_order *flash_bench_known_take(struct flash_bench_known *known)
{
    return flash_bench_known_taken_all(known) ? NULL : &known->queue[known->queue_taken++];
}

bool flash_bench_known_taken_all(const struct flash_bench_known *known)
{
    return known->queue_taken == known->queue_count;
}

void flash_bench_known_destroy(struct flash_bench_known *known)
{
    free(known->queue);
    free(known->orders);
}
