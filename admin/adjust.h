/* The jobs that change how many units a SKU has (DESIGN §3, §8): more, ledger first; fewer, Redis
 * first.
 *
 * The answer shows the SKU's stock and the change, whose reference makes it happen once: the same
 * request again gets 200 with what was done the first time. */
#ifndef ADMIN_ADJUST_H
#define ADMIN_ADJUST_H

#include "inflow.h"
#include "job.h"

/* POST /inventory/restock, POST /inventory/adjust: form.adjust. 200; 202 for fewer units, which are
 * gone from Redis and on their way to the ledger. */
void flash_adjust_run(struct flash_job *job, struct flash_stores *stores);

/* For take.c: the answer to a change, found in the ledger (row.found) or still on its way. */
void flash_adjust_show(struct flash_job *job, struct flash_stores *stores,
                       const struct flash_inflow_row *row);
/* What the paper trail says of the change (admin_log). */
#define FLASH_ADJUST_DETAIL 400
void flash_adjust_detail(const struct flash_adjust_form *form,
                         char ret_detail[FLASH_ADJUST_DETAIL]);
const char *flash_adjust_action(const struct flash_adjust_form *form);

#endif
