/* Entries of a pass that are proven lost for good: collected first, so that the guard sees how many
 * they are, then fenced and given back group by group (DESIGN §9.1, §9.5). */
#ifndef RECONCILER_COMPENSATE_H
#define RECONCILER_COMPENSATE_H

#include "page.h"

struct flash_compensation;
struct flash_pass;

/* Error kind: RETRY (no memory). mysql is borrowed. */
FLASH_MUST_CHECK bool flash_compensation_new(struct flash_mysql *mysql,
                                             struct flash_compensation **ret_compensation,
                                             struct flash_error *err);
/* NULL is fine. */
void flash_compensation_free(struct flash_compensation *compensation);

/* Empties it. */
void flash_compensation_begin(struct flash_compensation *compensation);
/* Entries SKU by SKU; copied. Beyond a number or size they are only counted, and wait. */
void flash_compensation_add(struct flash_compensation *compensation, int64_t sku,
                            const struct flash_page_entry *entry, int64_t age_ms);
/* Asks the guard and does what it allows. Fills done, also end and err when the guard stops it, and
 * tells of every entry that was added. */
void flash_compensation_act(struct flash_compensation *compensation, struct flash_pass *pass);

#endif
