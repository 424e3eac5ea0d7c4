/* The requests' bytes; see request.h. */
#include "request.h"

#include <stdio.h>
#include <string.h>

#include "flash/put.h"

/* The longest request: path and fixed lines (~320), a token, an entity tag, user, key and body. */
_Static_assert(320 + FLASH_BENCH_TOKEN_MAX + FLASH_BENCH_ETAG_MAX + FLASH_USER_MAX + FLASH_KEY_MAX +
                       64 <=
                   FLASH_BENCH_REQUEST_MAX,
               "a request fits its buffer");
_Static_assert(FLASH_BENCH_RUN_MAX + 1 + 20 <= FLASH_KEY_MAX, "a run and a number are a key");
_Static_assert(2 + FLASH_REF_DERIVED <= FLASH_KEY_MAX, "a payment's id fits a key's buffer");
_Static_assert(FLASH_BENCH_PREFIX_MAX + 20 <= FLASH_USER_MAX, "a prefix and a number are a user");

void flash_bench_writer_init(struct flash_bench_writer *writer,
                             const struct flash_bench_options *options,
                             const struct flash_bench_tokens *tokens)
{
    const struct flash_bench_address *target = flash_bench_options_target(options);
    writer->options = options;
    writer->tokens = tokens;
    writer->host_lines_len =
        (size_t)snprintf(writer->host_lines, sizeof(writer->host_lines),
                         " HTTP/1.1\r\nHost: %s:%d\r\n", target->host, (int)target->port);
    writer->order_head_len =
        (size_t)snprintf(writer->order_head, sizeof(writer->order_head),
                         "POST /v1/orders%sContent-Type: application/json\r\nIdempotency-Key: %s-",
                         writer->host_lines, options->run);
}

struct flash_text flash_bench_writer_user(const struct flash_bench_writer *writer, int64_t user,
                                          char buffer[FLASH_USER_MAX])
{
    const char *prefix = writer->options->user_prefix;
    char *end = flash_put_number(flash_put_text(buffer, prefix), (uint64_t)user);
    return (struct flash_text){buffer, (size_t)(end - buffer)};
}

struct flash_text flash_bench_writer_key(const struct flash_bench_writer *writer, uint64_t number,
                                         char buffer[FLASH_KEY_MAX])
{
    char *end = flash_put_text(buffer, writer->options->run);
    *end++ = '-';
    end = flash_put_number(end, number);
    return (struct flash_text){buffer, (size_t)(end - buffer)};
}

struct flash_text flash_bench_writer_payment(const char *order_id, char buffer[FLASH_KEY_MAX])
{
    const char *ref = order_id + strcspn(order_id, ".") + 1;
    size_t len = strlen(ref);
    memcpy(buffer, "p-", 2);
    memcpy(buffer + 2, ref, len);
    return (struct flash_text){buffer, len + 2};
}

static char *put_user(const struct flash_bench_writer *writer, const struct flash_bench_op *op,
                      char *out)
{
    if (writer->tokens != NULL) {
        struct flash_text token = flash_bench_tokens_of(writer->tokens, op);
        return flash_put(FLASH_PUT_LITERAL(out, "\r\nAuthorization: Bearer "), token.at, token.len);
    }
    const char *prefix = writer->options->user_prefix;
    out = flash_put_text(FLASH_PUT_LITERAL(out, "\r\nX-User-Id: "), prefix);
    return flash_put_number(out, (uint64_t)op->user);
}

static char *put_order(const struct flash_bench_writer *writer, const struct flash_bench_op *op,
                       char *out)
{
    char body[64];
    char *end = flash_put_number(FLASH_PUT_LITERAL(body, "{\"sku\":\""), (uint64_t)op->sku);
    end = flash_put_number(FLASH_PUT_LITERAL(end, "\",\"quantity\":"), (uint64_t)op->quantity);
    *end++ = '}';
    size_t len = (size_t)(end - body);

    out = flash_put_number(flash_put(out, writer->order_head, writer->order_head_len), op->number);
    out = put_user(writer, op, out);
    out = flash_put_number(FLASH_PUT_LITERAL(out, "\r\nContent-Length: "), len);
    return flash_put(FLASH_PUT_LITERAL(out, "\r\n\r\n"), body, len);
}

/* The lines that make a GET conditional or held; the last line of host_lines is complete, so each
 * begins with its name and ends with \r\n, but for the user, which put_user begins with one. */
static char *put_read(const struct flash_bench_writer *writer, const struct flash_bench_op *op,
                      char *out)
{
    bool held = op->kind == FLASH_BENCH_WAIT ||
                (op->kind == FLASH_BENCH_PAGE && writer->options->poll_wait);
    out = flash_put_text(FLASH_PUT_LITERAL(out, "GET /v1/orders/"), op->order_id);
    out = flash_put(out, writer->host_lines, writer->host_lines_len);
    if (op->etag[0] != '\0') {
        out = flash_put_text(FLASH_PUT_LITERAL(out, "If-None-Match: "), op->etag);
        out = FLASH_PUT_LITERAL(out, "\r\n");
    }
    if (held) {
        out = flash_put_number(FLASH_PUT_LITERAL(out, "Prefer: wait="),
                               (uint64_t)writer->options->wait_s);
        out = FLASH_PUT_LITERAL(out, "\r\n");
    }
    out = put_user(writer, op, FLASH_PUT_LITERAL(out, "Accept: application/json"));
    return FLASH_PUT_LITERAL(out, "\r\n\r\n");
}

static char *put_pay(const struct flash_bench_writer *writer, const struct flash_bench_op *op,
                     char *out)
{
    char body[32 + FLASH_KEY_MAX], buffer[FLASH_KEY_MAX];
    struct flash_text payment = flash_bench_writer_payment(op->order_id, buffer);
    char *end = flash_put(FLASH_PUT_LITERAL(body, "{\"payment_id\":\""), payment.at, payment.len);
    size_t len = (size_t)(FLASH_PUT_LITERAL(end, "\"}") - body);

    out = flash_put_text(FLASH_PUT_LITERAL(out, "POST /v1/orders/"), op->order_id);
    out = flash_put(FLASH_PUT_LITERAL(out, "/pay"), writer->host_lines, writer->host_lines_len);
    out = put_user(writer, op, FLASH_PUT_LITERAL(out, "Content-Type: application/json"));
    out = flash_put_number(FLASH_PUT_LITERAL(out, "\r\nContent-Length: "), len);
    return flash_put(FLASH_PUT_LITERAL(out, "\r\n\r\n"), body, len);
}

static char *put_cancel(const struct flash_bench_writer *writer, const struct flash_bench_op *op,
                        char *out)
{
    out = flash_put_text(FLASH_PUT_LITERAL(out, "POST /v1/orders/"), op->order_id);
    out = flash_put(FLASH_PUT_LITERAL(out, "/cancel"), writer->host_lines, writer->host_lines_len);
    out = put_user(writer, op, FLASH_PUT_LITERAL(out, "Content-Length: 0"));
    return FLASH_PUT_LITERAL(out, "\r\n\r\n");
}

size_t flash_bench_writer_put(const struct flash_bench_writer *writer,
                              const struct flash_bench_op *op, char *out)
{
    static char *(*const puts_of[FLASH_BENCH_KINDS])(const struct flash_bench_writer *,
                                                     const struct flash_bench_op *, char *) = {
        [FLASH_BENCH_ORDER] = put_order, [FLASH_BENCH_STATUS] = put_read,
        [FLASH_BENCH_WAIT] = put_read,   [FLASH_BENCH_PAGE] = put_read,
        [FLASH_BENCH_PAY] = put_pay,     [FLASH_BENCH_CANCEL] = put_cancel,
    };
    return (size_t)(puts_of[op->kind](writer, op, out) - out);
}
