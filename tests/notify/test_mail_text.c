/* A mail's bytes: its header, what cannot get into it, and a body no server can misread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../common/notify/mail_text.h"

static char text[FLASH_MAIL_TEXT_MAX + 1];

static struct flash_mail_parts good(void)
{
    return (struct flash_mail_parts){
        .from = "flash@shop.example",
        .to = "a@x.example, b@y.example",
        .subject = "[shop] raised: ledger.away (critical)",
        .id = "019aa597-2a3b-7102-8304-05060708090a",
        .sent_at_ms = 1763718000123,
        .body = "no answer\n",
    };
}

static const char *written(const struct flash_mail_parts *parts)
{
    struct flash_error err = {0};
    size_t len = flash_mail_text(parts, text, &err);
    assert_true(len > 0 && len < sizeof(text));
    text[len] = '\0';
    return text;
}

static void test_the_whole(void **state)
{
    (void)state;
    struct flash_mail_parts parts = good();
    assert_string_equal(written(&parts),
                        "Date: Fri, 21 Nov 2025 09:40:00 +0000\r\n"
                        "From: flash@shop.example\r\n"
                        "To: a@x.example,\r\n b@y.example\r\n"
                        "Message-ID: <019aa597-2a3b-7102-8304-05060708090a@shop.example>\r\n"
                        "Subject: [shop] raised: ledger.away (critical)\r\n"
                        "X-Flash-Alert-Id: 019aa597-2a3b-7102-8304-05060708090a\r\n"
                        "Auto-Submitted: auto-generated\r\n"
                        "MIME-Version: 1.0\r\n"
                        "Content-Type: text/plain; charset=utf-8\r\n"
                        "Content-Transfer-Encoding: quoted-printable\r\n"
                        "\r\n"
                        "no answer\r\n\r\n");
}

static void refused(struct flash_mail_parts parts)
{
    struct flash_error err = {0};
    assert_int_equal(flash_mail_text(&parts, text, &err), 0);
    assert_int_equal(err.kind, FLASH_ERROR_DATA);
}

static void test_nothing_gets_into_the_header(void **state)
{
    (void)state;
    static const char *const bad[] = {"x\r\nBcc: evil@x.example",
                                      "x\nBcc: evil@x.example",
                                      "x\r",
                                      "x\r\n\r\nbody",
                                      "\x01",
                                      "\x7f",
                                      "b\xc3\xbc",
                                      ""};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct flash_mail_parts parts = good();
        parts.subject = bad[i];
        refused(parts);
        parts = good();
        parts.id = bad[i];
        refused(parts);
        parts = good();
        parts.from = bad[i];
        refused(parts);
        parts = good();
        parts.to = bad[i];
        refused(parts);
    }
    struct flash_mail_parts parts = good();
    parts.from = "a@x, b@y";
    refused(parts);
    parts = good();
    parts.to = "a@x,\r\n b@y";
    refused(parts);
}

static const char *body_of(const char *body)
{
    struct flash_mail_parts parts = good();
    parts.body = body;
    return strstr(written(&parts), "\r\n\r\n") + 4;
}

static void test_body(void **state)
{
    (void)state;
    static const struct {
        const char *body, *expected;
    } rows[] = {
        {"a=b", "a=3Db\r\n"},
        {"\xc3\xa9", "=C3=A9\r\n"},
        {"tail \nnext", "tail=20\r\nnext\r\n"},
        {".\n.\n", "=2E\r\n=2E\r\n\r\n"}, /* SMTP's end is a line of one dot */
        {"a\r\n.\r\nMAIL FROM:<x@y>", "a=0D\r\n=2E=0D\r\nMAIL FROM:<x@y>\r\n"},
        {"a\tb\x01", "a=09b=01\r\n"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_string_equal(body_of(rows[i].body), rows[i].expected);
    }
}

static void test_long_lines_are_folded(void **state)
{
    (void)state;
    char body[1001];
    memset(body, '.', sizeof(body));
    body[1000] = '\0';
    size_t dots = 0, column = 0;
    for (const char *at = body_of(body); *at; at++) {
        column = *at == '\n' ? 0 : column + 1;
        assert_true(column <= 77); /* 76 and CR */
        dots += *at == '.' || strncmp(at, "=2E", 3) == 0;
        assert_false(column == 1 && *at == '.');
    }
    assert_int_equal(dots, 1000);
}

static void test_too_long(void **state)
{
    (void)state;
    static char body[FLASH_MAIL_TEXT_MAX];
    memset(body, 'a', sizeof(body) - 1);
    struct flash_mail_parts parts = good();
    parts.body = body;
    refused(parts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_whole), cmocka_unit_test(test_nothing_gets_into_the_header),
        cmocka_unit_test(test_body),      cmocka_unit_test(test_long_lines_are_folded),
        cmocka_unit_test(test_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
