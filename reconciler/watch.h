/* Looks at the daemon's own state, and raises and clears alarms about it once it has lasted: each
 * part of readiness ("<part>.away", or as watch.c's table names it), and gauges that must stay
 * below a limit. */
#ifndef RECONCILER_WATCH_H
#define RECONCILER_WATCH_H

#include "alarms.h"
#include "flash/http_ops.h"
#include "flash/metrics.h"
#include "hysteresis.h"

/* A gauge that has a limit. */
struct flash_watch_gauge {
    const char *key;
    struct flash_metric *metric;
    int64_t limit;
    const char *what; /* "due orders have been left for": how the text begins; static */
    const char *unit; /* "messages"; NULL: it is of milliseconds, shown as seconds; static */
};

#define FLASH_WATCH_PARTS 16
#define FLASH_WATCH_GAUGES 8

struct flash_watch {
    struct flash_alarms *alarms; /* (borrowed) */
    struct flash_hysteresis_limits limits;
    flash_ready_fill fill; /* from the thread that looks */
    void *arg;             /* (borrowed) */
    struct {
        const char *name; /* (borrowed) static; NULL: a free place */
        struct flash_hysteresis hysteresis;
    } parts[FLASH_WATCH_PARTS];
    struct {
        struct flash_watch_gauge gauge;
        struct flash_hysteresis hysteresis;
    } gauges[FLASH_WATCH_GAUGES];
    int gauge_count;
};

/* Begin with alarms, limits, fill and arg set, all else zero. Copied. */
void flash_watch_add(struct flash_watch *watch, const struct flash_watch_gauge *gauge);
/* One look; now_ms is of a clock that does not go back. */
void flash_watch_look(struct flash_watch *watch, int64_t now_ms);

#endif
