/* Help, man pages and completion, all written from the tables. */
#ifndef FLASHCTL_HELP_H
#define FLASHCTL_HELP_H

#include "command.h"

/* About the command's verb, else its noun, else all. */
void flash_ctl_help(const struct flash_ctl_command *command, FILE *out);

/* The source (scdoc) of a man page: of a noun's commands, or NULL: of flashctl itself. */
void flash_ctl_manual(const char *noun, FILE *out);

/* A completion for bash. */
void flash_ctl_completion(FILE *out);

/* The noun's row, or NULL. */
const struct flash_ctl_noun *flash_ctl_noun_named(const char *name);

#endif
