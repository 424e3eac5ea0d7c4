/* Takes one setting of any layer into the configuration being put together, or says why not.
 *
 * A later layer overrides an earlier one; within one layer a key is set once. The reason of a
 * refusal stands behind the setting's place and tells what there is instead. */
#include <string.h>

#include "config_loader.h"

bool flash_config_refuse(const struct flash_config_loader *loader, struct flash_error *err,
                         const char *reason)
{
    return flash_error_set(err, FLASH_ERROR_CONFIG, "%s: %s", loader->where, reason);
}

/* A secret in argv is on view in ps; an empty one is none. */
static bool is_exposed(const struct flash_config_loader *loader, const char *value)
{
    return loader->layer == FLASH_CONFIG_LAYER_SET && value[0] != '\0' &&
           strncmp(value, "@/", 2) != 0;
}

static const char EXPOSED[] = "a secret on the command line shows in ps: @/path, file, environment";

/* Adds a word to a list of them, as far as it fits. */
static void list_add(char *list, size_t size, const char *word)
{
    size_t len = strlen(list);
    snprintf(list + len, size - len, "%s%s", len > 0 ? ", " : "", word);
}

bool flash_config_refuse_unknown(const struct flash_config_loader *loader, const char *section,
                                 struct flash_error *err)
{
    if (section[0] == '\0') {
        return flash_config_refuse(loader, err, "before any [section]");
    }
    char own[sizeof(err->text)] = "", sections[sizeof(err->text)] = "";
    size_t count;
    const struct flash_config_key *keys = flash_config_keys(&count);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || strcmp(keys[i].section, keys[i - 1].section) != 0) {
            list_add(sections, sizeof(sections), keys[i].section);
        }
        if (strcmp(keys[i].section, section) == 0) {
            list_add(own, sizeof(own), keys[i].name);
        }
    }
    for (size_t i = 0; i < FLASH_CONFIG_PASS_SECTIONS; i++) {
        list_add(sections, sizeof(sections), flash_config_passes[i].section);
    }
    if (own[0] != '\0') {
        return flash_error_set(err, FLASH_ERROR_CONFIG, "%s: unknown key; [%s] has %s",
                               loader->where, section, own);
    }
    return flash_error_set(err, FLASH_ERROR_CONFIG, "%s: unknown section; there are %s",
                           loader->where, sections);
}

static bool is_pass_name(const char *name)
{
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-");
    return len > 0 && len < sizeof(((struct flash_config_pair *)0)->name) && name[len] == '\0';
}

/* The pair's place, new when there is none of this name; -1 when all are taken. */
static int pair_place(struct flash_config_passthrough *through, const char *name)
{
    for (int i = 0; i < through->count; i++) {
        if (strcmp(through->pairs[i].name, name) == 0) {
            return i;
        }
    }
    if (through->count == FLASH_CONFIG_PASS) {
        return -1;
    }
    struct flash_config_pair *added = &through->pairs[through->count];
    snprintf(added->name, sizeof(added->name), "%s", name);
    return through->count++;
}

static bool assign_pair_value(struct flash_config_loader *loader, struct flash_config_pair *pair,
                              const char *value, struct flash_error *err)
{
    if (flash_config_pass_secret(pair->name)) {
        struct flash_error reason;
        return flash_config_secret_set(pair->value, sizeof(pair->value), value, &reason) ||
               flash_config_refuse(loader, err, reason.text);
    }
    if (strlen(value) >= sizeof(pair->value) || !flash_config_is_plain(value)) {
        return flash_config_refuse(loader, err, "the value must be at most 255 printable bytes");
    }
    memcpy(pair->value, value, strlen(value) + 1);
    return true;
}

static bool assign_pair(struct flash_config_loader *loader, size_t section,
                        const struct flash_config_setting *setting, struct flash_error *err)
{
    const char *reason = flash_config_pass_refused(setting->name);
    if (!is_pass_name(setting->name)) {
        return flash_config_refuse(loader, err,
                                   "not the name of a librdkafka setting, as in linger.ms");
    }
    if (reason != NULL) {
        return flash_error_set(err, FLASH_ERROR_CONFIG, "%s: cannot be set: %s", loader->where,
                               reason);
    }
    if (flash_config_pass_secret(setting->name) && is_exposed(loader, setting->value)) {
        return flash_config_refuse(loader, err, EXPOSED);
    }
    struct flash_config_passthrough *through =
        flash_config_pass_of(&loader->config, &flash_config_passes[section]);
    int place = pair_place(through, setting->name);
    if (place < 0) {
        return flash_config_refuse(loader, err,
                                   "too many settings: at most 64 are passed to librdkafka");
    }
    if (loader->pair_layer[section][place] == loader->layer) {
        return flash_config_refuse(loader, err, "set twice");
    }
    loader->pair_layer[section][place] = loader->layer;
    return assign_pair_value(loader, &through->pairs[place], setting->value, err);
}

static bool assign_key(struct flash_config_loader *loader, const struct flash_config_key *key,
                       const char *value, struct flash_error *err)
{
    size_t count;
    size_t row = (size_t)(key - flash_config_keys(&count));
    struct flash_error reason;
    if (loader->key_layer[row] == loader->layer) {
        return flash_config_refuse(loader, err, "set twice");
    }
    if (key->type == FLASH_CONFIG_TYPE_SECRET && is_exposed(loader, value)) {
        return flash_config_refuse(loader, err, EXPOSED);
    }
    loader->key_layer[row] = loader->layer;
    return flash_config_value_set(&loader->config, key, value, &reason) ||
           flash_config_refuse(loader, err, reason.text);
}

/* Takes one setting of the layer at hand; loader->where names it. */
bool flash_config_assign(struct flash_config_loader *loader,
                         const struct flash_config_setting *setting, struct flash_error *err)
{
    for (size_t i = 0; i < FLASH_CONFIG_PASS_SECTIONS; i++) {
        if (strcmp(flash_config_passes[i].section, setting->section) == 0) {
            return assign_pair(loader, i, setting, err);
        }
    }
    const struct flash_config_key *key = flash_config_key_find(setting->section, setting->name);
    if (key == NULL) {
        return flash_config_refuse_unknown(loader, setting->section, err);
    }
    return assign_key(loader, key, setting->value, err);
}
