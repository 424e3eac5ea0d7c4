/* Suspects and markers; see proof.h.
 *
 * Suspects are in a hash table by id, half empty at least, that is written anew when a pass ends
 * and some are gone. A place is a SKU with suspects: at most two markers of it are out, an old one
 * and, in case that was lost, a younger one, which every window is replaced; the younger one's
 * answer answers both, for they are in one partition. The old one stays: of a consumer that is
 * further behind than a window the replaced ones would never be met. */
#include "proof.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS_MIN 1024
#define KEEP_MS 600000          /* a suspect that incomplete passes do not meet */
#define MARKER_FORGET_MS 600000 /* then the older of two is given up */
#define BACK_OFF_MAX 6          /* doublings of the window between attempts */

struct suspect {
    struct flash_uuid id;
    int64_t attempt_ms; /* the last one */
    int64_t met_ms;
    uint32_t pass;  /* in which it was met last; 0: the slot is free */
    uint16_t sends; /* by this object */
    uint8_t said;   /* enum flash_proof_said */
};

struct place {
    int64_t sku;
    int64_t proven_ms; /* what could not be appended any more then is applied or lost */
    struct {
        struct flash_uuid nonce;
        int64_t sent_ms;
    } out[2]; /* oldest first */
    int out_count;
    bool wanted;
    uint32_t pass; /* in which a suspect of it was met last */
};

struct flash_proof {
    struct flash_proof_limits limits;
    int64_t start_ms;
    uint32_t pass; /* from 1 */
    struct suspect *slots;
    size_t slot_count; /* a power of two */
    int count;
    int place_count, last_place;
    struct place places[FLASH_PROOF_SKUS];
};

struct flash_proof *flash_proof_new(const struct flash_proof_limits *limits, int64_t now_ms)
{
    struct flash_proof *proof = calloc(1, sizeof(*proof));
    if (proof) {
        *proof = (struct flash_proof){.limits = *limits, .start_ms = now_ms, .pass = 1};
        proof->slot_count = SLOTS_MIN;
        proof->slots = calloc(proof->slot_count, sizeof(*proof->slots));
    }
    if (proof && !proof->slots) {
        free(proof);
        return NULL;
    }
    return proof;
}

void flash_proof_free(struct flash_proof *proof)
{
    if (proof) {
        free(proof->slots);
        free(proof);
    }
}

int flash_proof_count(const struct flash_proof *proof)
{
    return proof->count;
}

/* ---- the table of suspects ---- */

/* Its slot, or the free one where it would be. */
static struct suspect *slot_of(struct suspect *slots, size_t count, const struct flash_uuid *id)
{
    uint64_t mixed = flash_uuid_low64(id) * 0x9e3779b97f4a7c15; /* also where ids are not random */
    size_t at = (size_t)(mixed >> 32) & (count - 1);
    while (slots[at].pass && memcmp(slots[at].id.bytes, id->bytes, sizeof(id->bytes)) != 0) {
        at = (at + 1) & (count - 1);
    }
    return &slots[at];
}

static struct suspect *find(const struct flash_proof *proof, const struct flash_uuid *id)
{
    struct suspect *slot = slot_of(proof->slots, proof->slot_count, id);
    return slot->pass ? slot : NULL;
}

/* Writes the table anew, with so many slots and without those that were met in no pass from `pass`
 * on nor after `met_ms`. False: no memory, nothing is changed. */
static bool rewrite(struct flash_proof *proof, size_t slot_count, uint32_t pass, int64_t met_ms)
{
    struct suspect *slots = calloc(slot_count, sizeof(*slots));
    if (!slots) {
        return false;
    }
    proof->count = 0;
    for (size_t i = 0; i < proof->slot_count; i++) {
        const struct suspect *old = &proof->slots[i];
        if (old->pass && (old->pass >= pass || old->met_ms > met_ms)) {
            *slot_of(slots, slot_count, &old->id) = *old;
            proof->count++;
        }
    }
    free(proof->slots);
    proof->slots = slots;
    proof->slot_count = slot_count;
    return true;
}

/* NULL: the table is full, or memory is short. */
static struct suspect *find_or_add(struct flash_proof *proof, const struct flash_suspect *met,
                                   int64_t now_ms)
{
    struct suspect *known = find(proof, &met->id);
    if (known || proof->count >= FLASH_PROOF_SUSPECTS) {
        return known;
    }
    bool crowded = (size_t)proof->count * 2 >= proof->slot_count;
    if (crowded && !rewrite(proof, proof->slot_count * 2, 0, INT64_MIN)) {
        return NULL;
    }
    struct suspect *slot = slot_of(proof->slots, proof->slot_count, &met->id);
    *slot = (struct suspect){.id = met->id, .attempt_ms = now_ms - met->age_ms};
    proof->count++;
    return slot;
}

/* ---- places and markers ---- */

static struct place *find_place(struct flash_proof *proof, int64_t sku)
{
    if (proof->last_place < proof->place_count && proof->places[proof->last_place].sku == sku) {
        return &proof->places[proof->last_place];
    }
    for (int i = 0; i < proof->place_count; i++) {
        if (proof->places[i].sku == sku) {
            proof->last_place = i;
            return &proof->places[i];
        }
    }
    return NULL;
}

static struct place *find_or_add_place(struct flash_proof *proof, int64_t sku)
{
    struct place *place = find_place(proof, sku);
    if (place || proof->place_count == FLASH_PROOF_SKUS) {
        return place;
    }
    proof->last_place = proof->place_count++;
    place = &proof->places[proof->last_place];
    *place = (struct place){.sku = sku, .proven_ms = INT64_MIN};
    return place;
}

int flash_proof_nonces(const struct flash_proof *proof, struct flash_uuid *nonces)
{
    int count = 0;
    for (int i = 0; i < proof->place_count; i++) {
        for (int n = 0; n < proof->places[i].out_count; n++) {
            nonces[count++] = proof->places[i].out[n].nonce;
        }
    }
    return count;
}

/* Takes the first `count` markers off the list. */
static void drop_markers(struct place *place, int count)
{
    place->out_count -= count;
    memmove(place->out, place->out + count, sizeof(place->out[0]) * (size_t)place->out_count);
}

void flash_proof_answered(struct flash_proof *proof, const struct flash_uuid *nonce)
{
    for (int i = 0; i < proof->place_count; i++) {
        struct place *place = &proof->places[i];
        for (int n = 0; n < place->out_count; n++) {
            if (memcmp(place->out[n].nonce.bytes, nonce->bytes, sizeof(nonce->bytes)) == 0) {
                place->proven_ms = place->out[n].sent_ms;
                drop_markers(place, n + 1);
                return;
            }
        }
    }
}

int64_t flash_proof_next_wanted(const struct flash_proof *proof)
{
    for (int i = 0; i < proof->place_count; i++) {
        if (proof->places[i].wanted) {
            return proof->places[i].sku;
        }
    }
    return 0;
}

void flash_proof_marked(struct flash_proof *proof, int64_t sku, const struct flash_uuid *nonce,
                        int64_t now_ms)
{
    struct place *place = find_place(proof, sku);
    assert(place && place->wanted && place->out_count < 2);
    place->wanted = false;
    if (nonce) {
        place->out[place->out_count].nonce = *nonce;
        place->out[place->out_count++].sent_ms = now_ms;
    }
}

int64_t flash_proof_waiting_ms(const struct flash_proof *proof, int64_t now_ms)
{
    int64_t longest_ms = 0;
    for (int i = 0; i < proof->place_count; i++) {
        const struct place *place = &proof->places[i];
        if (place->out_count && now_ms - place->out[0].sent_ms > longest_ms) {
            longest_ms = now_ms - place->out[0].sent_ms;
        }
    }
    return longest_ms;
}

/* A suspect that cannot be appended from final_ms on waits for the answer to a younger marker. One
 * that was sent a window ago cannot be appended any more itself: the consumer lags, or it is lost,
 * and which of the two is not known. */
static void want_marker(const struct flash_proof *proof, struct place *place, int64_t final_ms,
                        int64_t now_ms)
{
    if (place->out_count == 2 && now_ms - place->out[0].sent_ms >= MARKER_FORGET_MS) {
        drop_markers(place, 1);
    }
    if (place->out_count == 0) {
        place->wanted = true;
        return;
    }
    int64_t youngest_ms = place->out[place->out_count - 1].sent_ms;
    bool perhaps_lost = now_ms - youngest_ms >= proof->limits.window_ms;
    if (place->out_count == 2 && perhaps_lost) {
        place->out_count = 1;
    }
    place->wanted |= place->out_count == 1 && (perhaps_lost || youngest_ms < final_ms);
}

/* ---- the judgement ---- */

bool flash_proof_may_give_up(enum flash_entry_type type)
{
    return type == FLASH_ENTRY_RESERVE || type == FLASH_ENTRY_TAKE;
}

/* From when on the last attempt cannot reach the log any more. */
static int64_t final_from(const struct flash_proof *proof, const struct suspect *suspect,
                          enum flash_entry_type type)
{
    int doublings = flash_proof_may_give_up(type)   ? 0
                    : suspect->sends > BACK_OFF_MAX ? BACK_OFF_MAX
                                                    : suspect->sends;
    int64_t from_ms = suspect->attempt_ms > proof->start_ms ? suspect->attempt_ms : proof->start_ms;
    return from_ms + (proof->limits.window_ms << doublings);
}

enum flash_proof_word flash_proof_meet(struct flash_proof *proof, const struct flash_suspect *met,
                                       int64_t now_ms)
{
    struct suspect *suspect = find_or_add(proof, met, now_ms);
    struct place *place = find_or_add_place(proof, met->sku);
    if (place) {
        place->pass = proof->pass;
    }
    if (!suspect) {
        return FLASH_PROOF_OPEN;
    }
    suspect->pass = proof->pass;
    suspect->met_ms = now_ms;
    int64_t final_ms = final_from(proof, suspect, met->type);
    if (!place || now_ms < final_ms) {
        return FLASH_PROOF_OPEN;
    }
    if (place->proven_ms < final_ms) {
        want_marker(proof, place, final_ms, now_ms);
        return FLASH_PROOF_OPEN;
    }
    if (suspect->sends == 0 || !flash_proof_may_give_up(met->type)) {
        return FLASH_PROOF_LOST;
    }
    return met->age_ms >= proof->limits.compensate_after_ms ? FLASH_PROOF_LOST_AGAIN
                                                            : FLASH_PROOF_OPEN;
}

void flash_proof_sent(struct flash_proof *proof, const struct flash_uuid *id, int64_t now_ms)
{
    struct suspect *suspect = find(proof, id);
    if (suspect) {
        suspect->attempt_ms = now_ms;
        suspect->sends += suspect->sends < UINT16_MAX;
    }
}

bool flash_proof_first_said(struct flash_proof *proof, const struct flash_uuid *id,
                            enum flash_proof_said what)
{
    struct suspect *suspect = find(proof, id);
    bool first = suspect && !(suspect->said & what);
    if (first) {
        suspect->said |= (uint8_t)what;
    }
    return first;
}

/* Places without suspects in this pass go, and what is out for them means nothing any more. */
static void sweep_places(struct flash_proof *proof)
{
    int kept = 0;
    for (int i = 0; i < proof->place_count; i++) {
        struct place *place = &proof->places[i];
        if (place->pass == proof->pass) {
            proof->places[kept++] = *place;
        }
    }
    proof->place_count = kept;
    proof->last_place = 0;
}

static int count_of_pass(const struct flash_proof *proof)
{
    int count = 0;
    for (size_t i = 0; i < proof->slot_count; i++) {
        count += proof->slots[i].pass == proof->pass;
    }
    return count;
}

void flash_proof_end_pass(struct flash_proof *proof, bool complete, int64_t now_ms)
{
    if (complete) {
        sweep_places(proof);
    }
    int met = count_of_pass(proof);
    if (met < proof->count) {
        size_t slots = SLOTS_MIN;
        while (slots < (size_t)(complete ? met : proof->count) * 2 + 2) {
            slots *= 2;
        }
        bool done = rewrite(proof, slots, proof->pass, complete ? INT64_MAX : now_ms - KEEP_MS);
        (void)done; /* without memory the old table stays, with more in it than need be */
    }
    proof->pass++;
}
