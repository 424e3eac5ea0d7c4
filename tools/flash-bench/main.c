/* flash-bench: sends buyers to a flash sale, checks every answer and measures.
 *
 * Exit codes: 0 every answer was right, 1 some answer was wrong, 2 usage, 3 the server cannot be
 * reached. */
#include <stdlib.h>
#include <unistd.h>

#include "flash/time.h"

#include "report.h"

enum { EXIT_WRONG = 1, EXIT_USAGE = 2, EXIT_UNREACHABLE = 3 };

/* Keys must be new in every run, unless --run asks for the same again. */
static void name_run(struct flash_bench_options *options)
{
    if (!options->run_given) {
        snprintf(options->run, sizeof(options->run), "%llx-%x",
                 (unsigned long long)flash_time_wall_ms(), (unsigned)getpid());
    }
}

static int fail(const struct flash_error *err)
{
    fprintf(stderr, "flash-bench: %s\n", err->text);
    return err->kind == FLASH_ERROR_RETRY ? EXIT_UNREACHABLE : EXIT_USAGE;
}

static int report(const struct flash_bench_options *options,
                  const struct flash_bench_result *result)
{
    struct flash_error err;
    const struct flash_bench_tally *tally = &result->tally;
    for (int i = 0; i < tally->sample_count; i++) {
        fprintf(stderr, "flash-bench: wrong: %s\n", tally->samples[i]);
    }
    if (!options->json) {
        flash_bench_report_table(options, result, stdout);
        if (fflush(stdout) != 0 || ferror(stdout)) {
            fprintf(stderr, "flash-bench: the report could not be written\n");
            return EXIT_USAGE;
        }
    } else if (!flash_bench_report_json(options, result, stdout, &err)) {
        return fail(&err);
    }
    return tally->counts.wrong == 0 ? EXIT_SUCCESS : EXIT_WRONG;
}

int main(int argc, char *argv[])
{
    static struct flash_bench_options options;
    struct flash_bench_result *result = NULL;
    enum flash_bench_action action;
    struct flash_error err;
    (void)argc;
    if (!flash_bench_options_parse(&options, argv, &action, &err)) {
        return fail(&err);
    }
    if (action == FLASH_BENCH_EXIT_OK) {
        return EXIT_SUCCESS;
    }
    name_run(&options);
    if (!flash_bench_run(&options, &result, &err)) {
        return fail(&err);
    }
    int code = report(&options, result);
    free(result);
    return code;
}
