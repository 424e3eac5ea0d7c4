/* Reads of the record of runs: reconcile_run and reconcile_finding, as rows for output.h. */
#ifndef RECONCILER_RECORDS_H
#define RECONCILER_RECORDS_H

#include "flash/mysql.h"
#include "output.h"

/* Sections, as the queries below fill them: "runs", youngest first; "run", one; "findings", oldest
 * first. */
extern const struct flash_output_section flash_records_runs, flash_records_run,
    flash_records_findings;

/* The youngest runs; the section is begun already. Error kinds: of flash_mysql_query. */
FLASH_MUST_CHECK bool flash_records_put_runs(struct flash_mysql *mysql, int64_t limit,
                                             struct flash_output *output, struct flash_error *err);
/* The run of that id. Error kinds: also CONFIG (there is none). */
FLASH_MUST_CHECK bool flash_records_put_run(struct flash_mysql *mysql, const struct flash_uuid *id,
                                            struct flash_output *output, struct flash_error *err);
/* All findings of that run. */
FLASH_MUST_CHECK bool flash_records_put_findings(struct flash_mysql *mysql,
                                                 const struct flash_uuid *id,
                                                 struct flash_output *output,
                                                 struct flash_error *err);

#endif
