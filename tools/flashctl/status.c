/* The verb that asks every daemon whether its parts are ready, and why not. */
#include <string.h>

#include "client.h"
#include "output.h"
#include "values.h"
#include "verbs.h"

static const struct flash_ctl_column columns[] = {
    {"daemon", "daemon"},
    {"part", "part"},
    {"state", "state", FLASH_CTL_STATE_WORD},
    {"version", "version"},
    {"reason", "reason"},
    {"url", "url", FLASH_CTL_ASIDE},
    {0},
};

static const struct {
    const char *name;
    enum flash_ctl_option option;
} daemons[] = {
    {"admin", FLASH_CTL_ADMIN},
    {"engine", FLASH_CTL_ENGINE},
    {"consumer", FLASH_CTL_CONSUMER},
    {"reconciler", FLASH_CTL_RECONCILER},
};

struct look {
    struct flash_ctl_client *client;
    struct flash_ctl_rows *rows;
    const char *name, *url;
};

static void add(const struct look *look, const char *part, const char *state, const char *reason)
{
    struct flash_ctl_reply version = {0};
    const struct flash_ctl_request request = {
        .method = "GET", .path = "/version", .base = look->url, .any = true};
    bool whole = strcmp(part, "all") == 0 && strcmp(state, "no answer") != 0;
    const char *text = NULL;
    if (whole && flash_ctl_ask(look->client, &request, &version) == FLASH_CTL_OK) {
        text = json_string_value(json_object_get(version.body, "version"));
    }
    json_t *row =
        json_pack("{s:s, s:s, s:s, s:s, s:s?, s:s?}", "daemon", look->name, "url", look->url,
                  "part", part, "state", state, "reason", reason, "version", text);
    flash_ctl_rows_add(look->rows, row);
    json_decref(row);
    flash_ctl_reply_free(&version);
}

/* A row of the daemon, and one of each part. */
static enum flash_ctl_exit add_parts(const struct look *look, const json_t *body)
{
    size_t i;
    json_t *part;
    bool ready = json_is_true(json_object_get(body, "ready"));
    if (!json_object_get(body, "ready")) {
        add(look, "all", "no answer", "it answers, and not as our daemons do");
        return FLASH_CTL_UNREACHABLE;
    }
    add(look, "all", ready ? "ready" : "not ready", NULL);
    json_array_foreach(json_object_get(body, "parts"), i, part)
    {
        const char *name = json_string_value(json_object_get(part, "name"));
        bool is = json_is_true(json_object_get(part, "ready"));
        add(look, name ? name : "-", is ? "ready" : "not ready",
            json_string_value(json_object_get(part, "reason")));
    }
    return ready ? FLASH_CTL_OK : FLASH_CTL_REFUSED;
}

static enum flash_ctl_exit look_at(const struct look *look)
{
    struct flash_ctl_reply reply = {0};
    const struct flash_ctl_request request = {
        .method = "GET", .path = "/readyz", .base = look->url, .any = true};
    enum flash_ctl_exit code = flash_ctl_ask(look->client, &request, &reply);
    if (code == FLASH_CTL_OK) {
        code = add_parts(look, reply.body);
    } else {
        add(look, "all", "no answer", "it cannot be asked");
    }
    flash_ctl_reply_free(&reply);
    return code;
}

/* The worst of all: a daemon that does not answer, else one that is not ready. */
enum flash_ctl_exit flash_ctl_status(struct flash_ctl_client *client,
                                     const struct flash_ctl_command *command)
{
    const struct flash_ctl_rows_start start = {
        .out = stdout,
        .format = flash_ctl_format_of(command, FLASH_CTL_TABLE),
        .name = "parts",
        .columns = columns,
    };
    struct flash_ctl_rows *rows = flash_ctl_rows_new(&start);
    enum flash_ctl_exit worst = FLASH_CTL_OK;
    for (size_t i = 0; rows && i < sizeof(daemons) / sizeof(daemons[0]); i++) {
        const char *url = daemons[i].option == FLASH_CTL_ADMIN
                              ? flash_ctl_client_url(client)
                              : flash_ctl_client_other(client, daemons[i].option);
        const struct look look = {client, rows, daemons[i].name, url};
        if (!url[0]) {
            fprintf(stderr, "flashctl: flash-%s is not looked at: --%s or --config is needed\n",
                    daemons[i].name, daemons[i].name);
            continue;
        }
        enum flash_ctl_exit code = look_at(&look);
        worst = code > worst ? code : worst;
    }
    return rows && flash_ctl_rows_end(rows) ? worst : FLASH_CTL_REFUSED;
}
