/* Telling people and programs outside: an alert as a webhook's POST, as a mail, or as
 * a POST that makes a provider send a short message, by libcurl.
 *
 * What the configuration's [alerts] has no URL for is off. One message a call, blocking, for
 * alerts.timeout at most; one object per thread. Who receives the same alert twice sees the same id
 * in X-Flash-Alert-Id (webhook, SMS) and Message-ID (mail); docs/FORMATS.md, "Alerts", says how a
 * receiver verifies the signature.
 *
 * A webhook's name may lead anywhere, so the address is checked when it is about to be connected
 * to: loopback, private and link-local ones are refused (SECURITY, "SSRF"), but for
 * alerts.allow_private, which never allows link-local. No proxy, no redirect, no credentials; of an
 * answer only its status counts. The mail server is the operator's own and may be anywhere. */
#ifndef FLASH_NOTIFY_H
#define FLASH_NOTIFY_H

#include "flash/alert.h"
#include "flash/config.h"

struct flash_notify;

/* Settings are copied. Call flash_config_check_alerts before. Error kinds: CONFIG (a URL's literal
 * address is one that is refused), RETRY. */
FLASH_MUST_CHECK bool flash_notify_new(const struct flash_config *config,
                                       struct flash_notify **ret_notify, struct flash_error *err);
/* NULL is fine. */
void flash_notify_free(struct flash_notify *notify);

/* Whether the channel has a URL. Any thread. */
bool flash_notify_on(const struct flash_notify *notify, enum flash_channel channel);

/* Sends; true: the receiver has taken it. The channel must be on. Error kinds: RETRY (not taken:
 * no connection, a status that says later), UNKNOWN (no answer: it may have been taken), DATA (the
 * receiver refused it for ever, or the alert cannot be written), CONFIG (a setting is in the way:
 * the address is refused, the log-in failed). Only DATA is not worth another try. Its text has no
 * secret and no URL. */
FLASH_MUST_CHECK bool flash_notify_send(struct flash_notify *notify, enum flash_channel channel,
                                        const struct flash_alert *alert, struct flash_error *err);

#endif
