/* The greeting of a new connection, step by step.
 *
 * AUTH comes first because everything else is refused without it. A server that is loading, is a
 * replica without its master, evicts keys that have no TTL (all of a sale have none), or is older
 * than 7.0 (no "#!lua" line, so no refusal before the first write) fails a step: the caller tries
 * again later. Loading all scripts up front keeps NOSCRIPT for the one case that is left, SCRIPT
 * FLUSH while connected. */
#include "greet.h"

#include <arpa/inet.h>
#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

enum { STEP_AUTH, STEP_INFO, STEP_LOAD };

#define OLDEST_MAJOR 7

struct flash_greet_login flash_greet_login(const struct flash_config *config)
{
    struct flash_greet_login login;
    memcpy(login.user, config->redis.user, sizeof(login.user));
    memcpy(login.password, config->redis.password, sizeof(login.password));
    return login;
}

int flash_greet_steps(void)
{
    return STEP_LOAD + FLASH_SCRIPT_COUNT;
}

static bool format_auth(const struct flash_greet_login *login, struct flash_resp *resp,
                        struct flash_error *err)
{
    struct flash_text texts[3] = {{"AUTH", 4}};
    int count = 1;
    if (login->user[0] != '\0') {
        texts[count++] = (struct flash_text){login->user, strlen(login->user)};
    }
    texts[count++] = (struct flash_text){login->password, strlen(login->password)};
    return flash_resp_command(resp, texts, count, err);
}

bool flash_greet_format(int step, const struct flash_greet_login *login, struct flash_resp *resp,
                        struct flash_error *err)
{
    static const struct flash_text info[] = {{"INFO", 4}, {"server", 6}, {"memory", 6}};
    resp->len = 0;
    switch (step) {
    case STEP_AUTH:
        return login->password[0] == '\0' || format_auth(login, resp, err);
    case STEP_INFO:
        return flash_resp_command(resp, info, 3, err);
    default:
        return flash_scripts_format_load((enum flash_script)(step - STEP_LOAD), resp, err);
    }
}

/* The value behind "name:" at the start of a line of INFO; NULL if there is none. */
static const char *info_field(const redisReply *reply, const char *name)
{
    size_t len = strlen(name);
    const char *line = reply->type == REDIS_REPLY_STRING ? reply->str : NULL;
    while (line != NULL) {
        if (strncmp(line, name, len) == 0 && line[len] == ':') {
            return line + len + 1;
        }
        line = strchr(line, '\n');
        line = line != NULL ? line + 1 : NULL;
    }
    return NULL;
}

static bool check_info(const redisReply *reply, struct flash_greet_server *server,
                       struct flash_error *err)
{
    const char *version = info_field(reply, "redis_version");
    const char *run_id = info_field(reply, "run_id");
    if (version == NULL || run_id == NULL || strspn(run_id, "0123456789abcdef") != FLASH_RUN_ID) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "redis: INFO without version or run id");
    }
    if (strtol(version, NULL, 10) < OLDEST_MAJOR) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "redis: version %.16s, at least %d needed",
                               version, OLDEST_MAJOR);
    }
    memcpy(server->run_id, run_id, FLASH_RUN_ID);
    server->run_id[FLASH_RUN_ID] = '\0';
    return flash_greet_memory(reply, &server->memory_percent, err);
}

bool flash_greet_check(const struct flash_greet_answer *answer, struct flash_greet_server *server,
                       struct flash_error *err)
{
    const redisReply *reply = answer->reply;
    if (reply->type == REDIS_REPLY_ERROR) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "redis: %.200s", reply->str);
    }
    if (answer->step == STEP_AUTH) {
        return true;
    }
    if (answer->step == STEP_INFO) {
        return check_info(reply, server, err);
    }
    enum flash_script script = (enum flash_script)(answer->step - STEP_LOAD);
    if (reply->type != REDIS_REPLY_STRING ||
        strcmp(reply->str, answer->scripts->of[script].sha1) != 0) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "redis: SCRIPT LOAD of %s gave another SHA1",
                               flash_scripts_name(script));
    }
    return true;
}

bool flash_greet_format_memory(struct flash_resp *resp, struct flash_error *err)
{
    static const struct flash_text info[] = {{"INFO", 4}, {"memory", 6}};
    return flash_resp_command(resp, info, 2, err);
}

static int used_percent(const redisReply *reply)
{
    const char *used = info_field(reply, "used_memory"), *max = info_field(reply, "maxmemory");
    double limit = max != NULL ? strtod(max, NULL) : 0;
    if (used == NULL || limit <= 0) {
        return 0;
    }
    double percent = 100 * strtod(used, NULL) / limit;
    return percent > 1000 ? 1000 : (int)percent;
}

bool flash_greet_memory(const redisReply *reply, int *ret_percent, struct flash_error *err)
{
    static const char evicts[] = "allkeys-";
    const char *policy = info_field(reply, "maxmemory_policy");
    if (policy != NULL && strncmp(policy, evicts, strlen(evicts)) == 0) {
        return flash_error_set(err, FLASH_ERROR_RETRY,
                               "redis: maxmemory-policy %.*s forgets orders, noeviction is needed",
                               (int)strcspn(policy, "\r\n"), policy);
    }
    *ret_percent = used_percent(reply);
    return true;
}

bool flash_greet_resolve(const char *host, char ret_ip[64], struct flash_error *err)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    char ip[64];
    int rc = getaddrinfo(host, NULL, &hints, &found);
    if (rc == 0) {
        rc =
            getnameinfo(found->ai_addr, found->ai_addrlen, ip, sizeof(ip), NULL, 0, NI_NUMERICHOST);
        freeaddrinfo(found);
    }
    if (rc != 0) {
        return flash_error_set(err, rc == EAI_AGAIN ? FLASH_ERROR_RETRY : FLASH_ERROR_CONFIG,
                               "redis: host %s: %s", host, gai_strerror(rc));
    }
    memcpy(ret_ip, ip, sizeof(ip));
    return true;
}
