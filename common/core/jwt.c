/* The tokens that say who calls, checked and made: JWT in compact form, HS256 and nothing else.
 *
 *   BASE64URL(header) . BASE64URL(claims) . BASE64URL(HMAC-SHA256(key, header.claims))
 *
 * Nothing of the claims is looked at before the signature held. Of the header, which is read first,
 * only the key's name is used; the algorithm is ours and the header may but agree (RFC 8725 §3.1).
 * Whatever could be read in two ways is refused: duplicate members, non-canonical base64url,
 * `crit`, NUL. */
#include "flash/jwt.h"

#include <assert.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base64url.h"
#include "flash/hmac.h"

#define ALGORITHM "HS256"
#define AUDIENCE "flashgate"
#define HEADER_MAX 512 /* characters: bounds what is parsed, and how deep, before the signature */
#define JSON_BYTES_MAX (FLASH_JWT_MAX * 3 / 4)
#define SIGNATURE_TEXT ((FLASH_HMAC_BYTES * 8 + 5) / 6) /* characters */
#define DATE_MAX (1LL << 53)                            /* beyond it a double and an int64 differ */

struct parts {
    struct flash_text header, claims, signature;
    struct flash_text signed_text; /* header, dot, claims */
};

static bool refuse(struct flash_error *err, const char *reason)
{
    return flash_error_set(err, FLASH_ERROR_DATA, "token: %s", reason);
}

/* What stands before the next dot, which is passed; at == NULL if there is none. */
static struct flash_text before_dot(struct flash_text *rest)
{
    const char *dot = memchr(rest->at, '.', rest->len);

    if (dot == NULL) {
        return (struct flash_text){0};
    }
    struct flash_text part = {rest->at, (size_t)(dot - rest->at)};
    rest->at = dot + 1;
    rest->len -= part.len + 1;
    return part;
}

static bool split(struct flash_text token, struct parts *parts, struct flash_error *err)
{
    struct flash_text rest = token;

    if (token.len == 0 || token.len > FLASH_JWT_MAX) {
        return refuse(err, "empty or too long");
    }
    parts->header = before_dot(&rest);
    if (parts->header.at == NULL) {
        return refuse(err, "not three parts");
    }
    parts->claims = before_dot(&rest);
    if (parts->claims.at == NULL || memchr(rest.at, '.', rest.len) != NULL) {
        return refuse(err, "not three parts");
    }
    if (parts->header.len > HEADER_MAX) {
        return refuse(err, "header too long");
    }
    parts->signature = rest;
    parts->signed_text = (struct flash_text){token.at, parts->header.len + 1 + parts->claims.len};
    return true;
}

/* A part's JSON object, owned by the caller; NULL if it is none. */
static json_t *part_object(struct flash_text part)
{
    char bytes[JSON_BYTES_MAX];
    size_t len;

    if (!flash_base64url_decode(part, (uint8_t *)bytes, sizeof(bytes), &len)) {
        return NULL;
    }
    json_t *root = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(root)) {
        json_decref(root);
        return NULL;
    }
    return root;
}

static bool is_text(const json_t *value, const char *text)
{
    const char *string = json_string_value(value);

    return string != NULL && strcmp(string, text) == 0;
}

/* Checks the header's members; ret_kid is the key's name, "" when absent. */
static bool check_header(const json_t *header, const char **ret_kid, struct flash_error *err)
{
    const json_t *typ = json_object_get(header, "typ");
    const json_t *kid = json_object_get(header, "kid");

    if (!is_text(json_object_get(header, "alg"), ALGORITHM)) {
        return refuse(err, "alg is not HS256");
    }
    if (typ != NULL && (!json_is_string(typ) || strcasecmp(json_string_value(typ), "JWT") != 0)) {
        return refuse(err, "typ is not JWT");
    }
    if (json_object_get(header, "crit") != NULL) {
        return refuse(err, "crit is not understood");
    }
    if (kid != NULL && json_string_length(kid) == 0) {
        return refuse(err, "kid is not a name");
    }
    *ret_kid = kid == NULL ? "" : json_string_value(kid);
    return true;
}

static bool sign(const struct flash_jwt_key *key, struct flash_text text,
                 uint8_t ret_mac[FLASH_HMAC_BYTES])
{
    assert(key->secret_len <= sizeof(key->secret));
    return flash_hmac_sha256((struct flash_text){key->secret, key->secret_len}, text, ret_mac);
}

/* Whether the signature is that of a key. A key without a secret is no key. */
static bool is_signed_by(const struct parts *parts, const struct flash_jwt_key *key)
{
    uint8_t given[FLASH_HMAC_BYTES], right[FLASH_HMAC_BYTES];
    size_t len;

    return key->secret_len > 0 &&
           flash_base64url_decode(parts->signature, given, sizeof(given), &len) &&
           len == FLASH_HMAC_BYTES && sign(key, parts->signed_text, right) &&
           CRYPTO_memcmp(given, right, FLASH_HMAC_BYTES) == 0;
}

bool flash_jwt_same(struct flash_text known, struct flash_text given)
{
    if (known.len != given.len || known.len <= SIGNATURE_TEXT) {
        return false;
    }
    size_t open = known.len - SIGNATURE_TEXT; /* what a buyer may know, and then what he may not */
    return memcmp(known.at, given.at, open) == 0 &&
           CRYPTO_memcmp(known.at + open, given.at + open, SIGNATURE_TEXT) == 0;
}

/* The header that this thread judged last and found in order: all tokens of an issuer begin with
 * the same bytes, and reading JSON is half of what a token costs. */
static _Thread_local struct {
    char text[HEADER_MAX];
    size_t len; /* 0: none yet */
    char kid[sizeof(((struct flash_jwt_key *)0)->kid)];
} last;

/* Judges the header and gives the name of its key, valid until the next call. */
static bool read_header(struct flash_text header, const char **ret_kid, struct flash_error *err)
{
    const char *kid = "";
    if (last.len == header.len && header.len > 0 && memcmp(last.text, header.at, header.len) == 0) {
        *ret_kid = last.kid;
        return true;
    }
    json_t *root = part_object(header);
    if (root == NULL) {
        return refuse(err, "header is not a JSON object in base64url");
    }
    bool ok = check_header(root, &kid, err);
    if (ok && strlen(kid) >= sizeof(last.kid)) {
        ok = refuse(err, "kid names no key"); /* ours are shorter */
    }
    if (ok) {
        memcpy(last.text, header.at, header.len);
        last.len = header.len;
        memcpy(last.kid, kid, strlen(kid) + 1);
        *ret_kid = last.kid;
    }
    json_decref(root);
    return ok;
}

static bool check_signature(const struct parts *parts, const struct flash_jwt_check *check,
                            struct flash_error *err)
{
    bool ok = false, named = false;
    const char *kid;

    if (!read_header(parts->header, &kid, err)) {
        return false;
    }
    for (int i = 0; i < check->key_count && !ok; i++) {
        if (strncmp(check->keys[i].kid, kid, sizeof(check->keys[i].kid)) == 0) {
            named = true;
            ok = is_signed_by(parts, &check->keys[i]);
        }
    }
    return ok || refuse(err, named ? "wrong signature" : "kid names no key");
}

/* A NumericDate (RFC 7519 §2), which may have a fraction: rounded down, or up. */
static bool read_date(const json_t *value, bool up, int64_t *ret_s)
{
    if (json_is_integer(value)) {
        json_int_t whole = json_integer_value(value);
        *ret_s = whole;
        return whole >= 0 && whole <= DATE_MAX;
    }
    double date = json_real_value(value);
    if (!json_is_real(value) || date < 0 || date > (double)DATE_MAX) {
        return false;
    }
    *ret_s = (int64_t)date;
    *ret_s += up && (double)*ret_s < date;
    return true;
}

/* Both dates round to the strict side. */
static bool read_dates(const json_t *root, struct flash_claims *claims, struct flash_error *err)
{
    const json_t *nbf = json_object_get(root, "nbf");

    if (!read_date(json_object_get(root, "exp"), false, &claims->exp_s)) {
        return refuse(err, "exp is missing or no date");
    }
    if (nbf != NULL && !read_date(nbf, true, &claims->nbf_s)) {
        return refuse(err, "nbf is no date");
    }
    return true;
}

static bool is_for_us(const json_t *aud)
{
    bool found = is_text(aud, AUDIENCE);

    for (size_t i = 0; i < json_array_size(aud); i++) {
        const json_t *one = json_array_get(aud, i);
        if (!json_is_string(one)) {
            return false;
        }
        found = found || is_text(one, AUDIENCE);
    }
    return found;
}

static struct flash_text text_of(const json_t *string)
{
    return (struct flash_text){json_string_value(string), json_string_length(string)};
}

static bool read_sku(const json_t *value, int64_t *ret_sku)
{
    if (json_is_integer(value) && json_integer_value(value) > 0) {
        *ret_sku = json_integer_value(value);
        return true;
    }
    return json_is_string(value) && flash_sku_parse(text_of(value), ret_sku);
}

static bool read_subject(const json_t *root, struct flash_claims *claims, struct flash_error *err)
{
    const json_t *role = json_object_get(root, "role");
    const json_t *sku = json_object_get(root, "sku");
    struct flash_text sub = text_of(json_object_get(root, "sub"));

    if (sub.at == NULL || !flash_user_valid(sub)) {
        return refuse(err, "sub is missing or no user id");
    }
    memcpy(claims->sub, sub.at, sub.len);
    if (role != NULL &&
        (!json_is_string(role) || !flash_role_parse(text_of(role), &claims->role))) {
        return refuse(err, "role is unknown");
    }
    if (sku != NULL && !read_sku(sku, &claims->sku)) {
        return refuse(err, "sku is none");
    }
    return true;
}

static bool read_claims(struct flash_text part, struct flash_claims *claims,
                        struct flash_error *err)
{
    bool ok = false;
    json_t *root = part_object(part);

    if (root == NULL) {
        return refuse(err, "claims are not a JSON object in base64url");
    }
    if (!is_for_us(json_object_get(root, "aud"))) {
        (void)refuse(err, "aud is not flashgate");
        goto out;
    }
    ok = read_dates(root, claims, err) && read_subject(root, claims, err);
out:
    json_decref(root);
    return ok;
}

bool flash_jwt_verify(struct flash_text token, const struct flash_jwt_check *check,
                      struct flash_claims *ret_claims, struct flash_error *err)
{
    struct flash_claims claims = {.role = FLASH_ROLE_BUYER};
    struct parts parts = {0};

    if (!split(token, &parts, err) || !check_signature(&parts, check, err) ||
        !read_claims(parts.claims, &claims, err)) {
        return false;
    }
    if (check->now_s >= claims.exp_s) {
        return refuse(err, "expired");
    }
    if (check->now_s < claims.nbf_s) {
        return refuse(err, "not valid yet");
    }
    *ret_claims = claims;
    return true;
}

/* A token being written; len > size once it did not fit. */
struct writer {
    char *out;
    size_t len, size;
};

static void put_part(struct writer *to, const uint8_t *bytes, size_t len)
{
    size_t need = FLASH_BASE64URL_LEN(len);

    if (to->len + need < to->size) {
        (void)flash_base64url_encode(bytes, len, to->out + to->len);
    }
    to->len += need;
}

static void put_dot(struct writer *to)
{
    if (to->len < to->size) {
        to->out[to->len] = '.';
    }
    to->len++;
}

/* Writes json, which it frees; false if it is NULL (out of memory, or not UTF-8) or longer than any
 * token. */
static bool put_json(struct writer *to, json_t *json)
{
    char text[JSON_BYTES_MAX];
    size_t len = json == NULL ? 0 : json_dumpb(json, text, sizeof(text), JSON_COMPACT);

    json_decref(json);
    if (len == 0 || len > sizeof(text)) {
        return false;
    }
    put_part(to, (const uint8_t *)text, len);
    return true;
}

static json_t *claims_json(const struct flash_claims *claims)
{
    char sku[FLASH_SKU_TEXT_MAX + 1];
    const char *role = claims->role == FLASH_ROLE_BUYER ? NULL : flash_role_name(claims->role);
    json_t *nbf = claims->nbf_s == 0 ? NULL : json_integer(claims->nbf_s);

    (void)snprintf(sku, sizeof(sku), "%lld", (long long)claims->sku);
    return json_pack("{s:s, s:s, s:I, s:o*, s:s*, s:s*}", "sub", claims->sub, "aud", AUDIENCE,
                     "exp", (json_int_t)claims->exp_s, "nbf", nbf, "role", role, "sku",
                     claims->sku == 0 ? NULL : sku);
}

size_t flash_jwt_issue(const struct flash_claims *claims, const struct flash_jwt_key *key,
                       char *out, size_t size)
{
    struct writer to = {.out = out, .size = size};
    const char *kid = key->kid[0] == '\0' ? NULL : key->kid;
    json_t *header = json_pack("{s:s, s:s, s:s*}", "alg", ALGORITHM, "typ", "JWT", "kid", kid);
    uint8_t mac[FLASH_HMAC_BYTES];

    assert(key->secret_len > 0);
    if (!put_json(&to, header)) {
        return 0;
    }
    put_dot(&to);
    if (!put_json(&to, claims_json(claims)) || to.len >= size ||
        !sign(key, (struct flash_text){out, to.len}, mac)) {
        return 0;
    }
    put_dot(&to);
    put_part(&to, mac, sizeof(mac));
    if (to.len >= size || to.len > FLASH_JWT_MAX) {
        return 0;
    }
    out[to.len] = '\0';
    return to.len;
}
