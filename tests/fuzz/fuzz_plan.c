/* Fuzzes what apply is told to do: the rows of a plan, as the ledger hands them out. A plan that is
 * accepted has the items of its rows and no others, each found by its entry and counted in its
 * state; a word that is not known makes it no plan, whatever else it says.
 *
 * The input is a line a row, the run first: of cause or mode, state, sku and entry, which a '|'
 * ends. */
#include <stdlib.h>
#include <string.h>

#include "plan.h"

#define ROWS 32
#define CELLS 5

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
    struct flash_text cells[ROWS][CELLS];
    char entries[ROWS][16];
    int count, written;
} ledger;

static void check(bool ok)
{
    if (!ok) {
        abort();
    }
}

static struct flash_text until(struct flash_text *rest, char end)
{
    const char *at = rest->len ? memchr(rest->at, end, rest->len) : NULL;
    struct flash_text part = {rest->at, at ? (size_t)(at - rest->at) : rest->len};
    size_t passed = part.len + (at != NULL);
    rest->at += passed;
    rest->len -= passed;
    return part;
}

static void read_input(struct flash_text input)
{
    memset(&ledger, 0, sizeof(ledger));
    while (input.len && ledger.count < ROWS) {
        struct flash_text line = until(&input, '\n');
        int row = ledger.count++;
        for (int i = 0; i < CELLS; i++) {
            ledger.cells[row][i] = until(&line, '|');
        }
        struct flash_text entry = ledger.cells[row][3];
        memcpy(ledger.entries[row], entry.len ? entry.at : "",
               entry.len < sizeof(ledger.entries[row]) ? entry.len : sizeof(ledger.entries[row]));
    }
}

static struct flash_value number(struct flash_text text)
{
    int64_t value = 0;
    memcpy(&value, text.len ? text.at : "", text.len < sizeof(value) ? text.len : sizeof(value));
    return (struct flash_value){.type = FLASH_COLUMN_INT, .number = value, .null = !text.len};
}

static struct flash_value bytes(const char *at, size_t len)
{
    return (struct flash_value){.type = FLASH_COLUMN_BYTES, .bytes = {at, len}};
}

/* In place of the adapter's. */
bool flash_mysql_connect(struct flash_mysql *mysql, struct flash_error *err)
{
    (void)mysql;
    (void)err;
    return true;
}

bool flash_mysql_query(struct flash_mysql *mysql, const struct flash_query *query,
                       struct flash_error *err)
{
    bool of_run = strstr(query->sql, "FROM reconcile_run p") != NULL;
    int first = of_run ? 0 : 1, end = of_run ? ledger.count && 1 : ledger.count;
    (void)mysql;
    (void)err;
    for (int row = first; row < end; row++) {
        const struct flash_text *cell = ledger.cells[row];
        const struct flash_value word = bytes(cell[0].at, cell[0].len),
                                 state = bytes(cell[1].at, cell[1].len);
        const struct flash_value run[] = {word, state, number(cell[2]), number(cell[3]),
                                          number(cell[4])};
        const struct flash_value item[] = {number(cell[4]), word, state, number(cell[2]),
                                           bytes(ledger.entries[row], 16)};
        if (!query->row(of_run ? run : item, CELLS, query->arg)) {
            break;
        }
    }
    return true;
}

bool flash_mysql_begin(struct flash_mysql *mysql, struct flash_error *err)
{
    return flash_mysql_connect(mysql, err);
}

bool flash_mysql_commit(struct flash_mysql *mysql, struct flash_error *err)
{
    return flash_mysql_connect(mysql, err);
}

void flash_mysql_rollback(struct flash_mysql *mysql)
{
    (void)mysql;
}

bool flash_mysql_bulk_update(struct flash_mysql *mysql, const struct flash_bulk *rows,
                             struct flash_error *err)
{
    ledger.written += rows->row_count;
    return flash_mysql_connect(mysql, err);
}

bool flash_mysql_exec(struct flash_mysql *mysql, const char *sql, const struct flash_value *params,
                      int param_count, int64_t *ret_affected, struct flash_error *err)
{
    (void)sql;
    (void)params;
    (void)param_count;
    (void)ret_affected;
    return flash_mysql_connect(mysql, err);
}

static bool is_one_of(struct flash_text text, const char *words)
{
    char word[16];
    if (text.len == 0 || text.len > sizeof(word) - 3 || memchr(text.at, ' ', text.len) ||
        memchr(text.at, '\0', text.len)) {
        return false;
    }
    word[0] = ' ';
    memcpy(word + 1, text.at, text.len);
    memcpy(word + 1 + text.len, " ", 2);
    return strstr(words, word) != NULL;
}

static bool is_known(void)
{
    bool known =
        is_one_of(ledger.cells[0][1], " running done planned applied stale stopped failed ");
    for (int row = 1; row < ledger.count; row++) {
        known = known &&
                is_one_of(ledger.cells[row][0],
                          " lost late unsettled shortage duplicate drift_up drift_down forgotten "
                          "phantom user_count counter log inflow stuck parked dead ") &&
                is_one_of(ledger.cells[row][1], " open planned applied refused gone ");
    }
    return known;
}

static void check_plan(struct flash_plan *plan)
{
    struct flash_error err = {0};
    int64_t planned = plan->states[FLASH_FINDING_PLANNED], all = 0;
    check(plan->count == (size_t)ledger.count - 1);
    for (int i = 0; i < FLASH_FINDING_STATE_COUNT; i++) {
        all += plan->states[i];
    }
    check(all == (int64_t)plan->count);
    for (size_t i = 0; i < plan->count; i++) {
        const struct flash_plan_item *found = flash_plan_find(plan, &plan->items[i].entry);
        check(found && memcmp(&found->entry, &plan->items[i].entry, sizeof(found->entry)) == 0);
        flash_plan_set(plan, &plan->items[i], FLASH_FINDING_APPLIED);
        flash_plan_set(plan, &plan->items[i], FLASH_FINDING_GONE);
    }
    check(flash_plan_save(plan, NULL, &err) && ledger.written == planned);
    check(plan->states[FLASH_FINDING_PLANNED] == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct flash_uuid id = {{1}};
    struct flash_plan *plan = NULL;
    struct flash_error err = {0};
    read_input((struct flash_text){(const char *)data, size});
    bool ok = flash_plan_load(NULL, &id, &plan, &err);
    if (ledger.count == 0) {
        check(ok && !plan);
    } else {
        check(ok == is_known() && ok == (plan != NULL));
        check(ok || (err.kind == FLASH_ERROR_DATA && err.text[0]));
    }
    if (plan) {
        check_plan(plan);
        flash_plan_free(plan);
    }
    return 0;
}
