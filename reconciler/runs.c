/* Runs and findings on their way into the ledger; see runs.h.
 *
 * Findings gather in a buffer that is written in one transaction when it is full, and at the end. A
 * COMMIT whose answer got lost is not guessed at: before the buffer is written again, the run's
 * rows are counted. A ledger that stays away costs findings, never memory: what finds no room is
 * counted and said at the end. */
#include "runs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flash/mysql_value.h"
#include "flash/time.h"
#include "flash/utf8.h"

#define BUFFER 1024 /* findings */
#define ATTEMPTS 3
#define DETAIL_MAX 1000 /* bytes, of reconcile_run.detail */
#define NUMBER_TEXT 24

struct flash_runs {
    struct flash_mysql *mysql;
    bool open;
    struct flash_uuid id;
    int64_t written; /* findings of this run in the ledger */
    int64_t lost;    /* that found no room */
    bool unsure;     /* the buffer's last COMMIT may have taken effect */
    int count;       /* in the buffer */
    struct flash_finding findings[BUFFER];
    int64_t found_ms[BUFFER];
    /* the same as columns, while they are written */
    struct {
        struct flash_text run[BUFFER], cause[BUFFER], state[BUFFER], entry[BUFFER], order[BUFFER];
        struct flash_text partition[BUFFER], offset[BUFFER], detail[BUFFER];
        int64_t sku[BUFFER], quantity[BUFFER], age_ms[BUFFER];
        char numbers[2 * BUFFER][NUMBER_TEXT]; /* text, as only that can be NULL in bulk */
    } columns;
};

/* ---- making and closing ---- */

bool flash_runs_new(const struct flash_config *config, struct flash_runs **ret_runs,
                    struct flash_error *err)
{
    struct flash_runs *runs = calloc(1, sizeof(*runs));
    if (!runs) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "runs: out of memory");
    }
    if (!flash_mysql_new(config, &runs->mysql, err)) {
        free(runs);
        return false;
    }
    *ret_runs = runs;
    return true;
}

void flash_runs_free(struct flash_runs *runs)
{
    if (runs) {
        flash_mysql_free(runs->mysql);
        free(runs);
    }
}

bool flash_runs_open(const struct flash_runs *runs)
{
    return runs->open;
}

/* ---- values ---- */

static struct flash_text text_of(const char *text)
{
    return (struct flash_text){text, strlen(text)};
}

static struct flash_text id_text(const struct flash_uuid *id)
{
    return (struct flash_text){(const char *)id->bytes, sizeof(id->bytes)};
}

/* Copies text as one line of UTF-8, cut to size - 1 bytes; what is none becomes a question mark:
 * the ledger would refuse it, and with it all that is written beside it. */
static struct flash_text plain(const char *text, char *out, size_t size)
{
    size_t len = 0, rest = strnlen(text, size - 1);
    while (rest > 0) {
        size_t step = flash_utf8_len(text, rest);
        bool odd = step == 0 || (unsigned char)*text < 0x20 || *text == 0x7f;
        if (odd) {
            out[len] = '?';
        } else {
            memcpy(out + len, text, step);
        }
        len += odd ? 1 : step;
        step = step ? step : 1;
        text += step;
        rest -= step;
    }
    out[len] = '\0';
    return (struct flash_text){out, len};
}

/* ---- a run's row ---- */

/* Whether another attempt may help. */
static bool passing(const struct flash_runs *runs)
{
    enum flash_mysql_class class = flash_mysql_last_class(runs->mysql);
    return class == FLASH_MYSQL_RETRY || class == FLASH_MYSQL_UNKNOWN_COMMIT;
}

struct statement {
    const char *sql;
    const struct flash_value *params;
    int param_count;
};

/* One statement that may be repeated. A duplicate is what an earlier attempt has written. */
static bool write_once(struct flash_runs *runs, const struct statement *statement,
                       struct flash_error *err)
{
    for (int attempt = 1;; attempt++) {
        if (flash_mysql_exec(runs->mysql, statement->sql, statement->params, statement->param_count,
                             NULL, err)) {
            return true;
        }
        if (attempt > 1 && flash_mysql_last_class(runs->mysql) == FLASH_MYSQL_DUPLICATE) {
            return true;
        }
        flash_mysql_rollback(runs->mysql);
        if (attempt == ATTEMPTS || !passing(runs)) {
            return false;
        }
    }
}

bool flash_runs_begin(struct flash_runs *runs, const struct flash_run_start *start,
                      struct flash_uuid *ret_id, struct flash_error *err)
{
    int64_t now_ms = (int64_t)flash_time_wall_ms();
    struct flash_uuid id;
    if (runs->open) {
        return flash_error_set(err, FLASH_ERROR_BUG, "runs: a run is open already");
    }
    if (!flash_uuid_new((uint64_t)now_ms, &id, err)) {
        return false;
    }
    struct flash_value params[] = {
        flash_value_uuid(&id),
        flash_value_text(flash_run_mode_name(start->mode)),
        flash_value_text(flash_run_state_name(FLASH_RUN_RUNNING)),
        flash_value_text(start->operator),
        flash_value_int(start->generation),
        start->plan ? flash_value_uuid(start->plan) : flash_value_bytes(NULL, 0),
        flash_value_int(start->sku),
        flash_value_int(now_ms),
    };
    params[6].null = start->sku == 0;
    const struct statement insert = {
        "INSERT INTO reconcile_run (run_id, mode, state, operator, generation, plan_run_id, sku, "
        "started_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        params, 8};
    if (!write_once(runs, &insert, err)) {
        return false;
    }
    runs->open = true;
    runs->id = id;
    runs->written = runs->lost = 0;
    runs->unsure = false;
    runs->count = 0;
    *ret_id = id;
    return true;
}

/* ---- findings ---- */

/* A number as text; below 0: NULL. */
static struct flash_text place_text(int64_t number, char out[NUMBER_TEXT])
{
    int len = snprintf(out, NUMBER_TEXT, "%" PRId64, number);
    return number < 0 ? (struct flash_text){0} : (struct flash_text){out, (size_t)len};
}

static void fill_columns(struct flash_runs *runs)
{
    for (int i = 0; i < runs->count; i++) {
        const struct flash_finding *finding = &runs->findings[i];
        runs->columns.run[i] = id_text(&runs->id);
        runs->columns.cause[i] = text_of(flash_cause_name(finding->cause));
        runs->columns.state[i] = text_of(flash_finding_state_name(finding->state));
        runs->columns.sku[i] = finding->sku;
        runs->columns.entry[i] =
            finding->has_entry ? id_text(&finding->entry) : (struct flash_text){0};
        runs->columns.order[i] =
            finding->order_id[0] ? text_of(finding->order_id) : (struct flash_text){0};
        runs->columns.partition[i] = place_text(finding->partition, runs->columns.numbers[2 * i]);
        runs->columns.offset[i] = place_text(finding->offset, runs->columns.numbers[2 * i + 1]);
        runs->columns.quantity[i] = finding->quantity;
        runs->columns.age_ms[i] = finding->age_ms;
        runs->columns.detail[i] = text_of(finding->detail);
    }
}

static bool insert_columns(struct flash_runs *runs, struct flash_error *err)
{
    const struct flash_bulk_column columns[] = {
        {"run_id", FLASH_COLUMN_BYTES, .bytes = runs->columns.run},
        {"cause", FLASH_COLUMN_BYTES, .bytes = runs->columns.cause},
        {"state", FLASH_COLUMN_BYTES, .bytes = runs->columns.state},
        {"sku", FLASH_COLUMN_INT, .numbers = runs->columns.sku},
        {"entry_id", FLASH_COLUMN_BYTES, .bytes = runs->columns.entry},
        {"order_id", FLASH_COLUMN_BYTES, .bytes = runs->columns.order},
        {"partition_no", FLASH_COLUMN_BYTES, .bytes = runs->columns.partition},
        {"kafka_offset", FLASH_COLUMN_BYTES, .bytes = runs->columns.offset},
        {"quantity", FLASH_COLUMN_INT, .numbers = runs->columns.quantity},
        {"detail", FLASH_COLUMN_BYTES, .bytes = runs->columns.detail},
        {"found_at_ms", FLASH_COLUMN_INT, .numbers = runs->found_ms},
        {"updated_at_ms", FLASH_COLUMN_INT, .numbers = runs->found_ms},
        {"age_ms", FLASH_COLUMN_INT, .numbers = runs->columns.age_ms},
    };
    fill_columns(runs);
    return flash_mysql_bulk_insert(runs->mysql,
                                   &(struct flash_bulk){.table = "reconcile_finding",
                                                        .columns = columns,
                                                        .column_count = 13,
                                                        .row_count = runs->count},
                                   err);
}

static bool take_count(const struct flash_value *cells, int count, void *arg)
{
    (void)count;
    *(int64_t *)arg = cells[0].number;
    return true;
}

/* Learns whether the COMMIT without an answer took effect. */
static bool make_sure(struct flash_runs *runs, struct flash_error *err)
{
    int64_t rows = 0;
    const struct flash_value id = flash_value_uuid(&runs->id);
    const struct flash_query query = {
        .sql = "SELECT COUNT(*) FROM reconcile_finding WHERE run_id = ?",
        .params = &id,
        .param_count = 1,
        .column_count = 1,
        .row = take_count,
        .arg = &rows,
    };
    if (!flash_mysql_query(runs->mysql, &query, err)) {
        return false;
    }
    runs->unsure = false;
    if (rows > runs->written) {
        runs->written += runs->count;
        runs->count = 0;
    }
    return true;
}

static bool write_buffer(struct flash_runs *runs, struct flash_error *err)
{
    if (runs->unsure && !make_sure(runs, err)) {
        return false;
    }
    if (runs->count == 0) {
        return true;
    }
    if (flash_mysql_begin(runs->mysql, err) && insert_columns(runs, err) &&
        flash_mysql_commit(runs->mysql, err)) {
        runs->written += runs->count;
        runs->count = 0;
        return true;
    }
    runs->unsure = flash_mysql_last_class(runs->mysql) == FLASH_MYSQL_UNKNOWN_COMMIT;
    return false;
}

static bool flush(struct flash_runs *runs, struct flash_error *err)
{
    for (int attempt = 1; !write_buffer(runs, err); attempt++) {
        flash_mysql_rollback(runs->mysql);
        if (attempt == ATTEMPTS || !passing(runs)) {
            return false;
        }
    }
    return true;
}

bool flash_runs_add(struct flash_runs *runs, const struct flash_finding *finding,
                    struct flash_error *err)
{
    if (!runs->open) {
        return flash_error_set(err, FLASH_ERROR_BUG, "runs: no run is open");
    }
    bool ok = runs->count < BUFFER || flush(runs, err);
    if (runs->count == BUFFER) {
        runs->lost++;
        return ok;
    }
    struct flash_finding *mine = &runs->findings[runs->count];
    *mine = *finding;
    plain(finding->detail, mine->detail, sizeof(mine->detail));
    runs->found_ms[runs->count++] = (int64_t)flash_time_wall_ms();
    return runs->count < BUFFER || flush(runs, err);
}

/* ---- the end ---- */

static struct flash_text end_detail(const struct flash_runs *runs, const char *detail,
                                    char out[DETAIL_MAX + 1])
{
    char text[DETAIL_MAX + 1];
    if (runs->lost == 0) {
        return plain(detail ? detail : "", out, DETAIL_MAX + 1);
    }
    snprintf(text, sizeof(text), "%" PRId64 " findings could not be written%s%.800s", runs->lost,
             detail && detail[0] ? "; " : "", detail ? detail : "");
    return plain(text, out, DETAIL_MAX + 1);
}

static bool write_end(struct flash_runs *runs, const struct flash_run_end *end,
                      struct flash_error *err)
{
    char detail[DETAIL_MAX + 1];
    const struct flash_text told = end_detail(runs, end->detail, detail);
    const struct flash_value params[] = {
        flash_value_text(flash_run_state_name(end->state)),
        flash_value_int((int64_t)flash_time_wall_ms()),
        flash_value_int(end->skus),
        flash_value_int(end->entries),
        flash_value_int(end->settled),
        flash_value_int(end->resent),
        flash_value_int(end->compensated),
        flash_value_int(runs->written + runs->lost),
        flash_value_int(end->exit_code),
        flash_value_bytes(told.at, told.len),
        flash_value_uuid(&runs->id),
    };
    const struct statement update = {
        "UPDATE reconcile_run SET state = ?, ended_at_ms = ?, skus = ?, entries = ?, settled = ?, "
        "resent = ?, compensated = ?, findings = ?, exit_code = ?, detail = ? WHERE run_id = ?",
        params, 11};
    return write_once(runs, &update, err);
}

bool flash_runs_end(struct flash_runs *runs, const struct flash_run_end *end,
                    struct flash_error *err)
{
    if (!runs->open) {
        return flash_error_set(err, FLASH_ERROR_BUG, "runs: no run is open");
    }
    bool ok = flush(runs, err) && write_end(runs, end, err);
    runs->open = false;
    return ok;
}
