/* SQL as text: a buffer with a limit, and the pieces that are put into it.
 *
 * Room is made first, for a size known exactly or from above; putting then cannot fail. */
#ifndef FLASH_MYSQL_TEXT_H
#define FLASH_MYSQL_TEXT_H

#include "flash/ids.h"

#define FLASH_MYSQL_BUFFER_MAX (1 << 28) /* bytes any buffer of a connection may grow to */

struct flash_mysql_buffer {
    char *at;
    size_t len, size;
};

/* Room for size bytes in all; false when there is no memory or more than FLASH_MYSQL_BUFFER_MAX. */
FLASH_MUST_CHECK bool flash_mysql_buffer_reserve(struct flash_mysql_buffer *buffer, size_t size);
void flash_mysql_buffer_free(struct flash_mysql_buffer *buffer);
/* These need the room to be there already. */
void flash_mysql_put(struct flash_mysql_buffer *buffer, const char *bytes, size_t len);
void flash_mysql_put_word(struct flash_mysql_buffer *buffer, const char *word);
void flash_mysql_put_number(struct flash_mysql_buffer *buffer, int64_t number);
/* NULL when bytes.at is NULL. Nothing in the bytes can end the literal, in any sql_mode or
 * character set. */
void flash_mysql_put_literal(struct flash_mysql_buffer *buffer, struct flash_text bytes);
size_t flash_mysql_literal_size(struct flash_text bytes);

#endif
