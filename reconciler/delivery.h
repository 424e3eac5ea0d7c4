/* Brings alarms to people: from the queue into the ledger's outbox, from there to the channels.
 *
 *     alarm_queue ──▶ ledger: alert_state, alert_outbox ──▶ webhook, mail
 *          └───────────── while the ledger is away ──────────▶    (direct; written later, as sent)
 *
 * A message in hand is claimed for a while: whoever is killed before he could say that it is sent
 * leaves it to be sent again, with the same id. One thread; blocking. */
#ifndef RECONCILER_DELIVERY_H
#define RECONCILER_DELIVERY_H

#include "alarm_queue.h"
#include "flash/config.h"
#include "flash/mysql.h"
#include "flash/notify.h"

struct flash_delivery;

struct flash_delivery_parts {
    const struct flash_config *config; /* (borrowed) */
    struct flash_alarms *alarms;       /* (borrowed) */
    struct flash_mysql *mysql;         /* (borrowed) for this alone */
    struct flash_notify *notify;       /* (borrowed) for this alone */
};

/* Error kind: RETRY. */
FLASH_MUST_CHECK bool flash_delivery_new(const struct flash_delivery_parts *parts,
                                         struct flash_delivery **ret_delivery,
                                         struct flash_error *err);
void flash_delivery_free(struct flash_delivery *delivery);

/* By two clocks: a step of the wall clock neither holds back nor hurries what is to be sent. */
struct flash_delivery_now {
    int64_t wall_ms;   /* for what others read: the ledger, an alert's age */
    int64_t steady_ms; /* monotonic, for how long is waited here */
};

/* One round at that time: writes what is queued, sends one message a channel. A channel
 * that did not take one is left alone for a while, alerts.retry_first and longer each time. True:
 * there may be more to do at once. Logs each change and each message that is not taken; counts. */
bool flash_delivery_run(struct flash_delivery *delivery, const struct flash_delivery_now *now);
/* Writes what is queued, and no more: for the end. */
void flash_delivery_write(struct flash_delivery *delivery, const struct flash_delivery_now *now);

/* How long to wait after so many failures in a row: none, first, twice that, …, at most max. */
int64_t flash_delivery_backoff_ms(int64_t attempts, int64_t first_ms, int64_t max_ms);

#endif
