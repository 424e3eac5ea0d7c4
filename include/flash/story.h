/* The story of one order: what each store has of it, step by step, and what a missing piece means.
 *
 * Redis is read first, then the ledger, so what moved on in between shows as there in the ledger
 * and still open in Redis, never as lost. Reads only. Who reads them is told by flash/redis_story.h
 * and flash/mysql_story.h; this module knows no store. */
#ifndef FLASH_STORY_H
#define FLASH_STORY_H

#include "flash/ids.h"
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
    int64_t log_id; /* of "log": the row of stock_log; 0: none */
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

/* Adds to story what one store has of its order. Error kinds: the store's. */
typedef bool (*flash_story_reader)(struct flash_story *story, void *store, struct flash_error *err);
struct flash_story_sources {
    flash_story_reader from_redis, from_ledger;
    void *redis, *ledger; /* (borrowed) handed to the readers */
};
/* Fills *story, about 150 kB, by order_id, which is one and is kept. A gap may be what moved on
 * between two reads, so it is looked at again before it is told. Error kinds: the readers'; nothing
 * is said then. */
FLASH_MUST_CHECK bool flash_story_tell(struct flash_story *story, const char *order_id,
                                       const struct flash_story_sources *sources,
                                       struct flash_error *err);
/* For readers: adds a step, with its detail formatted; NULL, cut set, when there is no room. */
__attribute__((format(printf, 3, 4))) struct flash_story_step *
flash_story_add(struct flash_story *story, const struct flash_story_step *step, const char *format,
                ...);
static inline struct flash_story_step flash_story_step_of(const char *store, const char *what,
                                                          enum flash_story_step_state state)
{
    return (struct flash_story_step){
        .store = store, .what = what, .state = state, .partition = -1, .offset = -1};
}
/* Whether no store knows the order. */
bool flash_story_is_unknown(const struct flash_story *story);
/* Whether some step is missing. */
bool flash_story_has_gaps(const struct flash_story *story);
/* "there", "waiting", "missing". Static. */
const char *flash_story_step_state_name(enum flash_story_step_state state);

#endif
