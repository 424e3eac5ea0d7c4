/* Signs an alert's JSON and posts it; see webhook.h. */
#include "webhook.h"

#include <stdio.h>
#include <string.h>

#include "flash/hmac.h"
#include "flash/time.h"

enum { STAMP_TEXT = 24 };

bool flash_webhook_sign(const char *secret, int64_t at_s, struct flash_text body,
                        char ret_signature[FLASH_WEBHOOK_SIGNATURE])
{
    char text[FLASH_ALERT_JSON_MAX + STAMP_TEXT];
    uint8_t mac[FLASH_HMAC_BYTES];
    int stamp = snprintf(text, STAMP_TEXT, "%lld.", (long long)at_s);
    if (body.len > FLASH_ALERT_JSON_MAX) {
        return false;
    }
    memcpy(text + stamp, body.at, body.len);
    if (!flash_hmac_sha256((struct flash_text){secret, strlen(secret)},
                           (struct flash_text){text, (size_t)stamp + body.len}, mac)) {
        return false;
    }
    snprintf(ret_signature, FLASH_WEBHOOK_SIGNATURE, "v1=");
    for (size_t i = 0; i < sizeof(mac); i++) {
        snprintf(ret_signature + 3 + 2 * i, 3, "%02x", mac[i]);
    }
    return true;
}

bool flash_webhook_send(CURL *curl, const struct flash_config *config,
                        const struct flash_alert *alert, struct flash_error *err)
{
    char json[FLASH_ALERT_JSON_MAX], signature[FLASH_WEBHOOK_SIGNATURE], id[FLASH_UUID_TEXT + 1];
    int64_t now_s = (int64_t)(flash_time_wall_ms() / 1000);
    struct flash_post post = {.curl = curl, .what = "webhook", .url = config->alerts.webhook_url};
    post.body = (struct flash_text){json, flash_alert_json(alert, config->alerts.source, json)};
    if (post.body.len == 0 ||
        !flash_webhook_sign(config->alerts.webhook_secret, now_s, post.body, signature)) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "webhook: out of memory");
    }
    flash_uuid_format(&alert->id, id);
    flash_post_header(&post, "Content-Type: application/json");
    flash_post_header(&post, "X-Flash-Alert-Id: %s", id);
    flash_post_header(&post, "X-Flash-Timestamp: %lld", (long long)now_s);
    flash_post_header(&post, "X-Flash-Signature: %s", signature);
    return flash_post_send(&post, config, err);
}
