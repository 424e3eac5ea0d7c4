/* Parses the record of an order: <letter><version>:<quantity>:<at>:<due>:<user>["<payment>["<late
 * payment>]]; see flash/record.h. */
#include "flash/record.h"

#include <string.h>

/* Takes the text up to a quote, or all of it, off the front of *text, the quote with it. */
static struct flash_text take_part(struct flash_text *text)
{
    const char *quote = text->len ? memchr(text->at, '"', text->len) : NULL;
    size_t len = quote ? (size_t)(quote - text->at) : text->len;
    struct flash_text part = {text->at, len};
    len += quote != NULL;
    text->at += len;
    text->len -= len;
    return part;
}

/* Takes decimal digits up to ':' off the front of *text. */
static bool take_number(struct flash_text *text, int64_t *ret_number)
{
    int64_t number = 0;
    size_t i = 0;
    for (; i < text->len && text->at[i] >= '0' && text->at[i] <= '9'; i++) {
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, text->at[i] - '0', &number)) {
            return false;
        }
    }
    if (i == 0 || i == text->len || text->at[i] != ':') {
        return false;
    }
    text->at += i + 1;
    text->len -= i + 1;
    *ret_number = number;
    return true;
}

bool flash_record_parse(struct flash_text text, struct flash_record *ret_record)
{
    if (text.len < 2) {
        return false;
    }
    int64_t version, quantity;
    ret_record->state = flash_state_from_letter(text.at[0]);
    struct flash_text rest = {text.at + 1, text.len - 1};
    if (ret_record->state == FLASH_STATE_NONE || !take_number(&rest, &version) ||
        !take_number(&rest, &quantity) || !take_number(&rest, &ret_record->at_us) ||
        !take_number(&rest, &ret_record->due_s) || version > INT32_MAX ||
        quantity > FLASH_QUANTITY_MAX) {
        return false;
    }
    ret_record->version = (int)version;
    ret_record->quantity = (int)quantity;
    ret_record->user = take_part(&rest);
    ret_record->payment = take_part(&rest);
    return flash_user_valid(ret_record->user);
}
