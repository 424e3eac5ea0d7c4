/* Reads the command line by its tables; see command.h. An option may come before or after the
 * verb's words, as
 * --name value or --name=value, once. */
#include "command.h"

#include <stdlib.h>
#include <string.h>

#define WORDS_MAX (2 + FLASH_CTL_BARE_MAX)

struct reading {
    struct flash_ctl_command command;
    const char *words[WORDS_MAX]; /* those without dashes, in order */
    int word_count;
    int next, argc;
    char *const *argv;
};

static int option_named(const char *name, size_t len)
{
    for (int i = 0; i < FLASH_CTL_OPTION_COUNT; i++) {
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
        return usage(err, "no such option", name - 2);
    }
    if (!equals && reading->next == reading->argc) {
        return usage(err, "a value is missing after", name - 2);
    }
    if (reading->command.values[option]) {
        return usage(err, "given twice", name - 2);
    }
    reading->command.values[option] = equals ? equals + 1 : reading->argv[reading->next++];
    return true;
}

static bool read_word(struct reading *reading, struct flash_error *err)
{
    const char *word = reading->argv[reading->next++];
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        reading->command.ask = FLASH_CTL_ASK_HELP;
        return true;
    }
    if (strcmp(word, "--version") == 0) {
        reading->command.ask = FLASH_CTL_ASK_VERSION;
        return true;
    }
    if (strncmp(word, "--", 2) == 0) {
        return read_option(reading, word + 2, err);
    }
    if (word[0] == '-') {
        return usage(err, "no such option", word);
    }
    if (reading->word_count == WORDS_MAX) {
        return usage(err, "one word too many", word);
    }
    reading->words[reading->word_count++] = word;
    return true;
}

/* Words behind the verb are values of its bare options. */
static bool take_bare_words(struct reading *reading, const struct flash_ctl_verb *verb,
                            struct flash_error *err)
{
    int first = verb->name ? 2 : 1;
    for (int i = first; i < reading->word_count; i++) {
        enum flash_ctl_option option =
            i - first < FLASH_CTL_BARE_MAX ? verb->bare[i - first] : FLASH_CTL_OPTION_COUNT;
        if (option == FLASH_CTL_OPTION_COUNT || reading->command.values[option]) {
            return usage(err, "one word too many", reading->words[i]);
        }
        reading->command.values[option] = reading->words[i];
    }
    return true;
}

/* Finds the verb the words begin with. */
static bool find_verb(struct reading *reading, struct flash_error *err)
{
    const char *noun = reading->words[0], *name = reading->words[1];
    for (int i = 0; noun && i < flash_ctl_verb_count; i++) {
        const struct flash_ctl_verb *verb = &flash_ctl_verbs[i];
        bool named = !verb->name || (name && strcmp(verb->name, name) == 0);
        if (strcmp(verb->noun, noun) != 0 || !named) {
            continue;
        }
        reading->command.verb = verb;
        return take_bare_words(reading, verb, err);
    }
    return usage(err, "no such command", noun ? noun : "(none)");
}

static bool check_options(struct flash_ctl_command *command, struct flash_error *err)
{
    const struct flash_ctl_verb *verb = command->verb;
    for (int i = 0; i < FLASH_CTL_OPTION_COUNT; i++) {
        const struct flash_ctl_option_row *row = &flash_ctl_options[i];
        bool taken = (verb->needs | verb->takes) & FLASH_CTL_BIT(i);
        if (command->values[i] && !taken) {
            return usage(err, "not an option of this command", row->name);
        }
        if (taken && !command->values[i] && row->environment) {
            const char *value = getenv(row->environment);
            command->values[i] = value && value[0] ? value : NULL;
        }
        if ((verb->needs & FLASH_CTL_BIT(i)) && !command->values[i]) {
            return usage(err, "this option is needed", row->name);
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
    bool asks_all = reading.command.ask == FLASH_CTL_ASK_HELP && reading.word_count == 0;
    if (reading.command.ask != FLASH_CTL_ASK_VERSION && !asks_all && !find_verb(&reading, err)) {
        return false;
    }
    if (reading.command.ask == FLASH_CTL_ASK_RUN && !check_options(&reading.command, err)) {
        return false;
    }
    *ret_command = reading.command;
    return true;
}

enum flash_ctl_exit flash_ctl_bad_value(const struct flash_ctl_command *command,
                                        enum flash_ctl_option option, const char *allowed)
{
    fprintf(stderr, "flashctl: --%s %s: not %s\n", flash_ctl_options[option].name,
            command->values[option], allowed);
    return FLASH_CTL_USAGE;
}
