/* The strict JSON objects that routes take as bodies (SECURITY: JSON bombs, duplicate members).
 *
 * Pure, except for the question about Content-Type. What a member may hold is the route's business;
 * that there is no member beside the known ones is checked here. */
#ifndef FLASH_JSON_BODY_H
#define FLASH_JSON_BODY_H

#include <jansson.h>

#include "flash/http.h"

/* Whether Content-Type is application/json, with or without parameters. */
bool flash_json_body_declared(const struct flash_request *request);

/* Parses body as an object whose members are all among names (NULL at the end). Refused: nesting
 * deeper than 4, duplicate members, bad UTF-8, U+0000, numbers out of range, trailing bytes. NULL:
 * *ret_detail is a sentence for the caller (static). The result is owned: json_decref. */
FLASH_MUST_CHECK json_t *flash_json_body_load(struct flash_text body, const char *const *names,
                                              const char **ret_detail);

/* A SKU as API.md writes it: a string of decimal digits. */
FLASH_MUST_CHECK bool flash_json_body_sku(const json_t *value, int64_t *ret_sku);

#endif
