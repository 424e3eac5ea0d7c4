/* Answers as people or programs want them. */
#ifndef FLASHCTL_SHOW_H
#define FLASHCTL_SHOW_H

#include <jansson.h>

#include "command.h"

/* --output: false, after having said so, if it is neither table nor json. */
FLASH_MUST_CHECK bool flash_ctl_show_check(const struct flash_ctl_command *command);
/* One object on stdout: indented JSON, or a line a member, those of objects inside under their
 * name. */
void flash_ctl_show(const struct flash_ctl_command *command, const json_t *object);
/* The same table on out. */
void flash_ctl_show_table(const json_t *object, FILE *out);
/* A problem (RFC 9457) on stderr: title, detail, request id. */
void flash_ctl_show_problem(const json_t *problem, long status);

#endif
