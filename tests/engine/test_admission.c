/* Each reason to stop, at its limit and not below it, and which of two is named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../engine/admission.h"

static struct flash_admission_state calm(void)
{
    return (struct flash_admission_state){
        .redis_ready = true,
        .kafka_ready = true,
        .redis_lines = 9,
        .redis_lines_max = 10,
        .memory_percent = 79,
        .memory_percent_max = 80,
        .kafka_queue = 99,
        .kafka_queue_max = 100,
        .journal_entries = 4,
        .journal_entries_max = 5,
        .journal_age_us = 999,
        .journal_age_us_max = 1000,
    };
}

static void just_below_every_limit_is_admitted(void **state)
{
    (void)state;
    struct flash_admission_state s = calm();
    assert_int_equal(flash_admission_decide(&s), FLASH_ADMIT);
}

static void make(struct flash_admission_state *s, enum flash_admission reason)
{
    s->draining |= reason == FLASH_STOP_DRAINING;
    s->redis_ready &= reason != FLASH_STOP_REDIS_AWAY;
    s->redis_lines += reason == FLASH_STOP_REDIS_LINES;
    s->memory_percent += reason == FLASH_STOP_MEMORY;
    s->kafka_ready &= reason != FLASH_STOP_KAFKA_AWAY;
    s->kafka_queue += reason == FLASH_STOP_KAFKA_QUEUE;
    s->journal_entries += reason == FLASH_STOP_JOURNAL_DEPTH;
    s->journal_age_us += reason == FLASH_STOP_JOURNAL_AGE;
    s->gate_closed |= reason == FLASH_STOP_GATE;
}

static void each_limit_stops_and_the_first_is_named(void **state)
{
    (void)state;
    for (int a = FLASH_STOP_DRAINING; a < FLASH_ADMISSION_COUNT; a++) {
        for (int b = a; b < FLASH_ADMISSION_COUNT; b++) {
            struct flash_admission_state s = calm();
            make(&s, (enum flash_admission)a);
            if (b != a) {
                make(&s, (enum flash_admission)b);
            }
            assert_int_equal(flash_admission_decide(&s), a);
        }
    }
}

static void every_reason_has_words_of_its_own(void **state)
{
    (void)state;
    for (int a = 0; a < FLASH_ADMISSION_COUNT; a++) {
        assert_true(strlen(flash_admission_text((enum flash_admission)a)) > 5);
        for (int b = 0; b < a; b++) {
            assert_string_not_equal(flash_admission_text((enum flash_admission)a),
                                    flash_admission_text((enum flash_admission)b));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(just_below_every_limit_is_admitted),
        cmocka_unit_test(each_limit_stops_and_the_first_is_named),
        cmocka_unit_test(every_reason_has_words_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
