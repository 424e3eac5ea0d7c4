/* The judgement on a complete head: Host, the body's length, Expect, keep-alive.
 *
 * http-parser reads the same bytes and must agree on the length of the head and of the body: two
 * readers that differ are how requests are smuggled, so a difference is refused. Upgrades are never
 * taken.
 *
 * It sees what bears on that: neither the method (it knows a fixed list, and changes its framing
 * for CONNECT) nor the target, in place of which it sees POST and a slash, nor fields whose names
 * are known to say nothing about framing. Of all these head.c has found that they end no line.
 * tests/http/test_agreement.c holds that to what http-parser says of the whole. */
#include <http_parser.h>
#include <string.h>
#include <strings.h>

#include "head.h"

#define CRLF 2U /* bytes */

struct opinion {
    uint64_t content_length;
    bool complete, keep_alive;
};

static struct flash_text known_value(const struct head *head, const char *bytes,
                                     enum known_field known)
{
    if (!head->known[known]) {
        return (struct flash_text){NULL, 0};
    }
    const struct field *field = &head->fields[head->known[known] - 1];
    return (struct flash_text){bytes + field->value, field->value_len};
}

/* A name, an IPv4 address or an IPv6 one in brackets, perhaps a port: by its bytes, nothing is
 * looked up. */
static bool host_valid(struct flash_text host)
{
    static const bool allowed[256] = {
        ['0' ... '9'] = true, ['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['-'] = true,
        ['.'] = true,         ['_'] = true,         ['~'] = true,         ['%'] = true,
        ['!'] = true,         ['$'] = true,         ['&'] = true,         ['\''] = true,
        ['('] = true,         [')'] = true,         ['*'] = true,         ['+'] = true,
        [';'] = true,         ['='] = true,         [':'] = true,         ['['] = true,
        [']'] = true,
    };
    size_t at = 0;
    while (at < host.len && allowed[(unsigned char)host.at[at]]) {
        at++;
    }
    return host.len > 0 && at == host.len;
}

static enum refusal judge_host(const struct head *head, const char *bytes)
{
    struct flash_text host = known_value(head, bytes, KNOWN_HOST);
    if (!host.at) {
        return head->minor == 0 ? REFUSAL_NONE : REFUSAL_HOST;
    }
    return host_valid(host) ? REFUSAL_NONE : REFUSAL_HOST;
}

/* 1 to 18 digits: more cannot be meant, and no sum overflows. */
static enum refusal judge_length(const struct head *head, const char *bytes, uint64_t *ret_len)
{
    struct flash_text text = known_value(head, bytes, KNOWN_CONTENT_LENGTH);
    if (head->known[KNOWN_TRANSFER_ENCODING]) {
        return text.at ? REFUSAL_TWO_LENGTHS : REFUSAL_TRANSFER_ENCODING;
    }
    uint64_t len = 0;
    if (text.at && (text.len == 0 || text.len > 18)) {
        return REFUSAL_CONTENT_LENGTH;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9') {
            return REFUSAL_CONTENT_LENGTH;
        }
        len = len * 10 + (uint64_t)(text.at[i] - '0');
    }
    *ret_len = len;
    return REFUSAL_NONE;
}

static enum refusal judge_expect(const struct head *head, const char *bytes, bool *ret_expect)
{
    struct flash_text text = known_value(head, bytes, KNOWN_EXPECT);
    if (!text.at || head->minor == 0) {
        return REFUSAL_NONE; /* RFC 9110 §10.1.1: ignored in HTTP/1.0 */
    }
    if (text.len != 12 || strncasecmp(text.at, "100-continue", 12) != 0) {
        return REFUSAL_EXPECT;
    }
    *ret_expect = true;
    return REFUSAL_NONE;
}

static int on_headers_complete(http_parser *parser)
{
    struct opinion *opinion = parser->data;
    bool no_length = parser->content_length == UINT64_MAX;
    opinion->content_length = no_length ? 0 : parser->content_length;
    opinion->keep_alive = http_should_keep_alive(parser);
    opinion->complete = true;
    return 1; /* the body is not its business */
}

/* Whether http-parser takes all of text. */
static bool show(http_parser *parser, struct flash_text text)
{
    static const http_parser_settings settings = {.on_headers_complete = on_headers_complete};
    return http_parser_execute(parser, &settings, text.at, text.len) == text.len &&
           HTTP_PARSER_ERRNO(parser) == HPE_OK;
}

/* A parser that has read the request line of that minor version; kept, as it is the same each time.
 */
static http_parser behind_line(uint8_t minor)
{
    static _Thread_local struct {
        http_parser parser;
        bool ready;
    } kept[2];
    if (!kept[minor].ready) {
        const char *line = minor ? "POST / HTTP/1.1\r\n" : "POST / HTTP/1.0\r\n";
        http_parser_init(&kept[minor].parser, HTTP_REQUEST);
        kept[minor].ready = show(&kept[minor].parser, (struct flash_text){line, strlen(line)});
    }
    return kept[minor].parser;
}

/* Shows the stretches between harmless fields, one after the other. */
static enum refusal judge_agreement(const struct head *head, const char *bytes,
                                    struct opinion *opinion)
{
    http_parser parser = behind_line(head->minor);
    parser.data = opinion;
    bool agreed = true;
    size_t from = head->fields_at;
    for (int i = 0; agreed && i < head->field_count; i++) {
        size_t name = head->fields[i].name;
        if (!(head->harmless >> i & 1)) {
            continue;
        }
        agreed = name == from || show(&parser, (struct flash_text){bytes + from, name - from});
        from = i + 1 < head->field_count ? head->fields[i + 1].name : head->len - CRLF;
    }
    agreed = agreed && show(&parser, (struct flash_text){bytes + from, head->len - from});
    return agreed && opinion->complete ? REFUSAL_NONE : REFUSAL_DISAGREE;
}

enum refusal flash_http_head_judge(const struct head *head, const char *bytes, size_t body_max,
                                   struct framing *ret_framing)
{
    uint64_t body_len = 0;
    bool expect = false;
    struct opinion opinion = {0};
    enum refusal refusal = judge_host(head, bytes);
    if (refusal == REFUSAL_NONE) {
        refusal = judge_length(head, bytes, &body_len);
    }
    if (refusal == REFUSAL_NONE) {
        refusal = judge_expect(head, bytes, &expect);
    }
    if (refusal == REFUSAL_NONE) {
        refusal = judge_agreement(head, bytes, &opinion);
    }
    if (refusal != REFUSAL_NONE) {
        return refusal;
    }
    if (opinion.content_length != body_len) {
        return REFUSAL_DISAGREE;
    }
    if (body_len > body_max) {
        return REFUSAL_BODY_SIZE;
    }
    *ret_framing = (struct framing){
        .body_len = (size_t)body_len, .keep_alive = opinion.keep_alive, .expect_continue = expect};
    return REFUSAL_NONE;
}
