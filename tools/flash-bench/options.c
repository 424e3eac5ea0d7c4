/* The table of options, the parser that walks it and the rules between options. */
#include "options.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define AT(member) offsetof(struct flash_bench_options, member)
#define INT(member, low, high)                                                                     \
    .type = FLASH_BENCH_INT, .offset = AT(member), .min = low, .max = high
#define REAL(member, low, high)                                                                    \
    .type = FLASH_BENCH_REAL, .offset = AT(member), .min = low, .max = high
#define TEXT(member)                                                                               \
    .type = FLASH_BENCH_TEXT, .offset = AT(member),                                                \
    .max = sizeof(((struct flash_bench_options *)0)->member)
#define FLAG(member) .type = FLASH_BENCH_FLAG, .offset = AT(member)
#define SET(function) .type = FLASH_BENCH_SET, .set = function

const struct flash_bench_option flash_bench_options_table[] = {
    {"url", "URL", "the engine's public listener [http://127.0.0.1:8080]",
     SET(flash_bench_set_url)},
    {"internal-url", "URL", "its internal listener, for pay [http://127.0.0.1:8082]",
     SET(flash_bench_set_internal_url)},
    {"sku", "LIST", "what is bought: 1001, 1001,1005 or 1001-1010; orders go round",
     SET(flash_bench_set_sku)},
    {"buyers", "N", "users u-1 .. u-N, in turn [10000]", INT(buyers, 1, 1e8)},
    {"user-prefix", "TEXT", "before the user's number [u-]", TEXT(user_prefix)},
    {"quantity", "N[..M]", "units of an order, drawn evenly [1]", SET(flash_bench_set_quantity)},
    {"connections", "N", "kept alive, of all threads together [64]", INT(connections, 1, 60000)},
    {"depth", "N", "requests in flight on one connection (pipelining) [1]",
     INT(depth, 1, FLASH_BENCH_DEPTH_MAX)},
    {"threads", "N", "each with its share of everything [1]",
     INT(threads, 1, FLASH_BENCH_THREADS_MAX)},
    {"mode", "MODE", "closed: as fast as answers come; rate: at intended times [closed]",
     SET(flash_bench_set_mode)},
    {"rate", "R", "operations a second offered, with --mode rate", REAL(rate, 0.01, 1e7)},
    {"arrivals", "KIND", "uniform or poisson, with --mode rate [uniform]",
     SET(flash_bench_set_arrivals)},
    {"outstanding", "N", "begun and not ended; later arrivals wait, with --mode rate [100000]",
     INT(outstanding, 1, 1e7)},
    {"duration", "S", "seconds of sending [10, or until --orders, or --known's last]",
     REAL(duration_s, 0.01, 1e6)},
    {"orders", "N", "stop after so many orders", INT(orders, 1, 1e12)},
    {"mix", "WEIGHTS", "order=80,status=15,wait=5, cancel=1, or pay=1 alone [order=1]",
     SET(flash_bench_set_mix)},
    {"wait", "S", "seconds asked for by Prefer: wait [10]", INT(wait_s, 1, 30)},
    {"auth", "KIND", "off: X-User-Id; jwt: an HS256 token for every buyer [off]",
     SET(flash_bench_set_auth)},
    {"key-file", "FILE", "its first line is the secret, with --auth jwt", TEXT(key_file)},
    {"kid", "ID", "the key's id, with --auth jwt", TEXT(kid)},
    {"retries", "N", "attempts after the first, with the same key [5]", INT(retries, 0, 1000)},
    {"timeout", "S", "for one answer; then the connection is closed [10]",
     REAL(timeout_s, 0.01, 3600)},
    {"drain", "S", "after sending, for what is open [30]", REAL(drain_s, 0, 86400)},
    {"poll", NULL, "follow accepted orders until they are no longer QUEUED", FLAG(poll)},
    {"poll-wait", NULL, "the same, held by the server (Prefer: wait)", FLAG(poll_wait)},
    {"poll-every", "N", "follow one accepted order of N [1]", INT(poll_every, 1, 1e9)},
    {"poll-connections", "N", "for these pages [32]", INT(poll_connections, 1, 60000)},
    {"poll-interval", "MS", "between the polls of one order [50]", INT(poll_interval_ms, 1, 60000)},
    {"poll-rate", "R", "polls a second, at most [20000]", REAL(poll_rate, 0.01, 1e7)},
    {"accepted", "FILE", "write every accepted, changed or unknown order (TSV)",
     TEXT(accepted_file)},
    {"known", "FILE", "such a file of an earlier run; pay and cancel take each order once",
     TEXT(known_file)},
    {"run", "TEXT", "prefix of the keys; a repeat sends the same orders again [new]",
     SET(flash_bench_set_run)},
    {"seed", "N", "of everything random [1]", INT(seed, 0, 1e15)},
    {"json", NULL, "one JSON object on stdout instead of a table", FLAG(json)},
    {"progress", NULL, "a line on stderr every second, also when it is no terminal",
     FLAG(progress)},
};
const size_t flash_bench_options_count =
    sizeof(flash_bench_options_table) / sizeof(flash_bench_options_table[0]);

static void set_defaults(struct flash_bench_options *options)
{
    *options = (struct flash_bench_options){
        .url = {"127.0.0.1", 8080},
        .internal_url = {"127.0.0.1", 8082},
        .buyers = 10000,
        .quantity_min = 1,
        .quantity_max = 1,
        .user_prefix = "u-",
        .connections = 64,
        .depth = 1,
        .threads = 1,
        .outstanding = 100000,
        .weights = {[FLASH_BENCH_ORDER] = 1},
        .wait_s = 10,
        .retries = 5,
        .timeout_s = 10,
        .drain_s = 30,
        .poll_every = 1,
        .poll_connections = 32,
        .poll_interval_ms = 50,
        .poll_rate = 20000,
        .seed = 1,
    };
}

static bool set_number(struct flash_bench_options *options, const struct flash_bench_option *option,
                       const char *text, struct flash_error *err)
{
    char *end;
    double value = strtod(text, &end);
    bool whole = option->type == FLASH_BENCH_INT;
    if (end == text || *end != '\0' || !isfinite(value) || value < option->min ||
        value > option->max || (whole && value != floor(value))) {
        return flash_error_set(err, FLASH_ERROR_CONFIG,
                               "--%s %.80s: expected %s from %.15g to %.15g", option->name, text,
                               whole ? "an integer" : "a number", option->min, option->max);
    }
    if (whole) {
        *(int64_t *)((char *)options + option->offset) = (int64_t)value;
    } else {
        *(double *)((char *)options + option->offset) = value;
    }
    return true;
}

static bool set_option(struct flash_bench_options *options, const struct flash_bench_option *option,
                       const char *text, struct flash_error *err)
{
    size_t size = (size_t)option->max;
    switch (option->type) {
    case FLASH_BENCH_INT:
    case FLASH_BENCH_REAL:
        return set_number(options, option, text, err);
    case FLASH_BENCH_TEXT:
        if (text[0] == '\0' || strlen(text) >= size) {
            return flash_error_set(err, FLASH_ERROR_CONFIG, "--%s: expected 1 to %zu bytes",
                                   option->name, size - 1);
        }
        memcpy((char *)options + option->offset, text, strlen(text) + 1);
        return true;
    case FLASH_BENCH_FLAG:
        *(bool *)((char *)options + option->offset) = true;
        return true;
    case FLASH_BENCH_SET:
        break;
    }
    return option->set(options, text, err);
}

static const struct flash_bench_option *find_option(const char *name, size_t len)
{
    for (size_t i = 0; i < flash_bench_options_count; i++) {
        const struct flash_bench_option *option = &flash_bench_options_table[i];
        if (strlen(option->name) == len && memcmp(option->name, name, len) == 0) {
            return option;
        }
    }
    return NULL;
}

/* Takes argv[*index] and, if it needs one, the value after '=' or in the next argument. */
static bool take_argument(struct flash_bench_options *options, char *const argv[], int *index,
                          struct flash_error *err)
{
    const char *argument = argv[*index];
    const struct flash_bench_option *option = NULL;
    size_t len = 0;
    if (strncmp(argument, "--", 2) == 0) {
        len = strcspn(argument + 2, "=");
        option = find_option(argument + 2, len);
    }
    if (option == NULL) {
        return flash_error_set(err, FLASH_ERROR_CONFIG, "%.80s: no such option, see --help",
                               argument);
    }
    const char *value = argument[2 + len] == '=' ? argument + 3 + len : NULL;
    if (option->value == NULL && value != NULL) {
        return flash_error_set(err, FLASH_ERROR_CONFIG, "--%s takes no value", option->name);
    }
    if (option->value != NULL && value == NULL) {
        value = argv[++*index];
        if (value == NULL) {
            return flash_error_set(err, FLASH_ERROR_CONFIG, "--%s needs a value: %s", option->name,
                                   option->value);
        }
    }
    return set_option(options, option, value, err);
}

static bool pays(const struct flash_bench_options *options)
{
    return options->weights[FLASH_BENCH_PAY] > 0;
}

bool flash_bench_options_changes(const struct flash_bench_options *options)
{
    return pays(options) || options->weights[FLASH_BENCH_CANCEL] > 0;
}

const struct flash_bench_address *
flash_bench_options_target(const struct flash_bench_options *options)
{
    return pays(options) ? &options->internal_url : &options->url;
}

/* Whether the mix has something beside payments. */
static bool mixes(const struct flash_bench_options *options)
{
    double others = -options->weights[FLASH_BENCH_PAY];
    for (int kind = 0; kind < FLASH_BENCH_KINDS; kind++) {
        others += options->weights[kind];
    }
    return others > 0;
}

/* What must hold between options. */
static bool check_together(const struct flash_bench_options *options, struct flash_error *err)
{
    const double *weights = options->weights;
    const struct {
        bool broken;
        const char *text;
    } rules[] = {
        {!flash_user_valid((struct flash_text){options->user_prefix, strlen(options->user_prefix)}),
         "--user-prefix cannot begin a user id"},
        {options->sku_count == 0 && weights[FLASH_BENCH_ORDER] > 0,
         "--sku is needed: what shall be bought?"},
        {options->mode == FLASH_BENCH_RATE && options->rate <= 0, "--mode rate needs --rate"},
        {options->mode == FLASH_BENCH_CLOSED && options->rate > 0, "--rate needs --mode rate"},
        {options->auth == FLASH_BENCH_AUTH_JWT && options->key_file[0] == '\0',
         "--auth jwt needs --key-file"},
        {options->connections < options->threads, "--threads: each needs a connection"},
        {(options->poll || options->poll_wait) && options->poll_connections < options->threads,
         "--threads: each needs a connection of --poll-connections"},
        {weights[FLASH_BENCH_ORDER] <= 0 && options->known_file[0] == '\0',
         "--mix without order needs --known, orders to ask for"},
        {pays(options) && mixes(options), "--mix: pay goes to another listener, so it goes alone"},
        {flash_bench_options_changes(options) && options->known_file[0] == '\0',
         "--mix with pay or cancel needs --known, orders to change"},
        {weights[FLASH_BENCH_ORDER] <= 0 && options->orders > 0, "--orders needs order in --mix"},
        {options->auth == FLASH_BENCH_AUTH_JWT && options->buyers > 5000000,
         "--auth jwt: at most 5000000 buyers, their tokens are made before the run"},
    };
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        if (rules[i].broken) {
            return flash_error_set(err, FLASH_ERROR_CONFIG, "%s", rules[i].text);
        }
    }
    return true;
}

bool flash_bench_options_parse(struct flash_bench_options *options, char *const argv[],
                               enum flash_bench_action *ret_action, struct flash_error *err)
{
    set_defaults(options);
    for (int i = 1; argv[i] != NULL; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            flash_bench_options_help(stdout);
            *ret_action = FLASH_BENCH_EXIT_OK;
            return true;
        }
        if (strcmp(argv[i], "--version") == 0) {
            printf("flash-bench %s\n", FLASH_VERSION);
            *ret_action = FLASH_BENCH_EXIT_OK;
            return true;
        }
        if (!take_argument(options, argv, &i, err)) {
            return false;
        }
    }
    if (!check_together(options, err)) {
        return false;
    }
    options->poll |= options->poll_wait;
    if (options->duration_s <= 0 && options->orders == 0 && !flash_bench_options_changes(options)) {
        options->duration_s = 10;
    }
    *ret_action = FLASH_BENCH_RUN;
    return true;
}

void flash_bench_options_help(FILE *out)
{
    fputs("usage: flash-bench --sku LIST [options]\n\n"
          "Sends buyers to a flash sale, checks every answer and measures.\n\n",
          out);
    for (size_t i = 0; i < flash_bench_options_count; i++) {
        const struct flash_bench_option *option = &flash_bench_options_table[i];
        int used = fprintf(out, "  --%s %s", option->name, option->value ? option->value : "");
        fprintf(out, "%*s%s\n", used < 26 ? 26 - used : 1, "", option->help);
    }
    fputs("  --help, --version\n\n"
          "examples:\n"
          "  flash-bench --sku 1001 --buyers 30000 --orders 30000 --poll-wait --accepted out.tsv\n"
          "  flash-bench --sku 1001 --mode rate --rate 20000 --duration 30 --json\n"
          "  flash-bench --mix status=1 --known out.tsv --connections 128\n"
          "  flash-bench --mix pay=1 --known out.tsv --accepted paid.tsv\n\n"
          "In mode rate a latency counts from the intended start, so a stalled server shows.\n"
          "exit: 0 every answer was right, 1 some were wrong, 2 usage, 3 the server cannot be\n"
          "reached.\n",
          out);
}
