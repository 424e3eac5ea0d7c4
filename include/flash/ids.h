/* The identifiers of the protocol: SKU, user, idempotency key, order id, UUIDv7, stream id.
 *
 * Pure functions on bytes; time and randomness are handed in. An order id is "<sku>.<ref>"; for a
 * buyer's order ref is 22 characters of base64url: the first 128 bits of SHA-256 over user, NUL,
 * key, NUL, sku, so that a retry names its order without a look-up and the SKU names the slot
 * (API.md). Other services bring their own ref. Inside Redis and in entries only the ref is kept:
 * the SKU is in the key. */
#ifndef FLASH_IDS_H
#define FLASH_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flash/error.h"
#include "flash/limits.h"

/* Bytes with a length, not NUL-terminated, borrowed from whoever made them. */
struct flash_text {
    const char *at;
    size_t len;
};

/* A positive decimal int64 without sign or leading zero. False, *ret_sku untouched, for anything
 * else. */
FLASH_MUST_CHECK bool flash_sku_parse(struct flash_text text, int64_t *ret_sku);

/* 1–64 bytes of valid UTF-8 without controls (< 0x20, 0x7f), quote, backslash or braces: these need
 * no escaping in JSON, in a Redis key or in a log, and no tenant has been seen to need them in a
 * user id. */
bool flash_user_valid(struct flash_text user);

/* 1–200 bytes of the same: why an operator changed something. */
bool flash_reason_valid(struct flash_text reason);

/* 1–64 of A–Z a–z 0–9 _ - (API.md, Idempotency-Key). */
bool flash_key_valid(struct flash_text key);

/* 1–64 printable ASCII bytes (0x21–0x7e) without quote, backslash or braces: a ref, also a payment
 * id. */
bool flash_ref_valid(struct flash_text ref);

/* Writes the derived ref, FLASH_REF_DERIVED characters and a NUL. user and key must be valid, sku
 * positive (it is hashed as decimal text). */
void flash_ref_derive(struct flash_text user, struct flash_text key, int64_t sku,
                      char ret_ref[FLASH_REF_DERIVED + 1]);

/* Splits "<sku>.<ref>" at the first dot and validates both; *ret_ref points into order_id. */
FLASH_MUST_CHECK bool flash_order_id_parse(struct flash_text order_id, int64_t *ret_sku,
                                           struct flash_text *ret_ref);

struct flash_uuid {
    uint8_t bytes[16];
};

/* UUIDv7 (RFC 9562 §5.7) of unix time in milliseconds and 10 random bytes. */
struct flash_uuid flash_uuid_v7(uint64_t now_ms, const uint8_t random[10]);
/* The same with the kernel's random bytes. Error kind: RETRY (it has none). */
FLASH_MUST_CHECK bool flash_uuid_new(uint64_t now_ms, struct flash_uuid *ret_uuid,
                                     struct flash_error *err);
/* 8-4-4-4-12 in lower case, and a NUL. */
void flash_uuid_format(const struct flash_uuid *uuid, char ret_text[FLASH_UUID_TEXT + 1]);
/* Takes that form only, in lower case, and only version 7 of the RFC's variant. */
FLASH_MUST_CHECK bool flash_uuid_parse(struct flash_text text, struct flash_uuid *ret_uuid);
/* The low 64 bits, big-endian: the second half of the entry's stream id (DESIGN §5.1 rule 2). */
uint64_t flash_uuid_low64(const struct flash_uuid *uuid);

/* The ids of all orders of a SKU, or of all SKUs (0), are behind first and before end. */
struct flash_order_range {
    char first[FLASH_SKU_TEXT_MAX + 2], end[FLASH_SKU_TEXT_MAX + 2];
};
struct flash_order_range flash_order_range_of(int64_t sku);

#endif
