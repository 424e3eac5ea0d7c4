/* The parser of an order's record: every letter, payments, what is refused, and that it never reads
 * past its end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "flash/record.h"
#include "guarded.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define SIXTY_FOUR "0123456789012345678901234567890123456789012345678901234567890123"

static bool parse(const char *text, struct flash_record *ret_record)
{
    return flash_record_parse(guarded(text, strlen(text)), ret_record);
}

static void assert_text(struct flash_text text, const char *expected)
{
    assert_int_equal(text.len, strlen(expected));
    if (text.len) {
        assert_memory_equal(text.at, expected, text.len);
    }
}

static const struct {
    const char *text;
    int version, quantity;
    int64_t at_us, due_s;
    const char *user, *payment;
} taken[] = {
    {"A1:2:1763718000123456:1763719800:u-17", 1, 2, 1763718000123456, 1763719800, "u-17", ""},
    {"Q1:2:1763718000123456:1763719800:u-17", 1, 2, 1763718000123456, 1763719800, "u-17", ""},
    {"P2:9999:5:0:u\"pay-1", 2, 9999, 5, 0, "u", "pay-1"},
    {"P3:1:5:9:u\"pay-1\"late", 3, 1, 5, 9, "u", "pay-1"},
    {"K3:1:5:9:u\"\"late", 3, 1, 5, 9, "u", ""},
    {"R4:1:5:9:a:user:with:colons\"p:1\"q:2", 4, 1, 5, 9, "a:user:with:colons", "p:1"},
    {"X2:1:5:9:u\"", 2, 1, 5, 9, "u", ""},
    {"T2147483647:0:9223372036854775807:9223372036854775807:\xc3\xa9", 2147483647, 0, INT64_MAX,
     INT64_MAX, "\xc3\xa9", ""},
    {"P2:1:5:9:" SIXTY_FOUR "\"" SIXTY_FOUR "\"" SIXTY_FOUR, 2, 1, 5, 9, SIXTY_FOUR, SIXTY_FOUR},
};

static void test_taken(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < COUNT(taken); i++) {
        struct flash_record record;
        assert_true(parse(taken[i].text, &record));
        assert_int_equal(record.version, taken[i].version);
        assert_int_equal(record.quantity, taken[i].quantity);
        assert_int_equal(record.at_us, taken[i].at_us);
        assert_int_equal(record.due_s, taken[i].due_s);
        assert_text(record.user, taken[i].user);
        assert_text(record.payment, taken[i].payment);
    }
}

/* docs/FORMATS.md, "Record" and "derived record". */
static void test_letters(void **unused)
{
    static const struct {
        char letter;
        enum flash_state state;
    } letters[] = {
        {'A', FLASH_STATE_QUEUED},      {'Q', FLASH_STATE_QUEUED},
        {'C', FLASH_STATE_CREATED},     {'P', FLASH_STATE_PAID},
        {'K', FLASH_STATE_CANCELLING},  {'X', FLASH_STATE_CANCELLED},
        {'E', FLASH_STATE_EXPIRING},    {'D', FLASH_STATE_EXPIRED},
        {'R', FLASH_STATE_RETURNING},   {'T', FLASH_STATE_RETURNED},
        {'L', FLASH_STATE_FAILED_LOST}, {'S', FLASH_STATE_FAILED_SHORTAGE},
    };
    size_t known = 0;

    (void)unused;
    for (int byte = 0; byte < 256; byte++) {
        char text[] = "?1:1:5:9:u\"p\"q";
        struct flash_record record;
        text[0] = (char)byte;
        bool expected = known < COUNT(letters) && byte && strchr("ACDEKLPQRSTX", byte);
        assert_int_equal(flash_record_parse(guarded(text, sizeof(text) - 1), &record), expected);
        known += expected;
    }
    assert_int_equal(known, COUNT(letters));
    for (size_t i = 0; i < COUNT(letters); i++) {
        char text[] = "?1:1:5:9:u\"p\"q";
        struct flash_record record;
        text[0] = letters[i].letter;
        assert_true(parse(text, &record));
        assert_int_equal(record.state, letters[i].state);
    }
}

static void test_refused(void **unused)
{
    static const char *const refused[] = {
        "",
        "A",
        "A1",
        "A1:2",
        "A1:2:3:4",
        "A1:2:3:4:",
        "A1:2:3:4:\"p",
        "A1:2:3:4:\"\"p",
        "A:2:3:4:u",
        "A1::3:4:u",
        "A1:2::4:u",
        "A1:2:3::u",
        "a1:2:3:4:u",
        "A-1:2:3:4:u",
        "A1:-2:3:4:u",
        "A1:+2:3:4:u",
        "A1: 2:3:4:u",
        "A1:2.0:3:4:u",
        "A1:2:0x3:4:u",
        "A1:2:3:1e3:u",
        "A1:10000:3:4:u",
        "A2147483648:2:3:4:u",
        "A1:2:9223372036854775808:4:u",
        "A1:2:3:99999999999999999999999999:u",
        "A1:2:3:4:u\n",
        "A1:2:3:4:{u}",
        "A1:2:3:4:\xc3",
        "A1:2:3:4:" SIXTY_FOUR "5",
        "A1:2:3:4:" SIXTY_FOUR "5\"p",
    };

    (void)unused;
    for (size_t i = 0; i < COUNT(refused); i++) {
        struct flash_record record;
        if (parse(refused[i], &record)) {
            fail_msg("taken: %s", refused[i]);
        }
    }
}

/* Cut anywhere, it ends where memory ends: taken or not, never read past. */
static void test_every_truncation(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < COUNT(taken); i++) {
        for (size_t len = 0; len < strlen(taken[i].text); len++) {
            struct flash_record record;
            struct flash_text text = guarded(taken[i].text, len);
            if (flash_record_parse(text, &record)) {
                assert_true(record.user.len > 0 &&
                            record.user.at + record.user.len <= text.at + len);
                assert_true(record.payment.at + record.payment.len <= text.at + len);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_taken),
        cmocka_unit_test(test_letters),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_every_truncation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
