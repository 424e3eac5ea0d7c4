/* The entry's codec: bytes to lines in one pass, and a reserve line to bytes.
 *
 * The format has one text for each entry (docs/FORMATS.md): members in a fixed order, no white
 * space, canonical numbers, texts that need no escape. So the decoder is a cursor that takes
 * literals, numbers and texts in turn; whatever it accepts would be written again byte for byte,
 * which is also what its fuzzer holds it to.
 *
 *   {"v":1,"id":"…","type":"marker"}
 *   {"v":1,"id":"…","type":"…","sku":"…","generation":…,"stream":"…-…","due":…,"lines":[[…],…]}
 *
 * Invariants: the cursor never reads at or past its end; a failed step leaves it where the wrong
 * token starts and says what should have stood there; the result is handed over only when the last
 * byte was taken. */
#include "flash/entry.h"

#include <assert.h>
#include <limits.h>
#include <string.h>

#include "flash/put.h"

#define LUA_EXACT_MAX ((1ULL << 53) - 1) /* the greatest integer a script can count to */
#define SEEN_SLOTS (2 * FLASH_BATCH_LINES)

_Static_assert((SEEN_SLOTS & (SEEN_SLOTS - 1)) == 0, "a slot is found by a mask");
_Static_assert(FLASH_USER_MAX <= FLASH_REF_MAX && FLASH_PAYMENT_ID_MAX <= FLASH_REF_MAX &&
                   FLASH_SKU_TEXT_MAX <= FLASH_REF_MAX,
               "every text but a reason is no longer than a ref");
_Static_assert(FLASH_LINE_BYTES >= 1 + (FLASH_REF_MAX + 3) + (FLASH_USER_MAX + 3) + 4 + 1,
               "a reserve line fits its buffer");

/* What a type's entry carries beyond the common members. */
struct shape {
    struct flash_text name;
    bool has_due;     /* else due is 0 */
    bool has_version; /* lines carry from_version */
    bool has_payment; /* lines carry the payment id, and an order may have several: one that paid
                         it, and late ones */
    bool has_reason;  /* lines carry a reason, and as many units as a SKU may have */
};

#define NAME(word)                                                                                 \
    {                                                                                              \
        word, sizeof(word) - 1                                                                     \
    }

static const struct shape shapes[FLASH_ENTRY_TYPE_COUNT] = {
    [FLASH_ENTRY_RESERVE] = {.name = NAME("reserve"), .has_due = true},
    [FLASH_ENTRY_PAY] = {.name = NAME("pay"), .has_version = true, .has_payment = true},
    [FLASH_ENTRY_CANCEL] = {.name = NAME("cancel"), .has_version = true},
    [FLASH_ENTRY_EXPIRE] = {.name = NAME("expire"), .has_version = true},
    [FLASH_ENTRY_RETURN] = {.name = NAME("return"), .has_version = true},
    [FLASH_ENTRY_TAKE] = {.name = NAME("take"), .has_reason = true},
    [FLASH_ENTRY_MARKER] = {.name = NAME("marker")},
};

/* A number's limits, and how to name it in an error. */
struct range {
    uint64_t min, max;
    const char *what;
};

static const struct range generation_range = {1, LUA_EXACT_MAX, "a generation from 1"};
static const struct range stream_us_range = {1, LUA_EXACT_MAX, "microseconds from 1"};
static const struct range stream_r_range = {0, UINT64_MAX, "the low 64 bits of id"};
static const struct range due_range = {0, LUA_EXACT_MAX, "a deadline in seconds"};
static const struct range no_due_range = {0, 0, "0, only reserve has a deadline"};
static const struct range quantity_range = {1, FLASH_QUANTITY_MAX, "a quantity of 1..9999"};
static const struct range take_range = {1, FLASH_BASE_MAX, "a quantity of 1..1000000000"};
static const struct range version_range = {1, INT_MAX - 1, "a version from 1"};

struct cursor {
    const char *at, *end;
    const char *wanted; /* after a failed step: what should have stood at `at` */
};

/* Which refs an entry has had: open addressing, slot = line number + 1, 0 = free. At worst, with
 * refs made to collide, a full entry costs 32,640 comparisons. */
struct seen {
    uint16_t slots[SEEN_SLOTS];
};

static bool miss(struct cursor *in, const char *wanted)
{
    in->wanted = wanted;
    return false;
}

static size_t left(const struct cursor *in)
{
    return (size_t)(in->end - in->at);
}

static bool take(struct cursor *in, const char *literal, size_t len)
{
    if (left(in) < len || memcmp(in->at, literal, len) != 0) {
        return miss(in, literal);
    }
    in->at += len;
    return true;
}

#define TAKE(in, literal) take(in, literal, sizeof(literal) - 1)

static bool next_is(const struct cursor *in, char c)
{
    return in->at < in->end && *in->at == c;
}

static bool take_number(struct cursor *in, const struct range *range, uint64_t *ret_number)
{
    const char *at = in->at;
    uint64_t number = 0;

    for (; at < in->end && *at >= '0' && *at <= '9'; at++) {
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, (uint64_t)(*at - '0'), &number)) {
            return miss(in, range->what);
        }
    }
    bool canonical = at == in->at + 1 || (at > in->at && *in->at != '0');
    if (!canonical || number < range->min || number > range->max) {
        return miss(in, range->what);
    }
    in->at = at;
    *ret_number = number;
    return true;
}

/* Looks ahead for the closing quote of a text of at most max bytes. */
static bool peek_text(const struct cursor *in, size_t max, struct flash_text *ret_text)
{
    size_t reach = left(in) < max + 1 ? left(in) : max + 1;
    const char *quote = memchr(in->at, '"', reach);

    if (quote == NULL) {
        return false;
    }
    *ret_text = (struct flash_text){in->at, (size_t)(quote - in->at)};
    return true;
}

static bool take_ref(struct cursor *in, struct flash_text *ret_ref)
{
    if (!peek_text(in, FLASH_REF_MAX, ret_ref) || !flash_ref_valid(*ret_ref)) {
        return miss(in, "1..64 printable ASCII bytes");
    }
    in->at += ret_ref->len;
    return true;
}

static bool take_user(struct cursor *in, struct flash_text *ret_user)
{
    if (!peek_text(in, FLASH_REF_MAX, ret_user) || !flash_user_valid(*ret_user)) {
        return miss(in, "a user id of 1..64 bytes of UTF-8");
    }
    in->at += ret_user->len;
    return true;
}

static bool take_reason(struct cursor *in, struct flash_text *ret_reason)
{
    if (!peek_text(in, FLASH_REASON_MAX, ret_reason) || !flash_reason_valid(*ret_reason)) {
        return miss(in, "a reason of 1..200 bytes of UTF-8");
    }
    in->at += ret_reason->len;
    return true;
}

static bool take_sku(struct cursor *in, int64_t *ret_sku)
{
    struct flash_text text;

    if (!peek_text(in, FLASH_REF_MAX, &text) || !flash_sku_parse(text, ret_sku)) {
        return miss(in, "a SKU");
    }
    in->at += text.len;
    return true;
}

static bool take_uuid(struct cursor *in, struct flash_uuid *ret_uuid)
{
    struct flash_text text = {in->at, FLASH_UUID_TEXT};

    if (left(in) < FLASH_UUID_TEXT || !flash_uuid_parse(text, ret_uuid)) {
        return miss(in, "a UUIDv7 in lower case");
    }
    in->at += text.len;
    return true;
}

static bool take_type(struct cursor *in, enum flash_entry_type *ret_type)
{
    struct flash_text text;

    if (!peek_text(in, FLASH_REF_MAX, &text)) {
        return miss(in, "a type");
    }
    for (int type = FLASH_ENTRY_RESERVE; type < FLASH_ENTRY_TYPE_COUNT; type++) {
        const struct flash_text *name = &shapes[type].name;
        if (text.len == name->len && memcmp(text.at, name->at, name->len) == 0) {
            in->at += text.len;
            *ret_type = (enum flash_entry_type)type;
            return true;
        }
    }
    return miss(in, "a type");
}

static bool take_head(struct cursor *in, struct flash_entry *entry)
{
    return TAKE(in, "{\"v\":1,\"id\":\"") && take_uuid(in, &entry->id) &&
           TAKE(in, "\",\"type\":\"") && take_type(in, &entry->type) && TAKE(in, "\"");
}

static bool take_stream_r(struct cursor *in, struct flash_entry *entry)
{
    const char *start = in->at;

    if (!take_number(in, &stream_r_range, &entry->stream_r)) {
        return false;
    }
    if (entry->stream_r != flash_uuid_low64(&entry->id)) {
        in->at = start;
        return miss(in, stream_r_range.what);
    }
    return true;
}

static bool take_members(struct cursor *in, struct flash_entry *entry)
{
    const struct range *due_limits = shapes[entry->type].has_due ? &due_range : &no_due_range;
    uint64_t generation, due;

    if (!TAKE(in, ",\"sku\":\"") || !take_sku(in, &entry->sku) || !TAKE(in, "\",\"generation\":") ||
        !take_number(in, &generation_range, &generation) || !TAKE(in, ",\"stream\":\"") ||
        !take_number(in, &stream_us_range, &entry->stream_us) || !TAKE(in, "-") ||
        !take_stream_r(in, entry) || !TAKE(in, "\",\"due\":") ||
        !take_number(in, due_limits, &due)) {
        return false;
    }
    entry->generation = (int64_t)generation;
    entry->due_s = (int64_t)due;
    return true;
}

static bool take_line(struct cursor *in, const struct shape *shape, struct flash_entry_line *line)
{
    uint64_t quantity, version = 0;

    if (!TAKE(in, "[\"") || !take_ref(in, &line->ref) || !TAKE(in, "\",\"") ||
        !take_user(in, &line->user) || !TAKE(in, "\",") ||
        !take_number(in, shape->has_reason ? &take_range : &quantity_range, &quantity)) {
        return false;
    }
    if (shape->has_version && (!TAKE(in, ",") || !take_number(in, &version_range, &version))) {
        return false;
    }
    line->payment = line->reason = (struct flash_text){0};
    if (shape->has_payment &&
        (!TAKE(in, ",\"") || !take_ref(in, &line->payment) || !TAKE(in, "\""))) {
        return false;
    }
    if (shape->has_reason &&
        (!TAKE(in, ",\"") || !take_reason(in, &line->reason) || !TAKE(in, "\""))) {
        return false;
    }
    line->quantity = (int)quantity;
    line->from_version = (int)version;
    return TAKE(in, "]");
}

static uint64_t hash(struct flash_text text)
{
    uint64_t sum = text.len;

    for (size_t i = 0; i < text.len; i += sizeof(uint64_t)) {
        uint64_t word = 0;
        size_t rest = text.len - i;
        memcpy(&word, text.at + i, rest < sizeof(word) ? rest : sizeof(word));
        sum = (sum ^ word) * 0x9e3779b97f4a7c15ULL;
        sum ^= sum >> 32;
    }
    return sum;
}

/* Remembers line n's ref; false if an earlier line has the same. */
static bool remember_ref(struct seen *seen, const struct flash_entry_line *lines, int n)
{
    struct flash_text ref = lines[n].ref;
    size_t slot = hash(ref) & (SEEN_SLOTS - 1);

    while (seen->slots[slot] != 0) {
        struct flash_text other = lines[seen->slots[slot] - 1].ref;
        if (other.len == ref.len && memcmp(other.at, ref.at, ref.len) == 0) {
            return false;
        }
        slot = (slot + 1) & (SEEN_SLOTS - 1);
    }
    seen->slots[slot] = (uint16_t)(n + 1);
    return true;
}

static bool take_lines(struct cursor *in, struct flash_entry *entry)
{
    const struct shape *shape = &shapes[entry->type];
    struct seen seen = {0};
    int n = 0;

    if (!TAKE(in, ",\"lines\":[")) {
        return false;
    }
    do {
        const char *start = in->at;
        if (n == FLASH_BATCH_LINES) {
            return miss(in, "at most 256 lines");
        }
        if (!take_line(in, shape, &entry->lines[n])) {
            return false;
        }
        if (!shape->has_payment && !remember_ref(&seen, entry->lines, n)) {
            in->at = start;
            return miss(in, "a ref that no earlier line has");
        }
        n++;
    } while (next_is(in, ',') && TAKE(in, ","));
    entry->line_count = n;
    return TAKE(in, "]");
}

static bool take_entry(struct cursor *in, struct flash_entry *entry)
{
    if (!take_head(in, entry)) {
        return false;
    }
    if (entry->type != FLASH_ENTRY_MARKER && (!take_members(in, entry) || !take_lines(in, entry))) {
        return false;
    }
    return TAKE(in, "}") && (in->at == in->end || miss(in, "nothing more"));
}

bool flash_entry_decode(struct flash_text value, struct flash_entry *ret_entry,
                        struct flash_error *err)
{
    struct flash_entry entry; /* what is not taken from value is set here; lines as they come */

    if (value.len == 0 || value.len > FLASH_ENTRY_BYTES_MAX) {
        return flash_error_set(err, FLASH_ERROR_DATA, "entry: %zu bytes, expected 1..%d", value.len,
                               FLASH_ENTRY_BYTES_MAX);
    }
    entry.sku = entry.generation = entry.due_s = 0;
    entry.stream_us = entry.stream_r = 0;
    entry.line_count = 0;

    struct cursor in = {.at = value.at, .end = value.at + value.len};
    if (!take_entry(&in, &entry)) {
        return flash_error_set(err, FLASH_ERROR_DATA, "entry: at byte %zu: expected %s",
                               (size_t)(in.at - value.at), in.wanted);
    }
    memcpy(ret_entry, &entry,
           offsetof(struct flash_entry, lines) + (size_t)entry.line_count * sizeof(entry.lines[0]));
    return true;
}

const char *flash_entry_type_name(enum flash_entry_type type)
{
    assert(type >= FLASH_ENTRY_RESERVE && type < FLASH_ENTRY_TYPE_COUNT);
    return shapes[type].name.at;
}

size_t flash_entry_line_write(char out[FLASH_LINE_BYTES], struct flash_text ref,
                              struct flash_text user, int quantity)
{
    char *at = out;

    assert(ref.len <= FLASH_REF_MAX && user.len <= FLASH_USER_MAX);
    assert(quantity >= 1 && quantity <= FLASH_QUANTITY_MAX);
    at = flash_put(FLASH_PUT_LITERAL(at, "[\""), ref.at, ref.len);
    at = flash_put(FLASH_PUT_LITERAL(at, "\",\""), user.at, user.len);
    at = flash_put_number(FLASH_PUT_LITERAL(at, "\","), (uint64_t)quantity);
    at = FLASH_PUT_LITERAL(at, "]");
    return (size_t)(at - out);
}
