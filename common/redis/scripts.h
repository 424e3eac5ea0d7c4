/* The registry of lua/: which keys each script takes, its text, its SHA1, and how a call of it
 * looks as RESP.
 *
 * A contract test holds the rows, the scripts' headers and docs/FORMATS.md against each other. */
#ifndef FLASH_COMMON_REDIS_SCRIPTS_H
#define FLASH_COMMON_REDIS_SCRIPTS_H

#include "flash/redis.h"
#include "resp.h"

#define FLASH_SCRIPT_KEYS_MAX 6
#define FLASH_SCRIPT_SHA1 40 /* hexadecimal digits */

/* What is worked out of the rows once, at start. */
struct flash_scripts {
    struct {
        struct flash_text keys[FLASH_SCRIPT_KEYS_MAX]; /* borrowed from the row */
        int key_count;
        size_t key_bytes; /* of all names */
        char sha1[FLASH_SCRIPT_SHA1 + 1];
    } of[FLASH_SCRIPT_COUNT];
};

void flash_scripts_init(struct flash_scripts *scripts);

/* "reserve", …. Static. */
const char *flash_scripts_name(enum flash_script script);

/* call as EVALSHA. Error kinds: as flash_resp_begin. */
FLASH_MUST_CHECK bool flash_scripts_format(const struct flash_scripts *scripts,
                                           const struct flash_redis_call *call,
                                           struct flash_resp *resp, struct flash_error *err);

/* sent, a call of script as flash_scripts_format made it, as EVAL with the script's text. Error
 * kinds: as flash_resp_begin. */
FLASH_MUST_CHECK bool flash_scripts_format_eval(enum flash_script script,
                                                const struct flash_resp *sent,
                                                struct flash_resp *resp, struct flash_error *err);
/* SCRIPT LOAD. Error kinds: as flash_resp_begin. */
FLASH_MUST_CHECK bool flash_scripts_format_load(enum flash_script script, struct flash_resp *resp,
                                                struct flash_error *err);

#endif
