/* Bodies of restock and adjust; see adjust_form.h. */
#include "adjust_form.h"

#include <string.h>

#include "flash/json_body.h"

/* What tells the two routes apart. */
struct kind {
    const char *const *names; /* the members, NULL at the end */
    const char *amount;       /* the one that says how many units */
    int64_t min;
    const char *detail; /* of that one */
};

static bool amount_of(const json_t *value, int64_t min, int64_t *ret_delta)
{
    int64_t found = json_integer_value(value);
    if (!json_is_integer(value) || found < min || found > FLASH_BASE_MAX || found == 0) {
        return false;
    }
    *ret_delta = found;
    return true;
}

static struct flash_text text_of(const json_t *value)
{
    return (struct flash_text){json_string_value(value), json_string_length(value)};
}

static void copy(char *out, struct flash_text text)
{
    memcpy(out, text.at, text.len);
    out[text.len] = '\0';
}

static bool read_form(const struct kind *kind, struct flash_text body,
                      struct flash_adjust_form *form, const char **ret_detail)
{
    json_t *root = flash_json_body_load(body, kind->names, ret_detail);
    if (!root) {
        return false;
    }
    const json_t *reason = json_object_get(root, "reason");
    const json_t *reference = json_object_get(root, "reference");
    bool ok = false;
    if (!flash_json_body_sku(json_object_get(root, "product_id"), &form->sku)) {
        *ret_detail = "product_id must be a string of decimal digits.";
    } else if (!amount_of(json_object_get(root, kind->amount), kind->min, &form->delta)) {
        *ret_detail = kind->detail;
    } else if (!json_is_string(reason) || !flash_reason_valid(text_of(reason))) {
        *ret_detail = "reason must be a string of 1 to 200 bytes without controls, double quotes, "
                      "backslashes or braces.";
    } else if (!json_is_string(reference) || !flash_ref_valid(text_of(reference))) {
        *ret_detail = "reference must be a string of 1 to 64 printable ASCII characters without "
                      "blanks, double quotes, backslashes or braces.";
    } else {
        copy(form->reason, text_of(reason));
        copy(form->reference, text_of(reference));
        ok = true;
    }
    json_decref(root);
    return ok;
}

bool flash_adjust_form_restock(struct flash_text body, struct flash_adjust_form *ret_form,
                               const char **ret_detail)
{
    static const char *const names[] = {"product_id", "quantity", "reason", "reference", NULL};
    static const struct kind kind = {names, "quantity", 1,
                                     "quantity must be an integer from 1 to 1000000000."};
    struct flash_adjust_form form = {.restock = true, .match = ret_form->match};
    bool ok = read_form(&kind, body, &form, ret_detail);
    *ret_form = ok ? form : *ret_form;
    return ok;
}

bool flash_adjust_form_adjust(struct flash_text body, struct flash_adjust_form *ret_form,
                              const char **ret_detail)
{
    static const char *const names[] = {"product_id", "delta", "reason", "reference", NULL};
    static const struct kind kind = {
        names, "delta", -FLASH_BASE_MAX,
        "delta must be an integer from -1000000000 to 1000000000, and not 0."};
    struct flash_adjust_form form = {.match = ret_form->match};
    bool ok = read_form(&kind, body, &form, ret_detail);
    *ret_form = ok ? form : *ret_form;
    return ok;
}
