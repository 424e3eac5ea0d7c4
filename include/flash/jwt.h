/* Who calls: JWT, HS256 only (RFC 7519, 7515; API.md "Who calls"). Pure: bytes and now in, claims
 * out. */
#ifndef FLASH_JWT_H
#define FLASH_JWT_H

#include "flash/ids.h"

#define FLASH_JWT_MAX 2048 /* characters of a token; longer ones are refused unread */

enum flash_role { FLASH_ROLE_BUYER, FLASH_ROLE_INTERNAL, FLASH_ROLE_OPS, FLASH_ROLE_ADMIN };

struct flash_claims {
    char sub[FLASH_USER_MAX + 1]; /* a valid user id */
    enum flash_role role;         /* buyer when absent */
    int64_t exp_s, nbf_s;         /* seconds since the epoch; nbf 0 when absent; exp is required */
    int64_t sku;                  /* 0: for any sale */
};

struct flash_jwt_key {
    char kid[32]; /* NUL-terminated; "" matches a token without kid, and no other */
    char secret[256];
    size_t secret_len; /* bytes; with 0 the key matches nothing */
};

/* What a token is verified with. */
struct flash_jwt_check {
    const struct flash_jwt_key *keys; /* (borrowed) one or two */
    int key_count;
    int64_t now_s; /* seconds since the epoch */
};

/* Verifies token with the keys (the token's kid chooses, keys of the same kid are tried in turn) at
 * now_s, without leeway: nbf <= now_s < exp, fractions of a second rounded to the strict side. aud
 * must be "flashgate" or a list with it; members we do not know are ignored, except that crit is
 * refused. Thread-safe. False, kind DATA: err.text is a reason for the log (never shown to the
 * caller, never the token). */
FLASH_MUST_CHECK bool flash_jwt_verify(struct flash_text token, const struct flash_jwt_check *check,
                                       struct flash_claims *ret_claims, struct flash_error *err);

/* Whether given is a known token, that was verified, byte by byte; how long it takes says nothing
 * about the known one's signature. */
bool flash_jwt_same(struct flash_text known, struct flash_text given);

/* Issues a token (flashctl token, tests). Returns the length without the NUL it ends with, 0 if it
 * does not fit in size or the kid or sub is not UTF-8. The key must have a secret. */
size_t flash_jwt_issue(const struct flash_claims *claims, const struct flash_jwt_key *key,
                       char *out, size_t size);

const char *flash_role_name(enum flash_role role);
FLASH_MUST_CHECK bool flash_role_parse(struct flash_text text, enum flash_role *ret_role);

#endif
