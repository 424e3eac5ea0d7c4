/* A listener as the configuration has it: the limits that all daemons share. */
#ifndef FLASH_HTTP_CONFIG_H
#define FLASH_HTTP_CONFIG_H

#include "flash/config.h"
#include "flash/http.h"

/* Timeouts and connection limits of [http]; no address, no body, no handler: these are the
 * daemon's to set. */
struct flash_http_options flash_http_options_from(const struct flash_config *config);

#endif
