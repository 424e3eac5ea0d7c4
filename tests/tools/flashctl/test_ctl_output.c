/* What is shown: tables, JSON, JSON lines, CSV; control characters, wide characters, many rows. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "output.h"
#include "text.h"

static const struct flash_ctl_column columns[] = {
    {"a", "first"},
    {"b.c", "second", FLASH_CTL_NUMBER},
    {"aside", "aside", FLASH_CTL_ASIDE},
    {"d", "third", FLASH_CTL_STATE_WORD},
    {0},
};

/* The list as text in that format; free it. */
static char *listed(enum flash_ctl_format format, json_t *list, bool colours)
{
    char *text = NULL;
    size_t size, i;
    json_t *row;
    FILE *out = open_memstream(&text, &size);
    const struct flash_ctl_rows_start start = {
        .out = out, .format = format, .name = "things", .columns = columns, .colours = colours};
    struct flash_ctl_rows *rows = flash_ctl_rows_new(&start);
    json_array_foreach(list, i, row)
    {
        flash_ctl_rows_add(rows, row);
    }
    assert_true(flash_ctl_rows_end(rows));
    fclose(out);
    return text;
}

static json_t *some(void)
{
    return json_pack("[{s:s, s:{s:i}, s:s, s:s}, {s:s, s:b}, {s:n}]", "a", "x,\"y\"", "b", "c",
                     1234, "aside", "z", "d", "open", "a", "two\nlines\033[31m", "d", 0, "a");
}

static void check(enum flash_ctl_format format, const char *expected)
{
    json_t *list = some();
    char *text = listed(format, list, false);
    assert_string_equal(text, expected);
    free(text);
    json_decref(list);
}

static void test_formats(void **state)
{
    (void)state;
    check(FLASH_CTL_TABLE, "first           second  third\n"
                           "x,\"y\"             1234  open\n"
                           "two?lines?[31m       -  no\n"
                           "-                    -  -\n");
    check(FLASH_CTL_CSV, "a,b.c,aside,d\r\n"
                         "\"x,\"\"y\"\"\",1234,z,open\r\n"
                         "\"two\nlines\033[31m\",,,false\r\n"
                         ",,,\r\n");
    check(FLASH_CTL_JSONL,
          "{\"a\":\"x,\\\"y\\\"\",\"b\":{\"c\":1234},\"aside\":\"z\",\"d\":\"open\"}\n"
          "{\"a\":\"two\\nlines\\u001B[31m\",\"d\":false}\n"
          "{\"a\":null}\n");
    json_t *list = some();
    char *text = listed(FLASH_CTL_JSON, list, false);
    json_t *object = json_loads(text, 0, NULL);
    assert_true(json_equal(json_object_get(object, "things"), list));
    json_decref(object);
    json_decref(list);
    free(text);
}

static void test_nothing(void **state)
{
    (void)state;
    static const char *const expected[] = {"first  second  third\n", "{\"things\": []}\n", "",
                                           "a,b.c,aside,d\r\n"};
    json_t *list = json_array();
    for (int format = 0; format < 4; format++) {
        char *text = listed((enum flash_ctl_format)format, list, false);
        assert_string_equal(text, expected[format]);
        free(text);
    }
    json_decref(list);
}

/* What was refused before the first row leaves nothing behind. */
static void test_dropped(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    for (int format = 0; format < 4; format++) {
        const struct flash_ctl_rows_start start = {
            .out = out, .format = (enum flash_ctl_format)format, .name = "x", .columns = columns};
        flash_ctl_rows_drop(flash_ctl_rows_new(&start));
    }
    fclose(out);
    assert_string_equal(text, "");
    free(text);
}

static void test_colours(void **state)
{
    (void)state;
    json_t *list = some();
    char *text = listed(FLASH_CTL_TABLE, list, true);
    assert_non_null(strstr(text, "\033[32mopen\033[0m\n"));
    free(text);
    text = listed(FLASH_CTL_CSV, list, true);
    assert_null(strstr(text, "\033[32m"));
    free(text);
    json_decref(list);
}

/* A table of many rows has its titles once, and its columns stay where they are. */
static void test_many_rows(void **state)
{
    (void)state;
    json_t *list = json_array();
    for (int i = 0; i < 1201; i++) {
        json_array_append_new(list,
                              json_pack("{s:s, s:{s:i}, s:s}", "a", "text", "b", "c", i, "d", "x"));
    }
    char *text = listed(FLASH_CTL_TABLE, list, false);
    int lines = 0;
    for (char *at = text; *at; at = strchr(at, '\n') + 1, lines++) {
        assert_int_equal(strcspn(at, "\n"), lines ? 16 : 20);
    }
    assert_int_equal(lines, 1202);
    free(text);
    json_decref(list);
}

static void test_widths(void **state)
{
    (void)state;
    assert_int_equal(flash_ctl_text_width("abc"), 3);
    assert_int_equal(flash_ctl_text_width("Schuh ü"), 7);
    assert_int_equal(flash_ctl_text_width("靴"), 2);
    assert_int_equal(flash_ctl_text_width("e\xcc\x81"), 1);
    assert_int_equal(flash_ctl_text_width("\n\033"), 2);
    assert_int_equal(flash_ctl_text_width("\xff"), 1);
}

static void test_an_object(void **state)
{
    (void)state;
    json_t *object = json_pack("{s:s, s:I, s:n, s:b, s:{s:I}, s:[i, i], s:f}", "a_b",
                               "x\033[31m\xc2\x9by", "long_name", (json_int_t)7, "none", "yes", 1,
                               "stock", "sold", (json_int_t)3, "list", 1, 2, "rate", 1502.3);
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    flash_ctl_show_table(object, out);
    fclose(out);
    assert_string_equal(text, "a b         x?[31m?y\n"
                              "long name   7\n"
                              "none        -\n"
                              "yes         yes\n"
                              "stock sold  3\n"
                              "list        [1,2]\n"
                              "rate        1502.3\n");
    free(text);
    out = open_memstream(&text, &size);
    flash_ctl_show_csv(object, out);
    fclose(out);
    assert_string_equal(text, "a_b,long_name,none,yes,stock.sold,list,rate\r\n"
                              "x\033[31m\xc2\x9by,7,,true,3,\"[1,2]\",1502.3\r\n");
    free(text);
    json_decref(object);
}

/* A terminal obeys U+0080 to U+009F as it does the bytes below 32: JSON goes without them, and
 * stays the same JSON. */
static void test_json_without_controls(void **state)
{
    static const char text[] = "\x01\x7f\xc2\x80 \xc2\x9b 31m \xc2\x9f\xc2\xa0\xc3\xbc";
    char *written = NULL;
    size_t size;
    (void)state;
    json_t *object = json_pack("{s:s}", "t", text);
    FILE *out = open_memstream(&written, &size);
    flash_ctl_put_json(object, JSON_COMPACT, out);
    fclose(out);
    assert_string_equal(written, "{\"t\":\"\\u0001\\u007f\\u0080 \\u009b 31m "
                                 "\\u009f\xc2\xa0\xc3\xbc\"}");
    json_t *back = json_loads(written, 0, NULL);
    assert_true(json_equal(back, object));
    json_decref(back);
    json_decref(object);
    free(written);
}

/* Machines are told truths as the API says them, and texts that no spreadsheet runs. */
static void test_csv_values(void **state)
{
    (void)state;
    json_t *row = json_pack("{s:s, s:{s:b}, s:i}", "a", "=1+1", "b", "c", 0, "d", -5);
    json_t *list = json_pack("[o]", row);
    char *text = listed(FLASH_CTL_CSV, list, false);
    assert_non_null(strstr(text, "\r\n\"'=1+1\",false,,-5\r\n"));
    free(text);
    json_decref(list);
}

static void test_no_colours(void **state)
{
    (void)state;
    FILE *file = tmpfile();
    assert_false(flash_ctl_wants_colours(file));
    fclose(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formats),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_colours),
        cmocka_unit_test(test_dropped),
        cmocka_unit_test(test_many_rows),
        cmocka_unit_test(test_widths),
        cmocka_unit_test(test_an_object),
        cmocka_unit_test(test_no_colours),
        cmocka_unit_test(test_json_without_controls),
        cmocka_unit_test(test_csv_values),
    };
    if (!setlocale(LC_CTYPE, "C.UTF-8")) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
