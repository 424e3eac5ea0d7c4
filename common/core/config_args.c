/* Reads a daemon's command line, and answers --help from the table of keys.
 *
 * The same argv is read again on every reload, so nothing is remembered here and argv is not
 * changed. */
#include <stdio.h>
#include <string.h>

#include "config_keys.h"

#define ALLOWED "--config FILE, --set section.key=value, --check-config, --help, --version"

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* The options still to be read. */
struct cursor {
    int next, argc;
    char *const *argv;
};

/* Whether the next argument is this option; its value is the text behind "=", or the argument after
 * it. *ret_value is NULL when the value is missing. */
static bool take_valued(struct cursor *cursor, const char *option, const char **ret_value)
{
    const char *arg = cursor->argv[cursor->next];
    size_t len = strlen(option);
    if (strncmp(arg, option, len) != 0 || (arg[len] != '\0' && arg[len] != '=')) {
        return false;
    }
    cursor->next++;
    if (arg[len] == '=') {
        *ret_value = arg + len + 1;
    } else if (cursor->next < cursor->argc) {
        *ret_value = cursor->argv[cursor->next++];
    } else {
        *ret_value = NULL;
    }
    return true;
}

/* --help, --version, --check-config: the first of them counts. */
static bool take_question(struct cursor *cursor, struct flash_config_args *args)
{
    static const char *const options[] = {
        [FLASH_CONFIG_ASK_RUN] = "",
        [FLASH_CONFIG_ASK_CHECK] = "--check-config",
        [FLASH_CONFIG_ASK_HELP] = "--help",
        [FLASH_CONFIG_ASK_VERSION] = "--version",
    };
    for (int ask = FLASH_CONFIG_ASK_CHECK; ask <= FLASH_CONFIG_ASK_VERSION; ask++) {
        if (strcmp(cursor->argv[cursor->next], options[ask]) == 0) {
            cursor->next++;
            if (args->ask == FLASH_CONFIG_ASK_RUN) {
                args->ask = ask;
            }
            return true;
        }
    }
    return false;
}

static bool add_file(struct flash_config_args *args, const char *file, struct flash_error *err)
{
    if (file == NULL || *file == '\0') {
        return flash_error_set(err, FLASH_ERROR_CONFIG, "--config: needs a file");
    }
    if (args->file != NULL) {
        return flash_error_set(err, FLASH_ERROR_CONFIG, "--config: given twice; one file is read");
    }
    args->file = file;
    return true;
}

static bool add_set(struct flash_config_args *args, const char *set, struct flash_error *err)
{
    if (set == NULL) {
        return flash_error_set(err, FLASH_ERROR_CONFIG, "--set: needs section.key=value");
    }
    if (args->set_count == FLASH_CONFIG_SETS_MAX) {
        return flash_error_set(err, FLASH_ERROR_CONFIG, "--set: at most %d times; use a file",
                               FLASH_CONFIG_SETS_MAX);
    }
    args->sets[args->set_count++] = set;
    return true;
}

bool flash_config_args_parse(struct flash_config_args *ret_args, int argc, char *const argv[],
                             struct flash_error *err)
{
    struct flash_config_args args = {.program = argc > 0 ? name_of(argv[0]) : "flashgate"};
    struct cursor cursor = {.next = 1, .argc = argc, .argv = argv};
    while (cursor.next < argc) {
        const char *value;
        bool ok;
        if (take_valued(&cursor, "--config", &value)) {
            ok = add_file(&args, value, err);
        } else if (take_valued(&cursor, "--set", &value)) {
            ok = add_set(&args, value, err);
        } else {
            ok =
                take_question(&cursor, &args) ||
                flash_error_set(err, FLASH_ERROR_CONFIG, "argument \"%.60s\": unknown; allowed: %s",
                                argv[cursor.next], ALLOWED);
        }
        if (!ok) {
            return false;
        }
    }
    *ret_args = args;
    return true;
}

static void help_key(const struct flash_config_key *key, FILE *out)
{
    char allowed[FLASH_CONFIG_VALUE_TEXT];
    flash_config_value_allowed(key, allowed);
    fprintf(out, "  %-28s %-16s %s (%s)\n", key->name,
            key->fallback[0] != '\0' ? key->fallback : "-", key->help, allowed);
}

void flash_config_help(const char *program, FILE *out)
{
    fprintf(out,
            "usage: %s [--config FILE] [--set SECTION.KEY=VALUE]...\n"
            "\n"
            "  --config FILE            settings, as an INI file\n"
            "  --set SECTION.KEY=VALUE  one setting; wins over the environment and the file\n"
            "  --check-config           print the settings in effect as an INI file, and exit\n"
            "  --help, --version\n"
            "\n"
            "A setting is taken from --set, else from the environment as FLASH_SECTION_KEY, else\n"
            "from the file, else it has its default. Durations carry a unit: us, ms, s, min, h.\n"
            "Secrets may be @/path, a file's first line; on the command line they must be.\n"
            "SIGHUP reads log.level again (flash-engine: its limits, too).\n"
            "\n"
            "example: %s --config /etc/flashgate/flash.conf --set engine.workers=4\n"
            "\n"
            "key, default, meaning (what is allowed):\n",
            program, program);
    size_t count;
    const struct flash_config_key *keys = flash_config_keys(&count);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || strcmp(keys[i].section, keys[i - 1].section) != 0) {
            fprintf(out, "\n[%s]\n", keys[i].section);
        }
        help_key(&keys[i], out);
    }
    fprintf(out, "\n[kafka.producer] and [kafka.consumer] take librdkafka's own settings, but for "
                 "those\nthe protocol depends on.\n");
}
