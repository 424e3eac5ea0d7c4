/* Values for a statement's parameters and lists of keys. */
#ifndef FLASH_MYSQL_VALUE_H
#define FLASH_MYSQL_VALUE_H

#include <string.h>

#include "flash/ids.h"
#include "flash/mysql.h"

static inline struct flash_value flash_value_int(int64_t number)
{
    return (struct flash_value){.type = FLASH_COLUMN_INT, .number = number};
}

/* Borrowed; NULL where at is. */
static inline struct flash_value flash_value_bytes(const void *at, size_t len)
{
    return (struct flash_value){.type = FLASH_COLUMN_BYTES, .null = !at, .bytes = {at, len}};
}

/* text is NUL-terminated and borrowed. */
static inline struct flash_value flash_value_text(const char *text)
{
    return flash_value_bytes(text, strlen(text));
}

/* As a BINARY(16); borrowed. */
static inline struct flash_value flash_value_uuid(const struct flash_uuid *id)
{
    return flash_value_bytes(id->bytes, sizeof(id->bytes));
}

/* A cell's bytes as a string, cut where out is too short; "" of NULL. size is at least 1. */
static inline void flash_value_copy(const struct flash_value *cell, char *out, size_t size)
{
    size_t len = cell->null ? 0 : cell->bytes.len < size - 1 ? cell->bytes.len : size - 1;
    if (len > 0) {
        memcpy(out, cell->bytes.at, len);
    }
    out[len] = '\0';
}

#endif
