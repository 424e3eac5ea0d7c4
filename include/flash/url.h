/* URLs as a setting may hold them: scheme://host[:port][/path][?query], and nothing else.
 *
 * Strict, so that no two programs read one of them differently (SECURITY, "SSRF"): no user, no
 * fragment, no white space or backslash, no IPv4 address but in four decimal parts, IPv6 in
 * brackets, a name in ASCII. Pure. */
#ifndef FLASH_URL_H
#define FLASH_URL_H

#include "flash/ids.h"

struct flash_url {
    struct flash_text scheme; /* as written; compare without case */
    struct flash_text host;   /* without brackets */
    int port;                 /* 0: the scheme's own */
    struct flash_text rest;   /* from the first '/' or '?' on; often empty */
};

/* The parts point into text. Error kind: DATA; its text says what is wrong and never what stands
 * there: paths of webhooks are secrets as often as not. */
FLASH_MUST_CHECK bool flash_url_parse(struct flash_text text, struct flash_url *ret_url,
                                      struct flash_error *err);
/* Whether the URL's scheme is this one, in lower case. */
bool flash_url_is(const struct flash_url *url, const char *scheme);

/* A name of letters, digits, hyphens and dots, 1–253 bytes, or an IPv4 address in four decimal
 * parts. */
bool flash_host_valid(struct flash_text host);

#endif
