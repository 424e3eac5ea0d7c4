/* The command line as two tables, options and verbs. Parsing, help, man pages and completion only
 * walk them. */
#ifndef FLASHCTL_COMMAND_H
#define FLASHCTL_COMMAND_H

#include <stdint.h>
#include <stdio.h>

#include "flash/error.h"

/* Exit codes; what they mean to people is flash_ctl_exits. */
enum flash_ctl_exit {
    FLASH_CTL_OK = 0,
    FLASH_CTL_REFUSED = 1,     /* the server answered with a problem */
    FLASH_CTL_USAGE = 2,       /* the command line or a file it names is wrong */
    FLASH_CTL_UNREACHABLE = 3, /* no answer, or none of ours */
    FLASH_CTL_PENDING = 4,     /* --wait gave up: what was asked for is still under way */
    FLASH_CTL_EXIT_COUNT,
};
extern const char *const flash_ctl_exits[FLASH_CTL_EXIT_COUNT];

enum flash_ctl_option {
    FLASH_CTL_NONE, /* no option */
    FLASH_CTL_SKU,
    FLASH_CTL_ORDER,
    FLASH_CTL_PAYMENT,
    FLASH_CTL_RUN,
    FLASH_CTL_FILE,
    FLASH_CTL_QUANTITY,
    FLASH_CTL_DELTA,
    FLASH_CTL_UNITS,
    FLASH_CTL_TITLE,
    FLASH_CTL_THRESHOLD,
    FLASH_CTL_REASON,
    FLASH_CTL_REFERENCE,
    FLASH_CTL_STARTS,
    FLASH_CTL_ENDS,
    FLASH_CTL_FOR,
    FLASH_CTL_LIMIT,
    FLASH_CTL_HOLD,
    FLASH_CTL_STATE,
    FLASH_CTL_TYPE,
    FLASH_CTL_CAUSE,
    FLASH_CTL_MODE,
    FLASH_CTL_LINES,
    FLASH_CTL_USER,
    FLASH_CTL_BY,
    FLASH_CTL_FROM,
    FLASH_CTL_TO,
    FLASH_CTL_ROWS,
    FLASH_CTL_CHECK,
    FLASH_CTL_WAIT,
    FLASH_CTL_TIMEOUT,
    FLASH_CTL_INTERVAL,
    FLASH_CTL_FRAMES,
    FLASH_CTL_ROLE,
    FLASH_CTL_TTL,
    FLASH_CTL_KEY_FILE,
    FLASH_CTL_KID,
    FLASH_CTL_PROFILE,
    FLASH_CTL_ADMIN,
    FLASH_CTL_ENGINE,
    FLASH_CTL_CONSUMER,
    FLASH_CTL_RECONCILER,
    FLASH_CTL_CONFIG,
    FLASH_CTL_TOKEN_FILE,
    FLASH_CTL_OPERATOR,
    FLASH_CTL_OUTPUT,
    FLASH_CTL_OPTION_COUNT,
};
#define FLASH_CTL_BIT(option) (UINT64_C(1) << (option))
#define FLASH_CTL_BARE_MAX 2
_Static_assert(FLASH_CTL_OPTION_COUNT <= 64, "options are bits of 64");

/* What a value may be; values.h says it to people. */
enum flash_ctl_kind {
    FLASH_CTL_KIND_TEXT,
    FLASH_CTL_KIND_FLAG, /* takes no value */
    FLASH_CTL_KIND_SKU,
    FLASH_CTL_KIND_ORDER,
    FLASH_CTL_KIND_PAYMENT,
    FLASH_CTL_KIND_USER,
    FLASH_CTL_KIND_REASON,
    FLASH_CTL_KIND_COUNT,  /* from 0 */
    FLASH_CTL_KIND_AMOUNT, /* from 1 */
    FLASH_CTL_KIND_DELTA,  /* with a sign, not 0 */
    FLASH_CTL_KIND_ROWS,   /* from 1, or all */
    FLASH_CTL_KIND_TIME,
    FLASH_CTL_KIND_DURATION,
    FLASH_CTL_KIND_WORD, /* one of the row's words, else of the verb's */
    FLASH_CTL_KIND_URL,
    FLASH_CTL_KIND_FILE,
    FLASH_CTL_KIND_PROFILE,
};

struct flash_ctl_option_row {
    const char *name;  /* without the dashes */
    const char *value; /* what stands for its value in the help; NULL: a flag */
    enum flash_ctl_kind kind;
    const char *help;
    const char *words;       /* of a WORD: "table|json"; NULL: the verb's states */
    const char *environment; /* a variable that gives it too, or NULL */
    bool profile;            /* a profile may give it too */
};
extern const struct flash_ctl_option_row flash_ctl_options[FLASH_CTL_OPTION_COUNT];

enum flash_ctl_ask { FLASH_CTL_ASK_RUN, FLASH_CTL_ASK_HELP, FLASH_CTL_ASK_VERSION };
enum flash_ctl_format { FLASH_CTL_TABLE, FLASH_CTL_JSON, FLASH_CTL_JSONL, FLASH_CTL_CSV };

struct flash_ctl_command {
    enum flash_ctl_ask ask;
    const char *noun;                           /* (borrowed) of ASK_HELP about a noun, or NULL */
    const struct flash_ctl_verb *verb;          /* NULL: help about all, or the version */
    const char *values[FLASH_CTL_OPTION_COUNT]; /* (borrowed) NULL: not given; a flag: "" */
};

struct flash_ctl_client;
struct flash_ctl_verb {
    const char *noun, *name; /* name NULL: the noun alone is the verb */
    const char *help;
    uint64_t needs, takes;                          /* bits; what is needed is taken */
    enum flash_ctl_option bare[FLASH_CTL_BARE_MAX]; /* options that words without dashes give */
    const char *states;   /* words of --state, "due|done|all"; without it the first is meant */
    const char *examples; /* lines, each ending in a newline */
    /* One of the two: what is done with a client of flash-admin, or without. */
    enum flash_ctl_exit (*act)(struct flash_ctl_client *client,
                               const struct flash_ctl_command *command);
    enum flash_ctl_exit (*run)(const struct flash_ctl_command *command);
    const char *path;                  /* of a verb that looks: '*' is its first bare option */
    const struct flash_ctl_list *list; /* of a verb that lists */
};
extern const struct flash_ctl_verb flash_ctl_verbs[];
extern const int flash_ctl_verb_count;

struct flash_ctl_noun {
    const char *name, *help;
};
/* Each noun once, in the order of the verbs; a row without a name ends them. */
extern const struct flash_ctl_noun flash_ctl_nouns[];

#endif
