/* Where a request comes from, and how many connections each client address has. */
#ifndef FLASH_HTTP_PEER_H
#define FLASH_HTTP_PEER_H

#include <stdint.h>

#include "flash/http.h"

/* A count that the listeners of several threads share, so that the cap is that of all of them
 * together: flash_http_options.peers. Any thread may hold it; free it behind its listeners. */
struct flash_http_peers;

/* For that many connections in all, and one more for each listener; others are turned away as if
 * their address had its share. NULL: out of memory. */
struct flash_http_peers *flash_http_peers_new(int connections);
void flash_http_peers_free(struct flash_http_peers *peers);

/* The client's address as the cap per address counts it: IPv4 as ::ffff:a.b.c.d, of IPv6 the /64.
 */
void flash_http_peer(const struct flash_request *request, uint8_t ret_address[16]);

#endif
