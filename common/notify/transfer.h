/* One exchange by libcurl, the same for both channels: limits, no helpers, and what its end means.
 */
#ifndef NOTIFY_TRANSFER_H
#define NOTIFY_TRANSFER_H

#include <curl/curl.h>

#include "address.h"
#include "flash/config.h"

struct flash_transfer {
    CURL *curl;                     /* (borrowed) reset by flash_transfer_begin */
    const char *what;               /* "webhook", "mail": how errors begin; static */
    enum flash_address_class worst; /* an address of a worse class is not connected to */
    long answer_from; /* a status from here on counts, though the exchange broke off behind it */
    bool refused;     /* such a one was met */
    size_t received;  /* bytes of the answer, which are not kept */
};

/* For url, with the time-outs and the certificates of config. */
void flash_transfer_begin(struct flash_transfer *transfer, const char *url,
                          const struct flash_config *config);
/* Runs it. True: there was an answer, *ret_status is its code. Error kinds: RETRY, UNKNOWN, CONFIG
 * as of flash_notify_send. */
FLASH_MUST_CHECK bool flash_transfer_run(struct flash_transfer *transfer, long *ret_status,
                                         struct flash_error *err);

#endif
