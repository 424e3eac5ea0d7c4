/* What a test expects of the desk's ledger, said in one line. */
#ifndef FLASH_TESTS_CONSUMER_EXPECT_H
#define FLASH_TESTS_CONSUMER_EXPECT_H

#include "desk.h"

/* Of DESK_SKU: what may be sold, is reserved, is sold. */
void desk_expect_stock(struct desk *desk, int64_t available, int64_t reserved, int64_t sold);
void desk_expect_row(struct desk *desk, const char *ref, enum flash_state state, int version);

#endif
