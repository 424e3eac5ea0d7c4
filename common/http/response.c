/* An answer's bytes: status line, header, body, appended to a connection's output.
 *
 * Every answer carries Date (RFC 9110 §6.6.1, made once a second) and X-Request-Id; none tells
 * which software this is. 204 and 304 have no body; a HEAD gets the length of the body it is not
 * sent. */
#include <assert.h>
#include <http_parser.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "flash/put.h"
#include "flash/time.h"
#include "response.h"

#define JSON "application/json"
#define HEAD_ROOM 384 /* bytes of all but the texts that the response brings */

/* Literals, three numbers, the longest reason phrase, date and id. */
_Static_assert(HEAD_ROOM > 192 + 3 * FLASH_NUMBER_MAX + 48 + DATE_LEN + REQUEST_ID_LEN,
               "a head fits");

static const char *date_now(struct flash_http *server)
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    if (server->date_us != 0 && server->now_us - server->date_us < 1000000) {
        return server->date;
    }
    uint64_t wall_ms = flash_time_wall_ms();
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    snprintf(server->date, sizeof(server->date), "%.3s, %02u %.3s %04u %02u:%02u:%02u GMT",
             days + 3 * utc.tm_wday, (unsigned)utc.tm_mday % 100, months + 3 * utc.tm_mon,
             (unsigned)(utc.tm_year + 1900) % 10000, (unsigned)utc.tm_hour % 100,
             (unsigned)utc.tm_min % 100, (unsigned)utc.tm_sec % 100);
    server->date_us = server->now_us - wall_ms % 1000 * 1000; /* turns with the second */
    return server->date;
}

static bool has_body(const struct answer *answer)
{
    return answer->response->status != 204 && answer->response->status != 304;
}

static char *put_length(char *out, const struct answer *answer)
{
    if (answer->chunked) {
        out = FLASH_PUT_LITERAL(out, "\r\nTransfer-Encoding: chunked");
    } else if (!answer->endless) {
        out = FLASH_PUT_LITERAL(out, "\r\nContent-Length: ");
        out = flash_put_number(out, answer->response->body.len);
    }
    return out;
}

/* The head up to the response's own lines. */
static char *put_head(char *out, struct flash_http *server, const struct answer *answer)
{
    int status = answer->response->status;
    out = flash_put_number(FLASH_PUT_LITERAL(out, "HTTP/1.1 "), (uint64_t)status);
    out = flash_put_text(FLASH_PUT_LITERAL(out, " "), http_status_str((enum http_status)status));
    out = flash_put(FLASH_PUT_LITERAL(out, "\r\nDate: "), date_now(server), DATE_LEN);
    out = flash_put(FLASH_PUT_LITERAL(out, "\r\nX-Request-Id: "), answer->id, REQUEST_ID_LEN);
    if (has_body(answer)) {
        const char *type = answer->response->content_type;
        out = FLASH_PUT_LITERAL(out, "\r\nContent-Type: ");
        out = put_length(type ? flash_put_text(out, type) : FLASH_PUT_LITERAL(out, JSON), answer);
    }
    if (answer->retry_after_s > 0) {
        out = FLASH_PUT_LITERAL(out, "\r\nRetry-After: ");
        out = flash_put_number(out, (uint64_t)answer->retry_after_s);
    }
    if (answer->connection) {
        out = flash_put_text(FLASH_PUT_LITERAL(out, "\r\nConnection: "), answer->connection);
    }
    return FLASH_PUT_LITERAL(out, "\r\n");
}

void flash_http_response_write(struct flash_http *server, struct buffer *out,
                               const struct answer *answer)
{
    const struct flash_response *response = answer->response;
    size_t extra = response->headers ? strlen(response->headers) : 0;
    size_t type = response->content_type ? strlen(response->content_type) : 0;
    size_t body = has_body(answer) && !answer->head_only ? response->body.len : 0;
    assert(response->status >= 200 && response->status <= 599);
    assert(extra == 0 || (extra > 2 && memcmp(response->headers + extra - 2, "\r\n", 2) == 0));

    if (!flash_http_buffer_reserve(&server->pool, out, HEAD_ROOM + type + extra + body)) {
        return;
    }
    char *at = put_head(out->at + out->end, server, answer);
    if (extra) {
        at = flash_put(at, response->headers, extra);
    }
    at = FLASH_PUT_LITERAL(at, "\r\n");
    if (body) {
        at = flash_put(at, response->body.at, body);
    }
    out->end = (size_t)(at - out->at);
}
