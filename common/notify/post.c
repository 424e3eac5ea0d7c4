/* Posts a body and judges what is answered; see post.h. */
#include "post.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "flash/url.h"

static enum flash_address_class worst_of(const struct flash_config *config)
{
    return config->alerts.allow_private == FLASH_YES ? FLASH_ADDRESS_PRIVATE : FLASH_ADDRESS_PUBLIC;
}

bool flash_post_refused(const char *url, const struct flash_config *config)
{
    char host[INET6_ADDRSTRLEN];
    struct flash_url parts;
    struct sockaddr_in four = {.sin_family = AF_INET};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    if (!flash_url_parse((struct flash_text){url, strlen(url)}, &parts, NULL) ||
        parts.host.len >= sizeof(host)) {
        return false;
    }
    snprintf(host, sizeof(host), "%.*s", (int)parts.host.len, parts.host.at);
    if (inet_pton(AF_INET, host, &four.sin_addr) == 1) {
        return flash_address_classify((struct sockaddr *)&four) > worst_of(config);
    }
    return inet_pton(AF_INET6, host, &six.sin6_addr) == 1 &&
           flash_address_classify((struct sockaddr *)&six) > worst_of(config);
}

bool flash_post_judge(const char *what, long status, struct flash_error *err)
{
    if (status >= 200 && status <= 299) {
        return true;
    }
    bool later = status == 408 || status == 425 || status == 429 || status >= 500;
    return flash_error_set(err, later ? FLASH_ERROR_RETRY : FLASH_ERROR_DATA,
                           "%s: the receiver answers %ld", what, status);
}

void flash_post_header(struct flash_post *post, const char *format, ...)
{
    va_list args;
    assert(post->header_count < FLASH_POST_HEADERS);
    va_start(args, format);
    vsnprintf(post->headers[post->header_count++], FLASH_POST_HEADER, format, args);
    va_end(args);
}

/* The list is the caller's; NULL: no memory. */
static struct curl_slist *headers_of(const struct flash_post *post)
{
    struct curl_slist *list = curl_slist_append(NULL, "Expect:"); /* no waiting for 100 Continue */
    for (int i = 0; list && i < post->header_count; i++) {
        struct curl_slist *longer = curl_slist_append(list, post->headers[i]);
        if (!longer) {
            curl_slist_free_all(list);
        }
        list = longer;
    }
    return list;
}

bool flash_post_send(const struct flash_post *post, const struct flash_config *config,
                     struct flash_error *err)
{
    struct flash_transfer transfer = {
        .curl = post->curl, .what = post->what, .worst = worst_of(config), .answer_from = 200};
    struct curl_slist *headers = headers_of(post);
    long status = 0;
    if (!headers) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "%s: out of memory", post->what);
    }
    flash_transfer_begin(&transfer, post->url, config);
    curl_easy_setopt(post->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(post->curl, CURLOPT_USERAGENT, "flashgate");
    curl_easy_setopt(post->curl, CURLOPT_POSTFIELDSIZE, (long)post->body.len);
    curl_easy_setopt(post->curl, CURLOPT_POSTFIELDS, post->body.at);
    curl_easy_setopt(post->curl, CURLOPT_HTTPHEADER, headers);
    bool answered = flash_transfer_run(&transfer, &status, err);
    curl_slist_free_all(headers);
    return answered && flash_post_judge(post->what, status, err);
}
