/* flash-reconciler history: what was done, run by run, or one run with its findings. */
#include <stdio.h>
#include <string.h>

#include "records.h"
#include "verb.h"

#define LIMIT_DEFAULT 20

static struct {
    int64_t limit;
    struct flash_uuid run; /* all zero: not asked for */
    enum flash_output_format format;
} asked = {.limit = LIMIT_DEFAULT};

static const struct flash_verb_option options[] = {
    {NULL, "[RUN-ID]", "one run, with all its findings", flash_verb_read_uuid,
     "the id of a run, as it is listed", &asked.run},
    {"limit", "N", "runs at most, the youngest first (20)", flash_verb_read_count,
     "a whole number from 1 to 1000000000", &asked.limit},
    FLASH_VERB_OUTPUT(asked.format),
};

static const struct flash_verb_page page = {
    "history",
    "The record of runs: when, by whom, what was found and done, how it ended. Reads the ledger "
    "only.\nA run that is still running, or whose program was killed, has no duration.\n",
    options, sizeof(options) / sizeof(options[0]),
    "flash-reconciler history --config /etc/flashgate/flash.conf\n"
    "flash-reconciler history --limit 500 --output csv > runs.csv\n"
    "flash-reconciler history 01997a5c-0b7e-7c4a-9a51-3f6f3f0f9d11 --output jsonl\n"};

static bool put(struct flash_mysql *mysql, struct flash_output *output, struct flash_error *err)
{
    static const struct flash_uuid none;
    if (memcmp(&asked.run, &none, sizeof(none)) == 0) {
        flash_output_section(output, &flash_records_runs);
        return flash_records_put_runs(mysql, asked.limit, output, err);
    }
    flash_output_section(output, &flash_records_run);
    if (!flash_records_put_run(mysql, &asked.run, output, err)) {
        return false;
    }
    flash_output_section(output, &flash_records_findings);
    return flash_records_put_findings(mysql, &asked.run, output, err);
}

int flash_verb_history(int argc, char *const argv[])
{
    static struct flash_config config; /* large */
    struct flash_mysql *mysql = NULL;
    struct flash_output *output = NULL;
    struct flash_error err = {0};
    int code;
    if (!flash_verb_read(&page, &(struct flash_verb_line){argc, argv}, &config, &code)) {
        return code;
    }
    const struct flash_output_start start = {stdout, asked.format,
                                             flash_output_wants_colours(stdout)};
    if (!flash_mysql_new(&config, &mysql, &err) || !flash_mysql_connect(mysql, &err) ||
        !flash_output_new(&start, &output, &err) || !put(mysql, output, &err) ||
        !flash_output_end(output, &err)) {
        code = flash_verb_fail(&page, &err);
    }
    flash_output_free(output);
    flash_mysql_free(mysql);
    return code;
}
