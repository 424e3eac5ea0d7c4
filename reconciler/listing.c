/* Rows of findings and of their sums; see listing.h. */
#include "listing.h"

#include <stdlib.h>

#define ROWS_MIN 64

/* ---- findings ---- */

static const struct flash_output_column finding_columns[] = {
    {"cause", FLASH_OUTPUT_TEXT},
    {"state", FLASH_OUTPUT_WORD},
    {"sku", FLASH_OUTPUT_NUMBER},
    {"quantity", FLASH_OUTPUT_NUMBER},
    {"age_ms", FLASH_OUTPUT_AGE},
    {"entry_id", FLASH_OUTPUT_TEXT},
    {"order_id", FLASH_OUTPUT_TEXT},
    {"partition", FLASH_OUTPUT_NUMBER},
    {"offset", FLASH_OUTPUT_NUMBER},
    {"action", FLASH_OUTPUT_TEXT},
    {"detail", FLASH_OUTPUT_TEXT, .yields = true},
};
const struct flash_output_section flash_listing_findings = {"findings", finding_columns, 11};

static struct flash_output_cell from(int64_t least, int64_t number)
{
    return number >= least ? flash_output_number(number) : flash_output_none();
}

void flash_listing_put(struct flash_output *output, const struct flash_finding *finding,
                       const char *action)
{
    char entry[FLASH_UUID_TEXT + 1];
    flash_uuid_format(&finding->entry, entry);
    const struct flash_output_cell cells[] = {
        flash_output_text(flash_cause_name(finding->cause)),
        flash_output_text(flash_finding_state_name(finding->state)),
        from(1, finding->sku),
        flash_output_number(finding->quantity),
        from(1, finding->age_ms),
        flash_output_text(finding->has_entry ? entry : NULL),
        flash_output_text(finding->order_id[0] ? finding->order_id : NULL),
        from(0, finding->partition),
        from(0, finding->offset),
        flash_output_text(action),
        flash_output_text(finding->detail),
    };
    flash_output_row(output, cells);
}

/* ---- sums ---- */

static const struct flash_output_column sum_columns[] = {
    {"cause", FLASH_OUTPUT_TEXT},        {"sku", FLASH_OUTPUT_NUMBER},
    {"findings", FLASH_OUTPUT_NUMBER},   {"units", FLASH_OUTPUT_NUMBER},
    {"oldest_age_ms", FLASH_OUTPUT_AGE},
};
static const struct flash_output_section sum_section = {"sums", sum_columns, 5, .aside = true};

/* The row to add to: findings come SKU by SKU, so it is mostly among the last. */
static struct flash_sum *row_of(struct flash_sums *sums, const struct flash_finding *finding)
{
    size_t looked = 0;
    for (size_t i = sums->count; i > 0 && looked < FLASH_CAUSE_COUNT; i--, looked++) {
        struct flash_sum *row = &sums->rows[i - 1];
        if (row->cause == finding->cause && row->sku == finding->sku) {
            return row;
        }
    }
    if (sums->count == sums->capacity) {
        size_t capacity = sums->capacity ? sums->capacity * 2 : ROWS_MIN;
        struct flash_sum *rows = reallocarray(sums->rows, capacity, sizeof(*rows));
        if (!rows) {
            return NULL;
        }
        sums->rows = rows;
        sums->capacity = capacity;
    }
    sums->rows[sums->count] = (struct flash_sum){.cause = finding->cause, .sku = finding->sku};
    return &sums->rows[sums->count++];
}

void flash_sums_add(struct flash_sums *sums, const struct flash_finding *finding)
{
    struct flash_sum *row = row_of(sums, finding);
    if (!row) {
        sums->short_of_memory = true;
        return;
    }
    row->findings++;
    row->units += finding->quantity;
    row->oldest_ms = finding->age_ms > row->oldest_ms ? finding->age_ms : row->oldest_ms;
}

static int by_cause_and_sku(const void *one, const void *other)
{
    const struct flash_sum *a = one, *b = other;
    if (a->cause != b->cause) {
        return a->cause < b->cause ? -1 : 1;
    }
    return (a->sku > b->sku) - (a->sku < b->sku);
}

/* Sorted, rows of the same cause and SKU made one. */
static void merge(struct flash_sums *sums)
{
    size_t kept = 0;
    if (sums->count) {
        qsort(sums->rows, sums->count, sizeof(sums->rows[0]), by_cause_and_sku);
    }
    for (size_t i = 0; i < sums->count; i++) {
        struct flash_sum *row = &sums->rows[i];
        struct flash_sum *before = kept ? &sums->rows[kept - 1] : NULL;
        if (!before || by_cause_and_sku(before, row) != 0) {
            sums->rows[kept++] = *row;
            continue;
        }
        before->findings += row->findings;
        before->units += row->units;
        before->oldest_ms = row->oldest_ms > before->oldest_ms ? row->oldest_ms : before->oldest_ms;
    }
    sums->count = kept;
}

void flash_sums_put(struct flash_sums *sums, struct flash_output *output)
{
    merge(sums);
    flash_output_section(output, &sum_section);
    for (size_t i = 0; i < sums->count; i++) {
        const struct flash_sum *row = &sums->rows[i];
        const struct flash_output_cell cells[] = {
            flash_output_text(flash_cause_name(row->cause)),
            from(1, row->sku),
            flash_output_number(row->findings),
            flash_output_number(row->units),
            from(1, row->oldest_ms),
        };
        flash_output_row(output, cells);
    }
}

void flash_sums_finish(struct flash_sums *sums)
{
    free(sums->rows);
    *sums = (struct flash_sums){0};
}
