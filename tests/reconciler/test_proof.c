/* When an entry is proven lost: never early, never without an answer, and what then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../reconciler/proof.h"

#define WINDOW 30000
#define GIVE_UP 60000
#define SKU 7
#define START 1000000 /* when the proof begins */
#define HOUR 3600000

struct bench {
    struct flash_proof *proof;
    int64_t now_ms;
    int markers;
};

static int make(void **state)
{
    const struct flash_proof_limits limits = {WINDOW, GIVE_UP};
    struct bench *bench = calloc(1, sizeof(*bench));
    assert_non_null(bench);
    bench->proof = flash_proof_new(&limits, START);
    assert_non_null(bench->proof);
    bench->now_ms = START;
    *state = bench;
    return 0;
}

static int drop(void **state)
{
    struct bench *bench = *state;
    flash_proof_free(bench->proof);
    free(bench);
    return 0;
}

static struct flash_uuid id_of(int number)
{
    struct flash_uuid id = {{1}};
    for (int i = 0; i < 4; i++) {
        id.bytes[12 + i] = (uint8_t)(number >> (24 - 8 * i));
    }
    return id;
}

/* The entry of that number, first sent at sent_ms. */
static enum flash_proof_word meet_type(struct bench *bench, int number, int64_t sent_ms,
                                       enum flash_entry_type type)
{
    const struct flash_suspect suspect = {
        .id = id_of(number), .sku = SKU, .age_ms = bench->now_ms - sent_ms, .type = type};
    return flash_proof_meet(bench->proof, &suspect, bench->now_ms);
}

static enum flash_proof_word meet(struct bench *bench, int number, int64_t sent_ms)
{
    return meet_type(bench, number, sent_ms, FLASH_ENTRY_RESERVE);
}

/* Sends the marker that is wanted; returns its nonce. */
static struct flash_uuid mark(struct bench *bench)
{
    struct flash_uuid nonce = {{9, 9}};
    memcpy(nonce.bytes + 8, &bench->markers, sizeof(bench->markers));
    bench->markers++;
    assert_int_equal(flash_proof_next_wanted(bench->proof), SKU);
    flash_proof_marked(bench->proof, SKU, &nonce, bench->now_ms);
    assert_int_equal(flash_proof_next_wanted(bench->proof), 0);
    return nonce;
}

/* Marker out, marker met. */
static void answer(struct bench *bench)
{
    struct flash_uuid nonce = mark(bench);
    flash_proof_answered(bench->proof, &nonce);
}

static void nothing_is_proven_before_a_window(void **state)
{
    struct bench *bench = *state;
    for (; bench->now_ms < START + WINDOW; bench->now_ms += 1000) {
        assert_int_equal(meet(bench, 1, START), FLASH_PROOF_OPEN);
        assert_int_equal(flash_proof_next_wanted(bench->proof), 0);
    }
    assert_int_equal(meet(bench, 1, START), FLASH_PROOF_OPEN);
    assert_int_equal(flash_proof_next_wanted(bench->proof), SKU);
}

static void a_new_proof_waits_for_those_who_sent_before_it(void **state)
{
    struct bench *bench = *state;
    bench->now_ms = START + WINDOW - 1;
    assert_int_equal(meet(bench, 1, START - HOUR), FLASH_PROOF_OPEN);
    assert_int_equal(flash_proof_next_wanted(bench->proof), 0);
}

static void an_answered_marker_proves(void **state)
{
    struct bench *bench = *state;
    bench->now_ms = START + WINDOW;
    assert_int_equal(meet(bench, 1, START), FLASH_PROOF_OPEN);
    struct flash_uuid nonce = mark(bench);
    assert_int_equal(meet(bench, 1, START), FLASH_PROOF_OPEN);
    flash_proof_answered(bench->proof, &nonce);
    assert_int_equal(meet(bench, 1, START), FLASH_PROOF_LOST);
}

static void a_marker_proves_nothing_about_later_attempts(void **state)
{
    struct bench *bench = *state;
    bench->now_ms = START + WINDOW;
    assert_int_equal(meet(bench, 1, START), FLASH_PROOF_OPEN);
    assert_int_equal(meet(bench, 2, START + 1), FLASH_PROOF_OPEN);
    answer(bench);
    bench->now_ms += WINDOW;
    assert_int_equal(meet(bench, 1, START), FLASH_PROOF_LOST);
    assert_int_equal(meet(bench, 2, START + 1), FLASH_PROOF_OPEN);
    answer(bench);
    assert_int_equal(meet(bench, 2, START + 1), FLASH_PROOF_LOST);
}

static void sent_again_it_must_be_proven_again(void **state)
{
    struct bench *bench = *state;
    struct flash_uuid id = id_of(1);
    bench->now_ms = START + WINDOW;
    assert_int_equal(meet(bench, 1, START), FLASH_PROOF_OPEN);
    answer(bench);
    assert_int_equal(meet(bench, 1, START), FLASH_PROOF_LOST);
    flash_proof_sent(bench->proof, &id, bench->now_ms);
    for (int64_t end_ms = bench->now_ms + WINDOW; bench->now_ms < end_ms; bench->now_ms += 1000) {
        assert_int_equal(meet(bench, 1, START), FLASH_PROOF_OPEN);
        assert_int_equal(flash_proof_next_wanted(bench->proof), 0);
    }
    assert_int_equal(meet(bench, 1, START), FLASH_PROOF_OPEN);
    answer(bench);
    assert_int_equal(meet(bench, 1, START), FLASH_PROOF_LOST_AGAIN);
}

static void what_could_not_be_sent_is_still_to_be_sent(void **state)
{
    struct bench *bench = *state;
    bench->now_ms = START + WINDOW;
    assert_int_equal(meet(bench, 1, START), FLASH_PROOF_OPEN);
    answer(bench);
    for (int i = 0; i < 3; i++) {
        bench->now_ms += HOUR;
        assert_int_equal(meet(bench, 1, START), FLASH_PROOF_LOST);
    }
}

static void nothing_young_is_given_up(void **state)
{
    struct bench *bench = *state;
    struct flash_uuid id = id_of(1);
    int64_t sent_ms = START + WINDOW; /* by Redis' clock, which steps back once */
    bench->now_ms = START + 2 * WINDOW;
    assert_int_equal(meet(bench, 1, sent_ms), FLASH_PROOF_OPEN);
    answer(bench);
    assert_int_equal(meet(bench, 1, sent_ms), FLASH_PROOF_LOST);
    flash_proof_sent(bench->proof, &id, bench->now_ms);
    bench->now_ms += WINDOW;
    sent_ms = bench->now_ms - GIVE_UP + 1;
    assert_int_equal(meet(bench, 1, sent_ms), FLASH_PROOF_OPEN);
    answer(bench);
    assert_int_equal(meet(bench, 1, sent_ms), FLASH_PROOF_OPEN);
    assert_int_equal(meet(bench, 1, sent_ms - 1), FLASH_PROOF_LOST_AGAIN);
}

static void transitions_are_sent_again_ever_more_slowly(void **state)
{
    struct bench *bench = *state;
    struct flash_uuid id = id_of(1);
    int64_t sent_ms = START, wait_ms = WINDOW;
    for (int i = 0; i < 10; i++) {
        bench->now_ms = sent_ms + wait_ms - 1;
        assert_int_equal(meet_type(bench, 1, START, FLASH_ENTRY_PAY), FLASH_PROOF_OPEN);
        assert_int_equal(flash_proof_next_wanted(bench->proof), 0);
        bench->now_ms++;
        assert_int_equal(meet_type(bench, 1, START, FLASH_ENTRY_PAY), FLASH_PROOF_OPEN);
        answer(bench);
        assert_int_equal(meet_type(bench, 1, START, FLASH_ENTRY_PAY), FLASH_PROOF_LOST);
        flash_proof_sent(bench->proof, &id, bench->now_ms);
        sent_ms = bench->now_ms;
        wait_ms = i < 6 ? wait_ms * 2 : wait_ms;
    }
    assert_int_equal(wait_ms, WINDOW * 64);
}

static void kafka_silent_for_an_hour_proves_nothing(void **state)
{
    struct bench *bench = *state;
    int sent = 0;
    for (bench->now_ms = START; bench->now_ms < START + HOUR; bench->now_ms += 5000) {
        assert_int_equal(meet(bench, 1, START), FLASH_PROOF_OPEN);
        if (flash_proof_next_wanted(bench->proof)) {
            mark(bench);
            sent++;
        }
        flash_proof_end_pass(bench->proof, true, bench->now_ms);
    }
    assert_int_equal(sent, (HOUR - WINDOW) / WINDOW);
    assert_true(flash_proof_waiting_ms(bench->proof, bench->now_ms) >= 60000);
}

/* Its answers come ten minutes late: what is proven is only what was final when they were sent. */
static void consumer_behind_proves_late_and_truly(void **state)
{
    struct bench *bench = *state;
    bench->now_ms = START + WINDOW;
    assert_int_equal(meet(bench, 1, START), FLASH_PROOF_OPEN);
    struct flash_uuid old = mark(bench);
    bench->now_ms += 590000;
    assert_int_equal(meet(bench, 1, START), FLASH_PROOF_OPEN);
    assert_int_equal(meet(bench, 2, START + 300000), FLASH_PROOF_OPEN);
    struct flash_uuid young = mark(bench);
    flash_proof_answered(bench->proof, &old);
    assert_int_equal(meet(bench, 1, START), FLASH_PROOF_LOST);
    assert_int_equal(meet(bench, 2, START + 300000), FLASH_PROOF_OPEN);
    flash_proof_answered(bench->proof, &young);
    assert_int_equal(meet(bench, 2, START + 300000), FLASH_PROOF_LOST);
}

/* Several in a row got lost: the next one is a window away, and its answer stands for the older. */
static void lost_markers_are_replaced(void **state)
{
    struct bench *bench = *state;
    struct flash_uuid nonces[FLASH_PROOF_NONCES], last;
    bench->now_ms = START + WINDOW;
    for (int i = 0; i < 5; i++, bench->now_ms += WINDOW) {
        assert_int_equal(meet(bench, 1, START), FLASH_PROOF_OPEN);
        last = mark(bench);
        assert_int_equal(meet(bench, 1, START), FLASH_PROOF_OPEN);
        assert_int_equal(flash_proof_next_wanted(bench->proof), 0);
        assert_int_equal(flash_proof_nonces(bench->proof, nonces), i == 0 ? 1 : 2);
    }
    flash_proof_answered(bench->proof, &last);
    assert_int_equal(flash_proof_nonces(bench->proof, nonces), 0);
    assert_int_equal(flash_proof_waiting_ms(bench->proof, bench->now_ms), 0);
    assert_int_equal(meet(bench, 1, START), FLASH_PROOF_LOST);
}

/* The consumer is three windows behind: the first is met before those that replaced each other. */
static void the_oldest_marker_stays(void **state)
{
    struct bench *bench = *state;
    bench->now_ms = START + WINDOW;
    assert_int_equal(meet(bench, 1, START), FLASH_PROOF_OPEN);
    struct flash_uuid first = mark(bench);
    for (int i = 0; i < 3; i++) {
        bench->now_ms += WINDOW;
        assert_int_equal(meet(bench, 1, START), FLASH_PROOF_OPEN);
        mark(bench);
    }
    flash_proof_answered(bench->proof, &first);
    assert_int_equal(meet(bench, 1, START), FLASH_PROOF_LOST);
}

static void an_unknown_answer_is_nothing(void **state)
{
    struct bench *bench = *state;
    struct flash_uuid stranger = id_of(99);
    bench->now_ms = START + WINDOW;
    assert_int_equal(meet(bench, 1, START), FLASH_PROOF_OPEN);
    mark(bench);
    flash_proof_answered(bench->proof, &stranger);
    assert_int_equal(meet(bench, 1, START), FLASH_PROOF_OPEN);
}

static void a_marker_that_could_not_be_sent_is_wanted_again(void **state)
{
    struct bench *bench = *state;
    bench->now_ms = START + WINDOW;
    assert_int_equal(meet(bench, 1, START), FLASH_PROOF_OPEN);
    flash_proof_marked(bench->proof, SKU, NULL, bench->now_ms);
    assert_int_equal(flash_proof_next_wanted(bench->proof), 0);
    assert_int_equal(meet(bench, 1, START), FLASH_PROOF_OPEN);
    assert_int_equal(flash_proof_next_wanted(bench->proof), SKU);
}

/* The answer came, and with it the verdict: the entry is met no more, and forgotten. */
static void settled_meanwhile_is_forgotten(void **state)
{
    struct bench *bench = *state;
    bench->now_ms = START + WINDOW;
    assert_int_equal(meet(bench, 1, START), FLASH_PROOF_OPEN);
    answer(bench);
    flash_proof_end_pass(bench->proof, true, bench->now_ms);
    assert_int_equal(flash_proof_count(bench->proof), 1);
    flash_proof_end_pass(bench->proof, true, bench->now_ms);
    assert_int_equal(flash_proof_count(bench->proof), 0);
    assert_int_equal(meet(bench, 1, START), FLASH_PROOF_OPEN); /* its marker is forgotten too */
}

static void incomplete_passes_keep_what_they_did_not_meet(void **state)
{
    struct bench *bench = *state;
    struct flash_uuid id = id_of(1);
    bench->now_ms = START + WINDOW;
    assert_int_equal(meet(bench, 1, START), FLASH_PROOF_OPEN);
    flash_proof_sent(bench->proof, &id, bench->now_ms);
    flash_proof_end_pass(bench->proof, true, bench->now_ms);
    for (int64_t end_ms = bench->now_ms + 600000; bench->now_ms < end_ms; bench->now_ms += 5000) {
        assert_int_equal(flash_proof_count(bench->proof), 1);
        flash_proof_end_pass(bench->proof, false, bench->now_ms);
    }
    flash_proof_end_pass(bench->proof, false, bench->now_ms + 1);
    assert_int_equal(flash_proof_count(bench->proof), 0);
}

static void each_thing_is_said_once(void **state)
{
    struct bench *bench = *state;
    struct flash_uuid id = id_of(1);
    assert_false(flash_proof_first_said(bench->proof, &id, FLASH_PROOF_SAID_LATE));
    assert_int_equal(meet(bench, 1, START), FLASH_PROOF_OPEN);
    assert_true(flash_proof_first_said(bench->proof, &id, FLASH_PROOF_SAID_LATE));
    assert_false(flash_proof_first_said(bench->proof, &id, FLASH_PROOF_SAID_LATE));
    assert_true(flash_proof_first_said(bench->proof, &id, FLASH_PROOF_SAID_REFUSED));
    assert_false(flash_proof_first_said(bench->proof, &id, FLASH_PROOF_SAID_REFUSED));
}

static void past_the_limit_nothing_is_proven(void **state)
{
    struct bench *bench = *state;
    bench->now_ms = START + WINDOW;
    for (int i = 1; i <= FLASH_PROOF_SUSPECTS + 1; i++) {
        assert_int_equal(meet(bench, i, START), FLASH_PROOF_OPEN);
    }
    assert_int_equal(flash_proof_count(bench->proof), FLASH_PROOF_SUSPECTS);
    answer(bench);
    assert_int_equal(meet(bench, FLASH_PROOF_SUSPECTS, START), FLASH_PROOF_LOST);
    assert_int_equal(meet(bench, FLASH_PROOF_SUSPECTS + 1, START), FLASH_PROOF_OPEN);
    flash_proof_end_pass(bench->proof, true, bench->now_ms);
    assert_int_equal(meet(bench, 3, START), FLASH_PROOF_LOST);
    flash_proof_end_pass(bench->proof, true, bench->now_ms);
    assert_int_equal(flash_proof_count(bench->proof), 1);
    assert_int_equal(meet(bench, FLASH_PROOF_SUSPECTS + 1, START), FLASH_PROOF_LOST);
}

static void skus_have_their_own_markers(void **state)
{
    struct bench *bench = *state;
    struct flash_uuid nonce = {{5}};
    bench->now_ms = START + WINDOW;
    for (int sku = 1; sku <= FLASH_PROOF_SKUS + 1; sku++) {
        const struct flash_suspect suspect = {
            .id = id_of(sku), .sku = sku, .age_ms = WINDOW, .type = FLASH_ENTRY_RESERVE};
        assert_int_equal(flash_proof_meet(bench->proof, &suspect, bench->now_ms), FLASH_PROOF_OPEN);
    }
    int wanted = 0;
    for (int64_t sku; (sku = flash_proof_next_wanted(bench->proof)) != 0; wanted++) {
        flash_proof_marked(bench->proof, sku, sku == 2 ? &nonce : NULL, bench->now_ms);
    }
    assert_int_equal(wanted, FLASH_PROOF_SKUS);
    flash_proof_answered(bench->proof, &nonce);
    for (int sku = 1; sku <= 3; sku++) {
        const struct flash_suspect suspect = {
            .id = id_of(sku), .sku = sku, .age_ms = WINDOW, .type = FLASH_ENTRY_RESERVE};
        assert_int_equal(flash_proof_meet(bench->proof, &suspect, bench->now_ms),
                         sku == 2 ? FLASH_PROOF_LOST : FLASH_PROOF_OPEN);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_proven_before_a_window),
        TEST(a_new_proof_waits_for_those_who_sent_before_it),
        TEST(an_answered_marker_proves),
        TEST(a_marker_proves_nothing_about_later_attempts),
        TEST(sent_again_it_must_be_proven_again),
        TEST(what_could_not_be_sent_is_still_to_be_sent),
        TEST(nothing_young_is_given_up),
        TEST(transitions_are_sent_again_ever_more_slowly),
        TEST(kafka_silent_for_an_hour_proves_nothing),
        TEST(consumer_behind_proves_late_and_truly),
        TEST(lost_markers_are_replaced),
        TEST(the_oldest_marker_stays),
        TEST(an_unknown_answer_is_nothing),
        TEST(a_marker_that_could_not_be_sent_is_wanted_again),
        TEST(settled_meanwhile_is_forgotten),
        TEST(incomplete_passes_keep_what_they_did_not_meet),
        TEST(each_thing_is_said_once),
        TEST(past_the_limit_nothing_is_proven),
        TEST(skus_have_their_own_markers),
    };
    return cmocka_run_group_tests_name("reconciler proof", tests, NULL, NULL);
}
