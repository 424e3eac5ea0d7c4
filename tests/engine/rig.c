/* The worker on fakes; see rig.h. */
#include "rig.h"

#include <assert.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../engine/publish.h"
#include "flash/log.h"
#include "flash/time.h"

static void must(bool ok)
{
    if (!ok) {
        abort();
    }
}

static void configure(struct rig *rig)
{
    rig->config.engine.batch_lines = FLASH_BATCH_LINES;
    rig->config.engine.max_redis_lines = RIG_LINES;
    rig->config.engine.max_waiting_polls = RIG_WAITERS;
    rig->config.engine.max_streams = RIG_STREAMS;
    rig->config.engine.event_heartbeat_ms = 15000;
    rig->config.auth.mode = FLASH_AUTH_OFF;
    rig->engine.config = &rig->config;
    rig->engine.auth.mode = FLASH_AUTH_OFF;
    rig->engine.limits.redis_lines = RIG_LINES;
    rig->engine.limits.journal_entries = 1000;
    rig->engine.limits.journal_age_us = 30000000;
    rig->engine.limits.kafka_queue = 1000;
    rig->engine.limits.memory_percent = 80;
    rig->engine.workers = &rig->worker;
    rig->engine.worker_count = 1;
}

int rig_open(void **state)
{
    struct rig *rig = calloc(1, sizeof(*rig));
    struct flash_error err;
    must(rig != NULL);
    flash_log_init("test", FLASH_LOG_ERROR + 1); /* refusals are the tests' daily bread */
    for (int i = 0; i < METRIC_ENGINE_COUNT; i++) {
        flash_metric_set(&flash_engine_metrics[i], 0);
    }
    configure(rig);
    const struct flash_producer_hooks hooks = {.delivered = flash_publish_delivered};
    must(flash_producer_new(&rig->config, &hooks, &rig->producer, &err));
    rig->engine.producer = rig->producer;
    must(flash_worker_init(&rig->worker, &rig->engine, 0, &err));
    rig->worker.connections = RIG_LINES; /* more than ever wait for a test's window */
    rig->redis = fake_redis_last();
    rig_gate(rig, "open", RIG_GENERATION, flash_redis_run_id(rig->redis));
    *state = rig;
    return 0;
}

int rig_close(void **state)
{
    struct rig *rig = *state;
    flash_producer_free(rig->producer);
    flash_worker_finish(&rig->worker);
    for (int i = 0; i < rig->request_count; i++) {
        fake_request_free(rig->requests[i]);
    }
    free(rig);
    return 0;
}

/* ---- what buyers do ---- */

struct flash_request *rig_request(struct rig *rig, const struct fake_request_head *head)
{
    assert(rig->request_count < RIG_REQUESTS);
    struct flash_request *request = fake_request_new(head);
    rig->requests[rig->request_count++] = request;
    return request;
}

struct flash_request *rig_order(struct rig *rig, int64_t sku, const char *ref)
{
    struct flash_request *request =
        rig_request(rig, &(struct fake_request_head){.method = FLASH_METHOD_POST});
    flash_reserve_submit(
        &rig->worker, request,
        &(struct flash_order){
            .sku = sku, .ref = {ref, strlen(ref)}, .user = {"u-1", 3}, .quantity = 1});
    return request;
}

struct flash_request *rig_read(struct rig *rig, const struct rig_read *read)
{
    const char *tag = read->events ? "last-event-id" : "if-none-match";
    const char *headers[] = {read->etag ? tag : NULL, read->etag, NULL};
    const char *user = read->user ? read->user : "";
    struct flash_request *request =
        rig_request(rig, &(struct fake_request_head){.headers = headers});
    flash_reads_order(&rig->worker, request,
                      &(struct flash_order_query){.sku = read->sku,
                                                  .ref = {read->ref, strlen(read->ref)},
                                                  .user = {user, strlen(user)},
                                                  .wait_us = read->wait_us,
                                                  .events = read->events});
    return request;
}

/* ---- time ---- */

struct flash_sku *rig_know(struct rig *rig, int64_t id)
{
    struct flash_sku *sku = flash_sku_find(rig->worker.skus, id, rig->worker.now_us);
    must(sku != NULL);
    sku->known = FLASH_SKU_PRESENT;
    snprintf(sku->run_id, sizeof(sku->run_id), "%s", flash_redis_run_id(rig->redis));
    sku->generation = RIG_GENERATION;
    sku->asked_us = rig->worker.now_us;
    return sku;
}

void rig_turn(struct rig *rig)
{
    flash_worker_turn(&rig->worker);
}

int rig_tick(struct rig *rig, int64_t id)
{
    struct flash_sku *sku = flash_sku_find(rig->worker.skus, id, rig->worker.now_us);
    must(sku != NULL);
    int read = flash_reads_tick(&rig->worker, sku);
    rig_turn(rig);
    return read;
}

void rig_kafka(struct rig *rig)
{
    flash_producer_poll(rig->producer, 1000);
    event_base_loop(rig->worker.base, EVLOOP_NONBLOCK);
}

/* ---- what Redis says ---- */

void rig_gate(struct rig *rig, const char *word, int generation, const char *more)
{
    snprintf(rig->gate, sizeof(rig->gate), "%s:%d:%s", word, generation, more);
}

static void append(json_t *reply, const char *const *words)
{
    for (int i = 0; words[i]; i++) {
        json_array_append_new(reply, json_string(words[i]));
    }
}

static json_t *reserve_head(void)
{
    return json_pack("[s,s,I,I,i]", "OK", "{entry}", (json_int_t)RIG_AT, (json_int_t)RIG_DUE, 3);
}

/* Buyers are answered at the end of the turn; here before anything else is sent. */
static void decide(struct rig *rig, json_t *reply)
{
    fake_redis_reply(rig->redis, reply);
    flash_reserve_answer(&rig->worker);
}

void rig_decide(struct rig *rig, const char *const *words)
{
    json_t *reply = reserve_head();
    append(reply, words);
    decide(rig, reply);
}

void rig_decide_all(struct rig *rig, const char *word)
{
    json_t *reply = reserve_head();
    for (int i = rig_lines(rig, 0); i > 0; i--) {
        json_array_append_new(reply, json_string(word));
    }
    decide(rig, reply);
}

void rig_status(struct rig *rig, const char *const *records)
{
    assert(rig_script(rig, 0) == FLASH_SCRIPT_STATUS);
    json_t *sale = json_pack("[i,i,I,I,i,i,i,s,i,s]", 40, 100, (json_int_t)1763717000000,
                             (json_int_t)1763720000000, 2, 900, 1, "Trainers", 10, rig->gate);
    json_t *reply = json_pack("[s,I,i,s,i,o]", "OK", (json_int_t)RIG_AT, 2, "1763718000000000",
                              RIG_GENERATION, sale);
    append(reply, records);
    fake_redis_reply(rig->redis, reply);
}

void rig_absent(struct rig *rig)
{
    assert(rig_script(rig, 0) == FLASH_SCRIPT_STATUS);
    fake_redis_reply(rig->redis, json_pack("[s]", "ABSENT"));
}

/* ---- what happened ---- */

int rig_script(struct rig *rig, int i)
{
    const struct fake_redis_call *call = fake_redis_open(rig->redis, i);
    return call ? (int)call->script : -1;
}

int rig_lines(struct rig *rig, int i)
{
    const struct fake_redis_call *call = fake_redis_open(rig->redis, i);
    assert(call && call->script == FLASH_SCRIPT_RESERVE && (call->argc - 4) % 3 == 0);
    return (call->argc - 4) / 3;
}

int rig_answered(const struct flash_request *request)
{
    const struct fake_answer *answer = fake_request_answer(request);
    return answer ? answer->status : 0;
}

bool rig_refused(const struct flash_request *request, int status, const char *slug)
{
    const struct fake_answer *answer = fake_request_answer(request);
    return answer && answer->status == status && answer->slug && strcmp(answer->slug, slug) == 0;
}

int64_t rig_metric(enum flash_engine_metric metric)
{
    return flash_metric_get(&flash_engine_metrics[metric]);
}
