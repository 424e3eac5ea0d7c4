/* What a run found, as a table for a person or as one JSON object for a script. */
#ifndef FLASH_BENCH_REPORT_H
#define FLASH_BENCH_REPORT_H

#include "run.h"

/* Error kind CONFIG: it cannot be written. */
FLASH_MUST_CHECK bool flash_bench_report_json(const struct flash_bench_options *options,
                                              const struct flash_bench_result *result, FILE *out,
                                              struct flash_error *err);
void flash_bench_report_table(const struct flash_bench_options *options,
                              const struct flash_bench_result *result, FILE *out);

#endif
