/* One request of libcurl, and the reconciler's words as the back office's; see reconciler.h.
 * Redirects are not followed and no proxy is asked: either would take the token somewhere else. */
#include "reconciler.h"

#include <curl/curl.h>
#include <jansson.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "flash/time.h"

#define EXPIRY_PATH "/v1/expiry/pass"
#define RECONCILE_PATH "/v1/reconcile/pass"
#define CONNECT_MS 2000L
#define ANSWER_MS 65000L /* the pass in hand and the one that was asked for, 30 s each at most */
#define TOKEN_S 60

struct answer {
    long status;
    char bytes[FLASH_RECONCILER_ANSWER_MAX];
    size_t len;
};

/* ---- what it says ---- */

static bool read_counts(json_t *body, struct flash_pass_counts *counts)
{
    json_int_t skus, expired, queued, skipped, took_ms;
    int complete;
    if (json_unpack(body, "{s:I, s:I, s:I, s:I, s:b, s:I}", "skus", &skus, "expired", &expired,
                    "queued", &queued, "skipped", &skipped, "complete", &complete, "took_ms",
                    &took_ms) != 0) {
        return false;
    }
    *counts = (struct flash_pass_counts){skus, expired, queued, skipped, took_ms, complete != 0};
    return true;
}

static enum flash_refusal refusal_of(const json_t *problem)
{
    static const struct {
        const char *type;
        enum flash_refusal refusal;
    } rows[] = {
        {"/problems/redis-unavailable", FLASH_REFUSE_PASS_NO_REDIS},
        {"/problems/kafka-unavailable", FLASH_REFUSE_PASS_NO_KAFKA},
        {"/problems/ledger-unavailable", FLASH_REFUSE_PASS_NO_LEDGER},
        {"/problems/overloaded", FLASH_REFUSE_OVERLOADED},
    };
    const char *type = json_string_value(json_object_get(problem, "type"));
    for (size_t i = 0; type && i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(type, rows[i].type) == 0) {
            return rows[i].refusal;
        }
    }
    return FLASH_REFUSE_NO_RECONCILER;
}

struct flash_pass_answer flash_reconciler_judge(long status, struct flash_text body)
{
    struct flash_pass_answer answer = {.refusal = FLASH_REFUSE_NO_RECONCILER};
    json_t *root = json_loadb(body.at, body.len, JSON_REJECT_DUPLICATES, NULL);
    answer.counted = read_counts(root, &answer.counts);
    if (status == 200 && answer.counted) {
        answer.refusal = FLASH_REFUSE_NOTHING;
    } else if (status == 503) {
        answer.refusal = refusal_of(root);
    }
    json_decref(root);
    return answer;
}

/* ---- asking ---- */

void flash_reconciler_url(const struct flash_address *listen, const char *path,
                          char ret_url[FLASH_RECONCILER_URL_MAX])
{
    bool six = strchr(listen->host, ':') != NULL;
    snprintf(ret_url, FLASH_RECONCILER_URL_MAX, six ? "http://[%s]:%d%s" : "http://%s:%d%s",
             listen->host, listen->port, path);
}

static size_t take_bytes(char *bytes, size_t size, size_t count, void *arg)
{
    struct answer *answer = arg;
    size_t len = size * count;
    if (len > sizeof(answer->bytes) - answer->len) {
        return 0;
    }
    memcpy(answer->bytes + answer->len, bytes, len);
    answer->len += len;
    return len;
}

/* Called at least once a second; not 0: give up. */
static int look_up(void *arg, curl_off_t dl_total, curl_off_t dl_now, curl_off_t ul_total,
                   curl_off_t ul_now)
{
    const _Atomic bool *hurry = arg;
    (void)dl_total;
    (void)dl_now;
    (void)ul_total;
    (void)ul_now;
    return *hurry;
}

/* The caller is named to the reconciler as they were to us, by a token of our own: theirs may be
 * for a key that is about to go. */
static bool sign_in(const struct flash_config *config, const struct flash_caller *caller, char *out,
                    size_t size)
{
    char token[FLASH_JWT_MAX + 1];
    if (config->auth.mode == FLASH_AUTH_OFF) {
        return snprintf(out, size, "X-User-Id: %s", caller->operator) > 0;
    }
    struct flash_claims claims = {.role = FLASH_ROLE_ADMIN,
                                  .exp_s = (int64_t)(flash_time_wall_ms() / 1000) + TOKEN_S};
    struct flash_jwt_key key = {.secret_len = strlen(config->auth.key_1)};
    snprintf(claims.sub, sizeof(claims.sub), "%s", caller->operator);
    snprintf(key.kid, sizeof(key.kid), "%s", config->auth.kid_1);
    memcpy(key.secret, config->auth.key_1, key.secret_len);
    return flash_jwt_issue(&claims, &key, token, sizeof(token)) > 0 &&
           snprintf(out, size, "Authorization: Bearer %s", token) > 0;
}

static void set_up(CURL *curl, const struct flash_stores *stores, struct answer *answer)
{
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http");
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L); /* threads */
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, ANSWER_MS);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "flash-admin");
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, "");
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_bytes);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look_up);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, stores->hurry);
}

/* What was answered, whatever it says: NOTHING. err as of flash_reconciler_ask. */
static enum flash_refusal exchange(CURL *curl, const struct flash_stores *stores,
                                   struct answer *answer, struct flash_error *err)
{
    set_up(curl, stores, answer);
    CURLcode code = curl_easy_perform(curl);
    if (code == CURLE_ABORTED_BY_CALLBACK) {
        return FLASH_REFUSE_STOPPING;
    }
    if (code != CURLE_OK) {
        flash_error_set(err, FLASH_ERROR_RETRY, "reconciler: %s", curl_easy_strerror(code));
        return FLASH_REFUSE_NO_RECONCILER;
    }
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answer->status);
    return FLASH_REFUSE_NOTHING;
}

struct errand {
    const struct flash_stores *stores;
    const struct flash_caller *caller;
    const char *path;
};

/* POST of the path, in the caller's name. */
static enum flash_refusal post(const struct errand *errand, struct answer *answer,
                               struct flash_error *err)
{
    enum flash_refusal refusal = FLASH_REFUSE_INTERNAL;
    struct curl_slist *headers = NULL;
    char header[FLASH_JWT_MAX + 64], url[FLASH_RECONCILER_URL_MAX];
    CURL *curl = curl_easy_init();
    if (curl && sign_in(errand->stores->config, errand->caller, header, sizeof(header))) {
        headers = curl_slist_append(NULL, header);
    }
    if (headers) {
        flash_reconciler_url(&errand->stores->config->reconciler.listen, errand->path, url);
        curl_easy_setopt(curl, CURLOPT_URL, url);
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
        refusal = exchange(curl, errand->stores, answer, err);
    } else {
        flash_error_set(err, FLASH_ERROR_RETRY, "reconciler: no request can be made");
    }
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return refusal;
}

struct flash_pass_answer flash_reconciler_ask(const struct flash_stores *stores,
                                              const struct flash_caller *caller,
                                              struct flash_error *err)
{
    const struct errand errand = {stores, caller, EXPIRY_PATH};
    struct answer answer = {.len = 0};
    enum flash_refusal refusal = post(&errand, &answer, err);
    if (refusal != FLASH_REFUSE_NOTHING) {
        return (struct flash_pass_answer){.refusal = refusal};
    }
    struct flash_pass_answer said =
        flash_reconciler_judge(answer.status, (struct flash_text){answer.bytes, answer.len});
    if (said.refusal == FLASH_REFUSE_NO_RECONCILER) {
        flash_error_set(err, FLASH_ERROR_RETRY, "reconciler: it answers %ld, which is no pass",
                        answer.status);
    }
    return said;
}

enum flash_refusal flash_reconciler_ask_reconcile(const struct flash_stores *stores,
                                                  const struct flash_caller *caller,
                                                  struct flash_error *err)
{
    const struct errand errand = {stores, caller, RECONCILE_PATH};
    struct answer answer = {.len = 0};
    enum flash_refusal refusal = post(&errand, &answer, err);
    if (refusal == FLASH_REFUSE_NOTHING && answer.status != 202) {
        refusal = FLASH_REFUSE_NO_RECONCILER;
        flash_error_set(err, FLASH_ERROR_RETRY, "reconciler: it answers %ld", answer.status);
    }
    return refusal;
}
