/* Queries about runs and findings; see reconcile_form.h. */
#include "reconcile_form.h"

#include <stdio.h>
#include <string.h>

#include "query.h"

/* The words of reconcile_run and reconcile_finding, as the schema has them; a cause is any word. */
static const char *const modes[] = {"run", "report", "plan", "apply", "audit", "recover", NULL};
static const char *const run_states[] = {"running", "done",    "planned", "applied",
                                         "stale",   "stopped", "failed",  NULL};
static const char *const finding_states[] = {"open", "planned", "applied", "refused", "gone", NULL};

static bool take_word(struct flash_text value, const char *const *words,
                      char ret_word[FLASH_RECONCILE_WORD_MAX + 1])
{
    for (int i = 0; words[i]; i++) {
        if (strlen(words[i]) == value.len && memcmp(words[i], value.at, value.len) == 0) {
            snprintf(ret_word, FLASH_RECONCILE_WORD_MAX + 1, "%s", words[i]);
            return true;
        }
    }
    return false;
}

static bool read_mode(struct flash_text value, void *arg)
{
    return take_word(value, modes, ((struct flash_reconcile_form *)arg)->mode);
}

static bool read_run_state(struct flash_text value, void *arg)
{
    return take_word(value, run_states, ((struct flash_reconcile_form *)arg)->state);
}

static bool read_finding_state(struct flash_text value, void *arg)
{
    return take_word(value, finding_states, ((struct flash_reconcile_form *)arg)->state);
}

static bool read_cause(struct flash_text value, void *arg)
{
    struct flash_reconcile_form *form = arg;
    if (value.len == 0 || value.len > FLASH_RECONCILE_WORD_MAX) {
        return false;
    }
    for (size_t i = 0; i < value.len; i++) {
        char c = value.at[i];
        if (c != '_' && (c < 'a' || c > 'z')) {
            return false;
        }
    }
    snprintf(form->cause, sizeof(form->cause), "%.*s", (int)value.len, value.at);
    return true;
}

static bool read_sku(struct flash_text value, void *arg)
{
    return flash_sku_parse(value, &((struct flash_reconcile_form *)arg)->sku);
}

static bool read_run(struct flash_text value, void *arg)
{
    struct flash_reconcile_form *form = arg;
    form->has_run = flash_uuid_parse(value, &form->run);
    return form->has_run;
}

/* A limit is written as a SKU is: a positive number, one way only. */
static bool read_limit(struct flash_text value, void *arg)
{
    struct flash_reconcile_form *form = arg;
    return flash_sku_parse(value, &form->limit) && form->limit <= FLASH_RECONCILE_LIMIT_MAX;
}

static bool read_run_cursor(struct flash_text value, void *arg)
{
    return flash_uuid_parse(value, &((struct flash_reconcile_form *)arg)->before_run);
}

static bool read_finding_cursor(struct flash_text value, void *arg)
{
    return flash_sku_parse(value, &((struct flash_reconcile_form *)arg)->before_id);
}

#define LIMIT                                                                                      \
    {                                                                                              \
        "limit", read_limit, "limit must be a number from 1 to 500, given once."                   \
    }
#define CURSOR(read)                                                                               \
    {                                                                                              \
        "cursor", read, "cursor must be the next_cursor of an earlier answer, given once."         \
    }

static const struct flash_parameter run_rows[] = {
    {"mode", read_mode, "mode must be run, report, plan, apply, audit or recover, given once."},
    {"state", read_run_state,
     "state must be running, done, planned, applied, stale, stopped or failed, given once."},
    LIMIT,
    CURSOR(read_run_cursor),
};

static const struct flash_parameter finding_rows[] = {
    {"cause", read_cause, "cause must be a word of a to z and _, given once."},
    {"state", read_finding_state,
     "state must be open, planned, applied, refused or gone, given once."},
    {"sku", read_sku, "sku must be a number of decimal digits, given once."},
    {"run", read_run, "run must be the id of a run, given once."},
    LIMIT,
    CURSOR(read_finding_cursor),
};

static bool read_list(const struct flash_parameters *parameters, struct flash_text query,
                      struct flash_reconcile_form *ret_form, const char **ret_detail)
{
    struct flash_reconcile_form form = {.limit = FLASH_RECONCILE_LIMIT_DEFAULT,
                                        .before_id = INT64_MAX};
    memset(&form.before_run, 0xff, sizeof(form.before_run));
    if (!flash_parameters_read(parameters, query, &form, ret_detail)) {
        return false;
    }
    *ret_form = form;
    return true;
}

bool flash_reconcile_form_runs(struct flash_text query, struct flash_reconcile_form *ret_form,
                               const char **ret_detail)
{
    static const struct flash_parameters all = {
        run_rows, sizeof(run_rows) / sizeof(run_rows[0]),
        "The query may have mode, state, limit and cursor, and nothing else."};
    return read_list(&all, query, ret_form, ret_detail);
}

bool flash_reconcile_form_findings(struct flash_text query, struct flash_reconcile_form *ret_form,
                                   const char **ret_detail)
{
    static const struct flash_parameters all = {
        finding_rows, sizeof(finding_rows) / sizeof(finding_rows[0]),
        "The query may have cause, state, sku, run, limit and cursor, and nothing else."};
    return read_list(&all, query, ret_form, ret_detail);
}
