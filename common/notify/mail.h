/* An alert as a mail; see flash/notify.h. */
#ifndef NOTIFY_MAIL_H
#define NOTIFY_MAIL_H

#include "flash/alert.h"
#include "transfer.h"

/* curl is borrowed. A mail that one of its receivers is refused goes to none of them, so that
 * another try cannot bring it to somebody twice. Error kinds as of flash_notify_send. */
FLASH_MUST_CHECK bool flash_mail_send(CURL *curl, const struct flash_config *config,
                                      const struct flash_alert *alert, struct flash_error *err);

/* What an SMTP status means (RFC 5321 §4.2.1): 2yz is taken, 5yz is refused for ever, all else
 * comes again. */
FLASH_MUST_CHECK bool flash_mail_judge(long status, struct flash_error *err);

#endif
