/* Closing a sale before its end: no engine admits an order any more, and when the last one is
 * settled is said. */
#ifndef ADMIN_CLOSE_H
#define ADMIN_CLOSE_H

#include "job.h"
#include "sku.h"

/* POST /v1/sales/{sku}/close: form.close. 200, the sale; with a wait, once its last order is
 * settled or the time is over. A sale that is closed already is looked at again. */
void flash_close_run(struct flash_job *job, struct flash_stores *stores);

/* Looks whether the last order of a closed sale has settled, and keeps that in the ledger and *row.
 * What cannot be read or kept now is looked at again the next time. */
void flash_close_look(struct flash_stores *stores, struct flash_sku_row *row);

#endif
