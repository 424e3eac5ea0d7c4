/* How fast one pass compares the journals with the ledger, and how much memory it takes: twice only
 * looking, then settling. Settings as a daemon's. Prints one line a pass. */
#include <stdio.h>
#include <sys/resource.h>

#include "../../reconciler/reconcile.h"

static void pass(struct flash_reconcile *reconcile, enum flash_reconcile_depth depth)
{
    const struct flash_reconcile_options options = {.depth = depth, .settle_after_ms = 1};
    struct flash_reconcile_done done;
    struct rusage usage;
    flash_reconcile_pass(reconcile, &options, &done);
    getrusage(RUSAGE_SELF, &usage);
    printf("%s: %s, %lld entries, %lld with verdict, %.2f s, %.0f MB resident at most %s\n",
           depth == FLASH_RECONCILE_ACT ? "settle" : "look", flash_reconcile_end_name(done.end),
           (long long)done.entries, (long long)done.settled, (double)done.took_us / 1e6,
           (double)usage.ru_maxrss / 1024, done.err.text);
}

int main(int argc, char **argv)
{
    static struct flash_config config; /* large */
    enum flash_config_action action;
    struct flash_reconcile *reconcile;
    struct flash_error err;
    if (!flash_config_load(&config, argc, argv, &action, &err) ||
        !flash_reconcile_new(&config, NULL, &reconcile, &err)) {
        fprintf(stderr, "%s\n", err.text);
        return 2;
    }
    pass(reconcile, FLASH_RECONCILE_LOOK);
    pass(reconcile, FLASH_RECONCILE_LOOK);
    pass(reconcile, FLASH_RECONCILE_ACT);
    flash_reconcile_free(reconcile);
    return 0;
}
