/* Loads a configuration in a test. Files are unnamed (memfd) and opened by their descriptor's path.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config_load.h"

enum { ARGS_MAX = 8 };

struct flash_config config;
struct flash_error err;
enum flash_config_action action;

bool load_args(const char *first, ...)
{
    char *argv[ARGS_MAX] = {(char[]){"/usr/sbin/flash-test"}};
    int argc = 1;
    va_list more;
    va_start(more, first);
    for (const char *arg = first; arg != NULL; arg = va_arg(more, const char *)) {
        assert_true(argc < ARGS_MAX);
        argv[argc++] = (char *)(uintptr_t)arg;
    }
    va_end(more);
    memset(&err, 0, sizeof(err));
    return flash_config_load(&config, argc, argv, &action, &err);
}

int file_of(const void *bytes, size_t len, char ret_path[PATH_TEXT])
{
    int fd = memfd_create("ini", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), len);
    snprintf(ret_path, PATH_TEXT, "/proc/self/fd/%d", fd);
    return fd;
}

bool load_file(const char *text)
{
    char path[PATH_TEXT];
    int fd = file_of(text, strlen(text), path);
    bool ok = load_args("--config", path, NULL);
    close(fd);
    return ok;
}

void must(bool ok)
{
    if (!ok) {
        fail_msg("refused: %s", err.text);
    }
}

void refused_with(bool ok, const char *first, ...)
{
    assert_false(ok);
    assert_int_equal(err.kind, FLASH_ERROR_CONFIG);
    va_list more;
    va_start(more, first);
    for (const char *part = first; part != NULL; part = va_arg(more, const char *)) {
        if (strstr(err.text, part) == NULL) {
            fail_msg("no \"%s\" in: %s", part, err.text);
        }
    }
    va_end(more);
}

int empty_environment(void **state)
{
    (void)state;
    return clearenv();
}
