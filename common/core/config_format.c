/* Writes settings as text: one value, what a key allows, and the whole as an INI file.
 *
 * What is written reads back to the same value, secrets apart: those are "***" wherever a person
 * may look. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "config_keys.h"
#include "flash/url.h"

static void format_duration(int64_t us, char ret_text[FLASH_CONFIG_VALUE_TEXT])
{
    size_t unit = FLASH_CONFIG_UNITS - 1;
    while (unit > 0 && us % flash_config_units[unit].us != 0) {
        unit--;
    }
    snprintf(ret_text, FLASH_CONFIG_VALUE_TEXT, "%" PRId64 "%s", us / flash_config_units[unit].us,
             us == 0 ? "" : flash_config_units[unit].name);
}

/* A webhook's path is a secret as often as not: only scheme, host and port are shown. */
static void format_url(const char *url, char ret_text[FLASH_CONFIG_VALUE_TEXT])
{
    struct flash_url parts = {0};
    size_t len = strlen(url);
    bool hides = flash_url_parse((struct flash_text){url, len}, &parts, NULL) && parts.rest.len > 1;
    snprintf(ret_text, FLASH_CONFIG_VALUE_TEXT, "%.*s%s", (int)(hides ? len - parts.rest.len : len),
             url, hides ? "/***" : "");
}

void flash_config_value_format(const struct flash_config *config,
                               const struct flash_config_key *key,
                               char ret_text[FLASH_CONFIG_VALUE_TEXT])
{
    const void *field = (const char *)config + key->offset;
    const struct flash_address *address = field;
    switch (key->type) {
    case FLASH_CONFIG_TYPE_TEXT:
    case FLASH_CONFIG_TYPE_MAILS:
        snprintf(ret_text, FLASH_CONFIG_VALUE_TEXT, "%s", (const char *)field);
        break;
    case FLASH_CONFIG_TYPE_URL:
        format_url(field, ret_text);
        break;
    case FLASH_CONFIG_TYPE_SECRET:
        snprintf(ret_text, FLASH_CONFIG_VALUE_TEXT, "%s", *(const char *)field ? "***" : "");
        break;
    case FLASH_CONFIG_TYPE_INT:
        snprintf(ret_text, FLASH_CONFIG_VALUE_TEXT, "%d", *(const int *)field);
        break;
    case FLASH_CONFIG_TYPE_INT64:
        snprintf(ret_text, FLASH_CONFIG_VALUE_TEXT, "%" PRId64, *(const int64_t *)field);
        break;
    case FLASH_CONFIG_TYPE_WORD:
        snprintf(ret_text, FLASH_CONFIG_VALUE_TEXT, "%s", key->words[*(const int *)field]);
        break;
    case FLASH_CONFIG_TYPE_MS:
    case FLASH_CONFIG_TYPE_US:
        format_duration(*(const int64_t *)field * flash_config_field_us(key), ret_text);
        break;
    case FLASH_CONFIG_TYPE_ADDRESS:
        snprintf(ret_text, FLASH_CONFIG_VALUE_TEXT,
                 strchr(address->host, ':') != NULL ? "[%s]:%d" : "%s:%d", address->host,
                 address->port);
        break;
    }
}

static void format_words(const struct flash_config_key *key, char ret_text[FLASH_CONFIG_VALUE_TEXT])
{
    size_t len = 0;
    ret_text[0] = '\0';
    for (int i = 0; key->words[i] != NULL; i++) {
        int added = snprintf(ret_text + len, FLASH_CONFIG_VALUE_TEXT - len, "%s%s",
                             i > 0 ? " | " : "", key->words[i]);
        len += (size_t)added;
    }
}

void flash_config_value_allowed(const struct flash_config_key *key,
                                char ret_text[FLASH_CONFIG_VALUE_TEXT])
{
    char min[FLASH_CONFIG_VALUE_TEXT], max[FLASH_CONFIG_VALUE_TEXT];
    switch (key->type) {
    case FLASH_CONFIG_TYPE_TEXT:
    case FLASH_CONFIG_TYPE_SECRET:
        snprintf(ret_text, FLASH_CONFIG_VALUE_TEXT, "%" PRId64 " to %" PRId64 " bytes", key->min,
                 key->max);
        break;
    case FLASH_CONFIG_TYPE_INT:
    case FLASH_CONFIG_TYPE_INT64:
        snprintf(ret_text, FLASH_CONFIG_VALUE_TEXT, "a whole number, %" PRId64 " to %" PRId64,
                 key->min, key->max);
        break;
    case FLASH_CONFIG_TYPE_WORD:
        format_words(key, ret_text);
        break;
    case FLASH_CONFIG_TYPE_MS:
    case FLASH_CONFIG_TYPE_US:
        format_duration(key->min * flash_config_field_us(key), min);
        format_duration(key->max * flash_config_field_us(key), max);
        snprintf(ret_text, FLASH_CONFIG_VALUE_TEXT, "%.40s to %.40s", min, max);
        break;
    case FLASH_CONFIG_TYPE_ADDRESS:
        snprintf(ret_text, FLASH_CONFIG_VALUE_TEXT, "address:port, IPv4 or [IPv6]");
        break;
    case FLASH_CONFIG_TYPE_URL:
        snprintf(ret_text, FLASH_CONFIG_VALUE_TEXT, "%s://… or %s://…, at most %" PRId64 " bytes",
                 key->words[0], key->words[1], key->max);
        break;
    case FLASH_CONFIG_TYPE_MAILS:
        snprintf(ret_text, FLASH_CONFIG_VALUE_TEXT,
                 "name@domain, %" PRId64 " at most, %" PRId64 " bytes", key->min, key->max);
        break;
    }
}

static void print_pass(const struct flash_config *config, const struct flash_config_pass *pass,
                       FILE *out)
{
    const struct flash_config_passthrough *through = flash_config_pass_of(config, pass);
    fprintf(out, "\n[%s]\n", pass->section);
    for (int i = 0; i < through->count; i++) {
        const struct flash_config_pair *pair = &through->pairs[i];
        bool masked = flash_config_pass_secret(pair->name) && pair->value[0] != '\0';
        fprintf(out, "%s = %s\n", pair->name, masked ? "***" : pair->value);
    }
}

void flash_config_print(const struct flash_config *config, FILE *out)
{
    size_t count;
    const struct flash_config_key *keys = flash_config_keys(&count);
    const char *section = "";
    for (size_t i = 0; i < count; i++) {
        char value[FLASH_CONFIG_VALUE_TEXT];
        if (strcmp(config->without, keys[i].section) == 0) {
            continue;
        }
        flash_config_value_format(config, &keys[i], value);
        if (strcmp(section, keys[i].section) != 0) {
            fprintf(out, "%s[%s]\n", i > 0 ? "\n" : "", keys[i].section);
            section = keys[i].section;
        }
        fprintf(out, "%s =%s%s\n", keys[i].name, value[0] != '\0' ? " " : "", value);
    }
    for (size_t i = 0; i < FLASH_CONFIG_PASS_SECTIONS; i++) {
        print_pass(config, &flash_config_passes[i], out);
    }
}
