/* Input that ends where memory ends: one byte read past it faults, with any compiler and without
 * sanitizers. */
#ifndef FLASH_TEST_GUARDED_H
#define FLASH_TEST_GUARDED_H

#include "flash/ids.h"

#define GUARDED_MAX (128 * 1024)

/* A copy of len ≤ GUARDED_MAX bytes whose last byte is the last before an inaccessible page. Valid
 * until the next call; one at a time. */
struct flash_text guarded(const void *bytes, size_t len);

#endif
