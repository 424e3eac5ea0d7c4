/* The verb that tells an order's story: what the order is, then its steps, a line each. */
#include "client.h"
#include "output.h"
#include "values.h"
#include "verbs.h"

static enum flash_ctl_exit tell(struct flash_ctl_client *client,
                                const struct flash_ctl_command *command)
{
    char path[512];
    const struct flash_ctl_request request = {.method = "GET", .path = path};
    if (!flash_ctl_path(path, command->verb->path, command->values[FLASH_CTL_ORDER])) {
        return FLASH_CTL_USAGE;
    }
    return flash_ctl_ask_and_show(client, command, &request);
}

enum flash_ctl_exit flash_ctl_order_story(const struct flash_ctl_command *command)
{
    return flash_ctl_with_client(command, tell);
}
