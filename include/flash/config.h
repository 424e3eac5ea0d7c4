/* The one configuration of all daemons: an INI file, then FLASH_<SECTION>_<KEY>, then --set
 * section.key=value.
 *
 * The keys are rows of one table (common/core/config_keys.c): section, name, type, default, range,
 * help. A file is shared by all daemons, so each knows every key. What is unknown or out of range
 * is refused with its file and line and with what is allowed. Sections [kafka.producer] and
 * [kafka.consumer] pass through to librdkafka, except for the settings the protocol depends on
 * (refused, with the reason). */
#ifndef FLASH_CONFIG_H
#define FLASH_CONFIG_H

#include <stdint.h>
#include <stdio.h>

#include "flash/config_alerts.h"
#include "flash/error.h"
#include "flash/log.h"

#define FLASH_CONFIG_PASS 64

/* One line passed through to librdkafka. */
struct flash_config_pair {
    char name[64];
    char value[FLASH_CONFIG_TEXT];
};

struct flash_config_passthrough {
    struct flash_config_pair pairs[FLASH_CONFIG_PASS];
    int count;
};

struct flash_address {
    char host[64]; /* an IP address: names would block the loop (PITFALLS §1.9) */
    uint16_t port; /* 0: the kernel chooses; tests ask the daemon for it */
};

enum flash_auth_mode { FLASH_AUTH_JWT, FLASH_AUTH_OFF };
enum flash_accept_after { FLASH_ACCEPT_JOURNAL, FLASH_ACCEPT_LOG };

struct flash_config {
    char without[16]; /* a section that is not this program's; "": none. Set before loading, and
                         kept */
    struct {
        enum flash_log_level level;
    } log;
    struct {
        enum flash_auth_mode mode;
        char kid_1[32],
            key_1[FLASH_CONFIG_TEXT]; /* secret, ≥ 32 bytes; kid empty: tokens without kid */
        char kid_2[32], key_2[FLASH_CONFIG_TEXT]; /* secret; empty: only one key is active */
    } auth;
    struct {
        char host[64];
        int port;
        char user[64], password[FLASH_CONFIG_TEXT]; /* secret */
        int64_t connect_timeout_ms, reply_timeout_ms;
        int max_in_flight; /* calls per connection before callers are refused */
    } redis;
    struct {
        char brokers[FLASH_CONFIG_TEXT];
        char topic[100], dead_topic[100], group[100];
        struct flash_config_passthrough producer, consumer;
    } kafka;
    struct {
        char host[64];
        int port;
        char socket[108]; /* empty: TCP */
        char user[64], password[FLASH_CONFIG_TEXT], database[64];
        int64_t connect_timeout_ms, query_timeout_ms;
    } mysql;
    struct {
        int64_t header_timeout_ms, body_timeout_ms, idle_timeout_ms, drain_timeout_ms;
        int max_connections,
            max_connections_per_address; /* per listener of a worker; per address */
    } http;
    struct {
        struct flash_address listen, internal_listen;
        int workers;
        enum flash_accept_after accept_after;
        int batch_lines;
        int64_t gather_window_us; /* 0: none */
        int max_redis_lines;      /* lines waiting or in flight per worker before 503 */
        int64_t max_journal_entries, max_journal_age_ms;
        int max_kafka_queue;    /* unacknowledged messages of the process before 503 */
        int max_memory_percent; /* of Redis' maxmemory before 503 */
        int max_waiting_polls;  /* requests held by Prefer: wait, per worker */
        int max_streams;        /* open streams of events, per worker */
        int64_t event_heartbeat_ms;
    } engine;
    struct {
        struct flash_address listen;
        int batch_lines;
        int64_t stall_after_ms; /* watchdog: no commit for so long with messages waiting */
    } consumer;
    struct {
        struct flash_address listen;
        int rate, burst; /* requests of one caller: a second, and at once; rate 0: no limit */
    } admin;
    struct {
        struct flash_address listen;
        int64_t expiry_interval_ms;
        int expiry_rate;     /* due orders taken a second, at most */
        int64_t interval_ms; /* between passes */
        int64_t settle_after_ms, proof_after_ms, compensate_after_ms; /* ages of an entry */
        int64_t stuck_after_ms; /* consumer: no progress for so long while messages wait */
        int guard_percent, guard_floor, guard_entries; /* compensations of a pass */
        enum flash_switch recover;                     /* by itself */
        int64_t recover_interval_ms, loss_window_ms, open_after_ms;
        enum flash_switch lease;
        int64_t audit_interval_ms, audit_full_interval_ms;
        int audit_rate; /* orders compared a second, at most */
    } reconciler;
    struct flash_config_alerts alerts;
};

/* What the command line asked for, beside the settings. */
enum flash_config_action {
    FLASH_CONFIG_RUN,
    FLASH_CONFIG_EXIT_OK, /* --help, --version, --check-config were answered on stdout */
};

/* Defaults, then the file of --config FILE (or none), then the environment, then --set, from a
 * daemon's argv:
 * --config FILE, --set section.key=value (repeatable), --check-config, --help, --version.
 * On failure (kind CONFIG) err.text says which file and line or which argument, and what is
 * allowed. Secrets may also be given as `key_1 = @/path`: the file's first line; with --set they
 * must be. Each source may give a key once. The section config->without is refused, and not read
 * from the environment, which daemons may share. On failure config is untouched; with EXIT_OK for
 * --help and --version too. Made for reloads with the same argv; from one thread at a time. From
 * then on the process leaves no core (prctl PR_SET_DUMPABLE). */
FLASH_MUST_CHECK bool flash_config_load(struct flash_config *config, int argc, char *const argv[],
                                        enum flash_config_action *ret_action,
                                        struct flash_error *err);
/* What HUP asks of a daemon: reads all of it anew with the same argv, and goes by log.level, which
 * *ret_level is told. On failure (as above) nothing changes. From one thread at a time. */
FLASH_MUST_CHECK bool flash_config_reload_level(int argc, char *const argv[], int *ret_level,
                                                struct flash_error *err);

/* For the daemons that ask who calls: with auth.mode = jwt, the keys are long enough for HS256 and,
 * if there are two, named apart. Error kind: CONFIG. */
FLASH_MUST_CHECK bool flash_config_check_auth(const struct flash_config *config,
                                              struct flash_error *err);

/* The effective configuration as an INI file, every key, secrets and the paths of URLs as "***". */
void flash_config_print(const struct flash_config *config, FILE *out);

#endif
