/* Buffers that connections borrow while they have bytes: a stack, so that the one given back last,
 * which the caches still hold, is taken next.
 *
 * A closed loop thus writes and reads all its requests in the same two buffers, however many
 * connections it has. Belongs to one thread. */
#ifndef FLASH_BENCH_SPARES_H
#define FLASH_BENCH_SPARES_H

#include <stddef.h>

#include "flash/error.h"

struct flash_bench_spares {
    char *arena;
    char **unused; /* a stack of count */
    size_t count;
};

/* Room for `count` buffers of `size` bytes; what is never taken costs no memory. Error kind CONFIG.
 * To be destroyed also when it failed. */
FLASH_MUST_CHECK bool flash_bench_spares_init(struct flash_bench_spares *spares, size_t count,
                                              size_t size, struct flash_error *err);
/* There must be one: no connection takes two. */
char *flash_bench_spares_take(struct flash_bench_spares *spares);
void flash_bench_spares_give(struct flash_bench_spares *spares, char *buffer);
void flash_bench_spares_destroy(struct flash_bench_spares *spares);

#endif
