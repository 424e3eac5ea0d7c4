/* The verbs that change stock: create, restock, adjust, threshold. */
#include "stock.h"

#include <string.h>

#include "flash/time.h"
#include "output.h"
#include "values.h"
#include "verbs.h"

#define WAIT_DEFAULT_S 300
#define WAIT_EVERY_MS 300

enum flash_ctl_exit flash_ctl_stock_post(struct flash_ctl_client *client,
                                         const struct flash_ctl_command *command,
                                         struct flash_ctl_reply *ret_reply)
{
    const char *title = command->values[FLASH_CTL_TITLE];
    struct flash_ctl_reply reply = {0};
    json_t *body = json_pack(
        "{s:s, s:s, s:I, s:I}", "product_id", command->values[FLASH_CTL_SKU], "title",
        title ? title : "", "quantity", (json_int_t)flash_ctl_count(command, FLASH_CTL_QUANTITY, 0),
        "low_stock_threshold", (json_int_t)flash_ctl_count(command, FLASH_CTL_THRESHOLD, 0));
    if (!body) {
        fprintf(stderr, "flashctl: --title: not text in UTF-8\n");
        return FLASH_CTL_USAGE;
    }
    const struct flash_ctl_request request = {.method = "POST", .path = "/inventory", .body = body};
    enum flash_ctl_exit code = flash_ctl_ask(client, &request, &reply);
    json_decref(body);
    if (code == FLASH_CTL_OK && ret_reply) {
        *ret_reply = reply;
        return code;
    }
    flash_ctl_reply_free(&reply);
    return code;
}

enum flash_ctl_exit flash_ctl_stock_create(struct flash_ctl_client *client,
                                           const struct flash_ctl_command *command)
{
    struct flash_ctl_reply reply = {0};
    enum flash_ctl_exit code = flash_ctl_stock_post(client, command, &reply);
    if (code == FLASH_CTL_OK && !flash_ctl_show(command, reply.body)) {
        code = FLASH_CTL_REFUSED;
    }
    flash_ctl_reply_free(&reply);
    return code;
}

enum flash_ctl_exit flash_ctl_stock_restock(struct flash_ctl_client *client,
                                            const struct flash_ctl_command *command)
{
    json_t *body = json_pack("{s:s, s:I, s:s, s:s}", "product_id", command->values[FLASH_CTL_SKU],
                             "quantity", (json_int_t)flash_ctl_count(command, FLASH_CTL_UNITS, 0),
                             "reason", command->values[FLASH_CTL_REASON], "reference",
                             command->values[FLASH_CTL_REFERENCE]);
    return flash_ctl_post_and_show(client, command, "/inventory/restock", body);
}

/* Asks until the ledger has the change; the reference makes it happen once. The last answer is
 * kept. */
static enum flash_ctl_exit ask_until_applied(struct flash_ctl_client *client,
                                             const struct flash_ctl_request *request,
                                             int64_t wait_s, struct flash_ctl_reply *reply)
{
    uint64_t until_us = flash_time_monotonic_us() + (uint64_t)wait_s * 1000000;
    for (;;) {
        enum flash_ctl_exit code = flash_ctl_ask(client, request, reply);
        if (code != FLASH_CTL_OK || reply->status != 202 || flash_time_monotonic_us() >= until_us) {
            return code;
        }
        flash_ctl_reply_free(reply);
        flash_ctl_pause(WAIT_EVERY_MS);
    }
}

enum flash_ctl_exit flash_ctl_stock_adjust(struct flash_ctl_client *client,
                                           const struct flash_ctl_command *command)
{
    int64_t delta = 0;
    bool waits = command->values[FLASH_CTL_WAIT] != NULL;
    struct flash_ctl_reply reply = {0};
    if (!flash_ctl_delta_parse(command->values[FLASH_CTL_DELTA], &delta)) {
        return FLASH_CTL_USAGE;
    }
    json_t *body =
        json_pack("{s:s, s:I, s:s, s:s}", "product_id", command->values[FLASH_CTL_SKU], "delta",
                  (json_int_t)delta, "reason", command->values[FLASH_CTL_REASON], "reference",
                  command->values[FLASH_CTL_REFERENCE]);
    const struct flash_ctl_request request = {
        .method = "POST", .path = "/inventory/adjust", .body = body};
    enum flash_ctl_exit code = ask_until_applied(
        client, &request, waits ? flash_ctl_seconds(command, FLASH_CTL_TIMEOUT, WAIT_DEFAULT_S) : 0,
        &reply);
    if (code == FLASH_CTL_OK && !flash_ctl_show(command, reply.body)) {
        code = FLASH_CTL_REFUSED;
    }
    if (code == FLASH_CTL_OK && waits && reply.status == 202) {
        fprintf(stderr, "flashctl: taken from sale; still on its way to the ledger\n");
        code = FLASH_CTL_PENDING;
    }
    flash_ctl_reply_free(&reply);
    json_decref(body);
    return code;
}

enum flash_ctl_exit flash_ctl_stock_threshold(struct flash_ctl_client *client,
                                              const struct flash_ctl_command *command)
{
    char path[512];
    json_t *body = json_pack("{s:I}", "low_stock_threshold",
                             (json_int_t)flash_ctl_count(command, FLASH_CTL_THRESHOLD, 0));
    const struct flash_ctl_request request = {.method = "PUT", .path = path, .body = body};
    enum flash_ctl_exit code = FLASH_CTL_USAGE;
    if (flash_ctl_path(path, "/inventory/*/threshold", command->values[FLASH_CTL_SKU])) {
        code = flash_ctl_ask_and_show(client, command, &request);
    }
    json_decref(body);
    return code;
}
