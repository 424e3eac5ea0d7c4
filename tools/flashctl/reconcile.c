/* The verbs about flash-reconciler's work: start a pass, one run with its findings, expire what is
 * due. */
#include "client.h"
#include "list.h"
#include "output.h"
#include "verbs.h"

enum flash_ctl_exit flash_ctl_reconcile_run(struct flash_ctl_client *client,
                                            const struct flash_ctl_command *command)
{
    const struct flash_ctl_request request = {.method = "POST", .path = "/v1/reconcile/runs"};
    return flash_ctl_ask_and_show(client, command, &request);
}

enum flash_ctl_exit flash_ctl_order_expire(struct flash_ctl_client *client,
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

static enum flash_ctl_exit show_report(const struct flash_ctl_command *command, const json_t *run,
                                       json_t *findings)
{
    json_t *whole = json_pack("{s:O, s:O}", "run", run, "findings", findings);
    const struct flash_ctl_story story = {
        .whole = whole, .about = run, .rows = findings, .columns = flash_ctl_list_findings.columns};
    bool ok = whole && flash_ctl_show_story(command, &story);
    json_decref(whole);
    return ok ? FLASH_CTL_OK : FLASH_CTL_REFUSED;
}

enum flash_ctl_exit flash_ctl_reconcile_report(struct flash_ctl_client *client,
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
        if (code == FLASH_CTL_OK) {
            code = show_report(command, run.body, findings);
        }
    }
    flash_ctl_reply_free(&run);
    json_decref(findings);
    return code;
}
