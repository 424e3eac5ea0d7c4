/* Numbers as text, without the cost of a format; see flash/put.h. */
#include "flash/put.h"

char *flash_put_digits(char *out, uint64_t number)
{
    char digits[FLASH_NUMBER_MAX];
    size_t at = sizeof(digits);
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    return flash_put(out, digits + at, sizeof(digits) - at);
}

char *flash_put_signed(char *out, int64_t number)
{
    if (number >= 0) {
        return flash_put_number(out, (uint64_t)number);
    }
    *out = '-';
    return flash_put_number(out + 1, 0 - (uint64_t)number);
}
