/* Requests to the internal listener; see internal.h. */
#include "internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct flash_request *internal_ask(struct rig *rig, const char *path, const char *body,
                                   const char *const *headers)
{
    static const char *const json[] = {"content-type", "application/json", NULL};
    enum flash_method method = body ? FLASH_METHOD_POST : FLASH_METHOD_GET;
    struct flash_request *request = rig_request(
        rig,
        &(struct fake_request_head){
            .method = method, .path = path, .body = body, .headers = headers ? headers : json});
    fake_http_hand(rig->worker.internal_http, request);
    rig_turn(rig);
    return request;
}

struct flash_request *internal_post(struct rig *rig, const char *path, const char *body)
{
    return internal_ask(rig, path, body, NULL);
}

void internal_expect(struct rig *rig, enum flash_script script, int at,
                     const char *const *arguments)
{
    assert_int_equal(rig_script(rig, 0), script);
    assert_int_equal(rig_script(rig, 1), -1);
    for (int i = 0; arguments[i]; i++) {
        if (!fake_redis_argument_is(rig->redis, 0, at + i, arguments[i])) {
            fail_msg("argument %d is not %s", at + i, arguments[i]);
        }
    }
}

void internal_answer(struct rig *rig, const char *word, const char *record)
{
    fake_redis_reply(rig->redis, json_pack("[s,s,I,i,s,s]", "OK", *record ? "{}" : "",
                                           (json_int_t)RIG_AT, 1, word, record));
}
