/* One libcurl handle and what flash-admin says; see client.h. Redirects are not followed: they
 * would take the token somewhere else. */
#include "client.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "profile.h"
#include "show.h"

#define CONNECT_TIMEOUT_MS 3000L
#define TIMEOUT_MS 60000L        /* flash-admin answers earlier, one way or the other */
#define ANSWER_MAX (1024 * 1024) /* bytes */

struct flash_ctl_client {
    CURL *curl;
    struct flash_ctl_profile profile;
};

struct answer {
    char *bytes; /* owned */
    size_t len;
    char etag[64];
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

static size_t take_header(char *bytes, size_t size, size_t count, void *arg)
{
    static const char name[] = "etag:";
    struct answer *answer = arg;
    size_t len = size * count, at = sizeof(name) - 1;
    if (len > at && strncasecmp(bytes, name, at) == 0) {
        while (at < len && bytes[at] == ' ') {
            at++;
        }
        size_t end = len;
        while (end > at && (bytes[end - 1] == '\r' || bytes[end - 1] == '\n')) {
            end--;
        }
        if (end - at < sizeof(answer->etag)) {
            memcpy(answer->etag, bytes + at, end - at);
            answer->etag[end - at] = '\0';
        }
    }
    return len;
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
    if (profile->token[0]) {
        ok = ok && add_header(&list, "Authorization: Bearer ", profile->token);
    }
    if (profile->operator[0]) {
        ok = ok && add_header(&list, "X-User-Id: ", profile->operator);
    }
    if (!ok) {
        curl_slist_free_all(list);
        return NULL;
    }
    return list;
}

/* Sends and receives; the answer's bytes are NUL-terminated. */
static CURLcode exchange(struct flash_ctl_client *client, const struct flash_ctl_request *request,
                         const char *body, struct answer *answer)
{
    char url[1024];
    CURL *curl = client->curl;
    struct curl_slist *headers = headers_of(&client->profile, request);
    int len = snprintf(url, sizeof(url), "%s%s", client->profile.url, request->path);
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
    if (good || is_problem(reply->body, request->unless)) {
        return FLASH_CTL_OK;
    }
    if (!json_object_get(reply->body, "title")) {
        fprintf(stderr, "flashctl: %s answers %ld, and not as flash-admin does\n",
                client->profile.url, reply->status);
        return FLASH_CTL_UNREACHABLE;
    }
    flash_ctl_show_problem(reply->body, reply->status);
    return FLASH_CTL_REFUSED;
}

enum flash_ctl_exit flash_ctl_ask(struct flash_ctl_client *client,
                                  const struct flash_ctl_request *request,
                                  struct flash_ctl_reply *ret_reply)
{
    struct answer answer = {0};
    struct flash_ctl_reply reply = {0};
    enum flash_ctl_exit result = FLASH_CTL_UNREACHABLE;
    char *body = request->body ? json_dumps(request->body, JSON_COMPACT) : NULL;
    CURLcode code = exchange(client, request, body, &answer);
    if (code != CURLE_OK) {
        fprintf(stderr, "flashctl: flash-admin at %s cannot be asked: %s\n", client->profile.url,
                curl_easy_strerror(code));
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
    free(body);
    return result;
}

void flash_ctl_reply_free(struct flash_ctl_reply *reply)
{
    json_decref(reply->body);
    reply->body = NULL;
}
