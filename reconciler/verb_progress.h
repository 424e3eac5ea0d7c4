/* How far a long run has come, on stderr: so many done, how fast, how long it will take. */
#ifndef RECONCILER_VERB_PROGRESS_H
#define RECONCILER_VERB_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct flash_progress {
    const char *what; /* "entries compared" (borrowed) */
    uint64_t began_us, said_us;
    bool terminal, line_open;
};

void flash_progress_begin(struct flash_progress *progress, const char *what);
/* As often as one likes; a line now and then. share: of all the work, 0 to 1; 0: not known. */
void flash_progress_step(struct flash_progress *progress, int64_t done, double share);
/* The last line. */
void flash_progress_end(struct flash_progress *progress, int64_t done);

#endif
