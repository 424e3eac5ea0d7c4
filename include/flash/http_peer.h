/* Where a request comes from. */
#ifndef FLASH_HTTP_PEER_H
#define FLASH_HTTP_PEER_H

#include <stdint.h>

#include "flash/http.h"

/* The client's address as the cap per address counts it: IPv4 as ::ffff:a.b.c.d, of IPv6 the /64.
 */
void flash_http_peer(const struct flash_request *request, uint8_t ret_address[16]);

#endif
