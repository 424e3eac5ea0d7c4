/* What goes over the wire, byte for byte, and how replies read: no server needed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <hiredis/hiredis.h>

#include "../../common/redis/scripts.h"
#include "flash/redis_sync.h"

static struct flash_scripts scripts;

static int init_scripts(void **state)
{
    (void)state;
    flash_scripts_init(&scripts);
    return 0;
}

static void assert_bytes(const struct flash_resp *resp, const char *text)
{
    assert_int_equal(resp->len, strlen(text));
    assert_memory_equal(resp->bytes, text, resp->len);
}

static void number_takes_every_value(void **state)
{
    (void)state;
    struct flash_resp resp = {0};
    struct flash_error err;
    assert_true(flash_resp_begin(&resp, 3, 60, &err));
    flash_resp_bulk_int(&resp, 0);
    flash_resp_bulk_int(&resp, INT64_MAX);
    flash_resp_bulk_int(&resp, INT64_MIN);
    assert_bytes(&resp, "*3\r\n$1\r\n0\r\n$19\r\n9223372036854775807\r\n"
                        "$20\r\n-9223372036854775808\r\n");
    flash_resp_free(&resp);
}

static void command_has_a_limit(void **state)
{
    (void)state;
    struct flash_resp resp = {0};
    struct flash_error err = {0};
    assert_false(flash_resp_begin(&resp, 1, FLASH_RESP_MAX, &err));
    assert_int_equal(err.kind, FLASH_ERROR_DATA);
    assert_false(flash_resp_begin(&resp, 1, SIZE_MAX, &err));
    assert_null(resp.bytes);
    assert_true(flash_resp_begin(&resp, 1, FLASH_RESP_KEEP, &err));
    flash_resp_trim(&resp);
    assert_null(resp.bytes);
}

static void call_is_formatted(void **state)
{
    (void)state;
    struct flash_resp resp = {0}, eval = {0};
    struct flash_error err;
    const char *argv[] = {"1", "a\r\nb\0c"};
    struct flash_redis_call call = {.script = FLASH_SCRIPT_STATUS,
                                    .sku = 42,
                                    .argc = 2,
                                    .argv = argv,
                                    .argv_len = (const size_t[]){1, 6}};
    assert_true(flash_scripts_format(&scripts, &call, &resp, &err));
    static const char after[] = "$1\r\n3\r\n$16\r\nflash:{42}:stock\r\n$17\r\nflash:{42}:orders\r\n"
                                "$18\r\nflash:{42}:journal\r\n$1\r\n1\r\n$6\r\na\r\nb\0c\r\n";
    static const char before[] = "*8\r\n$7\r\nEVALSHA\r\n$40\r\n";
    assert_memory_equal(resp.bytes, before, strlen(before));
    assert_memory_equal(resp.bytes + strlen(before), scripts.of[FLASH_SCRIPT_STATUS].sha1, 40);
    size_t tail = strlen(before) + 42;
    assert_int_equal(resp.len - tail, sizeof(after) - 1);
    assert_memory_equal(resp.bytes + tail, after, sizeof(after) - 1);

    assert_true(flash_scripts_format_eval(FLASH_SCRIPT_STATUS, &resp, &eval, &err));
    assert_memory_equal(eval.bytes, "*8\r\n$4\r\nEVAL\r\n$", 15);
    assert_memory_equal(eval.bytes + eval.len - (sizeof(after) - 1), after, sizeof(after) - 1);
    flash_resp_free(&resp);
    flash_resp_free(&eval);
}

static void longest_key_fits(void **state)
{
    (void)state;
    struct flash_resp resp = {0};
    struct flash_error err;
    struct flash_redis_call call = {.script = FLASH_SCRIPT_RESERVE, .sku = INT64_MAX};
    assert_true(flash_scripts_format(&scripts, &call, &resp, &err));
    static const char last[] = "$35\r\nflash:{9223372036854775807}:journal\r\n";
    assert_memory_equal(resp.bytes + resp.len - strlen(last), last, strlen(last));
    flash_resp_free(&resp);
}

static void registry_is_whole(void **state)
{
    (void)state;
    for (int i = 0; i < FLASH_SCRIPT_COUNT; i++) {
        assert_non_null(flash_scripts_name((enum flash_script)i));
        assert_int_equal(strlen(scripts.of[i].sha1), FLASH_SCRIPT_SHA1);
        assert_true(scripts.of[i].key_count >= 1);
        const struct flash_text *first = &scripts.of[i].keys[0];
        bool of_orders = i == FLASH_SCRIPT_PAGE || i == FLASH_SCRIPT_LOOK;
        bool of_engines = i == FLASH_SCRIPT_BEAT || i == FLASH_SCRIPT_MUSTER;
        const char *name = of_orders                 ? "orders"
                           : of_engines              ? "engines"
                           : i == FLASH_SCRIPT_TAKEN ? "takes"
                                                     : "stock";
        assert_int_equal(first->len, strlen(name));
        assert_memory_equal(first->at, name, first->len);
    }
}

/* The reply that hiredis makes of bytes; the caller frees it. */
static struct flash_redis_reply *parse(const char *bytes)
{
    redisReader *reader = redisReaderCreate();
    void *reply = NULL;
    assert_int_equal(redisReaderFeed(reader, bytes, strlen(bytes)), REDIS_OK);
    assert_int_equal(redisReaderGetReply(reader, &reply), REDIS_OK);
    assert_non_null(reply);
    redisReaderFree(reader);
    return reply;
}

static void replies_read_as_what_they_are(void **state)
{
    (void)state;
    struct flash_redis_reply *reply = parse("*6\r\n$2\r\nOK\r\n:-7\r\n$-1\r\n*1\r\n+in\r\n"
                                            "$16\r\n9007199254740993\r\n$3\r\n1.5\r\n");
    assert_int_equal(flash_redis_reply_count(reply), 6);
    assert_true(flash_redis_reply_is(flash_redis_reply_at(reply, 0), "OK"));
    assert_false(flash_redis_reply_is(flash_redis_reply_at(reply, 0), "O"));
    assert_int_equal(flash_redis_reply_int(flash_redis_reply_at(reply, 1)), -7);
    assert_int_equal(flash_redis_reply_text(flash_redis_reply_at(reply, 1)).len, 0);
    assert_false(flash_redis_reply_is(flash_redis_reply_at(reply, 2), ""));
    const struct flash_redis_reply *inner = flash_redis_reply_at(reply, 3);
    assert_true(flash_redis_reply_is(flash_redis_reply_at(inner, 0), "in"));
    assert_int_equal(flash_redis_reply_int(flash_redis_reply_at(reply, 4)), 9007199254740993);
    assert_int_equal(flash_redis_reply_int(flash_redis_reply_at(reply, 5)), 0);
    assert_null(flash_redis_reply_at(reply, 6));
    assert_null(flash_redis_reply_at(NULL, 0));
    assert_int_equal(flash_redis_reply_int(NULL), 0);
    flash_redis_reply_free(reply);
    flash_redis_reply_free(NULL);
}

static void only_whole_decimals_are_integers(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        int64_t number;
    } rows[] = {
        {"$2\r\n-3\r\n", -3},
        {"$1\r\n-\r\n", 0},
        {"$2\r\n 3\r\n", 0},
        {"$2\r\n+3\r\n", 0},
        {"$2\r\n3 \r\n", 0},
        {"$4\r\n0x10\r\n", 0},
        {"$19\r\n9223372036854775807\r\n", INT64_MAX},
        {"$19\r\n9223372036854775808\r\n", 0},
        {"$0\r\n\r\n", 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct flash_redis_reply *reply = parse(rows[i].bytes);
        assert_int_equal(flash_redis_reply_int(reply), rows[i].number);
        flash_redis_reply_free(reply);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(number_takes_every_value),
        cmocka_unit_test(command_has_a_limit),
        cmocka_unit_test(call_is_formatted),
        cmocka_unit_test(longest_key_fits),
        cmocka_unit_test(registry_is_whole),
        cmocka_unit_test(replies_read_as_what_they_are),
        cmocka_unit_test(only_whole_decimals_are_integers),
    };
    return cmocka_run_group_tests(tests, init_scripts, NULL);
}
