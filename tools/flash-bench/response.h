/* Reads HTTP/1.1 responses out of a connection's bytes: the part of RFC 9112 that the API uses,
 * nothing lenient.
 *
 * A response has one Content-Length (or is a 204 or 304); Transfer-Encoding, a second length, a
 * bare line feed or a head that does not fit are broken framing, after which nothing on the
 * connection can be trusted. Pure. */
#ifndef FLASH_BENCH_RESPONSE_H
#define FLASH_BENCH_RESPONSE_H

#include <stdbool.h>

#include "flash/ids.h"

enum flash_bench_framing {
    FLASH_BENCH_PARTIAL, /* more bytes are needed */
    FLASH_BENCH_WHOLE,   /* one response, size bytes long */
    FLASH_BENCH_BROKEN,  /* not HTTP/1.1 as we expect it: close */
};

/* The texts point into the bytes that were read (borrowed); at == NULL when the header is absent.
 */
struct flash_bench_response {
    int status;
    int retry_after_s; /* -1: absent or a date */
    bool close;        /* Connection: close */
    struct flash_text content_type, etag, body;
    size_t size; /* head and body */
};

/* Reads the response that starts at bytes.at. *ret_response is filled only for WHOLE. */
enum flash_bench_framing flash_bench_response_read(struct flash_text bytes,
                                                   struct flash_bench_response *ret_response);

#endif
