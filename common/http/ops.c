/* The operators' routes of every daemon: /livez, /readyz, /metrics, /version; rows of one table. */
#include "flash/http_ops.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flash/metrics.h"
#include "internal.h"

#define PARTS_MAX 16
#define READY_BODY_MAX 16384 /* bytes: 16 parts, their reasons escaped */

static const char no_store[] = "Cache-Control: no-store\r\n";

static void reply_json(struct flash_request *request, int status, struct flash_text body)
{
    flash_request_reply(
        request, &(struct flash_response){.status = status, .headers = no_store, .body = body});
}

static void livez(struct flash_request *request, const struct flash_ops *ops)
{
    (void)ops;
    static const char body[] = "{\"live\":true}";
    reply_json(request, 200, (struct flash_text){body, sizeof(body) - 1});
}

static void append_part(struct buffer_pool *pool, struct buffer *body,
                        const struct flash_ready_part *part)
{
    flash_http_buffer_text(pool, body, "{\"name\":\"");
    flash_http_buffer_json(pool, body, part->name, strlen(part->name));
    flash_http_buffer_text(pool, body, part->ready ? "\",\"ready\":true}" : "\",\"ready\":false");
    if (!part->ready) {
        flash_http_buffer_text(pool, body, ",\"reason\":\"");
        flash_http_buffer_json(pool, body, part->reason,
                               strnlen(part->reason, sizeof(part->reason)));
        flash_http_buffer_text(pool, body, "\"}");
    }
}

static void readyz(struct flash_request *request, const struct flash_ops *ops)
{
    struct flash_ready_part parts[PARTS_MAX];
    int count = ops->fill ? ops->fill(parts, PARTS_MAX, ops->arg) : 0;
    bool ready = true;
    for (int i = 0; i < count; i++) {
        ready = ready && parts[i].ready;
    }
    struct buffer_pool pool = {0};
    struct buffer body = {.max = READY_BODY_MAX};
    flash_http_buffer_text(&pool, &body, ready ? "{\"ready\":true" : "{\"ready\":false");
    flash_http_buffer_text(&pool, &body, ",\"parts\":[");
    for (int i = 0; i < count; i++) {
        flash_http_buffer_append(&pool, &body, ",", i > 0 ? 1 : 0);
        append_part(&pool, &body, &parts[i]);
    }
    flash_http_buffer_text(&pool, &body, "]}");
    reply_json(request, ready ? 200 : 503, (struct flash_text){body.at, body.end});
    flash_http_buffer_release(&pool, &body);
    flash_http_pool_free(&pool);
}

static void metrics(struct flash_request *request, const struct flash_ops *ops)
{
    (void)ops;
    char *text;
    size_t len = flash_metrics_format(&text);
    flash_request_reply(request, &(struct flash_response){
                                     .status = 200,
                                     .content_type = "text/plain; version=0.0.4; charset=utf-8",
                                     .headers = no_store,
                                     .body = {text, len}});
    free(text);
}

static void version(struct flash_request *request, const struct flash_ops *ops)
{
    struct buffer_pool pool = {0};
    struct buffer body = {.max = BUFFER_CHUNK};
    flash_http_buffer_text(&pool, &body, "{\"daemon\":\"");
    flash_http_buffer_json(&pool, &body, ops->daemon, strlen(ops->daemon));
    flash_http_buffer_text(&pool, &body, "\",\"version\":\"" FLASH_VERSION "\"}");
    reply_json(request, 200, (struct flash_text){body.at, body.end});
    flash_http_buffer_release(&pool, &body);
    flash_http_pool_free(&pool);
}

int flash_ready_fill_rows(struct flash_ready_part *parts, int max,
                          const struct flash_ready_row *rows, int count)
{
    int filled = count < max ? count : max;
    for (int i = 0; i < filled; i++) {
        parts[i].name = rows[i].name;
        parts[i].ready = rows[i].ready;
        snprintf(parts[i].reason, sizeof(parts[i].reason), "%s",
                 rows[i].ready ? "" : rows[i].reason);
    }
    return filled;
}

bool flash_ops_handle(struct flash_request *request, const struct flash_ops *ops)
{
    static const struct {
        const char *path;
        void (*handle)(struct flash_request *, const struct flash_ops *);
    } routes[] = {
        {"/livez", livez}, {"/readyz", readyz}, {"/metrics", metrics}, {"/version", version}};
    static const struct flash_problem wrong_method = {.status = 405,
                                                      .slug = "method-not-allowed",
                                                      .title = "Method not allowed",
                                                      .headers = "Allow: GET, HEAD\r\n"};
    enum flash_method method = flash_request_method(request);
    struct flash_text path = flash_request_path(request);
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        if (strlen(routes[i].path) != path.len || memcmp(routes[i].path, path.at, path.len) != 0) {
            continue;
        }
        if (method == FLASH_METHOD_GET || method == FLASH_METHOD_HEAD) {
            routes[i].handle(request, ops);
        } else {
            flash_request_problem(request, &wrong_method);
        }
        return true;
    }
    return false;
}
