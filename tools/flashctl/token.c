/* The verb that issues tokens, for tests and for operators; no server is asked. */
#include <jansson.h>
#include <string.h>

#include "flash/time.h"
#include "profile.h"
#include "show.h"
#include "values.h"

#define TTL_DEFAULT_S 3600

static enum flash_ctl_exit read_claims(const struct flash_ctl_command *command, int64_t now_s,
                                       struct flash_claims *claims)
{
    const char *const *values = command->values;
    const char *user = values[FLASH_CTL_USER], *role = values[FLASH_CTL_ROLE];
    const char *sku = values[FLASH_CTL_SKU];
    int64_t ttl_s = TTL_DEFAULT_S;
    if (!flash_user_valid((struct flash_text){user, strlen(user)})) {
        return flash_ctl_bad_value(command, FLASH_CTL_USER,
                                   "a user id (1 to 64 bytes, no quotes, backslashes, braces)");
    }
    snprintf(claims->sub, sizeof(claims->sub), "%s", user);
    if (role && !flash_role_parse((struct flash_text){role, strlen(role)}, &claims->role)) {
        return flash_ctl_bad_value(command, FLASH_CTL_ROLE, "buyer, internal, ops or admin");
    }
    if (sku && !flash_sku_parse((struct flash_text){sku, strlen(sku)}, &claims->sku)) {
        return flash_ctl_bad_value(command, FLASH_CTL_SKU, "a SKU (a whole number above 0)");
    }
    if (values[FLASH_CTL_TTL] && !flash_ctl_duration_parse(values[FLASH_CTL_TTL], &ttl_s)) {
        return flash_ctl_bad_value(command, FLASH_CTL_TTL, "a time such as 90s, 30m, 1h, 2d");
    }
    claims->exp_s = now_s + ttl_s;
    return FLASH_CTL_OK;
}

static void show_token(const struct flash_ctl_command *command, const struct flash_claims *claims,
                       const char *token)
{
    char expires[FLASH_TIME_TEXT];
    if (!flash_ctl_show_json(command)) {
        puts(token); /* alone, so that it can be kept in a variable or a file */
        return;
    }
    flash_time_format_ms(claims->exp_s * 1000, expires);
    json_t *object = json_pack("{s:s, s:s, s:s, s:s}", "token", token, "user_id", claims->sub,
                               "role", flash_role_name(claims->role), "expires_at", expires);
    flash_ctl_show(command, object);
    json_decref(object);
}

enum flash_ctl_exit flash_ctl_token(const struct flash_ctl_command *command)
{
    struct flash_claims claims = {.role = FLASH_ROLE_BUYER};
    struct flash_jwt_key key;
    struct flash_error err;
    char token[FLASH_JWT_MAX + 1];
    if (!flash_ctl_show_check(command)) {
        return FLASH_CTL_USAGE;
    }
    enum flash_ctl_exit code =
        read_claims(command, (int64_t)(flash_time_wall_ms() / 1000), &claims);
    if (code != FLASH_CTL_OK) {
        return code;
    }
    if (!flash_ctl_profile_key(command, &key, &err)) {
        fprintf(stderr, "flashctl: %s\n", err.text);
        return FLASH_CTL_USAGE;
    }
    if (flash_jwt_issue(&claims, &key, token, sizeof(token)) == 0) {
        fprintf(stderr, "flashctl: no token can be made of these names\n");
        return FLASH_CTL_USAGE;
    }
    show_token(command, &claims, token);
    return FLASH_CTL_OK;
}
