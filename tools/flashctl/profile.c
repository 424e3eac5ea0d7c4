/* Address, token and key; see profile.h. A token or key is never taken from the command line
 * itself, where every process could read it (SECURITY, Secrets). */
#include "profile.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "flash/config.h"
#include "flash/time.h"

#define DEFAULT_URL "http://127.0.0.1:8081"
#define OWN_TOKEN_S 300
#define KEY_MIN 32 /* bytes, for HS256 (RFC 7518 §3.2) */

static bool first_line(const char *path, char *line, size_t size, struct flash_error *err)
{
    FILE *file = fopen(path, "re");
    if (!file) {
        return flash_error_set(err, FLASH_ERROR_CONFIG, "%.200s cannot be read", path);
    }
    char *got = fgets(line, (int)size, file);
    fclose(file);
    size_t len = got ? strcspn(line, "\r\n") : 0;
    if (len == 0 || len == size - 1) {
        return flash_error_set(err, FLASH_ERROR_CONFIG,
                               "%.200s: its first line is empty or too long", path);
    }
    line[len] = '\0';
    return true;
}

static bool load_config(const char *path, struct flash_config *config, struct flash_error *err)
{
    char program[] = "flashctl", option[] = "--config", file[4096];
    char *const argv[] = {program, option, file, NULL};
    enum flash_config_action action;
    if (strlen(path) >= sizeof(file)) {
        return flash_error_set(err, FLASH_ERROR_CONFIG, "--config: the path is too long");
    }
    snprintf(file, sizeof(file), "%s", path);
    return flash_config_load(config, 3, argv, &action, err);
}

static bool key_of_config(const struct flash_config *config, struct flash_jwt_key *ret_key,
                          struct flash_error *err)
{
    size_t len = strlen(config->auth.key_1);
    if (len < KEY_MIN || len >= sizeof(ret_key->secret)) {
        return flash_error_set(err, FLASH_ERROR_CONFIG, "the configuration has no auth.key_1");
    }
    *ret_key = (struct flash_jwt_key){.secret_len = len};
    snprintf(ret_key->kid, sizeof(ret_key->kid), "%s", config->auth.kid_1);
    memcpy(ret_key->secret, config->auth.key_1, len);
    return true;
}

bool flash_ctl_profile_key(const struct flash_ctl_command *command, struct flash_jwt_key *ret_key,
                           struct flash_error *err)
{
    static struct flash_config config; /* large */
    const char *path = command->values[FLASH_CTL_KEY_FILE];
    const char *kid = command->values[FLASH_CTL_KID];
    struct flash_jwt_key key = {.secret_len = 0};
    if (!path && command->values[FLASH_CTL_CONFIG]) {
        return load_config(command->values[FLASH_CTL_CONFIG], &config, err) &&
               key_of_config(&config, ret_key, err);
    }
    if (!path) {
        return flash_error_set(err, FLASH_ERROR_CONFIG, "--key-file or --config is needed");
    }
    if (kid && strlen(kid) >= sizeof(key.kid)) {
        return flash_error_set(err, FLASH_ERROR_CONFIG, "--kid: at most %zu bytes",
                               sizeof(key.kid) - 1);
    }
    if (!first_line(path, key.secret, sizeof(key.secret), err)) {
        return false;
    }
    key.secret_len = strlen(key.secret);
    if (key.secret_len < KEY_MIN) {
        return flash_error_set(err, FLASH_ERROR_CONFIG, "%.200s: a key has at least %d bytes", path,
                               KEY_MIN);
    }
    snprintf(key.kid, sizeof(key.kid), "%s", kid ? kid : "");
    *ret_key = key;
    return true;
}

static bool own_token(const struct flash_config *config, struct flash_ctl_profile *profile,
                      struct flash_error *err)
{
    struct flash_jwt_key key;
    int64_t now_s = (int64_t)(flash_time_wall_ms() / 1000);
    struct flash_claims claims = {.role = FLASH_ROLE_ADMIN, .exp_s = now_s + OWN_TOKEN_S};
    snprintf(claims.sub, sizeof(claims.sub), "%s",
             profile->operator[0] ? profile->operator: "flashctl");
    if (!key_of_config(config, &key, err)) {
        return false;
    }
    return flash_jwt_issue(&claims, &key, profile->token, sizeof(profile->token)) > 0 ||
           flash_error_set(err, FLASH_ERROR_CONFIG, "no token can be made of these names");
}

static bool take_config(const char *path, struct flash_ctl_profile *profile,
                        struct flash_error *err)
{
    static struct flash_config config; /* large */
    if (!load_config(path, &config, err)) {
        return false;
    }
    const struct flash_address *listen = &config.admin.listen;
    snprintf(profile->url, sizeof(profile->url),
             strchr(listen->host, ':') ? "http://[%s]:%d" : "http://%s:%d", listen->host,
             listen->port);
    return config.auth.mode == FLASH_AUTH_OFF || own_token(&config, profile, err);
}

static bool take_url(const char *url, struct flash_ctl_profile *profile, struct flash_error *err)
{
    size_t len = strlen(url);
    bool http = strncasecmp(url, "http://", 7) == 0 || strncasecmp(url, "https://", 8) == 0;
    if (!http || len >= sizeof(profile->url)) {
        return flash_error_set(err, FLASH_ERROR_CONFIG, "--admin %.100s: not an http(s) URL", url);
    }
    snprintf(profile->url, sizeof(profile->url), "%.*s", (int)(len - (url[len - 1] == '/')), url);
    return true;
}

bool flash_ctl_profile_load(const struct flash_ctl_command *command,
                            struct flash_ctl_profile *ret_profile, struct flash_error *err)
{
    struct flash_ctl_profile profile = {.url = DEFAULT_URL};
    const char *const *values = command->values;
    const char *name = values[FLASH_CTL_OPERATOR];
    if (name && !flash_user_valid((struct flash_text){name, strlen(name)})) {
        return flash_error_set(err, FLASH_ERROR_CONFIG, "--operator: not a user id");
    }
    snprintf(profile.operator, sizeof(profile.operator), "%s", name ? name : "");
    if (values[FLASH_CTL_CONFIG] && !take_config(values[FLASH_CTL_CONFIG], &profile, err)) {
        return false;
    }
    if (values[FLASH_CTL_ADMIN] && !take_url(values[FLASH_CTL_ADMIN], &profile, err)) {
        return false;
    }
    if (values[FLASH_CTL_TOKEN_FILE] &&
        !first_line(values[FLASH_CTL_TOKEN_FILE], profile.token, sizeof(profile.token), err)) {
        return false;
    }
    *ret_profile = profile;
    return true;
}
