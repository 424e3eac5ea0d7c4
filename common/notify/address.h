/* Which addresses a webhook may be at (IANA's special-purpose registries; RFC 6890). Pure. */
#ifndef NOTIFY_ADDRESS_H
#define NOTIFY_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

enum flash_address_class {
    FLASH_ADDRESS_PUBLIC,
    FLASH_ADDRESS_PRIVATE, /* loopback, private, shared and unique local ranges */
    FLASH_ADDRESS_NEVER, /* unspecified, link-local (metadata services), multicast, reserved, … */
};

/* An IPv4 address inside an IPv6 one (mapped, compatible, NAT64, 6to4) counts as itself. */
enum flash_address_class flash_address_classify(const struct sockaddr *address);

#endif
