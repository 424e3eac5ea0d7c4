/* The verb `recover`: its options, its questions, its progress; see verb_recover.h. */
#include "verb_recover.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "flash/time.h"
#include "publish.h"
#include "recover_record.h"
#include "verb.h"

#define ARGS_MAX 64
#define REPORTS_PER_TURN 4096
#define SAY_US 1000000 /* between lines of progress */

struct cli {
    struct flash_sight_wish wish;
    bool yes, help;
    int argc; /* what is left for the configuration */
    char *argv[ARGS_MAX];
    struct flash_producer *producer;
    struct flash_recover_record *record;
    enum flash_recover_stage stage;
    uint64_t said_us;
    int findings;
};

static const char usage[] =
    "usage: flash-reconciler recover [--sku N] [--yes] [--force] [--config FILE] [--set "
    "KEY=VALUE]\n"
    "\n"
    "Looks whether Redis or the ledger has lost something and, if so, recovers under a new\n"
    "generation: nothing is sold meanwhile. The daemons may run; the consumer must, for the gates "
    "to\n"
    "open.\n"
    "\n"
    "  --sku N   only this SKU\n"
    "  --yes     do not ask\n"
    "  --force   also where nothing indicates a need: all its orders are told to Redis again\n"
    "\n"
    "exit codes: 0 nothing to do, or recovered; 1 something was lost or refused, or not "
    "confirmed;\n"
    "2 usage; 3 a part cannot be reached; 4 another one is recovering; 5 broken off\n";

/* ---- options ---- */

static bool parse(struct cli *cli, int argc, char *const argv[])
{
    for (int i = 0; i < argc; i++) {
        const char *word = argv[i];
        if (strcmp(word, "--yes") == 0) {
            cli->yes = true;
        } else if (strcmp(word, "--force") == 0) {
            cli->wish.force = true;
        } else if (strcmp(word, "--help") == 0) {
            cli->help = true;
        } else if (strcmp(word, "--sku") == 0) {
            const char *number = i + 1 < argc ? argv[++i] : "";
            if (!flash_sku_parse((struct flash_text){number, strlen(number)}, &cli->wish.sku)) {
                fprintf(stderr, "recover: --sku needs a SKU\n");
                return false;
            }
        } else if (cli->argc < ARGS_MAX - 1) {
            cli->argv[cli->argc++] = argv[i];
        }
    }
    return true;
}

/* ---- what it says ---- */

static bool step(const struct flash_recover_step *step, void *arg)
{
    struct cli *cli = arg;
    uint64_t now_us = flash_time_monotonic_us();
    bool begins = step->done == 0 && cli->stage != step->stage;
    flash_producer_poll(cli->producer, REPORTS_PER_TURN);
    if (!begins && now_us - cli->said_us < SAY_US) {
        return true;
    }
    cli->stage = step->stage;
    cli->said_us = now_us;
    double seconds = (double)step->took_us / 1e6;
    double rate = seconds > 0 ? (double)step->done / seconds : 0;
    fprintf(stderr, "recover: %s", flash_recover_stage_name(step->stage));
    if (!begins) {
        fprintf(stderr, " %" PRId64 " of %" PRId64 ", %.0f/s", step->done, step->total, rate);
    }
    if (!begins && rate > 0 && step->total >= step->done) {
        fprintf(stderr, ", %.0f s left", (double)(step->total - step->done) / rate);
    }
    fprintf(stderr, " (generation %" PRId64 ")\n", step->generation);
    return true;
}

static bool wait_a_little(int ms, void *arg)
{
    struct cli *cli = arg;
    flash_producer_poll(cli->producer, REPORTS_PER_TURN);
    nanosleep(&(struct timespec){.tv_nsec = ms * 1000000L}, NULL);
    return true;
}

static void print_finding(const struct flash_finding *finding, void *arg)
{
    ((struct cli *)arg)->findings++;
    flash_recover_record_found(((struct cli *)arg)->record, finding);
    printf("%s: SKU %" PRId64 ": %s\n", flash_cause_name(finding->cause), finding->sku,
           finding->detail);
}

static void print_needs(const struct flash_recover_done *done)
{
    printf("%" PRId64 " of %" PRId64 " SKUs are in need of a recovery", done->in_need, done->skus);
    for (int need = FLASH_NEED_NOTHING + 1; need < FLASH_NEED_COUNT; need++) {
        if (done->needs[need]) {
            printf("; %s: %" PRId64, flash_need_name((enum flash_need)need), done->needs[need]);
        }
    }
    printf("\n");
}

static void print_done(const struct flash_recover_done *done)
{
    printf("%s: generation %" PRId64 ", %" PRId64 " of %" PRId64 " gates open, %" PRId64
           " orders told to Redis (%" PRId64 " it did not know), %" PRId64
           " entries replayed, %" PRId64 " sent again, %.3f s\n",
           flash_recover_end_name(done->end), done->generation, done->opened, done->in_need,
           done->swept, done->learnt, done->lost, done->resent, (double)done->took_us / 1e6);
}

/* ---- the run ---- */

static bool confirmed(const struct cli *cli)
{
    char line[16];
    if (cli->yes) {
        return true;
    }
    if (!isatty(STDIN_FILENO)) {
        fprintf(stderr, "recover: say --yes to recover\n");
        return false;
    }
    fprintf(stderr, "Nothing is sold until it is done. Recover? [y/N] ");
    return fgets(line, sizeof(line), stdin) && (line[0] == 'y' || line[0] == 'Y');
}

static int exit_code(const struct cli *cli, const struct flash_recover_done *done)
{
    static const int codes[FLASH_RECOVER_END_COUNT] = {
        [FLASH_RECOVER_NOTHING] = 0,  [FLASH_RECOVER_NEEDED] = 1,    [FLASH_RECOVER_DONE] = 0,
        [FLASH_RECOVER_PARTLY] = 1,   [FLASH_RECOVER_STOPPED] = 5,   [FLASH_RECOVER_OVERTAKEN] = 4,
        [FLASH_RECOVER_LEASE] = 4,    [FLASH_RECOVER_NO_LEDGER] = 3, [FLASH_RECOVER_NO_REDIS] = 3,
        [FLASH_RECOVER_NO_KAFKA] = 3,
    };
    if (codes[done->end] > 1 || done->end == FLASH_RECOVER_PARTLY) {
        fprintf(stderr, "recover: %s: %s\n", flash_recover_end_name(done->end), done->err.text);
    }
    return codes[done->end] == 0 && cli->findings > 0 ? 1 : codes[done->end];
}

static int run(struct cli *cli, struct flash_recover *recover)
{
    struct flash_recover_done done;
    struct flash_error err = {0};
    struct flash_recover_options options = {.wish = cli->wish,
                                            .only_look = true,
                                            .step = step,
                                            .pause = wait_a_little,
                                            .found = print_finding,
                                            .arg = cli};
    flash_recover_run(recover, &options, &done);
    if (done.end == FLASH_RECOVER_NOTHING) {
        printf("nothing indicates a need, %" PRId64 " SKUs; --force recovers all the same\n",
               done.skus);
        return 0;
    }
    if (done.end == FLASH_RECOVER_NEEDED) {
        print_needs(&done);
        if (!confirmed(cli)) {
            return 1;
        }
        options.only_look = false;
        flash_recover_run(recover, &options, &done);
        print_done(&done);
        if (!flash_recover_record_write(cli->record, &done, flash_verb_operator(), &err)) {
            fprintf(stderr, "recover: not recorded: %s\n", err.text);
        }
    }
    return exit_code(cli, &done);
}

int flash_verb_recover(int argc, char *const argv[])
{
    static const struct flash_producer_hooks hooks = {.delivered = flash_publish_delivered};
    static struct flash_config config; /* large */
    struct cli cli = {.stage = FLASH_RECOVER_STAGE_COUNT};
    struct flash_recover *recover = NULL;
    enum flash_config_action action;
    struct flash_error err = {0};
    int code = 3;
    signal(SIGPIPE, SIG_IGN);
    if (!parse(&cli, argc, argv)) {
        return 2;
    }
    if (cli.help) {
        fputs(usage, stdout);
        return 0;
    }
    if (!flash_config_load(&config, cli.argc, cli.argv, &action, &err)) {
        fprintf(stderr, "recover: %s\n", err.text);
        return 2;
    }
    if (action == FLASH_CONFIG_EXIT_OK) {
        return 0;
    }
    if (flash_producer_new(&config, &hooks, &cli.producer, &err) &&
        flash_recover_record_new(&config, &cli.record, &err) &&
        flash_recover_new(&config, cli.producer, &recover, &err)) {
        code = run(&cli, recover);
    } else {
        fprintf(stderr, "recover: %s\n", err.text);
    }
    flash_recover_free(recover);
    flash_recover_record_free(cli.record);
    flash_producer_free(cli.producer);
    return code;
}
