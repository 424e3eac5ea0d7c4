/* The duties of alerts; see alerting.h.
 *
 *     stock:  ledger's stock ──▶ ledger's outbox
 *     watch:  parts, gauges ──▶ alarms        duties and passes: flash_alarm_raise ──▶ alarms
 *     alerts: alarms ──▶ ledger ──▶ webhook, mail */
#include "alerting.h"

#include <stdlib.h>

#include "delivery.h"
#include "duty.h"
#include "flash/time.h"
#include "flash/zone.h"
#include "lag.h"
#include "metrics.h"
#include "stock_duty.h"
#include "watch.h"

enum { LOOK_INTERVAL_MS = 250, ROUND_INTERVAL_MS = 500 };

struct flash_alerting {
    struct flash_alarms *alarms;
    struct flash_watch watch;
    struct flash_mysql *mysql;
    struct flash_notify *notify;
    struct flash_delivery *delivery;
    struct flash_duty *watch_duty, *delivery_duty;
    struct flash_stock_duty *stock_duty;
    struct flash_lag *lag;
    const struct flash_config *config; /* (borrowed) */
};

static void look(struct flash_duty *duty, void *arg)
{
    struct flash_alerting *alerting = arg;
    (void)duty;
    flash_watch_look(&alerting->watch, (int64_t)(flash_time_monotonic_us() / 1000));
}

static struct flash_delivery_now now(void)
{
    return (struct flash_delivery_now){(int64_t)flash_time_wall_ms(),
                                       (int64_t)(flash_time_monotonic_us() / 1000)};
}

static void deliver(struct flash_duty *duty, void *arg)
{
    struct flash_alerting *alerting = arg;
    struct flash_delivery_now at = now();
    while (flash_delivery_run(alerting->delivery, &at) && flash_duty_pause(duty, 0)) {
        at = now();
    }
}

static void set_up_watch(struct flash_alerting *alerting, const struct flash_alerting_parts *parts)
{
    const struct flash_config *config = parts->config;
    alerting->watch.alarms = alerting->alarms;
    alerting->watch.limits = (struct flash_hysteresis_limits){config->alerts.raise_after_ms,
                                                              config->alerts.clear_after_ms};
    alerting->watch.fill = parts->fill;
    alerting->watch.arg = parts->arg;
    flash_watch_add(&alerting->watch,
                    &(struct flash_watch_gauge){"expiry.lag",
                                                &flash_reconciler_metrics[METRIC_EXPIRY_LAG],
                                                config->alerts.max_expiry_lag_ms,
                                                "due orders may have been left for", NULL});
    flash_watch_add(&alerting->watch,
                    &(struct flash_watch_gauge){"consumer.lag",
                                                &flash_reconciler_metrics[METRIC_CONSUMER_LAG],
                                                config->alerts.max_consumer_lag,
                                                "the consumers are behind by", "messages"});
}

static bool make(struct flash_alerting *alerting, const struct flash_alerting_parts *parts,
                 struct flash_error *err)
{
    struct flash_error reason;
    alerting->config = parts->config;
    if (!flash_zone_use(parts->config->alerts.summary_zone, &reason)) {
        return flash_error_set(err, FLASH_ERROR_CONFIG, "alerts.summary_zone: %s", reason.text);
    }
    if (!flash_config_check_alerts(parts->config, err) ||
        !flash_alarms_new(&alerting->alarms, err) ||
        !flash_mysql_new(parts->config, &alerting->mysql, err) ||
        !flash_notify_new(parts->config, &alerting->notify, err)) {
        return false;
    }
    const struct flash_delivery_parts delivery = {parts->config, alerting->alarms, alerting->mysql,
                                                  alerting->notify};
    set_up_watch(alerting, parts);
    return flash_delivery_new(&delivery, &alerting->delivery, err);
}

bool flash_alerting_new(const struct flash_alerting_parts *parts,
                        struct flash_alerting **ret_alerting, struct flash_error *err)
{
    struct flash_alerting *alerting = calloc(1, sizeof(*alerting));
    if (!alerting) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "alerts: out of memory");
    }
    if (!make(alerting, parts, err)) {
        flash_alerting_free(alerting);
        return false;
    }
    *ret_alerting = alerting;
    return true;
}

bool flash_alerting_start(struct flash_alerting *alerting, struct flash_producer *producer,
                          struct flash_error *err)
{
    const struct flash_duty_plan looks = {LOOK_INTERVAL_MS, look, alerting};
    const struct flash_duty_plan rounds = {ROUND_INTERVAL_MS, deliver, alerting};
    return flash_duty_new(&looks, &alerting->watch_duty, err) &&
           flash_duty_new(&rounds, &alerting->delivery_duty, err) &&
           flash_stock_duty_new(alerting->config, &alerting->stock_duty, err) &&
           flash_lag_new(alerting->config, producer, &alerting->lag, err);
}

struct flash_alarms *flash_alerting_alarms(struct flash_alerting *alerting)
{
    return alerting->alarms;
}

void flash_alerting_stop(struct flash_alerting *alerting)
{
    if (alerting) {
        flash_duty_free(alerting->watch_duty); /* a look takes no time */
        alerting->watch_duty = NULL;
        flash_duty_stop(alerting->delivery_duty);
        flash_stock_duty_stop(alerting->stock_duty);
        flash_lag_stop(alerting->lag);
    }
}

void flash_alerting_free(struct flash_alerting *alerting)
{
    if (!alerting) {
        return;
    }
    flash_alerting_stop(alerting);
    flash_lag_free(alerting->lag);
    flash_stock_duty_free(alerting->stock_duty);
    flash_duty_free(alerting->delivery_duty);
    if (alerting->delivery) {
        const struct flash_delivery_now at = now();
        flash_delivery_write(alerting->delivery, &at);
    }
    flash_delivery_free(alerting->delivery);
    flash_notify_free(alerting->notify);
    flash_mysql_free(alerting->mysql);
    flash_alarms_free(alerting->alarms);
    free(alerting);
}
