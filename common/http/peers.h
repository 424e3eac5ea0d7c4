/* How many connections each client address has: a table of fixed size, hashed with a secret seed
 * (SECURITY). Listeners of several threads may share one. */
#ifndef FLASH_HTTP_PEERS_H
#define FLASH_HTTP_PEERS_H

#include <pthread.h>
#include <sys/socket.h>

#include "flash/http_peer.h"

struct peer {
    uint8_t address[16]; /* IPv4 as ::ffff:a.b.c.d; of IPv6 the /64: one client owns all of it */
    int connections;
    int next; /* in its bucket, or in the free list; -1: none */
};

struct flash_http_peers {
    pthread_mutex_t lock; /* of all below but the seed; an address stays while its slot is taken */
    struct peer *table;
    int *buckets; /* first of each chain, -1: empty */
    uint32_t bucket_mask;
    int free_first;
    uint64_t seed[2];
};

/* For at most capacity connections in all. False: out of memory. */
bool flash_http_peers_init(struct flash_http_peers *peers, int capacity, const uint64_t seed[2]);
/* Counts a connection of address: the slot to leave by, or -1 if it has max already. */
int flash_http_peers_enter(struct flash_http_peers *peers, const struct sockaddr *address, int max);
void flash_http_peers_leave(struct flash_http_peers *peers, int slot);
/* Also of one that is all zero. */
void flash_http_peers_finish(struct flash_http_peers *peers);

#endif
