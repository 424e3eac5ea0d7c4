/* The reader of mail addresses; see flash/mail_address.h. */
#include "flash/mail_address.h"

#include <ctype.h>
#include <string.h>

#include "flash/url.h"

enum { LOCAL_MAX = 64 };

/* RFC 5321's dot-string. */
static bool is_local(const char *at, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        bool dot = at[i] == '.';
        bool atom = at[i] != '\0' && isascii(at[i]) &&
                    (isalnum((unsigned char)at[i]) || strchr("!#$%&'*+-/=?^_`{|}~", at[i]));
        if ((!atom && !dot) || (dot && (i == 0 || i + 1 == len || at[i - 1] == '.'))) {
            return false;
        }
    }
    return len >= 1 && len <= LOCAL_MAX;
}

bool flash_mail_address_valid(struct flash_text address)
{
    const char *at = address.len ? memchr(address.at, '@', address.len) : NULL;
    if (!at || address.len > FLASH_MAIL_ADDRESS_MAX) {
        return false;
    }
    size_t local = (size_t)(at - address.at);
    struct flash_text domain = {at + 1, address.len - local - 1};
    return is_local(address.at, local) && flash_host_valid(domain);
}

bool flash_mail_address_next(struct flash_text *list, struct flash_text *ret_address)
{
    if (list->len == 0) {
        return false;
    }
    const char *comma = memchr(list->at, ',', list->len);
    struct flash_text one = {list->at, comma ? (size_t)(comma - list->at) : list->len};
    size_t taken = one.len + (comma ? 1 : 0);
    list->at += taken;
    list->len -= taken;
    while (one.len > 0 && one.at[0] == ' ') {
        one.at++;
        one.len--;
    }
    while (one.len > 0 && one.at[one.len - 1] == ' ') {
        one.len--;
    }
    *ret_address = one;
    return true;
}
