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
    [FLASH_CHANNEL_SMS] = "sms",
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

const char *flash_alert_state_name(const struct flash_alert *alert)
{
    return alert->notice ? "notice" : alert->raised ? "raised" : "cleared";
}

bool flash_alert_state_parse(struct flash_text text, struct flash_alert *alert)
{
    static const struct flash_alert states[] = {
        {.raised = true}, {.raised = false}, {.notice = true}};
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        const char *name = flash_alert_state_name(&states[i]);
        if (text.len == strlen(name) && memcmp(text.at, name, text.len) == 0) {
            alert->notice = states[i].notice;
            alert->raised = states[i].raised;
            return true;
        }
    }
    return false;
}

/* ---- channels ---- */

bool flash_alert_channel_on(const struct flash_config *config, enum flash_channel channel)
{
    const char *const urls[FLASH_CHANNEL_COUNT] = {
        [FLASH_CHANNEL_WEBHOOK] = config->alerts.webhook_url,
        [FLASH_CHANNEL_MAIL] = config->alerts.smtp_url,
        [FLASH_CHANNEL_SMS] = config->alerts.sms_url,
    };
    return urls[channel][0] != '\0';
}

bool flash_alert_suits(const struct flash_alert *alert, enum flash_channel channel,
                       const struct flash_config *config)
{
    static const enum flash_severity least[] = {
        [FLASH_SMS_CRITICAL] = FLASH_SEVERITY_CRITICAL,
        [FLASH_SMS_WARNING] = FLASH_SEVERITY_WARNING,
        [FLASH_SMS_INFO] = FLASH_SEVERITY_INFO,
    };
    return channel != FLASH_CHANNEL_SMS || alert->severity >= least[config->alerts.sms_severity];
}

/* ---- as JSON ---- */

/* NULL: it has none. */
static json_t *list_of(const struct flash_alert *alert)
{
    return alert->list ? json_loads(alert->list, JSON_REJECT_DUPLICATES, NULL) : NULL;
}

size_t flash_alert_json(const struct flash_alert *alert, const char *source,
                        char ret_json[FLASH_ALERT_JSON_MAX])
{
    char id[FLASH_UUID_TEXT + 1], at[FLASH_TIME_TEXT];
    flash_uuid_format(&alert->id, id);
    flash_time_format_ms(alert->at_ms, at);
    json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o*}", "id", id, "source",
                             source, "key", alert->key, "state", flash_alert_state_name(alert),
                             "severity", flash_severity_name(alert->severity), "text", alert->text,
                             "at", at, "skus", list_of(alert));
    size_t len = json ? json_dumpb(json, ret_json, FLASH_ALERT_JSON_MAX, JSON_COMPACT) : 0;
    json_decref(json);
    assert(len <= FLASH_ALERT_JSON_MAX);
    return len;
}

/* ---- as a mail ---- */

/* A line for each SKU of the list; returns the length. */
static size_t mail_list(const struct flash_alert *alert, char *text, size_t size)
{
    json_t *list = list_of(alert), *row;
    size_t i, len = 0;
    json_array_foreach(list, i, row)
    {
        int line = snprintf(text + len, size - len, "%lld: %lld left, threshold %lld  %s\n",
                            (long long)json_integer_value(json_object_get(row, "sku")),
                            (long long)json_integer_value(json_object_get(row, "available")),
                            (long long)json_integer_value(json_object_get(row, "threshold")),
                            json_string_value(json_object_get(row, "title")));
        if (line < 0 || (size_t)line >= size - len) {
            break; /* a line of it is shorter than its JSON: there is room */
        }
        len += (size_t)line;
    }
    text[len] = '\0';
    json_decref(list);
    return len;
}

void flash_alert_mail(const struct flash_alert *alert, const char *source, char ret_subject[256],
                      char ret_text[FLASH_ALERT_MAIL_MAX])
{
    char id[FLASH_UUID_TEXT + 1], at[FLASH_TIME_TEXT];
    flash_uuid_format(&alert->id, id);
    flash_time_format_ms(alert->at_ms, at);
    snprintf(ret_subject, 256, "[%.64s] %s: %s (%s)", source, flash_alert_state_name(alert),
             alert->key, flash_severity_name(alert->severity));
    size_t len = (size_t)snprintf(ret_text, FLASH_ALERT_TEXT_MAX + 3, "%s\n\n", alert->text);
    size_t list = mail_list(alert, ret_text + len, FLASH_ALERT_LIST_MAX);
    len += list;
    snprintf(ret_text + len, FLASH_ALERT_MAIL_MAX - len,
             "%salert:    %s\nstate:    %s\nseverity: %s\nsince:    %s\nfrom:     %.64s\n"
             "id:       %s\n\nOne message is sent per change of state; a repeat has the same id.\n",
             list > 0 ? "\n" : "", alert->key, flash_alert_state_name(alert),
             flash_severity_name(alert->severity), at, source, id);
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
