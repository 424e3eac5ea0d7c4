/* Words about wrong command lines; see wrong.h. */
#include "wrong.h"

#include <assert.h>
#include <string.h>

#define WORD_MAX 24 /* longer ones are not compared */
#define LIST_MAX 120
#define MEANT_MAX 80

const char *flash_ctl_verb_name(const struct flash_ctl_verb *verb)
{
    return verb->name ? verb->name : "";
}

/* ---- what may have been meant ---- */

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* How many letters have to be put in, left out, changed or swapped with the next. */
static int distance(const char *one, const char *other)
{
    int rows[WORD_MAX + 1][WORD_MAX + 1];
    int len = (int)strlen(one), width = (int)strlen(other);
    for (int i = 0; i <= len; i++) {
        for (int j = 0; j <= width; j++) {
            if (i == 0 || j == 0) {
                rows[i][j] = i + j;
                continue;
            }
            int best = rows[i - 1][j - 1] + (one[i - 1] != other[j - 1]);
            best = least(best, least(rows[i - 1][j], rows[i][j - 1]) + 1);
            bool swapped =
                i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1];
            rows[i][j] = swapped ? least(best, rows[i - 2][j - 2] + 1) : best;
        }
    }
    return rows[len][width];
}

struct guess {
    const char *written; /* at most WORD_MAX bytes, or "" */
    const char *best;    /* NULL: nothing is near */
    int distance;
};

static struct guess guess_of(const char *written)
{
    size_t len = strlen(written);
    return (struct guess){.written = len <= WORD_MAX ? written : "", .distance = 1 + (int)len / 3};
}

static void consider(struct guess *guess, const char *word)
{
    if (!word || !guess->written[0] || strlen(word) > WORD_MAX) {
        return;
    }
    int away = distance(guess->written, word);
    if (away < guess->distance || (away == guess->distance && !guess->best)) {
        guess->best = word;
        guess->distance = away;
    }
}

/* "; did you mean stock show?", with what comes before the guessed word; "" without a guess. */
static void meant(const struct guess *guess, const char *before, char ret_text[MEANT_MAX])
{
    ret_text[0] = '\0';
    if (guess->best) {
        snprintf(ret_text, MEANT_MAX, "; did you mean %s%s?", before, guess->best);
    }
}

/* ---- commands ---- */

static void add_word(char list[LIST_MAX], const char *word)
{
    size_t len = strlen(list);
    int more = snprintf(list + len, LIST_MAX - len, "%s%s", len ? ", " : "", word);
    assert(more >= 0 && (size_t)more < LIST_MAX - len);
}

/* The words behind noun, or all nouns: "create, show, list". */
static void list_words(const char *noun, char list[LIST_MAX])
{
    list[0] = '\0';
    for (int i = 0; !noun && flash_ctl_nouns[i].name; i++) {
        add_word(list, flash_ctl_nouns[i].name);
    }
    for (int i = 0; noun && i < flash_ctl_verb_count; i++) {
        if (strcmp(flash_ctl_verbs[i].noun, noun) == 0) {
            add_word(list, flash_ctl_verb_name(&flash_ctl_verbs[i]));
        }
    }
}

static bool wrong_name(const char *noun, const char *name, struct flash_error *err)
{
    char list[LIST_MAX], before[24], text[MEANT_MAX];
    struct guess guess = guess_of(name ? name : "");
    if (!name) {
        list_words(noun, list);
        return flash_error_set(err, FLASH_ERROR_CONFIG,
                               "%s needs another word: %s (flashctl %s --help tells more)", noun,
                               list, noun);
    }
    for (int i = 0; i < flash_ctl_verb_count; i++) {
        if (strcmp(flash_ctl_verbs[i].noun, noun) == 0) {
            consider(&guess, flash_ctl_verbs[i].name);
        }
    }
    snprintf(before, sizeof(before), "%.20s ", noun);
    meant(&guess, before, text);
    return flash_error_set(err, FLASH_ERROR_CONFIG,
                           "no such command: %s %.40s%s (flashctl %s --help shows all)", noun, name,
                           text, noun);
}

bool flash_ctl_wrong_command(const char *noun, const char *name, struct flash_error *err)
{
    char list[LIST_MAX], text[MEANT_MAX];
    struct guess guess = guess_of(noun ? noun : "");
    if (!noun) {
        list_words(NULL, list);
        return flash_error_set(err, FLASH_ERROR_CONFIG,
                               "a command is needed: %s (flashctl --help tells more)", list);
    }
    for (int i = 0; flash_ctl_nouns[i].name; i++) {
        if (strcmp(flash_ctl_nouns[i].name, noun) == 0) {
            return wrong_name(flash_ctl_nouns[i].name, name, err);
        }
        consider(&guess, flash_ctl_nouns[i].name);
    }
    meant(&guess, "", text);
    return flash_error_set(err, FLASH_ERROR_CONFIG,
                           "no such command: %.40s%s (flashctl --help shows all)", noun, text);
}

/* ---- options ---- */

bool flash_ctl_wrong_option(const char *written, struct flash_error *err)
{
    char name[WORD_MAX + 2], text[MEANT_MAX];
    const char *bare = written + strspn(written, "-");
    snprintf(name, sizeof(name), "%.*s", (int)strcspn(bare, "="), bare);
    struct guess guess = guess_of(name);
    for (int i = 1; i < FLASH_CTL_OPTION_COUNT; i++) {
        consider(&guess, flash_ctl_options[i].name);
    }
    meant(&guess, "--", text);
    return flash_error_set(err, FLASH_ERROR_CONFIG,
                           "no such option: %.40s%s (flashctl COMMAND --help shows all)", written,
                           text);
}

bool flash_ctl_option_of_another(const struct flash_ctl_verb *verb, enum flash_ctl_option option,
                                 struct flash_error *err)
{
    const char *name = flash_ctl_verb_name(verb);
    return flash_error_set(err, FLASH_ERROR_CONFIG,
                           "--%s is no option of %s%s%s (flashctl %s%s%s --help shows all)",
                           flash_ctl_options[option].name, verb->noun, name[0] ? " " : "", name,
                           verb->noun, name[0] ? " " : "", name);
}

bool flash_ctl_option_missing(const struct flash_ctl_verb *verb, enum flash_ctl_option option,
                              struct flash_error *err)
{
    const char *name = flash_ctl_verb_name(verb);
    return flash_error_set(err, FLASH_ERROR_CONFIG,
                           "--%s is needed: %s (flashctl %s%s%s --help tells more)",
                           flash_ctl_options[option].name, flash_ctl_options[option].help,
                           verb->noun, name[0] ? " " : "", name);
}
