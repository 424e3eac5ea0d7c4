/* The verb that tells an order's story: what the order is, then its steps, a line each. */
#include "client.h"
#include "output.h"
#include "verbs.h"

static const struct flash_ctl_column steps[] = {
    {"at", "time"},
    {"store", "store"},
    {"step", "step"},
    {"state", "state", FLASH_CTL_STATE_WORD},
    {"detail", "detail"},
    {"entry_id", "entry", FLASH_CTL_ASIDE},
    {"partition", "partition", FLASH_CTL_ASIDE},
    {"offset", "offset", FLASH_CTL_ASIDE},
    {"log_id", "log_id", FLASH_CTL_ASIDE},
    {0},
};

enum flash_ctl_exit flash_ctl_order_story(struct flash_ctl_client *client,
                                          const struct flash_ctl_command *command)
{
    char path[512];
    struct flash_ctl_reply reply = {0};
    const struct flash_ctl_request request = {.method = "GET", .path = path};
    if (!flash_ctl_path(path, command->verb->path, command->values[FLASH_CTL_ORDER])) {
        return FLASH_CTL_USAGE;
    }
    enum flash_ctl_exit code = flash_ctl_ask(client, &request, &reply);
    const struct flash_ctl_story story = {.whole = reply.body,
                                          .about = json_object_get(reply.body, "order"),
                                          .rows = json_object_get(reply.body, "steps"),
                                          .columns = steps};
    if (code == FLASH_CTL_OK && !flash_ctl_show_story(command, &story)) {
        code = FLASH_CTL_REFUSED;
    }
    flash_ctl_reply_free(&reply);
    return code;
}
