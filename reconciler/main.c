/* flash-reconciler: takes orders whose time to pay is over, and mends what was lost on the way. Its
 * first argument is what to do, a row of one table.
 *
 * Exit codes: 0 done, 2 usage or configuration, 3 it could not start. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "daemon.h"
#include "flash/log.h"
#include "verb.h"
#include "verb_recover.h"

#define PROGRAM "flash-reconciler"

/* Gets what follows the verb, behind a name for it in argv[0]; returns the exit code. */
typedef int (*verb_run)(int argc, char *const argv[]);

static int run(int argc, char *const argv[])
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

static const struct {
    const char *name, *title, *help;
    verb_run run;
} verbs[] = {
    {"run", PROGRAM " run",
     "the daemon: takes due orders, and reconciles the journals with the ledger", run},
    {"report", PROGRAM, "what is open now, or the story of one order", flash_verb_report},
    {"plan", PROGRAM, "write down what would be done about it", flash_verb_plan},
    {"apply", PROGRAM, "do what a plan says", flash_verb_apply},
    {"audit", PROGRAM, "compare Redis and the ledger, order by order", flash_verb_audit},
    {"history", PROGRAM, "the record of runs", flash_verb_history},
    {"recover", PROGRAM " recover", "Redis or the ledger has lost something: recovers, by hand",
     flash_verb_recover},
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
            "exit codes: 0 clean, 1 findings, 2 usage, 3 unreachable, 4 another run holds the "
            "lease,\n5 stopped by the guard\n\n"
            "examples: " PROGRAM " run --config /etc/flashgate/flash.conf\n"
            "          " PROGRAM " report --config /etc/flashgate/flash.conf\n");
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
