/* What is said to a server on every new connection before the first call: who we are, which server,
 * which scripts.
 *
 * The steps are pipelined by both adapters: AUTH (when configured), INFO server memory, SCRIPT LOAD
 * of every script. */
#ifndef FLASH_COMMON_REDIS_GREET_H
#define FLASH_COMMON_REDIS_GREET_H

#include "flash/config.h"
#include "scripts.h"

struct redisReply;

#define FLASH_RUN_ID 40 /* hexadecimal digits */

/* Who we are; both empty: no AUTH. */
struct flash_greet_login {
    char user[64], password[FLASH_CONFIG_TEXT];
};

struct flash_greet_server {
    char run_id[FLASH_RUN_ID + 1];
    int memory_percent; /* used_memory of maxmemory; 0: unlimited */
};

struct flash_greet_login flash_greet_login(const struct flash_config *config);

/* The steps are 0 … flash_greet_steps() − 1; some may be empty for this configuration (see format).
 */
int flash_greet_steps(void);
/* The step's command; an empty resp: nothing to say. Error kinds: as flash_resp_begin. */
FLASH_MUST_CHECK bool flash_greet_format(int step, const struct flash_greet_login *login,
                                         struct flash_resp *resp, struct flash_error *err);

struct flash_greet_answer {
    int step;
    const struct flash_scripts *scripts; /* borrowed */
    const struct redisReply *reply;      /* borrowed */
};

/* Checks the step's reply and takes what it tells into *server. Error kind: RETRY, the text says
 * what is amiss. */
FLASH_MUST_CHECK bool flash_greet_check(const struct flash_greet_answer *answer,
                                        struct flash_greet_server *server, struct flash_error *err);

/* INFO memory, and what its reply says: used_memory of maxmemory in percent, 0 when unlimited or
 * not to be read. False: this server evicts keys that have no TTL. Error kind: RETRY. */
FLASH_MUST_CHECK bool flash_greet_format_memory(struct flash_resp *resp, struct flash_error *err);
FLASH_MUST_CHECK bool flash_greet_memory(const struct redisReply *reply, int *ret_percent,
                                         struct flash_error *err);

/* The configured host as an IP address, so that no later connect asks a name server (PITFALLS
 * §1.9). Error kinds: CONFIG, RETRY (the name server is away). */
FLASH_MUST_CHECK bool flash_greet_resolve(const char *host, char ret_ip[64],
                                          struct flash_error *err);

#endif
