/* The audit's ways to read orders and users of a SKU from Redis and from the ledger, in pages. */
#ifndef RECONCILER_AUDIT_SCAN_H
#define RECONCILER_AUDIT_SCAN_H

#include "audit_internal.h"
#include "audit_order.h"

/* One order (ref, record, whether its entry is open) or one user (name, units). All that is there
 * throughout the scan comes, now and then twice. Texts are borrowed during the call. */
struct flash_audit_item {
    struct flash_text name, value;
    bool open;
};
/* Gets a page; false stops the scan with err. */
typedef bool (*flash_audit_page)(const struct flash_audit_item *items, int count, void *arg,
                                 struct flash_error *err);

struct flash_audit_scan {
    int64_t sku;
    bool users; /* else orders */
    int cost;   /* of 16 items, in orders of the pace */
    flash_audit_page page;
    void *arg;
};
/* Error kinds: RETRY, UNKNOWN: Redis does not answer; those of page. True also when the run is to
 * stop. */
FLASH_MUST_CHECK bool flash_audit_scan(struct flash_audit *audit,
                                       const struct flash_audit_scan *scan,
                                       struct flash_error *err);

/* Reads the records of count named orders, at one instant. count is at most FLASH_AUDIT_PAGE. */
FLASH_MUST_CHECK bool flash_audit_read_records(struct flash_audit *audit,
                                               struct flash_audit_order *orders, int count,
                                               struct flash_error *err);
/* The same, but only notes which of them are not as they were read. */
FLASH_MUST_CHECK bool flash_audit_note_changed(struct flash_audit *audit,
                                               struct flash_audit_order *orders, int count,
                                               struct flash_error *err);
/* Reads the ledger's rows of count named orders, each once in the list. */
FLASH_MUST_CHECK bool flash_audit_read_orders(struct flash_audit *audit,
                                              struct flash_audit_order *orders, int count,
                                              struct flash_error *err);
/* Notes which of them have parked lines. To be asked before the rows. */
FLASH_MUST_CHECK bool flash_audit_read_parked(struct flash_audit *audit,
                                              struct flash_audit_order *orders, int count,
                                              struct flash_error *err);

#endif
