/* What a recovery does about inflows that Redis lacks, before it opens a gate. */
#include <string.h>

#include "recover_world.h"

/* ---- the run ---- */

static struct flash_finding found;

static bool step(const struct flash_recover_step *step, void *arg)
{
    (void)step;
    (void)arg;
    return true;
}

static void keep(const struct flash_finding *finding, void *arg)
{
    (void)arg;
    assert_int_equal(found.sku, 0); /* there is one */
    found = *finding;
}

static int begin(void **state)
{
    int rc = recover_world_open(state);
    memset(&found, 0, sizeof(found));
    world.last_inflow = 7;
    world.redis_inflow = 6;
    return rc;
}

static struct flash_recover_done run(void)
{
    struct flash_recover_done done;
    const struct flash_recover_options options = {
        .step = step, .pause = recover_world_pause, .found = keep};
    world.looks = 2;
    world.calls[0] = '\0';
    flash_recover_run(world.recover, &options, &done);
    return done;
}

/* ---- the tests ---- */

/* Units of a take that Redis has lost leave by the inflow's number alone; it is a finding. */
static void what_redis_lacks_of_inflows_comes_before_the_gate(void **state)
{
    (void)state;
    world.old_entries = 1;
    struct flash_recover_done done = run();
    assert_true(done.end == FLASH_RECOVER_DONE && done.opened == 1);
    assert_non_null(strstr(world.calls, "markers numbers inflows rows replay open again "
                                        "numbers inflows open lease_done"));
    assert_true(found.cause == FLASH_CAUSE_INFLOW && found.quantity == -5);
    world.redis_inflow = 8; /* the ledger fell back: it is reported elsewhere */
    assert_int_equal(run().end, FLASH_RECOVER_DONE);
    assert_null(strstr(world.calls, "replay"));
}

static void without_its_inflows_no_gate_is_opened(void **state)
{
    static const struct {
        enum flash_inflow_outcome replay;
        bool no_row, cut_off;
        const char *fails;
        enum flash_recover_end end;
    } rows[] = {
        {FLASH_INFLOW_LOST, false, false, NULL, FLASH_RECOVER_OVERTAKEN},
        {FLASH_INFLOW_GAP, false, false, NULL, FLASH_RECOVER_PARTLY},
        {FLASH_INFLOW_CORRUPT, false, false, NULL, FLASH_RECOVER_PARTLY},
        {FLASH_INFLOW_UNREAD, false, false, NULL, FLASH_RECOVER_NO_LEDGER},
        {FLASH_INFLOW_AWAY, false, false, NULL, FLASH_RECOVER_PARTLY}, /* it answers: refused */
        {FLASH_INFLOW_AWAY, false, true, NULL, FLASH_RECOVER_NO_REDIS},
        {FLASH_INFLOW_UP_TO_DATE, true, false, NULL, FLASH_RECOVER_PARTLY},
        {FLASH_INFLOW_UP_TO_DATE, false, false, "rows", FLASH_RECOVER_NO_LEDGER},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        world.redis_inflow = 6;
        world.replay = rows[i].replay;
        world.no_row = rows[i].no_row;
        world.cut_off = rows[i].cut_off;
        world.fails = rows[i].fails;
        struct flash_recover_done done = run();
        assert_int_equal(done.end, rows[i].end);
        assert_int_equal(done.opened, 0);
        assert_null(strstr(world.calls, " open"));
    }
}

#define RECOVER(test) cmocka_unit_test_setup_teardown(test, begin, recover_world_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RECOVER(what_redis_lacks_of_inflows_comes_before_the_gate),
        RECOVER(without_its_inflows_no_gate_is_opened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
