/* A token for every buyer, or one for the shop's own service that pays, issued before the run so
 * that its cost is not measured as the engine's or ours. */
#ifndef FLASH_BENCH_TOKENS_H
#define FLASH_BENCH_TOKENS_H

#include "operation.h"
#include "options.h"

#define FLASH_BENCH_TOKEN_MAX 600 /* bytes; so that a request fits its buffer */

struct flash_bench_tokens; /* immutable once made: threads may share it */

/* Issues a token for each of the buyers, valid for the run and an hour. Error kind CONFIG: the
 * key file cannot be read or is empty, a token does not fit. */
FLASH_MUST_CHECK bool flash_bench_tokens_new(const struct flash_bench_options *options,
                                             struct flash_bench_tokens **ret_tokens,
                                             struct flash_error *err);
/* The token that op is sent with, borrowed: its buyer's, or the service's if it is a PAY. */
struct flash_text flash_bench_tokens_of(const struct flash_bench_tokens *tokens,
                                        const struct flash_bench_op *op);
void flash_bench_tokens_free(struct flash_bench_tokens *tokens);

#endif
