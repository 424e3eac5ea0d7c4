/* An answer as bytes: what stands in its head, and the bodies of problems. */
#ifndef FLASH_HTTP_RESPONSE_H
#define FLASH_HTTP_RESPONSE_H

#include "internal.h"

/* response.c */
struct answer {
    const struct flash_response *response;
    const char *id;
    const char *connection; /* value of Connection, or NULL */
    int retry_after_s;      /* > 0: Retry-After */
    bool head_only;         /* the request was a HEAD */
    bool chunked;           /* an endless one, in chunks */
    bool endless;           /* a stream: the body ends with the connection */
};
void flash_http_response_write(struct flash_http *server, struct buffer *out,
                               const struct answer *answer);

/* problem.c */
const struct flash_problem *flash_http_refusal_problem(enum refusal refusal);
void flash_http_problem_body(struct flash_http *server, struct buffer *body,
                             const struct flash_problem *problem, const char *id);

#endif
