/* Pages from queries; see listing.h. One more row than the page has is asked for: it tells whether
 * there is more. */
#include "listing.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ledger.h"

#define PARAMS_MAX FLASH_MYSQL_COLUMNS

struct reading {
    const struct flash_listing *listing;
    struct flash_page page;
    char cursor[FLASH_LIST_CURSOR_MAX + 1]; /* of the last row */
    bool more;
};

void flash_listing_key_number(const struct flash_value *cells,
                              char ret_cursor[FLASH_LIST_CURSOR_MAX + 1])
{
    snprintf(ret_cursor, FLASH_LIST_CURSOR_MAX + 1, "%" PRId64, cells[0].number);
}

void flash_listing_key_id(const struct flash_value *cells,
                          char ret_cursor[FLASH_LIST_CURSOR_MAX + 1])
{
    struct flash_uuid id = {{0}};
    size_t len = cells[0].bytes.len;
    memcpy(id.bytes, cells[0].bytes.at, len < sizeof(id.bytes) ? len : sizeof(id.bytes));
    flash_uuid_format(&id, ret_cursor);
}

static bool take_row(const struct flash_value *cells, int count, void *arg)
{
    struct reading *reading = arg;
    (void)count;
    if (reading->page.rows == reading->listing->limit) {
        reading->more = true;
        return false;
    }
    flash_page_put(&reading->page, cells);
    reading->listing->key(cells, reading->cursor);
    return true;
}

static enum flash_work read_work(struct flash_mysql *mysql, void *arg, struct flash_error *err)
{
    struct reading *reading = arg;
    const struct flash_listing *listing = reading->listing;
    struct flash_value params[PARAMS_MAX];
    memcpy(params, listing->params, (size_t)listing->param_count * sizeof(params[0]));
    params[listing->param_count] = flash_value_int(listing->limit + 1);
    const struct flash_query query = {
        .sql = listing->sql,
        .params = params,
        .param_count = listing->param_count + 1,
        .column_count = listing->column_count ? listing->column_count : listing->list->column_count,
        .row = take_row,
        .arg = reading};
    flash_page_begin(&reading->page, true);
    reading->more = false;
    return flash_mysql_query(mysql, &query, err) ? FLASH_WORK_LEAVE : FLASH_WORK_FAILED;
}

/* The query's pairs but for its cursor; out has room for the query and an '&'. */
static size_t without_cursor(const char *query, char *out)
{
    char *to = out;
    for (const char *at = query; *at;) {
        size_t len = strcspn(at, "&");
        if (len && strncmp(at, "cursor=", strlen("cursor=")) != 0) {
            memcpy(to, at, len);
            to += len;
            *to++ = '&';
        }
        at += len + (at[len] == '&');
    }
    *to = '\0';
    return (size_t)(to - out);
}

void flash_listing_link(struct flash_job *job, const char *cursor)
{
    char query[FLASH_TARGET_QUERY_MAX + 2];
    char *link = job->answer.link;
    without_cursor(job->query, query);
    int len = snprintf(link, FLASH_LINK_MAX, "%s?%scursor=%s", job->path, query, cursor);
    if (len < 0 || len >= FLASH_LINK_MAX) {
        link[0] = '\0';
    }
}

void flash_listing_answer(struct flash_job *job, struct flash_stores *stores,
                          const struct flash_listing *listing)
{
    struct reading reading = {.listing = listing,
                              .page = {.list = listing->list, .format = listing->format}};
    struct flash_answer *answer = &job->answer;
    struct flash_error err = {0};
    enum flash_ledger_end end = flash_ledger_read(stores->mysql, read_work, &reading, &err);
    answer->refusal = flash_ledger_refusal(end, job, &err);
    if (answer->refusal != FLASH_REFUSE_NOTHING) {
        flash_page_drop(&reading.page);
        return;
    }
    answer->status = 200;
    answer->type = flash_page_type(listing->format);
    answer->body = flash_page_end(&reading.page, reading.more ? reading.cursor : NULL);
    if (reading.more && listing->format != FLASH_LIST_JSON) {
        flash_listing_link(job, reading.cursor);
    }
}
