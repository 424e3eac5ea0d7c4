/* What must hold in the desk's ledger after any batch (DESIGN §9). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "desk.h"

void desk_check(const struct desk *desk)
{
    for (int i = 0; i < desk->stock_count; i++) {
        const struct desk_stock *stock = &desk->stocks[i];
        int64_t reserved = 0, sold = 0;
        for (int n = 0; n < desk->row_count; n++) {
            const struct desk_row *row = &desk->rows[n];
            bool counts = row->sku == stock->sku;
            reserved += counts && row->state == FLASH_STATE_CREATED ? row->quantity : 0;
            sold += counts && row->state == FLASH_STATE_PAID ? row->quantity : 0;
        }
        assert_true(stock->available >= 0);
        assert_int_equal(stock->available + stock->reserved + stock->sold, stock->base);
        assert_int_equal(stock->reserved, reserved);
        assert_int_equal(stock->sold, sold);
    }
}
