/* Alerts as bytes for programs and as words for people; see flash/alert.h. */
#include "flash/alert.h"

#include <assert.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "flash/time.h"
#include "flash/utf8.h"

static const char *const severities[FLASH_SEVERITY_COUNT] = {
    [FLASH_SEVERITY_INFO] = "info",
    [FLASH_SEVERITY_WARNING] = "warning",
    [FLASH_SEVERITY_CRITICAL] = "critical",
};
static const char *const channels[FLASH_CHANNEL_COUNT] = {
    [FLASH_CHANNEL_WEBHOOK] = "webhook",
    [FLASH_CHANNEL_MAIL] = "mail",
};

bool flash_alert_key_valid(struct flash_text key)
{
    for (size_t i = 0; i < key.len; i++) {
        char c = key.at[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '.' && c != '_' &&
            c != '-') {
            return false;
        }
    }
    return key.len >= 1 && key.len <= FLASH_ALERT_KEY_MAX;
}

void flash_alert_set_text(struct flash_alert *alert, const char *text)
{
    size_t left = strlen(text), len = 0;
    while (left > 0) {
        size_t bytes = flash_utf8_len(text, left);
        bool odd = bytes == 0 || (bytes == 1 && ((unsigned char)*text < 0x20 || *text == 0x7f));
        bytes = odd ? 1 : bytes;
        if (len + bytes > FLASH_ALERT_TEXT_MAX) {
            break;
        }
        memcpy(alert->text + len, odd ? "?" : text, bytes);
        len += bytes;
        text += bytes;
        left -= bytes;
    }
    alert->text[len] = '\0';
}

static const char *state_name(const struct flash_alert *alert)
{
    return alert->raised ? "raised" : "cleared";
}

size_t flash_alert_json(const struct flash_alert *alert, const char *source,
                        char ret_json[FLASH_ALERT_JSON_MAX])
{
    char id[FLASH_UUID_TEXT + 1], at[FLASH_TIME_TEXT];
    flash_uuid_format(&alert->id, id);
    flash_time_format_ms(alert->at_ms, at);
    json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "id", id, "source", source,
                             "key", alert->key, "state", state_name(alert), "severity",
                             flash_severity_name(alert->severity), "text", alert->text, "at", at);
    size_t len = json ? json_dumpb(json, ret_json, FLASH_ALERT_JSON_MAX, JSON_COMPACT) : 0;
    json_decref(json);
    assert(len <= FLASH_ALERT_JSON_MAX);
    return len;
}

void flash_alert_mail(const struct flash_alert *alert, const char *source, char ret_subject[256],
                      char ret_text[FLASH_ALERT_MAIL_MAX])
{
    char id[FLASH_UUID_TEXT + 1], at[FLASH_TIME_TEXT];
    flash_uuid_format(&alert->id, id);
    flash_time_format_ms(alert->at_ms, at);
    snprintf(ret_subject, 256, "[%.64s] %s: %s (%s)", source, state_name(alert), alert->key,
             flash_severity_name(alert->severity));
    snprintf(ret_text, FLASH_ALERT_MAIL_MAX,
             "%s\n\nalert:    %s\nstate:    %s\nseverity: %s\nsince:    %s\nfrom:     %.64s\n"
             "id:       %s\n\nOne message is sent per change of state; a repeat has the same id.\n",
             alert->text, alert->key, state_name(alert), flash_severity_name(alert->severity), at,
             source, id);
}

const char *flash_severity_name(enum flash_severity severity)
{
    assert((int)severity >= 0 && severity < FLASH_SEVERITY_COUNT);
    return severities[severity];
}

const char *flash_channel_name(enum flash_channel channel)
{
    assert((int)channel >= 0 && channel < FLASH_CHANNEL_COUNT);
    return channels[channel];
}

bool flash_severity_parse(struct flash_text text, enum flash_severity *ret_severity)
{
    for (int i = 0; i < FLASH_SEVERITY_COUNT; i++) {
        if (text.len == strlen(severities[i]) && memcmp(text.at, severities[i], text.len) == 0) {
            *ret_severity = (enum flash_severity)i;
            return true;
        }
    }
    return false;
}
