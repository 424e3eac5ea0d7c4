/* The verdicts of a page's entries; see page.h.
 *
 *     ids of the page, ascending:   a  b  c  d …                     y  z
 *     the ledger's key:             a  b  x  c  d …  (so many rows)  ┊
 *                                   └── one walk ───────────────────┘  the rest by a list of keys
 *
 * Ids begin with the time, so the entries of a journal that has piled up lie side by side in the
 * ledger, and walking along its key costs a fraction of looking each of them up. Where other SKUs'
 * entries lie between them, a walk ends at a set number of rows, and is not tried again for some
 * pages. */
#include <stdlib.h>
#include <string.h>

#include "flash/mysql_value.h"
#include "page.h"

#define VERDICT_FENCED 2
#define WALK_LEAST 64  /* entries of a page that are worth a walk */
#define WALK_ROWS 2000 /* of the ledger, at most: twice a page */
#define WALK_TEXT "2000"
#define WALK_SHARE 4  /* a walk of which less than one row in so many was wanted was in vain */
#define WALK_PAUSE 32 /* pages that are then looked up by their keys */

struct verdicts {
    struct flash_page *page;
    int count;  /* in page->order: one for each id */
    int at;     /* of page->order: those before it are judged, or have no verdict */
    int rows;   /* that were met */
    int wanted; /* of them */
};

static const struct flash_uuid *id_at(const struct verdicts *verdicts, int i)
{
    return &verdicts->page->entries[verdicts->page->order[i]].id;
}

static int by_id(const void *a, const void *b, void *page)
{
    const struct flash_page_entry *entries = ((const struct flash_page *)page)->entries;
    const struct flash_uuid *x = &entries[*(const int *)a].id, *y = &entries[*(const int *)b].id;
    return memcmp(x->bytes, y->bytes, sizeof(x->bytes));
}

/* Rows come in the order of their ids. Entries with one id have one verdict. */
static bool take_verdict(const struct flash_value *cells, int count, void *arg)
{
    struct verdicts *verdicts = arg;
    const char *id = cells[0].bytes.at;
    (void)count;
    while (verdicts->at < verdicts->count &&
           memcmp(id_at(verdicts, verdicts->at)->bytes, id, sizeof(struct flash_uuid)) < 0) {
        verdicts->at++;
    }
    verdicts->rows++;
    for (; verdicts->at < verdicts->count &&
           memcmp(id_at(verdicts, verdicts->at)->bytes, id, sizeof(struct flash_uuid)) == 0;
         verdicts->at++) {
        struct flash_page_entry *entry =
            &verdicts->page->entries[verdicts->page->order[verdicts->at]];
        entry->verdict = cells[1].number == VERDICT_FENCED ? FLASH_PAGE_FENCED : FLASH_PAGE_APPLIED;
        entry->clean = cells[2].number == 1;
        verdicts->wanted++;
    }
    return true;
}

static void sort(struct verdicts *verdicts)
{
    struct flash_page *page = verdicts->page;
    for (int i = 0; i < page->count; i++) {
        if (page->entries[i].readable) {
            page->order[verdicts->count++] = i;
        }
    }
    qsort_r(page->order, (size_t)verdicts->count, sizeof(page->order[0]), by_id, page);
}

/* Moves verdicts->at behind the last entry that the walk has told of. */
static bool walk(struct verdicts *verdicts, struct flash_mysql *mysql, struct flash_error *err)
{
    const struct flash_value ends[] = {flash_value_uuid(id_at(verdicts, 0)),
                                       flash_value_uuid(id_at(verdicts, verdicts->count - 1))};
    const struct flash_query query = {
        .sql = "SELECT entry_id, verdict, clean FROM verdict WHERE entry_id BETWEEN ? AND ? "
               "ORDER BY entry_id LIMIT " WALK_TEXT,
        .params = ends,
        .param_count = 2,
        .column_count = 3,
        .row = take_verdict,
        .arg = verdicts,
    };
    if (!flash_mysql_query(mysql, &query, err)) {
        return false;
    }
    if (verdicts->rows < WALK_ROWS) {
        verdicts->at = verdicts->count;
    } else if (verdicts->wanted < verdicts->rows / WALK_SHARE) {
        verdicts->page->walk_pause = WALK_PAUSE;
    }
    return true;
}

static bool look_up(struct verdicts *verdicts, struct flash_mysql *mysql, struct flash_error *err)
{
    struct flash_value keys[FLASH_PAGE_ENTRIES];
    int key_count = 0;
    for (int i = verdicts->at; i < verdicts->count; i++) {
        if (i == verdicts->at ||
            by_id(&verdicts->page->order[i - 1], &verdicts->page->order[i], verdicts->page) != 0) {
            keys[key_count++] = flash_value_uuid(id_at(verdicts, i));
        }
    }
    const struct flash_query_in query = {
        .sql =
            "SELECT entry_id, verdict, clean FROM verdict WHERE entry_id IN (%s) ORDER BY entry_id",
        .keys = keys,
        .key_count = key_count,
        .column_count = 3,
        .row = take_verdict,
        .arg = verdicts,
    };
    return flash_mysql_query_in(mysql, &query, err);
}

bool flash_page_judge(struct flash_page *page, struct flash_mysql *mysql, struct flash_error *err)
{
    struct verdicts verdicts = {.page = page};
    sort(&verdicts);
    if (page->walk_pause > 0) {
        page->walk_pause--;
    } else if (verdicts.count >= WALK_LEAST && !walk(&verdicts, mysql, err)) {
        return false;
    }
    return look_up(&verdicts, mysql, err);
}
