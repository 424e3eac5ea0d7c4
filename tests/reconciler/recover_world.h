/* The world around a recovery: the ledger, Redis, the sweep and the replay as functions that write
 * down when they were called, and fail when the test says so. */
#ifndef TESTS_RECONCILER_RECOVER_WORLD_H
#define TESTS_RECONCILER_RECOVER_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../reconciler/recover_internal.h"
#include "flash/inflow_replay.h"
#include "flash/inflow_rows.h"

struct recover_world {
    struct flash_config config;
    char calls[4096];
    const char *fails; /* the call that fails, or NULL */
    int looks;         /* so many find the need; then it is gone */
    bool lease_taken;  /* by another */
    int lease_steps;   /* it is lost, or its ledger, at that one; 0: never */
    int answers_after; /* questions to the engines */
    int proven_after;  /* looks at the markers */
    bool applied;      /* the markers, at every look */
    bool damaged;      /* the SKU: Redis refuses to load it */
    bool refuses;      /* Redis: its orders */
    bool uncounted;    /* counting the orders takes too long */
    int old_entries;   /* tries to open that meet one */
    int pauses;
    int64_t last_inflow,
        redis_inflow;                 /* the ledger's, Redis' when the gate is about to be opened */
    bool no_row;                      /* the ledger has none of its number */
    bool cut_off;                     /* Redis goes away during the replay */
    enum flash_inflow_outcome replay; /* what the replay comes to */
    int64_t refused, refused_since_ms; /* orders */
    bool restarts;                     /* during the pauses */
    struct flash_recover *recover;
};

extern struct recover_world world;

/* cmocka's setup and teardown: an empty world and its recovery. */
int recover_world_open(void **state);
int recover_world_close(void **state);
/* The recovery's pause: takes no time, and gives up after a hundred. */
bool recover_world_pause(int ms, void *arg);

#endif
