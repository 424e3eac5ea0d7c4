/* What the verbs of flash-reconciler that run once have in common: their command line from a table,
 * their exit codes, how they say what went wrong.
 *
 * A verb is a file verb_NAME.c with one function of a row in main.c's table. Its own options are
 * rows of a page; all others are the configuration's (--config, --set, …). What it finds goes to
 * stdout (output.h), everything else to stderr. */
#ifndef RECONCILER_VERB_H
#define RECONCILER_VERB_H

#include <stddef.h>

#include "flash/config.h"
#include "output.h"

#define FLASH_VERB_PROGRAM "flash-reconciler"

/* Exit codes (DESIGN §9). */
enum flash_exit {
    FLASH_EXIT_CLEAN = 0,
    FLASH_EXIT_FINDINGS = 1,
    FLASH_EXIT_USAGE = 2,
    FLASH_EXIT_UNREACHABLE = 3,
    FLASH_EXIT_LEASE = 4, /* another run holds it */
    FLASH_EXIT_GUARD = 5, /* stopped by it */
};

struct flash_verb_option {
    const char *name;  /* without the dashes; NULL: a word without them, once */
    const char *value; /* what stands for it in the help: "N"; NULL: it has none */
    const char *help;
    /* Reads text; false: it is not one. */
    bool (*read)(const char *text, void *ret_value);
    const char *allowed; /* said then: "a whole number above 0" */
    void *ret_value;     /* where read puts it; keeps what is there when it is not given */
    bool needed;
};

struct flash_verb_page {
    const char *verb;    /* "report" */
    const char *purpose; /* lines, the first a sentence */
    const struct flash_verb_option *options;
    int option_count;
    const char *examples; /* lines, each ending in a newline */
};

struct flash_verb_line {
    int argc; /* as main's: argv[0] is the program's name */
    char *const *argv;
};

/* Reads the verb's command line and the configuration; answers --help, and says what is wrong.
 * False: the verb is to end with *ret_exit. Sets up the log, the locale of texts, and SIGPIPE. */
FLASH_MUST_CHECK bool flash_verb_read(const struct flash_verb_page *page,
                                      const struct flash_verb_line *line,
                                      struct flash_config *config, int *ret_exit);

/* Says err on stderr; returns the exit code it means: UNREACHABLE, or USAGE for CONFIG. */
int flash_verb_fail(const struct flash_verb_page *page, const struct flash_error *err);

/* ---- reading values ---- */

bool flash_verb_read_flag(const char *text, void *ret_bool); /* of an option without a value */
bool flash_verb_read_sku(const char *text, void *ret_int64);
bool flash_verb_read_count(const char *text, void *ret_int64); /* from 1 to 1000000000 */
bool flash_verb_read_format(const char *text, void *ret_format);
bool flash_verb_read_cause(const char *text, void *ret_int); /* an enum flash_cause */
bool flash_verb_read_uuid(const char *text, void *ret_uuid);
bool flash_verb_read_order(const char *text, void *ret_pointer); /* a const char *: an order id */
bool flash_verb_read_operator(const char *text, void *ret_pointer); /* a const char * */

#define FLASH_VERB_OUTPUT(format)                                                                  \
    {                                                                                              \
        "output", "FORMAT", "table, json, jsonl or csv (table)", flash_verb_read_format,           \
            "table, json, jsonl or csv", &(format)                                                 \
    }
#define FLASH_VERB_OPERATOR(name)                                                                  \
    {                                                                                              \
        "operator", "NAME", "who it is for, in the record of runs (the login name)",               \
            flash_verb_read_operator,                                                              \
            "1 to 64 bytes without controls, quotes, backslashes or braces", &(name)               \
    }

/* The login name, for the record of runs; static. */
const char *flash_verb_operator(void);

/* ---- the verbs ---- */

int flash_verb_report(int argc, char *const argv[]);
int flash_verb_plan(int argc, char *const argv[]);
int flash_verb_apply(int argc, char *const argv[]);
int flash_verb_audit(int argc, char *const argv[]);
int flash_verb_history(int argc, char *const argv[]);

#endif
