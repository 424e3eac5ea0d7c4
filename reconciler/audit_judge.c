/* The equations of one look; see audit_judge.h.
 *
 *   (available − base) in the ledger − the same in Redis
 *                              = Σ open (took + logged) + Σ later logged + Σ late half-way
 *   base in Redis + units of its open takes = Σ the ledger's inflows up to Redis' number
 *
 * took is what a run of reserve has taken in Redis (a release gives nothing back before it is
 * settled), logged what the entry has changed the ledger's available by, 0 without a verdict. An
 * entry of orders that is not open and not later is in both or in none, but for releases that were
 * settled while a late payment stood in front (struct flash_audit_late), and those whose units came
 * back before their own settle: what these could explain is not judged. Takes and inflows change
 * available and base alike. */
#include "audit_judge.h"

#include <assert.h>

#define INFLOW_LATE_MS 5000 /* an inflow that Redis has not applied for longer is told */

static bool takes(const struct flash_audit_entry *entry)
{
    return entry->type == FLASH_ENTRY_RESERVE;
}

/* What is to be known about the entry's part in the sums is known. */
static bool is_known(const struct flash_audit_entry *entry)
{
    if (entry->has_verdict && !entry->logged_known) {
        return false;
    }
    int64_t if_settled = takes(entry) ? -entry->units : 0;
    return entry->sure || !entry->has_verdict || entry->logged == if_settled;
}

/* The entry's part in the difference. */
static int64_t part(const struct flash_audit_entry *entry)
{
    return (takes(entry) ? entry->units : 0) + (entry->has_verdict ? entry->logged : 0);
}

static enum flash_audit_gap find_gap(const struct flash_audit_look *look)
{
    if (look->redis.generation != look->ledger.generation) {
        return FLASH_AUDIT_GAP_GENERATION;
    }
    if (look->ledger.parked > 0) {
        return FLASH_AUDIT_GAP_PARKED;
    }
    bool known = !look->redis.cut && !look->redis.corrupt && !look->ledger.cut;
    for (size_t i = 0; known && i < look->entry_count; i++) {
        known = is_known(&look->entries[i]);
    }
    return known ? FLASH_AUDIT_GAP_NONE : FLASH_AUDIT_GAP_BEHIND;
}

static struct flash_finding about(const struct flash_audit_look *look, enum flash_cause cause,
                                  int64_t quantity)
{
    return (struct flash_finding){
        .cause = cause, .sku = look->sku, .partition = -1, .offset = -1, .quantity = quantity};
}

/* ---- each on its own ---- */

static void judge_ledger(const struct flash_audit_look *look, struct flash_audit_list *list)
{
    const struct flash_audit_ledger *ledger = &look->ledger;
    int64_t off = ledger->available + ledger->reserved + ledger->sold - ledger->base;
    if (off) {
        struct flash_finding finding = about(look, FLASH_CAUSE_COUNTER, off);
        flash_audit_list_add(list, &finding,
                             "stock: available %lld + reserved %lld + sold %lld is not base %lld",
                             (long long)ledger->available, (long long)ledger->reserved,
                             (long long)ledger->sold, (long long)ledger->base);
    }
    off = ledger->available - ledger->log_after;
    if (!ledger->has_log || !ledger->log_follows || off) {
        struct flash_finding finding = about(look, FLASH_CAUSE_LOG, off);
        flash_audit_list_add(list, &finding,
                             "stock_log: its last rows %s, the last leaves %lld, stock has %lld",
                             ledger->log_follows ? "follow" : "do not follow",
                             (long long)ledger->log_after, (long long)ledger->available);
    }
}

static void judge_entries(const struct flash_audit_look *look, struct flash_audit_list *list)
{
    for (size_t i = 0; i < look->entry_count; i++) {
        const struct flash_audit_entry *entry = &look->entries[i];
        if (!entry->passed) {
            continue;
        }
        struct flash_finding finding = about(look, FLASH_CAUSE_UNSETTLED, entry->units);
        finding.has_entry = true;
        finding.entry = entry->id;
        finding.partition = entry->partition;
        finding.offset = entry->offset;
        finding.age_ms = look->redis.now_ms - entry->verdict_ms;
        flash_audit_list_add(list, &finding, "%s entry %s is in the journal, the ledger has its %s",
                             flash_entry_type_name(entry->type), entry->stream,
                             entry->fenced ? "fence" : "verdict and settled it");
    }
}

static void judge_inflows(const struct flash_audit_look *look, struct flash_audit_list *list)
{
    const struct flash_audit_ledger *ledger = &look->ledger;
    int64_t age_ms = look->redis.now_ms - ledger->pending_since_ms;
    if (ledger->pending > 0 && age_ms >= INFLOW_LATE_MS) {
        struct flash_finding finding = about(look, FLASH_CAUSE_INFLOW, ledger->pending_units);
        finding.age_ms = age_ms;
        flash_audit_list_add(list, &finding, "Redis has not applied %lld inflows from number %lld",
                             (long long)ledger->pending, (long long)ledger->pending_first);
    }
}

/* ---- across ---- */

static void judge_base(const struct flash_audit_look *look, struct flash_audit_list *list)
{
    int64_t off = look->redis.base + look->redis.taken - look->ledger.inflows;
    if (off) {
        struct flash_finding finding = about(look, FLASH_CAUSE_INFLOW, off);
        flash_audit_list_add(list, &finding,
                             "base in Redis is %lld, %lld are taken, its inflows sum up to %lld",
                             (long long)look->redis.base, (long long)look->redis.taken,
                             (long long)look->ledger.inflows);
    }
}

/* What the ledger has given back by open entries: Redis may have it already, by the settle of
 * another entry of the same order, or of a copy of the message. */
static int64_t given_back(const struct flash_audit_look *look, bool passed_only)
{
    int64_t sum = 0;
    for (size_t i = 0; i < look->entry_count; i++) {
        const struct flash_audit_entry *entry = &look->entries[i];
        sum += entry->has_verdict && (entry->passed || !passed_only) ? part(entry) : 0;
    }
    return sum;
}

/* Redis should have given expected units to orders, and has given held. */
static enum flash_audit_gap judge_drift(const struct flash_audit_look *look, int64_t expected,
                                        int64_t held, struct flash_audit_list *list)
{
    int64_t off = expected - held;
    if (off == 0 || off == given_back(look, true)) {
        return FLASH_AUDIT_GAP_NONE;
    }
    if (off > 0 && off <= given_back(look, false)) {
        return FLASH_AUDIT_GAP_BEHIND;
    }
    enum flash_cause cause = off > 0 ? FLASH_CAUSE_DRIFT_UP : FLASH_CAUSE_DRIFT_DOWN;
    struct flash_finding finding = about(look, cause, off);
    flash_audit_list_add(list, &finding,
                         "Redis has given %lld units to orders; by the ledger and what is on its "
                         "way it should have given %lld",
                         (long long)held, (long long)expected);
    return FLASH_AUDIT_GAP_NONE;
}

static enum flash_audit_gap judge_units(const struct flash_audit_look *look,
                                        struct flash_audit_list *list)
{
    int64_t apart = look->ledger.later;
    for (size_t i = 0; i < look->entry_count; i++) {
        apart += part(&look->entries[i]);
    }
    for (int i = 0; i < look->late_count; i++) {
        apart += look->lates[i].release_open ? 0 : look->lates[i].units;
    }
    return judge_drift(look, look->ledger.base - look->ledger.available + apart,
                       look->redis.base - look->redis.available, list);
}

enum flash_audit_gap flash_audit_judge(const struct flash_audit_look *look,
                                       struct flash_audit_list *list)
{
    judge_ledger(look, list);
    if (look->redis.absent) {
        struct flash_finding finding = about(look, FLASH_CAUSE_FORGOTTEN, 0);
        flash_audit_list_add(list, &finding, "Redis does not have the SKU");
        return FLASH_AUDIT_GAP_NONE;
    }
    if (look->redis.corrupt) {
        struct flash_finding finding = about(look, FLASH_CAUSE_DEAD, 0);
        flash_audit_list_add(list, &finding, "%lld entries of the journal cannot be read",
                             (long long)look->redis.corrupt);
    }
    enum flash_audit_gap gap = find_gap(look);
    if (gap == FLASH_AUDIT_GAP_GENERATION) {
        return gap;
    }
    judge_entries(look, list);
    judge_inflows(look, list);
    judge_base(look, list);
    return gap == FLASH_AUDIT_GAP_NONE ? judge_units(look, list) : gap;
}

const char *flash_audit_gap_name(enum flash_audit_gap gap)
{
    static const char *const names[FLASH_AUDIT_GAP_COUNT] = {
        [FLASH_AUDIT_GAP_NONE] = "",
        [FLASH_AUDIT_GAP_GENERATION] = "generation",
        [FLASH_AUDIT_GAP_BEHIND] = "behind",
        [FLASH_AUDIT_GAP_PARKED] = "parked",
    };
    assert(gap >= 0 && gap < FLASH_AUDIT_GAP_COUNT);
    return names[gap];
}
