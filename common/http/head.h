/* A request's head: checked line by line as it arrives, then judged as a whole (RFC 9112).
 *
 * Pure: no socket, no clock, no memory of its own; every position is an offset from the request's
 * first byte, so the bytes may move between two calls. What is refused, and why, is a word (enum
 * refusal). */
#ifndef FLASH_HTTP_HEAD_H
#define FLASH_HTTP_HEAD_H

#include "flash/http.h"

#define HEAD_MAX 8192         /* bytes of a head, its empty line included (SECURITY): 431 above */
#define REQUEST_LINE_MAX 2048 /* bytes of the request line without CRLF (SECURITY): 414 above */
#define FIELDS_MAX 64         /* header lines (SECURITY): 431 above */

_Static_assert(HEAD_MAX <= UINT16_MAX, "offsets in a head are 16 bits");
_Static_assert(FIELDS_MAX <= 64, "a bit a field");

enum refusal {
    REFUSAL_NONE,
    REFUSAL_REQUEST_LINE,      /* not method SP target SP version */
    REFUSAL_TARGET,            /* not origin-form, or a byte no path has */
    REFUSAL_VERSION,           /* neither HTTP/1.1 nor HTTP/1.0 */
    REFUSAL_LINE_END,          /* a line that does not end in CRLF */
    REFUSAL_FIELD,             /* not name: value */
    REFUSAL_REPEATED,          /* a field that may stand only once */
    REFUSAL_HOST,              /* none in HTTP/1.1, or not a host */
    REFUSAL_CONTENT_LENGTH,    /* not a number */
    REFUSAL_TRANSFER_ENCODING, /* never taken */
    REFUSAL_TWO_LENGTHS,       /* Transfer-Encoding beside Content-Length */
    REFUSAL_EXPECT,            /* other than 100-continue */
    REFUSAL_DISAGREE,          /* http-parser reads something else than we do */
    REFUSAL_LINE_SIZE,
    REFUSAL_HEAD_SIZE,
    REFUSAL_BODY_SIZE,
    REFUSAL_HEAD_LATE,
    REFUSAL_BODY_LATE,
    REFUSAL_CONNECTIONS,         /* the listener is full */
    REFUSAL_ADDRESS_CONNECTIONS, /* this client has too many connections */
    REFUSAL_ANSWER_SIZE,         /* our own answer is over its maximum */
    REFUSALS,
};

/* Fields that this module or its routes look for; their lower-case names are in head.c, with which
 * of them may stand once only. In the order of the names' lengths. */
enum known_field {
    KNOWN_HOST,
    KNOWN_ACCEPT,
    KNOWN_COOKIE,
    KNOWN_EXPECT,
    KNOWN_ORIGIN,
    KNOWN_PREFER,
    KNOWN_REFERER,
    KNOWN_USER_ID, /* auth.mode = off: two could be two users to two readers */
    KNOWN_USER_AGENT,
    KNOWN_TRACEPARENT,
    KNOWN_CONTENT_TYPE,
    KNOWN_AUTHORIZATION,
    KNOWN_IF_NONE_MATCH,
    KNOWN_CONTENT_LENGTH,
    KNOWN_ACCEPT_ENCODING,
    KNOWN_ACCEPT_LANGUAGE,
    KNOWN_IDEMPOTENCY_KEY,
    KNOWN_TRANSFER_ENCODING,
    KNOWN_FIELDS,
    KNOWN_NONE = KNOWN_FIELDS,
};

struct field {
    uint16_t name, name_len, value, value_len;
};

struct head {
    uint16_t scanned; /* bytes looked at for a line end */
    uint16_t line;    /* where the unfinished line begins; 0: it is the request line */
    uint16_t len;     /* of the whole head once it is complete, else 0 */
    uint16_t method_len;
    uint16_t target, path_len, target_len;
    uint16_t fields_at; /* behind the request line */
    uint8_t minor;      /* of the version: 0 or 1 */
    uint8_t field_count;
    uint8_t known[KNOWN_FIELDS]; /* the first one's index in fields plus 1; 0: absent */
    uint64_t harmless;           /* bit i: fields[i] is none that framing could depend on */
    enum flash_method method;
    enum refusal refusal;
    struct field fields[FIELDS_MAX];
};

/* What follows a complete head. */
struct framing {
    size_t body_len;
    bool keep_alive;      /* the client wants the connection kept */
    bool expect_continue; /* and waits for 100 before it sends the body */
};

enum head_progress { HEAD_MORE, HEAD_COMPLETE, HEAD_REFUSED };

/* Which field that name is, in any case; KNOWN_NONE: another. */
enum known_field flash_http_field_of(struct flash_text name);

void flash_http_head_reset(struct head *head);
/* Looks at bytes[0..len), everything there is of the request so far; called again with more until
 * it is not HEAD_MORE. The verdict does not depend on how the bytes were cut. Why it was refused is
 * in head->refusal. */
enum head_progress flash_http_head_feed(struct head *head, const char *bytes, size_t len);

/* Judges a complete head: Host, length of the body (at most body_max), Expect, and whether
 * http-parser agrees. REFUSAL_NONE and *ret_framing filled, or why not. */
enum refusal flash_http_head_judge(const struct head *head, const char *bytes, size_t body_max,
                                   struct framing *ret_framing);

#endif
