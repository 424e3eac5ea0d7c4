/* The per-address table: chains of slots from one array, hashed by SipHash-2-4 (Aumasson and
 * Bernstein).
 *
 * There is a slot for every connection the listeners may have and for the one that each lets in
 * before it drops another for it, so entering never allocates. An address without connections has
 * no slot. The lock is held for the length of a chain. */
#include "peers.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

bool flash_http_peers_init(struct flash_http_peers *peers, int capacity, const uint64_t seed[2])
{
    uint32_t buckets = 16;
    while (buckets < (uint32_t)capacity) {
        buckets *= 2;
    }
    *peers = (struct flash_http_peers){.bucket_mask = buckets - 1, .seed = {seed[0], seed[1]}};
    peers->table = calloc((size_t)capacity, sizeof(*peers->table));
    peers->buckets = malloc(buckets * sizeof(*peers->buckets));
    if (!peers->table || !peers->buckets || pthread_mutex_init(&peers->lock, NULL) != 0) {
        free(peers->table);
        free(peers->buckets);
        *peers = (struct flash_http_peers){0};
        return false;
    }
    memset(peers->buckets, 0xff, buckets * sizeof(*peers->buckets));
    for (int i = 0; i < capacity; i++) {
        peers->table[i].next = i + 1 < capacity ? i + 1 : -1;
    }
    return true;
}

void flash_http_peers_finish(struct flash_http_peers *peers)
{
    if (peers->table) {
        pthread_mutex_destroy(&peers->lock);
    }
    free(peers->table);
    free(peers->buckets);
    *peers = (struct flash_http_peers){0};
}

struct flash_http_peers *flash_http_peers_new(int connections)
{
    uint64_t seed[2];
    struct flash_http_peers *peers = calloc(1, sizeof(*peers));
    if (!peers || getrandom(seed, sizeof(seed), 0) != (ssize_t)sizeof(seed) ||
        !flash_http_peers_init(peers, connections, seed)) {
        free(peers);
        return NULL;
    }
    return peers;
}

void flash_http_peers_free(struct flash_http_peers *peers)
{
    if (peers) {
        flash_http_peers_finish(peers);
        free(peers);
    }
}

static uint64_t rotate(uint64_t word, int bits)
{
    return (word << bits) | (word >> (64 - bits));
}

static void sip_rounds(uint64_t v[4], int rounds)
{
    for (int i = 0; i < rounds; i++) {
        v[0] += v[1];
        v[2] += v[3];
        v[1] = rotate(v[1], 13) ^ v[0];
        v[3] = rotate(v[3], 16) ^ v[2];
        v[0] = rotate(v[0], 32);
        v[2] += v[1];
        v[0] += v[3];
        v[1] = rotate(v[1], 17) ^ v[2];
        v[3] = rotate(v[3], 21) ^ v[0];
        v[2] = rotate(v[2], 32);
    }
}

static uint64_t hash(const struct flash_http_peers *peers, const uint8_t address[16])
{
    uint64_t words[3] = {0, 0, 16ULL << 56}; /* the last block holds the length only */
    memcpy(words, address, 16);
    uint64_t v[4] = {peers->seed[0] ^ 0x736f6d6570736575, peers->seed[1] ^ 0x646f72616e646f6d,
                     peers->seed[0] ^ 0x6c7967656e657261, peers->seed[1] ^ 0x7465646279746573};
    for (int i = 0; i < 3; i++) {
        v[3] ^= words[i];
        sip_rounds(v, 2);
        v[0] ^= words[i];
    }
    v[2] ^= 0xff;
    sip_rounds(v, 4);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static void key_of(const struct sockaddr *address, uint8_t ret_key[16])
{
    memset(ret_key, 0, 16);
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)address;
        ret_key[10] = ret_key[11] = 0xff;
        memcpy(ret_key + 12, &in->sin_addr, 4);
    } else if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)address;
        size_t len = IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr) ? 16 : 8;
        memcpy(ret_key, &in6->sin6_addr, len);
    }
}

/* The slot of an address that has none yet, or -1. */
static int slot_new(struct flash_http_peers *peers, int *first, const uint8_t key[16])
{
    int slot = peers->free_first;
    if (slot >= 0) {
        peers->free_first = peers->table[slot].next;
        memcpy(peers->table[slot].address, key, 16);
        peers->table[slot].connections = 0;
        peers->table[slot].next = *first;
        *first = slot;
    }
    return slot;
}

int flash_http_peers_enter(struct flash_http_peers *peers, const struct sockaddr *address, int max)
{
    uint8_t key[16];
    key_of(address, key);
    pthread_mutex_lock(&peers->lock);
    int *first = &peers->buckets[hash(peers, key) & peers->bucket_mask];
    int slot = *first;
    while (slot >= 0 && memcmp(peers->table[slot].address, key, 16) != 0) {
        slot = peers->table[slot].next;
    }
    if (slot < 0 && max > 0) {
        slot = slot_new(peers, first, key);
    }
    if (slot >= 0 && peers->table[slot].connections < max) {
        peers->table[slot].connections++;
    } else {
        slot = -1;
    }
    pthread_mutex_unlock(&peers->lock);
    return slot;
}

void flash_http_peers_leave(struct flash_http_peers *peers, int slot)
{
    struct peer *peer = &peers->table[slot];
    pthread_mutex_lock(&peers->lock);
    if (--peer->connections == 0) {
        int *link = &peers->buckets[hash(peers, peer->address) & peers->bucket_mask];
        while (*link != slot) {
            link = &peers->table[*link].next;
        }
        *link = peer->next;
        peer->next = peers->free_first;
        peers->free_first = slot;
    }
    pthread_mutex_unlock(&peers->lock);
}
