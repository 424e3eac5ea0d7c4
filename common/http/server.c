/* A server's life: made with all its connection slots, drained, freed. */
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "flash/http_turn.h"
#include "flash/time.h"
#include "internal.h"

static void lists_init(struct flash_http *server)
{
    for (int which = 0; which < DEADLINES; which++) {
        TAILQ_INIT(&server->by_age[which]);
    }
    TAILQ_INIT(&server->turns);
    TAILQ_INIT(&server->free_list);
}

/* The client's time to take an answer is the idle timeout; lingering is as long as a body may take.
 */
static void timeouts_init(struct flash_http *server)
{
    const struct flash_http_options *options = &server->options;
    server->timeout_us[DEADLINE_HEAD] = (uint64_t)options->header_timeout_ms * 1000;
    server->timeout_us[DEADLINE_BODY] = (uint64_t)options->body_timeout_ms * 1000;
    server->timeout_us[DEADLINE_IDLE] = (uint64_t)options->idle_timeout_ms * 1000;
    server->timeout_us[DEADLINE_WRITE] = (uint64_t)options->idle_timeout_ms * 1000;
    server->timeout_us[DEADLINE_LINGER] = (uint64_t)options->body_timeout_ms * 1000;
}

static bool slots_new(struct flash_http *server)
{
    int count = server->options.max_connections;
    uint64_t seed[3];
    if (getrandom(seed, sizeof(seed), 0) != (ssize_t)sizeof(seed)) {
        return false;
    }
    server->random = seed[2];
    server->slots = calloc((size_t)count, sizeof(*server->slots));
    server->peers = server->options.peers ? server->options.peers : &server->own_peers;
    if (!server->slots ||
        (!server->options.peers && !flash_http_peers_init(&server->own_peers, count + 1, seed))) {
        return false;
    }
    for (int i = 0; i < count; i++) {
        server->slots[i].server = server;
        server->slots[i].fd = -1;
        TAILQ_INSERT_TAIL(&server->free_list, &server->slots[i], by_age);
    }
    return true;
}

bool flash_http_new(struct event_base *base, const struct flash_http_options *options,
                    struct flash_http **ret_http, struct flash_error *err)
{
    if (options->max_connections < 1 || options->max_connections_per_address < 1) {
        return flash_error_set(err, FLASH_ERROR_CONFIG, "connections must be at least 1");
    }
    if (options->header_timeout_ms < 1 || options->body_timeout_ms < 1 ||
        options->idle_timeout_ms < 1) {
        return flash_error_set(err, FLASH_ERROR_CONFIG, "HTTP timeouts must be at least 1 ms");
    }
    struct flash_http *server = calloc(1, sizeof(*server));
    if (!server) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "out of memory");
    }
    *server = (struct flash_http){
        .base = base, .options = *options, .listen_fd = -1, .timer_us = UINT64_MAX};
    lists_init(server);
    timeouts_init(server);
    event_assign(&server->turn, base, -1, 0, flash_http_on_turn, server);
    event_assign(&server->timer, base, -1, 0, flash_http_on_timer, server);
    bool ok =
        slots_new(server) || flash_error_set(err, FLASH_ERROR_RETRY, "no memory for %d connections",
                                             options->max_connections);
    ok = ok && flash_http_listen(server, err);
    if (!ok) {
        flash_http_free(server);
        return false;
    }
    *ret_http = server;
    return true;
}

void flash_http_turned(struct flash_http *http)
{
    http->once_a_turn = true;
    http->now_read = false;
}

uint16_t flash_http_port(const struct flash_http *http)
{
    return http->port;
}

int flash_http_open_requests(const struct flash_http *http)
{
    return http->open_requests;
}

int flash_http_connections(const struct flash_http *http)
{
    return http->connections;
}

/* splitmix64 (Steele, Lea and Flood). */
uint64_t flash_http_random(struct flash_http *server)
{
    uint64_t word = server->random += 0x9e3779b97f4a7c15;
    word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9;
    word = (word ^ (word >> 27)) * 0x94d049bb133111eb;
    return word ^ (word >> 31);
}

void flash_http_drain(struct flash_http *http)
{
    if (http->draining) {
        return;
    }
    flash_http_stop_listening(http);
    http->draining = true;
    /* Idle ones are read once more before they are closed: a request may be on its way up already.
     */
    struct connection *idle;
    TAILQ_FOREACH(idle, &http->by_age[DEADLINE_IDLE], by_age)
    {
        flash_http_in_turn(idle);
    }
    for (int i = 0; i < http->options.max_connections; i++) {
        if (flash_http_streams(&http->slots[i])) {
            flash_http_in_turn(&http->slots[i]);
        }
    }
}

void flash_http_free(struct flash_http *http)
{
    if (!http) {
        return;
    }
    for (int i = 0; http->slots && i < http->options.max_connections; i++) {
        if (http->slots[i].state != CONNECTION_CLOSED) {
            flash_http_close(&http->slots[i]);
        }
    }
    if (http->port != 0) {
        event_del(&http->accept);
        event_del(&http->resume);
    }
    if (http->listen_fd >= 0) {
        close(http->listen_fd);
    }
    event_del(&http->turn);
    event_del(&http->timer);
    flash_http_peers_finish(&http->own_peers);
    flash_http_pool_free(&http->pool);
    free(http->slots);
    free(http);
}
