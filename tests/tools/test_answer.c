/* No answer passes that the engine must not give, and none is called wrong that it may. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "answer.h"

#define JSON "application/json"
#define PROBLEM "application/problem+json"

static const struct flash_bench_expect order = {
    .kind = FLASH_BENCH_ORDER,
    .user = {"u-17", 4},
    .key = {"run-16", 6},
    .sku = 1001,
    .quantity = 2,
    .first = true,
};

static struct flash_text text_of(const char *string)
{
    return (struct flash_text){string, string != NULL ? strlen(string) : 0};
}

static struct flash_bench_answer check(const struct flash_bench_expect *expect, int status,
                                       const char *type, const char *body)
{
    struct flash_bench_answer answer;
    struct flash_bench_response response = {.status = status,
                                            .retry_after_s = -1,
                                            .content_type = text_of(type),
                                            .body = text_of(body)};
    response.etag = text_of(status == 200 ? "\"2\"" : NULL);
    flash_bench_answer_check(&response, expect, &answer);
    return answer;
}

/* A 202 body with the right id in place of %s. */
static enum flash_bench_verdict check_body(const struct flash_bench_expect *expect,
                                           const char *before, const char *after)
{
    char id[FLASH_BENCH_DERIVED_ID + 1], body[512];
    flash_bench_answer_order_id(expect, id);
    snprintf(body, sizeof(body), "%s%s%s", before, id, after);
    return check(expect, 202, JSON, body).verdict;
}

static void test_accepted(void **state)
{
    (void)state;
    assert_int_equal(check_body(&order, "{\"order_id\":\"",
                                "\",\"sku\":\"1001\",\"quantity\":2,\"status\":\"QUEUED\"}"),
                     FLASH_BENCH_ACCEPTED);
    assert_int_equal(check_body(&order, " { \"x\" : [1,{\"sku\":\"}\"}], \"order_id\" : \"",
                                "\" , \"status\":\"QUEUED\",\"quantity\":2 ,\"sku\":\"1001\"}\n"),
                     FLASH_BENCH_ACCEPTED);
}

/* A repeat is answered with today's status; a new order can only be QUEUED. */
static void test_repeat(void **state)
{
    (void)state;
    static const char after[] = "\",\"sku\":\"1001\",\"quantity\":2,\"status\":\"CREATED\"}";
    struct flash_bench_expect repeat = order;
    repeat.first = false;
    assert_int_equal(check_body(&repeat, "{\"order_id\":\"", after), FLASH_BENCH_ACCEPTED);
    assert_int_equal(check_body(&order, "{\"order_id\":\"", after), FLASH_BENCH_WRONG);
}

static void test_accepted_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *before, *after;
    } rows[] = {
        {"{\"order_id\":\"x", "\",\"sku\":\"1001\",\"quantity\":2,\"status\":\"QUEUED\"}"},
        {"{\"order_id\":\"", "=\",\"sku\":\"1001\",\"quantity\":2,\"status\":\"QUEUED\"}"},
        {"{\"order_id\":\"", "\",\"sku\":\"1002\",\"quantity\":2,\"status\":\"QUEUED\"}"},
        {"{\"order_id\":\"", "\",\"sku\":1001,\"quantity\":2,\"status\":\"QUEUED\"}"},
        {"{\"order_id\":\"", "\",\"sku\":\"1001\",\"quantity\":1,\"status\":\"QUEUED\"}"},
        {"{\"order_id\":\"", "\",\"sku\":\"1001\",\"quantity\":\"2\",\"status\":\"QUEUED\"}"},
        {"{\"order_id\":\"", "\",\"sku\":\"1001\",\"quantity\":2.0,\"status\":\"QUEUED\"}"},
        {"{\"order_id\":\"", "\",\"sku\":\"1001\",\"quantity\":2,\"status\":\"queued\"}"},
        {"{\"order_id\":\"", "\",\"sku\":\"1001\",\"quantity\":2,\"status\":\"NONE\"}"},
        {"{\"order_id\":\"", "\",\"sku\":\"1001\",\"quantity\":2,\"status\":null}"},
        {"{\"order_id\":\"", "\",\"sku\":\"1001\",\"quantity\":2}"},
        {"{\"order_id\":\"", "\",\"sku\":\"1001\",\"status\":\"QUEUED\"}"},
        {"{\"x\":\"", "\",\"sku\":\"1001\",\"quantity\":2,\"status\":\"QUEUED\"}"},
        {"{\"order_id\":\"", "\",\"sku\":\"1001\",\"quantity\":2,\"status\":\"QUEUED\""},
        {"{\"order_id\":\"", "\",\"sku\":\"1001\",\"quantity\":2,\"status\":\"QUEUED\"}}"},
        {"{\"order_id\":\"", "\",\"sku\":\"1001\",\"quantity\":2,\"status\":\"QUEUED\",}"},
        {"{\"order_id\":\"", "\",\"sku\":\"1001\",\"quantity\":2,\"quantity\":2,"
                             "\"status\":\"QUEUED\"}"},
        {"[\"", "\"]"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(check_body(&order, rows[i].before, rows[i].after), FLASH_BENCH_WRONG);
    }
}

static void test_problems(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *type, *body;
        enum flash_bench_verdict order, read;
    } rows[] = {
        {409, PROBLEM, "{\"type\":\"/problems/sold-out\",\"status\":409}", FLASH_BENCH_REFUSED,
         FLASH_BENCH_WRONG},
        {409, PROBLEM "; charset=utf-8", "{\"type\":\"/problems/ended\",\"status\":409}",
         FLASH_BENCH_REFUSED, FLASH_BENCH_WRONG},
        {409, PROBLEM, "{\"type\":\"/problems/else\",\"status\":409}", FLASH_BENCH_WRONG,
         FLASH_BENCH_WRONG},
        {409, PROBLEM, "{\"type\":\"/problems/sold-out\",\"status\":410}", FLASH_BENCH_WRONG,
         FLASH_BENCH_WRONG},
        {409, PROBLEM, "{\"type\":\"/problems/sold-out\"}", FLASH_BENCH_WRONG, FLASH_BENCH_WRONG},
        {409, PROBLEM, "{\"type\":\"about:blank\",\"status\":409}", FLASH_BENCH_WRONG,
         FLASH_BENCH_WRONG},
        {409, JSON, "{\"type\":\"/problems/sold-out\",\"status\":409}", FLASH_BENCH_WRONG,
         FLASH_BENCH_WRONG},
        {503, PROBLEM, "{\"type\":\"/problems/not-admitting\",\"status\":503}", FLASH_BENCH_BUSY,
         FLASH_BENCH_BUSY},
        {503, PROBLEM, "{\"type\":\"/problems/outcome-unknown\",\"status\":503}",
         FLASH_BENCH_UNCERTAIN, FLASH_BENCH_UNCERTAIN},
        {429, PROBLEM, "{\"type\":\"/problems/too-many\",\"status\":429}", FLASH_BENCH_BUSY,
         FLASH_BENCH_BUSY},
        {404, PROBLEM, "{\"type\":\"/problems/not-found\",\"status\":404}", FLASH_BENCH_WRONG,
         FLASH_BENCH_WRONG},
        {422, PROBLEM, "{\"type\":\"/problems/key-reused\",\"status\":422}", FLASH_BENCH_WRONG,
         FLASH_BENCH_WRONG},
        {500, PROBLEM, "{\"type\":\"/problems/internal\",\"status\":500}", FLASH_BENCH_WRONG,
         FLASH_BENCH_WRONG},
        {500, "text/html", "<html>", FLASH_BENCH_WRONG, FLASH_BENCH_WRONG},
        {301, NULL, "", FLASH_BENCH_WRONG, FLASH_BENCH_WRONG},
        {304, NULL, "", FLASH_BENCH_WRONG, FLASH_BENCH_WRONG},
    };
    struct flash_bench_expect read = {.kind = FLASH_BENCH_STATUS, .order_id = "1001.x"};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(check(&order, rows[i].status, rows[i].type, rows[i].body).verdict,
                         rows[i].order);
        assert_int_equal(check(&read, rows[i].status, rows[i].type, rows[i].body).verdict,
                         rows[i].read);
    }
    assert_string_equal(check(&order, rows[0].status, PROBLEM, rows[0].body).slug, "sold-out");
}

static const struct flash_bench_expect pay = {
    .kind = FLASH_BENCH_PAY, .order_id = "1001.ref", .sku = 1001, .quantity = 2, .first = true};

static void test_changes(void **state)
{
    (void)state;
#define BODY(status)                                                                               \
    "{\"order_id\":\"1001.ref\",\"sku\":\"1001\",\"quantity\":2,\"status\":\"" status "\"}"
    static const struct {
        enum flash_bench_kind kind;
        bool first;
        int status;
        const char *body;
        enum flash_bench_verdict verdict;
        enum flash_state state;
    } rows[] = {
        {FLASH_BENCH_PAY, true, 200, BODY("PAID"), FLASH_BENCH_CHANGED, FLASH_STATE_PAID},
        {FLASH_BENCH_PAY, false, 200, BODY("PAID"), FLASH_BENCH_CHANGED, FLASH_STATE_PAID},
        {FLASH_BENCH_PAY, true, 202, BODY("PAID"), FLASH_BENCH_WRONG, FLASH_STATE_NONE},
        {FLASH_BENCH_PAY, true, 200, BODY("CREATED"), FLASH_BENCH_WRONG, FLASH_STATE_NONE},
        {FLASH_BENCH_PAY, true, 200, BODY("QUEUED"), FLASH_BENCH_WRONG, FLASH_STATE_NONE},
        {FLASH_BENCH_PAY, true, 200,
         "{\"order_id\":\"1001.fer\",\"sku\":\"1001\",\"quantity\":2,\"status\":\"PAID\"}",
         FLASH_BENCH_WRONG, FLASH_STATE_NONE},
        {FLASH_BENCH_PAY, true, 200, "PAID", FLASH_BENCH_WRONG, FLASH_STATE_NONE},
        {FLASH_BENCH_CANCEL, true, 202, BODY("CANCELLING"), FLASH_BENCH_CHANGED,
         FLASH_STATE_CANCELLING},
        {FLASH_BENCH_CANCEL, true, 202, BODY("CANCELLED"), FLASH_BENCH_WRONG, FLASH_STATE_NONE},
        {FLASH_BENCH_CANCEL, false, 202, BODY("CANCELLED"), FLASH_BENCH_CHANGED,
         FLASH_STATE_CANCELLED},
        {FLASH_BENCH_CANCEL, false, 202, BODY("PAID"), FLASH_BENCH_WRONG, FLASH_STATE_NONE},
        {FLASH_BENCH_CANCEL, true, 200, BODY("CANCELLING"), FLASH_BENCH_WRONG, FLASH_STATE_NONE},
    };
#undef BODY
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct flash_bench_expect expect = pay;
        expect.kind = rows[i].kind;
        expect.first = rows[i].first;
        struct flash_bench_answer answer = check(&expect, rows[i].status, JSON, rows[i].body);
        assert_int_equal(answer.verdict, rows[i].verdict);
        assert_int_equal(answer.state, rows[i].state);
    }
}

static void test_changes_refused(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *body;
        enum flash_bench_verdict verdict;
    } rows[] = {
        {409, "{\"type\":\"/problems/wrong-state\",\"status\":409,\"state\":\"EXPIRED\"}",
         FLASH_BENCH_REFUSED},
        {409, "{\"type\":\"/problems/not-created-yet\",\"status\":409}", FLASH_BENCH_REFUSED},
        {409, "{\"type\":\"/problems/sold-out\",\"status\":409}", FLASH_BENCH_WRONG},
        {404, "{\"type\":\"/problems/not-found\",\"status\":404}", FLASH_BENCH_WRONG},
        {503, "{\"type\":\"/problems/unavailable\",\"status\":503}", FLASH_BENCH_UNCERTAIN},
    };
    struct flash_bench_expect cancel = pay;
    cancel.kind = FLASH_BENCH_CANCEL;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int status = rows[i].status;
        assert_int_equal(check(&pay, status, PROBLEM, rows[i].body).verdict, rows[i].verdict);
        assert_int_equal(check(&cancel, status, PROBLEM, rows[i].body).verdict, rows[i].verdict);
    }
    assert_string_equal(check(&pay, 409, PROBLEM, rows[0].body).slug, "wrong-state");
    assert_int_equal(check(&order, 409, PROBLEM, rows[0].body).verdict, FLASH_BENCH_WRONG);
}

static void test_reads(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        enum flash_bench_verdict verdict;
        enum flash_state state;
    } rows[] = {
        {"{\"order_id\":\"1001.ref\",\"sku\":\"1001\",\"quantity\":2,\"status\":\"CREATED\","
         "\"version\":2}",
         FLASH_BENCH_SEEN, FLASH_STATE_CREATED},
        {"{\"order_id\":\"1001.ref\",\"sku\":\"1001\",\"quantity\":2,\"status\":\"PAID\","
         "\"version\":2}",
         FLASH_BENCH_SEEN, FLASH_STATE_PAID},
        {"{\"order_id\":\"1001.ref\",\"sku\":\"1001\",\"quantity\":2,\"status\":\"FAILED\","
         "\"reason\":\"shortage\",\"version\":2}",
         FLASH_BENCH_SEEN, FLASH_STATE_FAILED_SHORTAGE},
        {"{\"order_id\":\"1001.ref\",\"sku\":\"1001\",\"quantity\":2,\"status\":\"FAILED\","
         "\"version\":2}",
         FLASH_BENCH_WRONG, FLASH_STATE_NONE},
        {"{\"order_id\":\"1001.ref\",\"sku\":\"1001\",\"quantity\":2,\"status\":\"CREATED\","
         "\"reason\":\"lost\",\"version\":2}",
         FLASH_BENCH_WRONG, FLASH_STATE_NONE},
        {"{\"order_id\":\"1001.ref\",\"sku\":\"1001\",\"quantity\":2,\"status\":\"CREATED\","
         "\"version\":3}",
         FLASH_BENCH_WRONG, FLASH_STATE_NONE},
        {"{\"order_id\":\"1001.ref\",\"sku\":\"1001\",\"quantity\":2,\"status\":\"CREATED\"}",
         FLASH_BENCH_WRONG, FLASH_STATE_NONE},
        {"{\"order_id\":\"1001.oth\",\"sku\":\"1001\",\"quantity\":2,\"status\":\"CREATED\","
         "\"version\":2}",
         FLASH_BENCH_WRONG, FLASH_STATE_NONE},
    };
    struct flash_bench_expect expect = {
        .kind = FLASH_BENCH_PAGE, .order_id = "1001.ref", .sku = 1001, .quantity = 2};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct flash_bench_answer answer = check(&expect, 200, JSON, rows[i].body);
        assert_int_equal(answer.verdict, rows[i].verdict);
        assert_int_equal(answer.state, rows[i].state);
    }
    assert_int_equal(check(&order, 200, JSON, rows[0].body).verdict, FLASH_BENCH_WRONG);
    assert_int_equal(check(&expect, 202, JSON, rows[0].body).verdict, FLASH_BENCH_WRONG);
    expect.conditional = true;
    assert_int_equal(check(&expect, 304, NULL, "").verdict, FLASH_BENCH_UNCHANGED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted),        cmocka_unit_test(test_repeat),
        cmocka_unit_test(test_accepted_wrong),  cmocka_unit_test(test_problems),
        cmocka_unit_test(test_reads),           cmocka_unit_test(test_changes),
        cmocka_unit_test(test_changes_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
