/* Puts the configuration together from its layers: defaults, file, environment, --set.
 *
 * A later layer overrides an earlier one; within one layer a key may be given once, for two values
 * from one source are a mistake. Every refusal starts with where the value stands. The caller's
 * struct is written only when all of it is right, so a failed reload leaves what was in force. */
#include "flash/config.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "config_loader.h"
#include "flash/hmac.h"
#include "flash/log.h"

enum {
    SECTION_TEXT = 32,
    NAME_TEXT = sizeof(((struct flash_config_pair *)0)->name),
    KEY_BYTES_MIN = FLASH_HMAC_KEY_MIN,
};

/* Whether a row's type and its field agree: a row that does not would write past its field. */
static bool fits_field(const struct flash_config_key *key)
{
    switch (key->type) {
    case FLASH_CONFIG_TYPE_TEXT:
    case FLASH_CONFIG_TYPE_SECRET:
    case FLASH_CONFIG_TYPE_URL:
    case FLASH_CONFIG_TYPE_MAILS:
        return (size_t)key->max == key->size - 1;
    case FLASH_CONFIG_TYPE_INT:
    case FLASH_CONFIG_TYPE_WORD:
        return key->size == sizeof(int);
    case FLASH_CONFIG_TYPE_INT64:
    case FLASH_CONFIG_TYPE_MS:
    case FLASH_CONFIG_TYPE_US:
        return key->size == sizeof(int64_t);
    case FLASH_CONFIG_TYPE_ADDRESS:
        return key->size == sizeof(struct flash_address);
    }
    return false;
}

static void load_defaults(struct flash_config_loader *loader)
{
    size_t count;
    const struct flash_config_key *keys = flash_config_keys(&count);
    for (size_t i = 0; i < count; i++) {
        assert(fits_field(&keys[i]));
        bool ok = flash_config_value_set(&loader->config, &keys[i], keys[i].fallback, NULL);
        assert(ok);
    }
}

/* Whether the section is none of this program's. */
static bool is_without(const struct flash_config_loader *loader, const char *section)
{
    return loader->config.without[0] && strcmp(section, loader->config.without) == 0;
}

static bool assign(struct flash_config_loader *loader, const struct flash_config_setting *setting,
                   struct flash_error *err)
{
    if (is_without(loader, setting->section)) {
        return flash_config_refuse(loader, err,
                                   "this program has no such section, and must not "
                                   "be given what stands in it");
    }
    return flash_config_assign(loader, setting, err);
}

static bool take_from_file(const struct flash_config_setting *setting, const char *place, void *arg,
                           struct flash_error *err)
{
    struct flash_config_loader *loader = arg;
    snprintf(loader->where, sizeof(loader->where), "%s: %.31s.%.40s", place, setting->section,
             setting->name);
    return assign(loader, setting, err);
}

/* What follows "FLASH_<SECTION>_" in a variable's name; NULL if it is not of this section. */
static const char *variable_of(const char *name, const char *section)
{
    for (; *section != '\0'; section++, name++) {
        char expected = *section == '.' ? '_' : (char)toupper((unsigned char)*section);
        if (*name != expected) {
            return NULL;
        }
    }
    return *name == '_' ? name + 1 : NULL;
}

/* The section a variable belongs to, NULL if none: then it is not ours. *ret_separator is what an
 * underscore of the rest stands for: librdkafka's names have dots. */
static const char *section_of_variable(const char *name, const char **ret_rest, char *ret_separator)
{
    for (size_t i = 0; i < FLASH_CONFIG_PASS_SECTIONS; i++) {
        *ret_rest = variable_of(name, flash_config_passes[i].section);
        if (*ret_rest != NULL) {
            *ret_separator = '.';
            return flash_config_passes[i].section;
        }
    }
    size_t count;
    const struct flash_config_key *keys = flash_config_keys(&count);
    for (size_t i = 0; i < count; i++) {
        *ret_rest = variable_of(name, keys[i].section);
        if (*ret_rest != NULL) {
            *ret_separator = '_';
            return keys[i].section;
        }
    }
    return NULL;
}

static bool take_variable(struct flash_config_loader *loader, const char *variable,
                          struct flash_error *err)
{
    static const char prefix[] = "FLASH_";
    const char *equals = strchr(variable, '=');
    const char *rest;
    char separator;
    if (equals == NULL || strncmp(variable, prefix, strlen(prefix)) != 0) {
        return true;
    }
    const char *section = section_of_variable(variable + strlen(prefix), &rest, &separator);
    if (section == NULL || is_without(loader, section)) {
        return true;
    }
    char name[NAME_TEXT];
    size_t len = 0;
    for (; rest + len < equals && len < sizeof(name) - 1; len++) {
        name[len] = rest[len] == '_' ? separator : (char)tolower((unsigned char)rest[len]);
    }
    name[len] = '\0';
    snprintf(loader->where, sizeof(loader->where), "environment %.*s",
             equals - variable > 80 ? 80 : (int)(equals - variable), variable);
    if (rest + len < equals) {
        return flash_config_refuse_unknown(loader, section, err);
    }
    struct flash_config_setting setting = {section, name, equals + 1};
    return flash_config_assign(loader, &setting, err);
}

static bool load_environment(struct flash_config_loader *loader, struct flash_error *err)
{
    for (char **variable = environ; variable != NULL && *variable != NULL; variable++) {
        if (!take_variable(loader, *variable, err)) {
            return false;
        }
    }
    return true;
}

/* The dot between section and key: a section's name may have one itself. */
static const char *dot_of(const char *set)
{
    for (size_t i = 0; i < FLASH_CONFIG_PASS_SECTIONS; i++) {
        size_t len = strlen(flash_config_passes[i].section);
        if (strncmp(set, flash_config_passes[i].section, len) == 0 && set[len] == '.') {
            return set + len;
        }
    }
    return strchr(set, '.');
}

static bool take_set(struct flash_config_loader *loader, const char *set, struct flash_error *err)
{
    const char *equals = strchr(set, '=');
    const char *dot = dot_of(set);
    char section[SECTION_TEXT], name[NAME_TEXT];
    size_t shown = strcspn(set, "=");
    snprintf(loader->where, sizeof(loader->where), "--set %.*s", shown > 80 ? 80 : (int)shown, set);
    if (equals == NULL || dot == NULL || dot > equals || (size_t)(dot - set) >= sizeof(section) ||
        (size_t)(equals - dot) > sizeof(name)) {
        return flash_config_refuse(loader, err, "not section.key=value, as in engine.workers=4");
    }
    snprintf(section, sizeof(section), "%.*s", (int)(dot - set), set);
    snprintf(name, sizeof(name), "%.*s", (int)(equals - dot - 1), dot + 1);
    struct flash_config_setting setting = {section, name, equals + 1};
    return assign(loader, &setting, err);
}

static bool load_layers(struct flash_config_loader *loader, const struct flash_config_args *args,
                        struct flash_error *err)
{
    load_defaults(loader);
    loader->layer = FLASH_CONFIG_LAYER_FILE;
    if (args->file != NULL && !flash_config_file_read(args->file, take_from_file, loader, err)) {
        return false;
    }
    loader->layer = FLASH_CONFIG_LAYER_ENVIRONMENT;
    if (!load_environment(loader, err)) {
        return false;
    }
    loader->layer = FLASH_CONFIG_LAYER_SET;
    for (int i = 0; i < args->set_count; i++) {
        if (!take_set(loader, args->sets[i], err)) {
            return false;
        }
    }
    return true;
}

static bool load(struct flash_config *config, const struct flash_config_args *args,
                 struct flash_error *err)
{
    struct flash_config_loader *loader = calloc(1, sizeof(*loader));
    if (loader == NULL) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "out of memory");
    }
    memcpy(loader->config.without, config->without, sizeof(loader->config.without));
    bool ok = load_layers(loader, args, err);
    if (ok) {
        *config = loader->config;
    }
    explicit_bzero(loader, sizeof(*loader)); /* it holds secrets */
    free(loader);
    return ok;
}

bool flash_config_load(struct flash_config *config, int argc, char *const argv[],
                       enum flash_config_action *ret_action, struct flash_error *err)
{
    struct flash_config_args args;
    prctl(PR_SET_DUMPABLE, 0); /* secrets are read next: no core has them, nobody traces them out */
    if (!flash_config_args_parse(&args, argc, argv, err)) {
        return false;
    }
    if (args.ask == FLASH_CONFIG_ASK_HELP) {
        flash_config_help(args.program, stdout);
    } else if (args.ask == FLASH_CONFIG_ASK_VERSION) {
        printf("%s %s\n", args.program, FLASH_VERSION);
    } else if (!load(config, &args, err)) {
        return false;
    }
    if (args.ask == FLASH_CONFIG_ASK_CHECK) {
        flash_config_print(config, stdout);
    }
    *ret_action = args.ask == FLASH_CONFIG_ASK_RUN ? FLASH_CONFIG_RUN : FLASH_CONFIG_EXIT_OK;
    return true;
}

bool flash_config_check_auth(const struct flash_config *config, struct flash_error *err)
{
    if (config->auth.mode == FLASH_AUTH_OFF) {
        return true;
    }
    if (strlen(config->auth.key_1) < KEY_BYTES_MIN) {
        return flash_error_set(err, FLASH_ERROR_CONFIG,
                               "auth.key_1: auth.mode = jwt needs a key of at least %d bytes "
                               "(RFC 7518 §3.2); set it in the file or as FLASH_AUTH_KEY_1",
                               KEY_BYTES_MIN);
    }
    if (config->auth.key_2[0] == '\0') {
        return true;
    }
    if (strlen(config->auth.key_2) < KEY_BYTES_MIN) {
        return flash_error_set(err, FLASH_ERROR_CONFIG,
                               "auth.key_2: needs at least %d bytes, or none at all",
                               KEY_BYTES_MIN);
    }
    if (strcmp(config->auth.kid_1, config->auth.kid_2) == 0) {
        return flash_error_set(err, FLASH_ERROR_CONFIG,
                               "auth.kid_2: two keys need two names, and kid_1 is the same");
    }
    return true;
}

bool flash_config_reload_level(int argc, char *const argv[], int *ret_level,
                               struct flash_error *err)
{
    static struct flash_config fresh; /* large */
    enum flash_config_action action;
    if (!flash_config_load(&fresh, argc, argv, &action, err)) {
        return false;
    }
    flash_log_set_level(fresh.log.level);
    *ret_level = (int)fresh.log.level;
    return true;
}
