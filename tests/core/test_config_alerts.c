/* flash/config.h, section [alerts]: URLs and addresses, what must go together, what is masked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config_load.h"

#define SECRET "webhook_secret = 0123456789abcdef0123456789abcdef\n"
#define MAIL "smtp_url = smtp://mail.example\nmail_from = a@x.example\nmail_to = b@y.example\n"

static void test_lines(void **state)
{
    (void)state;
    static const struct {
        const char *text, *reason; /* NULL: taken */
    } rows[] = {
        {"[alerts]\nwebhook_url = https://hooks.example.org/T0K3N\n", NULL},
        {"[alerts]\nwebhook_url = HTTP://hooks.example.org\n", NULL},
        {"[alerts]\nwebhook_url =\n", NULL},
        {"[alerts]\nsmtp_url = smtps://[2001:4860::1]:465\n", NULL},
        {"[alerts]\nmail_to = a@x, b@y,c@z\n", NULL},
        {"[alerts]\nwebhook_url = smtp://hooks.example.org/T0K3N\n", "https or http"},
        {"[alerts]\nwebhook_url = https://a@b/T0K3N\n", "user"},
        {"[alerts]\nwebhook_url = T0K3N\n", "scheme"},
        {"[alerts]\nsmtp_url = mail.example:25\n", "scheme"},
        {"[alerts]\nmail_to = a@x,\n", NULL},
        {"[alerts]\nmail_to = a@x,,b@y\n", "name@domain"},
        {"[alerts]\nmail_to = Ops <a@x>\n", "name@domain"},
        {"[alerts]\nmail_from = a@x, b@y\n", "name@domain, 1 at most"},
        {"[alerts]\nsmtp_starttls = try\n", "required | off"},
        {"[alerts]\ntimeout = 61s\n", "100ms to 1min"},
        {"[alerts]\ngive_up_after = 721h\n", "1s to 720h"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        bool taken = load_file(rows[i].text);
        if (rows[i].reason) {
            refused_with(taken, ":2: alerts.", rows[i].reason, NULL);
            assert_null(strstr(err.text, "T0K3N"));
        } else {
            must(taken);
        }
    }
}

static void test_what_must_go_together(void **state)
{
    (void)state;
    static const struct {
        const char *text, *reason; /* NULL: well */
    } rows[] = {
        {"[alerts]\n", NULL},
        {"[alerts]\nwebhook_url = https://a/x\n" SECRET, NULL},
        {"[alerts]\n" MAIL, NULL},
        {"[alerts]\n" MAIL "smtp_user = u\nsmtp_password = p\n", NULL},
        {"[alerts]\nsmtp_url = smtps://m\nmail_from = a@x\nmail_to = b@y\nsmtp_user = u\n"
         "smtp_password = p\nsmtp_starttls = off\n",
         NULL},
        {"[alerts]\nwebhook_url = https://a/x\n", "webhook_secret"},
        {"[alerts]\nwebhook_url = https://a/x\nwebhook_secret = 0123456789abcdef0123456789abcde\n",
         "webhook_secret"},
        {"[alerts]\nsmtp_url = smtp://m\nmail_from = a@x\n", "mail_to"},
        {"[alerts]\nsmtp_url = smtp://m\nmail_to = a@x\n", "mail_from"},
        {"[alerts]\n" MAIL "smtp_user = u\n", "a user and a password"},
        {"[alerts]\n" MAIL "smtp_password = p\n", "a user and a password"},
        {"[alerts]\n" MAIL "smtp_user = u\nsmtp_password = p\nsmtp_starttls = off\n",
         "never without TLS"},
        {"[alerts]\nsms_url = https://a/x\nsms_body = {\"m\":\"{text}\"}\n", NULL},
        {"[alerts]\nsms_url = https://a/x\nsms_body = m={text}\nsms_type = form\n", NULL},
        {"[alerts]\nsms_url = https://a/x\n", "sms_body"},
        {"[alerts]\nsms_url = http://a/x\nsms_body = m={text}\nsms_type = form\n"
         "sms_authorization = Bearer t\n",
         "sms_authorization: never without TLS"},
        {"[alerts]\nsms_url = http://a/x\nsms_body = m={text}\nsms_type = form\n"
         "sms_authorization = Bearer t\nallow_private = yes\n",
         NULL},
        {"[alerts]\nsms_url = https://a/x\nsms_body = m={text}\n", "sms_body: not JSON"},
        {"[alerts]\nsms_url = https://a/x\nsms_body = m={msg}\nsms_type = form\n", "{msg}"},
        {"[alerts]\nsummary_at = 07:00\n", NULL},
        {"[alerts]\nsummary_at = 24:00\n", "summary_at"},
        {"[alerts]\nsummary_at = 07:60\n", "summary_at"},
        {"[alerts]\nsummary_at = 7:00\n", "summary_at"},
        {"[alerts]\nsummary_at = 07-00\n", "summary_at"},
        {"[alerts]\nretry_first = 2s\nretry_max = 1s\n", "retry_first"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        must(load_file(rows[i].text));
        bool well = flash_config_check_alerts(&config, &err);
        assert_int_equal(well, rows[i].reason == NULL);
        if (!well) {
            assert_int_equal(err.kind, FLASH_ERROR_CONFIG);
            assert_non_null(strstr(err.text, rows[i].reason));
        }
    }
}

static void test_masked(void **state)
{
    (void)state;
    static const struct {
        const char *url, *shown;
    } rows[] = {
        {"https://hooks.example.org/services/T0K3N", "= https://hooks.example.org/***\n"},
        {"https://hooks.example.org:8443?T0K3N", "= https://hooks.example.org:8443/***\n"},
        {"https://hooks.example.org/", "= https://hooks.example.org/\n"},
        {"https://hooks.example.org", "= https://hooks.example.org\n"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        char text[200], *shown = NULL;
        size_t len = 0;
        snprintf(text, sizeof(text), "[alerts]\nwebhook_url = %s\nsmtp_password = T0K3N\n" SECRET,
                 rows[i].url);
        must(load_file(text));
        FILE *out = open_memstream(&shown, &len);
        flash_config_print(&config, out);
        fclose(out);
        assert_non_null(strstr(shown, rows[i].shown));
        assert_null(strstr(shown, "T0K3N"));
        assert_null(strstr(shown, "0123456789abcdef"));
        free(shown);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_lines, empty_environment),
        cmocka_unit_test_setup(test_what_must_go_together, empty_environment),
        cmocka_unit_test_setup(test_masked, empty_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
