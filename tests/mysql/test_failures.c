/* What fails on a real server and is told so: locks, rights, values, read-only, time, and what
 * follows. */
#include "ledger.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "../../common/mysql/internal.h"
#include "server.h"

static struct server server;
static struct flash_mysql *one, *two, *root;

static int start(void **state)
{
    (void)state;
    server_make(&server);
    struct flash_config config = server_config(&server);
    struct flash_config root_config = server_root_config(&server);
    one = ledger_new(&config);
    two = ledger_new(&config);
    root = ledger_new(&root_config);
    ledger_run(one, "CREATE TABLE t (id INT PRIMARY KEY, n INT NOT NULL, t VARBINARY(5) NULL, "
                    "CHECK (n >= 0)) ENGINE=InnoDB");
    return 0;
}

static int stop(void **state)
{
    (void)state;
    flash_mysql_free(one);
    flash_mysql_free(two);
    flash_mysql_free(root);
    server_remove(&server);
    return 0;
}

static int fresh(void **state)
{
    (void)state;
    flash_mysql_rollback(one);
    flash_mysql_rollback(two);
    ledger_run(one, "DELETE FROM t");
    ledger_run(one, "INSERT INTO t (id, n) VALUES (1, 10), (2, 20)");
    return 0;
}

static int64_t sum(void)
{
    return ledger_number(root, "SELECT SUM(n) FROM t");
}

static void test_bad_input(void **state)
{
    static const char *const statements[] = {
        "INSERT INTO t (id, n) VALUES (3, -1)",
        "INSERT INTO t (id, n, t) VALUES (3, 1, 'toolong')",
        "INSERT INTO t (id, n) VALUES (3, 3000000000)",
        "INSERT INTO t (id, n) VALUES (3, 'x')",
        "INSERT INTO t (id, n) VALUES (3, NULL)",
        "INSERT INTO t (id) VALUES (3)",
        "UPDATE t SET n = n - 100 WHERE id = 1",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
        ledger_refused(one, statements[i], FLASH_MYSQL_DATA, FLASH_ERROR_DATA);
        ledger_begin(one);
        ledger_run(one, "UPDATE t SET n = n + 1");
        ledger_refused(one, statements[i], FLASH_MYSQL_DATA, FLASH_ERROR_DATA);
        flash_mysql_rollback(one);
    }
    ledger_refused(one, "INSERT INTO t (id, n) VALUES (1, 1)", FLASH_MYSQL_DUPLICATE,
                   FLASH_ERROR_DATA);
    assert_true(flash_mysql_connected(one));
    assert_int_equal(sum(), 30);
}

static void test_our_mistakes(void **state)
{
    (void)state;
    ledger_refused(one, "SELECT * FROM missing", FLASH_MYSQL_BUG, FLASH_ERROR_BUG);
    ledger_refused(one, "UPDATE t SET missing = 1", FLASH_MYSQL_BUG, FLASH_ERROR_BUG);
    ledger_refused(one, "SELEKT 1", FLASH_MYSQL_BUG, FLASH_ERROR_BUG);
    ledger_refused(one, "SELECT * FROM mysql.global_priv", FLASH_MYSQL_BUG, FLASH_ERROR_CONFIG);
    ledger_run(one, "DO 1");
}

static void test_wrong_account(void **state)
{
    (void)state;
    struct flash_error err = {0};
    struct flash_config config = server_config(&server);
    snprintf(config.mysql.password, sizeof(config.mysql.password), "wr0ng");
    struct flash_mysql *mysql = ledger_new(&config);
    assert_false(flash_mysql_connect(mysql, &err));
    assert_int_equal(err.kind, FLASH_ERROR_CONFIG);
    assert_null(strstr(err.text, "wr0ng"));
    flash_mysql_free(mysql);
    config = server_config(&server);
    snprintf(config.mysql.database, sizeof(config.mysql.database), "other");
    mysql = ledger_new(&config);
    assert_false(flash_mysql_connect(mysql, &err));
    assert_int_equal(err.kind, FLASH_ERROR_CONFIG);
    flash_mysql_free(mysql);
}

static void test_settings(void **state)
{
    (void)state;
    struct flash_error err = {0};
    struct flash_mysql *mysql = NULL;
    struct flash_config config = server_config(&server);
    config.mysql.query_timeout_ms = 0;
    assert_false(flash_mysql_new(&config, &mysql, &err));
    config = server_config(&server);
    config.mysql.user[0] = '\0';
    assert_false(flash_mysql_new(&config, &mysql, &err));
    config = server_config(&server);
    config.mysql.socket[0] = '\0';
    assert_false(flash_mysql_new(&config, &mysql, &err));
    snprintf(config.mysql.host, sizeof(config.mysql.host), "127.0.0.1");
    config.mysql.port = 65536;
    assert_false(flash_mysql_new(&config, &mysql, &err));
    assert_int_equal(err.kind, FLASH_ERROR_CONFIG);
    assert_null(mysql);
    flash_mysql_free(NULL);
}

/* After a failure nothing runs before the rollback: it would be a transaction of its own. */
static void test_aborted(void **state)
{
    (void)state;
    struct flash_error err = {0};
    ledger_begin(one);
    ledger_run(one, "UPDATE t SET n = 0");
    ledger_refused(one, "INSERT INTO t (id, n) VALUES (1, 1)", FLASH_MYSQL_DUPLICATE,
                   FLASH_ERROR_DATA);
    assert_int_equal(ledger_run(two, "UPDATE t SET n = n + 1 WHERE id = 1"), 1);
    ledger_refused(one, "UPDATE t SET n = 99", FLASH_MYSQL_BUG, FLASH_ERROR_BUG);
    assert_false(flash_mysql_commit(one, &err));
    assert_int_equal(err.kind, FLASH_ERROR_BUG);
    flash_mysql_rollback(one);
    flash_mysql_rollback(one);
    assert_int_equal(sum(), 31);
    ledger_begin(one);
    ledger_refused(one, "UPDATE t SET n = -1", FLASH_MYSQL_DATA, FLASH_ERROR_DATA);
    ledger_begin(one);
    ledger_run(one, "UPDATE t SET n = n + 1");
    ledger_commit(one);
    assert_int_equal(sum(), 33);
}

static void test_out_of_order(void **state)
{
    (void)state;
    struct flash_error err = {0};
    assert_false(flash_mysql_commit(one, &err));
    assert_int_equal(err.kind, FLASH_ERROR_BUG);
    ledger_begin(one);
    ledger_run(one, "UPDATE t SET n = 0");
    assert_false(flash_mysql_begin(one, &err));
    assert_int_equal(err.kind, FLASH_ERROR_BUG);
    flash_mysql_rollback(one);
    assert_int_equal(sum(), 30);
}

/* Two transactions, each holding one row and asking for the other's. */
struct crossing {
    struct flash_mysql *mysql;
    const char *first, *second;
    pthread_barrier_t *both;
    bool done;
    enum flash_mysql_class class;
};

static void *cross(void *arg)
{
    struct crossing *crossing = arg;
    struct flash_error err = {0};
    bool ok = flash_mysql_begin(crossing->mysql, &err) &&
              flash_mysql_exec(crossing->mysql, crossing->first, NULL, 0, NULL, &err);
    pthread_barrier_wait(crossing->both);
    crossing->done = ok &&
                     flash_mysql_exec(crossing->mysql, crossing->second, NULL, 0, NULL, &err) &&
                     flash_mysql_commit(crossing->mysql, &err);
    crossing->class = flash_mysql_last_class(crossing->mysql);
    flash_mysql_rollback(crossing->mysql);
    return NULL;
}

static void test_deadlock(void **state)
{
    (void)state;
    pthread_barrier_t both;
    pthread_t threads[2];
    struct crossing crossings[2] = {
        {one, "UPDATE t SET n = n + 1 WHERE id = 1", "UPDATE t SET n = n + 1 WHERE id = 2", &both,
         false, FLASH_MYSQL_OK},
        {two, "UPDATE t SET n = n + 1 WHERE id = 2", "UPDATE t SET n = n + 1 WHERE id = 1", &both,
         false, FLASH_MYSQL_OK},
    };
    pthread_barrier_init(&both, NULL, 2);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, cross, &crossings[i]), 0);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
    pthread_barrier_destroy(&both);
    assert_int_not_equal(crossings[0].done, crossings[1].done);
    assert_int_equal(crossings[crossings[0].done ? 1 : 0].class, FLASH_MYSQL_RETRY);
    assert_int_equal(sum(), 32);
}

/* 1205 undoes the statement only: the earlier one of the same transaction must be gone too. */
static void test_lock_wait(void **state)
{
    (void)state;
    ledger_run(two, "SET SESSION innodb_lock_wait_timeout = 1");
    ledger_begin(one);
    ledger_run(one, "UPDATE t SET n = n + 1 WHERE id = 1");
    ledger_begin(two);
    ledger_run(two, "UPDATE t SET n = n + 5 WHERE id = 2");
    ledger_refused(two, "UPDATE t SET n = n + 5 WHERE id = 1", FLASH_MYSQL_RETRY,
                   FLASH_ERROR_RETRY);
    assert_int_equal(ledger_run(one, "UPDATE t SET n = n + 1 WHERE id = 2"), 1);
    ledger_commit(one);
    flash_mysql_rollback(two);
    assert_true(flash_mysql_connected(two));
    assert_int_equal(sum(), 32);
    ledger_run(two, "SET SESSION innodb_lock_wait_timeout = 5");
}

static void test_statement_time(void **state)
{
    (void)state;
    ledger_run(one, "SET SESSION max_statement_time = 0.1");
    ledger_begin(one);
    ledger_refused(one, "SELECT SUM(a.seq * b.seq) FROM seq_1_to_100000 a, seq_1_to_100000 b",
                   FLASH_MYSQL_RETRY, FLASH_ERROR_RETRY);
    flash_mysql_rollback(one);
    assert_true(flash_mysql_connected(one));
    ledger_run(one, "SET SESSION max_statement_time = 10");
}

/* The old primary after a failover: the connection is given up, so the next one finds the new. */
static void test_read_only(void **state)
{
    (void)state;
    ledger_run(root, "SET GLOBAL read_only = 1");
    ledger_begin(one);
    ledger_refused(one, "UPDATE t SET n = 0", FLASH_MYSQL_RETRY, FLASH_ERROR_RETRY);
    assert_false(flash_mysql_connected(one));
    flash_mysql_rollback(one);
    ledger_refused(one, "UPDATE t SET n = 0", FLASH_MYSQL_RETRY, FLASH_ERROR_RETRY);
    ledger_run(root, "SET GLOBAL read_only = 0");
    ledger_begin(one);
    ledger_run(one, "UPDATE t SET n = n + 1");
    ledger_commit(one);
    assert_int_equal(sum(), 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_bad_input, fresh),
        cmocka_unit_test_setup(test_our_mistakes, fresh),
        cmocka_unit_test(test_wrong_account),
        cmocka_unit_test(test_settings),
        cmocka_unit_test_setup(test_aborted, fresh),
        cmocka_unit_test_setup(test_out_of_order, fresh),
        cmocka_unit_test_setup(test_deadlock, fresh),
        cmocka_unit_test_setup(test_lock_wait, fresh),
        cmocka_unit_test_setup(test_statement_time, fresh),
        cmocka_unit_test_setup(test_read_only, fresh),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
