/* What the verbs' rows do. Values fit their options by then; errors are said on stderr. */
#ifndef FLASHCTL_VERBS_H
#define FLASHCTL_VERBS_H

#include "command.h"

enum flash_ctl_exit flash_ctl_look(struct flash_ctl_client *client,
                                   const struct flash_ctl_command *command);

enum flash_ctl_exit flash_ctl_sale_create(struct flash_ctl_client *client,
                                          const struct flash_ctl_command *command);
enum flash_ctl_exit flash_ctl_sale_open(struct flash_ctl_client *client,
                                        const struct flash_ctl_command *command);
enum flash_ctl_exit flash_ctl_sale_change(struct flash_ctl_client *client,
                                          const struct flash_ctl_command *command);
enum flash_ctl_exit flash_ctl_sale_close(struct flash_ctl_client *client,
                                         const struct flash_ctl_command *command);

enum flash_ctl_exit flash_ctl_stock_create(struct flash_ctl_client *client,
                                           const struct flash_ctl_command *command);
enum flash_ctl_exit flash_ctl_stock_restock(struct flash_ctl_client *client,
                                            const struct flash_ctl_command *command);
enum flash_ctl_exit flash_ctl_stock_adjust(struct flash_ctl_client *client,
                                           const struct flash_ctl_command *command);
enum flash_ctl_exit flash_ctl_stock_threshold(struct flash_ctl_client *client,
                                              const struct flash_ctl_command *command);

enum flash_ctl_exit flash_ctl_order_story(struct flash_ctl_client *client,
                                          const struct flash_ctl_command *command);
enum flash_ctl_exit flash_ctl_order_expire(struct flash_ctl_client *client,
                                           const struct flash_ctl_command *command);
enum flash_ctl_exit flash_ctl_refund_done(struct flash_ctl_client *client,
                                          const struct flash_ctl_command *command);

enum flash_ctl_exit flash_ctl_reconcile_run(struct flash_ctl_client *client,
                                            const struct flash_ctl_command *command);
enum flash_ctl_exit flash_ctl_reconcile_report(struct flash_ctl_client *client,
                                               const struct flash_ctl_command *command);

enum flash_ctl_exit flash_ctl_import_run(const struct flash_ctl_command *command);
enum flash_ctl_exit flash_ctl_status(struct flash_ctl_client *client,
                                     const struct flash_ctl_command *command);
enum flash_ctl_exit flash_ctl_top(struct flash_ctl_client *client,
                                  const struct flash_ctl_command *command);
enum flash_ctl_exit flash_ctl_token(const struct flash_ctl_command *command);

#endif
