/* A server that is away, in the log: when it goes, with the cause, when the cause becomes another,
 * and when it is back. Each of one thread. */
#ifndef ENGINE_TROUBLE_H
#define ENGINE_TROUBLE_H

#include <stddef.h>

struct flash_trouble {
    const char *away, *back; /* events, static */
    char cause[64];          /* what was said last; "": nothing is amiss */
};

/* What is amiss now ("": nothing). The first cause_len bytes of it tell one cause from another. */
void flash_trouble_tell(struct flash_trouble *trouble, const char *text, size_t cause_len);

#endif
