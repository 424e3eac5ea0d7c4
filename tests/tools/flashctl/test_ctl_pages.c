/* Man pages and completion say what the tables say: each verb, each option, each word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "help.h"
#include "parse.h"

/* A page (noun, or NULL) without scdoc's escapes, as text; free it. */
static char *manual(const char *noun)
{
    char *text = NULL;
    size_t size, to = 0;
    FILE *out = open_memstream(&text, &size);
    flash_ctl_manual(noun, out);
    fclose(out);
    for (size_t from = 0; text[from]; from++) {
        from += text[from] == '\\';
        text[to++] = text[from];
    }
    text[to] = '\0';
    return text;
}

/* The verb's part of its noun's page; free it. */
static char *chapter(const struct flash_ctl_verb *verb)
{
    char head[80];
    char *page = manual(verb->noun);
    snprintf(head, sizeof(head), "## %s%s%s\n", verb->noun, verb->name ? " " : "",
             verb->name ? verb->name : "");
    char *begin = strstr(page, head);
    assert_non_null(begin);
    char *end = strstr(begin + 1, "\n#");
    char *text = strndup(begin, (size_t)(end - begin));
    free(page);
    return text;
}

static void test_manual_has_each_verb(void **state)
{
    (void)state;
    char *all = manual(NULL);
    for (int i = 0; i < flash_ctl_verb_count; i++) {
        const struct flash_ctl_verb *verb = &flash_ctl_verbs[i];
        char *text = chapter(verb);
        assert_non_null(strstr(all, verb->help));
        assert_non_null(strstr(text, verb->help + 1));
        assert_non_null(strstr(text, verb->examples));
        for (int option = 1; option < FLASH_CTL_OPTION_COUNT; option++) {
            char name[40];
            bool taken = (verb->needs | verb->takes) & FLASH_CTL_BIT(option);
            snprintf(name, sizeof(name), "\n*--%s*", flash_ctl_options[option].name);
            if ((strstr(text, name) != NULL) != taken) {
                fail_msg("%s %s: %s", verb->noun, verb->name ? verb->name : "", name + 1);
            }
        }
        assert_true(!verb->states || strstr(text, verb->states));
        free(text);
    }
    for (int i = 0; i < FLASH_CTL_EXIT_COUNT; i++) {
        assert_non_null(strstr(all, flash_ctl_exits[i]));
    }
    for (int i = 1; i < FLASH_CTL_OPTION_COUNT; i++) {
        const char *name = flash_ctl_options[i].environment;
        assert_true(!name || strstr(all, name));
    }
    free(all);
}

/* No line begins with what scdoc takes for more than text, and tabs stand at the beginning only. */
static void test_manual_is_scdoc(void **state)
{
    (void)state;
    for (const struct flash_ctl_noun *noun = flash_ctl_nouns; noun->name; noun++) {
        char *page = manual(noun->name);
        for (char *at = page; (at = strchr(at, '\t')); at++) {
            assert_int_equal(at[-1], '\n');
        }
        free(page);
    }
}

static void test_completion_has_each_word(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    flash_ctl_completion(out);
    fclose(out);
    for (int i = 0; i < flash_ctl_verb_count; i++) {
        const struct flash_ctl_verb *verb = &flash_ctl_verbs[i];
        char line[80], *found;
        snprintf(line, sizeof(line), "'%s%s%s') echo '--", verb->noun, verb->name ? " " : "",
                 verb->name ? verb->name : "");
        assert_non_null(found = strstr(text, line));
        char *options = strndup(found, strcspn(found, "\n"));
        for (int option = 1; option < FLASH_CTL_OPTION_COUNT; option++) {
            bool taken = (verb->needs | verb->takes) & FLASH_CTL_BIT(option);
            snprintf(line, sizeof(line), "--%s ", flash_ctl_options[option].name);
            assert_int_equal(strstr(options, line) != NULL, taken);
        }
        free(options);
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_manual_has_each_verb),
        cmocka_unit_test(test_manual_is_scdoc),
        cmocka_unit_test(test_completion_has_each_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
