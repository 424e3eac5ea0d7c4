/* An alert as a short message: a POST whose body is the operator's own template; see
 * flash/notify.h. */
#ifndef NOTIFY_SMS_H
#define NOTIFY_SMS_H

#include "flash/alert.h"
#include "post.h"

/* curl is borrowed. Error kinds as of flash_notify_send. */
FLASH_MUST_CHECK bool flash_sms_send(CURL *curl, const struct flash_config *config,
                                     const struct flash_alert *alert, struct flash_error *err);

#endif
