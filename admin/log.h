/* The stock log of one SKU: a page of it, newest first, and the job that answers with pages.
 *
 * A row is an entry of the consumer or a change of the back office. With lines, a reserve entry is
 * shown as its orders, each with its own before and after, which follow from its number in the
 * entry. */
#ifndef ADMIN_LOG_H
#define ADMIN_LOG_H

#include "job.h"
#include "page.h"

#define FLASH_LOG_CELLS 16 /* columns of the page */
extern const struct flash_page_list flash_log_list;

/* GET /inventory/logs/{id}: form.list. One page; where CSV or JSON lines are asked for without a
 * limit, the job's answer says that there is more to be exported (answer.more), and form.list's
 * cursor has moved to it: the same job may be run again. */
void flash_log_run(struct flash_job *job, struct flash_stores *stores);

#endif
