/* The catalog and the duty as functions of a test: a list of SKUs, and pauses that only count. */
#ifndef TESTS_RECONCILER_FAKES_H
#define TESTS_RECONCILER_FAKES_H

#include "../../reconciler/catalog.h"
#include "../../reconciler/duty.h"

struct flash_catalog {
    const int64_t *skus;
    size_t count;
    int64_t generation;
};

struct flash_duty {
    int asks;
    int pauses;     /* that would have waited */
    int stop_after; /* looks at whether to stop, before it stops; negative: never */
    uint64_t last_until_us;
};

#endif
