/* The internal routes on a worker with fakes: who may call them, and how the path of one
 * reservation is read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "flash/time.h"
#include "internal.h"

#define SKU 42
#define TEN "0123456789"
#define SIXTY_FOUR TEN TEN TEN TEN TEN TEN "0123"
#define RESERVE "/inventory/reserve"
#define RELEASE "/inventory/release"
#define DEDUCT "/inventory/deduct"
#define PAY "/v1/orders/42.a/pay"
#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* ---- the path of one reservation ---- */

static const struct {
    const char *path, *ref; /* NULL: there is no such order, and nobody asks */
} paths[] = {
    {"42/a", "a"},
    {"42/shop%2F7", "shop/7"},
    {"42/shop%2f7", "shop/7"},
    {"42/%61%62", "ab"},
    {"42/42%2Ea", "a"},
    {"42/%25", "%"},
    {"42/%2525", "%25"},
    {"42/a+b", "a+b"},
    {"42/%"
     "36" TEN,
     "6" TEN},
    {"42/" SIXTY_FOUR, SIXTY_FOUR},
    {"42/42." SIXTY_FOUR, SIXTY_FOUR},
    {"42/" SIXTY_FOUR "4", NULL},
    {"42/43." SIXTY_FOUR, NULL},
    {"42/" SIXTY_FOUR SIXTY_FOUR, NULL},
    {"42/%", NULL},
    {"42/%6", NULL},
    {"42/a%", NULL},
    {"42/a%6", NULL},
    {"42/%zz", NULL},
    {"42/%6g", NULL},
    {"42/%g6", NULL},
    {"42/%+4", NULL},
    {"42/%-4", NULL},
    {"42/% 4", NULL},
    {"42/%0x", NULL},
    {"42/%00", NULL},
    {"42/a%00", NULL},
    {"42/%20", NULL},
    {"42/%22", NULL},
    {"42/%5C", NULL},
    {"42/%7Ba%7D", NULL},
    {"42/%0D%0A", NULL},
    {"42/%FF", NULL},
    {"42/%C3%A9", NULL},
    {"0/a", NULL},
    {"042/a", NULL},
    {"%34%32/a", NULL},
    {"x/a", NULL},
    {"42/a/b", NULL},
    {"42/", NULL},
    {"/a", NULL},
    {"42", NULL},
    {"", NULL},
};

static void paths_of_a_reservation(void **state)
{
    struct rig *rig = *state;
    rig_know(rig, SKU);
    for (size_t i = 0; i < COUNT(paths); i++) {
        char path[256];
        (void)snprintf(path, sizeof(path), "/inventory/reservations/%s", paths[i].path);
        struct flash_request *request = internal_ask(rig, path, NULL, NULL);
        if (paths[i].ref) {
            EXPECT_CALL(rig, FLASH_SCRIPT_STATUS, 1, paths[i].ref);
            rig_status(rig, (const char *const[]){"C1:1:1:1:anybody", NULL});
            assert_int_equal(rig_answered(request), 200);
        } else if (!rig_refused(request, 404, "not-found")) {
            fail_msg("%s: %d", paths[i].path, rig_answered(request));
        }
        assert_int_equal(rig_script(rig, 0), -1);
    }
}

static void a_reservation_that_is_not_there(void **state)
{
    struct rig *rig = *state;
    rig_know(rig, SKU);
    struct flash_request *request = internal_ask(rig, "/inventory/reservations/42/a", NULL, NULL);
    rig_status(rig, (const char *const[]){"", NULL});
    assert_true(rig_refused(request, 404, "not-found"));
}

/* ---- who may call ---- */

static void roles(void **state)
{
    static const struct {
        enum flash_role role;
        bool may;
    } rows[] = {{FLASH_ROLE_BUYER, false},
                {FLASH_ROLE_OPS, false},
                {FLASH_ROLE_INTERNAL, true},
                {FLASH_ROLE_ADMIN, true}};
    static const struct {
        const char *path, *body;
    } routes[] = {
        {RESERVE, "{\"product_id\":\"42\",\"order_id\":\"a\",\"user_id\":\"u\",\"quantity\":1}"},
        {RELEASE, "{\"product_id\":\"42\",\"order_id\":\"a\"}"},
        {DEDUCT, "{\"product_id\":\"42\",\"order_id\":\"a\"}"},
        {PAY, "{\"payment_id\":\"p\"}"},
        {"/inventory/reservations/42/a", NULL},
    };
    struct rig *rig = *state;
    struct flash_http_auth *auth = &rig->engine.auth;
    rig->config.auth.mode = auth->mode = FLASH_AUTH_JWT;
    auth->keys[auth->key_count++] =
        (struct flash_jwt_key){.secret = "0123456789abcdef0123456789abcdef", .secret_len = 32};
    rig_know(rig, SKU);
    for (size_t i = 0; i < COUNT(rows) * COUNT(routes); i++) {
        size_t row = i / COUNT(routes), route = i % COUNT(routes);
        struct flash_claims claims = {.sub = "u",
                                      .role = rows[row].role,
                                      .exp_s = (int64_t)(flash_time_wall_ms() / 1000) + 600};
        char bearer[FLASH_JWT_MAX] = "Bearer ";
        const char *headers[] = {"authorization", bearer, "content-type", "application/json", NULL};
        assert_true(flash_jwt_issue(&claims, &auth->keys[0], bearer + 7, sizeof(bearer) - 7) > 0);
        struct flash_request *request =
            internal_ask(rig, routes[route].path, routes[route].body, headers);
        if (rows[row].may) {
            assert_int_equal(rig_answered(request), 0);
            fake_redis_unknown(rig->redis);
            assert_int_equal(rig_answered(request), 503);
        } else {
            assert_true(rig_refused(request, 403, "forbidden"));
        }
        assert_int_equal(rig_script(rig, 0), -1);
        assert_true(rig_refused(internal_post(rig, routes[route].path, routes[route].body), 401,
                                "unauthorized"));
    }
}

#define RIGGED(test) cmocka_unit_test_setup_teardown(test, rig_open, rig_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIGGED(paths_of_a_reservation),
        RIGGED(a_reservation_that_is_not_there),
        RIGGED(roles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
