/* GET_LOCK on a connection of its own; see lease.h. */
#include "lease.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flash/mysql.h"

struct flash_lease {
    struct flash_mysql *mysql;
    char name[64]; /* a lock is the server's: the database tells one installation from another */
};

bool flash_lease_new(const struct flash_config *config, struct flash_lease **ret_lease,
                     struct flash_error *err)
{
    struct flash_lease *lease = calloc(1, sizeof(*lease));
    if (!lease) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "lease: out of memory");
    }
    snprintf(lease->name, sizeof(lease->name), "flash.reconcile.%.47s", config->mysql.database);
    if (!flash_mysql_new(config, &lease->mysql, err)) {
        free(lease);
        return false;
    }
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

static bool take_held(const struct flash_value *cells, int count, void *arg)
{
    (void)count;
    *(bool *)arg = !cells[0].null && cells[0].number == 1;
    return true;
}

bool flash_lease_take(struct flash_lease *lease, bool *ret_held, struct flash_error *err)
{
    bool held = false;
    const struct flash_value name = {.type = FLASH_COLUMN_BYTES,
                                     .bytes = {lease->name, strlen(lease->name)}};
    const struct flash_value names[] = {name, name};
    const struct flash_query query = {
        /* A lock taken twice would have to be given back twice. */
        .sql = "SELECT IF(IS_USED_LOCK(?) <=> CONNECTION_ID(), 1, GET_LOCK(?, 0))",
        .params = names,
        .param_count = 2,
        .column_count = 1,
        .row = take_held,
        .arg = &held,
    };
    if (!flash_mysql_query(lease->mysql, &query, err)) {
        return false;
    }
    *ret_held = held;
    return true;
}
