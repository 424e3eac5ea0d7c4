/* What error numbers mean, without a server: the retry table of PITFALLS §3 and the rule of doubt.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../common/mysql/internal.h"

static void expect(unsigned number, enum flash_mysql_stage stage, enum flash_mysql_class class,
                   bool close)
{
    struct flash_mysql_verdict verdict = flash_mysql_judge(number, stage);
    if (verdict.class != class || verdict.close != close) {
        fail_msg("%u at stage %d: class %d, close %d", number, (int)stage, (int)verdict.class,
                 verdict.close);
    }
}

static void test_in_a_transaction(void **state)
{
    static const struct {
        unsigned number;
        enum flash_mysql_class class;
        bool close;
    } cases[] = {
        {1213, FLASH_MYSQL_RETRY, false},     {1205, FLASH_MYSQL_RETRY, false},
        {1020, FLASH_MYSQL_RETRY, false},     {1969, FLASH_MYSQL_RETRY, false},
        {3024, FLASH_MYSQL_RETRY, false},     {1114, FLASH_MYSQL_RETRY, false},
        {1317, FLASH_MYSQL_RETRY, false},     {1040, FLASH_MYSQL_RETRY, true},
        {1203, FLASH_MYSQL_RETRY, true},      {2002, FLASH_MYSQL_RETRY, true},
        {2003, FLASH_MYSQL_RETRY, true},      {2006, FLASH_MYSQL_RETRY, true},
        {2013, FLASH_MYSQL_RETRY, true},      {2026, FLASH_MYSQL_RETRY, true},
        {1053, FLASH_MYSQL_RETRY, true},      {1290, FLASH_MYSQL_RETRY, true},
        {1836, FLASH_MYSQL_RETRY, true},      {1927, FLASH_MYSQL_RETRY, true},
        {1047, FLASH_MYSQL_RETRY, true},      {1615, FLASH_MYSQL_RETRY, true},
        {4031, FLASH_MYSQL_RETRY, true},      {1062, FLASH_MYSQL_DUPLICATE, false},
        {1586, FLASH_MYSQL_DUPLICATE, false}, {1406, FLASH_MYSQL_DATA, false},
        {1264, FLASH_MYSQL_DATA, false},      {1366, FLASH_MYSQL_DATA, false},
        {1048, FLASH_MYSQL_DATA, false},      {1452, FLASH_MYSQL_DATA, false},
        {1690, FLASH_MYSQL_DATA, false},      {3819, FLASH_MYSQL_DATA, false},
        {4025, FLASH_MYSQL_DATA, false},      {1153, FLASH_MYSQL_DATA, true},
        {1146, FLASH_MYSQL_BUG, false},       {1054, FLASH_MYSQL_BUG, false},
        {1064, FLASH_MYSQL_BUG, false},       {1142, FLASH_MYSQL_BUG, true},
        {2014, FLASH_MYSQL_BUG, true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        expect(cases[i].number, FLASH_MYSQL_STATEMENT, cases[i].class, cases[i].close);
        expect(cases[i].number, FLASH_MYSQL_READ, cases[i].class, cases[i].close);
    }
}

static void test_unlisted_numbers(void **state)
{
    (void)state;
    expect(2999, FLASH_MYSQL_STATEMENT, FLASH_MYSQL_RETRY, true);
    expect(5555, FLASH_MYSQL_STATEMENT, FLASH_MYSQL_RETRY, true);
    expect(1999, FLASH_MYSQL_STATEMENT, FLASH_MYSQL_BUG, false);
    expect(0, FLASH_MYSQL_STATEMENT, FLASH_MYSQL_BUG, false);
    expect(4999, FLASH_MYSQL_COMMIT, FLASH_MYSQL_UNKNOWN_COMMIT, true);
}

/* A statement outside a transaction is its own commit: lost is unknown, refused is refused. */
static void test_alone(void **state)
{
    static const unsigned lost[] = {2006, 2013, 2055, 1053, 1927, 1158, 1161, 2999, 5013};
    (void)state;
    for (size_t i = 0; i < sizeof(lost) / sizeof(lost[0]); i++) {
        expect(lost[i], FLASH_MYSQL_ALONE, FLASH_MYSQL_UNKNOWN_COMMIT, true);
    }
    expect(1213, FLASH_MYSQL_ALONE, FLASH_MYSQL_RETRY, false);
    expect(1205, FLASH_MYSQL_ALONE, FLASH_MYSQL_RETRY, false);
    expect(1969, FLASH_MYSQL_ALONE, FLASH_MYSQL_RETRY, false);
    expect(1290, FLASH_MYSQL_ALONE, FLASH_MYSQL_RETRY, true);
    expect(2002, FLASH_MYSQL_ALONE, FLASH_MYSQL_RETRY, true);
    expect(4031, FLASH_MYSQL_ALONE, FLASH_MYSQL_RETRY, true);
    expect(1062, FLASH_MYSQL_ALONE, FLASH_MYSQL_DUPLICATE, false);
    expect(4025, FLASH_MYSQL_ALONE, FLASH_MYSQL_DATA, false);
    expect(1146, FLASH_MYSQL_ALONE, FLASH_MYSQL_BUG, false);
}

/* Only these are known to have been rolled back by COMMIT itself, or not looked at. */
static void test_commit(void **state)
{
    static const unsigned refused[] = {1020, 1040, 1047, 1205, 1206, 1213, 1290,
                                       1412, 1792, 1836, 1874, 3100, 3101, 4031};
    (void)state;
    for (unsigned number = 1; number < 6000; number++) {
        struct flash_mysql_verdict verdict = flash_mysql_judge(number, FLASH_MYSQL_COMMIT);
        assert_true(verdict.class == FLASH_MYSQL_RETRY ||
                    (verdict.class == FLASH_MYSQL_UNKNOWN_COMMIT && verdict.close &&
                     verdict.kind == FLASH_ERROR_UNKNOWN));
    }
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        assert_int_equal(flash_mysql_judge(refused[i], FLASH_MYSQL_COMMIT).class,
                         FLASH_MYSQL_RETRY);
    }
    static const unsigned unknown[] = {2006, 2013, 1053, 1927, 1180, 1317, 1969, 3024, 1062, 1064};
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        expect(unknown[i], FLASH_MYSQL_COMMIT, FLASH_MYSQL_UNKNOWN_COMMIT, true);
    }
}

static void test_kinds(void **state)
{
    static const unsigned denied[] = {1044, 1045, 1049, 1130, 1142, 1227, 1698, 2059};
    (void)state;
    for (size_t i = 0; i < sizeof(denied) / sizeof(denied[0]); i++) {
        struct flash_mysql_verdict verdict = flash_mysql_judge(denied[i], FLASH_MYSQL_READ);
        assert_int_equal(verdict.kind, FLASH_ERROR_CONFIG);
        assert_int_equal(verdict.class, FLASH_MYSQL_BUG);
    }
    assert_int_equal(flash_mysql_judge(1213, FLASH_MYSQL_STATEMENT).kind, FLASH_ERROR_RETRY);
    assert_int_equal(flash_mysql_judge(1062, FLASH_MYSQL_STATEMENT).kind, FLASH_ERROR_DATA);
    assert_int_equal(flash_mysql_judge(4025, FLASH_MYSQL_STATEMENT).kind, FLASH_ERROR_DATA);
    assert_int_equal(flash_mysql_judge(1146, FLASH_MYSQL_STATEMENT).kind, FLASH_ERROR_BUG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_a_transaction),
        cmocka_unit_test(test_unlisted_numbers),
        cmocka_unit_test(test_alone),
        cmocka_unit_test(test_commit),
        cmocka_unit_test(test_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
