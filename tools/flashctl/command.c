/* Reads the command line by its tables; see parse.h. An option may come before or after the verb's
 * words, as --name value or --name=value, once. */
#include <stdlib.h>
#include <string.h>

#include "parse.h"
#include "values.h"
#include "wrong.h"

#define WORDS_MAX (2 + FLASH_CTL_BARE_MAX)

struct reading {
    struct flash_ctl_command command;
    const char *words[WORDS_MAX]; /* those without dashes, in order */
    int word_count;
    int next, argc;
    char *const *argv;
    bool only_words; /* "--" was there */
};

static int option_named(const char *name, size_t len)
{
    for (int i = 1; i < FLASH_CTL_OPTION_COUNT; i++) {
        if (strlen(flash_ctl_options[i].name) == len &&
            memcmp(flash_ctl_options[i].name, name, len) == 0) {
            return i;
        }
    }
    return -1;
}

static bool usage(struct flash_error *err, const char *what, const char *which)
{
    return flash_error_set(err, FLASH_ERROR_CONFIG, "%s: %.80s (flashctl --help shows all)", what,
                           which);
}

static bool read_option(struct reading *reading, const char *name, struct flash_error *err)
{
    const char *equals = strchr(name, '=');
    size_t len = equals ? (size_t)(equals - name) : strlen(name);
    int option = option_named(name, len);
    if (option < 0) {
        return flash_ctl_wrong_option(name - 2, err);
    }
    bool flag = !flash_ctl_options[option].value;
    if (flag && equals) {
        return usage(err, "this option takes no value", name - 2);
    }
    if (!flag && !equals && reading->next == reading->argc) {
        return usage(err, "a value is missing after", name - 2);
    }
    if (reading->command.values[option]) {
        return usage(err, "given twice", name - 2);
    }
    reading->command.values[option] = flag     ? ""
                                      : equals ? equals + 1
                                               : reading->argv[reading->next++];
    return true;
}

static bool take_word(struct reading *reading, const char *word, struct flash_error *err)
{
    if (reading->word_count == WORDS_MAX) {
        return usage(err, "one word too many", word);
    }
    reading->words[reading->word_count++] = word;
    return true;
}

static bool read_word(struct reading *reading, struct flash_error *err)
{
    const char *word = reading->argv[reading->next++];
    bool negative = word[0] == '-' && word[1] >= '0' && word[1] <= '9';
    if (reading->only_words || word[0] != '-' || negative) {
        return take_word(reading, word, err);
    }
    if (strcmp(word, "--") == 0) {
        reading->only_words = true;
        return true;
    }
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        reading->command.ask = FLASH_CTL_ASK_HELP;
        return true;
    }
    if (strcmp(word, "--version") == 0) {
        reading->command.ask = FLASH_CTL_ASK_VERSION;
        return true;
    }
    return strncmp(word, "--", 2) == 0 ? read_option(reading, word + 2, err)
                                       : flash_ctl_wrong_option(word, err);
}

/* Words behind the verb are values of its bare options. */
static bool take_bare_words(struct reading *reading, const struct flash_ctl_verb *verb,
                            struct flash_error *err)
{
    int first = verb->name ? 2 : 1;
    for (int i = first; i < reading->word_count; i++) {
        enum flash_ctl_option option =
            i - first < FLASH_CTL_BARE_MAX ? verb->bare[i - first] : FLASH_CTL_NONE;
        if (option == FLASH_CTL_NONE || reading->command.values[option]) {
            return usage(err, "one word too many", reading->words[i]);
        }
        reading->command.values[option] = reading->words[i];
    }
    return true;
}

/* Finds the verb the words begin with; a noun alone is enough to ask for help. */
static bool find_verb(struct reading *reading, struct flash_error *err)
{
    const char *noun = reading->words[0], *name = reading->words[1];
    for (int i = 0; noun && i < flash_ctl_verb_count; i++) {
        const struct flash_ctl_verb *verb = &flash_ctl_verbs[i];
        if (strcmp(verb->noun, noun) != 0) {
            continue;
        }
        reading->command.noun = verb->noun;
        if (!verb->name || (name && strcmp(verb->name, name) == 0)) {
            reading->command.verb = verb;
            return take_bare_words(reading, verb, err);
        }
    }
    bool about_noun = reading->command.noun && !name && reading->command.ask == FLASH_CTL_ASK_HELP;
    return about_noun || flash_ctl_wrong_command(noun, name, err);
}

/* "help stock" is "stock --help". */
static void take_help_word(struct reading *reading)
{
    if (reading->word_count > 0 && strcmp(reading->words[0], "help") == 0) {
        reading->command.ask = FLASH_CTL_ASK_HELP;
        reading->word_count--;
        memmove(reading->words, reading->words + 1, sizeof(reading->words) - sizeof(char *));
        reading->words[WORDS_MAX - 1] = NULL;
    }
}

static bool check_taken(const struct flash_ctl_command *command, struct flash_error *err)
{
    const struct flash_ctl_verb *verb = command->verb;
    for (int i = 1; i < FLASH_CTL_OPTION_COUNT; i++) {
        if (command->values[i] && !((verb->needs | verb->takes) & FLASH_CTL_BIT(i))) {
            return flash_ctl_option_of_another(verb, (enum flash_ctl_option)i, err);
        }
    }
    return true;
}

bool flash_ctl_command_parse(struct flash_ctl_command *ret_command, int argc, char *const argv[],
                             struct flash_error *err)
{
    struct reading reading = {.next = 1, .argc = argc, .argv = argv};
    while (reading.next < argc) {
        if (!read_word(&reading, err)) {
            return false;
        }
    }
    take_help_word(&reading);
    enum flash_ctl_ask ask = reading.command.ask;
    bool asks_all = ask == FLASH_CTL_ASK_HELP && reading.word_count == 0;
    if (ask != FLASH_CTL_ASK_VERSION && !asks_all && !find_verb(&reading, err)) {
        return false;
    }
    if (ask == FLASH_CTL_ASK_RUN && !check_taken(&reading.command, err)) {
        return false;
    }
    *ret_command = reading.command;
    return true;
}

/* ---- what the environment and a profile add ---- */

static const char *of_environment(int option)
{
    const char *name = flash_ctl_options[option].environment;
    const char *value = name ? getenv(name) : NULL;
    return value && value[0] ? value : NULL;
}

/* Whether the option says which server is asked, or what it is shown. */
static bool is_access(int option)
{
    return option == FLASH_CTL_ADMIN || option == FLASH_CTL_CONFIG ||
           option == FLASH_CTL_TOKEN_FILE || option == FLASH_CTL_KEY_FILE ||
           option == FLASH_CTL_KID || option == FLASH_CTL_ENGINE || option == FLASH_CTL_CONSUMER ||
           option == FLASH_CTL_RECONCILER;
}

static void fill(struct flash_ctl_command *command, const struct flash_ctl_given *given)
{
    const uint64_t takes = command->verb->needs | command->verb->takes;
    bool named = given && given->named;
    bool elsewhere =
        command->values[FLASH_CTL_ADMIN] || command->values[FLASH_CTL_CONFIG] ||
        (!named && (of_environment(FLASH_CTL_ADMIN) || of_environment(FLASH_CTL_CONFIG)));
    for (int i = 1; i < FLASH_CTL_OPTION_COUNT; i++) {
        if (command->values[i] || !(takes & FLASH_CTL_BIT(i))) {
            continue;
        }
        const char *environment = of_environment(i);
        const char *profile = given && !(elsewhere && is_access(i)) ? given->values[i] : NULL;
        if (named && is_access(i) && !elsewhere) {
            environment = NULL; /* one installation's address, another one's token */
        }
        command->values[i] = named && profile ? profile : environment ? environment : profile;
    }
}

const char *flash_ctl_words(const struct flash_ctl_verb *verb, enum flash_ctl_option option)
{
    const struct flash_ctl_option_row *row = &flash_ctl_options[option];
    if (row->kind != FLASH_CTL_KIND_WORD) {
        return NULL;
    }
    return row->words ? row->words : verb->states;
}

static bool check_value(const struct flash_ctl_command *command, int option,
                        struct flash_error *err)
{
    const struct flash_ctl_option_row *row = &flash_ctl_options[option];
    const char *text = command->values[option];
    const char *words = flash_ctl_words(command->verb, (enum flash_ctl_option)option);
    if (flash_ctl_value_fits(row->kind, text, words)) {
        return true;
    }
    return flash_error_set(err, FLASH_ERROR_CONFIG, "--%s %.80s: not %s%s", row->name, text,
                           words ? "one of " : "",
                           words ? words : flash_ctl_value_allowed(row->kind));
}

bool flash_ctl_command_fill(struct flash_ctl_command *command, const struct flash_ctl_given *given,
                            struct flash_error *err)
{
    fill(command, given);
    for (int i = 1; i < FLASH_CTL_OPTION_COUNT; i++) {
        if (command->values[i] && !check_value(command, i, err)) {
            return false;
        }
        if ((command->verb->needs & FLASH_CTL_BIT(i)) && !command->values[i]) {
            return flash_ctl_option_missing(command->verb, (enum flash_ctl_option)i, err);
        }
    }
    return true;
}
