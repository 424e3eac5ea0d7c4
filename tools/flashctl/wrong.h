/* What is said of a command line that is wrong: what is missing, or what may have been meant. Each
 * of these fills err (CONFIG) and returns false. */
#ifndef FLASHCTL_WRONG_H
#define FLASHCTL_WRONG_H

#include "command.h"

/* name of the verb, "" for one that is its noun alone. */
const char *flash_ctl_verb_name(const struct flash_ctl_verb *verb);

/* No verb begins with these words; NULL: not given. */
bool flash_ctl_wrong_command(const char *noun, const char *name, struct flash_error *err);
/* written has its dashes, and maybe a value. */
bool flash_ctl_wrong_option(const char *written, struct flash_error *err);
/* It exists, but this verb does not take it. */
bool flash_ctl_option_of_another(const struct flash_ctl_verb *verb, enum flash_ctl_option option,
                                 struct flash_error *err);
bool flash_ctl_option_missing(const struct flash_ctl_verb *verb, enum flash_ctl_option option,
                              struct flash_error *err);

#endif
