/* flash/outbox.h and flash/notify.h without servers: a ledger in memory that can be away, and
 * channels that do as they are told. */
#ifndef TESTS_RECONCILER_FAKE_OUTBOX_H
#define TESTS_RECONCILER_FAKE_OUTBOX_H

#include "flash/notify.h"
#include "flash/outbox.h"

enum { FAKE_MESSAGES = 64, FAKE_LOG = 64 };

struct fake_message {
    struct flash_alert alert;
    enum flash_channel channel;
    bool waiting, given_up;
    int64_t attempts, next_try_ms;
};

struct fake_outbox {
    bool away;       /* every call of the ledger fails */
    bool marks_fail; /* only saying what became of a message does, */
    int marks_lost;  /* or so many times */
    struct fake_message messages[FAKE_MESSAGES];
    int count, pruned;
    bool on[FLASH_CHANNEL_COUNT];
    enum flash_error_kind answers[FLASH_CHANNEL_COUNT]; /* NONE: taken */
    struct {
        enum flash_channel channel;
        struct flash_alert alert;
        bool taken;
    } sent[FAKE_LOG]; /* every attempt, in order */
    int sent_count;
};

extern struct fake_outbox fake_outbox;

#endif
