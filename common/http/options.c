/* A listener's limits from the configuration; see flash/http_config.h. */
#include "flash/http_config.h"

struct flash_http_options flash_http_options_from(const struct flash_config *config)
{
    return (struct flash_http_options){
        .header_timeout_ms = config->http.header_timeout_ms,
        .body_timeout_ms = config->http.body_timeout_ms,
        .idle_timeout_ms = config->http.idle_timeout_ms,
        .max_connections = config->http.max_connections,
        .max_connections_per_address = config->http.max_connections_per_address,
    };
}
