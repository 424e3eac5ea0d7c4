/* Writes RESP2 commands (an array of bulk strings) into a reusable buffer.
 *
 * Invariant: between begin() and the last element, cap − len covers everything that begin() was
 * told; raw() asserts it, in release too, because a wrong sum would write outside the buffer. */
#include "resp.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "flash/put.h"

static void put_prefix(struct flash_resp *resp, char type, uint64_t number)
{
    char prefix[FLASH_RESP_OVERHEAD];
    prefix[0] = type;
    char *end = FLASH_PUT_LITERAL(flash_put_number(prefix + 1, number), "\r\n");
    flash_resp_raw(resp, prefix, (size_t)(end - prefix));
}

bool flash_resp_begin(struct flash_resp *resp, int count, size_t payload, struct flash_error *err)
{
    size_t need = payload + ((size_t)count + 1) * FLASH_RESP_OVERHEAD;
    if (payload > FLASH_RESP_MAX || need > FLASH_RESP_MAX) {
        return flash_error_set(err, FLASH_ERROR_DATA, "redis: a command of %zu bytes, at most %u",
                               need, FLASH_RESP_MAX);
    }
    if (need > resp->cap) {
        size_t cap = resp->cap > 0 ? resp->cap : 1024;
        while (cap < need) {
            cap *= 2;
        }
        char *bytes = realloc(resp->bytes, cap);
        if (bytes == NULL) {
            return flash_error_set(err, FLASH_ERROR_RETRY, "redis: no memory for %zu bytes", cap);
        }
        resp->bytes = bytes;
        resp->cap = cap;
    }
    resp->len = 0;
    put_prefix(resp, '*', (uint64_t)count);
    return true;
}

void flash_resp_bulk(struct flash_resp *resp, const char *at, size_t len)
{
    put_prefix(resp, '$', len);
    flash_resp_raw(resp, at, len);
    flash_resp_raw(resp, "\r\n", 2);
}

void flash_resp_bulk_int(struct flash_resp *resp, int64_t number)
{
    char text[FLASH_NUMBER_MAX];
    flash_resp_bulk(resp, text, (size_t)(flash_put_signed(text, number) - text));
}

void flash_resp_raw(struct flash_resp *resp, const char *at, size_t len)
{
    assert(len <= resp->cap - resp->len);
    if (len > 0) {
        memcpy(resp->bytes + resp->len, at, len);
        resp->len += len;
    }
}

bool flash_resp_command(struct flash_resp *resp, const struct flash_text *texts, int count,
                        struct flash_error *err)
{
    size_t payload = 0;
    for (int i = 0; i < count; i++) {
        payload += texts[i].len;
    }
    if (!flash_resp_begin(resp, count, payload, err)) {
        return false;
    }
    for (int i = 0; i < count; i++) {
        flash_resp_bulk(resp, texts[i].at, texts[i].len);
    }
    return true;
}

void flash_resp_trim(struct flash_resp *resp)
{
    if (resp->cap > FLASH_RESP_KEEP) {
        flash_resp_free(resp);
    }
}

void flash_resp_free(struct flash_resp *resp)
{
    free(resp->bytes);
    *resp = (struct flash_resp){0};
}
