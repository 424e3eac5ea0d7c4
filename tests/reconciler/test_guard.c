/* How much a pass may compensate. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../reconciler/guard.h"

static const struct flash_guard_limits limits = {.percent = 1, .floor = 20, .entries = 1000};

static struct flash_guard_word decide(int64_t wanted, int64_t entries, int64_t forced)
{
    const struct flash_guard_facts facts = {.wanted = wanted,
                                            .entries = entries,
                                            .ledger_sound = true,
                                            .consumer_moves = true,
                                            .forced = forced};
    struct flash_guard_word word;
    flash_guard_decide(&limits, &facts, &word);
    assert_int_equal(word.stopped, word.allowed < wanted);
    return word;
}

static void few_are_let_through_whatever_their_share(void **state)
{
    (void)state;
    for (int wanted = 0; wanted <= 20; wanted++) {
        assert_int_equal(decide(wanted, wanted, 0).allowed, wanted);
    }
    assert_int_equal(decide(21, 21, 0).allowed, 0);
}

static void share_counts_above_the_floor(void **state)
{
    (void)state;
    assert_int_equal(decide(100, 10000, 0).allowed, 100);
    struct flash_guard_word word = decide(101, 10000, 0);
    assert_int_equal(word.allowed, 0);
    assert_string_equal(word.reason,
                        "101 of 10000 entries are to be compensated, 1 percent or 20 are allowed");
}

static void number_counts_whatever_the_share(void **state)
{
    (void)state;
    assert_int_equal(decide(1000, 1000000, 0).allowed, 1000);
    struct flash_guard_word word = decide(1001, 1000000, 0);
    assert_int_equal(word.allowed, 0);
    assert_string_equal(word.reason,
                        "1001 entries are to be compensated, 1000 are allowed in a pass");
}

static void force_lets_through_as_many_as_it_says(void **state)
{
    (void)state;
    assert_int_equal(decide(500, 500, 30).allowed, 30);
    assert_int_equal(decide(500, 500, 600).allowed, 500);
    assert_int_equal(decide(5, 500, 1).allowed, 5); /* nothing was stopped */
}

static void nothing_overrules_an_unsound_ledger_or_consumer(void **state)
{
    (void)state;
    struct flash_guard_facts facts = {
        .wanted = 1, .entries = 1000, .ledger_sound = false, .consumer_moves = true, .forced = 9};
    struct flash_guard_word word;
    flash_guard_decide(&limits, &facts, &word);
    assert_int_equal(word.allowed, 0);
    assert_true(word.stopped);
    assert_string_equal(word.reason, "the ledger takes no writes");
    facts.ledger_sound = true;
    facts.consumer_moves = false;
    facts.wanted = 0; /* also when there is nothing to hold back */
    flash_guard_decide(&limits, &facts, &word);
    assert_int_equal(word.allowed, 0);
    assert_true(word.stopped);
    assert_non_null(strstr(word.reason, "consumer"));
}

static void a_given_up_entry_needs_the_operators_number_and_a_sound_ledger(void **state)
{
    (void)state;
    struct flash_guard_facts facts = {
        .wanted = 9, .entries = 100000, .ledger_sound = true, .forced = 4, .unproven = true};
    struct flash_guard_word word;
    flash_guard_decide(&limits, &facts, &word); /* the consumer does not move */
    assert_int_equal(word.allowed, 4);
    assert_true(word.stopped);
    assert_non_null(strstr(word.reason, "not proven lost"));
    facts.forced = 9;
    flash_guard_decide(&limits, &facts, &word);
    assert_int_equal(word.allowed, 9);
    assert_false(word.stopped);
    facts.ledger_sound = false;
    flash_guard_decide(&limits, &facts, &word);
    assert_int_equal(word.allowed, 0);
    assert_true(word.stopped);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_are_let_through_whatever_their_share),
        cmocka_unit_test(share_counts_above_the_floor),
        cmocka_unit_test(number_counts_whatever_the_share),
        cmocka_unit_test(force_lets_through_as_many_as_it_says),
        cmocka_unit_test(nothing_overrules_an_unsound_ledger_or_consumer),
        cmocka_unit_test(a_given_up_entry_needs_the_operators_number_and_a_sound_ledger),
    };
    return cmocka_run_group_tests_name("reconciler guard", tests, NULL, NULL);
}
