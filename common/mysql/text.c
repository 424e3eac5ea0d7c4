/* SQL built as text: a buffer that grows between statements, never inside one, and literals.
 *
 * Printable ASCII without quote and backslash is quoted as it is; any other byte string is written
 * in hexadecimal. So no character needs escaping, and nothing depends on the session's sql_mode or
 * character set: what a user sent cannot end its literal. The size of a literal is known exactly
 * before it is written. */
#include "text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "flash/put.h"

bool flash_mysql_buffer_reserve(struct flash_mysql_buffer *buffer, size_t size)
{
    if (size <= buffer->size) {
        return true;
    }
    if (size > FLASH_MYSQL_BUFFER_MAX) {
        return false;
    }
    size_t grown = buffer->size * 2 > size ? buffer->size * 2 : size;
    char *at = realloc(buffer->at, grown);
    if (at == NULL) {
        return false;
    }
    buffer->at = at;
    buffer->size = grown;
    return true;
}

void flash_mysql_buffer_free(struct flash_mysql_buffer *buffer)
{
    free(buffer->at);
    *buffer = (struct flash_mysql_buffer){0};
}

void flash_mysql_put(struct flash_mysql_buffer *buffer, const char *bytes, size_t len)
{
    assert(len <= buffer->size - buffer->len);
    if (len > 0) {
        memcpy(buffer->at + buffer->len, bytes, len);
    }
    buffer->len += len;
}

void flash_mysql_put_word(struct flash_mysql_buffer *buffer, const char *word)
{
    flash_mysql_put(buffer, word, strlen(word));
}

void flash_mysql_put_number(struct flash_mysql_buffer *buffer, int64_t number)
{
    char digits[FLASH_NUMBER_MAX];
    flash_mysql_put(buffer, digits, (size_t)(flash_put_signed(digits, number) - digits));
}

static bool is_plain(struct flash_text bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        unsigned char byte = (unsigned char)bytes.at[i];
        if (byte < 0x20 || byte > 0x7e || byte == '\'' || byte == '\\') {
            return false;
        }
    }
    return true;
}

static void put_hex(struct flash_mysql_buffer *buffer, struct flash_text bytes)
{
    static const char digits[] = "0123456789abcdef";
    assert(bytes.len * 2 <= buffer->size - buffer->len);
    char *at = buffer->at + buffer->len;
    for (size_t i = 0; i < bytes.len; i++) {
        unsigned char byte = (unsigned char)bytes.at[i];
        *at++ = digits[byte >> 4];
        *at++ = digits[byte & 15];
    }
    buffer->len += bytes.len * 2;
}

void flash_mysql_put_literal(struct flash_mysql_buffer *buffer, struct flash_text bytes)
{
    if (bytes.at == NULL) {
        flash_mysql_put_word(buffer, "NULL");
        return;
    }
    if (is_plain(bytes)) {
        flash_mysql_put_word(buffer, "'");
        flash_mysql_put(buffer, bytes.at, bytes.len);
    } else {
        flash_mysql_put_word(buffer, "x'");
        put_hex(buffer, bytes);
    }
    flash_mysql_put_word(buffer, "'");
}

size_t flash_mysql_literal_size(struct flash_text bytes)
{
    if (bytes.at == NULL) {
        return sizeof("NULL") - 1;
    }
    return is_plain(bytes) ? bytes.len + 2 : bytes.len * 2 + 3;
}
