/* Runs the adapter under test. Every completion checks that it is not inside its starter and runs
 * once. */
#include "harness.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "flash/time.h"

#define PATIENCE_US 10000000

struct private_server harness_server;

int harness_start_server(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    private_server_start(&harness_server);
    return 0;
}

int harness_remove_server(void **state)
{
    (void)state;
    private_server_remove(&harness_server);
    return 0;
}

int harness_setup(void **state)
{
    struct harness *harness = calloc(1, sizeof(*harness));
    struct flash_error err;
    char out[128];
    assert_non_null(harness);
    if (harness_server.pid == 0) {
        private_server_restart(&harness_server);
    }
    private_server_ask(&harness_server, out, "FLUSHALL");
    harness->config = calloc(1, sizeof(*harness->config));
    harness->base = event_base_new();
    assert_non_null(harness->config);
    assert_non_null(harness->base);
    snprintf(harness->config->redis.host, sizeof(harness->config->redis.host), "localhost");
    harness->config->redis.port = harness_server.port;
    harness->config->redis.connect_timeout_ms = 400;
    harness->config->redis.reply_timeout_ms = HARNESS_TIMEOUT_MS;
    harness->config->redis.max_in_flight = 256;
    assert_true(flash_redis_new(harness->base, harness->config, &harness->redis, &err));
    *state = harness;
    return 0;
}

int harness_teardown(void **state)
{
    struct harness *harness = *state;
    flash_redis_free(harness->redis);
    event_base_free(harness->base);
    free(harness->config);
    free(harness);
    return 0;
}

static bool is_ready(const struct harness *harness, const void *unused)
{
    (void)unused;
    return flash_redis_ready(harness->redis);
}

static bool is_away(const struct harness *harness, const void *unused)
{
    (void)unused;
    return !flash_redis_ready(harness->redis);
}

static bool has_completed(const struct harness *harness, const void *count)
{
    return harness->completed >= *(const int *)count;
}

static bool has_trouble(const struct harness *harness, const void *text)
{
    return strstr(flash_redis_trouble(harness->redis), text) != NULL;
}

static void until(struct harness *harness, bool (*holds)(const struct harness *, const void *),
                  const void *what)
{
    uint64_t give_up_us = flash_time_monotonic_us() + PATIENCE_US;
    while (!holds(harness, what)) {
        assert_true(flash_time_monotonic_us() < give_up_us);
        event_base_loop(harness->base, EVLOOP_ONCE);
    }
}

void harness_until_ready(struct harness *harness)
{
    until(harness, is_ready, NULL);
}

void harness_until_away(struct harness *harness)
{
    until(harness, is_away, NULL);
}

void harness_until_completed(struct harness *harness, int count)
{
    until(harness, has_completed, &count);
}

void harness_until_trouble(struct harness *harness, const char *text)
{
    until(harness, has_trouble, text);
}

static void keep_text(char *out, size_t size, const struct flash_redis_reply *reply, size_t i)
{
    struct flash_text text = flash_redis_reply_text(flash_redis_reply_at(reply, i));
    snprintf(out, size, "%.*s", (int)text.len, text.at);
}

static void on_done(const struct flash_redis_result *result, void *arg)
{
    struct ticket *ticket = arg;
    struct flash_error err;
    assert_false(ticket->harness->starting);
    assert_false(ticket->done);
    ticket->done = true;
    ticket->outcome = result->outcome;
    ticket->harness->completed++;
    if (result->outcome == FLASH_REDIS_REPLY) {
        keep_text(ticket->word, sizeof(ticket->word), result->reply, 0);
        keep_text(ticket->sixth, sizeof(ticket->sixth), result->reply, 5);
    }
    if (result->error != NULL) {
        snprintf(ticket->error, sizeof(ticket->error), "%s", result->error);
    }
    if (ticket->chain) {
        bool taken = harness_status(ticket->harness, &err);
        assert_int_equal(taken, result->outcome == FLASH_REDIS_REPLY);
    }
}

static bool start(struct harness *harness, struct flash_redis_call *call, struct flash_error *err)
{
    struct ticket *ticket = &harness->tickets[harness->used];
    assert_true(harness->used < HARNESS_TICKETS);
    ticket->harness = harness;
    call->sku = 7;
    call->done = on_done;
    call->arg = ticket;
    harness->starting = true;
    bool ok = flash_redis_call(harness->redis, call, err);
    harness->starting = false;
    harness->used += ok;
    return ok;
}

static bool start_texts(struct harness *harness, enum flash_script script, const char *const *argv,
                        struct flash_error *err)
{
    size_t argv_len[8];
    int argc = 0;
    for (; argv[argc] != NULL; argc++) {
        argv_len[argc] = strlen(argv[argc]);
    }
    struct flash_redis_call call = {
        .script = script, .argc = argc, .argv = argv, .argv_len = argv_len};
    return start(harness, &call, err);
}

bool harness_status(struct harness *harness, struct flash_error *err)
{
    return start_texts(harness, FLASH_SCRIPT_STATUS, (const char *[]){"0", "a-ref", NULL}, err);
}

bool harness_load(struct harness *harness, struct flash_error *err)
{
    return start_texts(harness, FLASH_SCRIPT_LOAD,
                       (const char *[]){"1", "1000", "0", "A thing", "0", NULL}, err);
}

bool harness_reserve(struct harness *harness, int lines, struct flash_error *err)
{
    static char texts[3 * FLASH_BATCH_LINES][64], json[FLASH_BATCH_LINES * 64];
    static const char *argv[4 + 3 * FLASH_BATCH_LINES] = {
        "1", "019a9999-0000-7000-8000-000000000001", "9223372036854775809", json};
    static size_t argv_len[4 + 3 * FLASH_BATCH_LINES];
    size_t len = 0;
    for (int i = 0; i < lines; i++) {
        snprintf(texts[3 * i], 64, "ref-%d", i);
        snprintf(texts[3 * i + 1], 64, "user-%d", i);
        snprintf(texts[3 * i + 2], 64, "1");
        len += (size_t)snprintf(json + len, sizeof(json) - len, "%s[\"ref-%d\",\"user-%d\",1]",
                                i ? "," : "", i, i);
    }
    for (int i = 0; i < 4 + 3 * lines; i++) {
        argv[i] = i < 4 ? argv[i] : texts[i - 4];
        argv_len[i] = strlen(argv[i]);
    }
    struct flash_redis_call call = {
        .script = FLASH_SCRIPT_RESERVE, .argc = 4 + 3 * lines, .argv = argv, .argv_len = argv_len};
    return start(harness, &call, err);
}
