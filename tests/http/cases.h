/* Raw requests and what becomes of each: the table that the pure tests and the socket tests both
 * walk. */
#ifndef TESTS_HTTP_CASES_H
#define TESTS_HTTP_CASES_H

#include <stdbool.h>
#include <stddef.h>

struct raw_case {
    const char *name;
    const char *bytes;
    size_t len;
    int status;  /* 200: handed to the handler */
    bool closes; /* the connection ends after the answer */
    const char
        *fill; /* "@" in bytes stands for this text, times over; NULL: it stands for itself */
    int times;
    const char *echo; /* what harness_echo answers; NULL: not compared */
};

extern const struct raw_case raw_cases[];
extern const size_t raw_case_count;

#define RAW_MAX 16384
/* Writes the case's bytes with its filling, at most RAW_MAX. Returns their length. */
size_t raw_case_bytes(const struct raw_case *raw, char *ret_bytes);

#endif
