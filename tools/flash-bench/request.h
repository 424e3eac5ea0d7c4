/* Writes requests: a few copies and numbers into a connection's buffer, the parts that never change
 * made once. Pure. */
#ifndef FLASH_BENCH_REQUEST_H
#define FLASH_BENCH_REQUEST_H

#include "operation.h"
#include "options.h"
#include "tokens.h"

#define FLASH_BENCH_REQUEST_MAX 1280 /* bytes of the longest request */

struct flash_bench_writer {
    const struct flash_bench_options *options; /* (borrowed) */
    const struct flash_bench_tokens *tokens;   /* (borrowed) NULL with auth off */
    char order_head[256];                      /* of POST /v1/orders, up to the user */
    size_t order_head_len;
    char host_lines[160]; /* what every request has behind its path */
    size_t host_lines_len;
};

void flash_bench_writer_init(struct flash_bench_writer *writer,
                             const struct flash_bench_options *options,
                             const struct flash_bench_tokens *tokens);

/* Writes op's request at out, which has room for FLASH_BENCH_REQUEST_MAX bytes; returns its length.
 */
size_t flash_bench_writer_put(const struct flash_bench_writer *writer,
                              const struct flash_bench_op *op, char *out);

/* The user's id and the order's key as texts in the given buffers. */
struct flash_text flash_bench_writer_user(const struct flash_bench_writer *writer, int64_t user,
                                          char buffer[FLASH_USER_MAX]);
struct flash_text flash_bench_writer_key(const struct flash_bench_writer *writer, uint64_t number,
                                         char buffer[FLASH_KEY_MAX]);
/* The id of the one payment that pays order_id: its ref behind "p-". */
struct flash_text flash_bench_writer_payment(const char *order_id, char buffer[FLASH_KEY_MAX]);

#endif
