/* The command line's tables: what parses, what is refused, and that the help names everything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "command.h"
#include "show.h"

#define WORDS_MAX 12

static struct flash_ctl_command command;
static struct flash_error err;

/* Parses a line of words with single spaces between them. */
static bool parse(const char *line)
{
    static char program[] = "flashctl", words[256];
    char *argv[WORDS_MAX] = {program}, *rest = words, *word;
    int argc = 1;
    snprintf(words, sizeof(words), "%s", line);
    while ((word = strsep(&rest, " ")) && *word) {
        argv[argc++] = word;
    }
    return flash_ctl_command_parse(&command, argc, argv, &err);
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

/* What print writes, as text; free it. */
static char *printed(const struct flash_ctl_verb *verb, const json_t *object)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (object) {
        flash_ctl_show_table(object, out);
    } else {
        flash_ctl_help(verb, out);
    }
    fclose(out);
    return text;
}

static void test_help_names_everything(void **state)
{
    (void)state;
    char *all = printed(NULL, NULL);
    for (int i = 0; i < flash_ctl_verb_count; i++) {
        const struct flash_ctl_verb *verb = &flash_ctl_verbs[i];
        char *text = printed(verb, NULL);
        assert_non_null(strstr(all, verb->help));
        assert_non_null(strstr(text, "examples:\n  flashctl "));
        for (int option = 0; option < FLASH_CTL_OPTION_COUNT; option++) {
            char name[40];
            snprintf(name, sizeof(name), "--%s %s", flash_ctl_options[option].name,
                     flash_ctl_options[option].value);
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
            line[strcspn(line, "|")] = '\0';
            if (!strchr(line, '\'') && !parse(line)) {
                fail_msg("%s: %s", line, err.text);
            }
        }
    }
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

static void test_table(void **state)
{
    (void)state;
    json_t *object =
        json_pack("{s:s, s:I, s:n, s:b, s:{s:I}}", "a_b", "x\033[31m\xc2\x9by", "long_name",
                  (json_int_t)7, "none", "yes", 1, "stock", "sold", (json_int_t)3);
    char *text = printed(NULL, object);
    assert_string_equal(text, "a b         x?[31m?y\n"
                              "long name   7\n"
                              "none        -\n"
                              "yes         yes\n"
                              "stock sold  3\n");
    free(text);
    json_decref(object);
}

static void test_rows(void **state)
{
    (void)state;
    static const struct flash_ctl_column columns[] = {
        {"a", "first"}, {"b", "second"}, {"c", "third"}, {NULL, NULL}};
    json_t *list = json_pack("[{s:s, s:s, s:s}, {s:s, s:s}]", "a", "1", "b", "longer than\n", "c",
                             "3", "b", "2", "a", "11111111");
    json_t *nothing = json_array();
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    flash_ctl_show_rows(list, columns, out);
    flash_ctl_show_rows(nothing, columns, out);
    fclose(out);
    assert_string_equal(text, "first     second        third\n"
                              "1         longer than?  3\n"
                              "11111111  2             -\n"
                              "first  second  third\n");
    free(text);
    json_decref(list);
    json_decref(nothing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_taken),       cmocka_unit_test(test_refused),
        cmocka_unit_test(test_environment), cmocka_unit_test(test_help_names_everything),
        cmocka_unit_test(test_asks),        cmocka_unit_test(test_examples_parse),
        cmocka_unit_test(test_table),       cmocka_unit_test(test_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
