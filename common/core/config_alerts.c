/* What the settings of [alerts] must be together; each of them alone is config_read.c's. */
#include <string.h>

#include "flash/config.h"
#include "flash/hmac.h"
#include "flash/template.h"
#include "flash/url.h"

static bool refuse(struct flash_error *err, const char *reason)
{
    return flash_error_set(err, FLASH_ERROR_CONFIG, "alerts.%s", reason);
}

/* It is in the subject of mails and the text of messages of every kind. */
static bool is_plain(const char *text)
{
    while (*text >= ' ' && *text <= '~') {
        text++;
    }
    return *text == '\0';
}

static bool has_scheme(const char *text, const char *scheme)
{
    struct flash_url url;
    return flash_url_parse((struct flash_text){text, strlen(text)}, &url, NULL) &&
           flash_url_is(&url, scheme);
}

static bool check_sms(const struct flash_config *config, struct flash_error *err)
{
    struct flash_error reason;
    if (config->alerts.sms_url[0] == '\0') {
        return true;
    }
    if (config->alerts.sms_body[0] == '\0') {
        return refuse(err, "sms_body: alerts.sms_url needs one");
    }
    if (config->alerts.sms_authorization[0] && !config->alerts.allow_private &&
        !has_scheme(config->alerts.sms_url, "https")) {
        return refuse(err, "sms_authorization: never without TLS, but to a private address "
                           "(alerts.allow_private)");
    }
    if (!flash_template_check(config->alerts.sms_body, config->alerts.sms_type, &reason)) {
        return flash_error_set(err, FLASH_ERROR_CONFIG, "alerts.sms_body: %s", reason.text);
    }
    return true;
}

/* The number at two digits, -1: they are none. */
static int two_digits(const char *text)
{
    bool digits = text[0] >= '0' && text[0] <= '9' && text[1] >= '0' && text[1] <= '9';
    return digits ? (text[0] - '0') * 10 + (text[1] - '0') : -1;
}

int flash_config_summary_minute(const struct flash_config *config)
{
    const char *at = config->alerts.summary_at;
    if (strlen(at) != 5 || at[2] != ':') {
        return -1;
    }
    int hour = two_digits(at), minute = two_digits(at + 3);
    return hour >= 0 && hour < 24 && minute >= 0 && minute < 60 ? hour * 60 + minute : -1;
}

bool flash_config_check_alerts(const struct flash_config *config, struct flash_error *err)
{
    bool web = config->alerts.webhook_url[0], mail = config->alerts.smtp_url[0];
    bool user = config->alerts.smtp_user[0], password = config->alerts.smtp_password[0];
    if (!is_plain(config->alerts.source)) {
        return refuse(err, "source: must be printable ASCII");
    }
    if (web && strlen(config->alerts.webhook_secret) < FLASH_HMAC_KEY_MIN) {
        return refuse(err, "webhook_secret: alerts.webhook_url needs one of at least 32 bytes; set "
                           "it in the file or as FLASH_ALERTS_WEBHOOK_SECRET");
    }
    if (mail && (!config->alerts.mail_from[0] || !config->alerts.mail_to[0])) {
        return refuse(err, "smtp_url: needs alerts.mail_from and alerts.mail_to");
    }
    if (mail && user != password) {
        return refuse(err, "smtp_password: a user and a password, or neither");
    }
    if (mail && password && config->alerts.starttls == FLASH_STARTTLS_OFF &&
        !has_scheme(config->alerts.smtp_url, "smtps")) {
        return refuse(err, "smtp_password: never without TLS: smtps://, or alerts.smtp_starttls = "
                           "required");
    }
    if (config->alerts.retry_first_ms > config->alerts.retry_max_ms) {
        return refuse(err, "retry_first: longer than alerts.retry_max");
    }
    if (config->alerts.summary_at[0] && flash_config_summary_minute(config) < 0) {
        return refuse(err, "summary_at: not hours and minutes of a day, as in 07:00");
    }
    return check_sms(config, err);
}
