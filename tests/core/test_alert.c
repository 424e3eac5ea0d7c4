/* flash/alert.h: keys, texts, and an alert as JSON and as a mail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "flash/alert.h"

static struct flash_alert alert_of(const char *text)
{
    struct flash_alert alert = {.key = "ledger.away",
                                .raised = true,
                                .severity = FLASH_SEVERITY_CRITICAL,
                                .at_ms = 1763718000123};
    const uint8_t random[10] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    alert.id = flash_uuid_v7(1763718000123, random);
    flash_alert_set_text(&alert, text);
    return alert;
}

static void test_keys(void **state)
{
    (void)state;
    char longest[FLASH_ALERT_KEY_MAX + 1];
    memset(longest, 'a', sizeof(longest));
    assert_true(flash_alert_key_valid((struct flash_text){"stock.low.1001", 14}));
    assert_true(flash_alert_key_valid((struct flash_text){longest, FLASH_ALERT_KEY_MAX}));
    assert_false(flash_alert_key_valid((struct flash_text){longest, FLASH_ALERT_KEY_MAX + 1}));
    assert_false(flash_alert_key_valid((struct flash_text){"", 0}));
    assert_false(flash_alert_key_valid((struct flash_text){"A", 1}));
    assert_false(flash_alert_key_valid((struct flash_text){"a b", 3}));
    assert_false(flash_alert_key_valid((struct flash_text){"a\r\n", 3}));
}

static void test_json(void **state)
{
    (void)state;
    char json[FLASH_ALERT_JSON_MAX];
    struct flash_alert alert = alert_of("the ledger \"x\" is away");
    size_t len = flash_alert_json(&alert, "shop-eu", json);
    const char *expected =
        "{\"id\":\"019aa5c8-edfb-7102-8304-05060708090a\",\"source\":\"shop-eu\","
        "\"key\":\"ledger.away\",\"state\":\"raised\",\"severity\":\"critical\","
        "\"text\":\"the ledger \\\"x\\\" is away\",\"at\":\"2025-11-21T09:40:00.123Z\"}";
    assert_int_equal(len, strlen(expected));
    assert_memory_equal(json, expected, len);
}

/* Whatever a text holds, it becomes JSON, one line, cut at a character. */
static void test_any_text(void **state)
{
    (void)state;
    char json[FLASH_ALERT_JSON_MAX], longest[2 * FLASH_ALERT_TEXT_MAX + 1];
    struct flash_alert alert = alert_of("a\r\nb\x01\x7f\xff\xc3");
    assert_string_equal(alert.text, "a??b????");
    for (size_t i = 0; i + 2 < sizeof(longest); i += 2) {
        memcpy(longest + i, "\xc3\xa9", 2);
    }
    longest[0] = '"';
    longest[1] = '\\';
    longest[sizeof(longest) - 1] = '\0';
    alert = alert_of(longest);
    assert_int_equal(strlen(alert.text), FLASH_ALERT_TEXT_MAX);
    size_t len = flash_alert_json(&alert, "x", json);
    json_t *read = json_loadb(json, len, JSON_REJECT_DUPLICATES, NULL);
    assert_string_equal(json_string_value(json_object_get(read, "text")), alert.text);
    json_decref(read);
}

static void test_mail(void **state)
{
    (void)state;
    char subject[256], text[FLASH_ALERT_MAIL_MAX];
    struct flash_alert alert = alert_of("no answer");
    alert.raised = false;
    flash_alert_mail(&alert, "shop-eu", subject, text);
    assert_string_equal(subject, "[shop-eu] cleared: ledger.away (critical)");
    assert_non_null(strstr(text, "no answer\n\n"));
    assert_non_null(strstr(text, "id:       019aa5c8-edfb-7102-8304-05060708090a\n"));
}

/* A summary: a notice with a list, in both forms. */
static void test_a_list(void **state)
{
    (void)state;
    char json[FLASH_ALERT_JSON_MAX], subject[256], text[FLASH_ALERT_MAIL_MAX];
    struct flash_alert alert = alert_of("2 SKUs");
    alert.notice = true;
    alert.list = "[{\"sku\":17,\"title\":\"A \\\"b\\\"\",\"available\":0,\"threshold\":3},"
                 "{\"sku\":9,\"title\":\"\",\"available\":2,\"threshold\":2}]";
    size_t len = flash_alert_json(&alert, "x", json);
    json_t *read = json_loadb(json, len, JSON_REJECT_DUPLICATES, NULL);
    assert_string_equal(json_string_value(json_object_get(read, "state")), "notice");
    assert_int_equal(json_array_size(json_object_get(read, "skus")), 2);
    json_decref(read);
    flash_alert_mail(&alert, "x", subject, text);
    assert_string_equal(subject, "[x] notice: ledger.away (critical)");
    assert_non_null(strstr(text, "2 SKUs\n\n17: 0 left, threshold 3  A \"b\"\n"
                                 "9: 2 left, threshold 2  \n\nalert:    "));
    alert.list = "not JSON";
    assert_true(flash_alert_json(&alert, "x", json) > 0);
}

static void test_words(void **state)
{
    (void)state;
    for (int i = 0; i < FLASH_SEVERITY_COUNT; i++) {
        const char *name = flash_severity_name((enum flash_severity)i);
        enum flash_severity read;
        assert_true(flash_severity_parse((struct flash_text){name, strlen(name)}, &read));
        assert_int_equal(read, i);
    }
    enum flash_severity untouched = FLASH_SEVERITY_WARNING;
    assert_false(flash_severity_parse((struct flash_text){"warn", 4}, &untouched));
    assert_int_equal(untouched, FLASH_SEVERITY_WARNING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys), cmocka_unit_test(test_json),   cmocka_unit_test(test_any_text),
        cmocka_unit_test(test_mail), cmocka_unit_test(test_a_list), cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
