/* Where the daemons are and who we are there: from the options, or from the daemons' own
 * configuration. */
#ifndef FLASHCTL_PROFILE_H
#define FLASHCTL_PROFILE_H

#include "command.h"
#include "flash/jwt.h"

struct flash_ctl_profile {
    char url[256]; /* flash-admin's, without a slash at the end */
    char engine[256], consumer[256], reconciler[256]; /* "": not known */
    char token[FLASH_JWT_MAX + 1];                    /* "": none is sent */
    char operator[FLASH_USER_MAX + 1];                /* "": X-User-Id is not sent */
};

/* With --config and no --token-file, a token of role admin is issued for five minutes when the
 * configuration asks for tokens: who can read its key could do so anyway. Files with a token or a
 * key are refused when others than their owner may read them. Error kind: CONFIG. */
FLASH_MUST_CHECK bool flash_ctl_profile_load(const struct flash_ctl_command *command,
                                             struct flash_ctl_profile *ret_profile,
                                             struct flash_error *err);

/* The key to sign with: of --key-file and --kid, else the first of --config. Error kind: CONFIG. */
FLASH_MUST_CHECK bool flash_ctl_profile_key(const struct flash_ctl_command *command,
                                            struct flash_jwt_key *ret_key, struct flash_error *err);

#endif
