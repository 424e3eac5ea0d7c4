/* Text put together in memory that its caller has sized: each function writes at out, without a
 * NUL, and returns where the next byte goes. For texts made for every order; elsewhere snprintf
 * reads better. */
#ifndef FLASH_PUT_H
#define FLASH_PUT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define FLASH_NUMBER_MAX 20 /* digits of the largest number, or 19 and a sign */

static inline char *flash_put(char *out, const char *text, size_t len)
{
    memcpy(out, text, len);
    return out + len;
}

/* text is NUL-terminated. */
static inline char *flash_put_text(char *out, const char *text)
{
    return flash_put(out, text, strlen(text));
}

#define FLASH_PUT_LITERAL(out, literal) flash_put(out, literal, sizeof(literal) - 1)

/* Of put.c, for what has several digits. */
char *flash_put_digits(char *out, uint64_t number);
/* In decimal, up to FLASH_NUMBER_MAX bytes. */
static inline char *flash_put_number(char *out, uint64_t number)
{
    if (number > 9) {
        return flash_put_digits(out, number);
    }
    *out = (char)('0' + number);
    return out + 1;
}
/* The same with '-' before what is negative. */
char *flash_put_signed(char *out, int64_t number);

#endif
