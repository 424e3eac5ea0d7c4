/* The command line's tables: what parses, what is refused, and that the help names everything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "help.h"
#include "parse.h"

#define WORDS_MAX 12

static struct flash_ctl_command command;
static struct flash_error err;

static const struct flash_ctl_given *given; /* the profile, or NULL */

/* Parses a line of words with single spaces between them, and adds environment and profile. */
static bool parse(const char *line)
{
    static char program[] = "flashctl", words[256];
    char *argv[WORDS_MAX] = {program}, *rest = words, *word;
    int argc = 1;
    snprintf(words, sizeof(words), "%s", line);
    while ((word = strsep(&rest, " ")) && *word) {
        argv[argc++] = word;
    }
    return flash_ctl_command_parse(&command, argc, argv, &err) &&
           (command.ask != FLASH_CTL_ASK_RUN || flash_ctl_command_fill(&command, given, &err));
}

static void test_taken(void **state)
{
    (void)state;
    assert_true(parse("sale create --sku 42 --quantity=7 --title Shoe"));
    assert_string_equal(command.verb->name, "create");
    assert_string_equal(command.values[FLASH_CTL_SKU], "42");
    assert_string_equal(command.values[FLASH_CTL_QUANTITY], "7");
    assert_null(command.values[FLASH_CTL_ENDS]);
    assert_true(parse("--admin http://h:1 order show 42.a-b"));
    assert_string_equal(command.values[FLASH_CTL_ORDER], "42.a-b");
    assert_string_equal(command.values[FLASH_CTL_ADMIN], "http://h:1");
    assert_true(parse("token --user u"));
    assert_null(command.verb->name);
    assert_true(parse("refund done 42.a pay-1 --reference r"));
    assert_string_equal(command.values[FLASH_CTL_ORDER], "42.a");
    assert_string_equal(command.values[FLASH_CTL_PAYMENT], "pay-1");
    assert_true(parse("refund done --payment=-p- --order 42.a --reference r"));
    assert_string_equal(command.values[FLASH_CTL_PAYMENT], "-p-");
    assert_true(parse("refund list --state all"));
    assert_true(parse("stock adjust 42 -5 --reason r --reference r"));
    assert_string_equal(command.values[FLASH_CTL_DELTA], "-5");
    assert_true(parse("log 42 --from -1h --lines --rows all"));
    assert_string_equal(command.values[FLASH_CTL_LINES], "");
    assert_true(parse("import -- --odd.csv"));
    assert_string_equal(command.values[FLASH_CTL_FILE], "--odd.csv");
    assert_true(parse("export log --sku 42 --output jsonl"));
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "",
        "sale",
        "sale frobnicate",
        "sales show 42",
        "sale show",
        "sale show 42 43",
        "sale show 42 --sku 42",
        "sale show --sku 42 --sku 42",
        "sale show 42 --quantity 1",
        "sale show 42 --nonsense 1",
        "sale show 42 --sk 1",
        "sale show -s 42",
        "sale show --sku",
        "sale create --sku 42",
        "sale create 42 7 --quantity 7",
        "token u",
        "token --user u u",
        "refund list 42",
        "refund done 42.a --reference r",
        "refund done 42.a p",
        "refund done 42.a p r --reference r",
        "refund done 42.a p --payment p --reference r",
        "refund done 42.a p r s --reference r",
        "token",
        "token --user u --admin http://h",
        "sale show 0",
        "sale show 42 --output xml",
        "sale show 42 --admin h:1",
        "sale list --state due",
        "refund list --state open",
        "sale create 42 --quantity -1",
        "sale create 42 --quantity 1 --limit 0",
        "sale create 42 --quantity 1 --starts tomorrow",
        "stock adjust 42 0 --reason r --reference r",
        "stock adjust 42 -x --reason r --reference r",
        "log 42 --lines=1",
        "log 42 --rows none",
        "log 42 --type sold",
        "sale show 42 --profile ../x",
        "order show 42",
        "token --user u --role root",
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        if (parse(lines[i]) || err.kind != FLASH_ERROR_CONFIG) {
            fail_msg("taken: %s", lines[i]);
        }
    }
}

static void test_environment(void **state)
{
    (void)state;
    setenv("FLASHCTL_ADMIN", "http://from.environment", 1);
    assert_true(parse("sale show 42"));
    assert_string_equal(command.values[FLASH_CTL_ADMIN], "http://from.environment");
    assert_true(parse("sale show 42 --admin http://given"));
    assert_string_equal(command.values[FLASH_CTL_ADMIN], "http://given");
    assert_true(parse("token --user u"));
    assert_null(command.values[FLASH_CTL_ADMIN]);
    setenv("FLASHCTL_ADMIN", "", 1);
    assert_true(parse("sale show 42"));
    assert_null(command.values[FLASH_CTL_ADMIN]);
    unsetenv("FLASHCTL_ADMIN");
}

/* The help about verb, as text; free it. */
static char *help(const struct flash_ctl_verb *verb, const char *noun)
{
    const struct flash_ctl_command about = {.verb = verb, .noun = noun};
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    flash_ctl_help(&about, out);
    fclose(out);
    return text;
}

static void test_help_names_everything(void **state)
{
    (void)state;
    char *all = help(NULL, NULL);
    for (int i = 0; i < flash_ctl_verb_count; i++) {
        const struct flash_ctl_verb *verb = &flash_ctl_verbs[i];
        char *text = help(verb, NULL);
        assert_non_null(strstr(all, verb->help));
        assert_non_null(strstr(text, "examples:\n  flashctl "));
        for (int option = 1; option < FLASH_CTL_OPTION_COUNT; option++) {
            char name[40];
            const struct flash_ctl_option_row *row = &flash_ctl_options[option];
            snprintf(name, sizeof(name), "\n  --%s ", row->name);
            bool taken = (verb->needs | verb->takes) & FLASH_CTL_BIT(option);
            assert_int_equal(strstr(text, name) != NULL, taken);
        }
        free(text);
    }
    free(all);
}

/* The examples of the help are commands that parse, as far as a shell's quotes allow. */
static void test_examples_parse(void **state)
{
    (void)state;
    for (int i = 0; i < flash_ctl_verb_count; i++) {
        for (const char *at = flash_ctl_verbs[i].examples; *at;) {
            char line[200];
            int len = (int)strcspn(at, "\n");
            snprintf(line, sizeof(line), "%.*s", len - 9, at + 9);
            at += len + (at[len] == '\n');
            line[strcspn(line, "|>")] = '\0';
            if (!strchr(line, '\'') && !parse(line)) {
                fail_msg("%s: %s", line, err.text);
            }
        }
    }
}

/* A wrong line is answered with what is missing, or with what may have been meant. */
static void test_wrong_lines(void **state)
{
    static const struct {
        const char *line, *told;
    } rows[] = {
        {"", "a command is needed: sale, stock, order, refund, log, export, import, reconcile, "
             "status, top, token (flashctl --help tells more)"},
        {"stok", "no such command: stok; did you mean stock? (flashctl --help shows all)"},
        {"xyzzy show", "no such command: xyzzy (flashctl --help shows all)"},
        {"order", "order needs another word: show, list, story, expire (flashctl order --help "
                  "tells more)"},
        {"stock shwo", "no such command: stock shwo; did you mean stock show? (flashctl stock "
                       "--help shows all)"},
        {"stock frobnicate", "no such command: stock frobnicate (flashctl stock --help shows all)"},
        {"stock show --skuu 5",
         "no such option: --skuu; did you mean --sku? (flashctl COMMAND --help shows all)"},
        {"stock show --prfile=x",
         "no such option: --prfile=x; did you mean --profile? (flashctl COMMAND --help shows all)"},
        {"stock show -x", "no such option: -x (flashctl COMMAND --help shows all)"},
        {"stock show --a-name-that-is-longer-than-any-option",
         "no such option: --a-name-that-is-longer-than-any-option (flashctl COMMAND --help shows "
         "all)"},
        {"stock show 5 --user u",
         "--user is no option of stock show (flashctl stock show --help shows all)"},
        {"log --sku 5 --quantity 1",
         "--quantity is no option of log (flashctl log --help shows all)"},
        {"stock show",
         "--sku is needed: the stock keeping unit (flashctl stock show --help tells more)"},
        {"import", "--file is needed: the CSV file; an export is written to it (flashctl import "
                   "--help tells more)"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_false(parse(rows[i].line));
        assert_string_equal(err.text, rows[i].told);
    }
}

static void test_help_as_a_word(void **state)
{
    (void)state;
    assert_true(parse("help"));
    assert_int_equal(command.ask, FLASH_CTL_ASK_HELP);
    assert_null(command.verb);
    assert_true(parse("help stock"));
    assert_int_equal(command.ask, FLASH_CTL_ASK_HELP);
    assert_string_equal(command.noun, "stock");
    assert_true(parse("help stock show"));
    assert_string_equal(command.verb->name, "show");
    assert_true(parse("help log"));
    assert_string_equal(command.verb->noun, "log");
    assert_false(parse("help nothing"));
}

static void test_asks(void **state)
{
    (void)state;
    assert_true(parse("--help"));
    assert_int_equal(command.ask, FLASH_CTL_ASK_HELP);
    assert_null(command.verb);
    assert_true(parse("sale create --help"));
    assert_int_equal(command.ask, FLASH_CTL_ASK_HELP);
    assert_string_equal(command.verb->name, "create");
    assert_true(parse("--version"));
    assert_int_equal(command.ask, FLASH_CTL_ASK_VERSION);
}

static void test_nouns(void **state)
{
    (void)state;
    const struct flash_ctl_noun *noun = flash_ctl_nouns;
    for (int i = 0; i < flash_ctl_verb_count; i++) {
        const struct flash_ctl_verb *verb = &flash_ctl_verbs[i];
        if (i > 0 && strcmp(verb->noun, flash_ctl_verbs[i - 1].noun) != 0) {
            noun++;
        }
        assert_string_equal(noun->name, verb->noun);
        assert_true(parse("sale --help") && command.verb == NULL);
    }
    assert_null((noun + 1)->name);
    char *text = help(NULL, "sale");
    assert_non_null(strstr(text, "  sale close "));
    assert_null(strstr(text, "  stock show "));
    free(text);
}

/* What a verb runs has what it works with: words for its state, a list, a path. */
static void test_verbs_are_whole(void **state)
{
    (void)state;
    for (int i = 0; i < flash_ctl_verb_count; i++) {
        const struct flash_ctl_verb *verb = &flash_ctl_verbs[i];
        uint64_t takes = verb->needs | verb->takes;
        assert_true((verb->act != NULL) != (verb->run != NULL));
        assert_int_equal(verb->needs & verb->takes, 0);
        assert_int_equal(verb->states != NULL, (takes & FLASH_CTL_BIT(FLASH_CTL_STATE)) != 0);
        assert_true(takes & FLASH_CTL_BIT(FLASH_CTL_OUTPUT));
        for (int word = 0; word < FLASH_CTL_BARE_MAX; word++) {
            enum flash_ctl_option option = verb->bare[word];
            assert_true(!option || (takes & FLASH_CTL_BIT(option)));
        }
    }
}

/* What counts first: the command line, a profile that was asked for, the environment, the default
 * profile; and a profile's credentials go to its own address only. */
static void test_profiles(void **state)
{
    (void)state;
    struct flash_ctl_given profile = {.values = {[FLASH_CTL_ADMIN] = "http://of.profile",
                                                 [FLASH_CTL_TOKEN_FILE] = "/secret",
                                                 [FLASH_CTL_OPERATOR] = "anna"}};
    given = &profile;
    assert_true(parse("sale show 42"));
    assert_string_equal(command.values[FLASH_CTL_ADMIN], "http://of.profile");
    assert_string_equal(command.values[FLASH_CTL_TOKEN_FILE], "/secret");
    assert_true(parse("sale show 42 --admin http://other"));
    assert_null(command.values[FLASH_CTL_TOKEN_FILE]);
    assert_string_equal(command.values[FLASH_CTL_OPERATOR], "anna");
    assert_true(parse("sale show 42 --config f"));
    assert_null(command.values[FLASH_CTL_ADMIN]);
    setenv("FLASHCTL_ADMIN", "http://from.environment", 1);
    setenv("FLASHCTL_TOKEN_FILE", "/of/environment", 1);
    assert_true(parse("sale show 42"));
    assert_string_equal(command.values[FLASH_CTL_ADMIN], "http://from.environment");
    assert_string_equal(command.values[FLASH_CTL_TOKEN_FILE], "/of/environment");
    profile.named = true;
    profile.values[FLASH_CTL_TOKEN_FILE] = NULL;
    assert_true(parse("sale show 42"));
    assert_string_equal(command.values[FLASH_CTL_ADMIN], "http://of.profile");
    assert_null(command.values[FLASH_CTL_TOKEN_FILE]);
    unsetenv("FLASHCTL_ADMIN");
    unsetenv("FLASHCTL_TOKEN_FILE");
    given = NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_taken),       cmocka_unit_test(test_refused),
        cmocka_unit_test(test_environment), cmocka_unit_test(test_help_names_everything),
        cmocka_unit_test(test_wrong_lines), cmocka_unit_test(test_help_as_a_word),
        cmocka_unit_test(test_asks),        cmocka_unit_test(test_examples_parse),
        cmocka_unit_test(test_nouns),       cmocka_unit_test(test_verbs_are_whole),
        cmocka_unit_test(test_profiles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
