/* An alert as a signed POST; see flash/notify.h. */
#ifndef NOTIFY_WEBHOOK_H
#define NOTIFY_WEBHOOK_H

#include "flash/alert.h"
#include "post.h"

#define FLASH_WEBHOOK_SIGNATURE 68 /* "v1=", 64 hexadecimal digits, NUL */

/* "v1=" and HMAC-SHA256(secret, "<at_s>.<body>") in lower-case hexadecimal. False: no memory. */
FLASH_MUST_CHECK bool flash_webhook_sign(const char *secret, int64_t at_s, struct flash_text body,
                                         char ret_signature[FLASH_WEBHOOK_SIGNATURE]);

/* curl is borrowed. Error kinds as of flash_notify_send. */
FLASH_MUST_CHECK bool flash_webhook_send(CURL *curl, const struct flash_config *config,
                                         const struct flash_alert *alert, struct flash_error *err);

#endif
