/* What a lost connection means, by a real server and a proxy before it: killed, restarted, frozen,
 * cut at COMMIT. */
#include "ledger.h"

#include <signal.h>
#include <stdio.h>
#include <time.h>

#include "../../common/mysql/internal.h"
#include "flash/time.h"
#include "proxy.h"
#include "server.h"

static struct server server;
static struct proxy *proxy;
static struct flash_config by_proxy;
static struct flash_mysql *mysql, *root;

static void open_root(void)
{
    struct flash_config config = server_root_config(&server);
    root = ledger_new(&config);
}

static int start(void **state)
{
    (void)state;
    server_make(&server);
    proxy = proxy_start(server.port);
    by_proxy = server_config(&server);
    by_proxy.mysql.socket[0] = '\0';
    snprintf(by_proxy.mysql.host, sizeof(by_proxy.mysql.host), "127.0.0.1");
    by_proxy.mysql.port = proxy_port(proxy);
    open_root();
    ledger_run(root, "CREATE TABLE t (id INT PRIMARY KEY) ENGINE=InnoDB");
    return 0;
}

static int stop(void **state)
{
    (void)state;
    flash_mysql_free(root);
    proxy_stop(proxy);
    server_remove(&server);
    return 0;
}

static int open_by_proxy(void **state)
{
    (void)state;
    ledger_run(root, "DELETE FROM t");
    mysql = ledger_new(&by_proxy);
    return 0;
}

static int open_by_socket(void **state)
{
    (void)state;
    struct flash_config config = server_config(&server);
    config.mysql.query_timeout_ms = 1000;
    config.mysql.connect_timeout_ms = 1000;
    ledger_run(root, "DELETE FROM t");
    mysql = ledger_new(&config);
    return 0;
}

static int shut(void **state)
{
    (void)state;
    flash_mysql_free(mysql);
    return 0;
}

static int64_t rows(void)
{
    return ledger_number(root, "SELECT COUNT(*) FROM t");
}

static void expect_unknown_commit(void)
{
    struct flash_error err = {0};
    assert_false(flash_mysql_commit(mysql, &err));
    assert_int_equal(err.kind, FLASH_ERROR_UNKNOWN);
    assert_int_equal(flash_mysql_last_class(mysql), FLASH_MYSQL_UNKNOWN_COMMIT);
    assert_false(flash_mysql_connected(mysql));
    flash_mysql_rollback(mysql);
}

static void test_commit_answer_lost(void **state)
{
    (void)state;
    ledger_begin(mysql);
    ledger_run(mysql, "INSERT INTO t VALUES (1)");
    proxy_set(proxy, PROXY_DROP_ANSWER, "COMMIT");
    expect_unknown_commit();
    assert_true(proxy_dropped(proxy));
    assert_int_equal(rows(), 1);
    ledger_begin(mysql);
    ledger_refused(mysql, "INSERT INTO t VALUES (1)", FLASH_MYSQL_DUPLICATE, FLASH_ERROR_DATA);
    flash_mysql_rollback(mysql);
}

static void test_commit_not_sent(void **state)
{
    (void)state;
    ledger_begin(mysql);
    ledger_run(mysql, "INSERT INTO t VALUES (1)");
    proxy_set(proxy, PROXY_DROP_ASK, "COMMIT");
    expect_unknown_commit();
    assert_int_equal(rows(), 0);
    ledger_begin(mysql);
    ledger_run(mysql, "INSERT INTO t VALUES (1)");
    ledger_commit(mysql);
    assert_int_equal(rows(), 1);
}

/* Outside a transaction the statement is its own COMMIT; inside, it is gone for certain. */
static void test_statement_answer_lost(void **state)
{
    (void)state;
    struct flash_value id = NUMBER(7);
    struct flash_error err = {0};
    ledger_begin(mysql);
    assert_true(flash_mysql_exec(mysql, "INSERT INTO t VALUES (?)", &id, 1, NULL, &err));
    flash_mysql_rollback(mysql);
    proxy_set(proxy, PROXY_DROP_ANSWER, "\x07");
    assert_false(flash_mysql_exec(mysql, "INSERT INTO t VALUES (?)", &id, 1, NULL, &err));
    assert_int_equal(err.kind, FLASH_ERROR_UNKNOWN);
    assert_int_equal(rows(), 1);
    ledger_run(root, "DELETE FROM t");
    ledger_begin(mysql);
    assert_true(flash_mysql_exec(mysql, "DELETE FROM t WHERE id = ?", &id, 1, NULL, &err));
    proxy_set(proxy, PROXY_DROP_ANSWER, "INSERT INTO t VALUES (?)");
    assert_false(flash_mysql_exec(mysql, "INSERT INTO t VALUES (?)", &id, 1, NULL, &err));
    assert_int_equal(err.kind, FLASH_ERROR_RETRY);
    assert_int_equal(flash_mysql_last_class(mysql), FLASH_MYSQL_RETRY);
    flash_mysql_rollback(mysql);
    assert_int_equal(rows(), 0);
}

/* KILL while a transaction is open: nothing of it stays, and nothing runs before the rollback. */
static void test_killed(void **state)
{
    (void)state;
    struct flash_error err = {0};
    ledger_begin(mysql);
    ledger_run(mysql, "INSERT INTO t VALUES (1)");
    struct flash_value id = NUMBER(ledger_number(mysql, "SELECT CONNECTION_ID()"));
    assert_true(flash_mysql_exec(root, "KILL ?", &id, 1, NULL, &err));
    ledger_refused(mysql, "INSERT INTO t VALUES (2)", FLASH_MYSQL_RETRY, FLASH_ERROR_RETRY);
    assert_false(flash_mysql_connected(mysql));
    ledger_refused(mysql, "INSERT INTO t VALUES (3)", FLASH_MYSQL_BUG, FLASH_ERROR_BUG);
    flash_mysql_rollback(mysql);
    ledger_run(mysql, "INSERT INTO t VALUES (4)");
    assert_int_equal(ledger_number(root, "SELECT SUM(id) FROM t"), 4);
}

/* A client that does nothing inside its transaction loses it, and others get its locks. */
static void test_idle_transaction(void **state)
{
    (void)state;
    struct flash_error err = {0};
    ledger_run(mysql, "INSERT INTO t VALUES (1)");
    ledger_run(mysql, "SET SESSION idle_transaction_timeout = 1");
    ledger_begin(mysql);
    ledger_run(mysql, "UPDATE t SET id = 2");
    assert_int_equal(ledger_run(root, "UPDATE t SET id = 3"), 1);
    assert_false(flash_mysql_commit(mysql, &err));
    assert_int_equal(err.kind, FLASH_ERROR_UNKNOWN);
    assert_int_equal(ledger_number(root, "SELECT id FROM t"), 3);
}

static bool lock_is_used(void)
{
    return ledger_number(root, "SELECT IS_USED_LOCK('held') IS NOT NULL") == 1;
}

static void wait_s(int seconds)
{
    const struct timespec wait = {.tv_sec = seconds};
    nanosleep(&wait, NULL);
}

/* What was idle is made anew before its server closes it; a statement does not notice. */
static void test_idle_connection(void **state)
{
    (void)state;
    mysql->idle_s = 4; /* as of the next session */
    flash_mysql_close(mysql);
    int64_t first = ledger_number(mysql, "SELECT CONNECTION_ID()");
    assert_int_equal(ledger_number(mysql, "SELECT @@wait_timeout"), 4);
    assert_int_equal(ledger_number(mysql, "SELECT CONNECTION_ID()"), first);
    wait_s(3);
    assert_int_equal(ledger_run(mysql, "INSERT INTO t VALUES (1)"), 1);
    int64_t second = ledger_number(mysql, "SELECT CONNECTION_ID()");
    assert_int_not_equal(second, first);
    wait_s(6);
    assert_int_equal(ledger_run(mysql, "INSERT INTO t VALUES (2)"), 1);
    assert_int_not_equal(ledger_number(mysql, "SELECT CONNECTION_ID()"), second);
}

/* It keeps its locks as long as it is asked, then they are free, and its owner learns it. */
static void test_connection_for_locks(void **state)
{
    (void)state;
    flash_mysql_for_locks(mysql, 3);
    assert_int_equal(ledger_number(mysql, "SELECT GET_LOCK('held', 0)"), 1);
    for (int i = 0; i < 3; i++) {
        wait_s(2);
        assert_int_equal(ledger_number(mysql, "SELECT IS_USED_LOCK('held') = CONNECTION_ID()"), 1);
    }
    for (int i = 0; i < 100 && lock_is_used(); i++) {
        wait_s(1);
    }
    assert_false(lock_is_used());
    ledger_refused(mysql, "DO 1", FLASH_MYSQL_RETRY, FLASH_ERROR_RETRY);
    assert_int_equal(ledger_number(mysql, "SELECT GET_LOCK('held', 0)"), 1);
}

/* A transaction is never carried over to another connection. */
static void test_idle_connection_in_a_transaction(void **state)
{
    (void)state;
    mysql->idle_s = 2;
    flash_mysql_close(mysql);
    ledger_run(mysql, "SET SESSION idle_transaction_timeout = 0");
    ledger_begin(mysql);
    ledger_run(mysql, "INSERT INTO t VALUES (1)");
    assert_int_equal(rows(), 0);
    wait_s(4);
    ledger_refused(mysql, "INSERT INTO t VALUES (2)", FLASH_MYSQL_RETRY, FLASH_ERROR_RETRY);
    flash_mysql_rollback(mysql);
    assert_int_equal(rows(), 0);
}

static void test_restarted(void **state)
{
    static const int ways[] = {SIGTERM, SIGKILL};
    (void)state;
    flash_mysql_free(root); /* has no part in this, and would be lost */
    for (int i = 0; i < 2; i++) {
        struct flash_error err = {0};
        ledger_run(mysql, "INSERT INTO t SELECT COUNT(*) FROM t");
        ledger_begin(mysql);
        ledger_run(mysql, "DELETE FROM t");
        server_stop(&server, ways[i]);
        ledger_refused(mysql, "DELETE FROM t", FLASH_MYSQL_RETRY, FLASH_ERROR_RETRY);
        flash_mysql_rollback(mysql);
        assert_false(flash_mysql_begin(mysql, &err));
        assert_int_equal(err.kind, FLASH_ERROR_RETRY);
        assert_int_equal(flash_mysql_last_class(mysql), FLASH_MYSQL_RETRY);
        server_start(&server);
        ledger_begin(mysql);
        assert_int_equal(ledger_number(mysql, "SELECT COUNT(*) FROM t"), i + 1);
        ledger_commit(mysql);
    }
    open_root();
}

static uint64_t since_ms(uint64_t start_us)
{
    return (flash_time_monotonic_us() - start_us) / 1000;
}

/* A server that answers nothing: every wait ends by our own clock. */
static void test_frozen(void **state)
{
    (void)state;
    struct flash_error err = {0};
    ledger_begin(mysql);
    ledger_run(mysql, "INSERT INTO t VALUES (1)");
    server_signal(&server, SIGSTOP);
    uint64_t start_us = flash_time_monotonic_us();
    bool inserted = flash_mysql_exec(mysql, "INSERT INTO t VALUES (2)", NULL, 0, NULL, &err);
    uint64_t statement_ms = since_ms(start_us);
    bool closed = !flash_mysql_connected(mysql);
    flash_mysql_rollback(mysql);
    start_us = flash_time_monotonic_us();
    bool connected = flash_mysql_connect(mysql, NULL);
    uint64_t connect_ms = since_ms(start_us);
    server_signal(&server, SIGCONT);
    assert_false(inserted);
    assert_int_equal(err.kind, FLASH_ERROR_RETRY);
    assert_true(closed);
    assert_true(statement_ms >= 1000 && statement_ms < 4000);
    assert_false(connected);
    assert_true(connect_ms < 4000);
    ledger_begin(mysql);
    assert_int_equal(ledger_number(mysql, "SELECT COUNT(*) FROM t"), 0);
    ledger_commit(mysql);
}

static void test_frozen_at_commit(void **state)
{
    (void)state;
    ledger_begin(mysql);
    ledger_run(mysql, "INSERT INTO t VALUES (1)");
    server_signal(&server, SIGSTOP);
    expect_unknown_commit();
    server_signal(&server, SIGCONT);
    int64_t found = ledger_number(mysql, "SELECT COUNT(*) FROM t FOR UPDATE");
    assert_true(found == 0 || found == 1);
}

static void test_nobody_there(void **state)
{
    (void)state;
    struct flash_error err = {0};
    struct flash_config config = by_proxy;
    config.mysql.port = 1;
    struct flash_mysql *away = ledger_new(&config);
    assert_false(flash_mysql_connect(away, &err));
    assert_int_equal(err.kind, FLASH_ERROR_RETRY);
    flash_mysql_free(away);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_commit_answer_lost, open_by_proxy, shut),
        cmocka_unit_test_setup_teardown(test_commit_not_sent, open_by_proxy, shut),
        cmocka_unit_test_setup_teardown(test_statement_answer_lost, open_by_proxy, shut),
        cmocka_unit_test_setup_teardown(test_killed, open_by_socket, shut),
        cmocka_unit_test_setup_teardown(test_idle_transaction, open_by_socket, shut),
        cmocka_unit_test_setup_teardown(test_idle_connection, open_by_socket, shut),
        cmocka_unit_test_setup_teardown(test_connection_for_locks, open_by_socket, shut),
        cmocka_unit_test_setup_teardown(test_idle_connection_in_a_transaction, open_by_socket,
                                        shut),
        cmocka_unit_test_setup_teardown(test_restarted, open_by_socket, shut),
        cmocka_unit_test_setup_teardown(test_frozen, open_by_socket, shut),
        cmocka_unit_test_setup_teardown(test_frozen_at_commit, open_by_socket, shut),
        cmocka_unit_test(test_nobody_there),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
