/* Readings of the daemon's parts and gauges; see watch.h. */
#include "watch.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 320 };

/* Parts whose alarm has a name of its own; the others' is "<part>.away". */
static const struct {
    const char *part, *key;
} names[] = {
    {"proof", "topic.settings"},
    {"reconcile", "reconcile.trouble"},
};

void flash_watch_add(struct flash_watch *watch, const struct flash_watch_gauge *gauge)
{
    assert(watch->gauge_count < FLASH_WATCH_GAUGES);
    watch->gauges[watch->gauge_count++].gauge = *gauge;
}

static struct flash_hysteresis *hysteresis_of(struct flash_watch *watch, const char *name)
{
    for (int i = 0; i < FLASH_WATCH_PARTS; i++) {
        if (!watch->parts[i].name) {
            watch->parts[i].name = name;
        }
        if (strcmp(watch->parts[i].name, name) == 0) {
            return &watch->parts[i].hysteresis;
        }
    }
    return NULL;
}

static void name_alarm(const char *part, char ret_key[FLASH_ALERT_KEY_MAX + 1])
{
    snprintf(ret_key, FLASH_ALERT_KEY_MAX + 1, "%.32s.away", part);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i].part, part) == 0) {
            snprintf(ret_key, FLASH_ALERT_KEY_MAX + 1, "%s", names[i].key);
        }
    }
}

static void look_at_part(struct flash_watch *watch, const struct flash_ready_part *part,
                         int64_t now_ms)
{
    char key[FLASH_ALERT_KEY_MAX + 1], text[TEXT_MAX];
    struct flash_hysteresis *hysteresis = hysteresis_of(watch, part->name);
    if (!hysteresis || !flash_hysteresis_step(hysteresis, &watch->limits, !part->ready, now_ms)) {
        return;
    }
    name_alarm(part->name, key);
    if (part->ready) {
        snprintf(text, sizeof(text), "%s: well again", part->name);
        flash_alarm_clear(watch->alarms, key, text);
    } else {
        snprintf(text, sizeof(text), "%s: %s", part->name, part->reason);
        flash_alarm_raise(watch->alarms, &(struct flash_alarm){key, FLASH_SEVERITY_CRITICAL, text});
    }
}

static void look_at_gauge(struct flash_watch *watch, int i, int64_t now_ms)
{
    const struct flash_watch_gauge *gauge = &watch->gauges[i].gauge;
    int64_t value = flash_metric_get(gauge->metric), scale = gauge->unit ? 1 : 1000;
    bool bad = value > gauge->limit;
    char text[TEXT_MAX];
    if (!flash_hysteresis_step(&watch->gauges[i].hysteresis, &watch->limits, bad, now_ms)) {
        return;
    }
    const char *unit = gauge->unit ? gauge->unit : "s";
    snprintf(text, sizeof(text), "%s %lld %s; the limit is %lld %s", gauge->what,
             (long long)(value / scale), unit, (long long)(gauge->limit / scale), unit);
    if (bad) {
        flash_alarm_raise(watch->alarms,
                          &(struct flash_alarm){gauge->key, FLASH_SEVERITY_WARNING, text});
    } else {
        flash_alarm_clear(watch->alarms, gauge->key, text);
    }
}

void flash_watch_look(struct flash_watch *watch, int64_t now_ms)
{
    struct flash_ready_part parts[FLASH_WATCH_PARTS];
    int count = watch->fill(parts, FLASH_WATCH_PARTS, watch->arg);
    for (int i = 0; i < count; i++) {
        if (strcmp(parts[i].name, "process") != 0) { /* whoever stops it knows */
            look_at_part(watch, &parts[i], now_ms);
        }
    }
    for (int i = 0; i < watch->gauge_count; i++) {
        look_at_gauge(watch, i, now_ms);
    }
}
