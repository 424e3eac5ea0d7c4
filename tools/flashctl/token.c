/* The verb that issues tokens, for tests and for operators; no server is asked. */
#include <jansson.h>
#include <string.h>

#include "flash/time.h"
#include "output.h"
#include "profile.h"
#include "values.h"
#include "verbs.h"

#define TTL_DEFAULT_S 3600

static bool read_claims(const struct flash_ctl_command *command, int64_t now_s,
                        struct flash_claims *claims)
{
    const char *const *values = command->values;
    const char *role = values[FLASH_CTL_ROLE], *sku = values[FLASH_CTL_SKU];
    snprintf(claims->sub, sizeof(claims->sub), "%s", values[FLASH_CTL_USER]);
    claims->exp_s = now_s + flash_ctl_seconds(command, FLASH_CTL_TTL, TTL_DEFAULT_S);
    bool ok = !role || flash_role_parse((struct flash_text){role, strlen(role)}, &claims->role);
    return ok && (!sku || flash_sku_parse((struct flash_text){sku, strlen(sku)}, &claims->sku));
}

static bool show_token(const struct flash_ctl_command *command, const struct flash_claims *claims,
                       const char *token)
{
    char expires[FLASH_TIME_TEXT];
    if (flash_ctl_format_of(command, FLASH_CTL_TABLE) == FLASH_CTL_TABLE) {
        return puts(token) >= 0 &&
               fflush(stdout) == 0; /* alone, so that it can be kept in a variable or a file */
    }
    flash_time_format_ms(claims->exp_s * 1000, expires);
    json_t *object = json_pack("{s:s, s:s, s:s, s:s}", "token", token, "user_id", claims->sub,
                               "role", flash_role_name(claims->role), "expires_at", expires);
    bool ok = flash_ctl_show(command, object);
    json_decref(object);
    return ok;
}

enum flash_ctl_exit flash_ctl_token(const struct flash_ctl_command *command)
{
    struct flash_claims claims = {.role = FLASH_ROLE_BUYER};
    struct flash_jwt_key key;
    struct flash_error err;
    char token[FLASH_JWT_MAX + 1];
    if (!read_claims(command, (int64_t)(flash_time_wall_ms() / 1000), &claims)) {
        return FLASH_CTL_USAGE;
    }
    if (!flash_ctl_profile_key(command, &key, &err)) {
        fprintf(stderr, "flashctl: %s\n", err.text);
        return FLASH_CTL_USAGE;
    }
    if (flash_jwt_issue(&claims, &key, token, sizeof(token)) == 0) {
        fprintf(stderr, "flashctl: no token can be made of these names\n");
        return FLASH_CTL_USAGE;
    }
    return show_token(command, &claims, token) ? FLASH_CTL_OK : FLASH_CTL_REFUSED;
}
