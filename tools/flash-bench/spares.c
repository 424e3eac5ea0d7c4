/* The stack of buffers; see spares.h. */
#include "spares.h"

#include <assert.h>
#include <stdlib.h>

bool flash_bench_spares_init(struct flash_bench_spares *spares, size_t count, size_t size,
                             struct flash_error *err)
{
    *spares = (struct flash_bench_spares){.arena = malloc(count * size)};
    spares->unused = calloc(count, sizeof(char *));
    if (spares->arena == NULL || spares->unused == NULL) {
        return flash_error_set(err, FLASH_ERROR_CONFIG, "no memory for %zu connections", count);
    }
    while (spares->count < count) {
        spares->unused[spares->count] = spares->arena + (count - 1 - spares->count) * size;
        spares->count++;
    }
    return true;
}

char *flash_bench_spares_take(struct flash_bench_spares *spares)
{
    assert(spares->count > 0);
    return spares->unused[--spares->count];
}

void flash_bench_spares_give(struct flash_bench_spares *spares, char *buffer)
{
    spares->unused[spares->count++] = buffer;
}

void flash_bench_spares_destroy(struct flash_bench_spares *spares)
{
    free(spares->arena);
    free(spares->unused);
}
