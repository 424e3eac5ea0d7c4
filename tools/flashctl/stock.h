/* A SKU's stock row, made. */
#ifndef FLASHCTL_STOCK_H
#define FLASHCTL_STOCK_H

#include "client.h"

/* POST /inventory with --sku, --quantity, --title, --threshold. ret_reply NULL: the answer is not
 * wanted; else freed by the caller. */
enum flash_ctl_exit flash_ctl_stock_post(struct flash_ctl_client *client,
                                         const struct flash_ctl_command *command,
                                         struct flash_ctl_reply *ret_reply);

#endif
