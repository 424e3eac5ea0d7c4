/* One libcurl handle and what flash-admin says; see client.h. Redirects are not followed: they
 * would take the token somewhere else. */
#include "client.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <time.h>

#include "output.h"
#include "profile.h"

#define CONNECT_TIMEOUT_MS 3000L
#define TIMEOUT_MS 180000L           /* flash-admin answers earlier, one way or the other */
#define ANSWER_MAX (4 * 1024 * 1024) /* bytes */
#define REPEATS_MAX 30               /* of what is refused for now */
#define REPEAT_AFTER_S 1             /* unless the server says otherwise */
#define REPEAT_AFTER_MAX_S 10

struct flash_ctl_client {
    CURL *curl;
    struct flash_ctl_profile profile;
};

struct answer {
    char *bytes; /* owned */
    size_t len;
    char etag[64];
    long retry_after_s; /* 0: the server does not say */
};

static size_t take_bytes(char *bytes, size_t size, size_t count, void *arg)
{
    struct answer *answer = arg;
    size_t len = size * count;
    char *grown =
        len <= ANSWER_MAX - answer->len ? realloc(answer->bytes, answer->len + len + 1) : NULL;
    if (!grown) {
        return 0;
    }
    memcpy(grown + answer->len, bytes, len);
    answer->bytes = grown;
    answer->len += len;
    return len;
}

/* The value of a header line if it is that header's, without blanks around it. */
static bool header_value(const char *name, const char *line, size_t len, char ret_value[64])
{
    size_t at = strlen(name), end = len;
    if (len < at || strncasecmp(line, name, at) != 0) {
        return false;
    }
    while (at < end && line[at] == ' ') {
        at++;
    }
    while (end > at && strchr(" \r\n", line[end - 1])) {
        end--;
    }
    if (end - at >= 64) {
        return false;
    }
    memcpy(ret_value, line + at, end - at);
    ret_value[end - at] = '\0';
    return true;
}

static size_t take_header(char *bytes, size_t size, size_t count, void *arg)
{
    struct answer *answer = arg;
    char value[64];
    if (header_value("etag:", bytes, size * count, value)) {
        memcpy(answer->etag, value, sizeof(value));
    } else if (header_value("retry-after:", bytes, size * count, value)) {
        answer->retry_after_s = strtol(value, NULL, 10);
    }
    return size * count;
}

enum flash_ctl_exit flash_ctl_client_open(const struct flash_ctl_command *command,
                                          struct flash_ctl_client **ret_client)
{
    struct flash_ctl_client *client = calloc(1, sizeof(*client));
    struct flash_error err = {0};
    if (!client || !flash_ctl_profile_load(command, &client->profile, &err)) {
        fprintf(stderr, "flashctl: %s\n", client ? err.text : "out of memory");
        free(client);
        return FLASH_CTL_USAGE;
    }
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0 || !(client->curl = curl_easy_init())) {
        fprintf(stderr, "flashctl: libcurl does not start\n");
        free(client);
        return FLASH_CTL_UNREACHABLE;
    }
    *ret_client = client;
    return FLASH_CTL_OK;
}

void flash_ctl_client_close(struct flash_ctl_client *client)
{
    if (client) {
        curl_easy_cleanup(client->curl);
        curl_global_cleanup();
        free(client);
    }
}

const char *flash_ctl_client_url(const struct flash_ctl_client *client)
{
    return client->profile.url;
}

const char *flash_ctl_client_other(const struct flash_ctl_client *client,
                                   enum flash_ctl_option daemon)
{
    return daemon == FLASH_CTL_ENGINE     ? client->profile.engine
           : daemon == FLASH_CTL_CONSUMER ? client->profile.consumer
                                          : client->profile.reconciler;
}

static bool add_header(struct curl_slist **list, const char *name, const char *value)
{
    char line[FLASH_JWT_MAX + 64];
    snprintf(line, sizeof(line), "%s%s", name, value);
    struct curl_slist *longer = curl_slist_append(*list, line);
    *list = longer ? longer : *list;
    return longer != NULL;
}

static struct curl_slist *headers_of(const struct flash_ctl_profile *profile,
                                     const struct flash_ctl_request *request)
{
    struct curl_slist *list = NULL;
    bool ok = add_header(&list, "Accept: ", "application/json");
    if (request->body) {
        ok = ok && add_header(&list, "Content-Type: ", "application/json");
    }
    if (request->if_match) {
        ok = ok && add_header(&list, "If-Match: ", request->if_match);
    }
    if (profile->token[0] && !request->base) {
        ok = ok && add_header(&list, "Authorization: Bearer ", profile->token);
    }
    if (profile->operator[0] && !request->base) {
        ok = ok && add_header(&list, "X-User-Id: ", profile->operator);
    }
    if (!ok) {
        curl_slist_free_all(list);
        return NULL;
    }
    return list;
}

static const char *base_of(const struct flash_ctl_client *client,
                           const struct flash_ctl_request *request)
{
    return request->base ? request->base : client->profile.url;
}

/* Sends and receives; the answer's bytes are NUL-terminated. */
static CURLcode exchange(struct flash_ctl_client *client, const struct flash_ctl_request *request,
                         const char *body, struct answer *answer)
{
    char url[1024];
    CURL *curl = client->curl;
    struct curl_slist *headers = headers_of(&client->profile, request);
    int len = snprintf(url, sizeof(url), "%s%s", base_of(client, request), request->path);
    CURLcode code = CURLE_OUT_OF_MEMORY;
    if (!headers || len < 0 || (size_t)len >= sizeof(url)) {
        goto out;
    }
    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L); /* a payment may be called ".." */
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_PROXY, ""); /* the back office is not behind one */
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, TIMEOUT_MS);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "flashctl/" FLASH_VERSION);
    if (body) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    }
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_bytes);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, answer);
    code = curl_easy_perform(curl);
out:
    curl_slist_free_all(headers);
    return code;
}

static bool is_problem(const json_t *body, const char *slug)
{
    static const char prefix[] = "/problems/";
    const char *type = json_string_value(json_object_get(body, "type"));
    return slug && type && strncmp(type, prefix, sizeof(prefix) - 1) == 0 &&
           strcmp(type + sizeof(prefix) - 1, slug) == 0;
}

static enum flash_ctl_exit judge(const struct flash_ctl_client *client,
                                 const struct flash_ctl_request *request,
                                 const struct flash_ctl_reply *reply)
{
    bool good = json_is_object(reply->body) && reply->status >= 200 && reply->status < 300;
    bool taken = json_is_object(reply->body) && request->any;
    if (good || taken || is_problem(reply->body, request->unless)) {
        return FLASH_CTL_OK;
    }
    if (request->any) {
        return FLASH_CTL_UNREACHABLE;
    }
    if (!json_object_get(reply->body, "title")) {
        fprintf(stderr, "flashctl: %s answers %ld, and not as flash-admin does\n",
                base_of(client, request), reply->status);
        return FLASH_CTL_UNREACHABLE;
    }
    flash_ctl_show_problem(reply->body, reply->status);
    return FLASH_CTL_REFUSED;
}

void flash_ctl_pause(int64_t ms)
{
    const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

/* Whether the request may be made again, after having waited for that. */
static bool is_put_off(const struct flash_ctl_client *client,
                       const struct flash_ctl_request *request, const struct answer *answer)
{
    long status = 0, wait_s = answer->retry_after_s;
    curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status != 429 && !(status == 503 && request->patient)) {
        return false;
    }
    wait_s = wait_s < REPEAT_AFTER_S ? REPEAT_AFTER_S : wait_s;
    flash_ctl_pause((wait_s > REPEAT_AFTER_MAX_S ? REPEAT_AFTER_MAX_S : wait_s) * 1000);
    return true;
}

/* exchange(), again while it is put off. */
static CURLcode exchange_patiently(struct flash_ctl_client *client,
                                   const struct flash_ctl_request *request, struct answer *answer)
{
    char *body = request->body ? json_dumps(request->body, JSON_COMPACT) : NULL;
    CURLcode code = CURLE_OUT_OF_MEMORY;
    for (int i = 0; i <= REPEATS_MAX && (body || !request->body); i++) {
        free(answer->bytes);
        *answer = (struct answer){0};
        code = exchange(client, request, body, answer);
        if (code != CURLE_OK || i == REPEATS_MAX || !is_put_off(client, request, answer)) {
            break;
        }
    }
    free(body);
    return code;
}

enum flash_ctl_exit flash_ctl_ask(struct flash_ctl_client *client,
                                  const struct flash_ctl_request *request,
                                  struct flash_ctl_reply *ret_reply)
{
    struct answer answer = {0};
    struct flash_ctl_reply reply = {0};
    enum flash_ctl_exit result = FLASH_CTL_UNREACHABLE;
    CURLcode code = exchange_patiently(client, request, &answer);
    if (code != CURLE_OK) {
        if (!request->any) {
            fprintf(stderr,
                    "flashctl: flash-admin at %s cannot be asked: %s\n"
                    "  another address: --admin, --config or --profile\n",
                    base_of(client, request), curl_easy_strerror(code));
        }
        goto out;
    }
    curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &reply.status);
    reply.body = answer.bytes ? json_loadb(answer.bytes, answer.len, 0, NULL) : NULL;
    memcpy(reply.etag, answer.etag, sizeof(reply.etag));
    result = judge(client, request, &reply);
    if (result == FLASH_CTL_OK) {
        *ret_reply = reply;
        reply.body = NULL;
    }
out:
    flash_ctl_reply_free(&reply);
    free(answer.bytes);
    return result;
}

enum flash_ctl_exit flash_ctl_ask_and_show(struct flash_ctl_client *client,
                                           const struct flash_ctl_command *command,
                                           const struct flash_ctl_request *request)
{
    struct flash_ctl_reply reply = {0};
    enum flash_ctl_exit code = flash_ctl_ask(client, request, &reply);
    if (code == FLASH_CTL_OK && !flash_ctl_show(command, reply.body)) {
        code = FLASH_CTL_REFUSED;
    }
    flash_ctl_reply_free(&reply);
    return code;
}

enum flash_ctl_exit flash_ctl_post_and_show(struct flash_ctl_client *client,
                                            const struct flash_ctl_command *command,
                                            const char *path, json_t *body)
{
    const struct flash_ctl_request request = {.method = "POST", .path = path, .body = body};
    if (!body) {
        fprintf(stderr, "flashctl: a value is not text in UTF-8\n");
        return FLASH_CTL_USAGE;
    }
    enum flash_ctl_exit code = flash_ctl_ask_and_show(client, command, &request);
    json_decref(body);
    return code;
}

void flash_ctl_reply_free(struct flash_ctl_reply *reply)
{
    json_decref(reply->body);
    reply->body = NULL;
}

bool flash_ctl_path(char path[512], const char *pattern, const char *text)
{
    size_t before = strcspn(pattern, "*");
    const char *after = pattern[before] ? pattern + before + 1 : "";
    char *encoded = curl_easy_escape(NULL, pattern[before] ? text : "", 0);
    int len = encoded ? snprintf(path, 512, "%.*s%s%s", (int)before, pattern, encoded, after) : 512;
    curl_free(encoded);
    if (len >= 512) {
        fprintf(stderr, "flashctl: %.40s… is too long\n", text);
    }
    return len < 512;
}

enum flash_ctl_exit
flash_ctl_with_client(const struct flash_ctl_command *command,
                      enum flash_ctl_exit (*act)(struct flash_ctl_client *client,
                                                 const struct flash_ctl_command *command))
{
    struct flash_ctl_client *client = NULL;
    enum flash_ctl_exit code = flash_ctl_client_open(command, &client);
    code = code ? code : act(client, command);
    flash_ctl_client_close(client);
    return code;
}
