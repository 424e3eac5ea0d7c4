/* The queue of alarms; see alarms.h and alarm_queue.h. The lock guards all of it; nothing is waited
 * for under it. */
#include "alarms.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alarm_queue.h"
#include "flash/log.h"
#include "flash/time.h"
#include "metrics.h"

/* What the ledger was last told of a key. */
struct known {
    char key[FLASH_ALERT_KEY_MAX + 1]; /* empty: a free place */
    bool raised;
};

struct flash_alarms {
    pthread_mutex_t lock;
    struct flash_alarm_item items[FLASH_ALARM_QUEUE]; /* a ring */
    int first, count;
    struct known known[FLASH_ALARM_KEYS];
    bool said_full;
};

bool flash_alarms_new(struct flash_alarms **ret_alarms, struct flash_error *err)
{
    struct flash_alarms *alarms = calloc(1, sizeof(*alarms));
    if (!alarms) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "alarms: out of memory");
    }
    pthread_mutex_init(&alarms->lock, NULL);
    *ret_alarms = alarms;
    return true;
}

void flash_alarms_free(struct flash_alarms *alarms)
{
    if (alarms) {
        pthread_mutex_destroy(&alarms->lock);
        free(alarms);
    }
}

/* ---- with the lock held ---- */

static struct flash_alarm_item *item_at(struct flash_alarms *alarms, int i)
{
    return &alarms->items[(alarms->first + i) % FLASH_ALARM_QUEUE];
}

/* The last item of a key, or NULL. */
static const struct flash_alarm_item *last_of(struct flash_alarms *alarms, const char *key)
{
    for (int i = alarms->count - 1; i >= 0; i--) {
        const struct flash_alarm_item *item = item_at(alarms, i);
        if (strcmp(item->alert.key, key) == 0) {
            return item;
        }
    }
    return NULL;
}

/* The place of a key, or a free one, or NULL. */
static struct known *known_of(struct flash_alarms *alarms, const char *key)
{
    for (int i = 0; i < FLASH_ALARM_KEYS; i++) {
        struct known *known = &alarms->known[i];
        if (known->key[0] == '\0' || strcmp(known->key, key) == 0) {
            return known;
        }
    }
    return NULL;
}

/* As far as this process knows. A clear of what it knows nothing of is none: it may never have been
 * raised. */
static bool is_change(struct flash_alarms *alarms, const struct flash_alert *alert)
{
    const struct known *known = known_of(alarms, alert->key);
    if (last_of(alarms, alert->key)) {
        return true;
    }
    return known && known->key[0] ? known->raised != alert->raised : alert->raised;
}

/* False: there is no room. */
static bool add(struct flash_alarms *alarms, const struct flash_alert *alert)
{
    const struct flash_alarm_item *last = last_of(alarms, alert->key);
    if (last && last->alert.raised == alert->raised) {
        return true;
    }
    if (alarms->count == FLASH_ALARM_QUEUE) {
        return false;
    }
    bool direct = is_change(alarms, alert);
    *item_at(alarms, alarms->count++) =
        (struct flash_alarm_item){.alert = *alert, .direct = direct};
    return true;
}

/* ---- for those who raise ---- */

static bool stamp(struct flash_alert *alert)
{
    struct flash_error err;
    alert->at_ms = (int64_t)flash_time_wall_ms();
    return flash_uuid_new((uint64_t)alert->at_ms, &alert->id, &err);
}

static void offer(struct flash_alarms *alarms, const struct flash_alarm *alarm, bool raised)
{
    struct flash_alert alert = {.raised = raised, .severity = alarm->severity};
    assert(flash_alert_key_valid((struct flash_text){alarm->key, strlen(alarm->key)}));
    snprintf(alert.key, sizeof(alert.key), "%s", alarm->key);
    flash_alert_set_text(&alert, alarm->text);
    bool stamped = stamp(&alert);
    pthread_mutex_lock(&alarms->lock);
    bool taken = stamped && add(alarms, &alert);
    bool says = !taken && !alarms->said_full;
    alarms->said_full = !taken;
    pthread_mutex_unlock(&alarms->lock);
    flash_reconciler_count(METRIC_ALERTS_DROPPED, !taken);
    if (says) {
        FLASH_LOG(ERROR, "alert.dropped", FLASH_TEXT("key", alert.key),
                  FLASH_TEXT("text", alert.text), FLASH_TEXT("reason", "the queue is full"));
    }
}

void flash_alarm_raise(struct flash_alarms *alarms, const struct flash_alarm *alarm)
{
    if (alarms) {
        offer(alarms, alarm, true);
    }
}

void flash_alarm_clear(struct flash_alarms *alarms, const char *key, const char *text)
{
    if (alarms) {
        offer(alarms, &(struct flash_alarm){key, FLASH_SEVERITY_INFO, text}, false);
    }
}

/* ---- for the one who empties ---- */

bool flash_alarms_item(struct flash_alarms *alarms, int i, struct flash_alarm_item *ret_item)
{
    pthread_mutex_lock(&alarms->lock);
    bool there = i < alarms->count;
    if (there) {
        *ret_item = *item_at(alarms, i);
    }
    pthread_mutex_unlock(&alarms->lock);
    return there;
}

void flash_alarms_put(struct flash_alarms *alarms, int i, const struct flash_alarm_item *item)
{
    pthread_mutex_lock(&alarms->lock);
    assert(i < alarms->count);
    *item_at(alarms, i) = *item;
    pthread_mutex_unlock(&alarms->lock);
}

void flash_alarms_pop(struct flash_alarms *alarms)
{
    pthread_mutex_lock(&alarms->lock);
    assert(alarms->count > 0);
    const struct flash_alert *alert = &item_at(alarms, 0)->alert;
    struct known *known = known_of(alarms, alert->key);
    if (known) {
        snprintf(known->key, sizeof(known->key), "%s", alert->key);
        known->raised = alert->raised;
    }
    alarms->first = (alarms->first + 1) % FLASH_ALARM_QUEUE;
    alarms->count--;
    pthread_mutex_unlock(&alarms->lock);
}
