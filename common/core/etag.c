/* Entity tags; see flash/etag.h. */
#include "flash/etag.h"

#include <string.h>

#include "flash/put.h"

bool flash_etag_listed(struct flash_text list, int64_t version)
{
    char text[FLASH_NUMBER_MAX];
    size_t len = (size_t)(flash_put_signed(text, version) - text);
    if (list.len == 1 && list.at[0] == '*') {
        return true;
    }
    for (size_t i = 0; list.at && i + len + 2 <= list.len; i++) {
        bool starts = i == 0 || list.at[i - 1] == ' ' || list.at[i - 1] == ',' ||
                      list.at[i - 1] == '/' || list.at[i - 1] == '\t';
        if (starts && list.at[i] == '"' && memcmp(list.at + i + 1, text, len) == 0 &&
            list.at[i + 1 + len] == '"') {
            return true;
        }
    }
    return false;
}
