/* What the files of applying a plan share; see apply.h. */
#ifndef RECONCILER_APPLY_INTERNAL_H
#define RECONCILER_APPLY_INTERNAL_H

#include "apply.h"
#include "flash/kafka.h"
#include "lease.h"
#include "reconcile.h"

struct flash_apply {
    const struct flash_apply_options *options;
    struct flash_apply_done *done;
    struct flash_config *config; /* owned: the passes do without the lease */
    struct flash_mysql *mysql;
    struct flash_lease *lease;
    struct flash_producer *producer; /* NULL: nothing has to be proven */
    struct flash_reconcile *reconcile;
    struct flash_runs *runs;
    struct flash_plan *plan;
    struct flash_reconcile_done pass; /* the last one */
    struct flash_run_end sums;        /* over all passes */
};

/* Notes how it ends, with the error (may be that of done itself, or NULL: it is there). False. */
bool flash_apply_end(struct flash_apply *apply, enum flash_apply_end end,
                     const struct flash_error *err);
/* The same with a sentence. */
bool flash_apply_end_by(struct flash_apply *apply, enum flash_apply_end end, const char *why);

/* Looks which planned entries are still open; what is not gets that state. False: it is over. */
FLASH_MUST_CHECK bool flash_apply_look(struct flash_apply *apply, enum flash_finding_state others);
/* Acts and looks in turn until nothing is planned any more, or it ends otherwise. */
void flash_apply_act(struct flash_apply *apply);

#endif
