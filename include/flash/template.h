/* A body of the operator's own with an alert's fields in it: what a provider of short messages
 * wants to be posted. Pure.
 *
 *     {"to": "+4915112345678", "message": "{source}: {text}"}        JSON: a field stands in a
 * string to=%2B4915112345678&message={source}%3A+{text}                 a form: it stands in a
 * value
 *
 * Fields: {text} {source} {key} {state} {severity} {at} {id}. A brace that begins none of them is
 * itself, but for what looks like a field ({ and small letters and }) and is not one: refused. */
#ifndef FLASH_TEMPLATE_H
#define FLASH_TEMPLATE_H

#include "flash/alert.h"

#define FLASH_TEMPLATE_MAX 8192 /* bytes of a body, filled in */

/* Whether the template is one: no unknown field, and JSON whatever its fields are. Error kind:
 * CONFIG; its text has nothing of the template but the name of a field. */
FLASH_MUST_CHECK bool flash_template_check(const char *text, enum flash_sms_type type,
                                           struct flash_error *err);

struct flash_template {
    const char *text; /* (borrowed) flash_template_check was true */
    enum flash_sms_type type;
    const char *source; /* (borrowed) */
};

/* The body for an alert; returns its length, 0: it does not fit, or memory is short. */
size_t flash_template_fill(const struct flash_template *template, const struct flash_alert *alert,
                           char ret_body[FLASH_TEMPLATE_MAX]);

#endif
