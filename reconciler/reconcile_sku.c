/* One SKU's journal in a pass: page by page, what has its verdict is settled, and of what has none
 * the proof says what to do; see reconcile.h. */
#include <stdio.h>
#include <string.h>

#include "flash/fault.h"
#include "flash/time.h"
#include "publish.h"
#include "reconcile_internal.h"

#define LATE_SAID_MAX 100 /* late entries an acting pass tells about */

static int64_t now_ms(void)
{
    return (int64_t)(flash_time_monotonic_us() / 1000);
}

/* ---- with verdict ---- */

static void tell_settled(struct flash_pass *pass, const struct flash_page_entry *entry, bool told)
{
    struct flash_page *page = &pass->reconcile->page;
    struct flash_finding finding = flash_pass_finding(page->sku, entry, FLASH_CAUSE_UNSETTLED);
    finding.state = told ? FLASH_FINDING_APPLIED : FLASH_FINDING_OPEN;
    finding.age_ms = flash_page_age_ms(page, entry);
    snprintf(finding.detail, sizeof(finding.detail), "the ledger has %s it; %s",
             entry->verdict == FLASH_PAGE_FENCED ? "fenced" : "applied",
             told ? "Redis was told" : "Redis does not know yet");
    flash_pass_found(pass, &finding);
}

static enum flash_adopt_end settle(struct flash_pass *pass, int64_t *ret_settled)
{
    struct flash_page *page = &pass->reconcile->page;
    const struct flash_adopt_work work = {.sku = page->sku,
                                          .generation = pass->done->generation,
                                          .entries = page->entries,
                                          .count = page->count,
                                          .found = flash_pass_relay,
                                          .arg = pass};
    return flash_adopt(pass->reconcile->adopter, &work, ret_settled, &pass->done->err);
}

static void note_open(struct flash_pass *pass, const struct flash_page_entry *entry)
{
    int64_t age_ms = flash_page_age_ms(&pass->reconcile->page, entry);
    if (age_ms > pass->done->oldest_ms) {
        pass->done->oldest_ms = age_ms;
    }
}

static enum flash_adopt_end settle_page(struct flash_pass *pass)
{
    struct flash_page *page = &pass->reconcile->page;
    enum flash_adopt_end end = FLASH_ADOPT_DONE;
    int64_t settled = 0, judged = 0;
    for (int i = 0; i < page->count; i++) {
        judged += page->entries[i].verdict != FLASH_PAGE_NONE;
    }
    if (judged && flash_pass_acts(pass)) {
        end = settle(pass, &settled);
    }
    pass->done->settled += flash_pass_acts(pass) ? settled : judged;
    for (int i = 0; i < page->count; i++) {
        const struct flash_page_entry *entry = &page->entries[i];
        if (entry->verdict != FLASH_PAGE_NONE) {
            bool told = flash_pass_acts(pass) && end == FLASH_ADOPT_DONE;
            tell_settled(pass, entry, told);
            if (!told) {
                note_open(pass, entry);
            }
        }
    }
    return end;
}

/* ---- without ---- */

static void tell_open(struct flash_pass *pass, const struct flash_page_entry *entry,
                      const struct flash_finding *like)
{
    struct flash_page *page = &pass->reconcile->page;
    struct flash_finding finding = flash_pass_finding(page->sku, entry, like->cause);
    finding.state = like->state;
    finding.age_ms = flash_page_age_ms(page, entry);
    snprintf(finding.detail, sizeof(finding.detail), "%s", like->detail);
    flash_pass_found(pass, &finding);
}

/* Told once by an acting pass' object: the journal itself is the list of them. */
static void note_late(struct flash_pass *pass, const struct flash_page_entry *entry)
{
    if (flash_page_age_ms(&pass->reconcile->page, entry) <
        pass->reconcile->config->reconciler.proof_after_ms) {
        return;
    }
    pass->done->late++;
    bool say = !flash_pass_acts(pass) ||
               (pass->late_said < LATE_SAID_MAX &&
                flash_proof_first_said(pass->reconcile->proof, &entry->id, FLASH_PROOF_SAID_LATE));
    if (say) {
        pass->late_said++;
        tell_open(pass, entry,
                  &(struct flash_finding){.cause = FLASH_CAUSE_LATE,
                                          .detail = "no verdict, and no proof that it is lost"});
    }
}

static bool send_again(struct flash_pass *pass, const struct flash_page_entry *entry)
{
    struct flash_reconcile *reconcile = pass->reconcile;
    char uuid[FLASH_UUID_TEXT + 1];
    flash_uuid_format(&entry->id, uuid);
    const struct flash_publication publication = {
        .type = entry->type, .sku = reconcile->page.sku, .uuid = uuid, .entry = entry->value};
    FLASH_FAULT("reconcile.before_resend");
    if (!flash_publish(reconcile->producer, &publication, &pass->done->err)) {
        return false;
    }
    flash_proof_sent(reconcile->proof, &entry->id, now_ms());
    pass->done->resent++;
    FLASH_FAULT("reconcile.resent");
    return true;
}

static void note_lost(struct flash_pass *pass, const struct flash_page_entry *entry)
{
    static const struct flash_finding sent = {.cause = FLASH_CAUSE_LOST,
                                              .state = FLASH_FINDING_APPLIED,
                                              .detail = "not in the log: sent again"};
    static const struct flash_finding kept = {.cause = FLASH_CAUSE_LOST,
                                              .detail = "not in the log: to be sent again"};
    pass->done->lost++;
    tell_open(pass, entry, flash_pass_acts(pass) && send_again(pass, entry) ? &sent : &kept);
}

static void note_lost_again(struct flash_pass *pass, const struct flash_page_entry *entry)
{
    struct flash_reconcile *reconcile = pass->reconcile;
    int64_t age_ms = flash_page_age_ms(&reconcile->page, entry);
    pass->done->lost++;
    if (flash_pass_acts(pass)) {
        flash_compensation_add(reconcile->compensation, reconcile->page.sku, entry, age_ms);
        return;
    }
    tell_open(pass, entry,
              &(struct flash_finding){.cause = FLASH_CAUSE_LOST,
                                      .detail = "lost twice; would be given up"});
}

/* Kafka or the consumer stays away, and an operator no longer waits for a proof (DESIGN §9.1). Safe
 * as any compensation: a message that comes after the fence changes nothing. */
static bool is_given_up(const struct flash_pass *pass, const struct flash_suspect *suspect)
{
    return pass->options->unproven && flash_pass_acts(pass) &&
           flash_proof_may_give_up(suspect->type) &&
           suspect->age_ms >= pass->reconcile->config->reconciler.compensate_after_ms;
}

static void meet(struct flash_pass *pass, const struct flash_page_entry *entry)
{
    struct flash_page *page = &pass->reconcile->page;
    const struct flash_suspect suspect = {
        .id = entry->id,
        .sku = page->sku,
        .age_ms = flash_page_age_ms(page, entry),
        .type = entry->type,
    };
    bool given_up = is_given_up(pass, &suspect);
    enum flash_proof_word word = pass->provable || given_up
                                     ? flash_proof_meet(pass->reconcile->proof, &suspect, now_ms())
                                     : FLASH_PROOF_OPEN;
    if (given_up) {
        flash_compensation_add(pass->reconcile->compensation, page->sku, entry, suspect.age_ms);
        return;
    }
    switch (word) {
    case FLASH_PROOF_OPEN:
        note_late(pass, entry);
        break;
    case FLASH_PROOF_LOST:
        FLASH_FAULT("reconcile.proven");
        note_lost(pass, entry);
        break;
    case FLASH_PROOF_LOST_AGAIN:
        FLASH_FAULT("reconcile.proven_again");
        note_lost_again(pass, entry);
        break;
    }
}

/* It can only be looked at by people. An acting pass' object tells of it once. */
static void note_unreadable(struct flash_pass *pass, const struct flash_page_entry *entry)
{
    const struct flash_page *page = &pass->reconcile->page;
    uint64_t young_us = (uint64_t)pass->settle_after_ms * 1000;
    pass->looked_until_us = page->now_us > young_us ? page->now_us - young_us : 0;
    if (!flash_pass_acts(pass) || entry->us > pass->reconcile->looked_until_us) {
        tell_open(pass, entry,
                  &(struct flash_finding){.cause = FLASH_CAUSE_DEAD,
                                          .detail = "its bytes in the journal are no entry"});
    }
}

static void suspect_page(struct flash_pass *pass)
{
    struct flash_page *page = &pass->reconcile->page;
    for (int i = 0; i < page->count; i++) {
        const struct flash_page_entry *entry = &page->entries[i];
        if (!entry->readable) {
            note_open(pass, entry);
            note_unreadable(pass, entry);
        } else if (entry->verdict == FLASH_PAGE_NONE) {
            note_open(pass, entry);
            meet(pass, entry);
        }
    }
}

/* ---- the journal ---- */

/* After a call that failed: this SKU is skipped, or, when Redis is away, the pass is over. */
static bool skip_or_end(struct flash_pass *pass)
{
    struct flash_error err;
    if (flash_redis_sync_ping(pass->reconcile->redis, &err)) {
        pass->done->skipped++;
        return true;
    }
    pass->done->err = err;
    pass->done->end = FLASH_RECONCILE_NO_REDIS;
    return false;
}

static bool say_step(struct flash_pass *pass)
{
    uint64_t now_us = flash_time_monotonic_us();
    const struct flash_reconcile_step step = {.skus_done = pass->done->skus,
                                              .skus = (int64_t)pass->reconcile->sku_count,
                                              .entries = pass->done->entries,
                                              .took_us = now_us - pass->step_us};
    bool goes_on = !pass->options->step || pass->options->step(&step, pass->options->arg);
    pass->step_us = flash_time_monotonic_us();
    if (!goes_on) {
        pass->done->end = FLASH_RECONCILE_STOPPED;
        flash_error_set(&pass->done->err, FLASH_ERROR_RETRY, "stopped");
    }
    return goes_on && flash_pass_keep_lease(pass);
}

enum turn {
    TURN_GOES_ON, /* there may be more */
    TURN_OVER,    /* the journal is done */
    TURN_SKIP,    /* Redis refused */
    TURN_LEDGER,  /* the ledger failed */
};

/* Leaves only what the pass is about. */
static void pick(struct flash_pass *pass)
{
    struct flash_page *page = &pass->reconcile->page;
    int kept = 0;
    for (int i = 0; pass->options->wants && i < page->count; i++) {
        const struct flash_page_entry *entry = &page->entries[i];
        if (entry->readable && pass->options->wants(&entry->id, pass->options->arg)) {
            page->entries[kept++] = *entry;
        }
    }
    page->count = pass->options->wants ? kept : page->count;
}

/* The journal of one SKU on its way through a pass. */
struct way {
    struct flash_page_place place;
    char after[FLASH_STREAM_ID_TEXT + 1];
    bool asked; /* for the page behind the one in hand */
};

/* Redis makes the next page ready while the ledger is asked about this one. */
static bool ask_ahead(struct flash_pass *pass, struct way *way)
{
    struct flash_reconcile *reconcile = pass->reconcile;
    way->asked = reconcile->page.more;
    if (!way->asked) {
        return true;
    }
    flash_page_last(&reconcile->page, way->after);
    return flash_page_ask(reconcile->redis, &way->place, &pass->done->err);
}

static enum turn judge_page(struct flash_pass *pass, struct way *way)
{
    struct flash_page *page = &pass->reconcile->page;
    struct flash_error here;
    if (!ask_ahead(pass, way)) {
        return TURN_SKIP;
    }
    pass->done->entries += page->count;
    pick(pass);
    bool judged = flash_page_judge(page, pass->reconcile->mysql, &pass->done->err);
    if (way->asked && !flash_page_take(page, pass->reconcile->redis, &here) && judged) {
        pass->done->err = here;
        return TURN_SKIP;
    }
    return judged ? TURN_GOES_ON : TURN_LEDGER;
}

static enum turn take_page(struct flash_pass *pass, struct way *way)
{
    static const enum turn turns[] = {[FLASH_ADOPT_DONE] = TURN_GOES_ON,
                                      [FLASH_ADOPT_REDIS] = TURN_SKIP,
                                      [FLASH_ADOPT_LEDGER] = TURN_LEDGER};
    if (pass->reconcile->page.count == 0) {
        return TURN_OVER;
    }
    enum turn turn = judge_page(pass, way);
    if (turn != TURN_GOES_ON) {
        return turn;
    }
    enum flash_adopt_end end = settle_page(pass);
    if (end == FLASH_ADOPT_DONE) {
        suspect_page(pass);
    }
    return end == FLASH_ADOPT_DONE && !way->asked ? TURN_OVER : turns[end];
}

bool flash_pass_sku(struct flash_pass *pass, int64_t sku)
{
    struct flash_reconcile *reconcile = pass->reconcile;
    struct flash_page *page = &reconcile->page;
    struct way way = {.place = {sku, pass->settle_after_ms, way.after, FLASH_PAGE_ENTRIES}};
    enum turn turn = TURN_GOES_ON;
    pass->done->skus++;
    while (turn == TURN_GOES_ON) {
        bool read = way.asked
                        ? flash_page_turn(page, sku, &pass->done->err)
                        : flash_page_read(page, reconcile->redis, &way.place, &pass->done->err);
        if (!read) {
            return skip_or_end(pass);
        }
        if (page->generation != pass->done->generation) {
            pass->done->skipped++;
            return true;
        }
        turn = take_page(pass, &way);
        if (!say_step(pass)) {
            return false;
        }
    }
    if (turn == TURN_LEDGER) {
        pass->done->end = FLASH_RECONCILE_NO_LEDGER;
    }
    return turn == TURN_OVER || (turn == TURN_SKIP && skip_or_end(pass));
}
