/* GET_LOCK on a connection of its own; see lease.h. */
#include "lease.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flash/mysql.h"
#include "flash/mysql_value.h"
#include "flash/time.h"

#define IDLE_MIN_S 20    /* a holder that froze loses it after that */
#define KEEP_US 2000000U /* between questions of one that works */

struct flash_lease {
    struct flash_mysql *mysql;
    uint64_t asked_us; /* when it was found to be ours */
    char name[64]; /* a lock is the server's: the database tells one installation from another */
};

/* A holder between two passes, or in a statement that takes its time, has not frozen. */
static int64_t idle_s(const struct flash_config *config, int64_t every_ms)
{
    int64_t pass_s = 3 * every_ms / 1000, statement_s = 2 * config->mysql.query_timeout_ms / 1000;
    int64_t longest_s = pass_s > statement_s ? pass_s : statement_s;
    return longest_s > IDLE_MIN_S ? longest_s : IDLE_MIN_S;
}

bool flash_lease_new(const struct flash_config *config, const struct flash_lease_plan *plan,
                     struct flash_lease **ret_lease, struct flash_error *err)
{
    struct flash_lease *lease = calloc(1, sizeof(*lease));
    if (!lease) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "lease: out of memory");
    }
    snprintf(lease->name, sizeof(lease->name), "%.15s.%.47s", plan->name, config->mysql.database);
    if (!flash_mysql_new(config, &lease->mysql, err)) {
        free(lease);
        return false;
    }
    flash_mysql_for_locks(lease->mysql, idle_s(config, plan->every_ms));
    *ret_lease = lease;
    return true;
}

void flash_lease_free(struct flash_lease *lease)
{
    if (lease) {
        flash_mysql_free(lease->mysql);
        free(lease);
    }
}

static bool take_yes(const struct flash_value *cells, int count, void *arg)
{
    (void)count;
    *(bool *)arg = !cells[0].null && cells[0].number == 1;
    return true;
}

static bool ask(struct flash_lease *lease, bool *ret_held, struct flash_error *err)
{
    bool held = false;
    const struct flash_value names[] = {flash_value_text(lease->name),
                                        flash_value_text(lease->name)};
    const struct flash_query query = {
        /* A lock taken twice would have to be given back twice. */
        .sql = "SELECT IF(IS_USED_LOCK(?) <=> CONNECTION_ID(), 1, GET_LOCK(?, 0))",
        .params = names,
        .param_count = 2,
        .column_count = 1,
        .row = take_yes,
        .arg = &held,
    };
    if (!flash_mysql_query(lease->mysql, &query, err)) {
        return false;
    }
    *ret_held = held;
    return true;
}

bool flash_lease_take(struct flash_lease *lease, bool *ret_held, struct flash_error *err)
{
    bool was_there = flash_mysql_connected(lease->mysql);
    uint64_t now_us = flash_time_monotonic_us();
    bool known = ask(lease, ret_held, err);
    /* The server may have ended a connection that was idle: another one tells. */
    if (!known && was_there && !flash_mysql_connected(lease->mysql)) {
        known = ask(lease, ret_held, err);
    }
    lease->asked_us = now_us;
    return known;
}

bool flash_lease_keep(struct flash_lease *lease, bool *ret_held, struct flash_error *err)
{
    if (flash_time_monotonic_us() - lease->asked_us >= KEEP_US) {
        return flash_lease_take(lease, ret_held, err);
    }
    *ret_held = true;
    return true;
}

void flash_lease_give(struct flash_lease *lease)
{
    bool released = false;
    const struct flash_value name = flash_value_text(lease->name);
    const struct flash_query query = {.sql = "SELECT RELEASE_LOCK(?)",
                                      .params = &name,
                                      .param_count = 1,
                                      .column_count = 1,
                                      .row = take_yes,
                                      .arg = &released};
    struct flash_error ignored; /* the connection is gone then, and the lock with it */
    if (flash_mysql_connected(lease->mysql) && !flash_mysql_query(lease->mysql, &query, &ignored)) {
        flash_mysql_rollback(lease->mysql);
    }
}
