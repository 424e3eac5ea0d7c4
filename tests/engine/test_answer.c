/* An order's JSON, its validators, and the lists of If-None-Match. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <jansson.h>

#include "../../engine/answer.h"
#include "fake_request.h"

static const struct flash_order_view queued = {
    .sku = 42,
    .ref = {"abc", 3},
    .record = {.state = FLASH_STATE_QUEUED,
               .version = 1,
               .quantity = 2,
               .at_us = 1763718000123456,
               .due_s = 1763719800},
};

static struct flash_request *asked(const char *etags)
{
    const char *headers[] = {etags ? "If-None-Match" : NULL, etags, NULL};
    return fake_request_new(&(struct fake_request_head){.headers = headers});
}

static json_t *body_of(const struct flash_request *request)
{
    json_t *body = json_loads(fake_request_answer(request)->body, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(body);
    return body;
}

static void check_text(const json_t *body, const char *name, const char *expected)
{
    const char *got = json_string_value(json_object_get(body, name));
    assert_non_null(got);
    assert_string_equal(got, expected);
}

static void an_accepted_order_names_itself(void **state)
{
    (void)state;
    struct flash_request *request = asked(NULL);
    flash_answer_accepted(request, &queued);
    const struct fake_answer *answer = fake_request_answer(request);
    assert_int_equal(answer->status, 202);
    assert_string_equal(answer->headers, "Location: /v1/orders/42.abc\r\nRetry-After: 1\r\n");
    json_t *body = body_of(request);
    check_text(body, "order_id", "42.abc");
    check_text(body, "sku", "42");
    check_text(body, "status", "QUEUED");
    check_text(body, "pay_by", "2025-11-21T10:10:00.000Z");
    check_text(body, "updated_at", "2025-11-21T09:40:00.123Z");
    assert_int_equal(json_integer_value(json_object_get(body, "quantity")), 2);
    assert_int_equal(json_integer_value(json_object_get(body, "version")), 1);
    assert_null(json_object_get(body, "reason"));
    json_decref(body);
    fake_request_free(request);
}

static void a_failed_order_says_why_and_has_no_deadline(void **state)
{
    (void)state;
    struct flash_order_view order = queued;
    struct flash_request *request = asked(NULL);
    order.record.state = FLASH_STATE_FAILED_SHORTAGE;
    flash_answer_order(request, &order);
    json_t *body = body_of(request);
    check_text(body, "status", "FAILED");
    check_text(body, "reason", "shortage");
    assert_null(json_object_get(body, "pay_by"));
    json_decref(body);
    fake_request_free(request);
}

/* The longest of everything. */
static void the_largest_order_fits(void **state)
{
    (void)state;
    char ref[FLASH_REF_MAX];
    memset(ref, 'r', sizeof(ref));
    struct flash_order_view order = {
        .sku = INT64_MAX,
        .ref = {ref, sizeof(ref)},
        .record = {.state = FLASH_STATE_QUEUED,
                   .quantity = 9999,
                   .at_us = 253402300799999999, /* the year 9999 */
                   .due_s = 253402300799},
    };
    struct flash_request *request = asked(NULL);
    flash_answer_accepted(request, &order);
    json_decref(body_of(request));
    assert_non_null(strstr(fake_request_answer(request)->headers, "rr\r\nRetry-After: 1\r\n"));
    fake_request_free(request);
}

static void an_order_has_its_version_as_tag(void **state)
{
    (void)state;
    struct flash_request *request = asked("\"2\"");
    flash_answer_order(request, &queued);
    assert_int_equal(fake_request_answer(request)->status, 200);
    assert_string_equal(fake_request_answer(request)->headers,
                        "ETag: \"1\"\r\nCache-Control: no-store\r\n");
    fake_request_free(request);
}

static void a_tag_in_the_list_means_unchanged(void **state)
{
    (void)state;
    static const struct {
        const char *list;
        bool listed;
    } rows[] = {
        {"\"1\"", true},
        {"W/\"1\"", true},
        {"\"2\", \"1\"", true},
        {"\"2\",\"1\"", true},
        {"\"2\",\t\"1\"", true},
        {"\"2\", W/\"1\" , \"3\"", true},
        {"*", true},
        {"\"2\"", false},
        {"1", false},
        {"\"11\"", false},
        {"\"1", false},
        {"1\"", false},
        {"\"x\"1\"", false},
        {"", false},
        {"\"\"", false},
        {"\"2\", \"3\"", false},
        {"**", false},
        {"x\"1\"", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct flash_request *request = asked(rows[i].list);
        assert_int_equal(flash_answer_unchanged(request, FLASH_STATE_QUEUED), rows[i].listed);
        flash_answer_order(request, &queued);
        assert_int_equal(fake_request_answer(request)->status, rows[i].listed ? 304 : 200);
        assert_int_equal(strlen(fake_request_answer(request)->body) == 0, rows[i].listed);
        fake_request_free(request);
    }
    struct flash_request *request = asked(NULL);
    assert_false(flash_answer_unchanged(request, FLASH_STATE_QUEUED));
    flash_answer_order(request, &queued);
    fake_request_free(request);
}

static void every_refusal_is_a_whole_problem(void **state)
{
    (void)state;
    for (int refusal = 0; refusal < FLASH_REFUSE_COUNT; refusal++) {
        struct flash_request *request = asked(NULL);
        flash_answer_refuse(request, (enum flash_refusal)refusal, NULL);
        const struct fake_answer *answer = fake_request_answer(request);
        assert_in_range(answer->status, 400, 503);
        assert_true(strlen(answer->slug) > 3);
        assert_true(answer->status != 503 || answer->retry_after_s > 0);
        assert_true(answer->status != 401 || strstr(answer->headers, "WWW-Authenticate: Bearer"));
        fake_request_free(request);
    }
    struct flash_request *request = asked(NULL);
    flash_answer_refuse(request, FLASH_REFUSE_BAD_BODY, "No.");
    assert_string_equal(fake_request_answer(request)->detail, "No.");
    fake_request_free(request);
}

static void a_met_state_is_named(void **state)
{
    (void)state;
    struct flash_request *request = asked(NULL);
    flash_answer_met(request, FLASH_STATE_QUEUED, false);
    assert_string_equal(fake_request_answer(request)->slug, "not-created-yet");
    assert_int_equal(fake_request_answer(request)->retry_after_s, 1);
    fake_request_free(request);
    request = asked(NULL);
    flash_answer_met(request, FLASH_STATE_EXPIRED, true);
    const struct fake_answer *answer = fake_request_answer(request);
    assert_int_equal(answer->status, 409);
    assert_string_equal(answer->slug, "wrong-state");
    assert_string_equal(answer->extra, "\"state\":\"EXPIRED\",\"refund_due\":true");
    assert_int_equal(answer->retry_after_s, 0);
    fake_request_free(request);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_accepted_order_names_itself),
        cmocka_unit_test(a_failed_order_says_why_and_has_no_deadline),
        cmocka_unit_test(the_largest_order_fits),
        cmocka_unit_test(an_order_has_its_version_as_tag),
        cmocka_unit_test(a_tag_in_the_list_means_unchanged),
        cmocka_unit_test(every_refusal_is_a_whole_problem),
        cmocka_unit_test(a_met_state_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
