/* Reads a reply without knowing hiredis: struct flash_redis_reply is hiredis' redisReply under our
 * own name.
 *
 * Nothing here can fail: what is not there or of another type reads as empty, and the callers
 * compare words. */
#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

#include "flash/redis_sync.h"

static const redisReply *raw(const struct flash_redis_reply *reply)
{
    return (const redisReply *)reply;
}

static bool is_text(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_STATUS ||
           reply->type == REDIS_REPLY_ERROR;
}

size_t flash_redis_reply_count(const struct flash_redis_reply *reply)
{
    return reply != NULL && raw(reply)->type == REDIS_REPLY_ARRAY ? raw(reply)->elements : 0;
}

const struct flash_redis_reply *flash_redis_reply_at(const struct flash_redis_reply *reply,
                                                     size_t i)
{
    if (i >= flash_redis_reply_count(reply)) {
        return NULL;
    }
    return (const struct flash_redis_reply *)raw(reply)->element[i];
}

struct flash_text flash_redis_reply_text(const struct flash_redis_reply *reply)
{
    if (reply == NULL || !is_text(raw(reply))) {
        return (struct flash_text){"", 0};
    }
    return (struct flash_text){raw(reply)->str, raw(reply)->len};
}

int64_t flash_redis_reply_int(const struct flash_redis_reply *reply)
{
    if (reply != NULL && raw(reply)->type == REDIS_REPLY_INTEGER) {
        return raw(reply)->integer;
    }
    struct flash_text text = flash_redis_reply_text(reply);
    if (text.len == 0 || (text.at[0] != '-' && (text.at[0] < '0' || text.at[0] > '9'))) {
        return 0;
    }
    char *end;
    errno = 0;
    long long number = strtoll(text.at, &end, 10);
    return errno == 0 && end == text.at + text.len ? number : 0;
}

bool flash_redis_reply_is(const struct flash_redis_reply *reply, const char *word)
{
    struct flash_text text = flash_redis_reply_text(reply);
    return reply != NULL && is_text(raw(reply)) && text.len == strlen(word) &&
           memcmp(text.at, word, text.len) == 0;
}

void flash_redis_reply_free(struct flash_redis_reply *reply)
{
    if (reply != NULL) {
        freeReplyObject(reply);
    }
}
