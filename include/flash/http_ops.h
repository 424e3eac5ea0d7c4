/* The four routes every daemon has on its internal listener: /livez /readyz /metrics /version. */
#ifndef FLASH_HTTP_OPS_H
#define FLASH_HTTP_OPS_H

#include "flash/http.h"

/* One part of readiness: ready, or why not. */
struct flash_ready_part {
    const char *name; /* "redis" */
    bool ready;
    char reason[160]; /* when not ready */
};

/* Fills up to max parts, returns how many. Called on the listener's thread. */
typedef int (*flash_ready_fill)(struct flash_ready_part *parts, int max, void *arg);

/* A part as a daemon writes it down. */
struct flash_ready_row {
    const char *name; /* static */
    bool ready;
    const char *reason; /* (borrowed) why, if it is not ready */
};

/* Fills parts from count rows, as many as max allows; returns how many. Reasons are cut to fit. */
int flash_ready_fill_rows(struct flash_ready_part *parts, int max,
                          const struct flash_ready_row *rows, int count);

struct flash_ops {
    const char *daemon; /* "flash-engine" */
    flash_ready_fill fill;
    void *arg;
};

/* Answers request and returns true if its path is one of the four; else false, untouched.
 * /livez 200 always; /readyz 200 or 503 with {"ready":…,"parts":[{"name","ready","reason"}]};
 * /metrics Prometheus text; /version {"daemon","version"}. */
bool flash_ops_handle(struct flash_request *request, const struct flash_ops *ops);

#endif
