/* Entries as docs/FORMATS.md has them; see letter.h. */
#include "letter.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct writer {
    char text[FLASH_ENTRY_BYTES_MAX];
    size_t len;
};

__attribute__((format(printf, 2, 3))) static void put(struct writer *to, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    to->len += (size_t)vsnprintf(to->text + to->len, sizeof(to->text) - to->len, format, args);
    va_end(args);
    if (to->len >= sizeof(to->text)) {
        abort();
    }
}

struct flash_uuid letter_uuid(int id)
{
    uint8_t random[10] = {0};
    memcpy(random + 4, &id, sizeof(id));
    return flash_uuid_v7(1763718000000, random);
}

static uint64_t stream_us(int id)
{
    return 1763718000000000 + (uint64_t)id;
}

const char *letter_stream_id(int id)
{
    static char text[FLASH_STREAM_ID_TEXT + 1];
    struct flash_uuid uuid = letter_uuid(id);
    snprintf(text, sizeof(text), "%" PRIu64 "-%" PRIu64, stream_us(id), flash_uuid_low64(&uuid));
    return text;
}

/* One field of a line, from text to the next ':' or ' '; texts in quotes, numbers as they are. */
static const char *put_field(struct writer *to, const char *text, int number, bool take)
{
    int len = (int)strcspn(text, ": ");
    const char *quote = number == 2 || (number == 3 && !take) ? "" : "\"";
    put(to, "%s%s%.*s%s", number ? "," : "", quote, len, text, quote);
    return text + len;
}

static void put_lines(struct writer *to, const struct letter *letter)
{
    const char *text = letter->lines;
    for (const char *separator = ""; *text; separator = ",") {
        put(to, "%s[", separator);
        for (int number = 0;; number++, text++) {
            text = put_field(to, text, number, letter->type == FLASH_ENTRY_TAKE);
            if (*text != ':') {
                break;
            }
        }
        put(to, "]");
        text += *text == ' ';
    }
}

struct flash_message letter_text(const char *text, int partition, int64_t offset)
{
    char *copy = strdup(text);
    if (!copy) {
        abort();
    }
    return (struct flash_message){.partition = partition,
                                  .offset = offset,
                                  .timestamp_ms = 1763718000000,
                                  .value = {copy, strlen(copy)},
                                  .handle = copy};
}

struct flash_message letter_write(const struct letter *letter)
{
    static struct writer to;
    struct flash_uuid uuid = letter_uuid(letter->id);
    char id[FLASH_UUID_TEXT + 1];
    int64_t generation = letter->generation ? letter->generation : LETTER_GENERATION;
    to.len = 0;
    flash_uuid_format(&uuid, id);
    put(&to, "{\"v\":1,\"id\":\"%s\",\"type\":\"%s\"", id, flash_entry_type_name(letter->type));
    if (letter->type != FLASH_ENTRY_MARKER) {
        put(&to, ",\"sku\":\"%" PRId64 "\",\"generation\":%" PRId64, letter->sku, generation);
        put(&to, ",\"stream\":\"%s\",\"due\":%d,\"lines\":[", letter_stream_id(letter->id),
            letter->type == FLASH_ENTRY_RESERVE ? LETTER_DUE : 0);
        put_lines(&to, letter);
        put(&to, "]");
    }
    put(&to, "}");
    return letter_text(to.text, letter->partition, letter->offset);
}
