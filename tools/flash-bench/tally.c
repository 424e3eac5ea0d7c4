/* Counting words and merging what the threads counted; see tally.h. */
#include "tally.h"

#include <stdio.h>
#include <string.h>

void flash_bench_words_add(struct flash_bench_words *words, const char *text, uint64_t count)
{
    for (int i = 0; i < words->used; i++) {
        if (strcmp(words->rows[i].text, text) == 0) {
            words->rows[i].count += count;
            return;
        }
    }
    if (words->used == FLASH_BENCH_WORDS - 1) {
        text = "other";
    }
    int row = words->used < FLASH_BENCH_WORDS ? words->used++ : FLASH_BENCH_WORDS - 1;
    snprintf(words->rows[row].text, FLASH_BENCH_WORD_MAX, "%s", text);
    words->rows[row].count += count;
}

uint64_t flash_bench_words_sum(const struct flash_bench_words *words)
{
    uint64_t sum = 0;
    for (int i = 0; i < words->used; i++) {
        sum += words->rows[i].count;
    }
    return sum;
}

static void merge_words(struct flash_bench_words *into, const struct flash_bench_words *from)
{
    for (int i = 0; i < from->used; i++) {
        flash_bench_words_add(into, from->rows[i].text, from->rows[i].count);
    }
}

void flash_bench_tally_close_window(struct flash_bench_tally *tally, double seconds)
{
    tally->window.seconds = seconds;
    tally->window.requests = tally->counts.requests;
    tally->window.accepted = tally->counts.accepted;
    tally->window.refused = flash_bench_words_sum(&tally->refused);
    tally->window.reads = tally->counts.reads;
    tally->window.changed = tally->counts.paid + tally->counts.cancelled;
}

/* Every member of the counts is a uint64_t, so they add up as an array. */
static void merge_counts(struct flash_bench_counts *into, const struct flash_bench_counts *from)
{
    enum { MEMBERS = sizeof(*into) / sizeof(uint64_t) };
    uint64_t sums[MEMBERS], more[MEMBERS];
    memcpy(sums, into, sizeof(sums));
    memcpy(more, from, sizeof(more));
    for (int i = 0; i < MEMBERS; i++) {
        sums[i] += more[i];
    }
    memcpy(into, sums, sizeof(sums));
}

void flash_bench_tally_merge(struct flash_bench_tally *into, const struct flash_bench_tally *from,
                             int threads)
{
    merge_counts(&into->counts, &from->counts);
    merge_words(&into->refused, &from->refused);
    merge_words(&into->errors, &from->errors);
    for (int i = 0; i < FLASH_STATE_COUNT; i++) {
        into->states[i] += from->states[i];
    }
    for (int i = 0; i < FLASH_BENCH_SERIES_COUNT; i++) {
        flash_bench_histogram_merge(&into->series[i], &from->series[i]);
    }
    for (int i = 0; i < from->sample_count && into->sample_count < FLASH_BENCH_SAMPLES; i++) {
        memcpy(into->samples[into->sample_count++], from->samples[i], FLASH_BENCH_SAMPLE_MAX);
    }
    into->window.seconds += from->window.seconds / threads;
    into->window.requests += from->window.requests;
    into->window.accepted += from->window.accepted;
    into->window.refused += from->window.refused;
    into->window.reads += from->window.reads;
    into->window.changed += from->window.changed;
}
