/* What becomes of an operation after an answer or a loss: it ends and is counted, or it waits and
 * is tried again.
 *
 * Only a 202 that fits ends as accepted; only a refusal that fits ends as refused. An order whose
 * attempts are used up is unknown if any of them may have happened, else given up. Each call leaves
 * the operation in its pool or waiting. */
#ifndef FLASH_BENCH_OUTCOME_H
#define FLASH_BENCH_OUTCOME_H

#include "operation.h"
#include "response.h"
#include "worker.h"

/* response answers op's attempt in flight. */
void flash_bench_outcome_answer(struct flash_bench_worker *worker, struct flash_bench_op *op,
                                const struct flash_bench_response *response);
/* The attempt in flight was lost with its connection; `word` says how and is counted as an error.
 */
void flash_bench_outcome_lost(struct flash_bench_worker *worker, struct flash_bench_op *op,
                              const char *word);
/* The run ends before op did. */
void flash_bench_outcome_abandon(struct flash_bench_worker *worker, struct flash_bench_op *op,
                                 bool in_flight);
/* An answer, or bytes, that belong to no operation. */
void flash_bench_outcome_stray(struct flash_bench_worker *worker, const char *reason);

#endif
