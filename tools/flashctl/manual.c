/* Man pages in scdoc's language, written from the tables; see help.h. */
#include <ctype.h>
#include <string.h>

#include "help.h"
#include "parse.h"

/* Text with what scdoc takes for markup escaped. */
static void put(const char *text, size_t len, FILE *out)
{
    for (size_t i = 0; i < len; i++) {
        if (strchr("\\_*.-<>[]+~#", text[i])) {
            fputc('\\', out);
        }
        fputc(text[i], out);
    }
}

static void put_text(const char *text, FILE *out)
{
    put(text, strlen(text), out);
}

static void put_option(const struct flash_ctl_verb *verb, enum flash_ctl_option option, FILE *out)
{
    const struct flash_ctl_option_row *row = &flash_ctl_options[option];
    const char *words = verb ? flash_ctl_words(verb, option) : row->words;
    fputs("*\\-\\-", out);
    put_text(row->name, out);
    fputc('*', out);
    if (row->value) {
        fputs(" _", out);
        put_text(row->value, out);
        fputc('_', out);
    }
    fputs("\n\t", out);
    put_text(row->help, out);
    if (words) {
        fputs(": ", out);
        put_text(words, out);
    }
    fputs(".\n\n", out);
}

static void put_options(const struct flash_ctl_verb *verb, uint64_t bits, FILE *out)
{
    for (int i = 1; i < FLASH_CTL_OPTION_COUNT; i++) {
        if (bits & FLASH_CTL_BIT(i)) {
            put_option(verb, (enum flash_ctl_option)i, out);
        }
    }
}

static void put_usage(const struct flash_ctl_verb *verb, FILE *out)
{
    fprintf(out, "*flashctl %s%s%s*", verb->noun, verb->name ? " " : "",
            verb->name ? verb->name : "");
    for (int i = 0; i < FLASH_CTL_BARE_MAX && verb->bare[i]; i++) {
        bool needed = verb->needs & FLASH_CTL_BIT(verb->bare[i]);
        fputs(needed ? " _" : " [_", out);
        put_text(flash_ctl_options[verb->bare[i]].value, out);
        fputs(needed ? "_" : "_]", out);
    }
    fputs(" [_OPTIONS_]\n\n", out);
}

static void put_examples(const struct flash_ctl_verb *verb, FILE *out)
{
    fprintf(out, "```\n%s```\n\n", verb->examples);
}

static void put_verb(const struct flash_ctl_verb *verb, FILE *out)
{
    fprintf(out, "## %s%s%s\n\n", verb->noun, verb->name ? " " : "", verb->name ? verb->name : "");
    put_usage(verb, out);
    fputc((char)toupper((unsigned char)verb->help[0]), out);
    put_text(verb->help + 1, out);
    fputs(".\n\n", out);
    put_options(verb, verb->needs, out);
    put_options(verb, verb->takes, out);
    fputs("Examples:\n\n", out);
    put_examples(verb, out);
}

/* ---- the pages ---- */

static void put_exits(FILE *out)
{
    fputs("# EXIT STATUS\n\n", out);
    for (int i = 0; i < FLASH_CTL_EXIT_COUNT; i++) {
        fprintf(out, "*%d*\n\t", i);
        put_text(flash_ctl_exits[i], out);
        fputs(".\n\n", out);
    }
}

static void about_noun(const char *noun, FILE *out)
{
    fprintf(out, "flashctl-%s(1)\n\n# NAME\n\nflashctl-%s - %s\n\n", noun, noun,
            flash_ctl_noun_named(noun)->help);
    fputs("# COMMANDS\n\n", out);
    for (int i = 0; i < flash_ctl_verb_count; i++) {
        if (strcmp(flash_ctl_verbs[i].noun, noun) == 0) {
            put_verb(&flash_ctl_verbs[i], out);
        }
    }
    put_exits(out);
    fputs("# SEE ALSO\n\n*flashctl*(1)\n", out);
}

static void put_environment(FILE *out)
{
    fputs("# ENVIRONMENT\n\n", out);
    for (int i = 1; i < FLASH_CTL_OPTION_COUNT; i++) {
        if (flash_ctl_options[i].environment) {
            fputc('*', out);
            put_text(flash_ctl_options[i].environment, out);
            fprintf(out, "*\n\tas *\\-\\-%s*.\n\n", flash_ctl_options[i].name);
        }
    }
    fputs("*NO\\_COLOR*\n\tset to anything: no colours. Without it they are used on a terminal "
          "only.\n\n",
          out);
}

static void put_profiles(FILE *out)
{
    fputs("# PROFILES\n\nAn installation is a file _~/.config/flashctl/NAME.conf_ (below "
          "*XDG\\_CONFIG\\_HOME* if that is set), chosen by *\\-\\-profile*; without it "
          "_default.conf_ counts if it is there. It has lines *option = value*, of these "
          "options:\n\n",
          out);
    for (int i = 1; i < FLASH_CTL_OPTION_COUNT; i++) {
        if (flash_ctl_options[i].profile) {
            put_option(NULL, (enum flash_ctl_option)i, out);
        }
    }
    fputs("What is written on the command line counts first, then a profile that was asked for, "
          "then the environment, then _default.conf_. A profile's addresses, tokens and keys "
          "belong together: where the command line (or, against _default.conf_, the environment) "
          "names another *\\-\\-admin* or *\\-\\-config*, none of them is used. Nobody else may be "
          "able to write a profile; files with a token or a key must be readable by their owner "
          "only.\n\n",
          out);
}

static void about_all(FILE *out)
{
    fputs("flashctl(1)\n\n# NAME\n\nflashctl - the back office of a flash sale on the command "
          "line\n\n# SYNOPSIS\n\n*flashctl* _COMMAND_ [_OPTIONS_]\n\n# DESCRIPTION\n\n"
          "Each command asks flash\\-admin, and shows what it answers as a table, JSON, JSON lines "
          "or CSV. An option may stand before or after the command's words, as *\\-\\-name* "
          "_value_ or *\\-\\-name*=_value_.\n\n# COMMANDS\n\n",
          out);
    for (int i = 0; i < flash_ctl_verb_count; i++) {
        const struct flash_ctl_verb *verb = &flash_ctl_verbs[i];
        fprintf(out, "*%s%s%s*\n\t", verb->noun, verb->name ? " " : "",
                verb->name ? verb->name : "");
        put_text(verb->help, out);
        fprintf(out, ": *flashctl-%s*(1).\n\n", verb->noun);
    }
    put_profiles(out);
    put_environment(out);
    put_exits(out);
    fputs("# SEE ALSO\n\n*flashctl \\-\\-help*", out);
    for (const struct flash_ctl_noun *noun = flash_ctl_nouns; noun->name; noun++) {
        fprintf(out, ", *flashctl-%s*(1)", noun->name);
    }
    fputc('\n', out);
}

void flash_ctl_manual(const char *noun, FILE *out)
{
    if (noun) {
        about_noun(noun, out);
    } else {
        about_all(out);
    }
}
