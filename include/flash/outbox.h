/* The alerts' outbox in the ledger: the state of each alert, and the messages about its changes
 * that are still to be sent.
 *
 * flash_outbox_write compares and sets the state and writes the messages in the caller's
 * transaction: one change makes one message a channel, whoever else saw it. A sender claims a
 * message, sends it, marks it; one that died in between leaves it to whoever comes after the claim
 * has run out. So every message is sent at least once, with the same id each time, and as a rule
 * exactly once. Per key and channel messages go out in the order of their changes.
 *
 * Times are milliseconds since the epoch, handed in. Error kinds, where nothing else is said: those
 * of flash_mysql_exec. */
#ifndef FLASH_OUTBOX_H
#define FLASH_OUTBOX_H

#include "flash/alert.h"
#include "flash/mysql.h"

struct flash_outbox_change {
    const struct flash_alert *alert;  /* (borrowed) */
    bool wanted[FLASH_CHANNEL_COUNT]; /* a message is to go there */
    bool sent[FLASH_CHANNEL_COUNT];   /* it did already, before the ledger could be told */
};

/* Inside the caller's transaction. *ret_changed false: the alert has that state already (one never
 * heard of is cleared), nothing was written. */
FLASH_MUST_CHECK bool flash_outbox_write(struct flash_mysql *mysql,
                                         const struct flash_outbox_change *change,
                                         bool *ret_changed, struct flash_error *err);
/* Inside the caller's transaction: writes the messages, whatever the state is. */
FLASH_MUST_CHECK bool flash_outbox_tell(struct flash_mysql *mysql,
                                        const struct flash_outbox_change *change,
                                        struct flash_error *err);
/* flash_outbox_write in a transaction of its own, connecting first if need be. Error kind UNKNOWN
 * too: write the same change (same id) again. */
FLASH_MUST_CHECK bool flash_outbox_record(struct flash_mysql *mysql,
                                          const struct flash_outbox_change *change,
                                          bool *ret_changed, struct flash_error *err);

/* ---- sending; outside transactions ---- */

/* A message in hand. */
struct flash_outbox_message {
    int64_t number; /* 0: none */
    struct flash_alert alert;
    int64_t attempts;                    /* with the one that was claimed: 1, 2, … */
    char list[FLASH_ALERT_LIST_MAX + 1]; /* what alert.list points to: not to be copied */
};

struct flash_outbox_claim {
    enum flash_channel channel;
    int64_t now_ms;
    int64_t until_ms; /* nobody else takes it before then */
};

/* Claims the message that has waited longest of those that are due; ret_message->number is 0 when
 * none is. */
FLASH_MUST_CHECK bool flash_outbox_take(struct flash_mysql *mysql,
                                        const struct flash_outbox_claim *claim,
                                        struct flash_outbox_message *ret_message,
                                        struct flash_error *err);

enum flash_outbox_end { FLASH_OUTBOX_SENT, FLASH_OUTBOX_GIVEN_UP, FLASH_OUTBOX_LATER };

struct flash_outbox_result {
    enum flash_outbox_end end;
    int64_t at_ms;      /* LATER: of the next try; else when it ended */
    const char *reason; /* (borrowed) one line, up to 255 bytes; "" when sent */
};
/* Says what became of a message in hand; one that was sent by another meanwhile stays so. */
FLASH_MUST_CHECK bool flash_outbox_mark(struct flash_mysql *mysql, int64_t number,
                                        const struct flash_outbox_result *result,
                                        struct flash_error *err);

/* Messages that wait, of all channels; alerts that are raised. */
struct flash_outbox_counts {
    int64_t waiting, raised;
};
FLASH_MUST_CHECK bool flash_outbox_count(struct flash_mysql *mysql,
                                         struct flash_outbox_counts *ret_counts,
                                         struct flash_error *err);
/* Removes messages that ended before then, up to a thousand. */
FLASH_MUST_CHECK bool flash_outbox_prune(struct flash_mysql *mysql, int64_t before_ms,
                                         struct flash_error *err);

#endif
