/* The words of the roles that tokens give; see flash/jwt.h. */
#include <assert.h>
#include <string.h>

#include "flash/jwt.h"

static const char *const role_names[] = {
    [FLASH_ROLE_BUYER] = "buyer",
    [FLASH_ROLE_INTERNAL] = "internal",
    [FLASH_ROLE_OPS] = "ops",
    [FLASH_ROLE_ADMIN] = "admin",
};

#define ROLE_COUNT ((int)(sizeof(role_names) / sizeof(role_names[0])))

const char *flash_role_name(enum flash_role role)
{
    assert((int)role >= 0 && (int)role < ROLE_COUNT);
    return role_names[role];
}

bool flash_role_parse(struct flash_text text, enum flash_role *ret_role)
{
    for (int role = 0; role < ROLE_COUNT; role++) {
        if (text.len == strlen(role_names[role]) &&
            memcmp(text.at, role_names[role], text.len) == 0) {
            *ret_role = (enum flash_role)role;
            return true;
        }
    }
    return false;
}
