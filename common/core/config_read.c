/* Reads the text of a setting into its field, or says what is allowed.
 *
 * Nothing is guessed: no number without its unit, no unit finer than the field, no sign, no
 * fraction, no white space. A field changes only when its text was right, and a secret's text never
 * gets into an error. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config_keys.h"
#include "flash/mail_address.h"
#include "flash/url.h"

static bool refuse(struct flash_error *err, const char *text, const char *reason)
{
    return flash_error_set(err, FLASH_ERROR_CONFIG, "\"%.40s\" %s", text, reason);
}

static bool refuse_range(struct flash_error *err, const struct flash_config_key *key,
                         const char *text)
{
    char allowed[FLASH_CONFIG_VALUE_TEXT];
    flash_config_value_allowed(key, allowed);
    return flash_error_set(err, FLASH_ERROR_CONFIG, "\"%.40s\" is not allowed: %s", text, allowed);
}

/* Decimal digits at the start of text; false if there are none or too many for an int64. */
static bool read_digits(const char *text, int64_t *ret_number, const char **ret_rest)
{
    int64_t number = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9'; at++) {
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, *at - '0', &number)) {
            return false;
        }
    }
    *ret_number = number;
    *ret_rest = at;
    return at != text;
}

static bool read_number(const struct flash_config_key *key, const char *text, int64_t *ret_number,
                        struct flash_error *err)
{
    int64_t number;
    const char *rest;
    if (!read_digits(text, &number, &rest) || *rest != '\0' || number < key->min ||
        number > key->max) {
        return refuse_range(err, key, text);
    }
    *ret_number = number;
    return true;
}

static bool read_unit(const char *text, int64_t *ret_us)
{
    for (size_t i = 0; i < FLASH_CONFIG_UNITS; i++) {
        if (strcmp(text, flash_config_units[i].name) == 0) {
            *ret_us = flash_config_units[i].us;
            return true;
        }
    }
    return false;
}

static bool read_duration(const struct flash_config_key *key, const char *text, int64_t *ret_value,
                          struct flash_error *err)
{
    int64_t number, unit_us, us;
    const char *rest;
    if (!read_digits(text, &number, &rest)) {
        return refuse(err, text, "is not a duration: a whole number and us, ms, s, min or h");
    }
    if (*rest == '\0' && number == 0) {
        rest = "us"; /* nothing is nothing in every unit */
    }
    if (*rest == '\0') {
        return refuse(err, text, "has no unit: us, ms, s, min or h, as in 250ms");
    }
    if (!read_unit(rest, &unit_us)) {
        return refuse(err, text, "has an unknown unit: us, ms, s, min or h, as in 250ms");
    }
    int64_t field_us = flash_config_field_us(key);
    if (__builtin_mul_overflow(number, unit_us, &us) || us / field_us > key->max) {
        return refuse_range(err, key, text);
    }
    if (us % field_us != 0) {
        return refuse(err, text, "is finer than a millisecond");
    }
    if (us / field_us < key->min) {
        return refuse_range(err, key, text);
    }
    *ret_value = us / field_us;
    return true;
}

static bool read_word(const struct flash_config_key *key, const char *text, int *ret_value,
                      struct flash_error *err)
{
    for (int i = 0; key->words[i] != NULL; i++) {
        if (strcmp(key->words[i], text) == 0) {
            *ret_value = i;
            return true;
        }
    }
    return refuse_range(err, key, text);
}

static bool is_printable(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f) {
            return false;
        }
    }
    return true;
}

bool flash_config_is_plain(const char *text)
{
    size_t len = strlen(text);
    return is_printable(text) && text[0] != ' ' && (len == 0 || text[len - 1] != ' ');
}

static bool read_text(const struct flash_config_key *key, const char *text, char *field,
                      struct flash_error *err)
{
    size_t len = strlen(text);
    if (!flash_config_is_plain(text)) {
        return refuse(err, text, "has a control character, or white space at an end");
    }
    if (len < (size_t)key->min || len > (size_t)key->max) {
        return refuse_range(err, key, text);
    }
    memcpy(field, text, len + 1);
    return true;
}

/* The text may be half a secret: what is wrong is said without it. */
static bool read_url(const struct flash_config_key *key, const char *text, char *field,
                     struct flash_error *err)
{
    struct flash_url url;
    struct flash_error reason;
    size_t len = strlen(text);
    bool known = false;
    if (len > (size_t)key->max) {
        return flash_error_set(err, FLASH_ERROR_CONFIG, "not a URL: at most %d bytes",
                               (int)key->max);
    }
    if (len > 0 && !flash_url_parse((struct flash_text){text, len}, &url, &reason)) {
        return flash_error_set(err, FLASH_ERROR_CONFIG, "%s", reason.text);
    }
    for (int i = 0; len > 0 && key->words[i] != NULL; i++) {
        known = known || flash_url_is(&url, key->words[i]);
    }
    if (len > 0 && !known) {
        return flash_error_set(err, FLASH_ERROR_CONFIG, "not a URL of scheme %s or %s",
                               key->words[0], key->words[1]);
    }
    memcpy(field, text, len + 1);
    return true;
}

static bool read_mails(const struct flash_config_key *key, const char *text, char *field,
                       struct flash_error *err)
{
    struct flash_text list = {text, strlen(text)}, address;
    int64_t count = 0;
    if (list.len > (size_t)key->max) {
        return refuse_range(err, key, text);
    }
    while (flash_mail_address_next(&list, &address)) {
        if (!flash_mail_address_valid(address) || ++count > key->min) {
            return refuse_range(err, key, text);
        }
    }
    memcpy(field, text, strlen(text) + 1);
    return true;
}

static bool read_first_line(const char *path, char *field, size_t size, struct flash_error *err)
{
    char start[FLASH_CONFIG_LINE + 1];
    bool ok = false;
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return flash_error_set(err, FLASH_ERROR_CONFIG, "cannot read %.100s: %s", path,
                               strerror(errno));
    }
    size_t len = fread(start, 1, sizeof(start) - 1, file);
    start[len] = '\0';
    size_t line = strcspn(start, "\r\n"); /* stops at a NUL too, which is no line end */
    bool ended = line < len ? start[line] != '\0' : len < sizeof(start) - 1;
    if (ferror(file)) {
        flash_error_set(err, FLASH_ERROR_CONFIG, "cannot read %.100s: %s", path, strerror(errno));
        goto out;
    }
    start[line] = '\0';
    if (!ended || line == 0 || line >= size || !is_printable(start)) {
        flash_error_set(err, FLASH_ERROR_CONFIG,
                        "the first line of %.100s is no secret: 1 to %zu printable bytes", path,
                        size - 1);
        goto out;
    }
    memcpy(field, start, line + 1);
    ok = true;
out:
    explicit_bzero(start, sizeof(start));
    fclose(file);
    return ok;
}

bool flash_config_secret_set(char *field, size_t size, const char *text, struct flash_error *err)
{
    if (strncmp(text, "@/", 2) == 0) {
        return read_first_line(text + 1, field, size, err);
    }
    size_t len = strlen(text);
    if (len >= size || !is_printable(text)) {
        return flash_error_set(err, FLASH_ERROR_CONFIG,
                               "not a secret: at most %zu printable bytes, or @/path", size - 1);
    }
    memcpy(field, text, len + 1);
    return true;
}

/* Splits "1.2.3.4:80" or "[::1]:80"; false if it is neither. */
static bool split_address(const char *text, struct flash_address *ret_address)
{
    const char *colon = strrchr(text, ':');
    if (colon == NULL) {
        return false;
    }
    bool bracketed = text[0] == '[' && colon > text + 1 && colon[-1] == ']';
    const char *host = bracketed ? text + 1 : text;
    size_t len = (size_t)(colon - host) - (bracketed ? 1 : 0);
    int64_t port;
    const char *rest;
    if (len >= sizeof(ret_address->host) || !read_digits(colon + 1, &port, &rest) ||
        *rest != '\0' || port > UINT16_MAX) {
        return false;
    }
    memcpy(ret_address->host, host, len);
    ret_address->host[len] = '\0';
    ret_address->port = (uint16_t)port;
    struct in6_addr scratch;
    return inet_pton(bracketed ? AF_INET6 : AF_INET, ret_address->host, &scratch) == 1;
}

static bool read_address(const char *text, struct flash_address *address, struct flash_error *err)
{
    struct flash_address read = {0};
    if (!split_address(text, &read)) {
        return refuse(err, text, "is not address:port, as in 127.0.0.1:8080 or [::1]:8080");
    }
    *address = read;
    return true;
}

bool flash_config_value_set(struct flash_config *config, const struct flash_config_key *key,
                            const char *text, struct flash_error *err)
{
    void *field = (char *)config + key->offset;
    int64_t number = 0;
    switch (key->type) {
    case FLASH_CONFIG_TYPE_TEXT:
        return read_text(key, text, field, err);
    case FLASH_CONFIG_TYPE_SECRET:
        return flash_config_secret_set(field, key->size, text, err);
    case FLASH_CONFIG_TYPE_INT:
        if (!read_number(key, text, &number, err)) {
            return false;
        }
        *(int *)field = (int)number;
        return true;
    case FLASH_CONFIG_TYPE_INT64:
        return read_number(key, text, field, err);
    case FLASH_CONFIG_TYPE_WORD:
        return read_word(key, text, field, err);
    case FLASH_CONFIG_TYPE_MS:
    case FLASH_CONFIG_TYPE_US:
        return read_duration(key, text, field, err);
    case FLASH_CONFIG_TYPE_ADDRESS:
        return read_address(text, field, err);
    case FLASH_CONFIG_TYPE_URL:
        return read_url(key, text, field, err);
    case FLASH_CONFIG_TYPE_MAILS:
        return read_mails(key, text, field, err);
    }
    return flash_error_set(err, FLASH_ERROR_BUG, "a key of no type");
}
