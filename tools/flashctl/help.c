/* Writes the help from the tables; see help.h. */
#include "help.h"

#include <string.h>

#include "parse.h"

#define COLUMN 24

const struct flash_ctl_noun *flash_ctl_noun_named(const char *name)
{
    for (const struct flash_ctl_noun *noun = flash_ctl_nouns; noun->name; noun++) {
        if (strcmp(noun->name, name) == 0) {
            return noun;
        }
    }
    return NULL;
}

static void usage_line(const struct flash_ctl_verb *verb, FILE *out)
{
    fprintf(out, "flashctl %s%s%s", verb->noun, verb->name ? " " : "",
            verb->name ? verb->name : "");
    for (int i = 0; i < FLASH_CTL_BARE_MAX && verb->bare[i]; i++) {
        bool needed = verb->needs & FLASH_CTL_BIT(verb->bare[i]);
        fprintf(out, needed ? " %s" : " [%s]", flash_ctl_options[verb->bare[i]].value);
    }
    fputs(" [OPTIONS]\n", out);
}

static void option_line(const struct flash_ctl_verb *verb, enum flash_ctl_option option, FILE *out)
{
    const struct flash_ctl_option_row *row = &flash_ctl_options[option];
    const char *words = flash_ctl_words(verb, option);
    int width =
        fprintf(out, "  --%s%s%s", row->name, row->value ? " " : "", row->value ? row->value : "");
    fprintf(out, "%*s%s", width < COLUMN ? COLUMN - width : 1, "", row->help);
    if (words) {
        fprintf(out, ": %s", words);
    }
    if (row->environment) {
        fprintf(out, " [%s]", row->environment);
    }
    fputc('\n', out);
}

static void option_lines(const struct flash_ctl_verb *verb, const char *title, uint64_t bits,
                         FILE *out)
{
    if (!bits) {
        return;
    }
    fprintf(out, "\n%s:\n", title);
    for (int i = 1; i < FLASH_CTL_OPTION_COUNT; i++) {
        if (bits & FLASH_CTL_BIT(i)) {
            option_line(verb, (enum flash_ctl_option)i, out);
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

/* A line a verb; noun NULL: of all. */
static void verb_lines(const char *noun, FILE *out)
{
    for (int i = 0; i < flash_ctl_verb_count; i++) {
        const struct flash_ctl_verb *verb = &flash_ctl_verbs[i];
        if (noun && strcmp(noun, verb->noun) != 0) {
            continue;
        }
        int width = fprintf(out, "  %s%s%s", verb->noun, verb->name ? " " : "",
                            verb->name ? verb->name : "");
        fprintf(out, "%*s%s\n", width < COLUMN ? COLUMN - width : 1, "", verb->help);
    }
}

static void about_all(const char *noun, FILE *out)
{
    fprintf(out, "flashctl%s%s: %s\n\nusage: flashctl %s%s [OPTIONS]\n\ncommands:\n",
            noun ? " " : "", noun ? noun : "",
            noun ? flash_ctl_noun_named(noun)->help
                 : "the back office of a flash sale on the command line",
            noun ? noun : "COMMAND", noun ? " COMMAND" : "");
    verb_lines(noun, out);
    fprintf(out, "\nflashctl COMMAND --help shows its options and examples; --version the version\n"
                 "exit codes:\n");
    for (int i = 0; i < FLASH_CTL_EXIT_COUNT; i++) {
        fprintf(out, "  %d  %s\n", i, flash_ctl_exits[i]);
    }
}

void flash_ctl_help(const struct flash_ctl_command *command, FILE *out)
{
    const struct flash_ctl_verb *verb = command->verb;
    if (!verb) {
        about_all(command->noun, out);
        return;
    }
    fprintf(out, "flashctl %s%s%s: %s\n\nusage: ", verb->noun, verb->name ? " " : "",
            verb->name ? verb->name : "", verb->help);
    usage_line(verb, out);
    option_lines(verb, "needed", verb->needs, out);
    option_lines(verb, "options (default)", verb->takes, out);
    example_lines(verb, out);
}
