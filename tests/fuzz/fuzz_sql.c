/* Fuzzes the builder of many-row INSERTs: the text it hands to the client library is caught here
 * and read back as SQL by a reader of its own; it must say the very values that were put in.
 *
 * The input is one row: each byte string up to a newline is a value; a value of digits is a number
 * beside it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define ROWS 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
    char *at;
    size_t len;
} caught;

static void check(bool ok)
{
    if (!ok) {
        abort();
    }
}

/* In place of the client library's. */
int STDCALL mysql_real_query(MYSQL *mysql, const char *text, unsigned long len)
{
    (void)mysql;
    caught.at = malloc(len + 1);
    check(caught.at);
    memcpy(caught.at, text, len);
    caught.at[len] = '\0';
    caught.len = len;
    return 0;
}

static const char *expect(const char *at, const char *word)
{
    check(strncmp(at, word, strlen(word)) == 0);
    return at + strlen(word);
}

static unsigned nibble(char c)
{
    check((c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f'));
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c | 32) - 'a' + 10;
}

/* Reads one literal that must be want: quoted without any character that ends or escapes, or
 * hexadecimal. */
static const char *read_literal(const char *at, struct flash_text want)
{
    if (!want.at) {
        return expect(at, "NULL");
    }
    if (*at == '\'') {
        at++;
        check(strncmp(at, want.at, want.len) == 0 && !memchr(at, '\\', want.len) &&
              !memchr(at, '\'', want.len));
        return expect(at + want.len, "'");
    }
    bool quoted = *at == 'X' || *at == 'x';
    at = quoted ? expect(at + 1, "'") : expect(at, "0x");
    for (size_t i = 0; i < want.len; i++, at += 2) {
        check((nibble(at[0]) << 4 | nibble(at[1])) == (uint8_t)want.at[i]);
    }
    return quoted ? expect(at, "'") : at;
}

static void read_back(const struct flash_bulk *bulk)
{
    char number[32];
    const char *at = expect(caught.at, "INSERT INTO `t` (`n`,`b`) VALUES ");
    for (int row = 0; row < bulk->row_count; row++) {
        snprintf(number, sizeof(number), "%" PRId64, bulk->columns[0].numbers[row]);
        at = expect(expect(expect(at, row ? ",(" : "("), number), ",");
        at = expect(read_literal(at, bulk->columns[1].bytes[row]), ")");
    }
    check((size_t)(at - caught.at) == caught.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct flash_mysql mysql;
    int64_t numbers[ROWS];
    struct flash_text texts[ROWS];
    struct flash_error err = {0};
    int rows = 0;
    const char *at = (const char *)data, *end = at + size;
    while (at < end && rows < ROWS) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t len = (size_t)((stop ? stop : end) - at);
        texts[rows] = (struct flash_text){len == 1 && *at == '-' ? NULL : at, len};
        numbers[rows] = 0;
        memcpy(&numbers[rows], at, len < sizeof(int64_t) ? len : sizeof(int64_t));
        rows++;
        at += len + (stop != NULL);
    }
    const struct flash_bulk_column columns[] = {
        {.name = "n", .type = FLASH_COLUMN_INT, .numbers = numbers},
        {.name = "b", .type = FLASH_COLUMN_BYTES, .bytes = texts}};
    const struct flash_bulk bulk = {
        .table = "t", .columns = columns, .column_count = 2, .row_count = rows};
    if (rows > 0) {
        check(flash_mysql_text_insert(
            &mysql, &(struct flash_mysql_slice){.bulk = &bulk, .first = 0, .count = rows}, &err));
        read_back(&bulk);
        free(caught.at);
    }
    return 0;
}
