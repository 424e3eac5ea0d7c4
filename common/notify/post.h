/* A POST to where the operator wants it: what webhooks and short messages have in common. */
#ifndef NOTIFY_POST_H
#define NOTIFY_POST_H

#include "flash/ids.h"
#include "transfer.h"

#define FLASH_POST_HEADERS 8
#define FLASH_POST_HEADER 320 /* bytes of a line and NUL */

struct flash_post {
    CURL *curl;       /* (borrowed) */
    const char *what; /* "webhook", "sms": how errors begin; static */
    const char *url;  /* (borrowed) */
    struct flash_text body;
    char headers[FLASH_POST_HEADERS][FLASH_POST_HEADER]; /* "Name: value" */
    int header_count;
};

/* Adds a header line; what does not fit is cut. */
__attribute__((format(printf, 2, 3))) void flash_post_header(struct flash_post *post,
                                                             const char *format, ...);
/* Sends it, and judges the answer. Error kinds as of flash_notify_send. */
FLASH_MUST_CHECK bool flash_post_send(const struct flash_post *post,
                                      const struct flash_config *config, struct flash_error *err);

/* Whether the URL's host is an address that is never connected to: known before the first alert. */
bool flash_post_refused(const char *url, const struct flash_config *config);

/* What an HTTP status means: 2xx is taken; 408, 425, 429 and 5xx come again; nothing else does,
 * also no redirect. */
FLASH_MUST_CHECK bool flash_post_judge(const char *what, long status, struct flash_error *err);

#endif
