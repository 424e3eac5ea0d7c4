/* The process' time zone; see flash/zone.h. */
#include "flash/zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char FOLDER[] = "/usr/share/zoneinfo";

/* Only names that lead to a file below the folder. */
static bool is_name(const char *name)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-_/";
    return name[0] != '\0' && name[0] != '/' && name[strspn(name, allowed)] == '\0';
}

bool flash_zone_use(const char *name, struct flash_error *err)
{
    char path[160], begin[4] = "";
    bool is_zone = strcmp(name, "UTC") == 0; /* needs no file */
    if (is_name(name) && !is_zone) {
        snprintf(path, sizeof(path), "%s/%.100s", FOLDER, name);
        FILE *file = fopen(path, "re");
        is_zone = file && fread(begin, 1, sizeof(begin), file) == sizeof(begin) &&
                  memcmp(begin, "TZif", sizeof(begin)) == 0;
        if (file) {
            fclose(file);
        }
    }
    if (!is_zone) {
        return flash_error_set(err, FLASH_ERROR_CONFIG,
                               "\"%.40s\" is no zone that this machine knows (package tzdata), as "
                               "in Europe/Berlin",
                               name);
    }
    if (setenv("TZ", name, 1) != 0) {
        return flash_error_set(err, FLASH_ERROR_CONFIG, "the zone cannot be set");
    }
    tzset();
    return true;
}

void flash_zone_read(int64_t at_ms, struct flash_zone_clock *ret_clock)
{
    time_t at_s = (time_t)(at_ms / 1000);
    struct tm tm = {0};
    localtime_r(&at_s, &tm);
    if (strftime(ret_clock->day, sizeof(ret_clock->day), "%Y-%m-%d", &tm) == 0) {
        ret_clock->day[0] = '\0'; /* a year of five digits */
    }
    ret_clock->minute = tm.tm_hour * 60 + tm.tm_min;
}
