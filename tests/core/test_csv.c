/* Cells are quoted where RFC 4180 asks for it, and only there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "flash/csv.h"

static void expect_written(void (*write)(FILE *, struct flash_text), const char *text,
                           const char *cell)
{
    char *written = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&written, &len);
    assert_non_null(out);
    write(out, (struct flash_text){text, strlen(text)});
    assert_int_equal(fclose(out), 0);
    assert_string_equal(written, cell);
    free(written);
}

static void cells(void **state)
{
    static const struct {
        const char *text, *cell;
    } rows[] = {
        {"", ""},
        {"a", "a"},
        {"a b", "a b"},
        {"42.a/b;c", "42.a/b;c"},
        {"a,b", "\"a,b\""},
        {"\"", "\"\"\"\""},
        {"say \"no\"", "\"say \"\"no\"\"\""},
        {"a\nb", "\"a\nb\""},
        {"a\rb", "\"a\rb\""},
        {" a", "\" a\""},
        {"a ", "\"a \""},
        {"ü€𝄞", "ü€𝄞"},
        {"ü,€", "\"ü,€\""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        expect_written(flash_csv_cell, rows[i].text, rows[i].cell);
    }
}

/* What a spreadsheet would run is no formula any more, and reads back as it was. */
static void texts(void **state)
{
    static const struct {
        const char *text, *cell, *value; /* value: the cell as any reader of CSV gives it */
    } rows[] = {
        {"", "", ""},
        {"a=b", "a=b", "a=b"},
        {"a,b", "\"a,b\"", "a,b"},
        {"'quoted'", "'quoted'", "'quoted'"},
        {"'", "'", "'"},
        {"=1+1", "\"'=1+1\"", "'=1+1"},
        {"+49 30", "\"'+49 30\"", "'+49 30"},
        {"-5", "\"'-5\"", "'-5"},
        {"@SUM(A1)", "\"'@SUM(A1)\"", "'@SUM(A1)"},
        {"\tx", "\"'\tx\"", "'\tx"},
        {"\r=1", "\"'\r=1\"", "'\r=1"},
        {"\n=1", "\"'\n=1\"", "'\n=1"},
        {"=HYPERLINK(\"x\",1)", "\"'=HYPERLINK(\"\"x\"\",1)\"", "'=HYPERLINK(\"x\",1)"},
        {"'=1", "\"''=1\"", "''=1"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        expect_written(flash_csv_text, rows[i].text, rows[i].cell);
        const struct flash_text back =
            flash_csv_text_read((struct flash_text){rows[i].value, strlen(rows[i].value)});
        assert_int_equal(back.len, strlen(rows[i].text));
        assert_memory_equal(back.at, rows[i].text, back.len);
    }
}

static void a_nul_is_a_byte(void **state)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    (void)state;
    assert_non_null(out);
    flash_csv_cell(out, (struct flash_text){"a\0b", 3});
    assert_int_equal(fclose(out), 0);
    assert_int_equal(len, 3);
    assert_memory_equal(text, "a\0b", 3);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(cells), cmocka_unit_test(texts),
                                       cmocka_unit_test(a_nul_is_a_byte)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
