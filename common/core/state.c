/* The states of a reservation as one table: names, letters, codes, versions, what each holds and
 * where it may go.
 *
 * The arrows are DESIGN §4's. Redis walks them by way of the -ING states (an intent the ledger has
 * not met); the ledger stores no intent and goes from CREATED to CANCELLED or EXPIRED and from PAID
 * to RETURNED in one step. Visible versions grow along every arrow, so a client's ETag tells any
 * two states of an order apart. */
#include "flash/state.h"

#include <assert.h>
#include <stddef.h>

#define TO(state) (1U << FLASH_STATE_##state)

struct row {
    const char *name;
    const char *reason; /* NULL unless FAILED */
    char letter;        /* '\0': has no record */
    bool holds;
    int visible_version;
    int ledger_code; /* reservation.state; 0: never stored */
    unsigned to;     /* bit n: may become state n */
};

static const struct row rows[] = {
    [FLASH_STATE_NONE] = {"NONE", NULL, '\0', false, 0, 0, TO(QUEUED)},
    [FLASH_STATE_QUEUED] = {"QUEUED", NULL, 'A', true, 1, 0,
                            TO(CREATED) | TO(FAILED_LOST) | TO(FAILED_SHORTAGE)},
    [FLASH_STATE_CREATED] = {"CREATED", NULL, 'C', true, 2, 1,
                             TO(PAID) | TO(CANCELLING) | TO(EXPIRING) | TO(CANCELLED) |
                                 TO(EXPIRED)},
    [FLASH_STATE_PAID] = {"PAID", NULL, 'P', true, 3, 2, TO(RETURNING) | TO(RETURNED)},
    [FLASH_STATE_CANCELLING] = {"CANCELLING", NULL, 'K', true, 4, 0, TO(CANCELLED)},
    [FLASH_STATE_CANCELLED] = {"CANCELLED", NULL, 'X', false, 5, 3, 0},
    [FLASH_STATE_EXPIRING] = {"EXPIRING", NULL, 'E', true, 6, 0, TO(EXPIRED)},
    [FLASH_STATE_EXPIRED] = {"EXPIRED", NULL, 'D', false, 7, 4, 0},
    [FLASH_STATE_RETURNING] = {"RETURNING", NULL, 'R', true, 8, 0, TO(RETURNED)},
    [FLASH_STATE_RETURNED] = {"RETURNED", NULL, 'T', false, 9, 5, 0},
    [FLASH_STATE_FAILED_LOST] = {"FAILED", "lost", 'L', false, 10, 6, 0},
    [FLASH_STATE_FAILED_SHORTAGE] = {"FAILED", "shortage", 'S', false, 10, 7, 0},
};

_Static_assert(sizeof(rows) / sizeof(rows[0]) == FLASH_STATE_COUNT, "every state has its row");

static const struct row *row_of(enum flash_state state)
{
    assert((unsigned)state < FLASH_STATE_COUNT);
    return &rows[state];
}

const char *flash_state_name(enum flash_state state)
{
    return row_of(state)->name;
}

const char *flash_state_reason(enum flash_state state)
{
    return row_of(state)->reason;
}

bool flash_state_holds(enum flash_state state)
{
    return row_of(state)->holds;
}

char flash_state_letter(enum flash_state state)
{
    return row_of(state)->letter;
}

enum flash_state flash_state_from_letter(char letter)
{
    if (letter == 'Q') { /* a derived record says QUEUED outright */
        return FLASH_STATE_QUEUED;
    }
    for (int state = FLASH_STATE_NONE + 1; state < FLASH_STATE_COUNT; state++) {
        if (rows[state].letter == letter) {
            return (enum flash_state)state;
        }
    }
    return FLASH_STATE_NONE;
}

int flash_state_ledger_code(enum flash_state state)
{
    return row_of(state)->ledger_code;
}

enum flash_state flash_state_from_ledger_code(int64_t code)
{
    for (int state = FLASH_STATE_NONE + 1; state < FLASH_STATE_COUNT; state++) {
        if (rows[state].ledger_code != 0 && rows[state].ledger_code == code) {
            return (enum flash_state)state;
        }
    }
    return FLASH_STATE_NONE;
}

int flash_state_visible_version(enum flash_state state)
{
    return row_of(state)->visible_version;
}

void flash_state_move(enum flash_state *state, enum flash_state next)
{
    assert(flash_state_can_move(*state, next));
    *state = next;
}

bool flash_state_can_move(enum flash_state from, enum flash_state to)
{
    assert((unsigned)to < FLASH_STATE_COUNT);
    return (row_of(from)->to >> to & 1U) != 0;
}
