/* flash/url.h and flash/mail_address.h: what is taken apart, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "flash/mail_address.h"
#include "flash/url.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static struct flash_text text_of(const char *text)
{
    return (struct flash_text){text, strlen(text)};
}

static void same(struct flash_text text, const char *expected)
{
    assert_int_equal(text.len, strlen(expected));
    assert_memory_equal(text.at, expected, text.len);
}

static void test_parts(void **state)
{
    (void)state;
    static const struct {
        const char *text, *scheme, *host;
        int port;
        const char *rest;
    } rows[] = {
        {"https://hooks.example.org/a/b?c=d&e=%20f", "https", "hooks.example.org", 0,
         "/a/b?c=d&e=%20f"},
        {"http://a:8080", "http", "a", 8080, ""},
        {"HTTPS://A-1.b:1/", "HTTPS", "A-1.b", 1, "/"},
        {"http://192.0.2.7:65535?x", "http", "192.0.2.7", 65535, "?x"},
        {"https://[2001:db8::1]:443/x", "https", "2001:db8::1", 443, "/x"},
        {"smtp://[::1]", "smtp", "::1", 0, ""},
        {"smtps://mail.example", "smtps", "mail.example", 0, ""},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct flash_url url;
        struct flash_error err;
        assert_true(flash_url_parse(text_of(rows[i].text), &url, &err));
        same(url.scheme, rows[i].scheme);
        same(url.host, rows[i].host);
        assert_int_equal(url.port, rows[i].port);
        same(url.rest, rows[i].rest);
    }
}

static void test_scheme_is_compared_without_case(void **state)
{
    (void)state;
    struct flash_url url;
    assert_true(flash_url_parse(text_of("HtTpS://a"), &url, NULL));
    assert_true(flash_url_is(&url, "https"));
    assert_false(flash_url_is(&url, "http"));
}

static const struct {
    const char *text, *reason;
} refused[] = {
    {"", "scheme"},
    {"hooks.example.org/x", "scheme"},
    {"https:/a", "scheme"},
    {"//a/b", "scheme"},
    {"https2://a", "scheme"},
    {"https://", "host"},
    {"https:///path", "host"},
    {"https://user@a/", "user"},
    {"https://user:password@a/", "user"},
    {"https://a@169.254.169.254/", "user"},
    {"https://2130706433/", "host"},
    {"https://0x7f.1/", "host"},
    {"https://0177.0.0.1/", "host"},
    {"https://127.1/", "host"},
    {"https://1.2.3.4.5/", "host"},
    {"https://256.1.1.1/", "host"},
    {"https://a.0x7f/", "host"},
    {"https://a./", "host"},
    {"https://.a/", "host"},
    {"https://a..b/", "host"},
    {"https://-a/", "host"},
    {"https://a_b/", "host"},
    {"https://b\xc3\xbc.example/", "host"},
    {"https://a b/", "host"},
    {"https://a\\@b/", "user"},
    {"https://a\\b/", "host"},
    {"https://a%2eb/", "host"},
    {"https://[::1/", "host"},
    {"https://::1/", "host"},
    {"https://[::1]x/", "host"},
    {"https://[127.0.0.1]/", "host"},
    {"https://[fe80::1%25eth0]/", "host"},
    {"https://a:/", "port"},
    {"https://a:0/", "port"},
    {"https://a:65536/", "port"},
    {"https://a:80x/", "port"},
    {"https://a:8080:1/", "port"},
    {"https://a:+1/", "port"},
    {"https://a/#x", "path"},
    {"https://a/b c", "path"},
    {"https://a/\r\nHost: b", "path"},
    {"https://a/\\b", "path"},
    {"https://a/%2", "path"},
    {"https://a/%zz", "path"},
    {"https://a/\"", "path"},
    {"https://a/\x7f", "path"},
    {"https://a#x", "host"},
};

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(refused); i++) {
        struct flash_url url;
        struct flash_error err = {0};
        if (flash_url_parse(text_of(refused[i].text), &url, &err)) {
            fail_msg("taken: %s", refused[i].text);
        }
        assert_int_equal(err.kind, FLASH_ERROR_DATA);
        assert_non_null(strstr(err.text, refused[i].reason));
    }
    struct flash_url url;
    assert_false(flash_url_parse((struct flash_text){"https://a\0b", 11}, &url, NULL));
    assert_false(flash_url_parse((struct flash_text){"https://a/\0", 11}, &url, NULL));
    assert_false(flash_url_parse((struct flash_text){"https://1.2.3.4\0", 16}, &url, NULL));
}

static void test_long_names(void **state)
{
    (void)state;
    char label[65], name[255];
    memset(label, 'a', sizeof(label));
    assert_true(flash_host_valid((struct flash_text){label, 63}));
    assert_false(flash_host_valid((struct flash_text){label, 64}));
    for (size_t i = 0; i < sizeof(name); i++) {
        name[i] = i % 2 ? '.' : 'a';
    }
    assert_true(flash_host_valid((struct flash_text){name, 253}));
    name[253] = 'a';
    assert_false(flash_host_valid((struct flash_text){name, 254}));
}

static void test_mail_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool valid;
    } rows[] = {
        {"ops@shop.example", true},
        {"a.b+c_d@x", true},
        {"o'neil@x.example", true},
        {"a@127.0.0.1", true},
        {"", false},
        {"a", false},
        {"@x", false},
        {"a@", false},
        {"a@b@c", false},
        {".a@x", false},
        {"a.@x", false},
        {"a..b@x", false},
        {"a b@x", false},
        {"a@x y", false},
        {"<a@x>", false},
        {"Ops <a@x>", false},
        {"\"a b\"@x", false},
        {"a@x\r\nBcc: b@y", false},
        {"a\r\nRCPT TO:<b@y>@x", false},
        {"a@x\n", false},
        {"a@\xc3\xbc.example", false},
        {"\xc3\xbc@x", false},
        {"a@x>", false},
        {"a@1.2", false},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        if (flash_mail_address_valid(text_of(rows[i].text)) != rows[i].valid) {
            fail_msg("%s", rows[i].text);
        }
    }
    assert_false(flash_mail_address_valid((struct flash_text){"a@x\0", 4}));
    assert_false(flash_mail_address_valid((struct flash_text){"a\0@x", 4}));
}

static void test_mail_list(void **state)
{
    (void)state;
    struct flash_text list = text_of("a@x,  b@y ,,c@z"), one;
    const char *const expected[] = {"a@x", "b@y", "", "c@z"};
    for (size_t i = 0; i < ROWS(expected); i++) {
        assert_true(flash_mail_address_next(&list, &one));
        same(one, expected[i]);
    }
    assert_false(flash_mail_address_next(&list, &one));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_scheme_is_compared_without_case),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_long_names),
        cmocka_unit_test(test_mail_addresses),
        cmocka_unit_test(test_mail_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
