/* Reads lists page by page; see list.h. Memory does not grow with the list. */
#include "list.h"

#include <curl/curl.h>
#include <string.h>

#include "flash/time.h"
#include "values.h"

#define PAGE 500 /* rows asked for at a time: as many as there may be */
#define CURSOR_MAX 512
#define QUERY_MAX 3072

struct query {
    char text[QUERY_MAX];
    size_t len;
};

/* Adds name=value, encoded. What is too long is cut off there and refused by the server. */
static void add(struct query *query, const char *name, const char *value)
{
    char *encoded = curl_easy_escape(NULL, value, 0);
    int len = snprintf(query->text + query->len, sizeof(query->text) - query->len, "%c%s=%s",
                       strchr(query->text, '?') ? '&' : '?', name, encoded ? encoded : "");
    size_t room = sizeof(query->text) - query->len - 1;
    query->len += len < 0 ? 0 : (size_t)len < room ? (size_t)len : room;
    curl_free(encoded);
}

/* The option's value as the route wants it: times as RFC 3339. */
static void add_filter(struct query *query, const struct flash_ctl_command *command,
                       enum flash_ctl_option option, const char *name)
{
    char time[FLASH_TIME_TEXT];
    const char *text = command->values[option];
    int64_t now_ms = (int64_t)flash_time_wall_ms(), ms;
    if (!flash_ctl_options[option].value) {
        size_t len = strcspn(name, "=");
        char plain[32];
        snprintf(plain, sizeof(plain), "%.*s", (int)len, name);
        add(query, plain, name + len + 1);
        return;
    }
    bool is_time = flash_ctl_options[option].kind == FLASH_CTL_KIND_TIME;
    if (is_time && flash_ctl_time_parse(text, now_ms, now_ms, &ms)) {
        flash_time_format_ms(ms, time);
        text = time;
    }
    add(query, name, text);
}

/* The word of --state that is sent, or NULL: none. */
static const char *state_of(const struct flash_ctl_command *command,
                            const struct flash_ctl_list *list, char word[32])
{
    const char *text = command->values[FLASH_CTL_STATE], *states = command->verb->states;
    if (!text && states) {
        snprintf(word, 32, "%.*s", (int)strcspn(states, "|"), states);
        text = word;
    }
    return text && list->any_word && strcmp(text, list->any_word) == 0 ? NULL : text;
}

static void make_query(const struct flash_ctl_command *command, const struct flash_ctl_pages *pages,
                       const char *cursor, struct query *query)
{
    char number[24], word[32];
    const struct flash_ctl_list *list = pages->list;
    int64_t left = pages->most ? pages->most - pages->count : PAGE;
    snprintf(number, sizeof(number), "%lld", (long long)(left < PAGE ? left : PAGE));
    add(query, "limit", number);
    for (int i = 0; i < FLASH_CTL_FILTERS_MAX && list->filters[i].option; i++) {
        enum flash_ctl_option option = list->filters[i].option;
        const char *state = option == FLASH_CTL_STATE ? state_of(command, list, word) : NULL;
        if (state) {
            add(query, list->filters[i].query, state);
        } else if (option != FLASH_CTL_STATE && command->values[option]) {
            add_filter(query, command, option, list->filters[i].query);
        }
    }
    if (cursor[0]) {
        add(query, "cursor", cursor);
    }
}

/* A page behind cursor ("": the first); cursor becomes the next one's, "" after the last. */
static enum flash_ctl_exit read_page(struct flash_ctl_client *client,
                                     const struct flash_ctl_command *command,
                                     struct flash_ctl_pages *pages, char cursor[CURSOR_MAX])
{
    struct flash_ctl_reply reply = {0};
    struct query query = {.len = 0};
    char path[512];
    size_t i;
    json_t *row;
    if (!flash_ctl_path(path, pages->list->path, pages->sku ? pages->sku : "")) {
        return FLASH_CTL_USAGE;
    }
    query.len = (size_t)snprintf(query.text, sizeof(query.text), "%s", path);
    make_query(command, pages, cursor, &query);
    const struct flash_ctl_request request = {
        .method = "GET", .path = query.text, .patient = pages->patient};
    enum flash_ctl_exit code = flash_ctl_ask(client, &request, &reply);
    const char *next = json_string_value(json_object_get(reply.body, "next_cursor"));
    snprintf(cursor, CURSOR_MAX, "%s", next && strlen(next) < CURSOR_MAX ? next : "");
    json_array_foreach(json_object_get(reply.body, pages->list->member), i, row)
    {
        if ((pages->most && pages->count == pages->most) || !pages->take(row, pages->arg)) {
            pages->more = true;
            cursor[0] = '\0';
            break;
        }
        pages->count++;
    }
    flash_ctl_reply_free(&reply);
    return code;
}

enum flash_ctl_exit flash_ctl_pages_read(struct flash_ctl_client *client,
                                         const struct flash_ctl_command *command,
                                         struct flash_ctl_pages *pages)
{
    char cursor[CURSOR_MAX] = "";
    enum flash_ctl_exit code;
    do {
        code = read_page(client, command, pages, cursor);
        if (pages->most && pages->count == pages->most) {
            pages->more = pages->more || cursor[0];
            break;
        }
    } while (code == FLASH_CTL_OK && cursor[0]);
    return code;
}

static bool show_row(json_t *row, void *arg)
{
    struct flash_ctl_rows *rows = arg;
    flash_ctl_rows_add(rows, row);
    return !ferror(stdout);
}

static int64_t most_of(const struct flash_ctl_command *command, const struct flash_ctl_list *list)
{
    const char *text = command->values[FLASH_CTL_ROWS];
    if (text && strcmp(text, "all") == 0) {
        return 0;
    }
    return flash_ctl_count(command, FLASH_CTL_ROWS, list->rows);
}

enum flash_ctl_exit flash_ctl_list_run(struct flash_ctl_client *client,
                                       const struct flash_ctl_command *command)
{
    const struct flash_ctl_list *list = command->verb->list;
    const struct flash_ctl_rows_start start = {
        .out = stdout,
        .format = flash_ctl_format_of(command, FLASH_CTL_TABLE),
        .name = list->member,
        .columns = list->columns,
    };
    struct flash_ctl_rows *rows = NULL;
    struct flash_ctl_pages pages = {.list = list,
                                    .sku = command->values[FLASH_CTL_SKU],
                                    .most = most_of(command, list),
                                    .take = show_row};
    rows = flash_ctl_rows_new(&start);
    pages.arg = rows;
    if (!rows) {
        return FLASH_CTL_REFUSED;
    }
    enum flash_ctl_exit code = flash_ctl_pages_read(client, command, &pages);
    if (code != FLASH_CTL_OK && pages.count == 0) {
        flash_ctl_rows_drop(rows);
        return code;
    }
    if (!flash_ctl_rows_end(rows)) {
        return code ? code : FLASH_CTL_REFUSED;
    }
    if (code == FLASH_CTL_OK && pages.more) {
        fprintf(stderr, "flashctl: there are more than %lld (--rows all shows them)\n",
                (long long)pages.count);
    }
    return code;
}
