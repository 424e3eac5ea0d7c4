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
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "peers.h"

static const uint64_t seed[2] = {1, 2};

static struct sockaddr_in6 v6(const char *text)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6};
    assert_int_equal(inet_pton(AF_INET6, text, &address.sin6_addr), 1);
    return address;
}

static int enter6(struct flash_http_peers *peers, const char *text, int max)
{
    struct sockaddr_in6 address = v6(text);
    return flash_http_peers_enter(peers, (struct sockaddr *)&address, max);
}

static int enter4(struct flash_http_peers *peers, uint32_t number, int max)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(number)};
    return flash_http_peers_enter(peers, (struct sockaddr *)&address, max);
}

static void counts_agree_with_a_plain_array(void **state)
{
    (void)state;
    enum { ADDRESSES = 50, CAPACITY = 100, MAX = 4 };
    struct flash_http_peers peers;
    int count[ADDRESSES] = {0}, slots[CAPACITY], owner[CAPACITY], open = 0;
    uint64_t random = 7;
    assert_true(flash_http_peers_init(&peers, CAPACITY, seed));
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
    flash_http_peers_finish(&peers);
}

static void one_network_is_one_client(void **state)
{
    (void)state;
    struct flash_http_peers peers;
    assert_true(flash_http_peers_init(&peers, 8, seed));
    assert_true(enter6(&peers, "2001:db8:1:2::1", 2) >= 0);
    assert_true(enter6(&peers, "2001:db8:1:2:ffff::9", 2) >= 0);
    assert_int_equal(enter6(&peers, "2001:db8:1:2::3", 2), -1);
    assert_true(enter6(&peers, "2001:db8:1:3::1", 2) >= 0);
    assert_true(enter4(&peers, 0xc0000201, 1) >= 0);
    assert_int_equal(enter6(&peers, "::ffff:192.0.2.1", 1), -1);
    assert_true(enter6(&peers, "::ffff:192.0.2.2", 1) >= 0);
    flash_http_peers_finish(&peers);
}

enum { SHARERS = 4, ROUNDS = 20000, SHARED_MAX = 3 };
static struct flash_http_peers *shared;
static _Atomic int inside, most;

static void *come_and_go(void *arg)
{
    (void)arg;
    for (int round = 0; round < ROUNDS; round++) {
        int slot = enter4(shared, 0x0a000001, SHARED_MAX);
        if (slot < 0) {
            continue;
        }
        int now = ++inside;
        for (int seen = most; now > seen && !atomic_compare_exchange_weak(&most, &seen, now);) {
        }
        sched_yield();
        inside--;
        flash_http_peers_leave(shared, slot);
    }
    return NULL;
}

static void threads_share_one_cap(void **state)
{
    (void)state;
    pthread_t threads[SHARERS];
    shared = flash_http_peers_new(SHARERS);
    assert_non_null(shared);
    for (int i = 0; i < SHARERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, NULL), 0);
    }
    for (int i = 0; i < SHARERS; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_in_range(most, 1, SHARED_MAX);
    for (int i = 0; i < SHARED_MAX; i++) { /* nobody is counted any more */
        assert_true(enter4(shared, 0x0a000001, SHARED_MAX) >= 0);
    }
    assert_int_equal(enter4(shared, 0x0a000001, SHARED_MAX), -1);
    for (uint32_t other = 2; other <= SHARERS; other++) {
        assert_true(enter4(shared, 0x0a000000 + other, SHARED_MAX) >= 0);
    }
    assert_int_equal(enter4(shared, 0x0a0000ff, SHARED_MAX), -1); /* no slot is left */
    flash_http_peers_free(shared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_agree_with_a_plain_array),
        cmocka_unit_test(one_network_is_one_client),
        cmocka_unit_test(threads_share_one_cap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
