/* Writes the help from the tables; see command.h. */
#include <string.h>

#include "command.h"

#define COLUMN 24

static void option_line(const struct flash_ctl_option_row *row, FILE *out)
{
    int width = fprintf(out, "  --%s %s", row->name, row->value);
    fprintf(out, "%*s%s", width < COLUMN ? COLUMN - width : 1, "", row->help);
    if (row->environment) {
        fprintf(out, " [%s]", row->environment);
    }
    fputc('\n', out);
}

static void option_lines(const char *title, unsigned bits, FILE *out)
{
    if (!bits) {
        return;
    }
    fprintf(out, "\n%s:\n", title);
    for (int i = 0; i < FLASH_CTL_OPTION_COUNT; i++) {
        if (bits & FLASH_CTL_BIT(i)) {
            option_line(&flash_ctl_options[i], out);
        }
    }
}

static void example_lines(const struct flash_ctl_verb *verb, FILE *out)
{
    fprintf(out, "\nexamples:\n");
    for (const char *at = verb->examples; *at;) {
        int len = (int)strcspn(at, "\n");
        fprintf(out, "  %.*s\n", len, at);
        at += len + (at[len] == '\n');
    }
}

static void all_verbs(FILE *out)
{
    fprintf(out, "flashctl: the back office of a flash sale on the command line\n\n"
                 "usage: flashctl COMMAND [OPTIONS]\n\ncommands:\n");
    for (int i = 0; i < flash_ctl_verb_count; i++) {
        const struct flash_ctl_verb *verb = &flash_ctl_verbs[i];
        int width = fprintf(out, "  %s%s%s", verb->noun, verb->name ? " " : "",
                            verb->name ? verb->name : "");
        fprintf(out, "%*s%s\n", width < COLUMN ? COLUMN - width : 1, "", verb->help);
    }
    fprintf(out, "\nflashctl COMMAND --help shows its options and examples; --version the version\n"
                 "exit codes: 0 done, 1 refused, 2 usage, 3 unreachable\n");
}

void flash_ctl_help(const struct flash_ctl_verb *verb, FILE *out)
{
    if (!verb) {
        all_verbs(out);
        return;
    }
    const char *gap = verb->name ? " " : "", *name = verb->name ? verb->name : "";
    fprintf(out, "flashctl %s%s%s: %s\n\nusage: flashctl %s%s%s", verb->noun, gap, name, verb->help,
            verb->noun, gap, name);
    for (int i = 0; i < FLASH_CTL_BARE_MAX && verb->bare[i] < FLASH_CTL_OPTION_COUNT; i++) {
        fprintf(out, " %s", flash_ctl_options[verb->bare[i]].value);
    }
    fprintf(out, " [OPTIONS]\n");
    option_lines("needed", verb->needs, out);
    option_lines("options (default)", verb->takes, out);
    example_lines(verb, out);
}
