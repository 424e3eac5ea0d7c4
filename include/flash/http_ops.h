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
