/* A settler, a batch as a commit leaves it, and a Redis that answers as it is told. */
#ifndef TESTS_CONSUMER_SETTLE_DESK_H
#define TESTS_CONSUMER_SETTLE_DESK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../consumer/settle.h"
#include "fake_redis_sync.h"
#include "letter.h"

#define AIM 3000

struct desk {
    struct flash_batch batch;
    struct flash_settler *settler;
    struct flash_redis_sync *redis;
    struct flash_settle_counts counts;
    struct flash_error err;
};

/* cmocka's setup and teardown; *state is the desk. */
int open_desk(void **state);
int close_desk(void **state);
/* Adds an entry as a commit leaves it: applied, clean, its lines' rows made. */
struct flash_batch_entry *add(struct desk *desk, const struct letter *letter);
struct flash_batch_entry *add_reserve(struct desk *desk, int id, int64_t sku);
/* What Redis will answer next: of a settle, of closing a gate. */
void answer_ok(struct desk *desk, int learnt);
void answer_closed(struct desk *desk);
bool settle(struct desk *desk);

#endif
