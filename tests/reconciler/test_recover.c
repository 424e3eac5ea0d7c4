/* The order of a recovery's steps, and what each failure leaves behind. */
#include <stdio.h>
#include <string.h>

#include "flash/time.h"
#include "recover_world.h"

/* ---- the run ---- */

static enum flash_recover_stage stop_at; /* COUNT: nowhere */
static bool patient;

static bool step(const struct flash_recover_step *step, void *arg)
{
    (void)arg;
    return step->stage != stop_at;
}

static int begin(void **state)
{
    int rc = recover_world_open(state);
    world.looks = 2;
    stop_at = FLASH_RECOVER_STAGE_COUNT;
    patient = false;
    return rc;
}

static struct flash_recover_done run(void)
{
    struct flash_recover_done done;
    const struct flash_recover_options options = {
        .step = step, .pause = recover_world_pause, .patient = patient};
    world.calls[0] = '\0';
    flash_recover_run(world.recover, &options, &done);
    return done;
}

#define TO_LEASE "read look read lease read look read "

static void the_steps_come_in_their_order_and_the_gate_last(void **state)
{
    (void)state;
    struct flash_recover_done done = run();
    assert_int_equal(done.end, FLASH_RECOVER_DONE);
    assert_string_equal(
        world.calls,
        TO_LEASE "muster close lost raise lift sweep ask markers numbers inflows open lease_done");
    assert_true(done.generation == 5 && done.opened == 1 && done.swept == 3);
}

static void without_a_need_nothing_is_touched(void **state)
{
    (void)state;
    world.looks = 0;
    assert_int_equal(run().end, FLASH_RECOVER_NOTHING);
    assert_string_equal(world.calls, "read look read");
    world.looks = 1; /* gone when it is looked at again: somebody else has recovered */
    run();
    assert_string_equal(world.calls, TO_LEASE "lease_done");
}

static void another_ones_lease_is_respected(void **state)
{
    (void)state;
    world.lease_taken = true;
    assert_int_equal(run().end, FLASH_RECOVER_LEASE);
    assert_string_equal(world.calls, "read look read lease");
}

/* At whatever step: nothing behind it happens, and no gate is opened. */
static void who_loses_the_lease_stops(void **state)
{
    static const char whole[] =
        TO_LEASE "muster close lost raise lift sweep ask markers numbers inflows open";
    (void)state;
    for (int i = 1; i <= 6; i++) {
        world.looks = 2;
        world.lease_steps = i;
        assert_int_equal(run().end, FLASH_RECOVER_LEASE);
        char *end = strstr(world.calls, " lease_done");
        assert_non_null(end);
        *end = '\0';
        assert_memory_equal(world.calls, whole, strlen(world.calls));
        assert_true(strlen(world.calls) < sizeof(whole) - sizeof(" open"));
    }
    world.looks = 2;
    world.lease_steps = 6;
    world.fails = "keep";
    assert_int_equal(run().end, FLASH_RECOVER_NO_LEDGER);
}

/* Whatever fails, nothing behind it happens, and no gate is opened. */
static void a_failure_ends_it_before_the_gate(void **state)
{
    static const struct {
        const char *fails;
        enum flash_recover_end end;
        const char *calls;
    } rows[] = {
        {"muster", FLASH_RECOVER_NO_LEDGER, TO_LEASE "muster lease_done"},
        {"close", FLASH_RECOVER_NO_REDIS, TO_LEASE "muster close lease_done"},
        {"lost", FLASH_RECOVER_NO_LEDGER, TO_LEASE "muster close lost lease_done"},
        {"raise", FLASH_RECOVER_NO_LEDGER, TO_LEASE "muster close lost raise lease_done"},
        {"lift", FLASH_RECOVER_NO_REDIS, TO_LEASE "muster close lost raise lift lease_done"},
        {"sweep", FLASH_RECOVER_NO_LEDGER,
         TO_LEASE "muster close lost raise lift sweep lease_done"},
        {"ask", FLASH_RECOVER_NO_REDIS,
         TO_LEASE "muster close lost raise lift sweep ask lease_done"},
        {"markers", FLASH_RECOVER_NO_KAFKA,
         TO_LEASE "muster close lost raise lift sweep ask markers lease_done"},
        {"numbers", FLASH_RECOVER_NO_LEDGER,
         TO_LEASE "muster close lost raise lift sweep ask markers numbers lease_done"},
        {"inflows", FLASH_RECOVER_NO_REDIS,
         TO_LEASE "muster close lost raise lift sweep ask markers numbers inflows lease_done"},
        {"open", FLASH_RECOVER_NO_REDIS,
         TO_LEASE "muster close lost raise lift sweep ask markers numbers inflows open lease_done"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        world.fails = rows[i].fails;
        world.looks = 2;
        struct flash_recover_done done = run();
        assert_string_equal(world.calls, rows[i].calls);
        assert_int_equal(done.end, rows[i].end);
        assert_int_equal(done.opened, 0);
    }
    world.fails = NULL;
    world.looks = 2;
    assert_int_equal(run().end, FLASH_RECOVER_DONE);
}

static void it_can_be_broken_off_at_every_stage(void **state)
{
    (void)state;
    for (int stage = 0; stage < FLASH_RECOVER_STAGE_COUNT; stage++) {
        stop_at = (enum flash_recover_stage)stage;
        world.looks = 2;
        struct flash_recover_done done = run();
        assert_int_equal(done.opened, 0);
        assert_true(done.end == FLASH_RECOVER_STOPPED);
        assert_null(strstr(world.calls, "open"));
    }
}

static void the_gate_waits_for_the_consumer(void **state)
{
    (void)state;
    world.proven_after = 3;
    assert_int_equal(run().end, FLASH_RECOVER_DONE);
    assert_int_equal(world.pauses, 3);
    assert_non_null(strstr(world.calls, "markers numbers inflows open lease_done"));
}

/* The marker tells of what came before it: sent earlier, an old message could still come behind it.
 */
static void the_marker_waits_for_the_engines(void **state)
{
    (void)state;
    world.answers_after = 3;
    assert_int_equal(run().end, FLASH_RECOVER_DONE);
    assert_non_null(
        strstr(world.calls, "sweep ask ask ask ask markers numbers inflows open lease_done"));
}

static void or_for_the_window(void **state)
{
    (void)state;
    world.answers_after = 1000;
    struct flash_recover_done done = run();
    assert_int_equal(done.end, FLASH_RECOVER_STOPPED);
    assert_null(strstr(world.calls, "markers"));
    assert_int_equal(done.opened, 0);
    world.looks = 2;
    world.pauses = 0;
    world.config.reconciler.open_after_ms = 0;
    assert_int_equal(run().end, FLASH_RECOVER_DONE);
    assert_non_null(strstr(world.calls, "sweep markers numbers inflows open lease_done"));
}

/* Whatever time passes: without the consumer nothing is opened; what may have been lost of the
 * markers is sent anew. */
static void no_gate_is_opened_without_the_marker(void **state)
{
    (void)state;
    world.proven_after = 1000;
    world.config.reconciler.open_after_ms = 0;
    struct flash_recover_done done = run();
    assert_int_equal(done.end, FLASH_RECOVER_STOPPED);
    assert_int_equal(done.opened, 0);
    assert_null(strstr(world.calls, "open"));
    assert_non_null(strstr(world.calls, "markers markers"));
}

struct told {
    int count;
    char words[64];
};

static void tell(const struct flash_sight_sku *sku, int64_t shortages, void *arg)
{
    struct told *told = arg;
    told->count++;
    assert_true(sku->sku == 42 && shortages == 0);
    snprintf(told->words, sizeof(told->words), "%s %s %d %d", flash_need_name(sku->need),
             flash_sight_gate_name(sku), (int)sku->swept, (int)sku->learnt);
}

/* Also when it was broken off: then why it is closed. */
static void what_became_of_each_sku_is_told(void **state)
{
    static const struct {
        const char *fails, *words;
        int count;
    } rows[] = {
        {NULL, "absent open 3 3", 1},
        {"open", "absent not_caught_up 3 3", 1},
        {"raise", "", 0}, /* nothing was begun */
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct told told = {0};
        struct flash_recover_done done;
        const struct flash_recover_options options = {
            .step = step, .pause = recover_world_pause, .sku = tell, .arg = &told};
        world.looks = 2;
        world.fails = rows[i].fails;
        world.calls[0] = '\0';
        flash_recover_run(world.recover, &options, &done);
        assert_string_equal(told.words, rows[i].words);
        assert_int_equal(told.count, rows[i].count);
    }
}

static void keep(const struct flash_finding *finding, void *arg)
{
    struct flash_finding *kept = arg;
    assert_int_equal(kept->sku, 0); /* there is one */
    *kept = *finding;
}

/* What the ledger refuses is a finding, and how old the oldest of it is. */
static void what_was_refused_is_found_with_its_age(void **state)
{
    struct flash_finding found = {.sku = 0};
    struct flash_recover_done done;
    const struct flash_recover_options options = {
        .step = step, .pause = recover_world_pause, .found = keep, .arg = &found};
    (void)state;
    world.refused = 3;
    world.refused_since_ms = (int64_t)flash_time_wall_ms() - 60000;
    flash_recover_run(world.recover, &options, &done);
    assert_true(found.cause == FLASH_CAUSE_SHORTAGE && found.sku == 42);
    assert_true(found.age_ms >= 60000 && found.age_ms < 120000);
    assert_non_null(strstr(found.detail, "3 orders"));
}

static void entries_that_nobody_sent_are_sent_again(void **state)
{
    (void)state;
    world.old_entries = 2;
    struct flash_recover_done done = run();
    assert_int_equal(done.end, FLASH_RECOVER_DONE);
    assert_int_equal(done.resent, 2); /* once: it takes its time until they may be sent once more */
    assert_non_null(strstr(
        world.calls,
        "markers numbers inflows open again numbers inflows open numbers inflows open lease_done"));
}

static void a_redis_that_restarts_meanwhile_is_not_opened(void **state)
{
    (void)state;
    world.proven_after = 3;
    world.restarts = true;
    struct flash_recover_done done = run();
    assert_int_equal(done.end, FLASH_RECOVER_OVERTAKEN);
    assert_int_equal(done.opened, 0);
}

/* Every run raises the generation of all SKUs: what cannot be mended does not begin one a second.
 */
static void what_could_not_be_mended_is_put_off(void **state)
{
    (void)state;
    patient = world.damaged = true;
    struct flash_recover_done done = run();
    assert_true(done.end == FLASH_RECOVER_PARTLY && done.generation == 5);
    for (int i = 0; i < 3; i++) {
        world.looks = 1;
        done = run();
        assert_int_equal(done.end, FLASH_RECOVER_PUT_OFF);
        assert_true(done.generation == 0 && done.in_need == 1);
        assert_string_equal(world.calls, "read look read");
        assert_non_null(strstr(done.err.text, "1 SKUs, the first is 42"));
    }
    patient = world.damaged = false; /* by hand it is tried all the same */
    world.looks = 2;
    assert_int_equal(run().end, FLASH_RECOVER_DONE);
    patient = true;
    world.looks = 2;
    assert_int_equal(run().end, FLASH_RECOVER_DONE); /* and what was mended is put off no more */
}

static void a_sku_whose_orders_redis_refuses_is_left_out(void **state)
{
    (void)state;
    world.refuses = true;
    struct flash_recover_done done = run();
    assert_int_equal(done.end, FLASH_RECOVER_PARTLY);
    assert_string_equal(world.calls, TO_LEASE "muster close lost raise lift sweep lease_done");
}

static void nobody_has_to_count_the_orders(void **state)
{
    (void)state;
    world.uncounted = true;
    struct flash_recover_done done = run();
    assert_true(done.end == FLASH_RECOVER_DONE && done.swept == 3);
    assert_int_equal(done.err.kind, FLASH_ERROR_NONE);
}

/* Another SKU that Redis refuses may hold the acks back: what is applied is swept instead. */
static void acks_that_do_not_come_are_done_without(void **state)
{
    (void)state;
    world.proven_after = 1000;
    world.applied = true;
    assert_int_equal(run().end, FLASH_RECOVER_STOPPED); /* not before the window is over */
    assert_null(strstr(world.calls, "open"));
    world.looks = 2;
    world.pauses = 0;
    world.config.reconciler.open_after_ms = 0;
    assert_int_equal(run().end, FLASH_RECOVER_DONE);
    assert_non_null(
        strstr(world.calls, "lift sweep markers sweep numbers inflows open lease_done"));
}

static void a_beacon_is_raised_and_told(void **state)
{
    struct flash_error err;
    (void)state;
    world.looks = 0;
    run();
    assert_true(flash_recover_beacon(world.recover, &err));
    assert_string_equal(world.calls, "read look read note beat");
}

#define RECOVER(test) cmocka_unit_test_setup_teardown(test, begin, recover_world_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RECOVER(the_steps_come_in_their_order_and_the_gate_last),
        RECOVER(without_a_need_nothing_is_touched),
        RECOVER(another_ones_lease_is_respected),
        RECOVER(who_loses_the_lease_stops),
        RECOVER(a_failure_ends_it_before_the_gate),
        RECOVER(it_can_be_broken_off_at_every_stage),
        RECOVER(the_gate_waits_for_the_consumer),
        RECOVER(the_marker_waits_for_the_engines),
        RECOVER(or_for_the_window),
        RECOVER(no_gate_is_opened_without_the_marker),
        RECOVER(what_became_of_each_sku_is_told),
        RECOVER(what_was_refused_is_found_with_its_age),
        RECOVER(entries_that_nobody_sent_are_sent_again),
        RECOVER(a_redis_that_restarts_meanwhile_is_not_opened),
        RECOVER(what_could_not_be_mended_is_put_off),
        RECOVER(a_sku_whose_orders_redis_refuses_is_left_out),
        RECOVER(nobody_has_to_count_the_orders),
        RECOVER(acks_that_do_not_come_are_done_without),
        RECOVER(a_beacon_is_raised_and_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
