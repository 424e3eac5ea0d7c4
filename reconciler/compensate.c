/* From candidates to FENCED and back in stock; see compensate.h. */
#include "compensate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flash/fault.h"
#include "flash/time.h"
#include "guard.h"
#include "reconcile_internal.h"

#define CANDIDATES_MAX 4096
#define CANDIDATE_BYTES_MAX (16 << 20) /* of their values */

struct candidate {
    int64_t sku;
    int64_t age_ms;
    struct flash_page_entry entry; /* its value is a copy */
};

struct flash_compensation {
    struct flash_fence *fence;
    int64_t wanted; /* also those there was no room for */
    int count;
    size_t bytes;
    struct candidate candidates[CANDIDATES_MAX];
};

bool flash_compensation_new(struct flash_mysql *mysql, struct flash_compensation **ret_compensation,
                            struct flash_error *err)
{
    struct flash_compensation *compensation = calloc(1, sizeof(*compensation));
    if (!compensation) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "compensate: out of memory");
    }
    if (!flash_fence_new(mysql, &compensation->fence, err)) {
        free(compensation);
        return false;
    }
    *ret_compensation = compensation;
    return true;
}

void flash_compensation_begin(struct flash_compensation *compensation)
{
    for (int i = 0; i < compensation->count; i++) {
        free((char *)compensation->candidates[i].entry.value.at);
    }
    compensation->count = 0;
    compensation->wanted = 0;
    compensation->bytes = 0;
}

void flash_compensation_free(struct flash_compensation *compensation)
{
    if (compensation) {
        flash_compensation_begin(compensation);
        flash_fence_free(compensation->fence);
        free(compensation);
    }
}

void flash_compensation_add(struct flash_compensation *compensation, int64_t sku,
                            const struct flash_page_entry *entry, int64_t age_ms)
{
    compensation->wanted++;
    size_t len = entry->value.len;
    char *copy =
        compensation->count < CANDIDATES_MAX && compensation->bytes + len <= CANDIDATE_BYTES_MAX
            ? malloc(len + 1)
            : NULL;
    if (!copy) {
        return;
    }
    memcpy(copy, entry->value.at, len);
    struct candidate *candidate = &compensation->candidates[compensation->count++];
    *candidate = (struct candidate){.sku = sku, .age_ms = age_ms, .entry = *entry};
    candidate->entry.value = (struct flash_text){copy, len};
    compensation->bytes += len;
}

/* ---- one group ---- */

static void tell(struct flash_pass *pass, const struct candidate *candidate,
                 enum flash_finding_state state, const char *detail)
{
    bool unproven = pass->options->unproven;
    struct flash_finding finding = flash_pass_finding(
        candidate->sku, &candidate->entry, unproven ? FLASH_CAUSE_LATE : FLASH_CAUSE_LOST);
    finding.state = state;
    finding.age_ms = candidate->age_ms;
    const char *why = state == FLASH_FINDING_REFUSED ? "" /* the guard says it */
                      : unproven                     ? "not proven lost: "
                                                     : "lost twice: ";
    snprintf(finding.detail, sizeof(finding.detail), "%s%s", why, detail);
    flash_pass_found(pass, &finding);
}

/* Redis is told of the fence that was committed. What fails here is found FENCED by the next pass.
 */
static void give_back(struct flash_pass *pass, const struct candidate *candidates, int count)
{
    struct flash_page_entry entries[FLASH_FENCE_ENTRIES];
    struct flash_adopt_work work = {.sku = candidates->sku,
                                    .generation = pass->done->generation,
                                    .entries = entries,
                                    .count = count,
                                    .found = flash_pass_relay,
                                    .arg = pass};
    int64_t settled;
    for (int i = 0; i < count; i++) {
        entries[i] = candidates[i].entry;
        entries[i].verdict = FLASH_PAGE_FENCED;
    }
    enum flash_adopt_end end =
        flash_adopt(pass->reconcile->adopter, &work, &settled, &pass->done->err);
    FLASH_FAULT("reconcile.adopted");
    for (int i = 0; i < count; i++) {
        tell(pass, &candidates[i], FLASH_FINDING_APPLIED,
             end == FLASH_ADOPT_DONE
                 ? "given up, its orders are FAILED (lost), units and limits are back"
                 : "given up in the ledger; Redis is told in the next pass");
    }
}

/* Fences what fits of the candidates from `from` on, all of one SKU; returns one past the last. */
static int fence_group(struct flash_compensation *compensation, struct flash_pass *pass, int from,
                       int end)
{
    const struct candidate *candidates = compensation->candidates;
    struct flash_fence *fence = compensation->fence;
    int to = from;
    flash_fence_begin(fence, candidates[from].sku, pass->done->generation);
    while (to < end && candidates[to].sku == candidates[from].sku &&
           flash_fence_add(fence, &candidates[to].entry)) {
        to++;
    }
    FLASH_FAULT("reconcile.before_fence");
    enum flash_fence_outcome outcome =
        flash_fence_write(fence, (int64_t)flash_time_wall_ms(), &pass->done->err);
    if (outcome == FLASH_FENCE_COMMITTED) {
        FLASH_FAULT("reconcile.fenced");
        pass->done->compensated += to - from;
        pass->done->lost_orders += flash_fence_lines(fence);
        give_back(pass, &candidates[from], to - from);
        return to;
    }
    pass->writable = outcome == FLASH_FENCE_OUTRUN;
    for (int i = from; i < to; i++) {
        tell(pass, &candidates[i], FLASH_FINDING_OPEN,
             pass->writable ? "another was faster with its verdict"
                            : "the ledger failed, so nothing is known to be done");
    }
    return to;
}

/* ---- the guard ---- */

static struct flash_guard_word ask_guard(const struct flash_compensation *compensation,
                                         const struct flash_pass *pass)
{
    const struct flash_config *config = pass->reconcile->config;
    int64_t now_ms = (int64_t)(flash_time_monotonic_us() / 1000);
    const struct flash_guard_limits limits = {
        .percent = config->reconciler.guard_percent,
        .floor = config->reconciler.guard_floor,
        .entries = config->reconciler.guard_entries,
    };
    const struct flash_guard_facts facts = {
        .wanted = compensation->wanted,
        .entries = pass->done->entries,
        .ledger_sound = pass->writable,
        .consumer_moves = flash_markers_consumer_moves(pass->reconcile->markers, now_ms),
        .forced = pass->options->force,
        .unproven = pass->options->unproven,
    };
    struct flash_guard_word word;
    flash_guard_decide(&limits, &facts, &word);
    return word;
}

void flash_compensation_act(struct flash_compensation *compensation, struct flash_pass *pass)
{
    struct flash_guard_word word = ask_guard(compensation, pass);
    int allowed = word.allowed < compensation->count ? (int)word.allowed : compensation->count;
    int i = 0;
    while (i < allowed && pass->writable && flash_pass_keep_lease(pass)) {
        i = fence_group(compensation, pass, i, allowed);
    }
    for (; i < compensation->count; i++) {
        if (flash_proof_first_said(pass->reconcile->proof, &compensation->candidates[i].entry.id,
                                   FLASH_PROOF_SAID_REFUSED)) {
            tell(pass, &compensation->candidates[i],
                 word.stopped ? FLASH_FINDING_REFUSED : FLASH_FINDING_OPEN,
                 word.stopped ? word.reason : "the pass was broken off before its turn");
        }
    }
    if (word.stopped) {
        pass->done->end = FLASH_RECONCILE_GUARD;
        flash_error_set(&pass->done->err, FLASH_ERROR_RETRY, "%s", word.reason);
    }
}
