/* Messages into a batch: what is kept of each, when it is full, and that decoding again is the
 * same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../consumer/batch.h"
#include "letter.h"

#define AIM 300

static int open_batch(void **state)
{
    struct flash_batch *batch = malloc(sizeof(*batch));
    assert_non_null(batch);
    assert_true(flash_batch_init(batch, AIM));
    *state = batch;
    return 0;
}

static int close_batch(void **state)
{
    flash_batch_finish(*state);
    free(*state);
    return 0;
}

static void add(struct flash_batch *batch, const struct letter *letter)
{
    struct flash_message message = letter_write(letter);
    flash_batch_add(batch, &message);
}

static void an_entry_and_its_lines_are_kept(void **state)
{
    struct flash_batch *batch = *state;
    add(batch, &(struct letter){FLASH_ENTRY_RESERVE, 5, 42, "a:u-1:2 b:u-2:3", 9, 3, 77});
    add(batch, &(struct letter){FLASH_ENTRY_PAY, 6, 43, "a:u-1:2:1:pay-1", .partition = 4});
    const struct flash_batch_entry *entry = &batch->entries[0];
    struct flash_uuid id = letter_uuid(5);
    assert_int_equal(entry->fate, FLASH_FATE_APPLY);
    assert_int_equal(entry->type, FLASH_ENTRY_RESERVE);
    assert_memory_equal(&entry->id, &id, sizeof(id));
    assert_true(entry->sku == 42 && entry->generation == 9 && entry->due_s == LETTER_DUE);
    assert_true(entry->partition == 3 && entry->offset == 77);
    assert_true(entry->first_line == 0 && entry->line_count == 2);
    assert_int_equal(batch->entries[1].first_line, 2);
    const struct flash_batch_line *line = &batch->lines[1];
    assert_string_equal(line->order_id, "42.b");
    assert_string_equal(line->order_id + line->ref_at, "b");
    assert_int_equal(line->order_id_len, 4);
    assert_true(line->entry == 0 && line->quantity == 3 && line->row_at == 1);
    assert_int_equal(line->fate, FLASH_LINE_NONE);
    line = &batch->lines[2];
    assert_true(line->entry == 1 && line->from_version == 1 && line->payment.len == 5);
    assert_memory_equal(line->payment.at, "pay-1", 5);
    assert_memory_equal(line->user.at, "u-1", 3);
}

static void only_transitions_make_it_look_for_rows(void **state)
{
    struct flash_batch *batch = *state;
    add(batch, &(struct letter){FLASH_ENTRY_RESERVE, 1, 42, "a:u:1"});
    add(batch, &(struct letter){FLASH_ENTRY_MARKER, 2});
    assert_false(batch->transitions);
    assert_int_equal(batch->entries[1].fate, FLASH_FATE_MARKER);
    assert_int_equal(batch->entries[1].line_count, 0);
    add(batch, &(struct letter){FLASH_ENTRY_EXPIRE, 3, 42, "a:u:1:1"});
    assert_true(batch->transitions);
    flash_batch_reset(batch);
    assert_false(batch->transitions);
    assert_true(batch->message_count == 0 && batch->line_count == 0);
}

static void what_cannot_be_decoded_is_a_dead_letter(void **state)
{
    static const char *const bad[] = {"", "{}", "no json", "{\"v\":2}"};
    struct flash_batch *batch = *state;
    for (int i = 0; i < 4; i++) {
        struct flash_message message = letter_text(bad[i], 1, i);
        flash_batch_add(batch, &message);
        assert_int_equal(batch->entries[i].fate, FLASH_FATE_DEAD);
        assert_true(strlen(batch->entries[i].reason) > 0);
        assert_int_equal(batch->entries[i].offset, i);
    }
    assert_int_equal(batch->line_count, 0);
}

static void it_is_full_by_lines_and_one_more_entry_fits(void **state)
{
    static char lines[FLASH_BATCH_LINES * 16];
    struct flash_batch *batch = *state;
    for (int i = 0; i < FLASH_BATCH_LINES; i++) {
        size_t len = strlen(lines);
        snprintf(lines + len, sizeof(lines) - len, "%sr%d:u:1", i ? " " : "", i);
    }
    for (int i = 0; i < AIM - 1; i++) {
        assert_false(flash_batch_full(batch));
        if (batch->line_count < AIM - 1) {
            add(batch, &(struct letter){FLASH_ENTRY_RESERVE, i, 42, "a:u:1"});
        }
    }
    add(batch, &(struct letter){FLASH_ENTRY_RESERVE, AIM, 42, lines});
    assert_int_equal(batch->line_count, AIM - 1 + FLASH_BATCH_LINES);
    assert_true(flash_batch_full(batch));
    char text[FLASH_USER_MAX + FLASH_PAYMENT_ID_MAX];
    memset(text, 'x', sizeof(text));
    for (int i = 0; i < batch->line_count; i++) { /* every line may bring a row's texts */
        struct flash_text kept = flash_batch_keep(batch, (struct flash_text){text, sizeof(text)});
        assert_memory_equal(kept.at, text, sizeof(text));
    }
}

static void it_is_full_by_messages_without_lines(void **state)
{
    struct flash_batch *batch = *state;
    for (int i = 0; i < AIM; i++) {
        assert_false(flash_batch_full(batch));
        add(batch, &(struct letter){FLASH_ENTRY_MARKER, i});
    }
    assert_true(flash_batch_full(batch));
}

static void again_forgets_what_was_judged(void **state)
{
    struct flash_batch *batch = *state;
    add(batch, &(struct letter){FLASH_ENTRY_RESERVE, 1, 42, "a:u:1 b:u:2"});
    add(batch, &(struct letter){FLASH_ENTRY_PAY, 2, 42, "a:u:1:1:p"});
    batch->entries[0].fate = FLASH_FATE_DUPLICATE;
    batch->entries[0].clean = true;
    batch->lines[0].fate = FLASH_LINE_APPLIED;
    batch->lines[0].row.found = true;
    batch->lines[2].row_at = 0;
    batch->lines[2].refund = true;
    flash_batch_condemn(batch, 1, "x");
    flash_batch_keep(batch, (struct flash_text){"abc", 3});
    flash_batch_again(batch);
    assert_true(batch->message_count == 2 && batch->line_count == 3 && batch->transitions);
    assert_int_equal(batch->arena_used, 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(batch->entries[i].fate, FLASH_FATE_APPLY);
        assert_false(batch->entries[i].clean);
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(batch->lines[i].fate, FLASH_LINE_NONE);
        assert_int_equal(batch->lines[i].row_at, i);
        assert_false(batch->lines[i].refund || batch->lines[i].row.found);
    }
}

static void a_parked_line_is_a_batch_of_its_own(void **state)
{
    struct flash_batch *batch = *state;
    const struct letter letter = {FLASH_ENTRY_CANCEL, 1, 42, "a:u:1:1 b:u:2:1 c:u:3:1"};
    for (int n = 0; n < 3; n++) {
        struct flash_message message = letter_write(&letter);
        flash_batch_set_parked(batch, &message, n);
        assert_int_equal(batch->entries[0].fate, FLASH_FATE_UNPARKED);
        assert_true(batch->line_count == 1 && batch->entries[0].line_count == 1);
        assert_int_equal(batch->lines[0].quantity, n + 1);
        assert_int_equal(batch->lines[0].row_at, 0);
        flash_batch_again(batch);
        assert_int_equal(batch->lines[0].quantity, n + 1);
        assert_true(batch->transitions);
    }
    struct flash_message message = letter_write(&letter);
    flash_batch_set_parked(batch, &message, 3);
    assert_int_equal(batch->entries[0].fate, FLASH_FATE_DEAD);
    flash_batch_reset(batch);
    assert_int_equal(batch->parked_line, -1);
}

static void a_condemned_entrys_reason_fits(void **state)
{
    struct flash_batch *batch = *state;
    char reason[400];
    memset(reason, 'r', sizeof(reason));
    reason[sizeof(reason) - 1] = '\0';
    add(batch, &(struct letter){FLASH_ENTRY_RESERVE, 1, 42, "a:u:1"});
    flash_batch_condemn(batch, 0, reason);
    assert_int_equal(batch->entries[0].fate, FLASH_FATE_DEAD);
    assert_int_equal(strlen(batch->entries[0].reason), sizeof(batch->entries[0].reason) - 1);
}

#define BATCH(test) cmocka_unit_test_setup_teardown(test, open_batch, close_batch)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BATCH(an_entry_and_its_lines_are_kept),
        BATCH(only_transitions_make_it_look_for_rows),
        BATCH(what_cannot_be_decoded_is_a_dead_letter),
        BATCH(it_is_full_by_lines_and_one_more_entry_fits),
        BATCH(it_is_full_by_messages_without_lines),
        BATCH(again_forgets_what_was_judged),
        BATCH(a_parked_line_is_a_batch_of_its_own),
        BATCH(a_condemned_entrys_reason_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
