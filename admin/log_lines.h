/* The lines of reserve entries: which orders an entry of the stock log took units for. */
#ifndef ADMIN_LOG_LINES_H
#define ADMIN_LOG_LINES_H

#include "log_rows.h"

struct flash_log_line {
    struct flash_uuid entry;
    int64_t number, quantity; /* quantity: 0 of what the ledger refused */
    char order_id[FLASH_ORDER_ID_MAX + 1], user[FLASH_USER_MAX + 1];
};

struct flash_log_lines {
    struct flash_log_line *lines; /* owned; by entry, then by number */
    size_t count, room;
    bool failed; /* memory was short */
};

/* The lines of all reserve entries among rows. Drops what was read before. Error kinds: as
 * flash_mysql_query; RETRY (memory). */
FLASH_MUST_CHECK bool flash_log_lines_read(struct flash_mysql *mysql,
                                           const struct flash_log_rows *rows,
                                           struct flash_log_lines *lines, struct flash_error *err);
/* Those of one entry, *ret_count of them; NULL: none is known. */
const struct flash_log_line *flash_log_lines_of(const struct flash_log_lines *lines,
                                                const struct flash_uuid *entry, size_t *ret_count);
void flash_log_lines_free(struct flash_log_lines *lines);

#endif
