/* The states of a reservation (DESIGN §4): names, codes, what each holds, and the only function
 * that moves one. */
#ifndef FLASH_STATE_H
#define FLASH_STATE_H

#include <stdbool.h>
#include <stdint.h>

enum flash_state {
    FLASH_STATE_NONE = 0, /* no such order */
    FLASH_STATE_QUEUED,  /* accepted by Redis, its entry still in the journal; derived, never stored
                          */
    FLASH_STATE_CREATED, /* the ledger has it */
    FLASH_STATE_PAID,    /* paid for */
    FLASH_STATE_CANCELLING,      /* the buyer's cancel won in Redis, the ledger has not met it */
    FLASH_STATE_CANCELLED,       /* units are back */
    FLASH_STATE_EXPIRING,        /* its time to pay ran out in Redis, the ledger has not met it */
    FLASH_STATE_EXPIRED,         /* units are back */
    FLASH_STATE_RETURNING,       /* a return won in Redis, the ledger has not met it */
    FLASH_STATE_RETURNED,        /* units are back */
    FLASH_STATE_FAILED_LOST,     /* its message never came: fenced, units are back */
    FLASH_STATE_FAILED_SHORTAGE, /* the ledger had no stock for it (Redis had lost writes) */
    FLASH_STATE_COUNT,
};

/* "QUEUED", …; both FAILED states are "FAILED". Static. */
const char *flash_state_name(enum flash_state state);
/* "lost" or "shortage" for the FAILED states, else NULL. Static. */
const char *flash_state_reason(enum flash_state state);
/* Whether the order's quantity is taken from stock and from its user's limit (DESIGN §1, `hold`).
 */
bool flash_state_holds(enum flash_state state);
/* The letter of the order's record in Redis (docs/FORMATS.md); 'A' (accepted) is QUEUED's. */
char flash_state_letter(enum flash_state state);
enum flash_state flash_state_from_letter(char letter);
/* The number of the state in reservation.state (deploy/sql); 0 for states the ledger never stores.
 * Back: NONE for what is no such number. */
int flash_state_ledger_code(enum flash_state state);
enum flash_state flash_state_from_ledger_code(int64_t code);
/* What the outside sees as `version` and ETag: distinct for every state and growing along every
 * path. */
int flash_state_visible_version(enum flash_state state);
/* Moves *state to next. Asserts that DESIGN §4 has that arrow. The only writer of a reservation's
 * state. */
void flash_state_move(enum flash_state *state, enum flash_state next);
bool flash_state_can_move(enum flash_state from, enum flash_state to);

#endif
