/* Which addresses a webhook may be at: every range of the table, from both sides. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>

#include "../../common/notify/address.h"

static enum flash_address_class classify(const char *text)
{
    struct sockaddr_storage storage = {0};
    struct sockaddr_in *four = (struct sockaddr_in *)&storage;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)&storage;
    if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
        storage.ss_family = AF_INET;
    } else {
        assert_int_equal(inet_pton(AF_INET6, text, &six->sin6_addr), 1);
        storage.ss_family = AF_INET6;
    }
    return flash_address_classify((struct sockaddr *)&storage);
}

static void all_are(const char *const *texts, enum flash_address_class class)
{
    for (; *texts; texts++) {
        if (classify(*texts) != class) {
            fail_msg("%s is of class %d", *texts, (int)classify(*texts));
        }
    }
}

static void test_public(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "1.0.0.0",         "9.255.255.255",
        "11.0.0.0",        "100.63.255.255",
        "100.128.0.0",     "126.255.255.255",
        "128.0.0.0",       "169.253.255.255",
        "169.255.0.0",     "172.15.255.255",
        "172.32.0.0",      "191.255.255.255",
        "192.0.1.0",       "192.0.3.0",
        "192.88.98.255",   "192.88.100.0",
        "192.167.255.255", "192.169.0.0",
        "198.17.255.255",  "198.20.0.0",
        "198.51.99.255",   "198.51.101.0",
        "203.0.112.255",   "203.0.114.0",
        "223.255.255.255", "8.8.8.8",
        "2000::",          "2606:4700::1111",
        "2001:200::",      "2001:db7:ffff::",
        "2001:db9::",      "2001:4860:4860::8888",
        "3ffe:ffff::",     "3fff:1000::",
        "::ffff:8.8.8.8",  "64:ff9b::8.8.8.8",
        "2002:808:808::1", NULL,
    };
    all_are(texts, FLASH_ADDRESS_PUBLIC);
}

static void test_private(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "10.0.0.0",
        "10.255.255.255",
        "100.64.0.0",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.255",
        "172.16.0.0",
        "172.31.255.255",
        "192.168.0.0",
        "192.168.255.255",
        "198.18.0.0",
        "198.19.255.255",
        "::1",
        "fc00::",
        "fdff:ffff::1",
        "::ffff:127.0.0.1",
        "::ffff:10.1.2.3",
        "64:ff9b::127.0.0.1",
        "2002:7f00:1::1",
        "2002:c0a8:101::",
        NULL,
    };
    all_are(texts, FLASH_ADDRESS_PRIVATE);
}

static void test_never(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "0.0.0.0",
        "0.255.255.255",
        "169.254.0.0",
        "169.254.169.254",
        "169.254.255.255",
        "192.0.0.0",
        "192.0.0.255",
        "192.0.2.1",
        "192.88.99.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.0",
        "239.255.255.255",
        "240.0.0.0",
        "255.255.255.255",
        "::",
        "::7f00:1", /* IPv4-compatible */
        "::ffff:169.254.169.254",
        "64:ff9b::169.254.169.254",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:1ff:ffff::",
        "2001:db8::1",
        "2002:a9fe:a9fe::1",
        "3fff::1",
        "3fff:fff::1",
        "4000::",
        "1fff::",
        "fe80::1",
        "febf::1",
        "fec0::1",
        "ff02::1",
        "fe00::1",
        NULL,
    };
    all_are(texts, FLASH_ADDRESS_NEVER);
}

static void test_other_families(void **state)
{
    (void)state;
    struct sockaddr local = {.sa_family = AF_UNIX};
    assert_int_equal(flash_address_classify(&local), FLASH_ADDRESS_NEVER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_public),
        cmocka_unit_test(test_private),
        cmocka_unit_test(test_never),
        cmocka_unit_test(test_other_families),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
