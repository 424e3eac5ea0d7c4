/* Writes a decoded entry again, as lua/ would: what the decoder accepts must come out byte for
 * byte. */
#ifndef FLASH_TEST_ENTRY_TEXT_H
#define FLASH_TEST_ENTRY_TEXT_H

#include "flash/entry.h"

/* Writes into out, which has FLASH_ENTRY_BYTES_MAX + 1 bytes, and ends it with a NUL; returns the
 * length, more than FLASH_ENTRY_BYTES_MAX if it did not fit. */
size_t entry_text(const struct flash_entry *entry, char *out);

#endif
