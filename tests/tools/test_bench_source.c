/* Options, the orders that follow from them, the requests' bytes and the heap of waiting
 * operations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "request.h"
#include "source.h"

static struct flash_bench_options options;

static bool parse(const char *const arguments[], struct flash_error *err)
{
    char *argv[16] = {(char *)(uintptr_t) "flash-bench"};
    int argc = 1;
    enum flash_bench_action action;
    for (; arguments[argc - 1] != NULL; argc++) {
        argv[argc] = (char *)(uintptr_t)arguments[argc - 1];
    }
    return flash_bench_options_parse(&options, argv, &action, err);
}

static void test_options(void **state)
{
    (void)state;
    struct flash_error err;
    assert_true(parse((const char *const[]){"--url=http://localhost:9090/", "--sku", "7,100-102",
                                            "--quantity", "1..3", "--mode", "rate", "--rate=2e4",
                                            "--poll-wait", "--mix", "order=1,status=3", NULL},
                      &err));
    assert_string_equal(options.url.host, "localhost");
    assert_int_equal(options.url.port, 9090);
    assert_ptr_equal(flash_bench_options_target(&options), &options.url);
    assert_false(flash_bench_options_changes(&options));
    assert_int_equal(options.sku_count, 4);
    assert_int_equal(options.skus[3], 102);
    assert_int_equal(options.quantity_max, 3);
    assert_true(options.rate == 20000);
    assert_true(options.poll);
    assert_true(options.duration_s == 10);
    assert_true(options.weights[FLASH_BENCH_STATUS] == 3);
}

static void test_options_of_changes(void **state)
{
    (void)state;
    struct flash_error err;
    assert_true(parse((const char *const[]){"--mix", "pay=1", "--known", "f", "--internal-url",
                                            "http://shop:81", NULL},
                      &err));
    assert_string_equal(flash_bench_options_target(&options)->host, "shop");
    assert_int_equal(flash_bench_options_target(&options)->port, 81);
    assert_true(flash_bench_options_changes(&options));
    assert_true(options.duration_s == 0); /* until the last of the known orders */
    assert_true(
        parse((const char *const[]){"--mix", "status=1,cancel=2", "--known", "f", NULL}, &err));
    assert_int_equal(flash_bench_options_target(&options)->port, 8080);
    assert_true(flash_bench_options_changes(&options));
}

static void test_options_refused(void **state)
{
    (void)state;
    static const char *const rows[][7] = {
        {NULL},
        {"--sku", "0"},
        {"--sku", "7,"},
        {"--sku", "9-7"},
        {"--sku", "1-5000"},
        {"--sku", "99999999999999999999"},
        {"--sku"},
        {"--sku", "7", "--buyers", "0"},
        {"--sku", "7", "--buyers", "1.5"},
        {"--sku", "7", "--buyers", "many"},
        {"--sku", "7", "--quantity", "2..1"},
        {"--sku", "7", "--quantity", "10000"},
        {"--sku", "7", "--mode", "rate"},
        {"--sku", "7", "--rate", "10"},
        {"--sku", "7", "--rate", "nan", "--mode", "rate"},
        {"--sku", "7", "--mix", "page=1"},
        {"--sku", "7", "--mix", "order=0"},
        {"--sku", "7", "--mix", "order=1,"},
        {"--sku", "7", "--auth", "jwt"},
        {"--sku", "7", "--auth", "basic"},
        {"--sku", "7", "--run", "a b"},
        {"--sku", "7", "--json=1"},
        {"--sku", "7", "--threads", "3", "--connections", "2"},
        {"--sku", "7", "--user-prefix", "a\r"},
        {"--mix", "status=1"},
        {"--mix", "pay=1"},
        {"--mix", "cancel=1"},
        {"--mix", "order=1,cancel=1", "--sku", "7"},
        {"--mix", "pay=1,cancel=1", "--known", "f"},
        {"--mix", "pay=1", "--known", "f", "--orders", "5"},
        {"--internal-url", "shop", "--sku", "7"},
        {"--sku", "7", "--url", "https://x"},
        {"--sku", "7", "--url", "http://x:0"},
        {"--sku", "7", "--url", "http://x/path"},
        {"--sku", "7", "--no-such"},
        {"sku"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct flash_error err = {.kind = FLASH_ERROR_NONE};
        assert_false(parse(rows[i], &err));
        assert_int_equal(err.kind, FLASH_ERROR_CONFIG);
        assert_true(strlen(err.text) > 0);
    }
}

static void setup(const char *const arguments[])
{
    struct flash_error err;
    assert_true(parse(arguments, &err));
    snprintf(options.run, sizeof(options.run), "run");
}

/* The next operation of the run below, which must be an order. */
static struct flash_bench_op take_order(struct flash_bench_source *source)
{
    struct flash_bench_known known = {.count = 0};
    struct flash_bench_op op = {.attempts = 0};
    flash_bench_source_take(source, &known, 77, &op);
    assert_int_equal(op.kind, FLASH_BENCH_ORDER);
    assert_int_equal(op.intended_us, 77);
    assert_int_equal(op.sku, 5 + op.number % 2);
    assert_int_equal(op.user, 1 + op.number / 2 % 3);
    assert_in_range(op.quantity, 1, 9);
    return op;
}

/* Two threads together begin every number once; skus and users go round; a second run is the same.
 */
static void test_orders(void **state)
{
    (void)state;
    struct flash_bench_source source;
    int seen[12] = {0}, first_quantity[12];
    setup((const char *const[]){"--sku", "5,6", "--buyers", "3", "--quantity", "1..9", "--orders",
                                "12", "--threads", "2", NULL});
    for (int run = 0; run < 2; run++) {
        for (int thread = 0; thread < 2; thread++) {
            flash_bench_source_init(&source, &options, thread, 1000);
            while (flash_bench_source_due_us(&source) == 0) {
                struct flash_bench_op op = take_order(&source);
                assert_true(run == 0 || op.quantity == first_quantity[op.number]);
                first_quantity[op.number] = op.quantity;
                seen[op.number]++;
            }
        }
    }
    for (int i = 0; i < 12; i++) {
        assert_int_equal(seen[i], 2);
    }
}

/* Its own for each run: the sanitized twin of this program runs at the same time. */
static char known_path[16];

static void write_known(int count)
{
    snprintf(known_path, sizeof(known_path), "known-XXXXXX");
    int fd = mkstemp(known_path);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    assert_non_null(file);
    fputs("outcome\torder_id\tuser\tquantity\tkey\tattempts\tat\n", file);
    for (int i = 0; i < count; i++) {
        fprintf(file, "accepted\t7.ref%d\tu-%d\t%d\tkey-%d\t1\t1\n", i, i + 1, 1 + i % 9, i);
        fprintf(file, "unknown\t7.lost%d\tu-%d\t1\tlost-%d\t1\t1\n", i, i + 1, i);
    }
    fclose(file);
}

/* Every accepted order of the file is changed once, in order; more than the ring of reads holds. */
static void test_known_are_taken_once(void **state)
{
    (void)state;
    enum { COUNT = 70001 };
    struct flash_error err;
    write_known(COUNT);
    setup((const char *const[]){"--mix", "cancel=1", "--known", known_path, "--threads", "2",
                                "--buyers", "100000", NULL});
    for (int thread = 0; thread < 2; thread++) {
        struct flash_bench_known known;
        struct flash_bench_source source;
        int next = thread;
        assert_true(flash_bench_known_init(&known, &options, thread, &err));
        flash_bench_source_init(&source, &options, thread, 1000);
        for (; flash_bench_source_due_us(&source) == 0; next += 2) {
            struct flash_bench_op op = {.attempts = 0};
            char id[32];
            snprintf(id, sizeof(id), "7.ref%d", next);
            flash_bench_source_take(&source, &known, 77, &op);
            assert_int_equal(op.kind, FLASH_BENCH_CANCEL);
            assert_string_equal(op.order_id, id);
            assert_int_equal(op.user, next + 1);
            assert_int_equal(op.quantity, 1 + next % 9);
            assert_int_equal(op.sku, 7);
        }
        assert_in_range(next, COUNT, COUNT + 1);
        flash_bench_known_destroy(&known);
    }
    remove(known_path);
}

/* An order for each thread, or none may begin. */
static void test_known_are_enough(void **state)
{
    (void)state;
    struct flash_bench_known known;
    struct flash_error err = {.kind = FLASH_ERROR_NONE};
    write_known(1);
    setup((const char *const[]){"--mix", "pay=1", "--known", known_path, "--threads", "2", NULL});
    assert_true(flash_bench_known_init(&known, &options, 0, &err));
    flash_bench_known_destroy(&known);
    assert_false(flash_bench_known_init(&known, &options, 1, &err));
    assert_int_equal(err.kind, FLASH_ERROR_CONFIG);
    flash_bench_known_destroy(&known);
    remove(known_path);
}

/* In mode rate changes have their times too, and with the last one nothing is left unsent. */
static void test_changes_at_a_rate(void **state)
{
    (void)state;
    struct flash_bench_known known;
    struct flash_bench_source source;
    struct flash_error err;
    write_known(5);
    setup((const char *const[]){"--mix", "pay=1", "--known", known_path, "--mode", "rate", "--rate",
                                "1000", NULL});
    assert_true(flash_bench_known_init(&known, &options, 0, &err));
    flash_bench_source_init(&source, &options, 0, 1000);
    for (uint64_t i = 0; i < 5; i++) {
        struct flash_bench_op op = {.attempts = 0};
        assert_int_equal(flash_bench_source_due_us(&source), 1000 + 1000 * i);
        flash_bench_source_take(&source, &known, 900000, &op);
        assert_int_equal(op.kind, FLASH_BENCH_PAY);
        assert_int_equal(op.intended_us, 1000 + 1000 * i);
    }
    assert_int_equal(flash_bench_source_due_us(&source), UINT64_MAX);
    assert_int_equal(flash_bench_source_end(&source, 2000000), 0);
    flash_bench_known_destroy(&known);
    remove(known_path);
}

/* In mode rate the intended times are the schedule's, however late they are taken, and the rest is
 * unsent. */
static void test_rate(void **state)
{
    (void)state;
    struct flash_bench_known known = {.count = 0};
    struct flash_bench_source source;
    setup((const char *const[]){"--sku", "5", "--mode", "rate", "--rate", "1000", "--duration", "1",
                                NULL});
    flash_bench_source_init(&source, &options, 0, 1000);
    for (int i = 0; i < 900; i++) {
        struct flash_bench_op op = {.attempts = 0};
        assert_int_equal(flash_bench_source_due_us(&source), 1000 + 1000 * (uint64_t)i);
        flash_bench_source_take(&source, &known, 900000, &op);
        assert_int_equal(op.intended_us, 1000 + 1000 * (uint64_t)i);
    }
    assert_int_equal(flash_bench_source_end(&source, 2000000), 100);
    assert_int_equal(flash_bench_source_due_us(&source), UINT64_MAX);
}

static void test_requests(void **state)
{
    (void)state;
    struct flash_bench_writer writer;
    char out[FLASH_BENCH_REQUEST_MAX + 1];
    struct flash_bench_op op = {.kind = FLASH_BENCH_ORDER,
                                .number = 41,
                                .user = 42,
                                .sku = INT64_MAX,
                                .quantity = 9999,
                                .order_id = "7.abc",
                                .etag = "\"1\""};
    setup((const char *const[]){"--sku", "5", "--poll-wait", NULL});
    flash_bench_writer_init(&writer, &options, NULL);
    out[flash_bench_writer_put(&writer, &op, out)] = '\0';
    assert_string_equal(out, "POST /v1/orders HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n"
                             "Content-Type: application/json\r\nIdempotency-Key: run-41\r\n"
                             "X-User-Id: u-42\r\nContent-Length: 45\r\n\r\n"
                             "{\"sku\":\"9223372036854775807\",\"quantity\":9999}");
    op.kind = FLASH_BENCH_PAGE;
    out[flash_bench_writer_put(&writer, &op, out)] = '\0';
    assert_string_equal(out, "GET /v1/orders/7.abc HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n"
                             "If-None-Match: \"1\"\r\nPrefer: wait=10\r\n"
                             "Accept: application/json\r\nX-User-Id: u-42\r\n\r\n");
    op.kind = FLASH_BENCH_STATUS;
    op.etag[0] = '\0';
    out[flash_bench_writer_put(&writer, &op, out)] = '\0';
    assert_string_equal(out, "GET /v1/orders/7.abc HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n"
                             "Accept: application/json\r\nX-User-Id: u-42\r\n\r\n");
}

static void test_requests_of_changes(void **state)
{
    (void)state;
    struct flash_bench_writer writer;
    char out[FLASH_BENCH_REQUEST_MAX + 1];
    struct flash_bench_op op = {.kind = FLASH_BENCH_PAY, .user = 42, .order_id = "7.abc"};
    setup((const char *const[]){"--mix", "pay=1", "--known", "f", NULL});
    flash_bench_writer_init(&writer, &options, NULL);
    out[flash_bench_writer_put(&writer, &op, out)] = '\0';
    assert_string_equal(out, "POST /v1/orders/7.abc/pay HTTP/1.1\r\nHost: 127.0.0.1:8082\r\n"
                             "Content-Type: application/json\r\nX-User-Id: u-42\r\n"
                             "Content-Length: 22\r\n\r\n{\"payment_id\":\"p-abc\"}");
    setup((const char *const[]){"--mix", "cancel=1", "--known", "f", NULL});
    flash_bench_writer_init(&writer, &options, NULL);
    op.kind = FLASH_BENCH_CANCEL;
    out[flash_bench_writer_put(&writer, &op, out)] = '\0';
    assert_string_equal(out, "POST /v1/orders/7.abc/cancel HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n"
                             "Content-Length: 0\r\nX-User-Id: u-42\r\n\r\n");
}

static void test_waiting(void **state)
{
    (void)state;
    enum { COUNT = 1000 };
    struct flash_bench_pool pool;
    struct flash_bench_waiting waiting;
    struct flash_error err;
    uint64_t random = 11, last = 0;
    assert_true(flash_bench_pool_init(&pool, COUNT, &err));
    assert_true(flash_bench_waiting_init(&waiting, COUNT, &err));
    assert_int_equal(flash_bench_waiting_due_us(&waiting), UINT64_MAX);
    for (int i = 0; i < COUNT; i++) {
        struct flash_bench_op *op = flash_bench_pool_take(&pool);
        op->due_us = flash_bench_random(&random) % 500;
        flash_bench_waiting_push(&waiting, op);
    }
    assert_null(flash_bench_pool_take(&pool));
    for (int i = 0; i < COUNT; i++) {
        uint64_t due = flash_bench_waiting_due_us(&waiting);
        struct flash_bench_op *op = flash_bench_waiting_pop(&waiting);
        assert_int_equal(op->due_us, due);
        assert_true(due >= last);
        last = due;
        flash_bench_pool_give(&pool, op);
    }
    assert_int_equal(pool.alive, 0);
    flash_bench_waiting_destroy(&waiting);
    flash_bench_pool_destroy(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_options_of_changes),
        cmocka_unit_test(test_options_refused),
        cmocka_unit_test(test_orders),
        cmocka_unit_test(test_known_are_taken_once),
        cmocka_unit_test(test_known_are_enough),
        cmocka_unit_test(test_changes_at_a_rate),
        cmocka_unit_test(test_rate),
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_requests_of_changes),
        cmocka_unit_test(test_waiting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
