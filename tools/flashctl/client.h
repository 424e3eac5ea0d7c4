/* Asks flash-admin over HTTP and says on stderr what it refused. */
#ifndef FLASHCTL_CLIENT_H
#define FLASHCTL_CLIENT_H

#include <jansson.h>

#include "command.h"

struct flash_ctl_client;

struct flash_ctl_request {
    const char *method;   /* "GET" */
    const char *path;     /* "/v1/sales/42", encoded */
    const json_t *body;   /* (borrowed) NULL: none */
    const char *if_match; /* an entity tag, or NULL */
    const char *unless;   /* slug of a problem that is no failure here, or NULL */
};

struct flash_ctl_reply {
    long status;
    json_t *body; /* an object, owned */
    char etag[64];
};

/* Errors (USAGE, UNREACHABLE) are said on stderr. */
enum flash_ctl_exit flash_ctl_client_open(const struct flash_ctl_command *command,
                                          struct flash_ctl_client **ret_client);
/* NULL is fine. */
void flash_ctl_client_close(struct flash_ctl_client *client);

/* OK: *ret_reply is filled (flash_ctl_reply_free), its status is 2xx, or the problem is `unless`.
 * Everything else is said on stderr: REFUSED with the problem's title, detail and request id,
 * UNREACHABLE. */
enum flash_ctl_exit flash_ctl_ask(struct flash_ctl_client *client,
                                  const struct flash_ctl_request *request,
                                  struct flash_ctl_reply *ret_reply);
void flash_ctl_reply_free(struct flash_ctl_reply *reply);

#endif
