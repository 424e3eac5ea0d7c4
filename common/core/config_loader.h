/* Private to flash_core: a configuration while it is being put together (config.c,
 * config_assign.c). */
#ifndef FLASH_CONFIG_LOADER_H
#define FLASH_CONFIG_LOADER_H

#include "config_keys.h"

enum flash_config_layer {
    FLASH_CONFIG_LAYER_DEFAULT,
    FLASH_CONFIG_LAYER_FILE,
    FLASH_CONFIG_LAYER_ENVIRONMENT,
    FLASH_CONFIG_LAYER_SET,
};

struct flash_config_loader {
    struct flash_config config;
    enum flash_config_layer layer;                            /* the one being read */
    enum flash_config_layer key_layer[FLASH_CONFIG_KEYS_MAX]; /* the one that set a row last */
    enum flash_config_layer pair_layer[FLASH_CONFIG_PASS_SECTIONS][FLASH_CONFIG_PASS];
    char where[160]; /* the setting at hand, as its layer names it: an error starts with it */
};

/* Takes one setting of the layer at hand. False, kind CONFIG: it is unknown, given twice in this
 * layer, not to be changed, or its value is not allowed. */
FLASH_MUST_CHECK bool flash_config_assign(struct flash_config_loader *loader,
                                          const struct flash_config_setting *setting,
                                          struct flash_error *err);
/* Refuses the setting at hand as unknown: says what there is. */
bool flash_config_refuse_unknown(const struct flash_config_loader *loader, const char *section,
                                 struct flash_error *err);
/* Refuses the setting at hand for a reason. */
bool flash_config_refuse(const struct flash_config_loader *loader, struct flash_error *err,
                         const char *reason);

#endif
