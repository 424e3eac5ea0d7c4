/* flash-reconciler report: the story of one order. */
#include <stdio.h>

#include "verb.h"
#include "verb_order.h"

static struct {
    const char *order;
    enum flash_output_format format;
} asked;

static const struct flash_verb_option options[] = {
    {"order", "ID", "the story of this order, <sku>.<ref>", flash_verb_read_order,
     "an order id, <sku>.<ref>", &asked.order, .needed = true},
    FLASH_VERB_OUTPUT(asked.format),
};

static const struct flash_verb_page page = {
    "report",
    "The story of one order: every step with its time, in Redis, Kafka and the ledger. A step that "
    "is missing says what that means.\nReads only.\n",
    options, sizeof(options) / sizeof(options[0]),
    "flash-reconciler report --order 42.k3J9Zt0mVtYb1pZpV3x0Ag\n"};

int flash_verb_report(int argc, char *const argv[])
{
    static struct flash_config config; /* large */
    int code;
    if (!flash_verb_read(&page, &(struct flash_verb_line){argc, argv}, &config, &code)) {
        return code;
    }
    return flash_verb_order_print(
        &(struct flash_verb_order){&page, &config, asked.order, asked.format});
}
