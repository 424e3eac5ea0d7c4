/* flash-reconciler: takes orders whose time to pay is over, and mends what was lost on the way. Its
 * first argument is what to do, a row of one table.
 *
 * Exit codes: 0 done or clean, 1 findings, 2 usage or configuration, 3 it could not start or reach
 * a store. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "audit.h"
#include "daemon.h"
#include "flash/log.h"

#define PROGRAM "flash-reconciler"

/* Gets what follows the verb, behind a name for it in argv[0]; returns the exit code. */
typedef int (*verb_run)(int argc, char *argv[]);

static int run(int argc, char *argv[])
{
    static struct flash_config config; /* large */
    enum flash_config_action action;
    struct flash_error err = {0};
    signal(SIGPIPE, SIG_IGN);
    if (!flash_config_load(&config, argc, argv, &action, &err)) {
        fprintf(stderr, PROGRAM ": %s\n", err.text);
        return 2;
    }
    if (action == FLASH_CONFIG_EXIT_OK) {
        return 0;
    }
    flash_log_init(PROGRAM, config.log.level);
    if (flash_daemon_run(&(struct flash_daemon_start){&config, argc, argv}, &err)) {
        return 0;
    }
    FLASH_LOG(ERROR, "reconciler.not_started", FLASH_TEXT("error", err.text));
    return err.kind == FLASH_ERROR_CONFIG ? 2 : 3;
}

/* ---- audit ---- */

static void print_finding(const struct flash_finding *finding, void *arg)
{
    (void)arg;
    printf("%-11s %-19lld %10lld  %-30s %s\n", flash_cause_name(finding->cause),
           (long long)finding->sku, (long long)finding->quantity, finding->order_id,
           finding->detail);
}

static bool wait_until(uint64_t until_us, void *arg)
{
    const struct timespec until = {.tv_sec = (time_t)(until_us / 1000000),
                                   .tv_nsec = (long)(until_us % 1000000) * 1000};
    (void)arg;
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
    return true;
}

/* Takes `--sku N` out of the arguments, wherever it stands. False: it is none. */
static bool take_sku(int *argc, char *argv[], int64_t *ret_sku)
{
    for (int i = 1; i < *argc; i++) {
        if (strcmp(argv[i], "--sku") != 0) {
            continue;
        }
        struct flash_text text = {i + 1 < *argc ? argv[i + 1] : "", 0};
        text.len = strlen(text.at);
        if (!flash_sku_parse(text, ret_sku)) {
            return false;
        }
        memmove(&argv[i], &argv[i + 2], (size_t)(*argc - i - 1) * sizeof(argv[0]));
        *argc -= 2;
        return true;
    }
    return true;
}

static int report_audit(const struct flash_audit_done *done)
{
    printf("%lld findings; %lld SKUs, %lld of them undecided, %lld orders, %.1f s\n",
           (long long)done->findings, (long long)done->skus, (long long)done->undecided,
           (long long)done->orders, (double)done->took_us / 1e6);
    return done->findings > 0;
}

static int run_audit(const struct flash_config *config, int64_t sku)
{
    struct flash_audit *audit = NULL;
    struct flash_audit_done done;
    struct flash_error err = {0};
    const struct flash_audit_ask ask = {
        .sku = sku, .full = true, .found = print_finding, .pause = wait_until};
    bool ok = flash_audit_new(config, &audit, &err) && flash_audit_run(audit, &ask, &done, &err);
    flash_audit_free(audit);
    if (!ok) {
        fprintf(stderr, PROGRAM ": %s\n", err.text);
        return err.kind == FLASH_ERROR_CONFIG ? 2 : 3;
    }
    return report_audit(&done);
}

static int audit(int argc, char *argv[])
{
    static struct flash_config config; /* large */
    enum flash_config_action action;
    struct flash_error err = {0};
    int64_t sku = 0;
    if (!take_sku(&argc, argv, &sku)) {
        fprintf(stderr, PROGRAM ": --sku needs a SKU, a number from 1\n");
        return 2;
    }
    if (!flash_config_load(&config, argc, argv, &action, &err)) {
        fprintf(stderr, PROGRAM ": %s\n", err.text);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    return action == FLASH_CONFIG_EXIT_OK ? 0 : run_audit(&config, sku);
}

static const struct {
    const char *name, *title, *help;
    verb_run run;
} verbs[] = {
    {"run", PROGRAM " run",
     "the daemon: takes due orders, and reconciles the journals with the ledger", run},
    {"audit", PROGRAM " audit",
     "[--sku N]: compares Redis and the ledger, every order, user and log row", audit},
};
#define VERB_COUNT (sizeof(verbs) / sizeof(verbs[0]))

static void help(FILE *out)
{
    fprintf(out, "usage: " PROGRAM " VERB [OPTION]...\n\nverbs:\n");
    for (size_t i = 0; i < VERB_COUNT; i++) {
        fprintf(out, "  %-10s %s\n", verbs[i].name, verbs[i].help);
    }
    fprintf(out,
            "\n  --help, --version\n\n" PROGRAM " VERB --help lists the options and all settings.\n"
            "exit codes: 0 done or clean, 1 findings, 2 usage or configuration, 3 it could not\n"
            "start, or Redis or the ledger does not answer\n\n"
            "example: " PROGRAM " run --config /etc/flashgate/flash.ini\n");
}

int main(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : "";
    if (strcmp(word, "--help") == 0) {
        help(stdout);
        return 0;
    }
    if (strcmp(word, "--version") == 0) {
        printf("%s %s\n", PROGRAM, FLASH_VERSION);
        return 0;
    }
    for (size_t i = 0; i < VERB_COUNT; i++) {
        if (strcmp(word, verbs[i].name) == 0) {
            argv[1] = (char *)verbs[i].title; /* what --help calls it */
            return verbs[i].run(argc - 1, argv + 1);
        }
    }
    fprintf(stderr, PROGRAM ": %s%.40s\n", *word ? "unknown verb " : "a verb is missing", word);
    help(stderr);
    return 2;
}
