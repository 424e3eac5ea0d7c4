/* Redis for an event loop: script calls by SKU on a connection of its own, with the outcome told
 * apart.
 *
 * One struct flash_redis belongs to one thread and its event_base (PITFALLS §1.6). It connects,
 * reconnects with jittered backoff, times out the oldest call, answers NOSCRIPT by sending the
 * script's text once, and routes by SKU (DESIGN §10): callers never name a server or a key. A
 * completion runs exactly once, never inside its starter. */
#ifndef FLASH_REDIS_H
#define FLASH_REDIS_H

#include "flash/config.h"
#include "flash/ids.h"

struct event_base;
struct flash_redis;
struct flash_redis_reply; /* opaque; valid inside the completion only */

/* The scripts of lua/, one row each in the registry (common/redis/scripts.c): name, keys, text. */
enum flash_script {
    FLASH_SCRIPT_RESERVE,
    FLASH_SCRIPT_SETTLE,
    FLASH_SCRIPT_LOAD,
    FLASH_SCRIPT_SNAPSHOT,
    FLASH_SCRIPT_STATUS,
    FLASH_SCRIPT_SALE,
    FLASH_SCRIPT_PAY,
    FLASH_SCRIPT_RELEASE,
    FLASH_SCRIPT_EXPIRE,
    FLASH_SCRIPT_INFLOW,
    FLASH_SCRIPT_TAKE,
    FLASH_SCRIPT_GATE,
    FLASH_SCRIPT_SIGHT,
    FLASH_SCRIPT_BEACON,
    FLASH_SCRIPT_JOURNAL,
    FLASH_SCRIPT_PAGE,
    FLASH_SCRIPT_LOOK,
    FLASH_SCRIPT_BEAT,
    FLASH_SCRIPT_MUSTER,
    FLASH_SCRIPT_THRESHOLD,
    FLASH_SCRIPT_PULSE,
    FLASH_SCRIPT_TAKEN,
    FLASH_SCRIPT_COUNT,
};

enum flash_redis_outcome {
    FLASH_REDIS_REPLY, /* reply is the script's answer */
    FLASH_REDIS_ERROR, /* Redis refused the call before its first write (OOM, NOREPLICAS, READONLY,
                          …): error has the text */
    FLASH_REDIS_UNKNOWN, /* the connection was lost or the time ran out: the script may have run
                            (PITFALLS §1.3) */
};

struct flash_redis_result {
    enum flash_redis_outcome outcome;
    const struct flash_redis_reply *reply; /* borrowed; NULL unless REPLY */
    const char *error;                     /* borrowed; NULL unless ERROR */
};

typedef void (*flash_redis_done)(const struct flash_redis_result *result, void *arg);

struct flash_redis_call {
    enum flash_script script;
    int64_t sku; /* 0: of none, what is about the engines */
    int argc;    /* arguments after KEYS */
    const char *const *argv;
    const size_t *argv_len;
    flash_redis_done done;
    void *arg;
};

/* Starts connecting. Scripts are embedded. Settings are copied; a host name is resolved here, once.
 * The process must ignore SIGPIPE (PITFALLS §1.10). Error kinds: CONFIG (the host), RETRY (no
 * memory, no name server). That Redis itself is away is no error: flash_redis_ready tells. */
FLASH_MUST_CHECK bool flash_redis_new(struct event_base *base, const struct flash_config *config,
                                      struct flash_redis **ret_redis, struct flash_error *err);
/* Every open call completes with UNKNOWN before this returns. Never from inside a completion. NULL
 * is fine. */
void flash_redis_free(struct flash_redis *redis);

/* Sends call; its bytes are copied. May be called from inside a completion. False (kind RETRY: not
 * connected, too many in flight; DATA: longer than 32 MiB): nothing was sent, done never runs. */
FLASH_MUST_CHECK bool flash_redis_call(struct flash_redis *redis,
                                       const struct flash_redis_call *call,
                                       struct flash_error *err);

/* Writes what was called since the loop's last turn, as far as the kernel takes it; without it that
 * happens in the next. Never from inside a completion; calls may complete with UNKNOWN inside. */
void flash_redis_push(struct flash_redis *redis);

bool flash_redis_ready(const struct flash_redis *redis);
/* Why it is not ready, one line for a log; "" while ready (borrowed, until the loop runs again). */
const char *flash_redis_trouble(const struct flash_redis *redis);
int flash_redis_in_flight(const struct flash_redis *redis);
/* Its socket, which the event base watches already: for who waits for a reply outside of it. -1
 * while away. */
int flash_redis_fd(const struct flash_redis *redis);
/* How much of its limits, of calls in flight and of their bytes, is free, in percent: at 0 a call
 * is refused, and who can waits for a completion. 100 while away, as then there is none to wait
 * for. */
int flash_redis_room(const struct flash_redis *redis);
/* The run id of the server the connection is with, asked before the first call on it; "" while
 * away. */
const char *flash_redis_run_id(const struct flash_redis *redis);
/* used_memory as a share of maxmemory in percent by the last INFO (once a second); 0 when unlimited
 * or away. */
int flash_redis_memory_percent(const struct flash_redis *redis);

/* Reading a reply: an array's size (0 for others), an element (NULL past the end), text (empty for
 * non-strings), an integer (also of a decimal string; 0 for others). */
size_t flash_redis_reply_count(const struct flash_redis_reply *reply);
const struct flash_redis_reply *flash_redis_reply_at(const struct flash_redis_reply *reply,
                                                     size_t i);
struct flash_text flash_redis_reply_text(const struct flash_redis_reply *reply);
int64_t flash_redis_reply_int(const struct flash_redis_reply *reply);
bool flash_redis_reply_is(const struct flash_redis_reply *reply, const char *word);

#endif
