/* Whether a broker can be reached, judged from what librdkafka reports.
 *
 *     UNSEEN --> UP <--> DOWN      up: a message was acknowledged, or the statistics show one up
 *        '-------'---------'--> FATAL (for ever)         down: _ALL_BROKERS_DOWN
 *
 * The statistics are what ends DOWN while nothing is sent, and nothing is sent while the engine is
 * not ready. librdkafka itself keeps trying to have one connection at all times. One thread writes,
 * any reads. */
#include <assert.h>
#include <jansson.h>
#include <string.h>

#include "internal.h"

static void move(struct flash_health *health, enum flash_health_state to)
{
    static const bool may[FLASH_HEALTH_STATE_COUNT][FLASH_HEALTH_STATE_COUNT] = {
        /* from:                 UNSEEN  UP     DOWN   FATAL */
        [FLASH_HEALTH_UNSEEN] = {false, true, true, true},
        [FLASH_HEALTH_UP] = {false, false, true, true},
        [FLASH_HEALTH_DOWN] = {false, true, false, true},
        [FLASH_HEALTH_FATAL] = {false, false, false, false},
    };
    int from = atomic_load_explicit(&health->state, memory_order_relaxed);
    assert(may[from][to]);
    atomic_store_explicit(&health->state, to, memory_order_relaxed);
}

static enum flash_health_state state_of(const struct flash_health *health)
{
    return (enum flash_health_state)atomic_load_explicit(&health->state, memory_order_relaxed);
}

void flash_health_init(struct flash_health *health)
{
    memset(health, 0, sizeof(*health));
    atomic_init(&health->state, FLASH_HEALTH_UNSEEN);
    pthread_mutex_init(&health->lock, NULL);
}

void flash_health_destroy(struct flash_health *health)
{
    pthread_mutex_destroy(&health->lock);
}

/* What was wrong before is no cause of what may come. */
static void come_up(struct flash_health *health)
{
    pthread_mutex_lock(&health->lock);
    health->last = (struct flash_error){0};
    pthread_mutex_unlock(&health->lock);
    move(health, FLASH_HEALTH_UP);
}

void flash_health_success(struct flash_health *health)
{
    enum flash_health_state state = state_of(health);
    if (state == FLASH_HEALTH_UNSEEN || state == FLASH_HEALTH_DOWN) {
        come_up(health);
    }
}

void flash_health_error(struct flash_health *health, rd_kafka_resp_err_t code, bool fatal,
                        const char *text)
{
    enum flash_health_state state = state_of(health);
    if (state == FLASH_HEALTH_FATAL) {
        return; /* the first fatal error is the cause */
    }
    bool down = code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN;
    pthread_mutex_lock(&health->lock);
    if (!down || health->last.kind == FLASH_ERROR_NONE) { /* what brought them down tells more */
        flash_error_set(&health->last, flash_kafka_error_kind(code, fatal), "%s: %s",
                        rd_kafka_err2name(code), text);
    }
    pthread_mutex_unlock(&health->lock);
    if (fatal) {
        move(health, FLASH_HEALTH_FATAL);
    } else if (down && state != FLASH_HEALTH_DOWN) {
        move(health, FLASH_HEALTH_DOWN);
    }
}

static bool a_broker_is_up(const json_t *statistics)
{
    const char *name;
    json_t *broker;
    json_object_foreach(json_object_get(statistics, "brokers"), name, broker)
    {
        const char *state = json_string_value(json_object_get(broker, "state"));
        if (state != NULL && (strcmp(state, "UP") == 0 || strcmp(state, "UPDATE") == 0)) {
            return true;
        }
    }
    return false;
}

void flash_health_statistics(struct flash_health *health, const char *json)
{
    enum flash_health_state state = state_of(health);
    if (state == FLASH_HEALTH_UP || state == FLASH_HEALTH_FATAL) {
        return;
    }
    json_t *statistics = json_loads(json, 0, NULL);
    if (a_broker_is_up(statistics)) {
        come_up(health);
    }
    json_decref(statistics);
}

bool flash_health_ready(const struct flash_health *health)
{
    return state_of(health) == FLASH_HEALTH_UP;
}

void flash_health_last(struct flash_health *health, struct flash_error *ret_error)
{
    pthread_mutex_lock(&health->lock);
    *ret_error = health->last;
    pthread_mutex_unlock(&health->lock);
}
