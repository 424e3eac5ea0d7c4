/* Names for entries that are about to be made; see entry.h. */
#include "flash/entry.h"
#include "flash/put.h"
#include "flash/time.h"

bool flash_entry_name_new(struct flash_entry_name *ret_name, struct flash_error *err)
{
    struct flash_uuid id;
    if (!flash_uuid_new(flash_time_wall_ms(), &id, err)) {
        return false;
    }
    flash_uuid_format(&id, ret_name->uuid);
    *flash_put_number(ret_name->low, flash_uuid_low64(&id)) = '\0';
    return true;
}
