/* The jobs about a SKU's low-stock threshold: it has a version of its own, as it moves no units. */
#ifndef ADMIN_THRESHOLD_H
#define ADMIN_THRESHOLD_H

#include "job.h"

/* GET /inventory/{id}/threshold. */
void flash_threshold_show(struct flash_job *job, struct flash_stores *stores);
/* PUT /inventory/{id}/threshold: form.threshold. 200 once Redis has it too. */
void flash_threshold_put(struct flash_job *job, struct flash_stores *stores);

#endif
