/* Lines of progress; see verb_progress.h. A terminal gets one line that is written over, anything
 * else a line every few seconds. */
#include "verb_progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "flash/time.h"
#include "verb.h"

#define TERMINAL_EVERY_US 200000
#define FILE_EVERY_US 5000000

void flash_progress_begin(struct flash_progress *progress, const char *what)
{
    uint64_t now_us = flash_time_monotonic_us();
    *progress = (struct flash_progress){
        .what = what, .began_us = now_us, .said_us = now_us, .terminal = isatty(STDERR_FILENO)};
}

static void say(struct flash_progress *progress, int64_t done, const char *left)
{
    double took_s = (double)(flash_time_monotonic_us() - progress->began_us) / 1e6;
    double rate = took_s > 0 ? (double)done / took_s : 0;
    fprintf(stderr, "%s" FLASH_VERB_PROGRAM ": %" PRId64 " %s in %.1f s, %.0f/s%s",
            progress->line_open ? "\r\x1b[K" : "", done, progress->what, took_s, rate, left);
    progress->line_open = progress->terminal;
    if (!progress->terminal) {
        fputc('\n', stderr);
    }
    fflush(stderr);
}

void flash_progress_step(struct flash_progress *progress, int64_t done, double share)
{
    uint64_t now_us = flash_time_monotonic_us();
    char left[48] = "";
    if (now_us - progress->said_us < (progress->terminal ? TERMINAL_EVERY_US : FILE_EVERY_US)) {
        return;
    }
    progress->said_us = now_us;
    if (share > 0 && share < 1) {
        double took_s = (double)(now_us - progress->began_us) / 1e6;
        snprintf(left, sizeof(left), ", about %.0f s left", took_s * (1 - share) / share);
    }
    say(progress, done, left);
}

void flash_progress_end(struct flash_progress *progress, int64_t done)
{
    say(progress, done, "");
    if (progress->line_open) {
        fputc('\n', stderr);
        progress->line_open = false;
    }
}
