/* How an order line ends: its own request is answered, or its place in a batch's answer is filled.
 */
#ifndef ENGINE_LINE_H
#define ENGINE_LINE_H

#include "answer.h"
#include "worker.h"

/* Both end line and give it back to the worker's pool, at once or with its group. detail may be
 * NULL; a group does not repeat it. */
void flash_line_refuse(struct flash_worker *worker, struct flash_order_line *line,
                       enum flash_refusal refusal, const char *detail);
void flash_line_accept(struct flash_worker *worker, struct flash_order_line *line,
                       const struct flash_record *record);

/* Lines that came in one request; it is answered with 200 when the last of them has ended. Frees
 * itself then. */
struct flash_line_group;
/* A group for up to max lines; NULL: no memory. */
struct flash_line_group *flash_line_group_new(struct flash_worker *worker,
                                              struct flash_request *request, int max);
/* line, not ended, is the group's next; the answer has them in this order. */
void flash_line_group_add(struct flash_line_group *group, struct flash_order_line *line);

#endif
