/* What a handler may ask of its request: the parts of the head, the body, its names, the
 * connection's slot. */
#include <string.h>
#include <strings.h>

#include "flash/time.h"
#include "internal.h"

static const char *bytes_of(const struct flash_request *request)
{
    const struct buffer *in = &flash_http_connection_of(request)->in;
    return in->at + in->start;
}

void flash_http_request_start(struct connection *connection)
{
    struct flash_request *request = &connection->request;
    request->gone = NULL;
    request->traceparent[0] = '\0';
    request->received_us = connection->server->now_us;
    flash_http_request_id_make(connection->server, request->id);
}

enum flash_method flash_request_method(const struct flash_request *request)
{
    return request->head.method;
}

struct flash_text flash_request_path(const struct flash_request *request)
{
    return (struct flash_text){bytes_of(request) + request->head.target, request->head.path_len};
}

struct flash_text flash_request_query(const struct flash_request *request)
{
    const struct head *head = &request->head;
    size_t skip = head->path_len < head->target_len ? head->path_len + 1U : head->path_len;
    return (struct flash_text){bytes_of(request) + head->target + skip, head->target_len - skip};
}

struct flash_text flash_request_body(const struct flash_request *request)
{
    return (struct flash_text){bytes_of(request) + request->head.len, request->framing.body_len};
}

struct flash_text flash_request_header(const struct flash_request *request, const char *name)
{
    const struct head *head = &request->head;
    const char *bytes = bytes_of(request);
    size_t len = strlen(name);
    enum known_field known = flash_http_field_of((struct flash_text){name, len});
    if (known != KNOWN_NONE) {
        if (!head->known[known]) {
            return (struct flash_text){NULL, 0};
        }
        const struct field *field = &head->fields[head->known[known] - 1];
        return (struct flash_text){bytes + field->value, field->value_len};
    }
    for (int i = 0; i < head->field_count; i++) {
        const struct field *field = &head->fields[i];
        if (field->name_len == len && strncasecmp(bytes + field->name, name, len) == 0) {
            return (struct flash_text){bytes + field->value, field->value_len};
        }
    }
    return (struct flash_text){NULL, 0};
}

const char *flash_request_id(const struct flash_request *request)
{
    return request->id;
}

uint64_t flash_request_received_us(const struct flash_request *request)
{
    return request->received_us;
}

void *flash_request_slot(const struct flash_request *request)
{
    return flash_http_connection_of(request)->slot;
}

void flash_request_set_slot(struct flash_request *request, void *slot, void (*free_slot)(void *))
{
    struct connection *connection = flash_http_connection_of(request);
    if (connection->free_slot) {
        connection->free_slot(connection->slot);
    }
    connection->slot = slot;
    connection->free_slot = free_slot;
}

void flash_request_on_gone(struct flash_request *request,
                           void (*gone)(struct flash_request *, void *), void *arg)
{
    struct connection *connection = flash_http_connection_of(request);
    request->gone = gone;
    request->gone_arg = arg;
    if (gone && connection->peer_closed) {
        flash_http_in_turn(connection);
    }
}
