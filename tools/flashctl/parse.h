/* From words to a command: what was written, then what the environment and a profile add. Error
 * kind of both: CONFIG, err says what is wrong. */
#ifndef FLASHCTL_PARSE_H
#define FLASHCTL_PARSE_H

#include "command.h"

/* Reads argv; only its form is checked. With ASK_HELP verb may be NULL: help about noun, or about
 * all. */
FLASH_MUST_CHECK bool flash_ctl_command_parse(struct flash_ctl_command *ret_command, int argc,
                                              char *const argv[], struct flash_error *err);

/* A profile's values; those of options that no profile may give are NULL. */
struct flash_ctl_given {
    const char *values[FLASH_CTL_OPTION_COUNT]; /* (borrowed) */
    bool named; /* it was asked for, so it comes before the environment */
};

/* Adds what was not written and checks that each value is one and that what is needed is there. A
 * profile's credentials go to its own address only: where the command line or the environment names
 * another, they are left out. given NULL: there is no profile. */
FLASH_MUST_CHECK bool flash_ctl_command_fill(struct flash_ctl_command *command,
                                             const struct flash_ctl_given *given,
                                             struct flash_error *err);

/* The words that the option may have in this verb, "table|json", or NULL if any text will do. */
const char *flash_ctl_words(const struct flash_ctl_verb *verb, enum flash_ctl_option option);

#endif
