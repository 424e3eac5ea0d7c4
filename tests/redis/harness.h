/* What the asynchronous adapter's tests share: an adapter on its own loop, calls that remember how
 * they ended. */
#ifndef FLASH_TESTS_REDIS_HARNESS_H
#define FLASH_TESTS_REDIS_HARNESS_H

#include <event2/event.h>

#include "flash/redis.h"
#include "private_server.h"

#define HARNESS_TICKETS 300
#define HARNESS_TIMEOUT_MS 300 /* of a reply */

/* How one call ended. */
struct ticket {
    struct harness *harness;
    bool done;
    enum flash_redis_outcome outcome;
    char word[32];  /* the reply's first element */
    char sixth[32]; /* its sixth: a reserve's first line */
    char error[128];
    bool chain; /* start another status call from inside the completion */
};

struct harness {
    struct event_base *base;
    struct flash_redis *redis;
    struct flash_config *config;
    struct ticket tickets[HARNESS_TICKETS];
    int used;      /* tickets handed out */
    int completed; /* tickets done */
    bool starting; /* inside flash_redis_call */
};

/* The server of a group of tests. */
extern struct private_server harness_server;

/* cmocka's fixtures. A group has a server; a test has it running and empty, and an adapter that is
 * not connected yet. */
int harness_start_server(void **state);
int harness_remove_server(void **state);
int harness_setup(void **state);
int harness_teardown(void **state);

/* Run the loop until that holds; a test that waits longer than 10 s fails. */
void harness_until_ready(struct harness *harness);
void harness_until_away(struct harness *harness);
/* Until flash_redis_trouble has text in it. */
void harness_until_trouble(struct harness *harness, const char *text);
void harness_until_completed(struct harness *harness, int count);

/* Start a call on SKU 7. False: refused, and err says why. */
FLASH_MUST_CHECK bool harness_status(struct harness *harness, struct flash_error *err);
FLASH_MUST_CHECK bool harness_load(struct harness *harness, struct flash_error *err);
/* A reserve of lines lines, one unit each, of as many users. */
FLASH_MUST_CHECK bool harness_reserve(struct harness *harness, int lines, struct flash_error *err);

#endif
