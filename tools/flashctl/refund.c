/* The verbs about refunds: list what has to be given back, and say that it was. */
#include <curl/curl.h>
#include <string.h>

#include "client.h"
#include "flash/ids.h"
#include "show.h"

#define PAGE 500 /* refunds asked for at a time: as many as there may be */
#define CURSOR_MAX 400
#define PATH_MAX_LEN 640

static bool state_known(const char *text)
{
    return strcmp(text, "due") == 0 || strcmp(text, "done") == 0 || strcmp(text, "all") == 0;
}

static enum flash_ctl_exit check_list(const struct flash_ctl_command *command)
{
    const char *sku = command->values[FLASH_CTL_SKU], *state = command->values[FLASH_CTL_STATE];
    int64_t number;
    if (sku && !flash_sku_parse((struct flash_text){sku, strlen(sku)}, &number)) {
        return flash_ctl_bad_value(command, FLASH_CTL_SKU, "a SKU (a whole number above 0)");
    }
    if (state && !state_known(state)) {
        return flash_ctl_bad_value(command, FLASH_CTL_STATE, "due, done or all");
    }
    return flash_ctl_show_check(command) ? FLASH_CTL_OK : FLASH_CTL_USAGE;
}

/* A page behind cursor ("": the first), added to list; cursor becomes the next one's. */
static enum flash_ctl_exit add_page(struct flash_ctl_client *client,
                                    const struct flash_ctl_command *command,
                                    char cursor[CURSOR_MAX], json_t *list)
{
    const char *sku = command->values[FLASH_CTL_SKU], *state = command->values[FLASH_CTL_STATE];
    struct flash_ctl_reply reply = {0};
    char path[PATH_MAX_LEN];
    snprintf(path, sizeof(path), "/v1/refunds?limit=%d&state=%s%s%s%s%s", PAGE,
             state ? state : "due", sku ? "&sku=" : "", sku ? sku : "", cursor[0] ? "&cursor=" : "",
             cursor);
    const struct flash_ctl_request request = {.method = "GET", .path = path};
    enum flash_ctl_exit code = flash_ctl_ask(client, &request, &reply);
    if (code == FLASH_CTL_OK) {
        const char *next = json_string_value(json_object_get(reply.body, "next_cursor"));
        json_array_extend(list, json_object_get(reply.body, "refunds"));
        snprintf(cursor, CURSOR_MAX, "%s", next ? next : "");
    }
    flash_ctl_reply_free(&reply);
    return code;
}

static void show_list(const struct flash_ctl_command *command, json_t *list)
{
    static const struct flash_ctl_column columns[] = {
        {"created_at", "created"},  {"order_id", "order"}, {"payment_id", "payment"},
        {"order_status", "met"},    {"state", "refund"},   {"done_at", "done"},
        {"reference", "reference"}, {NULL, NULL},
    };
    if (!flash_ctl_show_json(command)) {
        flash_ctl_show_rows(list, columns, stdout);
        return;
    }
    json_t *object = json_pack("{s:O}", "refunds", list);
    flash_ctl_show(command, object);
    json_decref(object);
}

enum flash_ctl_exit flash_ctl_refund_list(const struct flash_ctl_command *command)
{
    struct flash_ctl_client *client = NULL;
    json_t *list = json_array();
    char cursor[CURSOR_MAX] = "";
    enum flash_ctl_exit code = check_list(command);
    code = code ? code : flash_ctl_client_open(command, &client);
    do {
        code = code ? code : add_page(client, command, cursor, list);
    } while (code == FLASH_CTL_OK && cursor[0]);
    if (code == FLASH_CTL_OK) {
        show_list(command, list);
    }
    json_decref(list);
    flash_ctl_client_close(client);
    return code;
}

static enum flash_ctl_exit check_done(const struct flash_ctl_command *command)
{
    const char *order = command->values[FLASH_CTL_ORDER];
    const char *payment = command->values[FLASH_CTL_PAYMENT];
    const char *reference = command->values[FLASH_CTL_REFERENCE];
    struct flash_text ref;
    int64_t sku;
    if (!flash_order_id_parse((struct flash_text){order, strlen(order)}, &sku, &ref)) {
        return flash_ctl_bad_value(command, FLASH_CTL_ORDER, "an order id (<sku>.<ref>)");
    }
    if (!flash_ref_valid((struct flash_text){payment, strlen(payment)})) {
        return flash_ctl_bad_value(command, FLASH_CTL_PAYMENT, "a payment id");
    }
    if (!flash_user_valid((struct flash_text){reference, strlen(reference)})) {
        return flash_ctl_bad_value(command, FLASH_CTL_REFERENCE,
                                   "1 to 64 bytes without quotes, backslashes, braces");
    }
    return flash_ctl_show_check(command) ? FLASH_CTL_OK : FLASH_CTL_USAGE;
}

static enum flash_ctl_exit mark_done(struct flash_ctl_client *client,
                                     const struct flash_ctl_command *command)
{
    struct flash_ctl_reply reply = {0};
    char path[PATH_MAX_LEN];
    char *order = curl_easy_escape(NULL, command->values[FLASH_CTL_ORDER], 0);
    char *payment = curl_easy_escape(NULL, command->values[FLASH_CTL_PAYMENT], 0);
    json_t *body = json_pack("{s:s}", "reference", command->values[FLASH_CTL_REFERENCE]);
    snprintf(path, sizeof(path), "/v1/refunds/%s/%s/done", order ? order : "",
             payment ? payment : "");
    const struct flash_ctl_request request = {.method = "POST", .path = path, .body = body};
    enum flash_ctl_exit code = flash_ctl_ask(client, &request, &reply);
    if (code == FLASH_CTL_OK) {
        flash_ctl_show(command, reply.body);
    }
    flash_ctl_reply_free(&reply);
    json_decref(body);
    curl_free(order);
    curl_free(payment);
    return code;
}

enum flash_ctl_exit flash_ctl_refund_done(const struct flash_ctl_command *command)
{
    struct flash_ctl_client *client = NULL;
    enum flash_ctl_exit code = check_done(command);
    code = code ? code : flash_ctl_client_open(command, &client);
    code = code ? code : mark_done(client, command);
    flash_ctl_client_close(client);
    return code;
}
