/* Entity tags: a version in quotes (RFC 9110 §8.8.3). Pure. */
#ifndef FLASH_ETAG_H
#define FLASH_ETAG_H

#include "flash/ids.h"

/* Whether an If-None-Match (at NULL: there is none) names this version, weak or not, or anything
 * (RFC 9110 §13.1.2). */
bool flash_etag_listed(struct flash_text list, int64_t version);

#endif
