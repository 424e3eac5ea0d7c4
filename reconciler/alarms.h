/* Saying that something is wrong, or right again: from any thread, at once, as often as one likes.
 *
 * Only changes of state become messages, one a channel however many reconcilers see them
 * (flash/outbox.h); so a pass may raise or clear what it finds each time. The duty "alerts"
 * (alerting.h) writes and sends them; nothing here waits for a server.
 *
 * Keys are "<area>.<thing>": reconcile.guard, audit.findings, recovery.running, topic.settings. */
#ifndef RECONCILER_ALARMS_H
#define RECONCILER_ALARMS_H

#include "flash/alert.h"

struct flash_alarms;

struct flash_alarm {
    const char *key;              /* flash_alert_key_valid (asserted) */
    enum flash_severity severity; /* of a raise */
    const char *text;             /* one line for people: what is wrong, with figures */
};

/* NULL for alarms: nothing (a verb without a daemon). What does not fit the queue any more (256
 * changes) is dropped, counted and logged. */
void flash_alarm_raise(struct flash_alarms *alarms, const struct flash_alarm *alarm);
void flash_alarm_clear(struct flash_alarms *alarms, const char *key, const char *text);

#endif
