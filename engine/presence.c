/* The worker's beats; see presence.h. */
#include "presence.h"

#include <string.h>

#include "flash/time.h"

#define BEAT_US 500000

bool flash_presence_init(struct flash_worker *worker, struct flash_error *err)
{
    struct flash_uuid name;
    if (!flash_uuid_new(flash_time_wall_ms(), &name, err)) {
        return false;
    }
    flash_uuid_format(&name, worker->presence.name);
    worker->presence.beat_us = worker->now_us;
    return true;
}

/* Another question than the last one is read: it is open until the producer is empty. */
static void hear(struct flash_worker *worker, struct flash_text question)
{
    struct flash_presence *presence = &worker->presence;
    bool known = question.len == strlen(presence->question) &&
                 memcmp(question.at, presence->question, question.len) == 0;
    if (known || question.len >= sizeof(presence->question)) {
        return;
    }
    memcpy(presence->question, question.at, question.len);
    presence->question[question.len] = '\0';
    presence->answered = false;
}

static void beaten(const struct flash_redis_result *result, void *arg)
{
    struct flash_worker *worker = arg;
    worker->presence.calling = false;
    if (result->outcome == FLASH_REDIS_REPLY) {
        hear(worker, flash_redis_reply_text(flash_redis_reply_at(result->reply, 1)));
    }
}

static void beat(struct flash_worker *worker)
{
    struct flash_presence *presence = &worker->presence;
    const char *answer = presence->answered ? presence->question : "";
    const char *argv[] = {presence->name, answer};
    const size_t len[] = {strlen(presence->name), strlen(answer)};
    struct flash_error ignored; /* Redis is away: readiness tells, and the next beat tries */
    presence->calling = flash_redis_call(worker->redis,
                                         &(struct flash_redis_call){.script = FLASH_SCRIPT_BEAT,
                                                                    .argc = 2,
                                                                    .argv = argv,
                                                                    .argv_len = len,
                                                                    .done = beaten,
                                                                    .arg = worker},
                                         &ignored);
    presence->beat_us = worker->now_us;
}

void flash_presence_tick(struct flash_worker *worker)
{
    struct flash_presence *presence = &worker->presence;
    bool empty = !presence->answered && presence->question[0] &&
                 flash_producer_queued(worker->engine->producer) == 0;
    presence->answered |= empty;
    bool due = worker->now_us - presence->beat_us >= BEAT_US;
    if (!presence->calling && (due || empty) && flash_redis_ready(worker->redis)) {
        beat(worker);
    }
}
