/* The files ~/.config/flashctl/NAME.conf: an installation each, lines "option = value". */
#ifndef FLASHCTL_GIVEN_H
#define FLASHCTL_GIVEN_H

#include "parse.h"

/* Reads the profile that the command names (--profile, FLASHCTL_PROFILE), else "default" if there
 * is one. The values are static: they live until the next call. *ret_found says whether there was a
 * profile. Error kind: CONFIG: a named one is missing, others may write it, or a line is wrong. */
FLASH_MUST_CHECK bool flash_ctl_given_load(const struct flash_ctl_command *command,
                                           struct flash_ctl_given *ret_given, bool *ret_found,
                                           struct flash_error *err);

#endif
