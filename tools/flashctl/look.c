/* The verbs that only look: one path, one answer, shown. */
#include <curl/curl.h>
#include <string.h>

#include "client.h"
#include "flash/ids.h"
#include "show.h"

static enum flash_ctl_exit look(const struct flash_ctl_command *command, const char *folder,
                                const char *name)
{
    struct flash_ctl_client *client = NULL;
    struct flash_ctl_reply reply = {0};
    char path[512];
    enum flash_ctl_exit code = flash_ctl_client_open(command, &client);
    if (code != FLASH_CTL_OK) {
        return code;
    }
    char *encoded = curl_easy_escape(NULL, name, 0);
    snprintf(path, sizeof(path), "%s%s", folder, encoded ? encoded : "");
    curl_free(encoded);
    const struct flash_ctl_request request = {.method = "GET", .path = path};
    code = flash_ctl_ask(client, &request, &reply);
    if (code == FLASH_CTL_OK) {
        flash_ctl_show(command, reply.body);
    }
    flash_ctl_reply_free(&reply);
    flash_ctl_client_close(client);
    return code;
}

static enum flash_ctl_exit look_at_sku(const struct flash_ctl_command *command, const char *folder)
{
    const char *text = command->values[FLASH_CTL_SKU];
    int64_t sku;
    if (!flash_sku_parse((struct flash_text){text, strlen(text)}, &sku)) {
        return flash_ctl_bad_value(command, FLASH_CTL_SKU, "a SKU (a whole number above 0)");
    }
    return flash_ctl_show_check(command) ? look(command, folder, text) : FLASH_CTL_USAGE;
}

enum flash_ctl_exit flash_ctl_sale_show(const struct flash_ctl_command *command)
{
    return look_at_sku(command, "/v1/sales/");
}

enum flash_ctl_exit flash_ctl_stock_show(const struct flash_ctl_command *command)
{
    return look_at_sku(command, "/inventory/product/");
}

enum flash_ctl_exit flash_ctl_order_show(const struct flash_ctl_command *command)
{
    const char *text = command->values[FLASH_CTL_ORDER];
    struct flash_text ref;
    int64_t sku;
    if (!flash_order_id_parse((struct flash_text){text, strlen(text)}, &sku, &ref)) {
        return flash_ctl_bad_value(command, FLASH_CTL_ORDER, "an order id (<sku>.<ref>)");
    }
    return flash_ctl_show_check(command) ? look(command, "/v1/orders/", text) : FLASH_CTL_USAGE;
}
