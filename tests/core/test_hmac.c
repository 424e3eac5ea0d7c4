/* flash/hmac.h against the vectors of RFC 4231. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "flash/hmac.h"

#define BYTES(text)                                                                                \
    {                                                                                              \
        (text), sizeof(text) - 1                                                                   \
    }
#define AA16 "\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa"

static void test_rfc_4231(void **state)
{
    (void)state;
    static const struct {
        struct flash_text key, text;
        const char *mac;
    } rows[] = {
        {BYTES("\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b"),
         BYTES("Hi There"), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {BYTES("Jefe"), BYTES("what do ya want for nothing?"),
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {BYTES(AA16 AA16 AA16 AA16 AA16 AA16 AA16 AA16 "\xaa\xaa\xaa"),
         BYTES("Test Using Larger Than Block-Size Key - Hash Key First"),
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t mac[FLASH_HMAC_BYTES];
        char text[2 * FLASH_HMAC_BYTES + 1];
        assert_true(flash_hmac_sha256(rows[i].key, rows[i].text, mac));
        for (size_t j = 0; j < sizeof(mac); j++) {
            snprintf(text + 2 * j, 3, "%02x", mac[j]);
        }
        assert_string_equal(text, rows[i].mac);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rfc_4231)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
