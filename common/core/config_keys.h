/* Private to flash_core: the table of settings and how one of them is read and written.
 *
 * A row says everything about its key; loading, printing and --help only walk the rows. Reasons in
 * errors here do not say where the value came from: config.c, which knows, puts that in front. */
#ifndef FLASH_CONFIG_KEYS_H
#define FLASH_CONFIG_KEYS_H

#include <stddef.h>

#include "flash/config.h"

enum flash_config_type {
    FLASH_CONFIG_TYPE_TEXT,    /* char[]; min and max count bytes */
    FLASH_CONFIG_TYPE_SECRET,  /* char[], never shown; "@/path" is that file's first line */
    FLASH_CONFIG_TYPE_INT,     /* int */
    FLASH_CONFIG_TYPE_INT64,   /* int64_t */
    FLASH_CONFIG_TYPE_WORD,    /* an enum, by its words */
    FLASH_CONFIG_TYPE_MS,      /* int64_t milliseconds, a number and a unit as text */
    FLASH_CONFIG_TYPE_US,      /* int64_t microseconds, likewise */
    FLASH_CONFIG_TYPE_ADDRESS, /* struct flash_address, "host:port" */
    FLASH_CONFIG_TYPE_URL,     /* char[], of a scheme in words, or empty; its path is never shown */
    FLASH_CONFIG_TYPE_MAILS,   /* char[], mail addresses, at most as many as the row's min says */
};

struct flash_config_key {
    const char *section, *name;
    size_t offset, size; /* the field in struct flash_config */
    enum flash_config_type type;
    const char *fallback;     /* the default, as text */
    int64_t min, max;         /* in the field's unit */
    const char *const *words; /* WORD: by value; URL: schemes; NULL at the end */
    const char *help;
};

/* A section whose pairs go to librdkafka as they are. */
struct flash_config_pass {
    const char *section;
    size_t offset; /* its struct flash_config_passthrough in struct flash_config */
};

enum {
    FLASH_CONFIG_KEYS_MAX = 128, /* rows at most */
    FLASH_CONFIG_PASS_SECTIONS = 2,
    FLASH_CONFIG_VALUE_TEXT = 320, /* the longest value as text and NUL */
};

/* The units of durations, finest first. */
struct flash_config_unit {
    const char *name;
    int64_t us;
};
enum { FLASH_CONFIG_UNITS = 5 };
extern const struct flash_config_unit flash_config_units[FLASH_CONFIG_UNITS];

/* Microseconds in the unit of a row's field (MS, US). */
static inline int64_t flash_config_field_us(const struct flash_config_key *key)
{
    return key->type == FLASH_CONFIG_TYPE_MS ? 1000 : 1;
}

/* All rows, those of a section together. */
const struct flash_config_key *flash_config_keys(size_t *ret_count);
/* The row, or NULL. */
const struct flash_config_key *flash_config_key_find(const char *section, const char *name);

/* ---- what is passed through to librdkafka ---- */

extern const struct flash_config_pass flash_config_passes[FLASH_CONFIG_PASS_SECTIONS];

static inline struct flash_config_passthrough *
flash_config_pass_of(const struct flash_config *config, const struct flash_config_pass *pass)
{
    return (struct flash_config_passthrough *)((char *)config + pass->offset);
}

/* Why the protocol cannot have this librdkafka setting changed; NULL when it may be. */
const char *flash_config_pass_refused(const char *name);
/* Whether a librdkafka setting is a secret. */
bool flash_config_pass_secret(const char *name);

/* ---- text to field (config_read.c) ---- */

/* Reads text into the row's field. False, kind CONFIG: what is wrong and what is allowed (without a
 * secret's text); the field is untouched. */
FLASH_MUST_CHECK bool flash_config_value_set(struct flash_config *config,
                                             const struct flash_config_key *key, const char *text,
                                             struct flash_error *err);
/* Reads "@/path" or plain text into a secret's buffer of size bytes. */
FLASH_MUST_CHECK bool flash_config_secret_set(char *field, size_t size, const char *text,
                                              struct flash_error *err);
/* Whether text comes back as it is from a line of a file: no control characters, no white space at
 * its ends. */
bool flash_config_is_plain(const char *text);

/* ---- field to text (config_format.c) ---- */

/* The field as text that reads back to the same value; a secret as "***" or "". */
void flash_config_value_format(const struct flash_config *config,
                               const struct flash_config_key *key,
                               char ret_text[FLASH_CONFIG_VALUE_TEXT]);
/* What the row allows: "1 to 64", "journal | log". */
void flash_config_value_allowed(const struct flash_config_key *key,
                                char ret_text[FLASH_CONFIG_VALUE_TEXT]);

/* ---- the file (config_file.c) ---- */

/* One setting as it was found (borrowed). */
struct flash_config_setting {
    const char *section, *name, *value;
};

/* Takes one setting of a file; place is "file:line". False stops the reading. */
typedef bool (*flash_config_taker)(const struct flash_config_setting *setting, const char *place,
                                   void *arg, struct flash_error *err);

/* Hands each setting of an INI file to take, in order, as far as it succeeds. False, kind CONFIG:
 * the file cannot be read, or a line is none of its kind; or take said so. */
FLASH_MUST_CHECK bool flash_config_file_read(const char *path, flash_config_taker take, void *arg,
                                             struct flash_error *err);

/* ---- the command line (config_args.c) ---- */

enum { FLASH_CONFIG_SETS_MAX = 128 };

struct flash_config_args {
    enum {
        FLASH_CONFIG_ASK_RUN,
        FLASH_CONFIG_ASK_CHECK,
        FLASH_CONFIG_ASK_HELP,
        FLASH_CONFIG_ASK_VERSION,
    } ask;
    const char *program;                     /* argv[0] without its folder (borrowed) */
    const char *file;                        /* of --config, or NULL (borrowed) */
    const char *sets[FLASH_CONFIG_SETS_MAX]; /* of --set, in order (borrowed) */
    int set_count;
};

FLASH_MUST_CHECK bool flash_config_args_parse(struct flash_config_args *ret_args, int argc,
                                              char *const argv[], struct flash_error *err);
/* Usage, an example, and every key with its default and its help. */
void flash_config_help(const char *program, FILE *out);

#endif
