/* Each format of a document, to the byte; what is odd is quoted or shown, never sent as it is. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "../../reconciler/output.h"

static const struct flash_output_column columns[] = {
    {"cause", FLASH_OUTPUT_WORD},    {"sku", FLASH_OUTPUT_NUMBER},
    {"found_at", FLASH_OUTPUT_TIME}, {"age_ms", FLASH_OUTPUT_AGE},
    {"clean", FLASH_OUTPUT_FLAG},    {"detail_text", FLASH_OUTPUT_TEXT, .yields = true},
};
#define COLUMNS 6
static const struct flash_output_section findings = {"findings", columns, COLUMNS};
static const struct flash_output_column sum_columns[] = {{"units", FLASH_OUTPUT_NUMBER},
                                                         {"oldest_age_ms", FLASH_OUTPUT_AGE}};
static const struct flash_output_section sums = {"sums", sum_columns, 2, .aside = true};
static const struct flash_output_section run = {"the_run", sum_columns, 2, .one = true,
                                                .aside = true};

struct page {
    FILE *out;
    char *text;
    size_t len;
    struct flash_output *output;
};

static void open_page(struct page *page, enum flash_output_format format)
{
    page->out = open_memstream(&page->text, &page->len);
    assert_non_null(page->out);
    assert_true(flash_output_new(&(struct flash_output_start){page->out, format, false},
                                 &page->output, NULL));
}

static void close_page(struct page *page)
{
    struct flash_error err;
    assert_true(flash_output_end(page->output, &err));
    flash_output_free(page->output);
    assert_int_equal(fclose(page->out), 0);
}

static void put_row(struct page *page, const char *cause, const char *detail)
{
    flash_output_row(page->output, (struct flash_output_cell[]){
                                       flash_output_text(cause),
                                       flash_output_number(9223372036854775807),
                                       flash_output_number(1763718000123),
                                       flash_output_number(12345),
                                       flash_output_number(1),
                                       flash_output_text(detail),
                                   });
}

static void put_empty_row(struct page *page)
{
    struct flash_output_cell cells[COLUMNS];
    for (int i = 0; i < COLUMNS; i++) {
        cells[i] = flash_output_none();
    }
    flash_output_row(page->output, cells);
}

static void put_document(struct page *page)
{
    const struct flash_output_cell numbers[] = {flash_output_number(-3), flash_output_number(999)};
    flash_output_section(page->output, &run);
    flash_output_row(page->output, numbers);
    flash_output_section(page->output, &sums);
    flash_output_row(page->output, numbers);
    flash_output_section(page->output, &findings);
    put_row(page, "lost", "say \"no\", twice\nor more");
    put_row(page, "late", "schön 商品 \xff");
    put_empty_row(page);
}

static void document(enum flash_output_format format, const char *want)
{
    struct page page;
    open_page(&page, format);
    put_document(&page);
    close_page(&page);
    assert_string_equal(page.text, want);
    free(page.text);
}

static void csv(void **state)
{
    (void)state;
    document(FLASH_OUTPUT_CSV,
             "cause,sku,found_at,age_ms,clean,detail_text\r\n"
             "lost,9223372036854775807,2025-11-21T09:40:00.123Z,12345,yes,"
             "\"say \"\"no\"\", twice\nor more\"\r\n"
             "late,9223372036854775807,2025-11-21T09:40:00.123Z,12345,yes,schön 商品 ?\r\n"
             ",,,,,\r\n");
}

static void csv_that_a_spreadsheet_would_run(void **state)
{
    struct page page;
    (void)state;
    open_page(&page, FLASH_OUTPUT_CSV);
    flash_output_section(page.output, &findings);
    put_row(&page, "lost", "=1+1");
    close_page(&page);
    assert_non_null(strstr(page.text, ",yes,\"'=1+1\"\r\n"));
    free(page.text);
}

#define JSON_LOST                                                                                  \
    "{\"cause\":\"lost\",\"sku\":9223372036854775807,\"found_at\":\"2025-11-21T09:40:00.123Z\","   \
    "\"age_ms\":12345,\"clean\":true,\"detail_text\":\"say \\\"no\\\", twice\\nor more\"}"
#define JSON_LATE                                                                                  \
    "{\"cause\":\"late\",\"sku\":9223372036854775807,\"found_at\":\"2025-11-21T09:40:00.123Z\","   \
    "\"age_ms\":12345,\"clean\":true,\"detail_text\":\"schön 商品 ?\"}"
#define JSON_NONE                                                                                  \
    "{\"cause\":null,\"sku\":null,\"found_at\":null,\"age_ms\":null,\"clean\":null,"               \
    "\"detail_text\":null}"

static void jsonl(void **state)
{
    (void)state;
    document(FLASH_OUTPUT_JSONL, JSON_LOST "\n" JSON_LATE "\n" JSON_NONE "\n");
}

static void json(void **state)
{
    (void)state;
    document(FLASH_OUTPUT_JSON, "{\"the_run\": {\"units\":-3,\"oldest_age_ms\":999},\n"
                                " \"sums\": [\n"
                                "  {\"units\":-3,\"oldest_age_ms\":999}\n"
                                " ],\n"
                                " \"findings\": [\n"
                                "  " JSON_LOST ",\n  " JSON_LATE ",\n  " JSON_NONE "\n"
                                " ]}\n");
}

static void table(void **state)
{
    (void)state;
    document(FLASH_OUTPUT_TABLE,
             "the run\n"
             "units      -3\n"
             "oldest age 999 ms\n"
             "\n"
             "sums\n"
             "units oldest age\n"
             "   -3     999 ms\n"
             "\n"
             "findings\n"
             "cause                 sku found at                    age clean detail text\n"
             "lost  9223372036854775807 2025-11-21T09:40:00.123Z 12.3 s yes   "
             "say \"no\", twice\\x0aor more\n"
             "late  9223372036854775807 2025-11-21T09:40:00.123Z 12.3 s yes   "
             "schön 商品 ?\n"
             "-                       - -                             - -     -\n");
}

static void empty(enum flash_output_format format, const char *want)
{
    struct page page;
    open_page(&page, format);
    flash_output_section(page.output, &run);
    flash_output_section(page.output, &findings);
    close_page(&page);
    assert_string_equal(page.text, want);
    free(page.text);
}

static void nothing_is_said_in_each_format(void **state)
{
    (void)state;
    empty(FLASH_OUTPUT_CSV, "cause,sku,found_at,age_ms,clean,detail_text\r\n");
    empty(FLASH_OUTPUT_JSONL, "");
    empty(FLASH_OUTPUT_JSON, "{\"the_run\": null,\n \"findings\": []}\n");
    empty(FLASH_OUTPUT_TABLE, "the run: none\n\nfindings: none\n");
}

static void a_document_without_sections_is_json_too(void **state)
{
    struct page page;
    (void)state;
    open_page(&page, FLASH_OUTPUT_JSON);
    close_page(&page);
    assert_string_equal(page.text, "{}\n");
    free(page.text);
}

/* Wide characters take two columns, what stands beside them stays in line. */
static void wide_characters_stay_in_line(void **state)
{
    static const struct flash_output_column two[] = {{"a", FLASH_OUTPUT_TEXT},
                                                     {"b", FLASH_OUTPUT_TEXT}};
    static const struct flash_output_section section = {"rows", two, 2};
    struct page page;
    (void)state;
    open_page(&page, FLASH_OUTPUT_TABLE);
    flash_output_section(page.output, &section);
    flash_output_row(page.output, (struct flash_output_cell[]){flash_output_text("商品"),
                                                               flash_output_text("x")});
    flash_output_row(page.output,
                     (struct flash_output_cell[]){flash_output_text("ab"), flash_output_text("y")});
    flash_output_row(page.output, (struct flash_output_cell[]){flash_output_text("\x1b[2J"),
                                                               flash_output_text("z")});
    close_page(&page);
    assert_string_equal(page.text, "rows\na       b\n商品    x\nab      y\n\\x1b[2J z\n");
    free(page.text);
}

static void a_table_has_an_end(void **state)
{
    static const struct flash_output_column one[] = {{"n", FLASH_OUTPUT_NUMBER}};
    static const struct flash_output_section section = {"rows", one, 1};
    struct page page;
    (void)state;
    open_page(&page, FLASH_OUTPUT_TABLE);
    flash_output_section(page.output, &section);
    for (int i = 0; i < FLASH_OUTPUT_TABLE_ROWS + 7; i++) {
        flash_output_row(page.output, &(struct flash_output_cell){.number = i});
    }
    close_page(&page);
    assert_null(strstr(page.text, "10000"));
    assert_non_null(strstr(page.text, "\n9999\nand 7 more: --output jsonl or csv"));
    free(page.text);
}

static void a_long_cell_is_cut_between_characters(void **state)
{
    static const struct flash_output_column one[] = {{"n", FLASH_OUTPUT_TEXT}};
    static const struct flash_output_section section = {"rows", one, 1};
    char text[6001] = "";
    struct page page;
    (void)state;
    for (int i = 0; i < 2000; i++) {
        memcpy(text + (size_t)i * 3, "商", 4);
    }
    open_page(&page, FLASH_OUTPUT_JSONL);
    flash_output_section(page.output, &section);
    flash_output_row(page.output, (struct flash_output_cell[]){flash_output_text(text)});
    close_page(&page);
    json_t *row = json_loads(page.text, 0, NULL);
    assert_non_null(row);
    size_t len = json_string_length(json_object_get(row, "n"));
    assert_in_range(len, 2040, 2047);
    assert_int_equal(len % 3, 0);
    json_decref(row);
    free(page.text);
}

static void ages_are_words(void **state)
{
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {
        {0, "0 ms"},
        {999, "999 ms"},
        {1000, "1.0 s"},
        {59999, "59.9 s"},
        {60000, "1 min 0 s"},
        {3599999, "59 min 59 s"},
        {3600000, "1 h 0 min"},
        {86399999, "23 h 59 min"},
        {86400000, "1 d 0 h"},
        {864000000, "10 d 0 h"},
    };
    static const struct flash_output_column one[] = {{"age_ms", FLASH_OUTPUT_AGE}};
    static const struct flash_output_section section = {"rows", one, 1, .one = true};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct page page;
        char want[64];
        open_page(&page, FLASH_OUTPUT_TABLE);
        flash_output_section(page.output, &section);
        flash_output_row(page.output, &(struct flash_output_cell){.number = rows[i].ms});
        close_page(&page);
        snprintf(want, sizeof(want), "rows\nage %s\n", rows[i].text);
        assert_string_equal(page.text, want);
        free(page.text);
    }
}

static void formats_are_words(void **state)
{
    enum flash_output_format format = FLASH_OUTPUT_FORMAT_COUNT;
    (void)state;
    assert_true(flash_output_format_parse("table", &format));
    assert_int_equal(format, FLASH_OUTPUT_TABLE);
    assert_true(flash_output_format_parse("jsonl", &format));
    assert_int_equal(format, FLASH_OUTPUT_JSONL);
    assert_true(flash_output_format_parse("json", &format));
    assert_true(flash_output_format_parse("csv", &format));
    assert_false(flash_output_format_parse("xml", &format));
    assert_false(flash_output_format_parse("", &format));
    assert_int_equal(format, FLASH_OUTPUT_CSV);
}

static void a_full_disk_is_said(void **state)
{
    FILE *full = fopen("/dev/full", "w");
    struct flash_output *output = NULL;
    struct flash_error err;
    (void)state;
    assert_non_null(full);
    assert_true(flash_output_new(&(struct flash_output_start){full, FLASH_OUTPUT_JSON, false},
                                 &output, &err));
    flash_output_section(output, &findings);
    assert_false(flash_output_end(output, &err));
    assert_int_equal(err.kind, FLASH_ERROR_RETRY);
    flash_output_free(output);
    flash_output_free(NULL);
    fclose(full);
}

static void a_file_has_no_colours(void **state)
{
    FILE *file = tmpfile();
    (void)state;
    assert_non_null(file);
    assert_false(flash_output_wants_colours(file));
    fclose(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csv),
        cmocka_unit_test(csv_that_a_spreadsheet_would_run),
        cmocka_unit_test(jsonl),
        cmocka_unit_test(json),
        cmocka_unit_test(table),
        cmocka_unit_test(nothing_is_said_in_each_format),
        cmocka_unit_test(a_document_without_sections_is_json_too),
        cmocka_unit_test(wide_characters_stay_in_line),
        cmocka_unit_test(a_table_has_an_end),
        cmocka_unit_test(a_long_cell_is_cut_between_characters),
        cmocka_unit_test(ages_are_words),
        cmocka_unit_test(formats_are_words),
        cmocka_unit_test(a_full_disk_is_said),
        cmocka_unit_test(a_file_has_no_colours),
    };
    return setlocale(LC_CTYPE, "C.UTF-8") ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
