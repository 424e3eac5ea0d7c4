/* Where the reconciler is asked, and what its answers mean to the back office. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../admin/reconciler.h"

#define COUNTS                                                                                     \
    "\"skus\":3,\"expired\":12,\"queued\":1,\"skipped\":2,\"complete\":true,\"took_ms\":45"

static void test_url(void **state)
{
    (void)state;
    char url[FLASH_RECONCILER_URL_MAX];
    flash_reconciler_url(&(struct flash_address){"127.0.0.1", 8083}, "/v1/expiry/pass", url);
    assert_string_equal(url, "http://127.0.0.1:8083/v1/expiry/pass");
    flash_reconciler_url(&(struct flash_address){"::1", 65535}, "/v1/expiry/pass", url);
    assert_string_equal(url, "http://[::1]:65535/v1/expiry/pass");
}

static void test_done(void **state)
{
    (void)state;
    static const char body[] = "{" COUNTS "}";
    struct flash_pass_answer answer =
        flash_reconciler_judge(200, (struct flash_text){body, strlen(body)});
    assert_int_equal(answer.refusal, FLASH_REFUSE_NOTHING);
    assert_true(answer.counted);
    assert_int_equal(answer.counts.skus, 3);
    assert_int_equal(answer.counts.expired, 12);
    assert_int_equal(answer.counts.queued, 1);
    assert_int_equal(answer.counts.skipped, 2);
    assert_int_equal(answer.counts.took_ms, 45);
    assert_true(answer.counts.complete);
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        long status;
        const char *body;
        enum flash_refusal refusal;
        bool counted;
    } rows[] = {
        {503, "{\"type\":\"/problems/redis-unavailable\"," COUNTS "}", FLASH_REFUSE_PASS_NO_REDIS,
         true},
        {503, "{\"type\":\"/problems/kafka-unavailable\"," COUNTS "}", FLASH_REFUSE_PASS_NO_KAFKA,
         true},
        {503, "{\"type\":\"/problems/ledger-unavailable\"," COUNTS "}", FLASH_REFUSE_PASS_NO_LEDGER,
         true},
        {503, "{\"type\":\"/problems/overloaded\"}", FLASH_REFUSE_OVERLOADED, false},
        {503, "{\"type\":\"/problems/stopping\"," COUNTS "}", FLASH_REFUSE_NO_RECONCILER, true},
        {503, "{\"type\":\"/problems/new\"}", FLASH_REFUSE_NO_RECONCILER, false},
        {503, "{\"type\":7}", FLASH_REFUSE_NO_RECONCILER, false},
        {503, "<html>", FLASH_REFUSE_NO_RECONCILER, false},
        {401, "{\"type\":\"/problems/unauthorized\"}", FLASH_REFUSE_NO_RECONCILER, false},
        {404, "{\"type\":\"/problems/redis-unavailable\"}", FLASH_REFUSE_NO_RECONCILER, false},
        {200, "{\"skus\":3}", FLASH_REFUSE_NO_RECONCILER, false},
        {200, "{\"skus\":\"3\",\"expired\":12}", FLASH_REFUSE_NO_RECONCILER, false},
        {200, "[]", FLASH_REFUSE_NO_RECONCILER, false},
        {200, "", FLASH_REFUSE_NO_RECONCILER, false},
        {302, "{" COUNTS "}", FLASH_REFUSE_NO_RECONCILER, true},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct flash_text body = {rows[i].body, strlen(rows[i].body)};
        struct flash_pass_answer answer = flash_reconciler_judge(rows[i].status, body);
        if (answer.refusal != rows[i].refusal || answer.counted != rows[i].counted) {
            fail_msg("%ld %s", rows[i].status, rows[i].body);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_url),
        cmocka_unit_test(test_done),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
