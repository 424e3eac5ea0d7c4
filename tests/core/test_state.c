/* The state table against DESIGN §4 and docs/FORMATS.md, written out a second time. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "flash/state.h"

struct expected {
    enum flash_state state;
    const char *name, *reason;
    char letter;
    bool holds;
    int version;
};

static const struct expected table[] = {
    {FLASH_STATE_NONE, "NONE", NULL, '\0', false, 0},
    {FLASH_STATE_QUEUED, "QUEUED", NULL, 'A', true, 1},
    {FLASH_STATE_CREATED, "CREATED", NULL, 'C', true, 2},
    {FLASH_STATE_PAID, "PAID", NULL, 'P', true, 3},
    {FLASH_STATE_CANCELLING, "CANCELLING", NULL, 'K', true, 4},
    {FLASH_STATE_CANCELLED, "CANCELLED", NULL, 'X', false, 5},
    {FLASH_STATE_EXPIRING, "EXPIRING", NULL, 'E', true, 6},
    {FLASH_STATE_EXPIRED, "EXPIRED", NULL, 'D', false, 7},
    {FLASH_STATE_RETURNING, "RETURNING", NULL, 'R', true, 8},
    {FLASH_STATE_RETURNED, "RETURNED", NULL, 'T', false, 9},
    {FLASH_STATE_FAILED_LOST, "FAILED", "lost", 'L', false, 10},
    {FLASH_STATE_FAILED_SHORTAGE, "FAILED", "shortage", 'S', false, 10},
};

/* One word an arrow: the letters from and to, '-' for NONE. */
static const char *const arrows[] = {"-A", "AC", "AL", "AS", "CP", "CK", "CE",
                                     "KX", "ED", "PR", "RT", "CX", "CD", "PT"};

static bool has_arrow(enum flash_state from, enum flash_state to)
{
    char word[3] = {table[from].letter, table[to].letter, '\0'};

    word[0] = word[0] == '\0' ? '-' : word[0];
    for (size_t i = 0; i < sizeof(arrows) / sizeof(arrows[0]); i++) {
        if (strcmp(arrows[i], word) == 0) {
            return true;
        }
    }
    return false;
}

static void test_rows(void **unused)
{
    (void)unused;
    assert_int_equal(sizeof(table) / sizeof(table[0]), FLASH_STATE_COUNT);
    for (int i = 0; i < FLASH_STATE_COUNT; i++) {
        const struct expected *e = &table[i];
        assert_int_equal(e->state, i);
        assert_string_equal(flash_state_name(e->state), e->name);
        assert_int_equal(flash_state_letter(e->state), e->letter);
        assert_int_equal(flash_state_holds(e->state), e->holds);
        assert_int_equal(flash_state_visible_version(e->state), e->version);
        if (e->reason == NULL) {
            assert_null(flash_state_reason(e->state));
        } else {
            assert_string_equal(flash_state_reason(e->state), e->reason);
        }
    }
}

static void test_letters(void **unused)
{
    (void)unused;
    for (int letter = -128; letter < 256; letter++) {
        enum flash_state expected = letter == 'Q' ? FLASH_STATE_QUEUED : FLASH_STATE_NONE;
        for (int i = 1; i < FLASH_STATE_COUNT; i++) {
            expected = table[i].letter == (char)letter ? table[i].state : expected;
        }
        assert_int_equal(flash_state_from_letter((char)letter), expected);
    }
}

/* reservation.state in deploy/sql: 1 CREATED, 2 PAID, 3 CANCELLED, 4 EXPIRED, 5 RETURNED, 6 lost, 7
 * shortage. */
static void test_ledger_codes(void **unused)
{
    static const char letters[] = "CPXDTLS";

    (void)unused;
    for (int i = 0; i < FLASH_STATE_COUNT; i++) {
        char letter = table[i].letter;
        const char *found = letter == '\0' ? NULL : strchr(letters, letter);
        int code = found == NULL ? 0 : (int)(found - letters) + 1;
        assert_int_equal(flash_state_ledger_code(table[i].state), code);
        if (code != 0) {
            assert_int_equal(flash_state_from_ledger_code(code), i);
        }
    }
    assert_int_equal(flash_state_from_ledger_code(0), FLASH_STATE_NONE);
    assert_int_equal(flash_state_from_ledger_code(8), FLASH_STATE_NONE);
    assert_int_equal(flash_state_from_ledger_code(-1), FLASH_STATE_NONE);
    assert_int_equal(flash_state_from_ledger_code(INT64_MAX), FLASH_STATE_NONE);
    assert_int_equal(flash_state_from_ledger_code((1LL << 32) + 1), FLASH_STATE_NONE);
}

static void test_arrows(void **unused)
{
    (void)unused;
    for (int from = 0; from < FLASH_STATE_COUNT; from++) {
        for (int to = 0; to < FLASH_STATE_COUNT; to++) {
            bool can = flash_state_can_move((enum flash_state)from, (enum flash_state)to);
            assert_int_equal(can, has_arrow((enum flash_state)from, (enum flash_state)to));
            if (can) {
                assert_true(flash_state_visible_version((enum flash_state)from) <
                            flash_state_visible_version((enum flash_state)to));
            }
        }
    }
}

static void test_move(void **unused)
{
    enum flash_state state = FLASH_STATE_NONE;
    static const enum flash_state path[] = {FLASH_STATE_QUEUED, FLASH_STATE_CREATED,
                                            FLASH_STATE_PAID, FLASH_STATE_RETURNING,
                                            FLASH_STATE_RETURNED};

    (void)unused;
    for (size_t i = 0; i < sizeof(path) / sizeof(path[0]); i++) {
        flash_state_move(&state, path[i]);
        assert_int_equal(state, path[i]);
    }
}

/* The signal a child dies of that moves from to to; 0 if it lives. */
static int move_in_child(enum flash_state from, enum flash_state to)
{
    int status = 0;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        (void)close(STDERR_FILENO);
        (void)signal(SIGABRT, SIG_DFL); /* not the test runner's */
        flash_state_move(&from, to);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void test_wrong_move_aborts(void **unused)
{
    (void)unused;
    assert_int_equal(move_in_child(FLASH_STATE_CREATED, FLASH_STATE_PAID), 0);
    assert_int_equal(move_in_child(FLASH_STATE_PAID, FLASH_STATE_CREATED), SIGABRT);
    assert_int_equal(move_in_child(FLASH_STATE_QUEUED, FLASH_STATE_PAID), SIGABRT);
    assert_int_equal(move_in_child(FLASH_STATE_CREATED, FLASH_STATE_FAILED_LOST), SIGABRT);
    assert_int_equal(move_in_child(FLASH_STATE_CREATED, FLASH_STATE_COUNT), SIGABRT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),         cmocka_unit_test(test_letters),
        cmocka_unit_test(test_ledger_codes), cmocka_unit_test(test_arrows),
        cmocka_unit_test(test_move),         cmocka_unit_test(test_wrong_move_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
