/* The catalog and the duty of a test; see fakes.h. */
#include "fakes.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

bool flash_catalog_copy(struct flash_catalog *catalog, struct flash_catalog_list *list)
{
    free(list->skus);
    list->skus = calloc(catalog->count + 1, sizeof(*list->skus));
    assert(list->skus != NULL);
    memcpy(list->skus, catalog->skus, catalog->count * sizeof(*list->skus));
    list->count = catalog->count;
    list->generation = catalog->generation;
    return true;
}

void flash_catalog_list_finish(struct flash_catalog_list *list)
{
    free(list->skus);
    *list = (struct flash_catalog_list){0};
}

void flash_duty_ask(struct flash_duty *duty)
{
    duty->asks++;
}

bool flash_duty_pause(struct flash_duty *duty, uint64_t until_us)
{
    duty->pauses += until_us > 0;
    duty->last_until_us = until_us > 0 ? until_us : duty->last_until_us;
    return duty->stop_after < 0 || duty->stop_after-- > 0;
}
