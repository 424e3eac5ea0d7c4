/* The reader of URLs; see flash/url.h. */
#include "flash/url.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { NAME_MAX_BYTES = 253, LABEL_MAX = 63, PORT_DIGITS = 5 };

static bool refuse(struct flash_error *err, const char *reason)
{
    return flash_error_set(err, FLASH_ERROR_DATA, "not a URL: %s", reason);
}

static bool is_letter(char c)
{
    return isascii(c) && isalpha((unsigned char)c);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_label(const char *at, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!is_letter(at[i]) && !is_digit(at[i]) && at[i] != '-') {
            return false;
        }
    }
    return len >= 1 && len <= LABEL_MAX && at[0] != '-' && at[len - 1] != '-';
}

static bool is_address(int family, struct flash_text host)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr scratch;
    if (host.len >= sizeof(text)) {
        return false;
    }
    snprintf(text, sizeof(text), "%.*s", (int)host.len, host.at);
    return strlen(text) == host.len && inet_pton(family, text, &scratch) == 1;
}

bool flash_host_valid(struct flash_text host)
{
    const char *end = host.at + host.len, *label = host.at;
    if (host.len == 0 || host.len > NAME_MAX_BYTES) {
        return false;
    }
    for (;;) {
        const char *dot = memchr(label, '.', (size_t)(end - label));
        if (!is_label(label, (size_t)((dot ? dot : end) - label))) {
            return false;
        }
        if (!dot) {
            break;
        }
        label = dot + 1;
    }
    /* resolvers take 2130706433, 0x7f.1 and 0177.0.0.1 for addresses too: no name ends like that */
    return !is_digit(*label) || is_address(AF_INET, host);
}

/* Takes "scheme://" off rest. */
static bool take_scheme(struct flash_text *rest, struct flash_url *url)
{
    size_t len = 0;
    while (len < rest->len && is_letter(rest->at[len])) {
        len++;
    }
    if (len == 0 || rest->len < len + 3 || memcmp(rest->at + len, "://", 3) != 0) {
        return false;
    }
    url->scheme = (struct flash_text){rest->at, len};
    rest->at += len + 3;
    rest->len -= len + 3;
    return true;
}

/* Splits "host", "host:port", "[v6]" or "[v6]:port"; *ret_port is what follows the colon, at NULL
 * without one. */
static bool split_authority(struct flash_text authority, struct flash_url *url,
                            struct flash_text *ret_port)
{
    const char *end = authority.at + authority.len, *colon;
    if (authority.len > 0 && authority.at[0] == '[') {
        const char *bracket = memchr(authority.at, ']', authority.len);
        if (!bracket) {
            return false;
        }
        url->host = (struct flash_text){authority.at + 1, (size_t)(bracket - authority.at - 1)};
        colon = bracket + 1 < end ? bracket + 1 : NULL;
    } else {
        colon = memchr(authority.at, ':', authority.len);
        url->host = (struct flash_text){authority.at,
                                        colon ? (size_t)(colon - authority.at) : authority.len};
    }
    *ret_port = colon ? (struct flash_text){colon + 1, (size_t)(end - colon - 1)}
                      : (struct flash_text){NULL, 0};
    bool bracketed = authority.len > 0 && authority.at[0] == '[';
    return (!colon || *colon == ':') &&
           (bracketed ? is_address(AF_INET6, url->host) : flash_host_valid(url->host));
}

static bool read_port(struct flash_text text, int *ret_port)
{
    int port = 0;
    if (text.len == 0 || text.len > PORT_DIGITS) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (!is_digit(text.at[i])) {
            return false;
        }
        port = port * 10 + (text.at[i] - '0');
    }
    *ret_port = port;
    return port >= 1 && port <= UINT16_MAX;
}

/* RFC 3986's characters of a path and a query. */
static bool is_plain(struct flash_text rest)
{
    for (size_t i = 0; i < rest.len; i++) {
        char c = rest.at[i];
        bool escape = c == '%' && i + 2 < rest.len && isxdigit((unsigned char)rest.at[i + 1]) &&
                      isxdigit((unsigned char)rest.at[i + 2]);
        if (c == '\0' ||
            (!is_letter(c) && !is_digit(c) && !strchr("-._~!$&'()*+,;=:@/?", c) && !escape)) {
            return false;
        }
    }
    return true;
}

bool flash_url_parse(struct flash_text text, struct flash_url *ret_url, struct flash_error *err)
{
    struct flash_url url = {0};
    struct flash_text rest = text, port;
    if (!take_scheme(&rest, &url)) {
        return refuse(err, "it does not begin with a scheme, as in https://host/path");
    }
    size_t len = 0;
    while (len < rest.len && rest.at[len] != '/' && rest.at[len] != '?') {
        len++;
    }
    url.rest = (struct flash_text){rest.at + len, rest.len - len};
    struct flash_text authority = {rest.at, len};
    if (memchr(authority.at, '@', authority.len)) {
        return refuse(err, "a user in it is not allowed");
    }
    if (!split_authority(authority, &url, &port)) {
        return refuse(err, "its host is neither a name, nor a.b.c.d, nor [IPv6]");
    }
    if (port.at && !read_port(port, &url.port)) {
        return refuse(err, "its port is not 1 to 65535");
    }
    if (!is_plain(url.rest)) {
        return refuse(err, "its path has a character that must be escaped");
    }
    *ret_url = url;
    return true;
}

bool flash_url_is(const struct flash_url *url, const char *scheme)
{
    return url->scheme.len == strlen(scheme) &&
           strncasecmp(url->scheme.at, scheme, url->scheme.len) == 0;
}
