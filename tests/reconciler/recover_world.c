/* Functions in place of the adapters and of a recovery's halves; see recover_world.h. */
#include "recover_world.h"

#include <stdio.h>
#include <string.h>

#define RUN "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

struct recover_world world;

static bool call(const char *name, struct flash_error *err)
{
    size_t len = strlen(world.calls);
    snprintf(world.calls + len, sizeof(world.calls) - len, "%s%s", len ? " " : "", name);
    bool fails = world.fails && strcmp(world.fails, name) == 0;
    return !fails || flash_error_set(err, FLASH_ERROR_RETRY, "%s fails, says the test", name);
}

/* ---- in place of the adapters ---- */

bool flash_mysql_new(const struct flash_config *config, struct flash_mysql **ret_mysql,
                     struct flash_error *err)
{
    (void)config;
    (void)err;
    *ret_mysql = NULL;
    return true;
}

void flash_mysql_free(struct flash_mysql *mysql)
{
    (void)mysql;
}

bool flash_mysql_connected(const struct flash_mysql *mysql)
{
    (void)mysql;
    return !world.fails || strcmp(world.fails, "sweep") != 0;
}

bool flash_redis_sync_new(const struct flash_config *config, struct flash_redis_sync **ret_redis,
                          struct flash_error *err)
{
    (void)config;
    (void)err;
    *ret_redis = NULL;
    return true;
}

void flash_redis_sync_free(struct flash_redis_sync *redis)
{
    (void)redis;
}

bool flash_redis_sync_ping(struct flash_redis_sync *redis, struct flash_error *err)
{
    (void)redis;
    (void)err;
    return true;
}

const char *flash_redis_sync_run_id(const struct flash_redis_sync *redis)
{
    (void)redis;
    return world.restarts && world.pauses > 0 ? "another" : RUN;
}

/* ---- in place of the ledger's and Redis' half ---- */

bool flash_recover_read(struct flash_mysql *mysql, struct flash_sight *sight,
                        struct flash_error *err)
{
    (void)mysql;
    sight->count = 0;
    sight->generation = 4;
    struct flash_sight_sku *sku = flash_sight_add(sight);
    assert_non_null(sku);
    sku->sku = 42;
    return call("read", err);
}

bool flash_recover_look(struct flash_redis_sync *redis, struct flash_sight *sight,
                        struct flash_error *err)
{
    (void)redis;
    memcpy(sight->run_id, RUN, sizeof(RUN));
    sight->skus[0].redis.asked = true;
    sight->skus[0].redis.present = world.looks-- <= 0;
    sight->skus[0].redis.generation = sight->skus[0].redis.gate_generation = 4;
    sight->skus[0].redis.gate = FLASH_GATE_OPEN;
    memcpy(sight->skus[0].redis.gate_more, RUN, sizeof(RUN));
    return call("look", err);
}

bool flash_lease_new(const struct flash_config *config, const struct flash_lease_plan *plan,
                     struct flash_lease **ret_lease, struct flash_error *err)
{
    (void)config;
    (void)plan;
    (void)err;
    *ret_lease = NULL;
    return true;
}

void flash_lease_free(struct flash_lease *lease)
{
    (void)lease;
}

bool flash_lease_take(struct flash_lease *lease, bool *ret_held, struct flash_error *err)
{
    (void)lease;
    *ret_held = !world.lease_taken;
    return call("lease", err);
}

bool flash_lease_keep(struct flash_lease *lease, bool *ret_held, struct flash_error *err)
{
    (void)lease;
    bool last = world.lease_steps == 1;
    world.lease_steps -= world.lease_steps > 0;
    *ret_held = !last;
    return !last || !world.fails || call("keep", err);
}

void flash_lease_give(struct flash_lease *lease)
{
    (void)lease;
    assert_true(call("lease_done", NULL));
}

bool flash_recover_close(struct flash_redis_sync *redis, struct flash_sight *sight,
                         struct flash_error *err)
{
    (void)redis;
    (void)sight;
    return call("close", err);
}

bool flash_recover_read_lost(struct flash_mysql *mysql, struct flash_sight *sight,
                             int64_t window_ms, struct flash_error *err)
{
    (void)mysql;
    (void)sight;
    (void)window_ms;
    return call("lost", err);
}

enum flash_recover_raised flash_recover_raise(struct flash_mysql *mysql, struct flash_sight *sight,
                                              const char *topic, struct flash_error *err)
{
    (void)mysql;
    (void)topic;
    if (!call("raise", err)) {
        return FLASH_RECOVER_FAILED;
    }
    sight->generation = 5;
    return FLASH_RECOVER_RAISED;
}

bool flash_recover_lift(struct flash_redis_sync *redis, struct flash_sight *sight,
                        struct flash_error *err)
{
    (void)redis;
    assert_int_equal(sight->generation, 5);
    sight->skus[0].broken = world.damaged;
    return call("lift", err);
}

bool flash_recover_tell_beacon(struct flash_redis_sync *redis, struct flash_sight *sight,
                               struct flash_error *err)
{
    (void)redis;
    (void)sight;
    (void)err;
    return true;
}

bool flash_recover_count(struct flash_mysql *mysql, int64_t sku, int64_t *ret_orders,
                         struct flash_error *err)
{
    (void)mysql;
    (void)sku;
    *ret_orders = 3;
    return !world.uncounted || flash_error_set(err, FLASH_ERROR_RETRY, "it takes too long");
}

bool flash_recover_count_short(struct flash_mysql *mysql, int64_t sku,
                               struct flash_recover_refused *ret_refused, struct flash_error *err)
{
    (void)mysql;
    (void)sku;
    (void)err;
    *ret_refused = (struct flash_recover_refused){world.refused, world.refused_since_ms};
    return true;
}

bool flash_recover_beat(struct flash_mysql *mysql, int64_t beacon, bool *ret_beaten,
                        struct flash_error *err)
{
    (void)mysql;
    (void)beacon;
    *ret_beaten = true;
    return call("beat", err);
}

bool flash_recover_read_inflows(struct flash_mysql *mysql, struct flash_sight *sight,
                                struct flash_error *err)
{
    (void)mysql;
    sight->skus[0].last_inflow = world.last_inflow;
    return call("numbers", err);
}

bool flash_recover_look_inflows(struct flash_redis_sync *redis, struct flash_sight *sight,
                                struct flash_error *err)
{
    (void)redis;
    sight->skus[0].redis_inflow = world.redis_inflow;
    return call("inflows", err);
}

bool flash_inflow_rows_read(struct flash_mysql *mysql, int64_t sku, struct flash_inflow_page *page,
                            struct flash_error *err)
{
    (void)mysql;
    assert_true(sku == 42 && page->from == world.last_inflow);
    page->count = 1;
    page->rows[0] =
        (struct flash_inflow){.number = page->from + world.no_row, .quantity = -5, .takes = true};
    return call("rows", err);
}

enum flash_inflow_outcome flash_inflow_replay(struct flash_redis_sync *redis,
                                              const struct flash_inflow_replay *replay,
                                              struct flash_error *err)
{
    (void)redis;
    assert_true(replay->sku == 42 && replay->generation == 5);
    assert_int_equal(replay->last->number, world.last_inflow);
    assert_true(call("replay", err));
    if (world.replay == FLASH_INFLOW_UP_TO_DATE) {
        world.redis_inflow = world.last_inflow;
        replay->applied(replay->last, -5, replay->arg);
        return world.replay;
    }
    flash_error_set(err, world.cut_off ? FLASH_ERROR_UNKNOWN : FLASH_ERROR_RETRY, "refused");
    return world.replay;
}

bool flash_recover_open(struct flash_redis_sync *redis, const struct flash_recover_key *key,
                        enum flash_recover_gate *ret_gate, struct flash_error *err)
{
    (void)redis;
    assert_true(key->sku == 42 && key->generation == 5 && strcmp(key->run_id, RUN) == 0);
    if (!call("open", err)) {
        return false;
    }
    *ret_gate = world.old_entries-- > 0 ? FLASH_RECOVER_OLD_ENTRY : FLASH_RECOVER_OPENED;
    return true;
}

bool flash_muster_note(struct flash_muster *muster, const struct flash_muster_desk *desk,
                       struct flash_error *err)
{
    (void)muster;
    (void)desk;
    return call("note", err);
}

bool flash_muster_begin(struct flash_muster *muster, const struct flash_muster_desk *desk,
                        struct flash_error *err)
{
    (void)muster;
    (void)desk;
    return call("muster", err);
}

bool flash_muster_ask(struct flash_muster *muster, const struct flash_muster_desk *desk,
                      bool *ret_all, struct flash_error *err)
{
    (void)muster;
    (void)desk;
    *ret_all = world.answers_after-- <= 0;
    return call("ask", err);
}

bool flash_sweep_new(struct flash_sweep **ret_sweep, struct flash_error *err)
{
    (void)err;
    *ret_sweep = NULL;
    return true;
}

void flash_sweep_free(struct flash_sweep *sweep)
{
    (void)sweep;
}

bool flash_sweep_sku(struct flash_sweep *sweep, const struct flash_sweep_job *job,
                     struct flash_sweep_done *ret_done, struct flash_error *err)
{
    (void)sweep;
    assert_int_equal(job->generation, 5);
    *ret_done = (struct flash_sweep_done){3, 3};
    if (!job->step(3, job->arg) || !call("sweep", err)) {
        return false;
    }
    return !world.refuses || flash_error_set(err, FLASH_ERROR_DATA, "Redis refuses it");
}

bool flash_replay_send_markers(struct flash_replay *replay, struct flash_error *err)
{
    assert_int_equal(replay->generation, 5);
    replay->sent.count = 1;
    return call("markers", err);
}

bool flash_replay_look(struct flash_replay *replay, bool *ret_done, struct flash_error *err)
{
    (void)err;
    replay->applied = world.applied;
    *ret_done = world.proven_after-- <= 0;
    return true;
}

bool flash_replay_send_again(struct flash_replay *replay, const struct flash_replay_again *again,
                             int64_t *ret_sent, struct flash_error *err)
{
    (void)replay;
    (void)again;
    *ret_sent = 2;
    return call("again", err);
}

int recover_world_open(void **state)
{
    struct flash_error err;
    (void)state;
    memset(&world, 0, sizeof(world));
    world.config.reconciler.open_after_ms = 3600000;
    return flash_recover_new(&world.config, NULL, &world.recover, &err) ? 0 : -1;
}

int recover_world_close(void **state)
{
    (void)state;
    flash_recover_free(world.recover);
    return 0;
}

bool recover_world_pause(int ms, void *arg)
{
    (void)ms;
    (void)arg;
    return ++world.pauses < 100;
}
