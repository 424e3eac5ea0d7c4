/* Absolute deadlines of all connections by one timer: a list per kind, each in the order of expiry.
 *
 * All entries of a list have the same timeout, so entering is an append. The timer stands at the
 * earliest deadline it was told of and is not moved when a connection leaves: it then fires once
 * for nothing, which is cheaper than an event_add per request. */
#include "internal.h"

static void arm(struct flash_http *server, uint64_t at_us)
{
    uint64_t delay_us = at_us > server->now_us ? at_us - server->now_us : 0;
    struct timeval delay = {.tv_sec = (time_t)(delay_us / 1000000),
                            .tv_usec = (suseconds_t)(delay_us % 1000000)};
    bool armed = event_add(&server->timer, &delay) == 0; /* else the next deadline tries again */
    server->timer_us = armed ? at_us : UINT64_MAX;
}

void flash_http_deadline_set(struct connection *connection, enum deadline which)
{
    struct flash_http *server = connection->server;
    connection->deadline_us = server->now_us + server->timeout_us[which];
    TAILQ_INSERT_TAIL(&server->by_age[which], connection, by_age);
    if (connection->deadline_us < server->timer_us) {
        arm(server, connection->deadline_us);
    }
}

void flash_http_deadline_clear(struct connection *connection, enum deadline which)
{
    TAILQ_REMOVE(&connection->server->by_age[which], connection, by_age);
}

static void expire(struct connection *connection, enum deadline which)
{
    if (which == DEADLINE_HEAD) {
        flash_http_refuse(connection, REFUSAL_HEAD_LATE);
    } else if (which == DEADLINE_BODY) {
        flash_http_refuse(connection, REFUSAL_BODY_LATE);
    } else {
        flash_http_lost(connection);
    }
}

void flash_http_on_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct flash_http *server = arg;
    flash_http_clock(server);
    server->timer_us = 0; /* no arming while lists change */
    uint64_t next_us = UINT64_MAX;
    for (int which = 0; which < DEADLINES; which++) {
        struct connection *oldest;
        while ((oldest = TAILQ_FIRST(&server->by_age[which])) &&
               oldest->deadline_us <= server->now_us) {
            expire(oldest, which);
        }
    }
    for (int which = 0; which < DEADLINES; which++) {
        struct connection *oldest = TAILQ_FIRST(&server->by_age[which]);
        if (oldest && oldest->deadline_us < next_us) {
            next_us = oldest->deadline_us;
        }
    }
    server->timer_us = UINT64_MAX;
    if (next_us != UINT64_MAX) {
        arm(server, next_us);
    }
}
