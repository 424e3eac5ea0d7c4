/* Fills an alert into a template; see flash/template.h. */
#include "flash/template.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flash/time.h"

enum field { TEXT, SOURCE, KEY, STATE, SEVERITY, AT, ID, FIELDS };

static const char *const names[FIELDS] = {
    [TEXT] = "text",         [SOURCE] = "source", [KEY] = "key", [STATE] = "state",
    [SEVERITY] = "severity", [AT] = "at",         [ID] = "id",
};

struct writer {
    char *out;
    size_t len; /* FLASH_TEMPLATE_MAX: it did not fit */
};

static void put(struct writer *to, const char *bytes, size_t len)
{
    if (len >= FLASH_TEMPLATE_MAX - to->len) {
        to->len = FLASH_TEMPLATE_MAX;
        return;
    }
    memcpy(to->out + to->len, bytes, len);
    to->len += len;
}

/* As the inside of a JSON string. */
static void put_json(struct writer *to, const char *value)
{
    json_t *string = json_string(value);
    char *quoted = string ? json_dumps(string, JSON_ENCODE_ANY) : NULL;
    if (quoted) {
        put(to, quoted + 1, strlen(quoted) - 2);
    } else {
        to->len = FLASH_TEMPLATE_MAX;
    }
    free(quoted);
    json_decref(string);
}

/* As application/x-www-form-urlencoded. */
static void put_form(struct writer *to, const char *value)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789*-._";
    for (; *value != '\0'; value++) {
        char escaped[4];
        if (strchr(plain, *value)) {
            put(to, value, 1);
        } else if (*value == ' ') {
            put(to, "+", 1);
        } else {
            snprintf(escaped, sizeof(escaped), "%%%02X", (unsigned)(unsigned char)*value);
            put(to, escaped, 3);
        }
    }
}

/* The length of "{name}" at text when it looks like a field, else 0; *ret_field is FIELDS when
 * there is none of that name. */
static size_t field_at(const char *text, enum field *ret_field)
{
    size_t len = text[0] == '{' ? strspn(text + 1, "abcdefghijklmnopqrstuvwxyz_") : 0;
    *ret_field = FIELDS;
    if (len == 0 || text[1 + len] != '}') {
        return 0;
    }
    for (int i = 0; i < FIELDS; i++) {
        if (strlen(names[i]) == len && memcmp(names[i], text + 1, len) == 0) {
            *ret_field = (enum field)i;
        }
    }
    return len + 2;
}

size_t flash_template_fill(const struct flash_template *template, const struct flash_alert *alert,
                           char ret_body[FLASH_TEMPLATE_MAX])
{
    char id[FLASH_UUID_TEXT + 1], at[FLASH_TIME_TEXT];
    flash_uuid_format(&alert->id, id);
    flash_time_format_ms(alert->at_ms, at);
    const char *const values[FIELDS] = {
        [TEXT] = alert->text,
        [SOURCE] = template->source,
        [KEY] = alert->key,
        [STATE] = flash_alert_state_name(alert),
        [SEVERITY] = flash_severity_name(alert->severity),
        [AT] = at,
        [ID] = id,
    };
    struct writer to = {ret_body, 0};
    for (const char *text = template->text; *text != '\0' && to.len < FLASH_TEMPLATE_MAX;) {
        enum field field;
        size_t len = field_at(text, &field);
        if (field == FIELDS) {
            put(&to, text, 1);
            text++;
            continue;
        }
        if (template->type == FLASH_SMS_JSON) {
            put_json(&to, values[field]);
        } else {
            put_form(&to, values[field]);
        }
        text += len;
    }
    return to.len < FLASH_TEMPLATE_MAX ? to.len : 0;
}

/* A quote and a backslash in a field show whether it stands inside a string. */
static bool is_json(const char *text)
{
    char body[FLASH_TEMPLATE_MAX];
    struct flash_alert alert = {.key = "a.b", .raised = true, .text = "a \" \\ , [ 1"};
    const struct flash_template template = {text, FLASH_SMS_JSON, "a \" \\ , [ 1"};
    size_t len = flash_template_fill(&template, &alert, body);
    json_t *json = len ? json_loadb(body, len, JSON_REJECT_DUPLICATES, NULL) : NULL;
    json_decref(json);
    return json != NULL;
}

bool flash_template_check(const char *text, enum flash_sms_type type, struct flash_error *err)
{
    for (const char *at = text; *at != '\0'; at++) {
        enum field field;
        size_t len = field_at(at, &field);
        if (len > 0 && field == FIELDS) {
            return flash_error_set(err, FLASH_ERROR_CONFIG,
                                   "no field %.*s; there are {text} {source} {key} {state} "
                                   "{severity} {at} {id}",
                                   (int)(len < 40 ? len : 40), at);
        }
    }
    return type != FLASH_SMS_JSON || is_json(text) ||
           flash_error_set(err, FLASH_ERROR_CONFIG,
                           "not JSON once its fields are filled in; a field stands in a string");
}
