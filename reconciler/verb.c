/* Command lines of verbs, read by their pages; see verb.h. An option is --name value or
 * --name=value, once, before or after the word that has no name. */
#include "verb.h"

#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "finding.h"
#include "flash/log.h"

#define OPTIONS_MAX 16
#define ARGUMENTS_MAX 300
#define HELP_COLUMN 26

struct reading {
    const struct flash_verb_page *page;
    const struct flash_verb_line *line;
    int next;
    bool seen[OPTIONS_MAX];
    char *rest[ARGUMENTS_MAX + 1]; /* what is the configuration's */
    int rest_count;
};

static bool usage(const struct flash_verb_page *page, const char *what, const char *which)
{
    fprintf(stderr, FLASH_VERB_PROGRAM " %s: %s%.80s\n", page->verb, what, which);
    fprintf(stderr, FLASH_VERB_PROGRAM " %s --help shows the options\n", page->verb);
    return false;
}

/* ---- help ---- */

static void help_option(const struct flash_verb_option *option, FILE *out)
{
    const char *value = option->value ? option->value : "";
    int width =
        option->name ? fprintf(out, "  --%s %s", option->name, value) : fprintf(out, "  %s", value);
    fprintf(out, "%*s%s\n", width < HELP_COLUMN ? HELP_COLUMN - width : 1, "", option->help);
}

static void help(const struct flash_verb_page *page, FILE *out)
{
    fprintf(out, "usage: " FLASH_VERB_PROGRAM " %s", page->verb);
    for (int i = 0; i < page->option_count; i++) {
        if (!page->options[i].name) {
            fprintf(out, " %s", page->options[i].value);
        }
    }
    fprintf(out, " [OPTION]...\n\n%s\noptions:\n", page->purpose);
    for (int i = 0; i < page->option_count; i++) {
        help_option(&page->options[i], out);
    }
    fprintf(out,
            "  --config FILE           settings, as an INI file\n"
            "  --set SECTION.KEY=VALUE one setting; " FLASH_VERB_PROGRAM " run --help lists all\n"
            "  --help\n\n"
            "exit codes: 0 clean, 1 findings, 2 usage, 3 unreachable, 4 another run holds the "
            "lease,\n5 stopped by the guard\n\nexamples:\n");
    for (const char *at = page->examples; *at;) {
        int len = (int)strcspn(at, "\n");
        fprintf(out, "  %.*s\n", len, at);
        at += len + (at[len] == '\n');
    }
}

/* ---- the verb's own options ---- */

static bool give(struct reading *reading, int i, const char *text)
{
    const struct flash_verb_option *option = &reading->page->options[i];
    const char *name = option->name ? option->name : option->value;
    char what[160];
    if (reading->seen[i]) {
        return usage(reading->page, "given twice: ", name);
    }
    reading->seen[i] = true;
    if (option->read(text, option->ret_value)) {
        return true;
    }
    snprintf(what, sizeof(what), "%s \"%.60s\": not ", name, text);
    return usage(reading->page, what, option->value ? option->allowed : "a value it takes");
}

/* The option that arg names, or -1; *ret_value is what follows its "=", or NULL. */
static int option_of(const struct flash_verb_page *page, const char *arg, const char **ret_value)
{
    for (int i = 0; i < page->option_count; i++) {
        const char *name = page->options[i].name;
        size_t len = name ? strlen(name) : 0;
        if (name && strncmp(arg, "--", 2) == 0 && strncmp(arg + 2, name, len) == 0 &&
            (arg[2 + len] == '\0' || arg[2 + len] == '=')) {
            *ret_value = arg[2 + len] ? arg + 3 + len : NULL;
            return i;
        }
        if (!name && arg[0] != '-') {
            *ret_value = arg;
            return i;
        }
    }
    return -1;
}

static bool has_value(const char *arg)
{
    return strcmp(arg, "--config") == 0 || strcmp(arg, "--set") == 0;
}

/* Takes one argument, with its value: it is the verb's, or left to the configuration. */
static bool take(struct reading *reading)
{
    const struct flash_verb_line *line = reading->line;
    char *arg = line->argv[reading->next++];
    const char *value = NULL;
    int option = option_of(reading->page, arg, &value);
    if (option < 0) {
        reading->rest[reading->rest_count++] = arg;
        if (has_value(arg) && reading->next < line->argc) {
            reading->rest[reading->rest_count++] = line->argv[reading->next++];
        }
        return true;
    }
    if (!value && !reading->page->options[option].value) {
        return give(reading, option, "");
    }
    if (!value && reading->next == line->argc) {
        return usage(reading->page, "a value is missing after ", arg);
    }
    return give(reading, option, value ? value : line->argv[reading->next++]);
}

static bool all_there(const struct reading *reading)
{
    for (int i = 0; i < reading->page->option_count; i++) {
        const struct flash_verb_option *option = &reading->page->options[i];
        if (option->needed && !reading->seen[i]) {
            return usage(reading->page, "missing: ", option->name ? option->name : option->value);
        }
    }
    return true;
}

static bool asks_for_help(const struct flash_verb_line *line)
{
    for (int i = 1; i < line->argc; i++) {
        if (strcmp(line->argv[i], "--help") == 0 || strcmp(line->argv[i], "-h") == 0) {
            return true;
        }
    }
    return false;
}

/* Texts are UTF-8 whatever the terminal's language. */
static void set_locale(void)
{
    if (!setlocale(LC_CTYPE, "") || MB_CUR_MAX == 1) {
        (void)setlocale(LC_CTYPE, "C.UTF-8");
    }
}

static bool load(struct reading *reading, struct flash_config *config, int *ret_exit)
{
    enum flash_config_action action;
    struct flash_error err = {0};
    if (!flash_config_load(config, reading->rest_count, reading->rest, &action, &err)) {
        *ret_exit = FLASH_EXIT_USAGE;
        return usage(reading->page, err.text, "");
    }
    *ret_exit = FLASH_EXIT_CLEAN;
    return action == FLASH_CONFIG_RUN;
}

bool flash_verb_read(const struct flash_verb_page *page, const struct flash_verb_line *line,
                     struct flash_config *config, int *ret_exit)
{
    struct reading reading = {.page = page, .line = line, .next = 1};
    signal(SIGPIPE, SIG_IGN);
    set_locale();
    *ret_exit = FLASH_EXIT_CLEAN;
    if (asks_for_help(line)) {
        help(page, stdout);
        return false;
    }
    *ret_exit = FLASH_EXIT_USAGE;
    if (line->argc > ARGUMENTS_MAX || page->option_count > OPTIONS_MAX) {
        return usage(page, "too many arguments", "");
    }
    reading.rest[reading.rest_count++] = line->argv[0];
    while (reading.next < line->argc) {
        if (!take(&reading)) {
            return false;
        }
    }
    if (!all_there(&reading) || !load(&reading, config, ret_exit)) {
        return false;
    }
    flash_log_init(FLASH_VERB_PROGRAM, config->log.level);
    return true;
}

int flash_verb_fail(const struct flash_verb_page *page, const struct flash_error *err)
{
    fprintf(stderr, FLASH_VERB_PROGRAM " %s: %s\n", page->verb, err->text);
    return err->kind == FLASH_ERROR_CONFIG ? FLASH_EXIT_USAGE : FLASH_EXIT_UNREACHABLE;
}

/* ---- values ---- */

static struct flash_text text_of(const char *text)
{
    return (struct flash_text){text, strlen(text)};
}

bool flash_verb_read_flag(const char *text, void *ret_bool)
{
    *(bool *)ret_bool = true;
    return *text == '\0';
}

bool flash_verb_read_sku(const char *text, void *ret_int64)
{
    return flash_sku_parse(text_of(text), ret_int64);
}

bool flash_verb_read_count(const char *text, void *ret_int64)
{
    int64_t count; /* written as a SKU is: a positive number, one way only */
    if (!flash_sku_parse(text_of(text), &count) || count > 1000000000) {
        return false;
    }
    *(int64_t *)ret_int64 = count;
    return true;
}

bool flash_verb_read_format(const char *text, void *ret_format)
{
    return flash_output_format_parse(text, ret_format);
}

bool flash_verb_read_cause(const char *text, void *ret_int)
{
    for (int i = 0; i < FLASH_CAUSE_COUNT; i++) {
        if (strcmp(flash_cause_name((enum flash_cause)i), text) == 0) {
            *(int *)ret_int = i;
            return true;
        }
    }
    return false;
}

bool flash_verb_read_uuid(const char *text, void *ret_uuid)
{
    return flash_uuid_parse(text_of(text), ret_uuid);
}

bool flash_verb_read_order(const char *text, void *ret_pointer)
{
    int64_t sku;
    struct flash_text ref;
    if (!flash_order_id_parse(text_of(text), &sku, &ref)) {
        return false;
    }
    *(const char **)ret_pointer = text;
    return true;
}

bool flash_verb_read_operator(const char *text, void *ret_pointer)
{
    if (!flash_user_valid(text_of(text))) {
        return false;
    }
    *(const char **)ret_pointer = text;
    return true;
}

const char *flash_verb_operator(void)
{
    static char name[FLASH_USER_MAX + 1];
    const char *user = getenv("USER");
    if (user && flash_user_valid(text_of(user))) {
        snprintf(name, sizeof(name), "%s", user);
    } else {
        snprintf(name, sizeof(name), "uid %u", (unsigned)getuid());
    }
    return name;
}
