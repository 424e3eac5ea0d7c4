/* Work put off to the loop's next turn, so that nothing runs inside what started it. */
#include "internal.h"

void flash_http_in_turn(struct connection *connection)
{
    struct flash_http *server = connection->server;
    if (connection->queued) {
        return;
    }
    connection->queued = true;
    TAILQ_INSERT_TAIL(&server->turns, connection, in_turn);
    if (server->turn_count++ == 0) {
        event_active(&server->turn, EV_TIMEOUT, 1);
    }
}

static void take_turn(struct connection *connection)
{
    if (connection->state == CONNECTION_HANDLING || connection->state == CONNECTION_ORPHANED) {
        if (connection->peer_closed) {
            flash_http_tell_gone(connection);
        }
    } else if (connection->state == CONNECTION_LEFT || flash_http_streams(connection)) {
        flash_http_stream_turn(connection);
    } else if (flash_http_awaits_input(connection)) {
        if (flash_http_buffer_len(&connection->in) > 0 || connection->peer_closed) {
            flash_http_drive(connection);
        } else {
            flash_http_read(connection);
        }
    }
}

void flash_http_on_turn(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct flash_http *server = arg;
    flash_http_clock(server);
    /* What is queued meanwhile has its turn in the next round of the loop. */
    for (int left = server->turn_count; left > 0 && server->turn_count > 0; left--) {
        struct connection *connection = TAILQ_FIRST(&server->turns);
        TAILQ_REMOVE(&server->turns, connection, in_turn);
        connection->queued = false;
        server->turn_count--;
        take_turn(connection);
    }
    if (server->turn_count > 0) {
        event_active(&server->turn, EV_TIMEOUT, 1);
    }
}
