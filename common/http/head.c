/* The strict look at a head's raw bytes, line by line, before anything else believes them
 * (SECURITY: smuggling).
 *
 * Every line ends in CRLF; CR, LF, NUL and other controls stand nowhere else. The request line is
 * exactly method SP target SP version, the target a path in origin-form. A field is token ":" value
 * without white space before the colon; a line that begins with white space (obs-fold) is none. An
 * empty line before the request is refused too (RFC 9112 §2.2 would let us skip it: no client of an
 * API sends one). A broken line is refused when it ends and not when the head does, so a client
 * with bare LFs is told at once. */
#include "head.h"

#include <string.h>
#include <strings.h>

enum byte_class {
    BYTE_TOKEN = 1, /* RFC 9110 §5.6.2 */
    BYTE_TARGET =
        2, /* RFC 3986 pchar, '/' and '?'; brackets too: browsers do not escape them in a query */
    BYTE_VALUE = 4, /* visible, space, tab, and obs-text, which is opaque */
    BYTE_ALL = 7,
};

static const unsigned char classes[256] = {
    ['\t'] = BYTE_VALUE,
    [' '] = BYTE_VALUE,
    ['"'] = BYTE_VALUE,
    ['\\'] = BYTE_VALUE,
    ['<'] = BYTE_VALUE,
    ['>'] = BYTE_VALUE,
    ['{'] = BYTE_VALUE,
    ['}'] = BYTE_VALUE,
    ['#'] = BYTE_VALUE | BYTE_TOKEN,
    ['^'] = BYTE_VALUE | BYTE_TOKEN,
    ['`'] = BYTE_VALUE | BYTE_TOKEN,
    ['|'] = BYTE_VALUE | BYTE_TOKEN,
    ['('] = BYTE_VALUE | BYTE_TARGET,
    [')'] = BYTE_VALUE | BYTE_TARGET,
    [','] = BYTE_VALUE | BYTE_TARGET,
    ['/'] = BYTE_VALUE | BYTE_TARGET,
    [':'] = BYTE_VALUE | BYTE_TARGET,
    [';'] = BYTE_VALUE | BYTE_TARGET,
    ['='] = BYTE_VALUE | BYTE_TARGET,
    ['?'] = BYTE_VALUE | BYTE_TARGET,
    ['@'] = BYTE_VALUE | BYTE_TARGET,
    ['['] = BYTE_VALUE | BYTE_TARGET,
    [']'] = BYTE_VALUE | BYTE_TARGET,
    ['!'] = BYTE_ALL,
    ['$'] = BYTE_ALL,
    ['%'] = BYTE_ALL,
    ['&'] = BYTE_ALL,
    ['\''] = BYTE_ALL,
    ['*'] = BYTE_ALL,
    ['+'] = BYTE_ALL,
    ['-'] = BYTE_ALL,
    ['.'] = BYTE_ALL,
    ['_'] = BYTE_ALL,
    ['~'] = BYTE_ALL,
    ['0' ... '9'] = BYTE_ALL,
    ['A' ... 'Z'] = BYTE_ALL,
    ['a' ... 'z'] = BYTE_ALL,
    [0x80 ... 0xff] = BYTE_VALUE,
};

#define NAME(text) .name = text, .len = sizeof(text) - 1

static const struct {
    const char *name;
    uint8_t len;
    bool once;    /* a second one is refused */
    bool framing; /* http-parser must see it; of names that are not known it sees all */
} known_names[KNOWN_FIELDS] = {
    [KNOWN_HOST] = {NAME("host"), .once = true},
    [KNOWN_ACCEPT] = {NAME("accept")},
    [KNOWN_COOKIE] = {NAME("cookie")},
    [KNOWN_EXPECT] = {NAME("expect"), .once = true, .framing = true},
    [KNOWN_ORIGIN] = {NAME("origin")},
    [KNOWN_PREFER] = {NAME("prefer")},
    [KNOWN_REFERER] = {NAME("referer")},
    [KNOWN_USER_ID] = {NAME("x-user-id"), .once = true},
    [KNOWN_USER_AGENT] = {NAME("user-agent")},
    [KNOWN_TRACEPARENT] = {NAME("traceparent")},
    [KNOWN_CONTENT_TYPE] = {NAME("content-type"), .once = true},
    [KNOWN_AUTHORIZATION] = {NAME("authorization"), .once = true},
    [KNOWN_IF_NONE_MATCH] = {NAME("if-none-match")},
    [KNOWN_CONTENT_LENGTH] = {NAME("content-length"), .once = true, .framing = true},
    [KNOWN_ACCEPT_ENCODING] = {NAME("accept-encoding")},
    [KNOWN_ACCEPT_LANGUAGE] = {NAME("accept-language")},
    [KNOWN_IDEMPOTENCY_KEY] = {NAME("idempotency-key"), .once = true},
    [KNOWN_TRANSFER_ENCODING] = {NAME("transfer-encoding"), .once = true, .framing = true},
};

/* The fields whose names have that length, first to last; of other lengths none fits. */
static const struct {
    uint8_t first, last;
} of_length[] = {
    [4] = {KNOWN_HOST, KNOWN_HOST},
    [6] = {KNOWN_ACCEPT, KNOWN_PREFER},
    [7] = {KNOWN_REFERER, KNOWN_REFERER},
    [9] = {KNOWN_USER_ID, KNOWN_USER_ID},
    [10] = {KNOWN_USER_AGENT, KNOWN_USER_AGENT},
    [11] = {KNOWN_TRACEPARENT, KNOWN_TRACEPARENT},
    [12] = {KNOWN_CONTENT_TYPE, KNOWN_CONTENT_TYPE},
    [13] = {KNOWN_AUTHORIZATION, KNOWN_IF_NONE_MATCH},
    [14] = {KNOWN_CONTENT_LENGTH, KNOWN_CONTENT_LENGTH},
    [15] = {KNOWN_ACCEPT_ENCODING, KNOWN_IDEMPOTENCY_KEY},
    [17] = {KNOWN_TRANSFER_ENCODING, KNOWN_TRANSFER_ENCODING},
};

static enum refusal take_line(struct head *head, const char *bytes, size_t end);
static enum refusal take_request_line(struct head *head, const char *line, size_t len);
static enum refusal take_field(struct head *head, const char *line, size_t len);

void flash_http_head_reset(struct head *head)
{
    memset(head, 0, offsetof(struct head, fields));
}

static enum head_progress refuse(struct head *head, enum refusal refusal)
{
    head->refusal = refusal;
    return HEAD_REFUSED;
}

enum head_progress flash_http_head_feed(struct head *head, const char *bytes, size_t len)
{
    size_t limit = len < HEAD_MAX ? len : HEAD_MAX;
    while (head->len == 0) {
        const char *lf = memchr(bytes + head->scanned, '\n', limit - head->scanned);
        size_t end = lf ? (size_t)(lf - bytes) : limit;
        /* One byte may still be the CR. Sizes come first: the verdict must not depend on where the
         * bytes were cut. */
        if (head->line == 0 && end > REQUEST_LINE_MAX + 1) {
            return refuse(head, REFUSAL_LINE_SIZE);
        }
        if (!lf) {
            head->scanned = (uint16_t)limit;
            return limit < HEAD_MAX ? HEAD_MORE : refuse(head, REFUSAL_HEAD_SIZE);
        }
        enum refusal refusal = take_line(head, bytes, end);
        if (refusal != REFUSAL_NONE) {
            return refuse(head, refusal);
        }
        head->scanned = head->line = (uint16_t)(end + 1);
        head->fields_at = head->fields_at ? head->fields_at : head->line;
    }
    return HEAD_COMPLETE;
}

/* The line from head->line up to its LF at end. The empty one completes the head. */
static enum refusal take_line(struct head *head, const char *bytes, size_t end)
{
    if (end == head->line || bytes[end - 1] != '\r') {
        return REFUSAL_LINE_END;
    }
    const char *line = bytes + head->line;
    size_t len = end - 1 - head->line;
    if (head->line == 0) {
        return take_request_line(head, line, len);
    }
    if (len > 0) {
        return take_field(head, line, len);
    }
    head->len = (uint16_t)(end + 1);
    return REFUSAL_NONE;
}

/* How many bytes from the start are of the class. */
static size_t span(const char *bytes, size_t len, enum byte_class wanted)
{
    size_t at = 0;
    while (at < len && (classes[(unsigned char)bytes[at]] & wanted)) {
        at++;
    }
    return at;
}

/* Whether all are of BYTE_VALUE. Eight at a time where none is a control, which is nearly always.
 */
static bool value_valid(const char *bytes, size_t len)
{
    static const uint64_t ones = UINT64_MAX / 255, highs = UINT64_MAX / 255 * 0x80;
    size_t at = 0;
    for (uint64_t word; len - at >= sizeof(word); at += sizeof(word)) {
        memcpy(&word, bytes + at, sizeof(word));
        uint64_t below_space = (word - ones * ' ') & ~word;
        uint64_t deletes = word ^ ones * 0x7f;
        if ((below_space | ((deletes - ones) & ~deletes)) & highs) {
            break; /* a control, which may be a tab */
        }
    }
    return span(bytes + at, len - at, BYTE_VALUE) == len - at;
}

static enum flash_method method_of(const char *name, size_t len)
{
    static const struct {
        const char *name;
        size_t len;
        enum flash_method method;
    } rows[] = {
        {"GET", 3, FLASH_METHOD_GET},       {"HEAD", 4, FLASH_METHOD_HEAD},
        {"POST", 4, FLASH_METHOD_POST},     {"PUT", 3, FLASH_METHOD_PUT},
        {"DELETE", 6, FLASH_METHOD_DELETE},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].len == len && memcmp(rows[i].name, name, len) == 0) {
            return rows[i].method;
        }
    }
    return FLASH_METHOD_OTHER;
}

static enum refusal take_version(struct head *head, const char *text, size_t len)
{
    if (len != 8 || memcmp(text, "HTTP/", 5) != 0 || text[6] != '.') {
        return REFUSAL_REQUEST_LINE;
    }
    if (text[5] < '0' || text[5] > '9' || text[7] < '0' || text[7] > '9') {
        return REFUSAL_REQUEST_LINE;
    }
    head->minor = (uint8_t)(text[7] - '0');
    return text[5] == '1' && head->minor <= 1 ? REFUSAL_NONE : REFUSAL_VERSION;
}

static bool is_hex(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f') ||
           (byte >= 'A' && byte <= 'F');
}

/* A path that begins with '/', perhaps a query, no fragment, each '%' before two hex digits. */
static bool target_valid(const char *target, size_t len)
{
    if (len == 0 || target[0] != '/' || span(target, len, BYTE_TARGET) != len) {
        return false;
    }
    const char *end = target + len, *at = target;
    while ((at = memchr(at, '%', (size_t)(end - at))) != NULL) {
        if (end - at < 3 || !is_hex(at[1]) || !is_hex(at[2])) {
            return false;
        }
        at += 3;
    }
    return true;
}

static enum refusal take_request_line(struct head *head, const char *line, size_t len)
{
    size_t method_len = span(line, len, BYTE_TOKEN);
    if (method_len == 0 || method_len == len || line[method_len] != ' ') {
        return REFUSAL_REQUEST_LINE;
    }
    const char *target = line + method_len + 1;
    size_t left = len - method_len - 1;
    const char *space = memchr(target, ' ', left);
    if (!space || space == target) {
        return REFUSAL_REQUEST_LINE;
    }
    size_t target_len = (size_t)(space - target);
    if (!target_valid(target, target_len)) {
        return REFUSAL_TARGET;
    }
    const char *query = memchr(target, '?', target_len);
    head->method = method_of(line, method_len);
    head->method_len = (uint16_t)method_len;
    head->target = (uint16_t)(method_len + 1);
    head->target_len = (uint16_t)target_len;
    head->path_len = query ? (uint16_t)(query - target) : (uint16_t)target_len;
    return take_version(head, space + 1, left - target_len - 1);
}

enum known_field flash_http_field_of(struct flash_text name)
{
    if (name.len >= sizeof(of_length) / sizeof(of_length[0])) {
        return KNOWN_NONE;
    }
    for (int i = of_length[name.len].first; i <= of_length[name.len].last; i++) {
        if (known_names[i].len == name.len &&
            known_names[i].name[0] == (name.at[0] | ('a' - 'A')) && /* a call less, mostly */
            strncasecmp(known_names[i].name, name.at, name.len) == 0) {
            return (enum known_field)i;
        }
    }
    return KNOWN_NONE;
}

/* Remembers where a known field stands, which is the last one so far. */
static enum refusal take_known(struct head *head, enum known_field known)
{
    if (known == KNOWN_NONE) {
        return REFUSAL_NONE;
    }
    if (!known_names[known].framing) {
        head->harmless |= UINT64_C(1) << (head->field_count - 1);
    }
    if (head->known[known]) {
        return known_names[known].once ? REFUSAL_REPEATED : REFUSAL_NONE;
    }
    head->known[known] = head->field_count;
    return REFUSAL_NONE;
}

static enum refusal take_field(struct head *head, const char *line, size_t len)
{
    const char *colon = memchr(line, ':', len);
    size_t name_len = colon ? (size_t)(colon - line) : 0;
    enum known_field known = flash_http_field_of((struct flash_text){line, name_len});
    if (name_len == 0 || (known == KNOWN_NONE && span(line, name_len, BYTE_TOKEN) != name_len)) {
        return REFUSAL_FIELD;
    }
    if (head->field_count == FIELDS_MAX) {
        return REFUSAL_HEAD_SIZE;
    }
    size_t begin = name_len + 1;
    if (!value_valid(line + begin, len - begin)) {
        return REFUSAL_FIELD;
    }
    while (begin < len && (line[begin] == ' ' || line[begin] == '\t')) {
        begin++;
    }
    while (len > begin && (line[len - 1] == ' ' || line[len - 1] == '\t')) {
        len--;
    }
    head->fields[head->field_count++] = (struct field){
        .name = head->line,
        .name_len = (uint16_t)name_len,
        .value = (uint16_t)(head->line + begin),
        .value_len = (uint16_t)(len - begin),
    };
    return take_known(head, known);
}
