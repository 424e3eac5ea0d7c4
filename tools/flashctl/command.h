/* The command line as one table: verbs, their options, their examples. Parsing and help only walk
 * it. */
#ifndef FLASHCTL_COMMAND_H
#define FLASHCTL_COMMAND_H

#include <stdio.h>

#include "flash/error.h"

/* Exit codes. */
enum flash_ctl_exit {
    FLASH_CTL_OK = 0,
    FLASH_CTL_REFUSED = 1,     /* the server answered with a problem */
    FLASH_CTL_USAGE = 2,       /* the command line or a file it names is wrong */
    FLASH_CTL_UNREACHABLE = 3, /* no answer, or none of ours */
};

enum flash_ctl_option {
    FLASH_CTL_SKU,
    FLASH_CTL_ORDER,
    FLASH_CTL_PAYMENT,
    FLASH_CTL_REFERENCE,
    FLASH_CTL_STATE,
    FLASH_CTL_QUANTITY,
    FLASH_CTL_TITLE,
    FLASH_CTL_THRESHOLD,
    FLASH_CTL_STARTS,
    FLASH_CTL_ENDS,
    FLASH_CTL_FOR,
    FLASH_CTL_LIMIT,
    FLASH_CTL_HOLD,
    FLASH_CTL_USER,
    FLASH_CTL_ROLE,
    FLASH_CTL_TTL,
    FLASH_CTL_KEY_FILE,
    FLASH_CTL_KID,
    FLASH_CTL_ADMIN,
    FLASH_CTL_CONFIG,
    FLASH_CTL_TOKEN_FILE,
    FLASH_CTL_OPERATOR,
    FLASH_CTL_OUTPUT,
    FLASH_CTL_OPTION_COUNT,
};
#define FLASH_CTL_BIT(option) (1u << (option))
#define FLASH_CTL_BARE_MAX 2

struct flash_ctl_option_row {
    const char *name;        /* without the dashes */
    const char *value;       /* what stands for its value in the help */
    const char *environment; /* a variable that gives it too, or NULL */
    const char *help;
};
extern const struct flash_ctl_option_row flash_ctl_options[FLASH_CTL_OPTION_COUNT];

enum flash_ctl_ask { FLASH_CTL_ASK_RUN, FLASH_CTL_ASK_HELP, FLASH_CTL_ASK_VERSION };

struct flash_ctl_command {
    enum flash_ctl_ask ask;
    const struct flash_ctl_verb *verb;          /* NULL: help about all, or the version */
    const char *values[FLASH_CTL_OPTION_COUNT]; /* (borrowed) NULL: not given */
};

struct flash_ctl_verb {
    const char *noun, *name; /* name NULL: the noun alone is the verb */
    const char *help;
    unsigned needs, takes;                          /* bits of options; what is needed is taken */
    enum flash_ctl_option bare[FLASH_CTL_BARE_MAX]; /* options that words without dashes give, in
                                                       this order; COUNT: none, nor any after it */
    const char *examples;                           /* lines, each ending in a newline */
    enum flash_ctl_exit (*run)(const struct flash_ctl_command *command);
};
extern const struct flash_ctl_verb flash_ctl_verbs[];
extern const int flash_ctl_verb_count;

/* Parses argv. With ASK_HELP ret_command->verb may be NULL: help about all. Kind CONFIG: err says
 * what is wrong. */
FLASH_MUST_CHECK bool flash_ctl_command_parse(struct flash_ctl_command *ret_command, int argc,
                                              char *const argv[], struct flash_error *err);

/* verb NULL: all of them, a line each. */
void flash_ctl_help(const struct flash_ctl_verb *verb, FILE *out);

/* Says on stderr that the option's value is not one, and what is; returns USAGE. */
enum flash_ctl_exit flash_ctl_bad_value(const struct flash_ctl_command *command,
                                        enum flash_ctl_option option, const char *allowed);

/* ---- the verbs ---- */

enum flash_ctl_exit flash_ctl_sale_create(const struct flash_ctl_command *command);
enum flash_ctl_exit flash_ctl_sale_open(const struct flash_ctl_command *command);
enum flash_ctl_exit flash_ctl_sale_show(const struct flash_ctl_command *command);
enum flash_ctl_exit flash_ctl_stock_show(const struct flash_ctl_command *command);
enum flash_ctl_exit flash_ctl_order_show(const struct flash_ctl_command *command);
enum flash_ctl_exit flash_ctl_refund_list(const struct flash_ctl_command *command);
enum flash_ctl_exit flash_ctl_refund_done(const struct flash_ctl_command *command);
enum flash_ctl_exit flash_ctl_token(const struct flash_ctl_command *command);

#endif
