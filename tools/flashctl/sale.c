/* The verbs about sales: create, open, change, close. */
#include <string.h>

#include "client.h"
#include "flash/time.h"
#include "output.h"
#include "stock.h"
#include "values.h"
#include "verbs.h"

#define LIMIT_DEFAULT 1
#define HOLD_DEFAULT_S 1800
#define FOR_DEFAULT_S 3600
#define WAIT_DEFAULT_S 300
#define WAIT_EVERY_MS 500

struct sale {
    const char *sku;
    int64_t starts_ms, ends_ms, limit, hold_s;
    char etag[64]; /* "": there is none */
};

/* --limit and --hold, where they are given. */
static void take_terms(const struct flash_ctl_command *command, struct sale *sale)
{
    sale->limit = flash_ctl_count(command, FLASH_CTL_LIMIT, sale->limit);
    sale->hold_s = flash_ctl_seconds(command, FLASH_CTL_HOLD, sale->hold_s);
}

/* --starts and --ends, where they are given: + counts from now, and from the start. */
static bool take_window(const struct flash_ctl_command *command, struct sale *sale)
{
    int64_t now_ms = (int64_t)flash_time_wall_ms();
    const char *starts = command->values[FLASH_CTL_STARTS], *ends = command->values[FLASH_CTL_ENDS];
    bool ok = !starts || flash_ctl_time_parse(starts, now_ms, now_ms, &sale->starts_ms);
    return ok && (!ends || flash_ctl_time_parse(ends, now_ms, sale->starts_ms, &sale->ends_ms));
}

static struct sale sale_of(const struct flash_ctl_command *command)
{
    return (struct sale){
        .sku = command->values[FLASH_CTL_SKU], .limit = LIMIT_DEFAULT, .hold_s = HOLD_DEFAULT_S};
}

/* Puts the sale and shows what it became. */
static enum flash_ctl_exit put_sale(struct flash_ctl_client *client,
                                    const struct flash_ctl_command *command,
                                    const struct sale *sale)
{
    char path[512], starts[FLASH_TIME_TEXT], ends[FLASH_TIME_TEXT];
    flash_time_format_ms(sale->starts_ms, starts);
    flash_time_format_ms(sale->ends_ms, ends);
    if (!flash_ctl_path(path, "/v1/sales/*", sale->sku)) {
        return FLASH_CTL_USAGE;
    }
    json_t *body =
        json_pack("{s:s, s:s, s:I, s:I}", "starts_at", starts, "ends_at", ends, "per_user_limit",
                  (json_int_t)sale->limit, "hold_seconds", (json_int_t)sale->hold_s);
    const struct flash_ctl_request request = {
        .method = "PUT", .path = path, .body = body, .if_match = sale->etag[0] ? sale->etag : NULL};
    enum flash_ctl_exit code = flash_ctl_ask_and_show(client, command, &request);
    json_decref(body);
    return code;
}

enum flash_ctl_exit flash_ctl_sale_create(struct flash_ctl_client *client,
                                          const struct flash_ctl_command *command)
{
    struct sale sale = sale_of(command);
    sale.starts_ms = (int64_t)flash_time_wall_ms();
    sale.ends_ms = 0;
    take_terms(command, &sale);
    bool ok = take_window(command, &sale);
    if (!command->values[FLASH_CTL_ENDS]) {
        sale.ends_ms = sale.starts_ms + FOR_DEFAULT_S * 1000;
    }
    enum flash_ctl_exit code = ok ? flash_ctl_stock_post(client, command, NULL) : FLASH_CTL_USAGE;
    return code ? code : put_sale(client, command, &sale);
}

static int64_t time_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    int64_t ms = 0;
    return text && flash_time_parse(text, strlen(text), &ms) ? ms : 0;
}

/* The sale as it is; without one the defaults stay, its etag is empty and with must REFUSED is
 * returned. */
static enum flash_ctl_exit read_sale(struct flash_ctl_client *client, struct sale *sale, bool must)
{
    char path[512];
    struct flash_ctl_reply reply = {0};
    const struct flash_ctl_request request = {
        .method = "GET", .path = path, .unless = must ? NULL : "no-sale"};
    if (!flash_ctl_path(path, "/v1/sales/*", sale->sku)) {
        return FLASH_CTL_USAGE;
    }
    enum flash_ctl_exit code = flash_ctl_ask(client, &request, &reply);
    if (code == FLASH_CTL_OK && reply.status == 200) {
        sale->limit = json_integer_value(json_object_get(reply.body, "per_user_limit"));
        sale->hold_s = json_integer_value(json_object_get(reply.body, "hold_seconds"));
        sale->starts_ms = time_of(reply.body, "starts_at");
        sale->ends_ms = time_of(reply.body, "ends_at");
        memcpy(sale->etag, reply.etag, sizeof(reply.etag));
    }
    flash_ctl_reply_free(&reply);
    return code;
}

enum flash_ctl_exit flash_ctl_sale_open(struct flash_ctl_client *client,
                                        const struct flash_ctl_command *command)
{
    struct sale sale = sale_of(command);
    enum flash_ctl_exit code = read_sale(client, &sale, false);
    take_terms(command, &sale);
    sale.starts_ms = (int64_t)flash_time_wall_ms();
    sale.ends_ms = sale.starts_ms + flash_ctl_seconds(command, FLASH_CTL_FOR, FOR_DEFAULT_S) * 1000;
    return code ? code : put_sale(client, command, &sale);
}

enum flash_ctl_exit flash_ctl_sale_change(struct flash_ctl_client *client,
                                          const struct flash_ctl_command *command)
{
    struct sale sale = sale_of(command);
    enum flash_ctl_exit code = read_sale(client, &sale, true);
    take_terms(command, &sale);
    if (code == FLASH_CTL_OK && !take_window(command, &sale)) {
        code = FLASH_CTL_USAGE;
    }
    return code ? code : put_sale(client, command, &sale);
}

/* Shows the last answer about the closing, and says whether it has settled. */
static enum flash_ctl_exit show_closed(const struct flash_ctl_command *command,
                                       const struct flash_ctl_reply *reply, bool settled)
{
    enum flash_ctl_exit code =
        flash_ctl_show(command, reply->body) ? FLASH_CTL_OK : FLASH_CTL_REFUSED;
    bool waits = command->values[FLASH_CTL_WAIT] != NULL;
    if (code == FLASH_CTL_OK && waits && !settled) {
        fprintf(stderr, "flashctl: closed; orders are still on their way to the ledger\n");
        code = FLASH_CTL_PENDING;
    }
    return code;
}

/* Closing again says how far it is: the route is idempotent. */
enum flash_ctl_exit flash_ctl_sale_close(struct flash_ctl_client *client,
                                         const struct flash_ctl_command *command)
{
    char path[512];
    struct flash_ctl_reply reply = {0};
    const struct flash_ctl_request request = {.method = "POST", .path = path};
    int64_t wait_s = command->values[FLASH_CTL_WAIT]
                         ? flash_ctl_seconds(command, FLASH_CTL_TIMEOUT, WAIT_DEFAULT_S)
                         : 0;
    uint64_t until_us = flash_time_monotonic_us() + (uint64_t)wait_s * 1000000;
    if (!flash_ctl_path(path, "/v1/sales/*/close", command->values[FLASH_CTL_SKU])) {
        return FLASH_CTL_USAGE;
    }
    for (;;) {
        enum flash_ctl_exit code = flash_ctl_ask(client, &request, &reply);
        bool settled = json_is_true(json_object_get(reply.body, "settled"));
        if (code != FLASH_CTL_OK) {
            return code;
        }
        if (settled || flash_time_monotonic_us() >= until_us) {
            code = show_closed(command, &reply, settled);
            flash_ctl_reply_free(&reply);
            return code;
        }
        flash_ctl_reply_free(&reply);
        flash_ctl_pause(WAIT_EVERY_MS);
    }
}
