/* Who is calling: what is refused, what is remembered on a connection and what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rig.h"

#include "../../engine/auth.h"
#include "flash/time.h"

static const char secret[] = "0123456789abcdef0123456789abcdef";

static int open_jwt(void **state)
{
    int rc = rig_open(state);
    struct rig *rig = *state;
    rig->config.auth.mode = FLASH_AUTH_JWT;
    snprintf(rig->config.auth.key_1, sizeof(rig->config.auth.key_1), "%s", secret);
    flash_http_auth_init(&rig->engine.auth, &rig->config);
    return rc;
}

/* "Bearer <token>" for sub, valid for so many seconds from now. */
static const char *token(const char *sub, int64_t seconds)
{
    static char text[8][FLASH_JWT_MAX];
    static int next;
    char *out = text[next++ % 8];
    struct flash_jwt_key key = {.secret_len = sizeof(secret) - 1};
    struct flash_claims claims = {.exp_s = (int64_t)(flash_time_wall_ms() / 1000) + seconds};
    memcpy(key.secret, secret, sizeof(secret) - 1);
    snprintf(claims.sub, sizeof(claims.sub), "%s", sub);
    int len = snprintf(out, FLASH_JWT_MAX, "Bearer ");
    assert_true(flash_jwt_issue(&claims, &key, out + len, FLASH_JWT_MAX - (size_t)len) > 0);
    return out;
}

static struct flash_request *request_with(struct rig *rig, const char *name, const char *value,
                                          struct fake_connection *connection)
{
    const char *headers[] = {name, value, NULL};
    return rig_request(rig,
                       &(struct fake_request_head){.headers = headers, .connection = connection});
}

static void done(struct flash_request *request)
{
    flash_request_reply(request, &(struct flash_response){.status = 200});
}

static void a_token_is_verified_once_a_connection(void **state)
{
    struct rig *rig = *state;
    struct fake_connection *connection = fake_connection_new();
    const char *mine = token("u-1", 60);
    struct flash_request *first = request_with(rig, "Authorization", mine, connection);
    const struct flash_claims *claims = flash_auth(&rig->worker, first);
    assert_non_null(claims);
    assert_string_equal(claims->sub, "u-1");
    assert_int_equal(claims->role, FLASH_ROLE_BUYER);
    done(first);
    rig->engine.auth.key_count = 0; /* from here on nothing can be verified */
    struct flash_request *second = request_with(rig, "Authorization", mine, connection);
    assert_ptr_equal(flash_auth(&rig->worker, second), claims);
    done(second);
    struct flash_request *other = request_with(rig, "Authorization", token("u-2", 60), connection);
    assert_null(flash_auth(&rig->worker, other));
    assert_true(rig_refused(other, 401, "unauthorized"));
    struct flash_request *elsewhere = request_with(rig, "Authorization", mine, NULL);
    assert_null(flash_auth(&rig->worker, elsewhere));
    fake_connection_free(connection);
}

static void a_connection_may_change_its_user(void **state)
{
    struct rig *rig = *state;
    struct fake_connection *connection = fake_connection_new();
    static const char *const subs[] = {"u-1", "u-2", "u-1"};
    for (int i = 0; i < 3; i++) {
        struct flash_request *request =
            request_with(rig, "authorization", token(subs[i], 60 + i), connection);
        assert_string_equal(flash_auth(&rig->worker, request)->sub, subs[i]);
        done(request);
    }
    fake_connection_free(connection);
}

static void a_remembered_token_still_ends(void **state)
{
    struct rig *rig = *state;
    struct fake_connection *connection = fake_connection_new();
    const char *mine = token("u-1", 60);
    struct flash_request *first = request_with(rig, "Authorization", mine, connection);
    struct flash_claims *claims = (struct flash_claims *)flash_auth(&rig->worker, first);
    done(first);
    claims->exp_s = (int64_t)(flash_time_wall_ms() / 1000); /* time has passed */
    rig->engine.auth.key_count = 0;
    assert_null(flash_auth(&rig->worker, request_with(rig, "Authorization", mine, connection)));
    fake_connection_free(connection);
}

static void everything_else_is_unauthorized(void **state)
{
    struct rig *rig = *state;
    char flipped[FLASH_JWT_MAX], bare[FLASH_JWT_MAX], huge[FLASH_JWT_MAX + 32];
    snprintf(flipped, sizeof(flipped), "%s", token("u-1", 60));
    flipped[strlen(flipped) - 2] ^= 1;
    snprintf(bare, sizeof(bare), "%s", token("u-1", 60) + strlen("Bearer "));
    snprintf(huge, sizeof(huge), "Bearer %0*d", FLASH_JWT_MAX + 1, 0);
    const char *const bad[] = {"",   "Bearer", "Bearer ", "Basic dTpw",    "Bearer x.y.z",
                               bare, flipped,  huge,      token("u-1", -1)};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct flash_request *request = request_with(rig, "Authorization", bad[i], NULL);
        assert_null(flash_auth(&rig->worker, request));
        assert_true(rig_refused(request, 401, "unauthorized"));
    }
    struct flash_request *request = request_with(rig, "X-User-Id", "u-1", NULL);
    assert_null(flash_auth(&rig->worker, request));
    assert_true(rig_refused(request, 401, "unauthorized"));
}

static void without_auth_the_header_names_the_user(void **state)
{
    struct rig *rig = *state;
    struct fake_connection *connection = fake_connection_new();
    static const char *const users[] = {"u-1", "u-2", "u-2", NULL};
    for (int i = 0; i < 4; i++) {
        struct flash_request *request =
            request_with(rig, users[i] ? "X-User-Id" : NULL, users[i], connection);
        const struct flash_claims *claims = flash_auth(&rig->worker, request);
        assert_string_equal(claims->sub, users[i] ? users[i] : "");
        assert_int_equal(claims->role, FLASH_ROLE_ADMIN);
        done(request);
    }
    static const char *const bad[] = {"", "a\"b", "a{b}", "a\\b", "\x01"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct flash_request *request = request_with(rig, "X-User-Id", bad[i], connection);
        assert_null(flash_auth(&rig->worker, request));
        assert_true(rig_refused(request, 400, "bad-user"));
    }
    fake_connection_free(connection);
}

#define WITH_JWT(test) cmocka_unit_test_setup_teardown(test, open_jwt, rig_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_JWT(a_token_is_verified_once_a_connection),
        WITH_JWT(a_connection_may_change_its_user),
        WITH_JWT(a_remembered_token_still_ends),
        WITH_JWT(everything_else_is_unauthorized),
        cmocka_unit_test_setup_teardown(without_auth_the_header_names_the_user, rig_open,
                                        rig_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
