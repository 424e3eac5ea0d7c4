/* The book-keeping of offsets: applied runs ahead, settled follows what Redis accepted, acked
 * follows settled one transaction later. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../consumer/progress.h"
#include "letter.h"

struct desk {
    struct flash_batch batch;
    struct flash_progress_table table;
    int next_id;
};

static int open_desk(void **state)
{
    struct desk *desk = calloc(1, sizeof(*desk));
    assert_non_null(desk);
    assert_true(flash_batch_init(&desk->batch, 64));
    desk->table.partitions[0].assigned = desk->table.partitions[3].assigned = true;
    *state = desk;
    return 0;
}

static int close_desk(void **state)
{
    struct desk *desk = *state;
    flash_batch_finish(&desk->batch);
    free(desk);
    return 0;
}

static void read_message(struct desk *desk, int partition, int64_t offset)
{
    struct flash_message message =
        letter_write(&(struct letter){FLASH_ENTRY_RESERVE, desk->next_id++, 42, "a:u:1",
                                      .partition = partition, .offset = offset});
    flash_batch_add(&desk->batch, &message);
}

/* A batch of messages from..to of partition 0: committed, then settled or not. */
static void run_batch(struct desk *desk, int64_t from, int64_t to, bool accepted)
{
    flash_batch_reset(&desk->batch);
    for (int64_t offset = from; offset <= to; offset++) {
        read_message(desk, 0, offset);
    }
    flash_progress_collect(&desk->table, &desk->batch);
    flash_progress_applied(&desk->table);
    flash_progress_settled(&desk->table, accepted);
}

static void check(const struct desk *desk, int64_t applied, int64_t settled, int64_t acked)
{
    const struct flash_progress *progress = &desk->table.partitions[0];
    assert_int_equal(progress->applied, applied);
    assert_int_equal(progress->settled, settled);
    assert_int_equal(progress->acked, acked);
}

static void acked_follows_one_transaction_later(void **state)
{
    struct desk *desk = *state;
    run_batch(desk, 0, 9, true);
    check(desk, 10, 10, 0);
    assert_true(flash_progress_owes_ack(&desk->table));
    run_batch(desk, 10, 14, true);
    check(desk, 15, 15, 10);
    flash_batch_reset(&desk->batch); /* an idle moment: acks that no batch carries */
    flash_progress_collect(&desk->table, &desk->batch);
    flash_progress_applied(&desk->table);
    check(desk, 15, 15, 15);
    assert_false(flash_progress_owes_ack(&desk->table));
    assert_false(flash_progress_behind(&desk->table));
}

static void a_refused_settle_stops_acked_and_not_applied(void **state)
{
    struct desk *desk = *state;
    run_batch(desk, 0, 9, true);
    run_batch(desk, 10, 19, false);
    check(desk, 20, 10, 10);
    assert_true(flash_progress_behind(&desk->table));
    run_batch(desk, 20, 29, true); /* accepted, but what stands before it was not */
    check(desk, 30, 10, 10);
    assert_true(flash_progress_behind(&desk->table));
    assert_false(flash_progress_owes_ack(&desk->table));
}

static void a_batch_that_is_not_committed_moves_nothing(void **state)
{
    struct desk *desk = *state;
    run_batch(desk, 0, 9, true);
    flash_batch_reset(&desk->batch);
    read_message(desk, 0, 10);
    flash_progress_collect(&desk->table, &desk->batch);
    check(desk, 10, 10, 0);
    assert_int_equal(desk->table.partitions[0].next, 11);
}

static void a_replay_moves_applied_only_past_what_it_was(void **state)
{
    struct desk *desk = *state;
    run_batch(desk, 0, 9, false);
    check(desk, 10, 0, 0);
    desk->table.partitions[0].behind = false; /* repositioned: read again from acked */
    run_batch(desk, 0, 4, true);
    check(desk, 10, 5, 0);
    run_batch(desk, 5, 12, true);
    check(desk, 13, 13, 5);
}

static void a_replay_is_known_by_its_offsets(void **state)
{
    struct desk *desk = *state;
    desk->table.partitions[0].applied = 10;
    read_message(desk, 0, 10);
    read_message(desk, 3, 0);
    assert_false(flash_progress_replays(&desk->table, &desk->batch));
    desk->table.partitions[3].applied = 1;
    assert_true(flash_progress_replays(&desk->table, &desk->batch));
}

static void partitions_are_apart(void **state)
{
    struct desk *desk = *state;
    read_message(desk, 0, 5);
    read_message(desk, 3, 100);
    read_message(desk, 0, 7); /* offsets may have gaps */
    flash_progress_collect(&desk->table, &desk->batch);
    assert_int_equal(desk->table.partitions[0].next, 8);
    assert_int_equal(desk->table.partitions[3].next, 101);
    assert_int_equal(desk->table.partitions[1].next, 0);
    flash_progress_applied(&desk->table);
    flash_progress_settled(&desk->table, true);
    assert_int_equal(desk->table.partitions[3].settled, 101);
    run_batch(desk, 8, 8, false);
    assert_false(desk->table.partitions[3].behind);
    assert_int_equal(desk->table.partitions[3].acked, 101);
}

static void a_revoked_partition_moves_no_more(void **state)
{
    struct desk *desk = *state;
    run_batch(desk, 0, 9, false);
    desk->table.partitions[0].assigned = false;
    assert_false(flash_progress_behind(&desk->table));
    run_batch(desk, 10, 19, true);
    check(desk, 10, 0, 0);
    assert_false(flash_progress_owes_ack(&desk->table));
}

static void the_last_entry_goes_with_its_offset(void **state)
{
    struct desk *desk = *state;
    const struct flash_progress *progress = &desk->table.partitions[0];
    run_batch(desk, 0, 4, true);
    struct flash_uuid fifth = letter_uuid(desk->next_id - 1);
    assert_true(progress->has_settled_entry && !progress->has_acked_entry);
    assert_memory_equal(&progress->applied_entry, &fifth, sizeof(fifth));
    run_batch(desk, 5, 5, true);
    assert_true(progress->has_acked_entry);
    assert_memory_equal(&progress->acked_entry, &fifth, sizeof(fifth));
    flash_batch_reset(&desk->batch); /* a batch that ends with a dead letter has no entry there */
    struct flash_message dead = letter_text("{}", 0, 6);
    flash_batch_add(&desk->batch, &dead);
    flash_progress_collect(&desk->table, &desk->batch);
    flash_progress_applied(&desk->table);
    flash_progress_settled(&desk->table, true);
    assert_true(!progress->has_applied_entry && !progress->has_settled_entry);
    assert_int_equal(progress->settled, 7);
}

static void a_parked_line_is_at_no_offset(void **state)
{
    struct desk *desk = *state;
    run_batch(desk, 0, 9, true);
    struct flash_message message =
        letter_write(&(struct letter){FLASH_ENTRY_CANCEL, 99, 42, "a:u:1:1"});
    flash_batch_set_parked(&desk->batch, &message, 0);
    flash_progress_collect(&desk->table, &desk->batch);
    assert_int_equal(desk->table.partitions[0].next, 0);
    flash_progress_applied(&desk->table);
    flash_progress_settled(&desk->table, false);
    check(desk, 10, 10, 10);
    assert_false(flash_progress_behind(&desk->table));
}

#define DESK(test) cmocka_unit_test_setup_teardown(test, open_desk, close_desk)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESK(acked_follows_one_transaction_later),
        DESK(a_refused_settle_stops_acked_and_not_applied),
        DESK(a_batch_that_is_not_committed_moves_nothing),
        DESK(a_replay_moves_applied_only_past_what_it_was),
        DESK(a_replay_is_known_by_its_offsets),
        DESK(partitions_are_apart),
        DESK(a_revoked_partition_moves_no_more),
        DESK(the_last_entry_goes_with_its_offset),
        DESK(a_parked_line_is_at_no_offset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
