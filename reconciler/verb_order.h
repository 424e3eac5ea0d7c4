/* The half of the verb report that is about one order. */
#ifndef RECONCILER_VERB_ORDER_H
#define RECONCILER_VERB_ORDER_H

#include "verb.h"

struct flash_verb_order {
    const struct flash_verb_page *page;
    const struct flash_config *config;
    const char *order_id;
    enum flash_output_format format;
};

/* Prints the order's story; returns the exit code: FINDINGS when a piece is missing, or no store
 * knows it. */
int flash_verb_order_print(const struct flash_verb_order *order);

#endif
