/* The query of a list's address, read by a table of its parameters. Pure.
 *
 * Values are handed over as they are sent: whoever needs percent-encoding undone does it. */
#ifndef ADMIN_QUERY_H
#define ADMIN_QUERY_H

#include "flash/ids.h"

#define FLASH_PARAMETERS_MAX 12

struct flash_parameter {
    const char *name;
    bool (*read)(struct flash_text value, void *form); /* false: not one */
    const char *detail;                                /* a sentence for the caller then */
};

struct flash_parameters {
    const struct flash_parameter *rows; /* at most FLASH_PARAMETERS_MAX */
    int count;
    const char *unknown; /* a sentence that says which there are */
};

/* name=value&…, each at most once. False: *ret_detail is a sentence (static), and form is partly
 * filled. */
FLASH_MUST_CHECK bool flash_parameters_read(const struct flash_parameters *parameters,
                                            struct flash_text query, void *form,
                                            const char **ret_detail);

#endif
