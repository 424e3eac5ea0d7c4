/* The walk over a JSON object's top members; see members.h. */
#include "members.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define ONES 0x0101010101010101u
#define HIGHS 0x8080808080808080u

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "a flag's place is its byte's");

static void blanks(struct flash_bench_members *members)
{
    while (members->at < members->end && (*members->at == ' ' || *members->at == '\t' ||
                                          *members->at == '\r' || *members->at == '\n')) {
        members->at++;
    }
}

/* Past the byte c and the blanks before it; false if something else is there. */
static bool byte(struct flash_bench_members *members, char c)
{
    blanks(members);
    if (members->at == members->end || *members->at != c) {
        return false;
    }
    members->at++;
    return true;
}

/* Eight bytes at once: the lowest flag is at the first byte that is zero. */
static uint64_t zero_flags(uint64_t bytes)
{
    return (bytes - ONES) & ~bytes & HIGHS;
}

/* To the first quote, backslash or control; end if there is none. */
static const char *skip_plain(const char *at, const char *end)
{
    uint64_t bytes;
    for (; end - at >= 8; at += 8) {
        memcpy(&bytes, at, 8);
        uint64_t flags = zero_flags(bytes ^ ONES * '"') | zero_flags(bytes ^ ONES * '\\') |
                         ((bytes - ONES * 0x20) & ~bytes & HIGHS);
        if (flags != 0) {
            return at + __builtin_ctzll(flags) / 8;
        }
    }
    while (at < end && *at != '"' && *at != '\\' && (unsigned char)*at >= 0x20) {
        at++;
    }
    return at;
}

/* A string whose opening quote was passed; controls are refused, a backslash takes the next byte
 * with it. */
static bool string_rest(struct flash_bench_members *members, struct flash_text *ret_text)
{
    const char *start = members->at;
    for (;; members->at += 2) {
        members->at = skip_plain(members->at, members->end);
        size_t left = (size_t)(members->end - members->at);
        if (left > 0 && *members->at == '"') {
            *ret_text = (struct flash_text){start, (size_t)(members->at - start)};
            members->at++;
            return true;
        }
        if (left < 2 || *members->at != '\\') {
            return false;
        }
    }
}

/* Skips an object or array: brackets are counted, strings inside are passed whole. */
static bool nested(struct flash_bench_members *members)
{
    struct flash_text ignored;
    int depth = 0;
    while (members->at < members->end) {
        char c = *members->at++;
        if (c == '"' && !string_rest(members, &ignored)) {
            return false;
        }
        depth += (c == '{' || c == '[') - (c == '}' || c == ']');
        if (depth == 0) {
            return true;
        }
    }
    return false;
}

static bool is_number(struct flash_text text)
{
    if (text.len == 0 || strchr("+.eE", text.at[0]) != NULL) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (memchr("0123456789+-.eE", text.at[i], 15) == NULL) {
            return false;
        }
    }
    return true;
}

static bool is_word(struct flash_text text)
{
    return (text.len == 4 && memcmp(text.at, "true", 4) == 0) ||
           (text.len == 5 && memcmp(text.at, "false", 5) == 0) ||
           (text.len == 4 && memcmp(text.at, "null", 4) == 0);
}

/* A value that is not a string: up to the next comma, brace or blank. */
static bool bare_value(struct flash_bench_members *members, struct flash_bench_member *member)
{
    const char *start = members->at;
    member->type = FLASH_BENCH_OTHER;
    if (members->at < members->end && (*start == '{' || *start == '[')) {
        if (!nested(members)) {
            return false;
        }
        member->value = (struct flash_text){start, (size_t)(members->at - start)};
        return true;
    }
    while (members->at < members->end && memchr(",} \t\r\n", *members->at, 6) == NULL) {
        members->at++;
    }
    member->value = (struct flash_text){start, (size_t)(members->at - start)};
    if (is_number(member->value)) {
        member->type = FLASH_BENCH_NUMBER;
        return true;
    }
    return is_word(member->value);
}

static bool read_member(struct flash_bench_members *members, struct flash_bench_member *member)
{
    if (!byte(members, '"') || !string_rest(members, &member->name) || !byte(members, ':')) {
        return false;
    }
    if (byte(members, '"')) {
        member->type = FLASH_BENCH_STRING;
        return string_rest(members, &member->value);
    }
    return bare_value(members, member);
}

static enum flash_bench_walk ended(struct flash_bench_members *members, bool well)
{
    members->count = -1;
    blanks(members);
    return well && members->at == members->end ? FLASH_BENCH_END : FLASH_BENCH_MALFORMED;
}

struct flash_bench_members flash_bench_members_of(struct flash_text object)
{
    return (struct flash_bench_members){object.at, object.at + object.len, 0};
}

enum flash_bench_walk flash_bench_members_next(struct flash_bench_members *members,
                                               struct flash_bench_member *ret_member)
{
    if (members->count < 0) {
        return FLASH_BENCH_MALFORMED;
    }
    if (members->count == 0 && !byte(members, '{')) {
        return ended(members, false);
    }
    if (byte(members, '}')) {
        return ended(members, true);
    }
    struct flash_bench_member member;
    if ((members->count > 0 && !byte(members, ',')) || !read_member(members, &member)) {
        return ended(members, false);
    }
    members->count++;
    *ret_member = member;
    return FLASH_BENCH_MEMBER;
}
