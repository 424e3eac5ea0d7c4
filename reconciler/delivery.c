/* Writes and sends alerts; see delivery.h.
 *
 * The ledger is asked again LEDGER_RETRY_MS after it failed. When it has failed for DIRECT_AFTER_MS
 * what is queued goes out directly; the items stay queued and are written, as sent, once it is
 * back. */
#include "delivery.h"

#include <stdlib.h>

#include "flash/log.h"
#include "flash/outbox.h"
#include "metrics.h"

enum {
    LEDGER_RETRY_MS = 1000,
    DIRECT_AFTER_MS = 3000,
    CLAIM_SLACK_MS = 5000, /* over the time-outs of a round: to say what became of a message */
    PRUNE_EVERY_MS = 3600 * 1000,
};
#define KEEP_MS (30LL * 24 * 3600 * 1000) /* messages that ended */

struct channel {
    int64_t failures;        /* in a row */
    int64_t hold_until_ms;   /* nothing is sent before; steady, as all below */
    struct flash_error last; /* of the last attempt */
    int64_t unmarked;        /* a message that was sent, as the ledger does not know yet; 0: none */
};

struct flash_delivery {
    struct flash_delivery_parts parts;
    struct channel channels[FLASH_CHANNEL_COUNT];
    int64_t failed_since_ms; /* of the ledger; 0: it answers */
    int64_t ask_again_ms, prune_ms;
};

bool flash_delivery_new(const struct flash_delivery_parts *parts,
                        struct flash_delivery **ret_delivery, struct flash_error *err)
{
    struct flash_delivery *delivery = calloc(1, sizeof(*delivery));
    if (!delivery) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "delivery: out of memory");
    }
    delivery->parts = *parts;
    *ret_delivery = delivery;
    return true;
}

void flash_delivery_free(struct flash_delivery *delivery)
{
    free(delivery);
}

int64_t flash_delivery_backoff_ms(int64_t attempts, int64_t first_ms, int64_t max_ms)
{
    int64_t wait_ms = attempts > 0 ? first_ms : 0;
    for (int64_t i = 1; i < attempts && wait_ms < max_ms; i++) {
        wait_ms *= 2;
    }
    return wait_ms < max_ms ? wait_ms : max_ms;
}

/* ---- the ledger's health, and what is logged ---- */

/* Notes how a call of the ledger ended; returns the same. */
static bool judge(struct flash_delivery *delivery, bool worked,
                  const struct flash_delivery_now *now, const struct flash_error *err)
{
    if (worked) {
        delivery->failed_since_ms = 0;
        return true;
    }
    flash_reconciler_count(METRIC_ERRORS_LEDGER, 1);
    if (delivery->failed_since_ms == 0) {
        delivery->failed_since_ms = now->steady_ms;
        FLASH_LOG(WARN, "alert.ledger_away", FLASH_TEXT("error", err->text));
    }
    delivery->ask_again_ms = now->steady_ms + LEDGER_RETRY_MS;
    return false;
}

static void say_change(const struct flash_alert *alert)
{
    if (alert->raised) {
        FLASH_LOG(WARN, "alert.raised", FLASH_TEXT("key", alert->key),
                  FLASH_TEXT("severity", flash_severity_name(alert->severity)),
                  FLASH_TEXT("text", alert->text));
    } else {
        FLASH_LOG(INFO, "alert.cleared", FLASH_TEXT("key", alert->key),
                  FLASH_TEXT("text", alert->text));
    }
}

static void say_failure(const struct flash_alert *alert, enum flash_channel channel,
                        const struct flash_error *err, bool gives_up)
{
    char id[FLASH_UUID_TEXT + 1];
    flash_uuid_format(&alert->id, id);
    if (gives_up) {
        FLASH_LOG(ERROR, "alert.given_up", FLASH_TEXT("channel", flash_channel_name(channel)),
                  FLASH_TEXT("key", alert->key), FLASH_TEXT("id", id),
                  FLASH_TEXT("error", err->text));
    } else {
        FLASH_LOG(WARN, "alert.not_taken", FLASH_TEXT("channel", flash_channel_name(channel)),
                  FLASH_TEXT("key", alert->key), FLASH_TEXT("id", id),
                  FLASH_TEXT("error", err->text));
    }
}

/* ---- from the queue into the ledger ---- */

static bool write_item(struct flash_delivery *delivery, const struct flash_alarm_item *item,
                       struct flash_error *err)
{
    const struct flash_delivery_parts *parts = &delivery->parts;
    struct flash_outbox_change change = {.alert = &item->alert};
    bool changed = false;
    for (int channel = 0; channel < FLASH_CHANNEL_COUNT; channel++) {
        enum flash_channel id = (enum flash_channel)channel;
        change.wanted[channel] = flash_notify_on(parts->notify, id) &&
                                 flash_alert_suits(&item->alert, id, parts->config);
        change.sent[channel] = item->sent[channel];
    }
    if (!flash_outbox_record(parts->mysql, &change, &changed, err)) {
        return false;
    }
    flash_reconciler_count(METRIC_ALERT_CHANGES, changed);
    if (changed && !item->said) {
        say_change(&item->alert);
    }
    return true;
}

void flash_delivery_write(struct flash_delivery *delivery, const struct flash_delivery_now *now)
{
    struct flash_alarm_item item;
    struct flash_error err = {0};
    while (flash_alarms_item(delivery->parts.alarms, 0, &item)) {
        if (!judge(delivery, write_item(delivery, &item, &err), now, &err)) {
            return;
        }
        flash_alarms_pop(delivery->parts.alarms);
    }
}

/* ---- one attempt ---- */

static void count(enum flash_channel channel, enum flash_outbox_end end)
{
    static const enum flash_reconciler_metric rows[FLASH_CHANNEL_COUNT][3] = {
        [FLASH_CHANNEL_WEBHOOK] = {[FLASH_OUTBOX_SENT] = METRIC_ALERTS_WEBHOOK_SENT,
                                   [FLASH_OUTBOX_GIVEN_UP] = METRIC_ALERTS_WEBHOOK_GIVEN_UP,
                                   [FLASH_OUTBOX_LATER] = METRIC_ALERTS_WEBHOOK_NOT_TAKEN},
        [FLASH_CHANNEL_MAIL] = {[FLASH_OUTBOX_SENT] = METRIC_ALERTS_MAIL_SENT,
                                [FLASH_OUTBOX_GIVEN_UP] = METRIC_ALERTS_MAIL_GIVEN_UP,
                                [FLASH_OUTBOX_LATER] = METRIC_ALERTS_MAIL_NOT_TAKEN},
        [FLASH_CHANNEL_SMS] = {[FLASH_OUTBOX_SENT] = METRIC_ALERTS_SMS_SENT,
                               [FLASH_OUTBOX_GIVEN_UP] = METRIC_ALERTS_SMS_GIVEN_UP,
                               [FLASH_OUTBOX_LATER] = METRIC_ALERTS_SMS_NOT_TAKEN},
    };
    flash_reconciler_count(rows[channel][end], 1);
}

/* Sends, and says what becomes of the message; a channel that did not take it is held. */
static enum flash_outbox_end attempt(struct flash_delivery *delivery, enum flash_channel id,
                                     const struct flash_alert *alert,
                                     const struct flash_delivery_now *now)
{
    const struct flash_config *config = delivery->parts.config;
    struct channel *channel = &delivery->channels[id];
    enum flash_outbox_end end = FLASH_OUTBOX_SENT;
    channel->last = (struct flash_error){0};
    if (!flash_notify_send(delivery->parts.notify, id, alert, &channel->last)) {
        bool late = now->wall_ms - alert->at_ms >= config->alerts.give_up_after_ms;
        end = channel->last.kind == FLASH_ERROR_DATA || late ? FLASH_OUTBOX_GIVEN_UP
                                                             : FLASH_OUTBOX_LATER;
    }
    channel->failures = end == FLASH_OUTBOX_LATER ? channel->failures + 1 : 0;
    channel->hold_until_ms =
        now->steady_ms + flash_delivery_backoff_ms(channel->failures, config->alerts.retry_first_ms,
                                                   config->alerts.retry_max_ms);
    if (end == FLASH_OUTBOX_GIVEN_UP || channel->failures == 1) {
        say_failure(alert, id, &channel->last, end == FLASH_OUTBOX_GIVEN_UP);
    }
    count(id, end);
    return end;
}

/* ---- from the ledger to the channels ---- */

/* Of the channel's message `unmarked`, which stays that if it was sent and the ledger cannot be
 * told. */
static bool mark(struct flash_delivery *delivery, enum flash_channel channel,
                 const struct flash_outbox_result *result, struct flash_error *err)
{
    int64_t *number = &delivery->channels[channel].unmarked;
    bool marked = flash_outbox_mark(delivery->parts.mysql, *number, result, err);
    *number = marked || result->end != FLASH_OUTBOX_SENT ? 0 : *number;
    return marked;
}

/* Sends the message that has waited longest. True: there may be another. */
static bool send_one(struct flash_delivery *delivery, enum flash_channel channel,
                     const struct flash_delivery_now *now)
{
    const struct flash_delivery_parts *parts = &delivery->parts;
    int64_t claim_ms = FLASH_CHANNEL_COUNT * parts->config->alerts.timeout_ms + CLAIM_SLACK_MS;
    const struct flash_outbox_claim claim = {channel, now->wall_ms, now->wall_ms + claim_ms};
    struct flash_outbox_message message;
    struct flash_error err = {0};
    bool taken = flash_outbox_take(parts->mysql, &claim, &message, &err);
    if (!judge(delivery, taken, now, &err) || message.number == 0) {
        return false;
    }
    struct flash_outbox_result result = {.end = attempt(delivery, channel, &message.alert, now)};
    const struct channel *state = &delivery->channels[channel];
    bool later = result.end == FLASH_OUTBOX_LATER;
    result.at_ms = now->wall_ms + (later ? state->hold_until_ms - now->steady_ms : 0);
    result.reason = state->last.text;
    delivery->channels[channel].unmarked = message.number;
    bool marked = mark(delivery, channel, &result, &err);
    return judge(delivery, marked, now, &err);
}

static bool mark_what_was_sent(struct flash_delivery *delivery,
                               const struct flash_delivery_now *now)
{
    const struct flash_outbox_result sent = {FLASH_OUTBOX_SENT, now->wall_ms, ""};
    struct flash_error err = {0};
    for (int i = 0; i < FLASH_CHANNEL_COUNT; i++) {
        enum flash_channel channel = (enum flash_channel)i;
        if (delivery->channels[i].unmarked != 0 &&
            !judge(delivery, mark(delivery, channel, &sent, &err), now, &err)) {
            return false;
        }
    }
    return true;
}

static void look_after(struct flash_delivery *delivery, const struct flash_delivery_now *now)
{
    struct flash_outbox_counts counts;
    struct flash_error err = {0};
    if (!judge(delivery, flash_outbox_count(delivery->parts.mysql, &counts, &err), now, &err)) {
        return;
    }
    flash_metric_set(&flash_reconciler_metrics[METRIC_ALERTS_WAITING], counts.waiting);
    flash_metric_set(&flash_reconciler_metrics[METRIC_ALERTS_RAISED], counts.raised);
    if (now->steady_ms >= delivery->prune_ms) {
        delivery->prune_ms = now->steady_ms + PRUNE_EVERY_MS;
        judge(delivery, flash_outbox_prune(delivery->parts.mysql, now->wall_ms - KEEP_MS, &err),
              now, &err);
    }
}

/* ---- without the ledger ---- */

/* Sends the first item that waits for the channel. True: there may be another. */
static bool send_directly(struct flash_delivery *delivery, enum flash_channel channel,
                          const struct flash_delivery_now *now)
{
    struct flash_alarms *alarms = delivery->parts.alarms;
    struct flash_alarm_item item;
    int i = 0;
    while (flash_alarms_item(alarms, i, &item) && (!item.direct || item.sent[channel])) {
        i++;
    }
    if (!flash_alarms_item(alarms, i, &item)) {
        return false;
    }
    if (!item.said) {
        say_change(&item.alert);
        item.said = true;
    }
    item.sent[channel] = !flash_alert_suits(&item.alert, channel, delivery->parts.config) ||
                         attempt(delivery, channel, &item.alert, now) != FLASH_OUTBOX_LATER;
    flash_alarms_put(alarms, i, &item);
    return true;
}

/* ---- a round ---- */

bool flash_delivery_run(struct flash_delivery *delivery, const struct flash_delivery_now *now)
{
    bool more = false;
    if (now->steady_ms >= delivery->ask_again_ms) {
        flash_delivery_write(delivery, now);
    }
    bool asks = now->steady_ms >= delivery->ask_again_ms && mark_what_was_sent(delivery, now);
    bool direct = delivery->failed_since_ms != 0 &&
                  now->steady_ms - delivery->failed_since_ms >= DIRECT_AFTER_MS;
    for (int i = 0; i < FLASH_CHANNEL_COUNT; i++) {
        enum flash_channel channel = (enum flash_channel)i;
        bool open = flash_notify_on(delivery->parts.notify, channel) &&
                    now->steady_ms >= delivery->channels[i].hold_until_ms;
        asks = asks && now->steady_ms >= delivery->ask_again_ms;
        if (open && asks) {
            more = send_one(delivery, channel, now) || more;
        } else if (open && direct) {
            more = send_directly(delivery, channel, now) || more;
        }
    }
    if (asks && !more) {
        look_after(delivery, now);
    }
    return more;
}
