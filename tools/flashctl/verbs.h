/* What the verbs' rows run. Values fit their options by then; errors are said on stderr. */
#ifndef FLASHCTL_VERBS_H
#define FLASHCTL_VERBS_H

#include "command.h"

enum flash_ctl_exit flash_ctl_look(const struct flash_ctl_command *command);

enum flash_ctl_exit flash_ctl_sale_create(const struct flash_ctl_command *command);
enum flash_ctl_exit flash_ctl_sale_open(const struct flash_ctl_command *command);
enum flash_ctl_exit flash_ctl_sale_change(const struct flash_ctl_command *command);
enum flash_ctl_exit flash_ctl_sale_close(const struct flash_ctl_command *command);

enum flash_ctl_exit flash_ctl_stock_create(const struct flash_ctl_command *command);
enum flash_ctl_exit flash_ctl_stock_restock(const struct flash_ctl_command *command);
enum flash_ctl_exit flash_ctl_stock_adjust(const struct flash_ctl_command *command);
enum flash_ctl_exit flash_ctl_stock_threshold(const struct flash_ctl_command *command);

enum flash_ctl_exit flash_ctl_order_story(const struct flash_ctl_command *command);
enum flash_ctl_exit flash_ctl_order_expire(const struct flash_ctl_command *command);
enum flash_ctl_exit flash_ctl_refund_done(const struct flash_ctl_command *command);

enum flash_ctl_exit flash_ctl_reconcile_run(const struct flash_ctl_command *command);
enum flash_ctl_exit flash_ctl_reconcile_report(const struct flash_ctl_command *command);

enum flash_ctl_exit flash_ctl_import_run(const struct flash_ctl_command *command);
enum flash_ctl_exit flash_ctl_status(const struct flash_ctl_command *command);
enum flash_ctl_exit flash_ctl_top(const struct flash_ctl_command *command);
enum flash_ctl_exit flash_ctl_token(const struct flash_ctl_command *command);

#endif
