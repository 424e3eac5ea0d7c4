/* The back office as a client of flash-reconciler: asks for one pass of expiry over HTTP, and
 * understands what it says.
 *
 * Two daemons share no code above the adapters, and one daemon alone paces expiry, so the pass is
 * asked for where it is done (docs/API.md, flash-reconciler). */
#ifndef ADMIN_RECONCILER_H
#define ADMIN_RECONCILER_H

#include "job.h"

#define FLASH_RECONCILER_URL_MAX 128
#define FLASH_RECONCILER_ANSWER_MAX 4096 /* bytes */

/* What a pass did; the reconciler's own counts. */
struct flash_pass_counts {
    int64_t skus, expired, queued, skipped, took_ms;
    bool complete;
};

struct flash_pass_answer {
    enum flash_refusal refusal; /* NOTHING: it was done */
    bool counted;               /* counts are there; also of a pass that was broken off */
    struct flash_pass_counts counts;
};

/* Asks and waits, blocking: until the pass has ended, hurry is set (STOPPING), or far longer than a
 * pass may take. err says why nothing came, kind NONE if something did; a refusal of the
 * reconciler's own is no error. */
struct flash_pass_answer flash_reconciler_ask(const struct flash_stores *stores,
                                              const struct flash_caller *caller,
                                              struct flash_error *err);

/* Asks for a pass over the journals, as soon as may be, and does not wait for it: its findings are
 * in the record of runs. NOTHING: it will be. err as above. */
enum flash_refusal flash_reconciler_ask_reconcile(const struct flash_stores *stores,
                                                  const struct flash_caller *caller,
                                                  struct flash_error *err);

/* ---- pure ---- */

/* The path where the reconciler of that configuration listens, an IPv6 address in brackets. */
void flash_reconciler_url(const struct flash_address *listen, const char *path,
                          char ret_url[FLASH_RECONCILER_URL_MAX]);
/* What status and body mean; NO_RECONCILER for whatever is not an answer of the reconciler's. */
struct flash_pass_answer flash_reconciler_judge(long status, struct flash_text body);

#endif
