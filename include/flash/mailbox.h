/* Hands pointers from any thread to one event loop: a locked list and an eventfd.
 *
 * How work that was done elsewhere comes back to the thread that owns the request: Kafka's
 * acknowledgements in the engine, ledger transactions in the back office. */
#ifndef FLASH_MAILBOX_H
#define FLASH_MAILBOX_H

#include "flash/error.h"

struct event_base;
struct flash_mailbox;

/* What is posted; embedded as first member, owned by the mailbox until it is delivered. */
struct flash_letter {
    struct flash_letter *next;
};

/* Who takes the letters. */
struct flash_mailbox_reader {
    void (*deliver)(struct flash_letter *letter, void *arg);
    void *arg;
};

/* reader (copied) gets every letter once, on base's thread, in the order of posting. Error kind:
 * RETRY. */
FLASH_MUST_CHECK bool flash_mailbox_new(struct event_base *base,
                                        const struct flash_mailbox_reader *reader,
                                        struct flash_mailbox **ret_mailbox,
                                        struct flash_error *err);
/* Any thread. */
void flash_mailbox_post(struct flash_mailbox *mailbox, struct flash_letter *letter);
/* On the loop's thread, when nobody posts any more: delivers what is left, then frees. NULL is
 * fine. */
void flash_mailbox_free(struct flash_mailbox *mailbox);

#endif
