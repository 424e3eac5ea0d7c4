/* Signs an alert's JSON and posts it; see webhook.h. */
#include "webhook.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "flash/hmac.h"
#include "flash/time.h"
#include "flash/url.h"

enum { HEADERS = 5, HEADER_TEXT = 128, STAMP_TEXT = 24 };

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

static enum flash_address_class worst_of(const struct flash_config *config)
{
    return config->alerts.allow_private == FLASH_YES ? FLASH_ADDRESS_PRIVATE : FLASH_ADDRESS_PUBLIC;
}

bool flash_webhook_refused(const struct flash_config *config)
{
    const char *text = config->alerts.webhook_url;
    char host[INET6_ADDRSTRLEN];
    struct flash_url url;
    struct sockaddr_in four = {.sin_family = AF_INET};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    if (!flash_url_parse((struct flash_text){text, strlen(text)}, &url, NULL) ||
        url.host.len >= sizeof(host)) {
        return false;
    }
    snprintf(host, sizeof(host), "%.*s", (int)url.host.len, url.host.at);
    if (inet_pton(AF_INET, host, &four.sin_addr) == 1) {
        return flash_address_classify((struct sockaddr *)&four) > worst_of(config);
    }
    return inet_pton(AF_INET6, host, &six.sin6_addr) == 1 &&
           flash_address_classify((struct sockaddr *)&six) > worst_of(config);
}

bool flash_webhook_judge(long status, struct flash_error *err)
{
    if (status >= 200 && status <= 299) {
        return true;
    }
    bool later = status == 408 || status == 425 || status == 429 || status >= 500;
    return flash_error_set(err, later ? FLASH_ERROR_RETRY : FLASH_ERROR_DATA,
                           "webhook: the receiver answers %ld", status);
}

/* The list is the caller's; NULL: no memory. */
static struct curl_slist *headers_of(const struct flash_config *config,
                                     const struct flash_alert *alert, struct flash_text body)
{
    char lines[HEADERS][HEADER_TEXT], signature[FLASH_WEBHOOK_SIGNATURE], id[FLASH_UUID_TEXT + 1];
    int64_t now_s = (int64_t)(flash_time_wall_ms() / 1000);
    struct curl_slist *list = NULL;
    if (!flash_webhook_sign(config->alerts.webhook_secret, now_s, body, signature)) {
        return NULL;
    }
    flash_uuid_format(&alert->id, id);
    snprintf(lines[0], HEADER_TEXT, "Content-Type: application/json");
    snprintf(lines[1], HEADER_TEXT, "X-Flash-Alert-Id: %s", id);
    snprintf(lines[2], HEADER_TEXT, "X-Flash-Timestamp: %lld", (long long)now_s);
    snprintf(lines[3], HEADER_TEXT, "X-Flash-Signature: %s", signature);
    snprintf(lines[4], HEADER_TEXT, "Expect:"); /* no waiting for 100 Continue */
    for (int i = 0; i < HEADERS; i++) {
        struct curl_slist *longer = curl_slist_append(list, lines[i]);
        if (!longer) {
            curl_slist_free_all(list);
            return NULL;
        }
        list = longer;
    }
    return list;
}

bool flash_webhook_send(CURL *curl, const struct flash_config *config,
                        const struct flash_alert *alert, struct flash_error *err)
{
    struct flash_transfer transfer = {
        .curl = curl, .what = "webhook", .worst = worst_of(config), .answer_from = 200};
    char json[FLASH_ALERT_JSON_MAX];
    struct flash_text body = {json, flash_alert_json(alert, config->alerts.source, json)};
    struct curl_slist *headers = body.len ? headers_of(config, alert, body) : NULL;
    long status = 0;
    if (!headers) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "webhook: out of memory");
    }
    flash_transfer_begin(&transfer, config->alerts.webhook_url, config);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "flashgate");
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)body.len);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.at);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    bool answered = flash_transfer_run(&transfer, &status, err);
    curl_slist_free_all(headers);
    return answered && flash_webhook_judge(status, err);
}
