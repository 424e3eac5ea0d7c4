/* Commands as RESP bytes, written once into a buffer that is kept for the next command.
 *
 * begin() makes room for the whole command, so that the writers behind it only copy: a reserve call
 * of 256 lines has 1,034 elements. The buffer never shrinks by itself and never holds more than
 * FLASH_RESP_MAX bytes. */
#ifndef FLASH_COMMON_REDIS_RESP_H
#define FLASH_COMMON_REDIS_RESP_H

#include "flash/ids.h"

#define FLASH_RESP_MAX (32u << 20)   /* bytes of one command */
#define FLASH_RESP_KEEP (256u << 10) /* bytes a buffer keeps between two commands */
#define FLASH_RESP_OVERHEAD 32       /* "$" or "*", up to 20 digits, two line ends, rounded up */

struct flash_resp {
    char *bytes; /* owned; NULL while cap is 0 */
    size_t len, cap;
};

/* Empties resp and starts a command of count elements that hold payload bytes together. Error
 * kinds: DATA (longer than FLASH_RESP_MAX), RETRY (no memory). */
FLASH_MUST_CHECK bool flash_resp_begin(struct flash_resp *resp, int count, size_t payload,
                                       struct flash_error *err);
/* Writes the next element. More than begin() was told is a programmer's error. */
void flash_resp_bulk(struct flash_resp *resp, const char *at, size_t len);
/* The same for the decimal digits of number. */
void flash_resp_bulk_int(struct flash_resp *resp, int64_t number);
/* Writes elements that are formatted already. */
void flash_resp_raw(struct flash_resp *resp, const char *at, size_t len);
/* A whole command of texts. Error kinds: as begin(). */
FLASH_MUST_CHECK bool flash_resp_command(struct flash_resp *resp, const struct flash_text *texts,
                                         int count, struct flash_error *err);
/* After use: gives back what is larger than FLASH_RESP_KEEP. */
void flash_resp_trim(struct flash_resp *resp);
void flash_resp_free(struct flash_resp *resp);

#endif
