/* Expectations of the desk's ledger; see expect.h. */
#include "expect.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

void desk_expect_stock(struct desk *desk, int64_t available, int64_t reserved, int64_t sold)
{
    const struct desk_stock *stock = desk_stock_of(desk, DESK_SKU);
    assert_int_equal(stock->available, available);
    assert_int_equal(stock->reserved, reserved);
    assert_int_equal(stock->sold, sold);
}

void desk_expect_row(struct desk *desk, const char *ref, enum flash_state state, int version)
{
    const struct desk_row *row = desk_find(desk, ref);
    assert_non_null(row);
    if (row->state != state || row->version != version) {
        fail_msg("%s is %s %d, not %s %d", ref, flash_state_name(row->state), row->version,
                 flash_state_name(state), version);
    }
}
