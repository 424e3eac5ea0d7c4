/* JSON lines on standard error, one event a line:
 * {"ts":"…Z","level":"info","daemon":"…","event":"…",…}.
 *
 * Values are escaped (controls, 0x7f, invalid UTF-8: CWE-117) and cut at 512 bytes. Writing never
 * blocks the caller for long: a line that does not go out whole at once is dropped and counted
 * (flash_log_dropped, metric flash_log_dropped_total). Thread-safe. */
#ifndef FLASH_LOG_H
#define FLASH_LOG_H

#include <stdint.h>

#include "flash/error.h"

enum flash_log_level {
    FLASH_LOG_DEBUG,
    FLASH_LOG_INFO,
    FLASH_LOG_WARN,
    FLASH_LOG_ERROR,
};

struct flash_log_field {
    const char *key;
    enum { FLASH_LOG_FIELD_TEXT, FLASH_LOG_FIELD_INT } type;
    const char *text; /* borrowed for the call */
    int64_t number;
};

#define FLASH_TEXT(k, v)                                                                           \
    ((struct flash_log_field){.key = (k), .type = FLASH_LOG_FIELD_TEXT, .text = (v)})
#define FLASH_INT(k, v)                                                                            \
    ((struct flash_log_field){.key = (k), .type = FLASH_LOG_FIELD_INT, .number = (v)})

/* Before the first line, from main: the daemon's name (borrowed for ever) and the lowest level
 * written. */
void flash_log_init(const char *daemon, enum flash_log_level level);
/* Changes the level while running (SIGHUP). */
void flash_log_set_level(enum flash_log_level level);
void flash_log_write(enum flash_log_level level, const char *event,
                     const struct flash_log_field *fields, int count);
uint64_t flash_log_dropped(void);

/* FLASH_LOG(WARN, "redis.lost", FLASH_TEXT("reason", err.text), FLASH_INT("in_flight", n)); at
 * least one field. */
#define FLASH_LOG(level, event, ...)                                                               \
    flash_log_write(FLASH_LOG_##level, (event), (const struct flash_log_field[]){__VA_ARGS__},     \
                    (int)(sizeof((const struct flash_log_field[]){__VA_ARGS__}) /                  \
                          sizeof(struct flash_log_field)))

#endif
