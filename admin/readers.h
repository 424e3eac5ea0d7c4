/* What is read from a request before its job is made, a function a shape of request. Everything
 * that can be refused without the ledger is refused here, on the loop's thread. */
#ifndef ADMIN_READERS_H
#define ADMIN_READERS_H

#include "job.h"

#define FLASH_SEGMENTS_MAX 2 /* '*' of a route's pattern */

/* Fills job's form from the request; segments are those of the path that stand for a '*'.
 * *ret_detail may be set with a refusal. */
typedef enum flash_refusal flash_read(const struct flash_request *request,
                                      const struct flash_text *segments, struct flash_job *job,
                                      const char **ret_detail);
typedef flash_read *flash_reader;

flash_read flash_read_stock;
flash_read flash_read_products;
flash_read flash_read_low_stock;
flash_read flash_read_threshold;
flash_read flash_read_log;
flash_read flash_read_sku;
flash_read flash_read_sale;
flash_read flash_read_sales;
flash_read flash_read_close;
flash_read flash_read_restock;
flash_read flash_read_adjust;
flash_read flash_read_order;
flash_read flash_read_orders;
flash_read flash_read_no_body;
flash_read flash_read_refunds;
flash_read flash_read_refund_done;
flash_read flash_read_runs;
flash_read flash_read_run;
flash_read flash_read_findings;

#endif
