/* Lost or only late? What is known of entries without verdict (DESIGN §9.1). Pure: time is handed
 * in, nobody is asked.
 *
 *     met ──window──▶ a marker is wanted ──▶ sent ──▶ answered, still no verdict ──▶ LOST
 *      ▲                                                                              │ sent again
 *      └──────────────────────────────────────────────────────────────────────────────┘
 *
 * The topic refuses a record that is older than its limits, so a window after the last attempt to
 * send it an entry cannot be appended any more. A marker sent after that moment, and met in the
 * ledger, has every record before it applied: an entry that has no verdict then is not in the log.
 * The order of the questions makes the proof: answers first (flash_proof_answered), then the
 * verdicts of the pass, then flash_proof_meet for entries that have none. Kafka silent, or the
 * consumer behind: no answer, so nothing is proven.
 *
 * Times are milliseconds of one monotonic clock. */
#ifndef RECONCILER_PROOF_H
#define RECONCILER_PROOF_H

#include "flash/entry.h"

#define FLASH_PROOF_SUSPECTS 200000 /* known at once; the rest has no proof, and counts as late */
#define FLASH_PROOF_SKUS 4096       /* with suspects at once */
#define FLASH_PROOF_NONCES (FLASH_PROOF_SKUS * 2)

struct flash_proof;

struct flash_proof_limits {
    int64_t window_ms;           /* after an attempt, before an entry may be proven lost */
    int64_t compensate_after_ms; /* least age of an entry that is given up */
};

/* Nothing is proven before a window after now_ms: who was here before may just have sent
 * something. NULL: no memory. */
struct flash_proof *flash_proof_new(const struct flash_proof_limits *limits, int64_t now_ms);
/* NULL is fine. */
void flash_proof_free(struct flash_proof *proof);

/* ---- markers ---- */

/* Those that were sent and not met yet: at most FLASH_PROOF_NONCES; returns how many. */
int flash_proof_nonces(const struct flash_proof *proof, struct flash_uuid *nonces);
/* The ledger has this marker. One that is not known is nothing. */
void flash_proof_answered(struct flash_proof *proof, const struct flash_uuid *nonce);
/* A SKU whose suspects need a marker now; 0: none. flash_proof_marked takes it off the list. */
int64_t flash_proof_next_wanted(const struct flash_proof *proof);
/* A marker for sku went to Kafka at now_ms; NULL: it could not be sent, asked again later. */
void flash_proof_marked(struct flash_proof *proof, int64_t sku, const struct flash_uuid *nonce,
                        int64_t now_ms);
/* For how long the oldest marker has gone without being met; 0: none is out. */
int64_t flash_proof_waiting_ms(const struct flash_proof *proof, int64_t now_ms);

/* ---- entries ---- */

/* An entry whose verdict was just looked for, and not there. */
struct flash_suspect {
    struct flash_uuid id;
    int64_t sku;
    int64_t age_ms; /* by Redis' clock: its first attempt */
    enum flash_entry_type type;
};

enum flash_proof_word {
    FLASH_PROOF_OPEN,       /* nothing is proven: too early, or no answer yet */
    FLASH_PROOF_LOST,       /* not in the log: send it again. Also every later time, for what is
                               never given up: pay, cancel, expire, return */
    FLASH_PROOF_LOST_AGAIN, /* not in the log although it was sent again, and old enough: give up */
};

/* Only units hang on it: a reserve or a take. Others are sent again for ever (DESIGN §9.1). */
bool flash_proof_may_give_up(enum flash_entry_type type);
/* SKU by SKU, within a pass. May want a marker. */
enum flash_proof_word flash_proof_meet(struct flash_proof *proof,
                                       const struct flash_suspect *suspect, int64_t now_ms);
/* Another attempt was made: the window begins anew. */
void flash_proof_sent(struct flash_proof *proof, const struct flash_uuid *id, int64_t now_ms);
enum flash_proof_said { FLASH_PROOF_SAID_LATE = 1, FLASH_PROOF_SAID_REFUSED = 2 };
/* True the first time that this is to be said about an entry that is known. */
bool flash_proof_first_said(struct flash_proof *proof, const struct flash_uuid *id,
                            enum flash_proof_said what);

/* The pass is over. complete: every journal was read, so what was not met in it is settled and
 * forgotten; else it is kept for ten minutes. */
void flash_proof_end_pass(struct flash_proof *proof, bool complete, int64_t now_ms);
int flash_proof_count(const struct flash_proof *proof);

#endif
