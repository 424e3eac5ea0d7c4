/* The channels and their one handle of libcurl; see flash/notify.h. */
#include "flash/notify.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "mail.h"
#include "webhook.h"

struct flash_notify {
    struct flash_config config; /* a copy; it has secrets */
    CURL *curl;
    bool started; /* libcurl counts its starts */
};

bool flash_notify_new(const struct flash_config *config, struct flash_notify **ret_notify,
                      struct flash_error *err)
{
    if (config->alerts.webhook_url[0] && flash_webhook_refused(config)) {
        return flash_error_set(err, FLASH_ERROR_CONFIG,
                               "alerts.webhook_url: a loopback, private or reserved address; "
                               "alerts.allow_private = yes allows loopback and private ones");
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
    return channel == FLASH_CHANNEL_WEBHOOK ? notify->config.alerts.webhook_url[0] != '\0'
                                            : notify->config.alerts.smtp_url[0] != '\0';
}

bool flash_notify_send(struct flash_notify *notify, enum flash_channel channel,
                       const struct flash_alert *alert, struct flash_error *err)
{
    assert(flash_notify_on(notify, channel));
    return channel == FLASH_CHANNEL_WEBHOOK
               ? flash_webhook_send(notify->curl, &notify->config, alert, err)
               : flash_mail_send(notify->curl, &notify->config, alert, err);
}
