/* Looks at the stock again and again; see stock_duty.h. */
#include "stock_duty.h"

#include <stdlib.h>

#include "duty.h"
#include "flash/log.h"
#include "flash/time.h"
#include "metrics.h"
#include "stock_watch.h"
#include "summary.h"

struct flash_stock_duty {
    struct flash_mysql *mysql;
    struct flash_stock_watch *watch; /* NULL: alerts.stock is off */
    struct flash_summary *summary;
    struct flash_duty *thread;
    bool said_away;
};

static void look(struct flash_duty *running, void *arg)
{
    struct flash_stock_duty *duty = arg;
    struct flash_error err = {0};
    int64_t now_ms = (int64_t)flash_time_wall_ms();
    (void)running;
    bool ok = (!duty->watch || flash_stock_watch_look(duty->watch, now_ms, &err)) &&
              flash_summary_look(duty->summary, now_ms, &err);
    flash_reconciler_count(METRIC_ERRORS_LEDGER, !ok);
    if (!ok && !duty->said_away) {
        FLASH_LOG(WARN, "alert.stock_unread", FLASH_TEXT("error", err.text));
    } else if (ok && duty->said_away) {
        FLASH_LOG(INFO, "alert.stock_read_again");
    }
    duty->said_away = !ok;
}

bool flash_stock_duty_new(const struct flash_config *config, struct flash_stock_duty **ret_duty,
                          struct flash_error *err)
{
    struct flash_stock_duty *duty = calloc(1, sizeof(*duty));
    if (!duty) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "stock: out of memory");
    }
    const struct flash_duty_plan plan = {config->alerts.stock_interval_ms, look, duty};
    bool watches = config->alerts.stock == FLASH_SWITCH_ON;
    if (!flash_mysql_new(config, &duty->mysql, err) ||
        (watches && !flash_stock_watch_new(config, duty->mysql, &duty->watch, err)) ||
        !flash_summary_new(config, duty->mysql, &duty->summary, err) ||
        !flash_duty_new(&plan, &duty->thread, err)) {
        flash_stock_duty_free(duty);
        return false;
    }
    *ret_duty = duty;
    return true;
}

void flash_stock_duty_stop(struct flash_stock_duty *duty)
{
    if (duty) {
        flash_duty_stop(duty->thread);
    }
}

void flash_stock_duty_free(struct flash_stock_duty *duty)
{
    if (duty) {
        flash_duty_free(duty->thread);
        flash_summary_free(duty->summary);
        flash_stock_watch_free(duty->watch);
        flash_mysql_free(duty->mysql);
        free(duty);
    }
}
