/* The file of what became of orders that a checker compares with the stores.
 *
 * Tab-separated, one heading: outcome (accepted | unknown; of a change paid | cancelled |
 * pay-unknown | cancel-unknown), order_id, user, quantity, key (of a payment its id, of a cancel
 * "-"), attempts, at (ms since the epoch, when the outcome was learnt). Each thread has its own
 * buffer; whole lines reach the shared file by appends. */
#ifndef FLASH_BENCH_RECORD_H
#define FLASH_BENCH_RECORD_H

#include <stddef.h>

#include "request.h"

struct flash_bench_record {
    const struct flash_bench_writer *writer; /* (borrowed) */
    int fd;                                  /* (borrowed) -1: nothing is recorded */
    int64_t wall_offset_us;                  /* wall clock minus monotonic clock */
    char *buffer;
    size_t used;
    int failed; /* errno of the first write that failed, 0 for none */
};

/* Opens the file anew with its heading; *ret_fd is -1 when none was asked for. Error kind CONFIG.
 */
FLASH_MUST_CHECK bool flash_bench_record_open(const struct flash_bench_options *options,
                                              int *ret_fd, struct flash_error *err);

FLASH_MUST_CHECK bool flash_bench_record_init(struct flash_bench_record *record,
                                              const struct flash_bench_writer *writer, int fd,
                                              struct flash_error *err);
/* One line about op, an ORDER or a change whose order_id is filled and whose outcome was learnt at
 * now_us (monotonic). */
void flash_bench_record_add(struct flash_bench_record *record, const struct flash_bench_op *op,
                            const char *outcome, uint64_t now_us);
void flash_bench_record_flush(struct flash_bench_record *record);
void flash_bench_record_destroy(struct flash_bench_record *record);

#endif
