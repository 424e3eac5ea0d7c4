/* The table of address ranges; see address.h. */
#include "address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { V4_BYTES = 4, V6_BYTES = 16 };

/* The first row that fits counts. */
static const struct {
    uint8_t prefix[V4_BYTES];
    int bits;
    enum flash_address_class class;
} ranges4[] = {
    {{0}, 8, FLASH_ADDRESS_NEVER},            /* this network */
    {{10}, 8, FLASH_ADDRESS_PRIVATE},         /* private */
    {{100, 64}, 10, FLASH_ADDRESS_PRIVATE},   /* shared, of carriers */
    {{127}, 8, FLASH_ADDRESS_PRIVATE},        /* loopback */
    {{169, 254}, 16, FLASH_ADDRESS_NEVER},    /* link-local; clouds' metadata */
    {{172, 16}, 12, FLASH_ADDRESS_PRIVATE},   /* private */
    {{192, 0, 0}, 24, FLASH_ADDRESS_NEVER},   /* protocol assignments */
    {{192, 0, 2}, 24, FLASH_ADDRESS_NEVER},   /* documentation */
    {{192, 88, 99}, 24, FLASH_ADDRESS_NEVER}, /* 6to4 relays */
    {{192, 168}, 16, FLASH_ADDRESS_PRIVATE},  /* private */
    {{198, 18}, 15, FLASH_ADDRESS_PRIVATE},   /* benchmarking */
    {{198, 51, 100}, 24, FLASH_ADDRESS_NEVER},
    {{203, 0, 113}, 24, FLASH_ADDRESS_NEVER},
    {{224}, 4, FLASH_ADDRESS_NEVER}, /* multicast */
    {{240}, 4, FLASH_ADDRESS_NEVER}, /* reserved, broadcast */
};

/* Before the ranges: where an IPv4 address stands in an IPv6 one. */
static const struct {
    uint8_t prefix[V6_BYTES];
    int bits, at; /* the byte it begins at */
} embedded[] = {
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96, 12}, /* mapped */
    {{0, 0x64, 0xff, 0x9b}, 96, 12},                      /* NAT64 */
    {{0x20, 0x02}, 16, 2},                                /* 6to4 */
};

static const struct {
    uint8_t prefix[V6_BYTES];
    int bits;
    enum flash_address_class class;
} ranges6[] = {
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128, FLASH_ADDRESS_PRIVATE}, /* loopback */
    {{0xfc}, 7, FLASH_ADDRESS_PRIVATE},                  /* unique local */
    {{0x20, 0x01}, 23, FLASH_ADDRESS_NEVER},             /* protocol assignments, Teredo */
    {{0x20, 0x01, 0x0d, 0xb8}, 32, FLASH_ADDRESS_NEVER}, /* documentation */
    {{0x3f, 0xff}, 20, FLASH_ADDRESS_NEVER},             /* documentation */
    {{0x20}, 3, FLASH_ADDRESS_PUBLIC},                   /* global unicast */
};

static bool fits(const uint8_t *address, const uint8_t *prefix, int bits)
{
    int bytes = bits / 8, rest = bits % 8;
    uint8_t mask = (uint8_t)(0xff << (8 - rest));
    return memcmp(address, prefix, (size_t)bytes) == 0 &&
           (rest == 0 || (address[bytes] & mask) == prefix[bytes]);
}

static enum flash_address_class classify4(const uint8_t *address)
{
    for (size_t i = 0; i < sizeof(ranges4) / sizeof(ranges4[0]); i++) {
        if (fits(address, ranges4[i].prefix, ranges4[i].bits)) {
            return ranges4[i].class;
        }
    }
    return FLASH_ADDRESS_PUBLIC;
}

/* What is in no row (unspecified, IPv4-compatible, link-local, multicast, unassigned): never. */
static enum flash_address_class classify6(const uint8_t *address)
{
    for (size_t i = 0; i < sizeof(embedded) / sizeof(embedded[0]); i++) {
        if (fits(address, embedded[i].prefix, embedded[i].bits)) {
            return classify4(address + embedded[i].at);
        }
    }
    for (size_t i = 0; i < sizeof(ranges6) / sizeof(ranges6[0]); i++) {
        if (fits(address, ranges6[i].prefix, ranges6[i].bits)) {
            return ranges6[i].class;
        }
    }
    return FLASH_ADDRESS_NEVER;
}

enum flash_address_class flash_address_classify(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in four;
        memcpy(&four, address, sizeof(four));
        return classify4((const uint8_t *)&four.sin_addr);
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 six;
        memcpy(&six, address, sizeof(six));
        return classify6(six.sin6_addr.s6_addr);
    }
    return FLASH_ADDRESS_NEVER;
}
