/* GET /: the operators' dashboard. It knows no more than any other client: what it shows comes by
 * the routes of docs/API.md, with the token that is pasted into it. */
#ifndef ADMIN_PAGES_H
#define ADMIN_PAGES_H

#include "flash/http_files.h"

/* Error kind: RETRY (no memory). */
FLASH_MUST_CHECK bool flash_pages_new(struct flash_files **ret_pages, struct flash_error *err);

#endif
