/* A CSV file of SKUs and stock: what is read, and what is said about which line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "flash/csv.h"
#include "import_file.h"

#define HEAD "product_id,quantity,title,low_stock_threshold\n"

static struct flash_ctl_import_file file;
static char *told;

/* Reads the text; *told is what was said about it. */
static void read_bytes(const char *text, size_t len)
{
    size_t size;
    free(told);
    told = NULL;
    flash_ctl_import_free(&file);
    FILE *in = fmemopen((void *)(uintptr_t)text, len, "r");
    FILE *errors = open_memstream(&told, &size);
    file = (struct flash_ctl_import_file){.name = "f.csv", .told = errors};
    flash_ctl_import_read(in, &file);
    fclose(in);
    fclose(errors);
}

static void read_text(const char *text)
{
    read_bytes(text, strlen(text));
}

static void check_row(size_t i, int64_t line, int64_t sku, int64_t units)
{
    assert_true(i < file.count);
    assert_int_equal(file.rows[i].line, line);
    assert_int_equal(file.rows[i].sku, sku);
    assert_int_equal(file.rows[i].units, units);
}

static void test_read(void **state)
{
    (void)state;
    read_text(HEAD "42,100,\"Shoe, \"\"42\"\"\",7\n"
                   "43, 5 ,Schuh ü,\n"
                   "\n"
                   "44,0,,0");
    assert_string_equal(told, "");
    assert_int_equal(file.count, 3);
    check_row(0, 2, 42, 100);
    check_row(1, 3, 43, 5);
    check_row(2, 5, 44, 0);
    assert_string_equal(file.rows[0].title, "Shoe, \"42\"");
    assert_string_equal(file.rows[1].title, "Schuh ü");
    assert_null(file.rows[2].title);
    assert_int_equal(file.rows[0].threshold, 7);
    assert_int_equal(file.rows[1].threshold, -1);
    assert_int_equal(file.rows[2].threshold, 0);
}

/* Columns in any order, line ends of DOS, a byte order mark, two columns only. */
static void test_shapes(void **state)
{
    (void)state;
    read_text("\xef\xbb\xbfquantity,product_id\r\n3,42\r\n4,43\r\n");
    assert_string_equal(told, "");
    check_row(0, 2, 42, 3);
    check_row(1, 3, 43, 4);
    read_text("product_id,quantity\n");
    assert_string_equal(told, "");
    assert_int_equal(file.count, 0);
}

static void test_errors(void **state)
{
    (void)state;
    static const struct {
        const char *text, *told;
    } rows[] = {
        {" ", "f.csv:1: the file is empty\n"},
        {"product_id;quantity\n",
         "f.csv:1: no such column: product_id;quantity (product_id, quantity, title, "
         "low_stock_threshold)\n"},
        {"product_id\n42\n",
         "f.csv:1: the first line must name the columns product_id and quantity\n"},
        {"product_id,quantity,quantity\n", "f.csv:1: a column is named twice\n"},
        {HEAD "x,1,,\n42,-1,,\n43,1,,x\n44,1,,\n",
         "f.csv:2: product_id is not a SKU (a whole number above 0)\n"
         "f.csv:3: quantity is not a whole number from 0 to 1000000000\n"
         "f.csv:4: low_stock_threshold is not a whole number from 0 to 1000000000\n"},
        {HEAD "42,1000000001,,\n",
         "f.csv:2: quantity is not a whole number from 0 to 1000000000\n"},
        {HEAD "42,,,\n", "f.csv:2: quantity is not a whole number from 0 to 1000000000\n"},
        {HEAD "42,1\n43,1,,,\n", "f.csv:2: there are fewer values than columns\n"
                                 "f.csv:3: there are more values than columns\n"},
        {HEAD "42,1,,\n43,1,,\n42,2,,\n", "f.csv:4: SKU 42 is already on line 2\n"},
        {HEAD "42,1,\xff,\n",
         "f.csv:2: a value is too long, or not text in UTF-8 without control characters\n"},
        {HEAD "42,1,\"two\nlines\",\n43,x,,\n",
         "f.csv:2: a value is too long, or not text in UTF-8 without control characters\n"
         "f.csv:4: quantity is not a whole number from 0 to 1000000000\n"},
        {HEAD "42,1,a\"b,\n", "f.csv:2: not CSV: a quote stands where none may\n"},
        {HEAD "42,1,\"ab,\n", "f.csv:2: not CSV: a quote is not closed\n"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        read_text(rows[i].text);
        if (strcmp(told, rows[i].told) != 0) {
            fail_msg("%s:\n%s", rows[i].text, told);
        }
        assert_true(file.errors > 0);
    }
}

static void test_a_zero_byte(void **state)
{
    (void)state;
    static const char text[] = "product_id,quantity\n4\0002,1\n";
    read_bytes(text, sizeof(text) - 1);
    assert_int_equal(file.errors, 1);
    assert_non_null(strstr(told, "f.csv:2: "));
}

/* Only the first errors are told, all are counted. */
static void test_many_errors(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    fputs("product_id,quantity\n", out);
    for (int i = 0; i < 1000; i++) {
        fprintf(out, "%d,x\n", i + 1);
    }
    fclose(out);
    read_text(text);
    assert_int_equal(file.errors, 1000);
    assert_non_null(strstr(told, "f.csv:21: "));
    assert_null(strstr(told, "f.csv:22: "));
    free(text);
}

static void test_title_length(void **state)
{
    (void)state;
    char text[300], title[202];
    memset(title, 'x', sizeof(title) - 1);
    title[201] = '\0';
    snprintf(text, sizeof(text), "product_id,quantity,title\n42,1,%s\n", title);
    read_text(text);
    assert_string_equal(told, "f.csv:2: title is longer than 200 bytes\n");
    snprintf(text, sizeof(text), "product_id,quantity,title\n42,1,%s\n", title + 1);
    read_text(text);
    assert_int_equal(file.errors, 0);
}

/* A title that export has kept from being run as a formula is the title it was. */
static void test_titles_of_an_export(void **state)
{
    static const char *const titles[] = {"=1+1", "+5 %",        "-",    "@home",
                                         "'=x",  "''-\"a\", b", "'90s", "plain"};
    enum { COUNT = sizeof(titles) / sizeof(titles[0]) };
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    (void)state;
    fputs("product_id,quantity,title\r\n", out);
    for (int i = 0; i < COUNT; i++) {
        fprintf(out, "%d,1,", i + 1);
        flash_csv_text(out, (struct flash_text){titles[i], strlen(titles[i])});
        fputs(FLASH_CSV_END, out);
    }
    fclose(out);
    read_text(text);
    free(text);
    assert_string_equal(told, "");
    assert_int_equal(file.count, COUNT);
    for (int i = 0; i < COUNT; i++) {
        assert_string_equal(file.rows[i].title, titles[i]);
    }
}

/* The content names the import: the same bytes the same, others another. */
static void test_hash(void **state)
{
    (void)state;
    char first[sizeof(file.hash)];
    read_text(HEAD "42,1,,\n");
    memcpy(first, file.hash, sizeof(first));
    assert_int_equal(strlen(first), FLASH_CTL_IMPORT_HASH);
    read_text(HEAD "42,1,,\n");
    assert_string_equal(file.hash, first);
    read_text(HEAD "42,2,,\n");
    assert_string_not_equal(file.hash, first);
    free(told);
    told = NULL;
    flash_ctl_import_free(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_errors),      cmocka_unit_test(test_a_zero_byte),
        cmocka_unit_test(test_many_errors), cmocka_unit_test(test_title_length),
        cmocka_unit_test(test_hash),        cmocka_unit_test(test_titles_of_an_export),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
