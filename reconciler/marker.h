/* Markers: messages whose only meaning is that everything before them in their partition has been
 * applied, once the ledger has them (DESIGN §9.1). And the watch over the consumer they wait for.
 */
#ifndef RECONCILER_MARKER_H
#define RECONCILER_MARKER_H

#include "flash/mysql.h"
#include "proof.h"

struct flash_producer;
struct flash_markers;

/* All borrowed. */
struct flash_marker_parts {
    struct flash_mysql *mysql;
    struct flash_producer *producer; /* NULL: none is ever sent */
    struct flash_proof *proof;
    const struct flash_config *config;
};
/* NULL: no memory. */
struct flash_markers *flash_markers_new(const struct flash_marker_parts *parts);
/* NULL is fine. */
void flash_markers_free(struct flash_markers *markers);

/* Tells the proof which of its markers the ledger has, and looks whether the consumer moves. Error
 * kinds: of flash_mysql_query; nothing is known then. */
FLASH_MUST_CHECK bool flash_markers_read(struct flash_markers *markers, int64_t now_ms,
                                         struct flash_error *err);
/* False: for reconciler.stuck_after a marker has waited and no partition's progress has moved. */
bool flash_markers_consumer_moves(const struct flash_markers *markers, int64_t now_ms);
/* Sends those the proof wants. False: one could not be sent; the rest is wanted still. Error kinds:
 * of flash_publish. */
FLASH_MUST_CHECK bool flash_markers_send(struct flash_markers *markers, int64_t now_ms,
                                         struct flash_error *err);
/* Once a minute deletes a portion of the ledger's markers of more than an hour ago. Error kinds: of
 * flash_mysql_exec. */
FLASH_MUST_CHECK bool flash_markers_tidy(struct flash_markers *markers, int64_t now_ms,
                                         struct flash_error *err);

#endif
