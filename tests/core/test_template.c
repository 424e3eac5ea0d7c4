/* flash/template.h: fields in JSON and in a form, whatever they hold; what is no template. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "flash/template.h"

static struct flash_alert alert;

static int make_alert(void **state)
{
    const uint8_t random[10] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    (void)state;
    alert = (struct flash_alert){.key = "stock.low.17",
                                 .raised = true,
                                 .severity = FLASH_SEVERITY_WARNING,
                                 .at_ms = 1763718000123};
    alert.id = flash_uuid_v7(1763718000123, random);
    flash_alert_set_text(&alert, "a \"b\" \\ {key} & 50% ü=1");
    return 0;
}

static void filled(const char *text, enum flash_sms_type type, const char *expected)
{
    const struct flash_template template = {text, type, "shop"};
    char body[FLASH_TEMPLATE_MAX];
    struct flash_error err;
    assert_true(flash_template_check(text, type, &err));
    size_t len = flash_template_fill(&template, &alert, body);
    assert_int_equal(len, strlen(expected));
    assert_memory_equal(body, expected, len);
}

/* A field's value is never looked at again: {key} inside the text stays. */
static void test_json(void **state)
{
    (void)state;
    filled("{\"to\":\"+49\",\"m\":\"{source}: {text}\"}", FLASH_SMS_JSON,
           "{\"to\":\"+49\",\"m\":\"shop: a \\\"b\\\" \\\\ {key} & 50% ü=1\"}");
    filled("{\"a\":{\"b\":[\"{key} {state} {severity}\"]}}", FLASH_SMS_JSON,
           "{\"a\":{\"b\":[\"stock.low.17 raised warning\"]}}");
    filled("{\"{id}\":\"{at}\"}", FLASH_SMS_JSON,
           "{\"019aa5c8-edfb-7102-8304-05060708090a\":\"2025-11-21T09:40:00.123Z\"}");
}

static void test_form(void **state)
{
    (void)state;
    filled("to=%2B49&m={source}%3A+{text}", FLASH_SMS_FORM,
           "to=%2B49&m=shop%3A+a+%22b%22+%5C+%7Bkey%7D+%26+50%25+%C3%BC%3D1");
    filled("a={}{ }{A}&b={severity", FLASH_SMS_FORM, "a={}{ }{A}&b={severity");
}

static void test_what_is_none(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum flash_sms_type type;
        const char *reason;
    } rows[] = {
        {"{\"m\":\"{message}\"}", FLASH_SMS_JSON, "no field {message}"},
        {"m={tex}", FLASH_SMS_FORM, "no field {tex}"},
        {"{\"m\":{text}}", FLASH_SMS_JSON, "not JSON"},
        {"{\"m\":\"{text}\"", FLASH_SMS_JSON, "not JSON"},
        {"to=1&m={text}", FLASH_SMS_JSON, "not JSON"},
        {"{\"m\":\"1\",\"m\":\"{text}\"}", FLASH_SMS_JSON, "not JSON"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct flash_error err = {0};
        assert_false(flash_template_check(rows[i].text, rows[i].type, &err));
        assert_int_equal(err.kind, FLASH_ERROR_CONFIG);
        assert_non_null(strstr(err.text, rows[i].reason));
    }
}

/* Texts of any length become whole JSON, or nothing. */
static void test_what_does_not_fit(void **state)
{
    (void)state;
    static const char many[] =
        "[\"{text}{text}{text}{text}{text}{text}\",\"{text}{text}{text}{text}\"]";
    const struct flash_template template = {many, FLASH_SMS_JSON, "shop"};
    int whole = 0, none = 0;
    for (size_t len = 0; len <= FLASH_ALERT_TEXT_MAX; len++) {
        char body[FLASH_TEMPLATE_MAX], text[FLASH_ALERT_TEXT_MAX + 1];
        memset(text, '"', len);
        text[len] = '\0';
        flash_alert_set_text(&alert, text);
        size_t size = flash_template_fill(&template, &alert, body);
        json_t *json = size ? json_loadb(body, size, 0, NULL) : NULL;
        assert_true((size == 0) == (json == NULL));
        whole += json != NULL;
        none += json == NULL;
        json_decref(json);
    }
    assert_true(whole > 300 && none > 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_json, make_alert),
        cmocka_unit_test_setup(test_form, make_alert),
        cmocka_unit_test_setup(test_what_is_none, make_alert),
        cmocka_unit_test_setup(test_what_does_not_fit, make_alert),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
