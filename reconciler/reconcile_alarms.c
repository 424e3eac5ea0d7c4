/* The alarms of a pass; see reconcile_alarms.h. */
#include "reconcile_alarms.h"

#include <stdio.h>

#define GUARD "reconcile.guard"
#define AGE "reconcile.unsettled_age"

enum { TEXT_MAX = 320 };

static void judge_guard(struct flash_alarms *alarms, const struct flash_reconcile_done *done)
{
    if (done->end == FLASH_RECONCILE_GUARD) {
        flash_alarm_raise(alarms,
                          &(struct flash_alarm){GUARD, FLASH_SEVERITY_CRITICAL, done->err.text});
    } else {
        flash_alarm_clear(alarms, GUARD, "nothing is held back");
    }
}

static void judge_age(struct flash_alarms *alarms, int64_t max_ms,
                      const struct flash_reconcile_done *done)
{
    char text[TEXT_MAX];
    snprintf(
        text, sizeof(text),
        "the oldest entry without settlement is %lld s old, %lld are late; the limit is %lld s",
        (long long)(done->oldest_ms / 1000), (long long)done->late, (long long)(max_ms / 1000));
    if (done->oldest_ms > max_ms) {
        flash_alarm_raise(alarms, &(struct flash_alarm){AGE, FLASH_SEVERITY_WARNING, text});
    } else {
        flash_alarm_clear(alarms, AGE, text);
    }
}

void flash_reconcile_alarms(struct flash_alarms *alarms, const struct flash_config *config,
                            const struct flash_reconcile_done *done)
{
    bool whole = done->end == FLASH_RECONCILE_COMPLETE || done->end == FLASH_RECONCILE_GUARD ||
                 done->end == FLASH_RECONCILE_NO_KAFKA;
    if (!whole) {
        return;
    }
    judge_age(alarms, config->alerts.max_unsettled_age_ms, done);
    if (done->end != FLASH_RECONCILE_NO_KAFKA) { /* then nothing could be compensated at all */
        judge_guard(alarms, done);
    }
}
