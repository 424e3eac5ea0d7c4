/* The verbs about sales: create, open, show. */
#include <inttypes.h>
#include <string.h>

#include "client.h"
#include "flash/ids.h"
#include "flash/time.h"
#include "show.h"
#include "values.h"

#define LIMIT_DEFAULT 1
#define HOLD_DEFAULT_S 1800
#define FOR_DEFAULT_S 3600

struct sale {
    const char *sku;
    int64_t starts_ms, ends_ms, limit, hold_s;
};

/* The SKU as it was written, once it is known to be one; NULL after having said that it is not. */
static const char *sku_of(const struct flash_ctl_command *command)
{
    const char *text = command->values[FLASH_CTL_SKU];
    int64_t sku;
    if (flash_sku_parse((struct flash_text){text, strlen(text)}, &sku)) {
        return text;
    }
    flash_ctl_bad_value(command, FLASH_CTL_SKU, "a SKU (a whole number above 0)");
    return NULL;
}

static enum flash_ctl_exit read_count(const struct flash_ctl_command *command,
                                      enum flash_ctl_option option, int64_t min, int64_t *number)
{
    const char *text = command->values[option];
    if (text && !flash_ctl_count_parse(text, min, FLASH_BASE_MAX, number)) {
        return flash_ctl_bad_value(command, option,
                                   min ? "a whole number from 1 to 1000000000"
                                       : "a whole number from 0 to 1000000000");
    }
    return FLASH_CTL_OK;
}

/* --limit and --hold, where they are given. */
static enum flash_ctl_exit read_terms(const struct flash_ctl_command *command, struct sale *sale)
{
    const char *hold = command->values[FLASH_CTL_HOLD];
    enum flash_ctl_exit code = read_count(command, FLASH_CTL_LIMIT, 1, &sale->limit);
    if (code == FLASH_CTL_OK && hold && !flash_ctl_duration_parse(hold, &sale->hold_s)) {
        code = flash_ctl_bad_value(command, FLASH_CTL_HOLD, "a time such as 90s, 30m, 1h");
    }
    return code;
}

static enum flash_ctl_exit read_window(const struct flash_ctl_command *command, int64_t now_ms,
                                       struct sale *sale)
{
    static const char allowed[] = "now, +30m or a time such as 2026-11-27T08:00:00Z";
    const char *starts = command->values[FLASH_CTL_STARTS], *ends = command->values[FLASH_CTL_ENDS];
    if (!flash_ctl_time_parse(starts ? starts : "now", now_ms, now_ms, &sale->starts_ms)) {
        return flash_ctl_bad_value(command, FLASH_CTL_STARTS, allowed);
    }
    if (!flash_ctl_time_parse(ends ? ends : "+1h", now_ms, sale->starts_ms, &sale->ends_ms)) {
        return flash_ctl_bad_value(command, FLASH_CTL_ENDS, allowed);
    }
    return FLASH_CTL_OK;
}

static enum flash_ctl_exit post_stock(struct flash_ctl_client *client,
                                      const struct flash_ctl_command *command, const char *sku,
                                      const int64_t numbers[2])
{
    const char *title = command->values[FLASH_CTL_TITLE];
    struct flash_ctl_reply reply = {0};
    json_t *body = json_pack("{s:s, s:s, s:I, s:I}", "product_id", sku, "title", title ? title : "",
                             "quantity", (json_int_t)numbers[0], "low_stock_threshold",
                             (json_int_t)numbers[1]);
    if (!body) {
        return flash_ctl_bad_value(command, FLASH_CTL_TITLE, "text in UTF-8");
    }
    const struct flash_ctl_request request = {.method = "POST", .path = "/inventory", .body = body};
    enum flash_ctl_exit code = flash_ctl_ask(client, &request, &reply);
    flash_ctl_reply_free(&reply);
    json_decref(body);
    return code;
}

/* Puts the sale and shows what it became. */
static enum flash_ctl_exit put_sale(struct flash_ctl_client *client,
                                    const struct flash_ctl_command *command,
                                    const struct sale *sale, const char *if_match)
{
    char path[64], starts[FLASH_TIME_TEXT], ends[FLASH_TIME_TEXT];
    struct flash_ctl_reply reply = {0};
    flash_time_format_ms(sale->starts_ms, starts);
    flash_time_format_ms(sale->ends_ms, ends);
    snprintf(path, sizeof(path), "/v1/sales/%s", sale->sku);
    json_t *body =
        json_pack("{s:s, s:s, s:I, s:I}", "starts_at", starts, "ends_at", ends, "per_user_limit",
                  (json_int_t)sale->limit, "hold_seconds", (json_int_t)sale->hold_s);
    const struct flash_ctl_request request = {
        .method = "PUT", .path = path, .body = body, .if_match = if_match};
    enum flash_ctl_exit code = flash_ctl_ask(client, &request, &reply);
    if (code == FLASH_CTL_OK) {
        flash_ctl_show(command, reply.body);
    }
    flash_ctl_reply_free(&reply);
    json_decref(body);
    return code;
}

enum flash_ctl_exit flash_ctl_sale_create(const struct flash_ctl_command *command)
{
    struct flash_ctl_client *client = NULL;
    struct sale sale = {.sku = sku_of(command), .limit = LIMIT_DEFAULT, .hold_s = HOLD_DEFAULT_S};
    int64_t numbers[2] = {0, 0}; /* quantity, threshold */
    enum flash_ctl_exit code =
        sale.sku && flash_ctl_show_check(command) ? FLASH_CTL_OK : FLASH_CTL_USAGE;
    code = code ? code : read_count(command, FLASH_CTL_QUANTITY, 0, &numbers[0]);
    code = code ? code : read_count(command, FLASH_CTL_THRESHOLD, 0, &numbers[1]);
    code = code ? code : read_terms(command, &sale);
    code = code ? code : read_window(command, (int64_t)flash_time_wall_ms(), &sale);
    code = code ? code : flash_ctl_client_open(command, &client);
    code = code ? code : post_stock(client, command, sale.sku, numbers);
    code = code ? code : put_sale(client, command, &sale, NULL);
    flash_ctl_client_close(client);
    return code;
}

/* The terms of the sale as it is; without one, the defaults stay and *etag is empty. */
static enum flash_ctl_exit read_sale(struct flash_ctl_client *client, struct sale *sale,
                                     char etag[64])
{
    char path[64];
    struct flash_ctl_reply reply = {0};
    snprintf(path, sizeof(path), "/v1/sales/%s", sale->sku);
    const struct flash_ctl_request request = {.method = "GET", .path = path, .unless = "no-sale"};
    enum flash_ctl_exit code = flash_ctl_ask(client, &request, &reply);
    etag[0] = '\0';
    if (code == FLASH_CTL_OK && reply.status == 200) {
        sale->limit = json_integer_value(json_object_get(reply.body, "per_user_limit"));
        sale->hold_s = json_integer_value(json_object_get(reply.body, "hold_seconds"));
        memcpy(etag, reply.etag, sizeof(reply.etag));
    }
    flash_ctl_reply_free(&reply);
    return code;
}

enum flash_ctl_exit flash_ctl_sale_open(const struct flash_ctl_command *command)
{
    struct flash_ctl_client *client = NULL;
    struct sale sale = {.sku = sku_of(command), .limit = LIMIT_DEFAULT, .hold_s = HOLD_DEFAULT_S};
    struct sale wanted = sale; /* only to check the options before anything is asked */
    const char *length = command->values[FLASH_CTL_FOR];
    int64_t seconds = FOR_DEFAULT_S;
    char etag[64];
    if (!sale.sku || !flash_ctl_show_check(command)) {
        return FLASH_CTL_USAGE;
    }
    if (length && !flash_ctl_duration_parse(length, &seconds)) {
        return flash_ctl_bad_value(command, FLASH_CTL_FOR, "a time such as 90s, 30m, 1h, 2d");
    }
    enum flash_ctl_exit code = read_terms(command, &wanted);
    code = code ? code : flash_ctl_client_open(command, &client);
    code = code ? code : read_sale(client, &sale, etag);
    code = code ? code : read_terms(command, &sale);
    if (code == FLASH_CTL_OK) {
        sale.starts_ms = (int64_t)flash_time_wall_ms();
        sale.ends_ms = sale.starts_ms + seconds * 1000;
        code = put_sale(client, command, &sale, etag[0] ? etag : NULL);
    }
    flash_ctl_client_close(client);
    return code;
}
