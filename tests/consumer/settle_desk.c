/* The desk of the settler's tests; see settle_desk.h. */
#include "settle_desk.h"

#include <stdlib.h>

int open_desk(void **state)
{
    static struct flash_config config;
    struct desk *desk = calloc(1, sizeof(*desk));
    assert_non_null(desk);
    assert_true(flash_batch_init(&desk->batch, AIM));
    assert_true(flash_settler_new(&config, AIM, &desk->settler, &desk->err));
    desk->redis = fake_redis_sync_last();
    flash_settle_under(desk->settler, LETTER_GENERATION);
    *state = desk;
    return 0;
}

int close_desk(void **state)
{
    struct desk *desk = *state;
    assert_int_equal(fake_redis_sync_answers_left(desk->redis), 0);
    flash_settler_free(desk->settler);
    flash_batch_finish(&desk->batch);
    free(desk);
    return 0;
}

/* Adds an entry as a commit leaves it: applied, clean, its lines' rows made. */
struct flash_batch_entry *add(struct desk *desk, const struct letter *letter)
{
    struct flash_batch *batch = &desk->batch;
    struct flash_message message = letter_write(letter);
    flash_batch_add(batch, &message);
    struct flash_batch_entry *entry = &batch->entries[batch->message_count - 1];
    entry->clean = true;
    for (int n = 0; n < entry->line_count; n++) {
        struct flash_batch_line *line = &batch->lines[entry->first_line + n];
        line->fate = FLASH_LINE_APPLIED;
        line->row = (struct flash_batch_row){.made = true,
                                             .state = FLASH_STATE_CREATED,
                                             .version = 1,
                                             .quantity = line->quantity,
                                             .due_s = entry->due_s,
                                             .user = line->user};
    }
    return entry;
}

struct flash_batch_entry *add_reserve(struct desk *desk, int id, int64_t sku)
{
    return add(desk, &(struct letter){FLASH_ENTRY_RESERVE, id, sku, "a:u-1:2 b:u-2:3"});
}

void answer_ok(struct desk *desk, int learnt)
{
    fake_redis_sync_reply(desk->redis, json_pack("[s,i]", "OK", learnt));
}

void answer_closed(struct desk *desk)
{
    fake_redis_sync_reply(desk->redis, json_pack("[s]", "CLOSED"));
}

bool settle(struct desk *desk)
{
    return flash_settle(desk->settler, &desk->batch, &desk->counts, &desk->err);
}
