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
    const char *base;     /* another daemon's URL: no token is sent there; NULL: flash-admin's */
    bool any;             /* every JSON object is an answer, whatever its status; silent else */
    bool patient;         /* repeats what is refused for now (503): the request happens once */
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
/* flash-admin's address, without a slash at the end. */
const char *flash_ctl_client_url(const struct flash_ctl_client *client);
/* A daemon's: of its option, else of --config; "": neither is given. */
const char *flash_ctl_client_other(const struct flash_ctl_client *client,
                                   enum flash_ctl_option daemon);

/* OK: *ret_reply is filled (flash_ctl_reply_free), its status is 2xx, or the problem is `unless`.
 * Everything else is said on stderr: REFUSED with the problem's title, detail and request id,
 * UNREACHABLE. What is refused by a rate limit (429) is repeated when the server says so. */
enum flash_ctl_exit flash_ctl_ask(struct flash_ctl_client *client,
                                  const struct flash_ctl_request *request,
                                  struct flash_ctl_reply *ret_reply);
/* The same, and shows the answer. */
enum flash_ctl_exit flash_ctl_ask_and_show(struct flash_ctl_client *client,
                                           const struct flash_ctl_command *command,
                                           const struct flash_ctl_request *request);
/* A POST with that body (owned by the call; NULL after it could not be made), its answer shown. */
enum flash_ctl_exit flash_ctl_post_and_show(struct flash_ctl_client *client,
                                            const struct flash_ctl_command *command,
                                            const char *path, json_t *body);
/* Frees what a reply holds, also one that was never filled. */
void flash_ctl_reply_free(struct flash_ctl_reply *reply);

/* The pattern with its "*", if it has one, replaced by the encoded text; false, after saying so, if
 * it is too long. */
bool flash_ctl_path(char path[512], const char *pattern, const char *text);
/* Opens a client, runs act with it, closes it. */
enum flash_ctl_exit
flash_ctl_with_client(const struct flash_ctl_command *command,
                      enum flash_ctl_exit (*act)(struct flash_ctl_client *client,
                                                 const struct flash_ctl_command *command));
void flash_ctl_pause(int64_t ms);

#endif
