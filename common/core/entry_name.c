/* Names for entries that are about to be made; see entry.h. */
#include <stdio.h>

#include "flash/entry.h"
#include "flash/time.h"

bool flash_entry_name_new(struct flash_entry_name *ret_name, struct flash_error *err)
{
    struct flash_uuid id;
    if (!flash_uuid_new(flash_time_wall_ms(), &id, err)) {
        return false;
    }
    flash_uuid_format(&id, ret_name->uuid);
    snprintf(ret_name->low, sizeof(ret_name->low), "%llu",
             (unsigned long long)flash_uuid_low64(&id));
    return true;
}
