/* An alert as a signed POST; see flash/notify.h. */
#ifndef NOTIFY_WEBHOOK_H
#define NOTIFY_WEBHOOK_H

#include "flash/alert.h"
#include "transfer.h"

#define FLASH_WEBHOOK_SIGNATURE 68 /* "v1=", 64 hexadecimal digits, NUL */

/* "v1=" and HMAC-SHA256(secret, "<at_s>.<body>") in lower-case hexadecimal. False: no memory. */
FLASH_MUST_CHECK bool flash_webhook_sign(const char *secret, int64_t at_s, struct flash_text body,
                                         char ret_signature[FLASH_WEBHOOK_SIGNATURE]);

/* Whether the URL's host is an address that is never connected to: known before the first alert. */
bool flash_webhook_refused(const struct flash_config *config);

/* curl is borrowed. Error kinds as of flash_notify_send. */
FLASH_MUST_CHECK bool flash_webhook_send(CURL *curl, const struct flash_config *config,
                                         const struct flash_alert *alert, struct flash_error *err);

/* What an HTTP status means: 2xx is taken; 408, 425, 429 and 5xx come again; nothing else does,
 * also no redirect. */
FLASH_MUST_CHECK bool flash_webhook_judge(long status, struct flash_error *err);

#endif
