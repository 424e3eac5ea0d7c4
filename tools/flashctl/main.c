/* flashctl: the operators' command line, a client of flash-admin. Exit codes are in command.h. */
#include <signal.h>
#include <stdio.h>

#include "command.h"

int main(int argc, char *argv[])
{
    struct flash_ctl_command command;
    struct flash_error err;
    signal(SIGPIPE, SIG_IGN); /* a closed connection is an answer of its own */
    if (!flash_ctl_command_parse(&command, argc, argv, &err)) {
        fprintf(stderr, "flashctl: %s\n", err.text);
        return FLASH_CTL_USAGE;
    }
    if (command.ask == FLASH_CTL_ASK_HELP) {
        flash_ctl_help(command.verb, stdout);
        return FLASH_CTL_OK;
    }
    if (command.ask == FLASH_CTL_ASK_VERSION) {
        printf("flashctl %s\n", FLASH_VERSION);
        return FLASH_CTL_OK;
    }
    return command.verb->run(&command);
}
