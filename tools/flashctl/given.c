/* Reads profiles; see given.h. What a profile may say are the options marked so, under the names
 * they have on the command line. */
#include "given.h"

#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "values.h"

#define PATH_LEN 4096
#define VALUE_LEN 1024

static char kept[FLASH_CTL_OPTION_COUNT][VALUE_LEN];

struct reading {
    struct flash_ctl_given *given;
    const char *path;
    struct flash_error *err;
    bool failed;
};

static int refuse(struct reading *reading, const char *name, const char *why)
{
    reading->failed = true;
    (void)flash_error_set(reading->err, FLASH_ERROR_CONFIG, "%.150s: %.40s: %s", reading->path,
                          name, why);
    return 0; /* inih's word for stop */
}

/* A file's name in it counts from the home folder if it begins with "~/". */
static void keep(int option, const char *value)
{
    const char *home = getenv("HOME");
    bool tilde = flash_ctl_options[option].kind == FLASH_CTL_KIND_FILE && home &&
                 strncmp(value, "~/", 2) == 0;
    snprintf(kept[option], VALUE_LEN, "%s%s", tilde ? home : "", tilde ? value + 1 : value);
}

static int take_line(void *arg, const char *section, const char *name, const char *value)
{
    struct reading *reading = arg;
    for (int i = 1; section[0] == '\0' && i < FLASH_CTL_OPTION_COUNT; i++) {
        const struct flash_ctl_option_row *row = &flash_ctl_options[i];
        if (!row->profile || strcmp(row->name, name) != 0) {
            continue;
        }
        if (reading->given->values[i]) {
            return refuse(reading, name, "given twice");
        }
        if (strlen(value) >= VALUE_LEN / 2 || !flash_ctl_value_fits(row->kind, value, row->words)) {
            const char *allowed = row->words ? row->words : flash_ctl_value_allowed(row->kind);
            char why[200];
            snprintf(why, sizeof(why), "not %s%s", row->words ? "one of " : "", allowed);
            return refuse(reading, name, why);
        }
        keep(i, value);
        reading->given->values[i] = kept[i];
        return 1;
    }
    return refuse(reading, section[0] ? section : name, "nothing a profile may say");
}

static bool path_of(const char *name, char path[PATH_LEN], struct flash_error *err)
{
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    bool own = config && config[0] == '/';
    int len = snprintf(path, PATH_LEN, "%s%s/flashctl/%s.conf",
                       own    ? config
                       : home ? home
                              : "",
                       own ? "" : "/.config", name);
    return len < PATH_LEN || flash_error_set(err, FLASH_ERROR_CONFIG, "--profile: too long a path");
}

/* A profile says where tokens are sent, so nobody else may write it. */
static bool is_ours(FILE *file, const char *path, struct flash_error *err)
{
    struct stat about;
    if (fstat(fileno(file), &about) != 0 || !S_ISREG(about.st_mode)) {
        return flash_error_set(err, FLASH_ERROR_CONFIG, "%.200s is not a file", path);
    }
    if ((about.st_mode & 022) || (about.st_uid != geteuid() && about.st_uid != 0)) {
        return flash_error_set(err, FLASH_ERROR_CONFIG,
                               "%.200s: others may write it (chmod 600 helps)", path);
    }
    return true;
}

static bool read_file(FILE *file, const char *path, struct flash_ctl_given *given,
                      struct flash_error *err)
{
    struct reading reading = {.given = given, .path = path, .err = err};
    if (!is_ours(file, path, err)) {
        return false;
    }
    int line = ini_parse_file(file, take_line, &reading);
    if (reading.failed) {
        return false;
    }
    return line == 0 || flash_error_set(err, FLASH_ERROR_CONFIG,
                                        "%.200s:%d: not \"option = value\"", path, line);
}

bool flash_ctl_given_load(const struct flash_ctl_command *command,
                          struct flash_ctl_given *ret_given, bool *ret_found,
                          struct flash_error *err)
{
    const char *environment = getenv("FLASHCTL_PROFILE");
    const char *name = command->values[FLASH_CTL_PROFILE];
    struct flash_ctl_given given = {.named = false};
    char path[PATH_LEN];
    name = name ? name : environment && environment[0] ? environment : NULL;
    given.named = name != NULL;
    if (name && !flash_ctl_value_fits(FLASH_CTL_KIND_PROFILE, name, NULL)) {
        return flash_error_set(err, FLASH_ERROR_CONFIG, "--profile %.80s: not %s", name,
                               flash_ctl_value_allowed(FLASH_CTL_KIND_PROFILE));
    }
    if (!path_of(name ? name : "default", path, err)) {
        return false;
    }
    FILE *file = fopen(path, "re");
    if (!file) {
        *ret_found = false;
        return (!name && (errno == ENOENT || errno == ENOTDIR)) ||
               flash_error_set(err, FLASH_ERROR_CONFIG, "no profile %.64s: %.200s: %s",
                               name ? name : "default", path, strerror(errno));
    }
    bool ok = read_file(file, path, &given, err);
    fclose(file);
    *ret_given = given;
    *ret_found = true;
    return ok;
}
