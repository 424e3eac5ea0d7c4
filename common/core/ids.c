/* Validates, derives and formats the identifiers of the protocol.
 *
 * Every parser here is canonical: what it accepts, formatting gives back byte for byte. So two
 * texts never name the same SKU, order or entry, and comparing texts is comparing things. */
#include "flash/ids.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base64url.h"
#include "flash/put.h"
#include "flash/utf8.h"
#include "sha256.h"

#define UUID_TIME_BYTES 6

bool flash_sku_parse(struct flash_text text, int64_t *ret_sku)
{
    int64_t sku = 0;

    if (text.len == 0 || text.len > FLASH_SKU_TEXT_MAX || text.at[0] == '0') {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        int digit = text.at[i] - '0';
        if (digit < 0 || digit > 9 || __builtin_mul_overflow(sku, 10, &sku) ||
            __builtin_add_overflow(sku, digit, &sku)) {
            return false;
        }
    }
    *ret_sku = sku;
    return true;
}

/* No reader has to escape or unescape these, in JSON, in a key's hash tag or in a log. */
static bool needs_escape(unsigned char c)
{
    return c < 0x20 || c == 0x7f || c == '"' || c == '\\' || c == '{' || c == '}';
}

static bool is_plain(struct flash_text text, size_t max)
{
    size_t i = 0;

    if (text.len == 0 || text.len > max) {
        return false;
    }
    while (i < text.len) {
        size_t step = flash_utf8_len(text.at + i, text.len - i);
        if (step == 0 || needs_escape((unsigned char)text.at[i])) {
            return false;
        }
        i += step;
    }
    return true;
}

bool flash_user_valid(struct flash_text user)
{
    return is_plain(user, FLASH_USER_MAX);
}

bool flash_reason_valid(struct flash_text reason)
{
    return is_plain(reason, FLASH_REASON_MAX);
}

bool flash_key_valid(struct flash_text key)
{
    if (key.len == 0 || key.len > FLASH_KEY_MAX) {
        return false;
    }
    static const bool allowed[256] = {
        ['A' ... 'Z'] = true, ['a' ... 'z'] = true, ['0' ... '9'] = true,
        ['_'] = true,         ['-'] = true,
    };
    size_t at = 0;
    while (at < key.len && allowed[(unsigned char)key.at[at]]) {
        at++;
    }
    return at == key.len;
}

bool flash_ref_valid(struct flash_text ref)
{
    if (ref.len == 0 || ref.len > FLASH_REF_MAX) {
        return false;
    }
    for (size_t i = 0; i < ref.len; i++) {
        unsigned char c = (unsigned char)ref.at[i];
        if (c == ' ' || c > 0x7e || needs_escape(c)) {
            return false;
        }
    }
    return true;
}

void flash_ref_derive(struct flash_text user, struct flash_text key, int64_t sku,
                      char ret_ref[FLASH_REF_DERIVED + 1])
{
    /* One buffer: user, NUL, key, NUL, sku. The valid texts have no NUL, so no two triples share
     * it. */
    char named[FLASH_USER_MAX + 1 + FLASH_KEY_MAX + 1 + FLASH_SKU_TEXT_MAX + 1];
    uint8_t digest[SHA256_BYTES];
    size_t n = user.len + 1 + key.len + 1;

    assert(user.len <= FLASH_USER_MAX && key.len <= FLASH_KEY_MAX && sku > 0);
    memcpy(named, user.at, user.len);
    named[user.len] = '\0';
    memcpy(named + user.len + 1, key.at, key.len);
    named[n - 1] = '\0';
    n = (size_t)(flash_put_number(named + n, (uint64_t)sku) - named);

    flash_sha256((struct flash_text){NULL, 0}, (struct flash_text){named, n}, digest);
    (void)flash_base64url_encode(digest, 16, ret_ref);
    ret_ref[FLASH_REF_DERIVED] = '\0';
}

bool flash_order_id_parse(struct flash_text order_id, int64_t *ret_sku, struct flash_text *ret_ref)
{
    if (order_id.len == 0 || order_id.len > FLASH_ORDER_ID_MAX) {
        return false;
    }
    const char *dot = memchr(order_id.at, '.', order_id.len);
    if (dot == NULL) {
        return false;
    }
    struct flash_text sku = {order_id.at, (size_t)(dot - order_id.at)};
    struct flash_text ref = {dot + 1, order_id.len - sku.len - 1};
    if (!flash_ref_valid(ref) || !flash_sku_parse(sku, ret_sku)) {
        return false;
    }
    *ret_ref = ref;
    return true;
}

struct flash_uuid flash_uuid_v7(uint64_t now_ms, const uint8_t random[10])
{
    struct flash_uuid uuid;

    for (int i = 0; i < UUID_TIME_BYTES; i++) {
        uuid.bytes[i] = (uint8_t)(now_ms >> (8 * (UUID_TIME_BYTES - 1 - i)));
    }
    memcpy(uuid.bytes + UUID_TIME_BYTES, random, 10);
    uuid.bytes[6] = (uuid.bytes[6] & 0x0f) | 0x70; /* version 7 */
    uuid.bytes[8] = (uuid.bytes[8] & 0x3f) | 0x80; /* variant 10 */
    return uuid;
}

/* Whether a '-' stands before byte i of the text form 8-4-4-4-12. */
static bool dash_before(int i)
{
    return i == 4 || i == 6 || i == 8 || i == 10;
}

bool flash_uuid_new(uint64_t now_ms, struct flash_uuid *ret_uuid, struct flash_error *err)
{
    uint8_t random[10];
    if (getrandom(random, sizeof(random), 0) != sizeof(random)) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "no randomness");
    }
    *ret_uuid = flash_uuid_v7(now_ms, random);
    return true;
}

void flash_uuid_format(const struct flash_uuid *uuid, char ret_text[FLASH_UUID_TEXT + 1])
{
    static const char digits[] = "0123456789abcdef";
    char *out = ret_text;

    for (int i = 0; i < 16; i++) {
        if (dash_before(i)) {
            *out++ = '-';
        }
        *out++ = digits[uuid->bytes[i] >> 4];
        *out++ = digits[uuid->bytes[i] & 15];
    }
    *out = '\0';
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool flash_uuid_parse(struct flash_text text, struct flash_uuid *ret_uuid)
{
    struct flash_uuid uuid;
    const char *at = text.at;

    if (text.len != FLASH_UUID_TEXT) {
        return false;
    }
    for (int i = 0; i < 16; i++, at += 2) {
        if (dash_before(i) && *at++ != '-') {
            return false;
        }
        int high = hex_value(at[0]), low = hex_value(at[1]);
        if (high < 0 || low < 0) {
            return false;
        }
        uuid.bytes[i] = (uint8_t)(high << 4 | low);
    }
    if (uuid.bytes[6] >> 4 != 7 || uuid.bytes[8] >> 6 != 2) {
        return false;
    }
    *ret_uuid = uuid;
    return true;
}

uint64_t flash_uuid_low64(const struct flash_uuid *uuid)
{
    uint64_t low = 0;

    for (int i = 8; i < 16; i++) {
        low = low << 8 | uuid->bytes[i];
    }
    return low;
}

struct flash_order_range flash_order_range_of(int64_t sku)
{
    struct flash_order_range range = {"0", ":"}; /* ':' follows '9' */
    if (sku) {
        snprintf(range.first, sizeof(range.first), "%" PRId64 ".", sku);
        snprintf(range.end, sizeof(range.end), "%" PRId64 "/", sku); /* '/' follows '.' */
    }
    return range;
}
