/* The table of raw requests (SECURITY: framing; RFC 9112). BODY_MAX is 64 in the harness. */
#include "cases.h"

#include <string.h>

#define HOST "Host: x\r\n"
#define GET "GET / HTTP/1.1\r\n"
#define POST "POST / HTTP/1.1\r\n" HOST
#define OPEN(label, text, body)                                                                    \
    {                                                                                              \
        label, text, sizeof(text) - 1, 200, false, .echo = body                                    \
    }
#define LAST(label, text, body)                                                                    \
    {                                                                                              \
        label, text, sizeof(text) - 1, 200, true, .echo = body                                     \
    }
#define BAD(label, text)                                                                           \
    {                                                                                              \
        label, text, sizeof(text) - 1, 400, true                                                   \
    }
#define REFUSED(label, code, text)                                                                 \
    {                                                                                              \
        label, text, sizeof(text) - 1, code, true                                                  \
    }
#define FILLED(label, code, text, what, count)                                                     \
    {                                                                                              \
        label, text, sizeof(text) - 1, code, code != 200, .fill = what, .times = count             \
    }
#define TARGET(label, text) BAD("target " label, "GET " text " HTTP/1.1\r\n" HOST "\r\n")
#define FIELD(label, text) BAD("field " label, GET HOST text "\r\n\r\n")
#define LENGTH(label, text) BAD("length " label, POST "Content-Length:" text "\r\n\r\nhello")

const struct raw_case raw_cases[] = {
    OPEN("get", GET HOST "\r\n", "GET /||"),
    OPEN("query", "GET /a/b?c=d&e HTTP/1.1\r\n" HOST "\r\n", "GET /a/b|c=d&e|"),
    OPEN("empty query", "GET /? HTTP/1.1\r\n" HOST "\r\n", "GET /||"),
    OPEN("two question marks", "GET /a?b?c HTTP/1.1\r\n" HOST "\r\n", "GET /a|b?c|"),
    OPEN("names in any case", GET "hOsT: x\r\nACCEPT: */*\r\n\r\n", "GET /||"),
    OPEN("white space around a value", GET "Host:\t x \t\r\n\r\n", "GET /||"),
    OPEN("no white space", GET "Host:x\r\n\r\n", "GET /||"),
    OPEN("empty value", GET HOST "X-Empty:\r\n\r\n", "GET /||"),
    OPEN("opaque value", GET HOST "X-Name: J\xc3\xb6rg \xff\r\n\r\n", "GET /||"),
    OPEN("odd value", GET HOST "X-Odd: \"{[<\\>]}\" ;=,@|^`#\r\n\r\n", "GET /||"),
    OPEN("odd name", GET HOST "!#$%&'*+-.^_`|~09: v\r\n\r\n", "GET /||"),
    OPEN("repeated other field", GET HOST "X-A: 1\r\nX-A: 2\r\n\r\n", "GET /||"),
    OPEN("post", POST "Content-Length: 5\r\n\r\nhello", "POST /||hello"),
    OPEN("post, no length", POST "\r\n", "POST /||"),
    OPEN("post, length 0", POST "Content-Length: 0\r\n\r\n", "POST /||"),
    OPEN("post, leading zeros", POST "Content-Length: 005\r\n\r\nhello", "POST /||hello"),
    OPEN("body that looks like a request", POST "Content-Length: 18\r\n\r\nGET / HTTP/1.1\r\n\r\n",
         "POST /||GET / HTTP/1.1\r\n\r\n"),
    OPEN("get with a body", GET HOST "Content-Length: 3\r\n\r\nabc", "GET /||abc"),
    OPEN("put", "PUT /p HTTP/1.1\r\n" HOST "\r\n", "PUT /p||"),
    OPEN("delete", "DELETE /p HTTP/1.1\r\n" HOST "\r\n", "DELETE /p||"),
    OPEN("options", "OPTIONS /p HTTP/1.1\r\n" HOST "\r\n", "OTHER /p||"),
    OPEN("patch with a body", "PATCH /p HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nhi",
         "OTHER /p||hi"),
    OPEN("unheard-of method", "BREW /pot HTTP/1.1\r\n" HOST "\r\n", "OTHER /pot||"),
    OPEN("lower-case method", "get / HTTP/1.1\r\n" HOST "\r\n", "OTHER /||"),
    OPEN("connect to a path", "CONNECT /x HTTP/1.1\r\n" HOST "\r\n", "OTHER /x||"),
    OPEN("upgrade is not taken", GET HOST "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n", "GET /||"),
    OPEN("upgrade with a body",
         POST "Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 2\r\n\r\nhi",
         "POST /||hi"),
    OPEN("escaped path", "GET /%41%2f%00 HTTP/1.1\r\n" HOST "\r\n", "GET /%41%2f%00||"),
    OPEN("every path byte", "GET /az09-._~!$&'()*+,;=:@//.. HTTP/1.1\r\n" HOST "\r\n",
         "GET /az09-._~!$&'()*+,;=:@//..||"),
    OPEN("brackets in a query", "GET /?id[]=1 HTTP/1.1\r\n" HOST "\r\n", "GET /|id[]=1|"),
    OPEN("host and port", GET "Host: shop.example:8080\r\n\r\n", "GET /||"),
    OPEN("host is IPv6", GET "Host: [::1]:80\r\n\r\n", "GET /||"),
    OPEN("expect with the body at once", POST "Expect: 100-Continue\r\nContent-Length: 2\r\n\r\nhi",
         "POST /||hi"),
    OPEN("keep-alive in 1.0", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "GET /||"),
    LAST("http 1.0", "GET / HTTP/1.0\r\n\r\n", "GET /||"),
    LAST("http 1.0, expect ignored",
         "POST / HTTP/1.0\r\nExpect: tea\r\nContent-Length: 2\r\n\r\nhi", "POST /||hi"),
    LAST("close", GET HOST "Connection: close\r\n\r\n", "GET /||"),
    LAST("close in a list", GET HOST "connection: Keep-Alive, CLOSE\r\n\r\n", "GET /||"),
    FILLED("largest body", 200, POST "Content-Length: 64\r\n\r\n@", "b", 64),
    FILLED("64 fields", 200, GET "@" HOST "\r\n", "X-Field: v\r\n", 63),
    FILLED("65 fields", 431, GET "@" HOST "\r\n", "X-Field: v\r\n", 64),
    FILLED("request line of 2048", 200, "GET /@ HTTP/1.1\r\n" HOST "\r\n", "a", 2048 - 14),
    FILLED("request line of 2049", 414, "GET /@ HTTP/1.1\r\n" HOST "\r\n", "a", 2049 - 14),
    FILLED("request line without end", 414, "GET /@", "a", 8192),
    FILLED("head of 8192", 200, GET HOST "X: @\r\n\r\n", "a", 8192 - 32),
    FILLED("head of 8193", 431, GET HOST "X: @\r\n\r\n", "a", 8193 - 32),
    FILLED("head without end", 431, GET HOST "X: @", "a", 12000),

    BAD("empty line first", "\r\n" GET HOST "\r\n"),
    BAD("bare LFs", "GET / HTTP/1.1\nHost: x\n\n"),
    BAD("bare LF after a field", GET "Host: x\n\r\n"),
    BAD("bare LF ends the head", GET HOST "\n"),
    BAD("CR in the request line", "GET /\r HTTP/1.1\r\n" HOST "\r\n"),
    BAD("two CRs", GET "Host: x\r\r\n\r\n"),
    BAD("TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n\x8a"),
    BAD("HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    BAD("method only", "GET\r\n" HOST "\r\n"),
    BAD("no version", "GET /\r\n" HOST "\r\n"),
    BAD("two spaces before the target", "GET  / HTTP/1.1\r\n" HOST "\r\n"),
    BAD("two spaces after the target", "GET /  HTTP/1.1\r\n" HOST "\r\n"),
    BAD("tab for a space", "GET\t/ HTTP/1.1\r\n" HOST "\r\n"),
    BAD("leading space", " GET / HTTP/1.1\r\n" HOST "\r\n"),
    BAD("trailing space", "GET / HTTP/1.1 \r\n" HOST "\r\n"),
    BAD("four parts", "GET / x HTTP/1.1\r\n" HOST "\r\n"),
    BAD("no method", " / HTTP/1.1\r\n" HOST "\r\n"),
    BAD("parenthesis in the method", "G(T / HTTP/1.1\r\n" HOST "\r\n"),
    BAD("NUL in the method", "G\0T / HTTP/1.1\r\n" HOST "\r\n"),
    BAD("version without minor", "GET / HTTP/1\r\n" HOST "\r\n"),
    BAD("version in lower case", "GET / http/1.1\r\n" HOST "\r\n"),
    BAD("version with a long minor", "GET / HTTP/1.10\r\n" HOST "\r\n"),
    BAD("version of letters", "GET / HTTP/x.y\r\n" HOST "\r\n"),
    REFUSED("HTTP/1.2", 505, "GET / HTTP/1.2\r\n" HOST "\r\n"),
    REFUSED("HTTP/2.0", 505, "GET / HTTP/2.0\r\n" HOST "\r\n"),
    REFUSED("HTTP/0.9", 505, "GET / HTTP/0.9\r\n" HOST "\r\n"),

    TARGET("asterisk", "*"),
    TARGET("absolute", "http://x/"),
    TARGET("authority", "x:80"),
    TARGET("without slash", "index"),
    TARGET("fragment", "/a#b"),
    TARGET("NUL", "/a\0b"),
    TARGET("control", "/a\x01"),
    TARGET("tab", "/a\tb"),
    TARGET("DEL", "/a\x7f"),
    TARGET("UTF-8", "/\xc3\xb6"),
    TARGET("0xff", "/\xff"),
    TARGET("quote", "/\""),
    TARGET("less", "/<"),
    TARGET("backslash", "/\\..\\"),
    TARGET("caret", "/^"),
    TARGET("backtick", "/`"),
    TARGET("brace", "/{a}"),
    TARGET("bar", "/a|b"),
    TARGET("percent at the end", "/%"),
    TARGET("percent and one digit", "/%4"),
    TARGET("percent and letters", "/%zz"),
    TARGET("percent in the query", "/?a=%g0"),

    FIELD("without colon", "X-Name"),
    FIELD("with a space before the colon", "X-Name : v"),
    FIELD("with a tab before the colon", "X-Name\t: v"),
    FIELD("without name", ": v"),
    FIELD("with a space in the name", "X Name: v"),
    FIELD("with a parenthesis in the name", "X(Name): v"),
    FIELD("with UTF-8 in the name", "X-N\xc3\xa4me: v"),
    FIELD("with a no-break space before the colon", "X-Name\xc2\xa0: v"),
    FIELD("with a control in the name", "X-\x1fName: v"),
    FIELD("with NUL in the name", "X-\0Name: v"),
    FIELD("with NUL in the value", "X-Name: a\0b"),
    FIELD("with a control in the value", "X-Name: a\x01"),
    FIELD("with a vertical tab in the value", "X-Name: \x0b"),
    FIELD("with DEL in the value", "X-Name: a\x7f"),
    FIELD("with a CR in the value", "X-Name: a\rb"),
    FIELD("folded by a space", "X-Name: a\r\n b"),
    FIELD("folded by a tab", "X-Name: a\r\n\tb"),
    FIELD("of white space", " "),
    BAD("fold after the request line", GET " " HOST "\r\n"),

    BAD("no host", GET "\r\n"),
    BAD("empty host", GET "Host:\r\n\r\n"),
    BAD("two hosts", GET HOST HOST "\r\n"),
    BAD("two hosts in 1.0", "GET / HTTP/1.0\r\n" HOST "host: y\r\n\r\n"),
    BAD("host with a path", GET "Host: x/y\r\n\r\n"),
    BAD("host with a user", GET "Host: a@x\r\n\r\n"),
    BAD("host with a space", GET "Host: x y\r\n\r\n"),
    BAD("list of hosts", GET "Host: x,y\r\n\r\n"),
    BAD("two authorizations", GET HOST "Authorization: a\r\nauthorization: b\r\n\r\n"),
    BAD("two idempotency keys", GET HOST "Idempotency-Key: a\r\nIdempotency-Key: a\r\n\r\n"),
    BAD("two users", GET HOST "X-User-Id: a\r\nx-user-id: b\r\n\r\n"),
    BAD("two content types", GET HOST "Content-Type: a/b\r\nContent-Type: a/b\r\n\r\n"),

    LENGTH("negative", " -1"),
    LENGTH("with a sign", " +5"),
    LENGTH("of two numbers", " 5 5"),
    LENGTH("list", " 5, 5"),
    LENGTH("hexadecimal", " 0x5"),
    LENGTH("exponent", " 5e0"),
    LENGTH("fraction", " 5.0"),
    LENGTH("grouped", " 5_0"),
    LENGTH("empty", ""),
    LENGTH("of 19 digits", " 0000000000000000005"),
    LENGTH("over 64 bits", " 18446744073709551621"),
    LENGTH("twice the same", " 5\r\nContent-Length: 5"),
    LENGTH("twice, in other cases", " 5\r\ncontent-length: 6"),
    LENGTH("beside chunked", " 5\r\nTransfer-Encoding: chunked"),
    LENGTH("after chunked", " 5\r\nTransfer-Encoding: identity"),
    REFUSED("length over the maximum", 413, POST "Content-Length: 65\r\n\r\n"),
    REFUSED("length of 18 digits", 413, POST "Content-Length: 999999999999999999\r\n\r\n"),
    REFUSED("too long, with expect", 413,
            POST "Content-Length: 65\r\nExpect: 100-continue\r\n\r\n"),
    REFUSED("chunked", 501, POST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    REFUSED("chunked in 1.0", 501,
            "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    REFUSED("chunked by another name", 501, POST "Transfer-Encoding: xchunked\r\n\r\n"),
    REFUSED("empty transfer-encoding", 501, POST "Transfer-Encoding:\r\n\r\n"),
    BAD("two transfer-encodings",
        POST "Transfer-Encoding: chunked\r\nTransfer-encoding: x\r\n\r\n0\r\n\r\n"),
    BAD("transfer-encoding with a space", POST "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"),
    BAD("transfer-encoding with a control", POST "Transfer-Encoding: \x0b"
                                                 "chunked\r\n\r\n"),
    REFUSED("other expectation", 417, POST "Expect: tea\r\nContent-Length: 2\r\n\r\nhi"),
};

const size_t raw_case_count = sizeof(raw_cases) / sizeof(raw_cases[0]);

size_t raw_case_bytes(const struct raw_case *raw, char *ret_bytes)
{
    size_t len = 0;
    for (size_t i = 0; i < raw->len; i++) {
        if (!raw->fill || raw->bytes[i] != '@') {
            ret_bytes[len++] = raw->bytes[i];
            continue;
        }
        for (int n = 0; n < raw->times; n++) {
            memcpy(ret_bytes + len, raw->fill, strlen(raw->fill));
            len += strlen(raw->fill);
        }
    }
    return len;
}
