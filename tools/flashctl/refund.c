/* The verb that says that a refund was given back. */
#include <curl/curl.h>

#include "client.h"
#include "verbs.h"

enum flash_ctl_exit flash_ctl_refund_done(struct flash_ctl_client *client,
                                          const struct flash_ctl_command *command)
{
    char pattern[512], path[512];
    char *payment = curl_easy_escape(NULL, command->values[FLASH_CTL_PAYMENT], 0);
    snprintf(pattern, sizeof(pattern), "/v1/refunds/*/%s/done", payment ? payment : "");
    curl_free(payment);
    if (!flash_ctl_path(path, pattern, command->values[FLASH_CTL_ORDER])) {
        return FLASH_CTL_USAGE;
    }
    return flash_ctl_post_and_show(
        client, command, path,
        json_pack("{s:s}", "reference", command->values[FLASH_CTL_REFERENCE]));
}
