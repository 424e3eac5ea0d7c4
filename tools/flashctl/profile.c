/* Address, token and key; see profile.h. A token or key is never taken from the command line
 * itself, where every process could read it (SECURITY, Secrets). */
#include "profile.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "flash/config.h"
#include "flash/time.h"

#define DEFAULT_URL "http://127.0.0.1:8081"
#define OWN_TOKEN_S 300
#define KEY_MIN 32 /* bytes, for HS256 (RFC 7518 §3.2) */

/* A secret is its owner's alone; a pipe of the shell, <(…), is. */
static bool is_private(FILE *file, const char *path, struct flash_error *err)
{
    struct stat about;
    if (fstat(fileno(file), &about) != 0) {
        return flash_error_set(err, FLASH_ERROR_CONFIG, "%.200s cannot be read", path);
    }
    if (S_ISREG(about.st_mode) &&
        ((about.st_mode & 077) || (about.st_uid != geteuid() && about.st_uid != 0))) {
        return flash_error_set(err, FLASH_ERROR_CONFIG,
                               "%.200s: others than its owner may use it (chmod 600 helps)", path);
    }
    return true;
}

/* The first line of a file that holds a secret. */
static bool first_line(const char *path, char *line, size_t size, struct flash_error *err)
{
    FILE *file = fopen(path, "re");
    if (!file) {
        return flash_error_set(err, FLASH_ERROR_CONFIG, "%.200s cannot be read", path);
    }
    if (!is_private(file, path, err)) {
        fclose(file);
        return false;
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

static void address_url(const struct flash_address *listen, char url[256])
{
    snprintf(url, 256, strchr(listen->host, ':') ? "http://[%s]:%d" : "http://%s:%d", listen->host,
             listen->port);
}

static bool take_config(const char *path, struct flash_ctl_profile *profile,
                        struct flash_error *err)
{
    static struct flash_config config; /* large */
    if (!load_config(path, &config, err)) {
        return false;
    }
    address_url(&config.admin.listen, profile->url);
    address_url(&config.engine.internal_listen, profile->engine);
    address_url(&config.consumer.listen, profile->consumer);
    address_url(&config.reconciler.listen, profile->reconciler);
    return config.auth.mode == FLASH_AUTH_OFF || own_token(&config, profile, err);
}

/* The option's URL, if it is given, without a slash at its end. */
static void take_url(const struct flash_ctl_command *command, enum flash_ctl_option option,
                     char url[256])
{
    const char *text = command->values[option];
    size_t len = text ? strlen(text) : 0;
    if (len > 0) {
        snprintf(url, 256, "%.*s", (int)(len - (text[len - 1] == '/')), text);
    }
}

bool flash_ctl_profile_load(const struct flash_ctl_command *command,
                            struct flash_ctl_profile *ret_profile, struct flash_error *err)
{
    struct flash_ctl_profile profile = {.url = DEFAULT_URL};
    const char *const *values = command->values;
    const char *name = values[FLASH_CTL_OPERATOR];
    snprintf(profile.operator, sizeof(profile.operator), "%s", name ? name : "");
    if (values[FLASH_CTL_CONFIG] && !take_config(values[FLASH_CTL_CONFIG], &profile, err)) {
        return false;
    }
    take_url(command, FLASH_CTL_ADMIN, profile.url);
    take_url(command, FLASH_CTL_ENGINE, profile.engine);
    take_url(command, FLASH_CTL_CONSUMER, profile.consumer);
    take_url(command, FLASH_CTL_RECONCILER, profile.reconciler);
    if (values[FLASH_CTL_TOKEN_FILE] &&
        !first_line(values[FLASH_CTL_TOKEN_FILE], profile.token, sizeof(profile.token), err)) {
        return false;
    }
    *ret_profile = profile;
    return true;
}
