/* What the command line asks for. One table (options.c) is the parser, the ranges and the help. */
#ifndef FLASH_BENCH_OPTIONS_H
#define FLASH_BENCH_OPTIONS_H

#include <stdio.h>

#include "flash/ids.h"

#include "answer.h"
#include "schedule.h"

#define FLASH_BENCH_SKUS_MAX 4096
#define FLASH_BENCH_DEPTH_MAX 64
#define FLASH_BENCH_THREADS_MAX 64
#define FLASH_BENCH_RUN_MAX 32 /* with '-' and a number it is still a key */
#define FLASH_BENCH_PREFIX_MAX 32

enum flash_bench_mode {
    FLASH_BENCH_CLOSED, /* each place in flight begins its next operation when its last one ended */
    FLASH_BENCH_RATE,   /* operations begin at given times, whatever the server does */
};

enum flash_bench_auth { FLASH_BENCH_AUTH_OFF, FLASH_BENCH_AUTH_JWT };

struct flash_bench_address {
    char host[64]; /* a name or an IP address */
    int64_t port;
};

struct flash_bench_options {
    struct flash_bench_address url, internal_url;
    int64_t skus[FLASH_BENCH_SKUS_MAX];
    int sku_count;
    int64_t buyers;
    int64_t quantity_min, quantity_max;
    char user_prefix[FLASH_BENCH_PREFIX_MAX];
    char run[FLASH_BENCH_RUN_MAX + 1]; /* the keys' prefix */
    bool run_given;                    /* by --run: its orders may exist already */

    int64_t connections, depth, threads;
    enum flash_bench_mode mode;
    double rate; /* operations a second of the whole run, RATE only */
    enum flash_bench_arrivals arrivals;
    int64_t outstanding; /* operations begun and not ended, of the whole run */
    double duration_s;   /* 0: until orders were begun */
    int64_t orders;      /* 0: until duration_s */
    double weights[FLASH_BENCH_KINDS];
    int64_t wait_s; /* asked for by Prefer: wait */

    enum flash_bench_auth auth;
    char key_file[4096], kid[32];

    int64_t retries; /* attempts after the first */
    double timeout_s, drain_s;

    bool poll, poll_wait;
    int64_t poll_every, poll_connections, poll_interval_ms;
    double poll_rate; /* polls a second of the whole run, 0: no bound */

    char accepted_file[4096], known_file[4096];
    int64_t seed;
    bool json, progress;
};

enum flash_bench_action { FLASH_BENCH_RUN, FLASH_BENCH_EXIT_OK };

/* Defaults, then argv, which NULL ends; --help and --version are answered on stdout. Error kind
 * CONFIG: the text names the argument and what is allowed. */
FLASH_MUST_CHECK bool flash_bench_options_parse(struct flash_bench_options *options,
                                                char *const argv[],
                                                enum flash_bench_action *ret_action,
                                                struct flash_error *err);

/* Where the mix goes: payments are taken by the internal listener, all else by the public one. */
const struct flash_bench_address *
flash_bench_options_target(const struct flash_bench_options *options);

/* Whether the mix changes the orders of the known file, each once. */
bool flash_bench_options_changes(const struct flash_bench_options *options);

/* One option of the table: its value lands at `offset` of the options, or goes through `set`. */
struct flash_bench_option {
    const char *name, *value, *help; /* value NULL: a flag */
    enum {
        FLASH_BENCH_INT,
        FLASH_BENCH_REAL,
        FLASH_BENCH_TEXT,
        FLASH_BENCH_FLAG,
        FLASH_BENCH_SET
    } type;
    size_t offset;
    double min, max; /* of INT and REAL; TEXT: max is the size with the NUL */
    bool (*set)(struct flash_bench_options *options, const char *text, struct flash_error *err);
};

/* The table (options.c) and the help made of it. */
extern const struct flash_bench_option flash_bench_options_table[];
extern const size_t flash_bench_options_count;
void flash_bench_options_help(FILE *out);

/* Setters of the values with a form of their own (option_values.c). */
bool flash_bench_set_url(struct flash_bench_options *, const char *, struct flash_error *);
bool flash_bench_set_internal_url(struct flash_bench_options *, const char *, struct flash_error *);
bool flash_bench_set_sku(struct flash_bench_options *, const char *, struct flash_error *);
bool flash_bench_set_quantity(struct flash_bench_options *, const char *, struct flash_error *);
bool flash_bench_set_mode(struct flash_bench_options *, const char *, struct flash_error *);
bool flash_bench_set_arrivals(struct flash_bench_options *, const char *, struct flash_error *);
bool flash_bench_set_mix(struct flash_bench_options *, const char *, struct flash_error *);
bool flash_bench_set_auth(struct flash_bench_options *, const char *, struct flash_error *);
bool flash_bench_set_run(struct flash_bench_options *, const char *, struct flash_error *);

#endif
