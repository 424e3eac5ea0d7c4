/* What went wrong, and what the caller may do about it.
 *
 * A function that can fail returns a must-check bool and fills a struct flash_error; outcomes (sold
 * out, limit reached) are values, never errors. Floors 1 and 2 never log and never exit: a daemon
 * logs a failure once. */
#ifndef FLASH_ERROR_H
#define FLASH_ERROR_H

#include <stdbool.h>

#define FLASH_MUST_CHECK __attribute__((warn_unused_result))

enum flash_error_kind {
    FLASH_ERROR_NONE = 0,
    FLASH_ERROR_CONFIG,  /* a setting or argument is wrong: say so and exit */
    FLASH_ERROR_RETRY,   /* a part is away or busy and nothing happened: try again later */
    FLASH_ERROR_UNKNOWN, /* it may have happened (a lost reply, a lost COMMIT): only an idempotent
                            repeat may follow */
    FLASH_ERROR_DATA,    /* this input can never succeed: quarantine it and go on */
    FLASH_ERROR_BUG,     /* a promise of ours is broken: stop this unit of work and report */
};

struct flash_error {
    enum flash_error_kind kind;
    char text[256]; /* one line for a person, no trailing newline, never a secret */
};

/* Fills *err (may be NULL) and returns false, so that `return flash_error_set(...)` reads as the
 * failure it is. */
__attribute__((format(printf, 3, 4))) bool
flash_error_set(struct flash_error *err, enum flash_error_kind kind, const char *format, ...);

/* The kind's word: "config", "retry", "unknown", "data", "bug", "none". Static. */
const char *flash_error_kind_name(enum flash_error_kind kind);

#endif
