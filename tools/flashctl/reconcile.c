/* The verbs about flash-reconciler's work: start a pass, one run with its findings, expire what is
 * due. */
#include "client.h"
#include "list.h"
#include "output.h"
#include "values.h"
#include "verbs.h"

static enum flash_ctl_exit start(struct flash_ctl_client *client,
                                 const struct flash_ctl_command *command)
{
    const struct flash_ctl_request request = {.method = "POST", .path = "/v1/reconcile/runs"};
    return flash_ctl_ask_and_show(client, command, &request);
}

static enum flash_ctl_exit expire(struct flash_ctl_client *client,
                                  const struct flash_ctl_command *command)
{
    const struct flash_ctl_request request = {.method = "POST",
                                              .path = "/inventory/cleanup-expired"};
    return flash_ctl_ask_and_show(client, command, &request);
}

static bool keep(json_t *row, void *arg)
{
    return json_array_append(arg, row) == 0;
}

/* A table has the run above its findings, JSON has them inside it; JSON lines and CSV are the
 * findings alone. */
static enum flash_ctl_exit show_report(const struct flash_ctl_command *command, json_t *run,
                                       json_t *findings)
{
    size_t i;
    json_t *row;
    enum flash_ctl_format format = flash_ctl_format_of(command, FLASH_CTL_TABLE);
    const struct flash_ctl_rows_start start_rows = {.out = stdout,
                                                    .format = format,
                                                    .name = "findings",
                                                    .columns = flash_ctl_list_findings.columns};
    if (format == FLASH_CTL_JSON) {
        json_object_set(run, "found", findings);
        return flash_ctl_show(command, run) ? FLASH_CTL_OK : FLASH_CTL_REFUSED;
    }
    if (format == FLASH_CTL_TABLE) {
        flash_ctl_show_table(run, stdout);
        fputc('\n', stdout);
    }
    struct flash_ctl_rows *rows = flash_ctl_rows_new(&start_rows);
    json_array_foreach(findings, i, row)
    {
        flash_ctl_rows_add(rows, row);
    }
    return rows && flash_ctl_rows_end(rows) ? FLASH_CTL_OK : FLASH_CTL_REFUSED;
}

static enum flash_ctl_exit report(struct flash_ctl_client *client,
                                  const struct flash_ctl_command *command)
{
    char path[512];
    struct flash_ctl_reply run = {0};
    json_t *findings = json_array();
    struct flash_ctl_pages pages = {
        .list = &flash_ctl_list_findings, .take = keep, .arg = findings};
    const struct flash_ctl_request request = {.method = "GET", .path = path};
    enum flash_ctl_exit code = FLASH_CTL_USAGE;
    if (flash_ctl_path(path, "/v1/reconcile/runs/*", command->values[FLASH_CTL_RUN])) {
        code = flash_ctl_ask(client, &request, &run);
        code = code ? code : flash_ctl_pages_read(client, command, &pages);
        code = code ? code : show_report(command, run.body, findings);
    }
    flash_ctl_reply_free(&run);
    json_decref(findings);
    return code;
}

enum flash_ctl_exit flash_ctl_reconcile_run(const struct flash_ctl_command *command)
{
    return flash_ctl_with_client(command, start);
}

enum flash_ctl_exit flash_ctl_reconcile_report(const struct flash_ctl_command *command)
{
    return flash_ctl_with_client(command, report);
}

enum flash_ctl_exit flash_ctl_order_expire(const struct flash_ctl_command *command)
{
    return flash_ctl_with_client(command, expire);
}
