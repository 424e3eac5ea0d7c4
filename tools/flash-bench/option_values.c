/* Reads the option values that have a form of their own: URL, SKUs, ranges, words and the mix. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

static struct flash_text text_of(const char *string)
{
    return (struct flash_text){string, strlen(string)};
}

static bool bad(struct flash_error *err, const char *option, const char *text, const char *allowed)
{
    return flash_error_set(err, FLASH_ERROR_CONFIG, "--%s %.80s: expected %s", option, text,
                           allowed);
}

/* A positive decimal number up to max without anything around it. */
static bool read_number(struct flash_text text, int64_t max, int64_t *ret_number)
{
    int64_t number;
    if (!flash_sku_parse(text, &number) || number > max) {
        return false;
    }
    *ret_number = number;
    return true;
}

static bool set_address(struct flash_bench_address *address, const char *option, const char *text,
                        struct flash_error *err)
{
    static const char allowed[] = "http://HOST[:PORT], without a path";
    static const char scheme[] = "http://";
    if (strncmp(text, scheme, sizeof(scheme) - 1) != 0) {
        return bad(err, option, text, allowed);
    }
    const char *host = text + sizeof(scheme) - 1;
    size_t len = strcspn(host, ":/");
    const char *rest = host + len;
    int64_t port = 80;
    if (*rest == ':') {
        size_t digits = strspn(rest + 1, "0123456789");
        if (!read_number((struct flash_text){rest + 1, digits}, 65535, &port)) {
            return bad(err, option, text, allowed);
        }
        rest += 1 + digits;
    }
    if (len == 0 || len >= sizeof(address->host) || (*rest != '\0' && strcmp(rest, "/") != 0)) {
        return bad(err, option, text, allowed);
    }
    memcpy(address->host, host, len);
    address->host[len] = '\0';
    address->port = port;
    return true;
}

bool flash_bench_set_url(struct flash_bench_options *options, const char *text,
                         struct flash_error *err)
{
    return set_address(&options->url, "url", text, err);
}

bool flash_bench_set_internal_url(struct flash_bench_options *options, const char *text,
                                  struct flash_error *err)
{
    return set_address(&options->internal_url, "internal-url", text, err);
}

/* "FIRST" or "FIRST-LAST", added to the list. */
static bool add_skus(struct flash_bench_options *options, struct flash_text part)
{
    int64_t first, last;
    const char *dash = memchr(part.at, '-', part.len);
    size_t len = dash == NULL ? part.len : (size_t)(dash - part.at);
    if (!read_number((struct flash_text){part.at, len}, INT64_MAX, &first)) {
        return false;
    }
    last = first;
    if (dash != NULL &&
        !read_number((struct flash_text){dash + 1, part.len - len - 1}, INT64_MAX, &last)) {
        return false;
    }
    if (last < first || last - first >= FLASH_BENCH_SKUS_MAX - options->sku_count) {
        return false;
    }
    for (int64_t i = 0; i <= last - first; i++) {
        options->skus[options->sku_count++] = first + i;
    }
    return true;
}

bool flash_bench_set_sku(struct flash_bench_options *options, const char *text,
                         struct flash_error *err)
{
    options->sku_count = 0;
    for (const char *part = text;; part++) {
        size_t len = strcspn(part, ",");
        if (!add_skus(options, (struct flash_text){part, len})) {
            return bad(err, "sku", text,
                       "SKUs as 1001, 1001,1005 or 1001-1010, positive, at most 4096");
        }
        part += len;
        if (*part == '\0') {
            return true;
        }
    }
}

bool flash_bench_set_quantity(struct flash_bench_options *options, const char *text,
                              struct flash_error *err)
{
    const char *dots = strstr(text, "..");
    size_t len = dots == NULL ? strlen(text) : (size_t)(dots - text);
    int64_t min, max;
    bool good = read_number((struct flash_text){text, len}, FLASH_QUANTITY_MAX, &min);
    max = min;
    if (good && dots != NULL) {
        good = read_number(text_of(dots + 2), FLASH_QUANTITY_MAX, &max);
    }
    if (!good || max < min) {
        return bad(err, "quantity", text, "N or N..M with 1 <= N <= M <= 9999");
    }
    options->quantity_min = min;
    options->quantity_max = max;
    return true;
}

/* The index of text among count words; -1 if it is none of them. */
static int word_index(const char *const words[], int count, struct flash_text text)
{
    for (int i = 0; i < count; i++) {
        if (strlen(words[i]) == text.len && memcmp(words[i], text.at, text.len) == 0) {
            return i;
        }
    }
    return -1;
}

bool flash_bench_set_mode(struct flash_bench_options *options, const char *text,
                          struct flash_error *err)
{
    int index = word_index((const char *const[]){"closed", "rate"}, 2, text_of(text));
    options->mode = (enum flash_bench_mode)index;
    return index >= 0 || bad(err, "mode", text, "closed or rate");
}

bool flash_bench_set_arrivals(struct flash_bench_options *options, const char *text,
                              struct flash_error *err)
{
    int index = word_index((const char *const[]){"uniform", "poisson"}, 2, text_of(text));
    options->arrivals = (enum flash_bench_arrivals)index;
    return index >= 0 || bad(err, "arrivals", text, "uniform or poisson");
}

bool flash_bench_set_auth(struct flash_bench_options *options, const char *text,
                          struct flash_error *err)
{
    int index = word_index((const char *const[]){"off", "jwt"}, 2, text_of(text));
    options->auth = (enum flash_bench_auth)index;
    return index >= 0 || bad(err, "auth", text, "off or jwt");
}

/* "kind=weight", weight ≥ 0. An order page is no kind to mix: it follows accepted orders (--poll).
 */
static bool set_weight(struct flash_bench_options *options, struct flash_text part)
{
    const char *equals = memchr(part.at, '=', part.len);
    if (equals == NULL) {
        return false;
    }
    for (int kind = 0; kind < FLASH_BENCH_PAGE; kind++) {
        const char *name = flash_bench_kind_name((enum flash_bench_kind)kind);
        if (word_index(&name, 1, (struct flash_text){part.at, (size_t)(equals - part.at)}) == 0) {
            char *end;
            double weight = strtod(equals + 1, &end);
            options->weights[kind] = weight;
            return end == part.at + part.len && end != equals + 1 && weight >= 0 && weight <= 1e6;
        }
    }
    return false;
}

bool flash_bench_set_mix(struct flash_bench_options *options, const char *text,
                         struct flash_error *err)
{
    double sum = 0;
    memset(options->weights, 0, sizeof(options->weights));
    for (const char *part = text;; part++) {
        size_t len = strcspn(part, ",");
        if (!set_weight(options, (struct flash_text){part, len})) {
            return bad(err, "mix", text, "weights as order=80,status=15,wait=5");
        }
        part += len;
        if (*part == '\0') {
            break;
        }
    }
    for (int kind = 0; kind < FLASH_BENCH_KINDS; kind++) {
        sum += options->weights[kind];
    }
    return sum > 0 || bad(err, "mix", text, "at least one weight above 0");
}

bool flash_bench_set_run(struct flash_bench_options *options, const char *text,
                         struct flash_error *err)
{
    if (!flash_key_valid(text_of(text)) || strlen(text) > FLASH_BENCH_RUN_MAX) {
        return bad(err, "run", text, "1 to 32 of A-Z a-z 0-9 _ -");
    }
    snprintf(options->run, sizeof(options->run), "%s", text);
    options->run_given = true;
    return true;
}
