/* flashctl: the operators' command line, a client of flash-admin. Exit codes are in command.h. */
#include <locale.h>
#include <signal.h>
#include <stdio.h>

#include "client.h"
#include "given.h"
#include "help.h"

/* Fills the command from the environment and the profile, and runs it. */
static enum flash_ctl_exit run(struct flash_ctl_command *command, struct flash_error *err)
{
    struct flash_ctl_given given = {.named = false};
    bool found = false;
    if (!flash_ctl_given_load(command, &given, &found, err) ||
        !flash_ctl_command_fill(command, found ? &given : NULL, err)) {
        fprintf(stderr, "flashctl: %s\n", err->text);
        return FLASH_CTL_USAGE;
    }
    return command->verb->act ? flash_ctl_with_client(command, command->verb->act)
                              : command->verb->run(command);
}

int main(int argc, char *argv[])
{
    struct flash_ctl_command command;
    struct flash_error err;
    signal(SIGPIPE, SIG_IGN); /* a closed connection is an answer of its own */
    if (!setlocale(LC_CTYPE, "C.UTF-8")) {
        setlocale(LC_CTYPE, "");
    }
    if (!flash_ctl_command_parse(&command, argc, argv, &err)) {
        fprintf(stderr, "flashctl: %s\n", err.text);
        return FLASH_CTL_USAGE;
    }
    if (command.ask == FLASH_CTL_ASK_HELP) {
        flash_ctl_help(&command, stdout);
        return FLASH_CTL_OK;
    }
    if (command.ask == FLASH_CTL_ASK_VERSION) {
        printf("flashctl %s\n", FLASH_VERSION);
        return FLASH_CTL_OK;
    }
    return run(&command, &err);
}
