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

#include "flash/time.h"
#include "response.h"

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

static void status_line(struct buffer_pool *pool, struct buffer *out, int status)
{
    flash_http_buffer_append(pool, out, "HTTP/1.1 ", 9);
    flash_http_buffer_number(pool, out, (uint64_t)status);
    flash_http_buffer_append(pool, out, " ", 1);
    flash_http_buffer_text(pool, out, http_status_str((enum http_status)status));
}

static void line(struct buffer_pool *pool, struct buffer *out, const char *name, const char *value)
{
    flash_http_buffer_text(pool, out, name);
    flash_http_buffer_text(pool, out, value);
}

static void number_line(struct buffer_pool *pool, struct buffer *out, const char *name,
                        uint64_t number)
{
    flash_http_buffer_text(pool, out, name);
    flash_http_buffer_number(pool, out, number);
}

void flash_http_response_write(struct flash_http *server, struct buffer *out,
                               const struct answer *answer)
{
    struct buffer_pool *pool = &server->pool;
    const struct flash_response *response = answer->response;
    size_t extra = response->headers ? strlen(response->headers) : 0;
    assert(response->status >= 200 && response->status <= 599);
    assert(extra == 0 || (extra > 2 && memcmp(response->headers + extra - 2, "\r\n", 2) == 0));
    bool has_body = response->status != 204 && response->status != 304;

    status_line(pool, out, response->status);
    line(pool, out, "\r\nDate: ", date_now(server));
    line(pool, out, "\r\nX-Request-Id: ", answer->id);
    if (has_body) {
        const char *type = response->content_type;
        line(pool, out, "\r\nContent-Type: ", type ? type : "application/json");
    }
    if (answer->chunked) {
        line(pool, out, "\r\nTransfer-Encoding: ", "chunked");
    }
    if (has_body && !answer->endless) {
        number_line(pool, out, "\r\nContent-Length: ", response->body.len);
    }
    if (answer->retry_after_s > 0) {
        number_line(pool, out, "\r\nRetry-After: ", (uint64_t)answer->retry_after_s);
    }
    if (answer->connection) {
        line(pool, out, "\r\nConnection: ", answer->connection);
    }
    flash_http_buffer_append(pool, out, "\r\n", 2);
    flash_http_buffer_append(pool, out, response->headers, extra);
    flash_http_buffer_append(pool, out, "\r\n", 2);
    if (has_body && !answer->head_only) {
        flash_http_buffer_append(pool, out, response->body.at, response->body.len);
    }
}
