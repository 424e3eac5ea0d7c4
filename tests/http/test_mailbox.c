/* Letters arrive once, in order, on the loop's thread, also those posted from other threads and
 * those left when it is freed. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <event2/event.h>

#include "flash/mailbox.h"

#define POSTERS 4
#define EACH 500

struct note {
    struct flash_letter letter; /* first member */
    int poster, number;
};

struct desk {
    struct event_base *base;
    struct flash_mailbox *mailbox;
    int delivered;
    int next[POSTERS];
    struct note notes[POSTERS][EACH];
    struct flash_letter *again; /* posted from inside the first delivery */
};

static void deliver(struct flash_letter *letter, void *arg)
{
    struct desk *desk = arg;
    struct note *note = (struct note *)letter;
    assert_int_equal(note->number, desk->next[note->poster]++);
    desk->delivered++;
    if (desk->again) {
        struct flash_letter *again = desk->again;
        desk->again = NULL;
        flash_mailbox_post(desk->mailbox, again);
    }
}

static int open_desk(void **state)
{
    static struct desk desk;
    struct flash_error err;
    desk = (struct desk){.base = event_base_new()};
    for (int p = 0; p < POSTERS; p++) {
        for (int i = 0; i < EACH; i++) {
            desk.notes[p][i] = (struct note){.poster = p, .number = i};
        }
    }
    const struct flash_mailbox_reader reader = {deliver, &desk};
    assert_non_null(desk.base);
    assert_true(flash_mailbox_new(desk.base, &reader, &desk.mailbox, &err));
    *state = &desk;
    return 0;
}

static int close_desk(void **state)
{
    struct desk *desk = *state;
    flash_mailbox_free(desk->mailbox);
    event_base_free(desk->base);
    return 0;
}

static void letters_come_in_order_and_once(void **state)
{
    struct desk *desk = *state;
    for (int i = 0; i < 3; i++) {
        flash_mailbox_post(desk->mailbox, &desk->notes[0][i].letter);
    }
    assert_int_equal(desk->delivered, 0); /* never inside post */
    event_base_loop(desk->base, EVLOOP_NONBLOCK);
    assert_int_equal(desk->delivered, 3);
    event_base_loop(desk->base, EVLOOP_NONBLOCK);
    assert_int_equal(desk->delivered, 3);
}

static void a_letter_may_be_posted_from_a_delivery(void **state)
{
    struct desk *desk = *state;
    desk->again = &desk->notes[1][0].letter;
    flash_mailbox_post(desk->mailbox, &desk->notes[0][0].letter);
    event_base_loop(desk->base, EVLOOP_ONCE);
    assert_int_equal(desk->delivered, 1);
    event_base_loop(desk->base, EVLOOP_ONCE);
    assert_int_equal(desk->delivered, 2);
}

static void what_is_left_is_delivered_by_free(void **state)
{
    struct desk *desk = *state;
    flash_mailbox_post(desk->mailbox, &desk->notes[0][0].letter);
    flash_mailbox_post(desk->mailbox, &desk->notes[0][1].letter);
    flash_mailbox_free(desk->mailbox);
    desk->mailbox = NULL;
    assert_int_equal(desk->delivered, 2);
}

struct poster {
    struct desk *desk;
    int number;
};

static void *post_all(void *arg)
{
    struct poster *poster = arg;
    for (int i = 0; i < EACH; i++) {
        flash_mailbox_post(poster->desk->mailbox, &poster->desk->notes[poster->number][i].letter);
    }
    return NULL;
}

static void many_threads_may_post(void **state)
{
    struct desk *desk = *state;
    pthread_t threads[POSTERS];
    struct poster posters[POSTERS];
    for (int p = 0; p < POSTERS; p++) {
        posters[p] = (struct poster){desk, p};
        assert_int_equal(pthread_create(&threads[p], NULL, post_all, &posters[p]), 0);
    }
    while (desk->delivered < POSTERS * EACH) {
        event_base_loop(desk->base, EVLOOP_ONCE);
    }
    for (int p = 0; p < POSTERS; p++) {
        pthread_join(threads[p], NULL);
        assert_int_equal(desk->next[p], EACH);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(letters_come_in_order_and_once, open_desk, close_desk),
        cmocka_unit_test_setup_teardown(a_letter_may_be_posted_from_a_delivery, open_desk,
                                        close_desk),
        cmocka_unit_test_setup_teardown(what_is_left_is_delivered_by_free, open_desk, close_desk),
        cmocka_unit_test_setup_teardown(many_threads_may_post, open_desk, close_desk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
