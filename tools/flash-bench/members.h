/* Walks the top members of one JSON object without allocating: what the check of an answer needs,
 * at 0.1 µs an answer.
 *
 * Strict about what it walks (RFC 8259 structure); nested values are skipped by counting brackets;
 * strings come as they are written, escapes undecoded, which suffices because ids, states and
 * problem types need none. Pure. */
#ifndef FLASH_BENCH_MEMBERS_H
#define FLASH_BENCH_MEMBERS_H

#include "flash/ids.h"

enum flash_bench_member_type {
    FLASH_BENCH_STRING, /* value is between the quotes */
    FLASH_BENCH_NUMBER, /* an integer or not: as written */
    FLASH_BENCH_OTHER,  /* true, false, null, an object or an array: as written */
};

/* Texts are borrowed from the object's bytes. */
struct flash_bench_member {
    struct flash_text name, value;
    enum flash_bench_member_type type;
};

struct flash_bench_members {
    const char *at, *end;
    int count; /* members so far; -1 once the end or an error was met */
};

struct flash_bench_members flash_bench_members_of(struct flash_text object);

enum flash_bench_walk {
    FLASH_BENCH_MEMBER, /* *ret_member is filled */
    FLASH_BENCH_END,    /* the object ended and so did its bytes */
    FLASH_BENCH_MALFORMED,
};

enum flash_bench_walk flash_bench_members_next(struct flash_bench_members *members,
                                               struct flash_bench_member *ret_member);

#endif
