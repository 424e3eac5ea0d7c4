/* Rows of the record of runs on their way out; see records.h. A column of a query is a column of
 * its section, in the same order. */
#include "records.h"
#include "flash/mysql_value.h"

#define UUID(column)                                                                               \
    "LOWER(INSERT(INSERT(INSERT(INSERT(HEX(" column "), 9, 0, '-'), 14, 0, '-'), 19, 0, '-'), "    \
    "24, 0, '-'))"

static const struct flash_output_column run_columns[] = {
    {"run_id", FLASH_OUTPUT_TEXT},
    {"mode", FLASH_OUTPUT_TEXT},
    {"state", FLASH_OUTPUT_WORD},
    {"operator", FLASH_OUTPUT_TEXT},
    {"generation", FLASH_OUTPUT_NUMBER},
    {"sku", FLASH_OUTPUT_NUMBER},
    {"started_at", FLASH_OUTPUT_TIME},
    {"took_ms", FLASH_OUTPUT_AGE},
    {"skus", FLASH_OUTPUT_NUMBER},
    {"entries", FLASH_OUTPUT_NUMBER},
    {"settled", FLASH_OUTPUT_NUMBER},
    {"resent", FLASH_OUTPUT_NUMBER},
    {"compensated", FLASH_OUTPUT_NUMBER},
    {"findings", FLASH_OUTPUT_NUMBER},
    {"exit_code", FLASH_OUTPUT_NUMBER},
    {"plan_id", FLASH_OUTPUT_TEXT},
    {"detail", FLASH_OUTPUT_TEXT, .yields = true},
};
#define RUN_COLUMNS 17
#define RUN_SELECT                                                                                 \
    "SELECT " UUID("run_id") ", mode, state, operator, generation, sku, started_at_ms, "           \
                             "ended_at_ms - started_at_ms, skus, entries, settled, resent, "       \
                             "compensated, findings, "                                             \
                             "exit_code, " UUID("plan_run_id") ", detail FROM reconcile_run "

static const struct flash_output_column finding_columns[] = {
    {"finding_id", FLASH_OUTPUT_NUMBER},
    {"cause", FLASH_OUTPUT_TEXT},
    {"state", FLASH_OUTPUT_WORD},
    {"sku", FLASH_OUTPUT_NUMBER},
    {"quantity", FLASH_OUTPUT_NUMBER},
    {"age_ms", FLASH_OUTPUT_AGE},
    {"entry_id", FLASH_OUTPUT_TEXT},
    {"order_id", FLASH_OUTPUT_TEXT},
    {"partition", FLASH_OUTPUT_NUMBER},
    {"offset", FLASH_OUTPUT_NUMBER},
    {"found_at", FLASH_OUTPUT_TIME},
    {"updated_at", FLASH_OUTPUT_TIME},
    {"detail", FLASH_OUTPUT_TEXT, .yields = true},
};
#define FINDING_COLUMNS 13

const struct flash_output_section flash_records_runs = {"runs", run_columns, RUN_COLUMNS};
const struct flash_output_section flash_records_run = {"run", run_columns, RUN_COLUMNS, .one = true,
                                                       .aside = true};
const struct flash_output_section flash_records_findings = {"findings", finding_columns,
                                                            FINDING_COLUMNS};

static bool put_row(const struct flash_value *values, int count, void *arg)
{
    struct flash_output *output = arg;
    struct flash_output_cell cells[FLASH_OUTPUT_COLUMNS];
    for (int i = 0; i < count; i++) {
        cells[i] = (struct flash_output_cell){
            .none = values[i].null, .number = values[i].number, .text = values[i].bytes};
    }
    flash_output_row(output, cells);
    return true;
}

/* A query with one parameter, whose arg is the output. */
static bool put_rows(struct flash_mysql *mysql, struct flash_query query, struct flash_error *err)
{
    query.row = put_row;
    query.param_count = 1;
    return flash_mysql_connect(mysql, err) && flash_mysql_query(mysql, &query, err);
}

bool flash_records_put_runs(struct flash_mysql *mysql, int64_t limit, struct flash_output *output,
                            struct flash_error *err)
{
    const struct flash_value most = flash_value_int(limit);
    return put_rows(mysql,
                    (struct flash_query){.sql = RUN_SELECT "ORDER BY run_id DESC LIMIT ?",
                                         .params = &most,
                                         .column_count = RUN_COLUMNS,
                                         .arg = output},
                    err);
}

static bool take_count(const struct flash_value *cells, int count, void *arg)
{
    (void)count;
    *(int64_t *)arg = cells[0].number;
    return true;
}

static bool is_there(struct flash_mysql *mysql, const struct flash_value *key,
                     struct flash_error *err)
{
    int64_t runs = 0;
    const struct flash_query query = {.sql = "SELECT COUNT(*) FROM reconcile_run WHERE run_id = ?",
                                      .params = key,
                                      .param_count = 1,
                                      .column_count = 1,
                                      .row = take_count,
                                      .arg = &runs};
    return flash_mysql_connect(mysql, err) && flash_mysql_query(mysql, &query, err) &&
           (runs > 0 || flash_error_set(err, FLASH_ERROR_CONFIG, "no run has this id"));
}

bool flash_records_put_run(struct flash_mysql *mysql, const struct flash_uuid *id,
                           struct flash_output *output, struct flash_error *err)
{
    const struct flash_value key = flash_value_uuid(id);
    if (!is_there(mysql, &key, err)) {
        return false;
    }
    return put_rows(mysql,
                    (struct flash_query){.sql = RUN_SELECT "WHERE run_id = ?",
                                         .params = &key,
                                         .column_count = RUN_COLUMNS,
                                         .arg = output},
                    err);
}

bool flash_records_put_findings(struct flash_mysql *mysql, const struct flash_uuid *id,
                                struct flash_output *output, struct flash_error *err)
{
    const struct flash_value key = flash_value_uuid(id);
    return put_rows(mysql,
                    (struct flash_query){
                        .sql = "SELECT id, cause, state, sku, quantity, NULLIF(age_ms, 0), " UUID(
                            "entry_id") ", order_id, partition_no, kafka_offset, found_at_ms, "
                                        "updated_at_ms, detail "
                                        "FROM reconcile_finding WHERE run_id = ? ORDER BY id",
                        .params = &key,
                        .column_count = FINDING_COLUMNS,
                        .arg = output},
                    err);
}
