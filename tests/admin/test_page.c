/* Rows as JSON, CSV and JSON lines, and which of them an Accept header asks for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../admin/page.h"

static const char *const words[] = {NULL, "one", "two"};
static const struct flash_page_column columns[] = {
    {"id", FLASH_CELL_NUMERAL},
    {"name", FLASH_CELL_TEXT},
    {"n", FLASH_CELL_NUMBER},
    {"at", FLASH_CELL_TIME},
    {"due", FLASH_CELL_TIME_S},
    {"yes", FLASH_CELL_FLAG},
    {"word", FLASH_CELL_WORD, words, 3},
    {"entry", FLASH_CELL_ID},
};
static const struct flash_page_list list = {"rows", columns, 8};

static char *written(enum flash_list_format format, const char *cursor)
{
    struct flash_page page = {.list = &list, .format = format};
    const struct flash_value full[] = {
        flash_value_int(7),  flash_value_bytes("a \"b\", c", 8),
        flash_value_int(-3), flash_value_int(1767323045678),
        flash_value_int(60), flash_value_int(1),
        flash_value_int(2),  flash_value_bytes("0123456789abcdef", 16)};
    const struct flash_value empty[] = {flash_value_int(8), flash_value_null(), flash_value_null(),
                                        flash_value_null(), flash_value_int(0), flash_value_int(0),
                                        flash_value_int(3), flash_value_null()};
    flash_page_begin(&page, true);
    flash_page_put(&page, empty);
    flash_page_begin(&page, true); /* an earlier try is forgotten */
    flash_page_put(&page, full);
    flash_page_put(&page, empty);
    assert_int_equal(page.rows, 2);
    return flash_page_end(&page, cursor);
}

#define FULL                                                                                       \
    "{\"id\":\"7\",\"name\":\"a \\\"b\\\", c\",\"n\":-3,\"at\":\"2026-01-02T03:04:05.678Z\","      \
    "\"due\":\"1970-01-01T00:01:00.000Z\",\"yes\":true,\"word\":\"two\","                          \
    "\"entry\":\"30313233-3435-3637-3839-616263646566\"}"
#define EMPTY                                                                                      \
    "{\"id\":\"8\",\"name\":null,\"n\":null,\"at\":null,\"due\":null,\"yes\":false,"               \
    "\"word\":null,\"entry\":null}"

static void test_formats(void **state)
{
    static const struct {
        enum flash_list_format format;
        const char *cursor, *text;
    } rows[] = {
        {FLASH_LIST_JSON, NULL, "{\"rows\":[" FULL "," EMPTY "]}"},
        {FLASH_LIST_JSON, "c-1", "{\"rows\":[" FULL "," EMPTY "],\"next_cursor\":\"c-1\"}"},
        {FLASH_LIST_JSONL, "c-1", FULL "\n" EMPTY "\n"},
        {FLASH_LIST_CSV, "c-1",
         "id,name,n,at,due,yes,word,entry\r\n"
         "7,\"a \"\"b\"\", c\",-3,2026-01-02T03:04:05.678Z,1970-01-01T00:01:00.000Z,true,two,"
         "30313233-3435-3637-3839-616263646566\r\n"
         "8,,,,,false,,\r\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *text = written(rows[i].format, rows[i].cursor);
        assert_string_equal(text, rows[i].text);
        free(text);
    }
}

/* Whatever a text's bytes are, a row is JSON in UTF-8. */
static void test_texts(void **state)
{
    static const struct flash_page_column name[] = {{"name", FLASH_CELL_TEXT},
                                                    {"n", FLASH_CELL_NUMBER}};
    static const struct flash_page_list names = {"names", name, 2};
    static const struct {
        const char *text;
        size_t len;
        const char *json;
    } rows[] = {
        {"", 0, "\"\""},
        {"\\ \" / '", 7, "\"\\\\ \\\" / '\""},
        {"\b\f\n\r\t\x01\x1f\x7f", 8, "\"\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\""},
        {"a\0b", 3, "\"a\\u0000b\""},
        {"gr\xc3\xbc\xc3\x9f \xf0\x9f\x9b\x92", 11, "\"gr\xc3\xbc\xc3\x9f \xf0\x9f\x9b\x92\""},
        {"\xff\xc3", 2, "\"\\ufffd\\ufffd\""},
        {"\xed\xa0\x80", 3, "\"\\ufffd\\ufffd\\ufffd\""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct flash_page page = {.list = &names, .format = FLASH_LIST_JSONL};
        char expected[128];
        snprintf(expected, sizeof(expected), "{\"name\":%s,\"n\":-9223372036854775808}\n",
                 rows[i].json);
        flash_page_begin(&page, true);
        const struct flash_value cells[] = {flash_value_bytes(rows[i].text, rows[i].len),
                                            flash_value_int(INT64_MIN)};
        flash_page_put(&page, cells);
        char *text = flash_page_end(&page, NULL);
        assert_string_equal(text, expected);
        free(text);
    }
}

/* Rows whose every byte needs six, beside short ones. */
static void test_long_texts(void **state)
{
    static const struct flash_page_column name[] = {{"name", FLASH_CELL_TEXT}};
    static const struct flash_page_list names = {"names", name, 1};
    static const size_t lengths[] = {1, 3000, 1, 10000};
    struct flash_page page = {.list = &names, .format = FLASH_LIST_JSONL};
    char long_text[10000];
    size_t at = 0;
    (void)state;
    memset(long_text, 1, sizeof(long_text));
    flash_page_begin(&page, true);
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        const struct flash_value cell = flash_value_bytes(long_text, lengths[i]);
        flash_page_put(&page, &cell);
    }
    char *text = flash_page_end(&page, NULL);
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        assert_memory_equal(text + at, "{\"name\":\"\\u0001", 15);
        at += 9 + 6 * lengths[i];
        assert_memory_equal(text + at, "\"}\n", 3);
        at += 3;
    }
    assert_int_equal(text[at], '\0');
    free(text);
}

/* What people wrote is no formula in CSV; what is a number stays one. */
static void test_csv_formulas(void **state)
{
    static const struct flash_page_column name[] = {{"name", FLASH_CELL_TEXT},
                                                    {"n", FLASH_CELL_NUMBER}};
    static const struct flash_page_list names = {"names", name, 2};
    struct flash_page page = {.list = &names, .format = FLASH_LIST_CSV};
    const struct flash_value cells[] = {flash_value_bytes("=1+1", 4), flash_value_int(-5)};
    (void)state;
    flash_page_begin(&page, false);
    flash_page_put(&page, cells);
    char *text = flash_page_end(&page, NULL);
    assert_string_equal(text, "\"'=1+1\",-5\r\n");
    free(text);
}

static void test_no_rows(void **state)
{
    struct flash_page page = {.list = &list, .format = FLASH_LIST_CSV};
    (void)state;
    flash_page_drop(&page);
    flash_page_begin(&page, false);
    char *text = flash_page_end(&page, NULL);
    assert_string_equal(text, "");
    free(text);
}

static void test_accept(void **state)
{
    static const struct {
        const char *accept;
        enum flash_list_format format;
    } rows[] = {
        {NULL, FLASH_LIST_JSON},
        {"", FLASH_LIST_JSON},
        {"*/*", FLASH_LIST_JSON},
        {"text/csv", FLASH_LIST_CSV},
        {"text/csv; charset=utf-8, application/json;q=0.5", FLASH_LIST_CSV},
        {"application/json", FLASH_LIST_JSON},
        {"application/json, text/csv", FLASH_LIST_JSON},
        {"application/jsonl", FLASH_LIST_JSONL},
        {"application/jsonl, application/json", FLASH_LIST_JSONL},
        {"application/x-ndjson;q=1", FLASH_LIST_JSONL},
        {"text/csvx", FLASH_LIST_JSON},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *accept = rows[i].accept;
        assert_int_equal(
            flash_page_format((struct flash_text){accept, accept ? strlen(accept) : 0}),
            rows[i].format);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formats),    cmocka_unit_test(test_texts),
        cmocka_unit_test(test_long_texts), cmocka_unit_test(test_csv_formulas),
        cmocka_unit_test(test_no_rows),    cmocka_unit_test(test_accept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
