/* The states of a connection, which may follow which, and the deadline each one has.
 *
 *   CLOSED ─▶ IDLE ─▶ HEAD ─▶ BODY ─▶ HANDLING ─▶ WRITING ─▶ IDLE …
 *                       any of them, refused ─────▶ WRITING ─▶ LINGERING ─▶ CLOSED
 *                                     HANDLING ─▶ ORPHANED ─▶ CLOSED
 *   HANDLING ─▶ STREAMING ⇄ STALLED ─▶ WRITING (closed by its owner), or ─▶ LEFT ─▶ CLOSED
 *
 * A request whose bytes come at once skips HEAD and BODY; one that was pipelined behind an answer
 * is handed out from WRITING, and both answers go out together. A deadline is set when its state is
 * entered and not touched inside it: a client cannot push it by sending a byte (SECURITY:
 * Slowloris). HANDLING has none: the handler has. STALLED's starts anew with each piece the client
 * takes: an open stream ends for a reader that takes nothing, and a slow one meets the maximum. */
#include <assert.h>

#include "internal.h"

#define TO(state) (1U << CONNECTION_##state)

static const struct {
    unsigned next; /* bits of the states that may follow */
    enum deadline deadline;
} table[CONNECTION_STATES] = {
    [CONNECTION_CLOSED] = {TO(IDLE), DEADLINE_NONE},
    [CONNECTION_IDLE] = {TO(HEAD) | TO(BODY) | TO(HANDLING) | TO(WRITING) | TO(CLOSED),
                         DEADLINE_IDLE},
    [CONNECTION_HEAD] = {TO(BODY) | TO(HANDLING) | TO(WRITING) | TO(CLOSED), DEADLINE_HEAD},
    [CONNECTION_BODY] = {TO(HANDLING) | TO(WRITING) | TO(CLOSED), DEADLINE_BODY},
    [CONNECTION_HANDLING] = {TO(ORPHANED) | TO(WRITING) | TO(STREAMING) | TO(CLOSED),
                             DEADLINE_NONE},
    [CONNECTION_ORPHANED] = {TO(LEFT) | TO(CLOSED), DEADLINE_NONE},
    [CONNECTION_STREAMING] = {TO(STALLED) | TO(WRITING) | TO(LEFT) | TO(CLOSED), DEADLINE_NONE},
    [CONNECTION_STALLED] = {TO(STREAMING) | TO(STALLED) | TO(WRITING) | TO(LEFT) | TO(CLOSED),
                            DEADLINE_WRITE},
    [CONNECTION_LEFT] = {TO(CLOSED), DEADLINE_NONE},
    [CONNECTION_WRITING] = {TO(IDLE) | TO(HANDLING) | TO(LINGERING) | TO(CLOSED), DEADLINE_WRITE},
    [CONNECTION_LINGERING] = {TO(CLOSED), DEADLINE_LINGER},
};

void flash_http_move(struct connection *connection, enum connection_state state)
{
    enum connection_state from = connection->state;
    assert(table[from].next & (1U << state));
    if (table[from].deadline != DEADLINE_NONE) {
        flash_http_deadline_clear(connection, table[from].deadline);
    }
    connection->state = state;
    if (table[state].deadline != DEADLINE_NONE) {
        flash_http_deadline_set(connection, table[state].deadline);
    }
}
