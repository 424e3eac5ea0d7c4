/* A run that is written when it is over, all at once; see runs.h. */
#include "runs.h"

bool flash_runs_write(struct flash_runs *runs, const struct flash_run_whole *whole,
                      struct flash_error *err)
{
    struct flash_uuid id;
    bool ok = flash_runs_begin(runs, &whole->start, &id, err);
    for (size_t i = 0; ok && i < whole->finding_count; i++) {
        ok = flash_runs_add(runs, &whole->findings[i], err);
    }
    if (flash_runs_open(runs)) {
        ok = flash_runs_end(runs, &whole->end, err) && ok;
    }
    return ok;
}
