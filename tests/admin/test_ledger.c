/* When a transaction of the back office is started again, and what is said in the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../admin/ledger.h"
#include "fake_mysql.h"

struct run {
    int runs;
    enum flash_work then; /* after the statement went through */
};

static enum flash_work work(struct flash_mysql *mysql, void *arg, struct flash_error *err)
{
    struct run *run = arg;
    run->runs++;
    return flash_mysql_exec(mysql, "", NULL, 0, NULL, err) ? run->then : FLASH_WORK_FAILED;
}

static int setup(void **state)
{
    (void)state;
    fake_mysql_reset();
    return 0;
}

static enum flash_ledger_end go(struct run *run)
{
    struct flash_error err;
    return flash_ledger_run(NULL, work, run, &err);
}

static void test_commits_once(void **state)
{
    (void)state;
    struct run run = {.then = FLASH_WORK_COMMIT};
    assert_int_equal(go(&run), FLASH_LEDGER_COMMITTED);
    assert_int_equal(run.runs, 1);
    assert_int_equal(fake_mysql_count(FAKE_COMMIT), 1);
}

static void test_leaves_by_rollback(void **state)
{
    (void)state;
    struct run run = {.then = FLASH_WORK_LEAVE};
    assert_int_equal(go(&run), FLASH_LEDGER_LEFT);
    assert_int_equal(fake_mysql_count(FAKE_COMMIT), 0);
    assert_int_equal(fake_mysql_rollbacks(), 1);
}

static void test_deadlock_runs_again(void **state)
{
    (void)state;
    struct run run = {.then = FLASH_WORK_COMMIT};
    fake_mysql_expect(FAKE_STATEMENT, FLASH_MYSQL_RETRY);
    fake_mysql_expect(FAKE_STATEMENT, FLASH_MYSQL_RETRY);
    assert_int_equal(go(&run), FLASH_LEDGER_COMMITTED);
    assert_int_equal(run.runs, 3);
    assert_int_equal(fake_mysql_rollbacks(), 2);
}

static void test_gives_up(void **state)
{
    (void)state;
    struct run run = {.then = FLASH_WORK_COMMIT};
    for (int i = 0; i < 10; i++) {
        fake_mysql_expect(FAKE_STATEMENT, FLASH_MYSQL_RETRY);
    }
    assert_int_equal(go(&run), FLASH_LEDGER_AWAY);
    assert_in_range(run.runs, 2, 9);
}

static void test_unreachable_is_asked_once(void **state)
{
    (void)state;
    struct run run = {.then = FLASH_WORK_COMMIT};
    fake_mysql_disconnect();
    fake_mysql_expect(FAKE_BEGIN, FLASH_MYSQL_RETRY);
    assert_int_equal(go(&run), FLASH_LEDGER_AWAY);
    assert_int_equal(fake_mysql_count(FAKE_BEGIN), 1);
    assert_int_equal(run.runs, 0);
}

static void test_stale_connection_is_made_again(void **state)
{
    (void)state;
    struct run run = {.then = FLASH_WORK_COMMIT};
    fake_mysql_expect(FAKE_BEGIN, FLASH_MYSQL_RETRY);
    assert_int_equal(go(&run), FLASH_LEDGER_COMMITTED);
    assert_int_equal(fake_mysql_count(FAKE_BEGIN), 2);
}

static void test_lost_commit_is_read_back(void **state)
{
    (void)state;
    struct run run = {.then = FLASH_WORK_COMMIT};
    fake_mysql_expect(FAKE_COMMIT, FLASH_MYSQL_UNKNOWN_COMMIT);
    assert_int_equal(go(&run), FLASH_LEDGER_COMMITTED);
    assert_int_equal(run.runs, 2);
}

static void test_lost_commit_stays_unknown(void **state)
{
    (void)state;
    struct run run = {.then = FLASH_WORK_COMMIT};
    fake_mysql_expect(FAKE_COMMIT, FLASH_MYSQL_UNKNOWN_COMMIT);
    fake_mysql_expect(FAKE_BEGIN, FLASH_MYSQL_OK);
    for (int i = 0; i < 10; i++) {
        fake_mysql_expect(FAKE_BEGIN, FLASH_MYSQL_RETRY);
    }
    assert_int_equal(go(&run), FLASH_LEDGER_UNKNOWN);
}

static void test_refused_value_is_not_retried(void **state)
{
    (void)state;
    struct run run = {.then = FLASH_WORK_COMMIT};
    fake_mysql_expect(FAKE_STATEMENT, FLASH_MYSQL_DATA);
    assert_int_equal(go(&run), FLASH_LEDGER_BROKEN);
    assert_int_equal(run.runs, 1);
}

static void test_duplicate_runs_again(void **state)
{
    (void)state;
    struct run run = {.then = FLASH_WORK_LEAVE};
    fake_mysql_expect(FAKE_STATEMENT, FLASH_MYSQL_DUPLICATE);
    assert_int_equal(go(&run), FLASH_LEDGER_LEFT);
    assert_int_equal(run.runs, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_commits_once, setup),
        cmocka_unit_test_setup(test_leaves_by_rollback, setup),
        cmocka_unit_test_setup(test_deadlock_runs_again, setup),
        cmocka_unit_test_setup(test_gives_up, setup),
        cmocka_unit_test_setup(test_unreachable_is_asked_once, setup),
        cmocka_unit_test_setup(test_stale_connection_is_made_again, setup),
        cmocka_unit_test_setup(test_lost_commit_is_read_back, setup),
        cmocka_unit_test_setup(test_lost_commit_stays_unknown, setup),
        cmocka_unit_test_setup(test_refused_value_is_not_retried, setup),
        cmocka_unit_test_setup(test_duplicate_runs_again, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
