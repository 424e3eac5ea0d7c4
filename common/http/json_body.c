/* Strict bodies on top of jansson; see flash/json_body.h. jansson refuses duplicate members, bad
 * UTF-8, NUL, numbers out of range and trailing bytes; depth is judged before it recurses. */
#include "flash/json_body.h"

#include <string.h>
#include <strings.h>

#define DEPTH_MAX 4

bool flash_json_body_declared(const struct flash_request *request)
{
    static const char json[] = "application/json";
    struct flash_text type = flash_request_header(request, "content-type");
    size_t len = sizeof(json) - 1;
    if (!type.at || type.len < len || strncasecmp(type.at, json, len) != 0) {
        return false;
    }
    while (len < type.len && (type.at[len] == ' ' || type.at[len] == '\t')) {
        len++;
    }
    return len == type.len || type.at[len] == ';';
}

static bool shallow(struct flash_text body)
{
    int depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < body.len; i++) {
        char c = body.at[i];
        if (quoted) {
            i += c == '\\';
            quoted = c != '"';
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{' || c == '[') {
            if (++depth > DEPTH_MAX) {
                return false;
            }
        } else if (c == '}' || c == ']') {
            depth--;
        }
    }
    return true;
}

static bool known_only(json_t *root, const char *const *names)
{
    const char *name;
    json_t *value;
    json_object_foreach(root, name, value)
    {
        const char *const *known = names;
        while (*known && strcmp(*known, name) != 0) {
            known++;
        }
        if (!*known) {
            return false;
        }
    }
    return true;
}

json_t *flash_json_body_load(struct flash_text body, const char *const *names,
                             const char **ret_detail)
{
    json_error_t error;
    if (body.len == 0) {
        *ret_detail = "The body is empty.";
        return NULL;
    }
    json_t *root =
        shallow(body) ? json_loadb(body.at, body.len, JSON_REJECT_DUPLICATES, &error) : NULL;
    if (!root) {
        *ret_detail = "The body is not JSON as this route takes it.";
        return NULL;
    }
    if (!json_is_object(root) || !known_only(root, names)) {
        *ret_detail = "The body must be an object with the route's members and no others.";
        json_decref(root);
        return NULL;
    }
    return root;
}

bool flash_json_body_sku(const json_t *value, int64_t *ret_sku)
{
    return json_is_string(value) &&
           flash_sku_parse((struct flash_text){json_string_value(value), json_string_length(value)},
                           ret_sku);
}
