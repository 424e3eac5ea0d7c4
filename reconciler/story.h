/* The story of one order: what each store has of it, step by step, and what a missing piece means.
 *
 * Redis is read first, then the ledger, so what moved on in between shows as there in the ledger
 * and still open in Redis, never as lost. Reads only. */
#ifndef RECONCILER_STORY_H
#define RECONCILER_STORY_H

#include "flash/mysql.h"
#include "flash/redis_sync.h"
#include "flash/state.h"

#define FLASH_STORY_STEPS 256 /* more are left out, and said to be */
#define FLASH_STORY_DETAIL 240

enum flash_story_step_state {
    FLASH_STORY_THERE,
    FLASH_STORY_WAITING, /* not there yet, and that is as it may be for now */
    FLASH_STORY_MISSING, /* should be there, or should not have been lost: a finding */
};

struct flash_story_step {
    int64_t at_ms;     /* 0: not known */
    const char *store; /* "redis" or "ledger" (static) */
    const char *what;  /* "record", "journal", "verdict", "row", "log", "refund", "parked",
                          "dead", "finding" (static) */
    enum flash_story_step_state state;
    bool has_entry;
    struct flash_uuid entry;
    int partition;  /* -1: none known */
    int64_t offset; /* -1: none known */
    char detail[FLASH_STORY_DETAIL];
};

struct flash_story {
    const char *order_id; /* (borrowed) */
    int64_t sku;
    struct flash_text ref;   /* in order_id */
    enum flash_state redis;  /* NONE: Redis does not have it */
    enum flash_state ledger; /* NONE: no row */
    int64_t redis_version, ledger_version;
    int64_t quantity, due_s; /* of whoever has it; 0: none */
    char user[FLASH_USER_MAX + 1];
    struct flash_story_step steps[FLASH_STORY_STEPS]; /* by time */
    int step_count;
    bool cut; /* some had no room */
};

/* Fills *story, about 150 kB. Error kinds: RETRY, UNKNOWN (a store is away: nothing is said),
 * CONFIG. */
FLASH_MUST_CHECK bool flash_story_read(struct flash_story *story, const char *order_id,
                                       const struct flash_config *config, struct flash_error *err);
/* Whether no store knows the order. */
bool flash_story_is_unknown(const struct flash_story *story);
/* Whether some step is missing. */
bool flash_story_has_gaps(const struct flash_story *story);
/* "there", "waiting", "missing". Static. */
const char *flash_story_step_state_name(enum flash_story_step_state state);

#endif
