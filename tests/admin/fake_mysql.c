/* A ledger that fails on demand; see fake_mysql.h. */
#include "fake_mysql.h"

#include <assert.h>
#include <string.h>

#define SCRIPT_MAX 16

static struct {
    enum flash_mysql_class script[3][SCRIPT_MAX];
    int written[3], done[3], rollbacks;
    enum flash_mysql_class last;
    bool connected;
} fake;

void fake_mysql_reset(void)
{
    memset(&fake, 0, sizeof(fake));
    fake.connected = true;
}

void fake_mysql_expect(enum fake_step step, enum flash_mysql_class class)
{
    assert(fake.written[step] < SCRIPT_MAX);
    fake.script[step][fake.written[step]++] = class;
}

void fake_mysql_disconnect(void)
{
    fake.connected = false;
}

int fake_mysql_count(enum fake_step step)
{
    return fake.done[step];
}

int fake_mysql_rollbacks(void)
{
    return fake.rollbacks;
}

static bool take(enum fake_step step, struct flash_error *err)
{
    int i = fake.done[step]++;
    enum flash_mysql_class class = i < fake.written[step] ? fake.script[step][i] : FLASH_MYSQL_OK;
    if (class == FLASH_MYSQL_OK) {
        fake.connected = true;
        return true;
    }
    fake.last = class;
    return flash_error_set(err, FLASH_ERROR_RETRY, "step %d as written", i);
}

bool flash_mysql_begin(struct flash_mysql *mysql, struct flash_error *err)
{
    (void)mysql;
    return take(FAKE_BEGIN, err);
}

bool flash_mysql_commit(struct flash_mysql *mysql, struct flash_error *err)
{
    (void)mysql;
    return take(FAKE_COMMIT, err);
}

void flash_mysql_rollback(struct flash_mysql *mysql)
{
    (void)mysql;
    fake.rollbacks++;
}

bool flash_mysql_exec(struct flash_mysql *mysql, const char *sql, const struct flash_value *params,
                      int param_count, int64_t *ret_affected, struct flash_error *err)
{
    (void)mysql;
    (void)sql;
    (void)params;
    (void)param_count;
    (void)ret_affected;
    return take(FAKE_STATEMENT, err);
}

enum flash_mysql_class flash_mysql_last_class(const struct flash_mysql *mysql)
{
    (void)mysql;
    return fake.last;
}

bool flash_mysql_connected(const struct flash_mysql *mysql)
{
    (void)mysql;
    return fake.connected;
}
