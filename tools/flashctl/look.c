/* The verbs that only look: the path of their row, one answer, shown. */
#include "client.h"
#include "verbs.h"

enum flash_ctl_exit flash_ctl_look(struct flash_ctl_client *client,
                                   const struct flash_ctl_command *command)
{
    char path[512];
    const struct flash_ctl_verb *verb = command->verb;
    const struct flash_ctl_request request = {.method = "GET", .path = path};
    if (!flash_ctl_path(path, verb->path, command->values[verb->bare[0]])) {
        return FLASH_CTL_USAGE;
    }
    return flash_ctl_ask_and_show(client, command, &request);
}
