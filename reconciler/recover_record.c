/* The row of a recovery; see recover_record.h. */
#include "recover_record.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "audit_list.h"
#include "runs.h"

struct flash_recover_record {
    struct flash_runs *runs;
    struct flash_audit_list found;
};

bool flash_recover_record_new(const struct flash_config *config,
                              struct flash_recover_record **ret_record, struct flash_error *err)
{
    struct flash_recover_record *record = calloc(1, sizeof(*record));
    if (!record) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "recover: out of memory");
    }
    if (!flash_runs_new(config, &record->runs, err)) {
        free(record);
        return false;
    }
    *ret_record = record;
    return true;
}

void flash_recover_record_free(struct flash_recover_record *record)
{
    if (record) {
        flash_runs_free(record->runs);
        flash_audit_list_finish(&record->found);
        free(record);
    }
}

void flash_recover_record_found(struct flash_recover_record *record,
                                const struct flash_finding *finding)
{
    flash_audit_list_add(&record->found, finding, "%s", finding->detail);
    if (record->found.count > 0 && !record->found.cut) {
        record->found.at[record->found.count - 1].state = finding->state;
    }
}

static enum flash_run_state state_of(enum flash_recover_end end)
{
    if (end == FLASH_RECOVER_DONE || end == FLASH_RECOVER_PARTLY) {
        return FLASH_RUN_DONE;
    }
    return end == FLASH_RECOVER_STOPPED ? FLASH_RUN_STOPPED : FLASH_RUN_FAILED;
}

/* "done: restarted 3; 3 gates open, …": the needs, then what was done about them. */
static void describe(const struct flash_recover_done *done, char *text, size_t size)
{
    int len = snprintf(text, size, "%s:", flash_recover_end_name(done->end));
    for (int need = FLASH_NEED_NOTHING + 1; need < FLASH_NEED_COUNT; need++) {
        if (done->needs[need] && len < (int)size) {
            len += snprintf(text + len, size - (size_t)len, " %s %" PRId64,
                            flash_need_name((enum flash_need)need), done->needs[need]);
        }
    }
    if (len < (int)size) {
        snprintf(text + len, size - (size_t)len,
                 "; %" PRId64 " gates open, %" PRId64 " entries replayed, %" PRId64
                 " orders told to Redis, %" PRId64 " it did not know%s%s",
                 done->opened, done->lost, done->swept, done->learnt, *done->err.text ? "; " : "",
                 done->err.text);
    }
}

bool flash_recover_record_write(struct flash_recover_record *record,
                                const struct flash_recover_done *done, const char *operator,
                                struct flash_error * err)
{
    char detail[600];
    struct flash_run_whole whole = {
        .start =
            {
                .mode = FLASH_RUN_RECOVER,
                .operator= operator,
                .generation = done->generation },
                .end = {.state = state_of(done->end),
                        .skus = done->skus,
                        .settled = done->swept,
                        .resent = done->resent,
                        .exit_code = flash_recover_exit_code(done->end, record->found.count > 0),
                        .detail = detail},
                .findings = record->found.at,
                .finding_count = record->found.count,
        };
    describe(done, detail, sizeof(detail));
    bool ok = done->generation == 0 || flash_runs_write(record->runs, &whole, err);
    flash_audit_list_clear(&record->found);
    return ok;
}

int flash_recover_exit_code(enum flash_recover_end end, bool findings)
{
    static const int codes[FLASH_RECOVER_END_COUNT] = {
        [FLASH_RECOVER_NOTHING] = 0,  [FLASH_RECOVER_NEEDED] = 1,    [FLASH_RECOVER_DONE] = 0,
        [FLASH_RECOVER_PARTLY] = 1,   [FLASH_RECOVER_STOPPED] = 5,   [FLASH_RECOVER_OVERTAKEN] = 4,
        [FLASH_RECOVER_LEASE] = 4,    [FLASH_RECOVER_NO_LEDGER] = 3, [FLASH_RECOVER_NO_REDIS] = 3,
        [FLASH_RECOVER_NO_KAFKA] = 3, [FLASH_RECOVER_PUT_OFF] = 1,
    };
    return codes[end] == 0 && findings ? 1 : codes[end];
}
