/* Queries by their tables; see query.h. */
#include "query.h"

#include <assert.h>
#include <string.h>

static bool text_is(struct flash_text text, const char *word)
{
    return text.len == strlen(word) && memcmp(text.at, word, text.len) == 0;
}

/* One name=value; seen says which came before. NULL: it is fine. */
static const char *read_one(const struct flash_parameters *parameters, struct flash_text pair,
                            void *form, bool seen[FLASH_PARAMETERS_MAX])
{
    const char *equals = memchr(pair.at, '=', pair.len), *end = pair.at + pair.len;
    const char *name_end = equals ? equals : end, *value = equals ? equals + 1 : end;
    const struct flash_text name = {pair.at, (size_t)(name_end - pair.at)};
    for (int i = 0; i < parameters->count; i++) {
        const struct flash_parameter *row = &parameters->rows[i];
        if (text_is(name, row->name)) {
            const struct flash_text text = {value, (size_t)(end - value)};
            bool taken = !seen[i] && row->read(text, form);
            seen[i] = true;
            return taken ? NULL : row->detail;
        }
    }
    return parameters->unknown;
}

bool flash_parameters_read(const struct flash_parameters *parameters, struct flash_text query,
                           void *form, const char **ret_detail)
{
    bool seen[FLASH_PARAMETERS_MAX] = {false};
    const char *at = query.at, *end = query.at + query.len;
    assert(parameters->count <= FLASH_PARAMETERS_MAX);
    while (at < end) {
        const char *ampersand = memchr(at, '&', (size_t)(end - at));
        const char *stop = ampersand ? ampersand : end;
        const char *detail =
            read_one(parameters, (struct flash_text){at, (size_t)(stop - at)}, form, seen);
        if (detail) {
            *ret_detail = detail;
            return false;
        }
        at = ampersand ? ampersand + 1 : end;
    }
    return true;
}
