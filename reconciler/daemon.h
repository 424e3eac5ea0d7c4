/* The daemon behind `flash-reconciler run`: duties with threads of their own, and a listener. */
#ifndef RECONCILER_DAEMON_H
#define RECONCILER_DAEMON_H

#include "flash/config.h"

struct flash_daemon_start {
    struct flash_config *config; /* loaded; (borrowed) */
    int argc;                    /* what it was loaded from, for SIGHUP; (borrowed) */
    char *const *argv;
};

/* Runs until TERM or INT; logging is set up already. False: it could not start. Error kinds:
 * CONFIG, RETRY. */
FLASH_MUST_CHECK bool flash_daemon_run(const struct flash_daemon_start *start,
                                       struct flash_error *err);

#endif
