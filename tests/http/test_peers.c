/* The per-address table against a plain count, and which addresses are one client. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>

#include "peers.h"

static const uint64_t seed[2] = {1, 2};

static struct sockaddr_in6 v6(const char *text)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6};
    assert_int_equal(inet_pton(AF_INET6, text, &address.sin6_addr), 1);
    return address;
}

static int enter6(struct peers *peers, const char *text, int max)
{
    struct sockaddr_in6 address = v6(text);
    return flash_http_peers_enter(peers, (struct sockaddr *)&address, max);
}

static int enter4(struct peers *peers, uint32_t number, int max)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(number)};
    return flash_http_peers_enter(peers, (struct sockaddr *)&address, max);
}

static void counts_agree_with_a_plain_array(void **state)
{
    (void)state;
    enum { ADDRESSES = 50, CAPACITY = 100, MAX = 4 };
    struct peers peers;
    int count[ADDRESSES] = {0}, slots[CAPACITY], owner[CAPACITY], open = 0;
    uint64_t random = 7;
    assert_true(flash_http_peers_new(&peers, CAPACITY, seed));
    for (int round = 0; round < 20000; round++) {
        random = random * 6364136223846793005 + 1442695040888963407;
        int address = (int)((random >> 33) % ADDRESSES);
        if (open == CAPACITY || (open > 0 && (random >> 20) % 2)) {
            int leaver = (int)((random >> 40) % (uint64_t)open);
            flash_http_peers_leave(&peers, slots[leaver]);
            count[owner[leaver]]--;
            open--;
            slots[leaver] = slots[open];
            owner[leaver] = owner[open];
            continue;
        }
        int slot = enter4(&peers, 0x0a000000U + (uint32_t)address, MAX);
        assert_int_equal(slot >= 0, count[address] < MAX);
        if (slot >= 0) {
            slots[open] = slot;
            owner[open++] = address;
            count[address]++;
        }
    }
    flash_http_peers_free(&peers);
}

static void one_network_is_one_client(void **state)
{
    (void)state;
    struct peers peers;
    assert_true(flash_http_peers_new(&peers, 8, seed));
    assert_true(enter6(&peers, "2001:db8:1:2::1", 2) >= 0);
    assert_true(enter6(&peers, "2001:db8:1:2:ffff::9", 2) >= 0);
    assert_int_equal(enter6(&peers, "2001:db8:1:2::3", 2), -1);
    assert_true(enter6(&peers, "2001:db8:1:3::1", 2) >= 0);
    assert_true(enter4(&peers, 0xc0000201, 1) >= 0);
    assert_int_equal(enter6(&peers, "::ffff:192.0.2.1", 1), -1);
    assert_true(enter6(&peers, "::ffff:192.0.2.2", 1) >= 0);
    flash_http_peers_free(&peers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_agree_with_a_plain_array),
        cmocka_unit_test(one_network_is_one_client),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
