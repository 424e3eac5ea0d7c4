/* Fewer units, a negative adjustment: Redis first, the ledger by way of Kafka (DESIGN §3). */
#ifndef ADMIN_TAKE_H
#define ADMIN_TAKE_H

#include "job.h"

/* form.adjust with a negative delta: 202 once the journal has it, 200 once the ledger has it. */
void flash_take_run(struct flash_job *job, struct flash_stores *stores);
/* Whether form.adjust's reference has a take on its way to the ledger. False, too, when Redis
 * cannot say: more units do not wait for Redis, and the ledger refuses the take then. */
bool flash_take_is_open(const struct flash_job *job, struct flash_stores *stores);

#endif
