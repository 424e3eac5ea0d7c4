/* What one thread counted and measured; merged into one for the report. */
#ifndef FLASH_BENCH_TALLY_H
#define FLASH_BENCH_TALLY_H

#include <stddef.h>

#include "flash/state.h"

#include "histogram.h"

/* Words that are counted as they come: types of problems, kinds of failure. The last row takes what
 * has no room. */
#define FLASH_BENCH_WORDS 24
#define FLASH_BENCH_WORD_MAX 32

struct flash_bench_words {
    struct flash_bench_word {
        char text[FLASH_BENCH_WORD_MAX];
        uint64_t count;
    } rows[FLASH_BENCH_WORDS];
    int used;
};

void flash_bench_words_add(struct flash_bench_words *words, const char *text, uint64_t count);
uint64_t flash_bench_words_sum(const struct flash_bench_words *words);

/* Latencies are from the intended start of the operation to the end named. */
enum flash_bench_series {
    FLASH_BENCH_SERIES_ACCEPTED, /* the 202, of however many attempts */
    FLASH_BENCH_SERIES_REFUSED,  /* the refusal */
    FLASH_BENCH_SERIES_STATUS,   /* the answer to a status request */
    FLASH_BENCH_SERIES_WAIT,     /* the answer to a held request */
    FLASH_BENCH_SERIES_PAID,
    FLASH_BENCH_SERIES_CANCELLED,
    FLASH_BENCH_SERIES_CREATED,  /* an order page saw the order no longer QUEUED but CREATED */
    FLASH_BENCH_SERIES_LATENESS, /* mode rate: the first attempt was sent; our own and the queue's
                                    delay */
    FLASH_BENCH_SERIES_COUNT,
};

struct flash_bench_counts {
    uint64_t requests, retries,
        reconnects; /* requests written; those that repeat one; connections opened again */
    uint64_t orders, accepted, units, gave_up,
        unknown; /* orders begun and how they ended (or refused, below) */
    uint64_t changes, paid, cancelled,
        changes_unknown;       /* payments and cancellations begun and how they ended */
    uint64_t unsent;           /* arrivals that the end of sending overtook */
    uint64_t reads, unchanged; /* answers to status and wait requests; 304s of all */
    uint64_t followed, not_followed, polls, unsettled; /* order pages */
    uint64_t wrong;
};

#define FLASH_BENCH_SAMPLES 5
#define FLASH_BENCH_SAMPLE_MAX 600

struct flash_bench_tally {
    struct flash_bench_counts counts;
    struct flash_bench_words refused, errors;
    uint64_t states[FLASH_STATE_COUNT]; /* the first that order pages saw beside QUEUED */
    struct flash_bench_histogram series[FLASH_BENCH_SERIES_COUNT];
    char samples[FLASH_BENCH_SAMPLES][FLASH_BENCH_SAMPLE_MAX]; /* the first wrong answers */
    int sample_count;
    /* While sending lasted, for rates: what came later is no throughput. */
    struct {
        double seconds; /* 0 until sending has ended */
        uint64_t requests, accepted, refused, reads, changed;
    } window;
};

/* Sending has lasted seconds and ends now. Once. */
void flash_bench_tally_close_window(struct flash_bench_tally *tally, double seconds);
/* Adds from to into; the windows' seconds become their mean over `threads`. */
void flash_bench_tally_merge(struct flash_bench_tally *into, const struct flash_bench_tally *from,
                             int threads);

#endif
