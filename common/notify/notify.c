/* The channels and their one handle of libcurl; see flash/notify.h. */
#include "flash/notify.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "mail.h"
#include "sms.h"
#include "webhook.h"

struct flash_notify {
    struct flash_config config; /* a copy; it has secrets */
    CURL *curl;
    bool started; /* libcurl counts its starts */
};

static bool check_address(const char *name, const char *url, const struct flash_config *config,
                          struct flash_error *err)
{
    return url[0] == '\0' || !flash_post_refused(url, config) ||
           flash_error_set(err, FLASH_ERROR_CONFIG,
                           "alerts.%s: a loopback, private or reserved address; "
                           "alerts.allow_private = yes allows loopback and private ones",
                           name);
}

bool flash_notify_new(const struct flash_config *config, struct flash_notify **ret_notify,
                      struct flash_error *err)
{
    if (!check_address("webhook_url", config->alerts.webhook_url, config, err) ||
        !check_address("sms_url", config->alerts.sms_url, config, err)) {
        return false;
    }
    struct flash_notify *notify = calloc(1, sizeof(*notify));
    if (!notify) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "notify: out of memory");
    }
    notify->config = *config;
    notify->started = curl_global_init(CURL_GLOBAL_DEFAULT) == 0;
    notify->curl = notify->started ? curl_easy_init() : NULL;
    if (!notify->curl) {
        flash_notify_free(notify);
        return flash_error_set(err, FLASH_ERROR_RETRY, "notify: libcurl does not start");
    }
    *ret_notify = notify;
    return true;
}

void flash_notify_free(struct flash_notify *notify)
{
    if (!notify) {
        return;
    }
    curl_easy_cleanup(notify->curl);
    if (notify->started) {
        curl_global_cleanup();
    }
    explicit_bzero(&notify->config, sizeof(notify->config));
    free(notify);
}

bool flash_notify_on(const struct flash_notify *notify, enum flash_channel channel)
{
    return flash_alert_channel_on(&notify->config, channel);
}

bool flash_notify_send(struct flash_notify *notify, enum flash_channel channel,
                       const struct flash_alert *alert, struct flash_error *err)
{
    typedef bool (*sender)(CURL * curl, const struct flash_config *config,
                           const struct flash_alert *alert, struct flash_error *err);
    static const sender senders[FLASH_CHANNEL_COUNT] = {
        [FLASH_CHANNEL_WEBHOOK] = flash_webhook_send,
        [FLASH_CHANNEL_MAIL] = flash_mail_send,
        [FLASH_CHANNEL_SMS] = flash_sms_send,
    };
    assert(flash_notify_on(notify, channel));
    return senders[channel](notify->curl, &notify->config, alert, err);
}
