/* A webhook's signature by known vectors, what statuses mean, and URLs that are refused before the
 * first alert. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../common/notify/mail.h"
#include "../../common/notify/webhook.h"
#include "flash/notify.h"

static void test_signature(void **state)
{
    (void)state;
    static const struct {
        const char *secret;
        int64_t at_s;
        const char *body, *signature;
    } rows[] = {
        {"webhook-secret-0123456789-0123456789", 1763718000, "{\"id\":\"x\"}",
         "v1=a9d77e984bf531a6cf1f1ecf099b405960f40a4566469766022e41c39224ba89"},
        {"0123456789abcdef0123456789abcdef", 0, "",
         "v1=b5b3fbed5b59d925316d6d39db497aba70820961dda53dfe23a87559dab1eb6b"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char signature[FLASH_WEBHOOK_SIGNATURE];
        struct flash_text body = {rows[i].body, strlen(rows[i].body)};
        assert_true(flash_webhook_sign(rows[i].secret, rows[i].at_s, body, signature));
        assert_string_equal(signature, rows[i].signature);
    }
}

static void test_statuses(void **state)
{
    (void)state;
    static const struct {
        long status;
        enum flash_error_kind web, mail;
    } rows[] = {
        {200, FLASH_ERROR_NONE, FLASH_ERROR_NONE},   {204, FLASH_ERROR_NONE, FLASH_ERROR_NONE},
        {250, FLASH_ERROR_NONE, FLASH_ERROR_NONE},   {301, FLASH_ERROR_DATA, FLASH_ERROR_RETRY},
        {354, FLASH_ERROR_DATA, FLASH_ERROR_RETRY},  {400, FLASH_ERROR_DATA, FLASH_ERROR_RETRY},
        {401, FLASH_ERROR_DATA, FLASH_ERROR_RETRY},  {404, FLASH_ERROR_DATA, FLASH_ERROR_RETRY},
        {408, FLASH_ERROR_RETRY, FLASH_ERROR_RETRY}, {425, FLASH_ERROR_RETRY, FLASH_ERROR_RETRY},
        {429, FLASH_ERROR_RETRY, FLASH_ERROR_RETRY}, {451, FLASH_ERROR_DATA, FLASH_ERROR_RETRY},
        {500, FLASH_ERROR_RETRY, FLASH_ERROR_DATA},  {503, FLASH_ERROR_RETRY, FLASH_ERROR_DATA},
        {550, FLASH_ERROR_RETRY, FLASH_ERROR_DATA},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct flash_error web = {0}, mail = {0};
        assert_int_equal(flash_post_judge("webhook", rows[i].status, &web),
                         rows[i].web == FLASH_ERROR_NONE);
        assert_int_equal(web.kind, rows[i].web);
        assert_int_equal(flash_mail_judge(rows[i].status, &mail), rows[i].mail == FLASH_ERROR_NONE);
        assert_int_equal(mail.kind, rows[i].mail);
    }
}

static void test_literal_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        bool with_no, with_yes; /* of allow_private: refused */
    } rows[] = {
        {"", false, false},
        {"https://hooks.example.org/x", false, false},
        {"https://8.8.8.8/x", false, false},
        {"https://127.0.0.1/x", true, false},
        {"http://[::1]:80/x", true, false},
        {"http://[::ffff:127.0.0.1]/x", true, false},
        {"http://192.168.1.1", true, false},
        {"http://169.254.169.254/latest", true, true},
        {"http://[fe80::1]/", true, true},
        {"http://0.0.0.0/", true, true},
    };
    struct flash_config *config = calloc(1, sizeof(*config));
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        config->alerts.allow_private = FLASH_NO;
        assert_int_equal(flash_post_refused(rows[i].url, config), rows[i].with_no);
        config->alerts.allow_private = FLASH_YES;
        assert_int_equal(flash_post_refused(rows[i].url, config), rows[i].with_yes);
    }
    free(config);
}

static void test_a_refused_address_stops_the_start(void **state)
{
    (void)state;
    struct flash_config *config = calloc(1, sizeof(*config));
    struct flash_notify *notify = NULL;
    struct flash_error err = {0};
    snprintf(config->alerts.webhook_url, sizeof(config->alerts.webhook_url),
             "http://10.0.0.1/token");
    assert_false(flash_notify_new(config, &notify, &err));
    assert_int_equal(err.kind, FLASH_ERROR_CONFIG);
    assert_null(strstr(err.text, "token"));
    config->alerts.webhook_url[0] = '\0';
    snprintf(config->alerts.sms_url, sizeof(config->alerts.sms_url), "http://10.0.0.1/token");
    assert_false(flash_notify_new(config, &notify, &err));
    assert_non_null(strstr(err.text, "sms_url"));
    assert_null(strstr(err.text, "token"));
    config->alerts.sms_url[0] = '\0';
    assert_true(flash_notify_new(config, &notify, &err));
    assert_false(flash_notify_on(notify, FLASH_CHANNEL_WEBHOOK));
    assert_false(flash_notify_on(notify, FLASH_CHANNEL_MAIL));
    flash_notify_free(notify);
    free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signature),
        cmocka_unit_test(test_statuses),
        cmocka_unit_test(test_literal_addresses),
        cmocka_unit_test(test_a_refused_address_stops_the_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
