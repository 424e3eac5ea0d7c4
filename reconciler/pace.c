/* The arithmetic of a pass's speed; see pace.h. */
#include "pace.h"

#include "flash/limits.h"

#define PORTIONS_A_SECOND 64
#define SECOND_US 1000000

void flash_pace_init(struct flash_pace *pace, int64_t rate)
{
    *pace = (struct flash_pace){.rate = rate > 0 ? rate : 1};
}

int flash_pace_portion(const struct flash_pace *pace)
{
    int64_t portion = pace->rate / PORTIONS_A_SECOND;
    return portion < 1 ? 1 : portion > FLASH_BATCH_LINES ? FLASH_BATCH_LINES : (int)portion;
}

uint64_t flash_pace_charge(struct flash_pace *pace, uint64_t began_us, int64_t orders)
{
    uint64_t from_us = pace->next_us > began_us ? pace->next_us : began_us;
    pace->next_us = from_us + (uint64_t)(orders * SECOND_US / pace->rate);
    return pace->next_us;
}
