/* Findings become rows with nothing where nothing is known, and sums of the same cause and SKU are
 * one, in whatever order they came. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "../../reconciler/listing.h"

struct page {
    FILE *out;
    char *text;
    size_t len;
    struct flash_output *output;
};

static void open_page(struct page *page)
{
    page->out = open_memstream(&page->text, &page->len);
    assert_non_null(page->out);
    assert_true(flash_output_new(&(struct flash_output_start){page->out, FLASH_OUTPUT_JSON, false},
                                 &page->output, NULL));
}

/* The member of the document; owned. */
static json_t *close_page(struct page *page, const char *member)
{
    assert_true(flash_output_end(page->output, NULL));
    flash_output_free(page->output);
    assert_int_equal(fclose(page->out), 0);
    json_t *document = json_loads(page->text, 0, NULL);
    assert_non_null(document);
    json_t *found = json_incref(json_object_get(document, member));
    json_decref(document);
    free(page->text);
    assert_true(json_is_array(found));
    return found;
}

static struct flash_finding finding_of(enum flash_cause cause, int64_t sku, int64_t quantity)
{
    return (struct flash_finding){
        .cause = cause, .sku = sku, .quantity = quantity, .partition = -1, .offset = -1};
}

static void a_finding_has_what_is_known(void **state)
{
    struct page page;
    struct flash_finding whole = finding_of(FLASH_CAUSE_LATE, 42, 3);
    struct flash_finding bare = finding_of(FLASH_CAUSE_DEAD, 0, 0);
    (void)state;
    whole.has_entry = true;
    whole.age_ms = 1500;
    whole.partition = 0;
    whole.offset = 0;
    snprintf(whole.order_id, sizeof(whole.order_id), "42.abc");
    snprintf(whole.detail, sizeof(whole.detail), "no verdict");
    open_page(&page);
    flash_output_section(page.output, &flash_listing_findings);
    flash_listing_put(page.output, &whole, "prove, mend");
    flash_listing_put(page.output, &bare, NULL);
    json_t *rows = close_page(&page, "findings");
    json_t *want =
        json_pack("[{s:s, s:s, s:i, s:i, s:i, s:s, s:s, s:i, s:i, s:s, s:s},"
                  " {s:s, s:s, s:n, s:i, s:n, s:n, s:n, s:n, s:n, s:n, s:s}]",
                  "cause", "late", "state", "open", "sku", 42, "quantity", 3, "age_ms", 1500,
                  "entry_id", "00000000-0000-0000-0000-000000000000", "order_id", "42.abc",
                  "partition", 0, "offset", 0, "action", "prove, mend", "detail", "no verdict",
                  "cause", "dead", "state", "open", "sku", "quantity", 0, "age_ms", "entry_id",
                  "order_id", "partition", "offset", "action", "detail", "");
    assert_non_null(want);
    assert_true(json_equal(rows, want));
    json_decref(rows);
    json_decref(want);
}

static void sums_are_one_a_cause_and_sku(void **state)
{
    struct flash_sums sums = {0};
    struct page page;
    (void)state;
    for (int64_t round = 0; round < 50; round++) { /* every SKU again and again, far apart */
        for (int64_t sku = 200; sku > 0; sku--) {
            struct flash_finding late = finding_of(FLASH_CAUSE_LATE, sku, 2);
            struct flash_finding lost = finding_of(FLASH_CAUSE_LOST, sku, -1);
            late.age_ms = round * 10 + sku;
            flash_sums_add(&sums, &late);
            flash_sums_add(&sums, &lost);
        }
    }
    open_page(&page);
    flash_sums_put(&sums, page.output);
    json_t *rows = close_page(&page, "sums");
    assert_int_equal(json_array_size(rows), 400);
    for (size_t i = 0; i < 400; i++) {
        bool lost = i < 200; /* causes in their order, SKUs ascending */
        json_t *age = lost ? json_null() : json_integer(490 + (json_int_t)i - 199);
        json_t *want = json_pack("{s:s, s:I, s:i, s:i, s:o}", "cause", lost ? "lost" : "late",
                                 "sku", (json_int_t)(i % 200 + 1), "findings", 50, "units",
                                 lost ? -50 : 100, "oldest_age_ms", age);
        assert_true(json_equal(json_array_get(rows, i), want));
        json_decref(want);
    }
    json_decref(rows);
    flash_sums_finish(&sums);
    assert_int_equal(sums.count, 0);
}

static void no_finding_is_no_sum(void **state)
{
    struct flash_sums sums = {0};
    struct page page;
    (void)state;
    open_page(&page);
    flash_sums_put(&sums, page.output);
    json_t *rows = close_page(&page, "sums");
    assert_int_equal(json_array_size(rows), 0);
    json_decref(rows);
    flash_sums_finish(&sums);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_finding_has_what_is_known),
        cmocka_unit_test(sums_are_one_a_cause_and_sku),
        cmocka_unit_test(no_finding_is_no_sum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
