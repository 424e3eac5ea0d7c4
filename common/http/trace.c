/* The names of a request: its id, and its W3C traceparent (Trace Context §3.2), taken over when
 * valid, else started. */
#include <string.h>

#include "internal.h"

static void hex(uint64_t number, int digits, char *ret_text)
{
    for (int i = digits - 1; i >= 0; i--) {
        ret_text[i] = "0123456789abcdef"[number & 15];
        number >>= 4;
    }
}

/* splitmix64 is a permutation of its counter, so one server never gives the same id twice. */
void flash_http_request_id_make(struct flash_http *server, char ret_id[REQUEST_ID_LEN + 1])
{
    hex(flash_http_random(server), REQUEST_ID_LEN, ret_id);
    ret_id[REQUEST_ID_LEN] = '\0';
}

static bool is_lower_hex(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        bool digit = text[i] >= '0' && text[i] <= '9';
        if (!digit && (text[i] < 'a' || text[i] > 'f')) {
            return false;
        }
    }
    return true;
}

static bool is_zero(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] != '0') {
            return false;
        }
    }
    return true;
}

/* 00-<32 hex>-<16 hex>-<2 hex> in lower case; neither id all zero. */
static bool traceparent_valid(struct flash_text text)
{
    return text.at && text.len == FLASH_TRACEPARENT_LEN && memcmp(text.at, "00-", 3) == 0 &&
           text.at[35] == '-' && text.at[52] == '-' && is_lower_hex(text.at + 3, 32) &&
           is_lower_hex(text.at + 36, 16) && is_lower_hex(text.at + 53, 2) &&
           !is_zero(text.at + 3, 32) && !is_zero(text.at + 36, 16);
}

const char *flash_request_traceparent(const struct flash_request *request)
{
    struct flash_request *own = (struct flash_request *)(uintptr_t)request;
    if (own->traceparent[0] != '\0') {
        return own->traceparent;
    }
    struct flash_text sent = flash_request_header(request, "traceparent");
    if (traceparent_valid(sent)) {
        memcpy(own->traceparent, sent.at, FLASH_TRACEPARENT_LEN);
    } else {
        struct flash_http *server = flash_http_connection_of(request)->server;
        memcpy(own->traceparent, "00-", 3);
        hex(flash_http_random(server) | 1, 16, own->traceparent + 3);
        hex(flash_http_random(server), 16, own->traceparent + 19);
        own->traceparent[35] = '-';
        hex(flash_http_random(server) | 1, 16, own->traceparent + 36);
        memcpy(own->traceparent + 52, "-00", 3);
    }
    own->traceparent[FLASH_TRACEPARENT_LEN] = '\0';
    return own->traceparent;
}
