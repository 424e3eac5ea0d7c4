/* A request's client; see flash/http_peer.h. */
#include "flash/http_peer.h"

#include <string.h>

#include "internal.h"

void flash_http_peer(const struct flash_request *request, uint8_t ret_address[16])
{
    const struct connection *connection = flash_http_connection_of(request);
    memcpy(ret_address, connection->server->peers->table[connection->peer].address, 16);
}
