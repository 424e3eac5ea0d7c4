/* Fuzzes the configuration file. What is refused says why in one line; what is accepted can be
 * printed, and the print shows no secret. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "flash/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
    if (!ok) {
        abort();
    }
}

static void print(const struct flash_config *config)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    check(out);
    flash_config_print(config, out);
    check(fclose(out) == 0 && len > 0);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct flash_config config;
    enum flash_config_action action;
    struct flash_error err = {0};
    char path[32], name[] = "flash-fuzz", option[] = "--config";
    int fd = memfd_create("ini", MFD_CLOEXEC);
    check(fd >= 0 && write(fd, data, size) == (ssize_t)size);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    char *const argv[] = {name, option, path, NULL};
    if (flash_config_load(&config, 3, argv, &action, &err)) {
        print(&config);
    } else {
        check(err.kind == FLASH_ERROR_CONFIG && err.text[0] && !strchr(err.text, '\n'));
    }
    close(fd);
    return 0;
}
