/* The verb that takes in a file of SKUs and stock.
 *
 * The file is read whole and each row is held against what is there before anything is changed: one
 * wrong row, and nothing happens. Then row by row, each step idempotent:
 *
 *   no such SKU ──▶ POST /inventory with 0 units ──▶ POST /inventory/restock, the units
 *   SKU is there ──▶ PUT its threshold if another ──▶ the same
 *
 * The restock's reference is the file's content (or --reference), and a SKU has one row in it. So
 * an import that was stopped anywhere goes on when it is started again, and nothing comes twice. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "flash/ids.h"
#include "import_file.h"
#include "list.h"
#include "output.h"
#include "verbs.h"

#define PROGRESS_EVERY 100

/* What is there of a row's SKU before the import. */
struct before {
    bool exists;
    int64_t version, threshold;
};

struct import {
    struct flash_ctl_client *client;
    const struct flash_ctl_command *command;
    struct flash_ctl_import_file *file;
    struct before *before; /* owned; one a row */
    const char *reason;
    char reference[FLASH_USER_MAX + 1];
    int64_t created, restocked, already, thresholds, units;
};

static void progress(const struct import *import, const char *what, size_t done)
{
    bool over = done == import->file->count;
    if (isatty(STDERR_FILENO) && (over || done % PROGRESS_EVERY == 0)) {
        fprintf(stderr, "\rflashctl: %s %zu of %zu rows%s", what, done, import->file->count,
                over ? "\n" : "");
    }
}

/* ---- before anything is changed ---- */

struct search {
    const char *reference;
    bool found;
};

static bool compare(json_t *row, void *arg)
{
    struct search *search = arg;
    const char *reference = json_string_value(json_object_get(row, "reference"));
    search->found = reference && strcmp(reference, search->reference) == 0;
    return !search->found;
}

/* Whether the log has this import's restock of the SKU. */
static enum flash_ctl_exit was_restocked(const struct import *import, const char *sku,
                                         bool *ret_was)
{
    struct search search = {.reference = import->reference};
    struct flash_ctl_pages pages = {
        .list = &flash_ctl_list_log, .sku = sku, .take = compare, .arg = &search, .patient = true};
    enum flash_ctl_exit code = flash_ctl_pages_read(import->client, import->command, &pages);
    *ret_was = search.found;
    return code;
}

static enum flash_ctl_exit compare_row(const struct import *import,
                                       const struct flash_ctl_import_row *row, const json_t *stock,
                                       const char *sku)
{
    const char *title = json_string_value(json_object_get(stock, "title"));
    int64_t total = json_integer_value(json_object_get(stock, "total"));
    enum flash_ctl_exit code = FLASH_CTL_OK;
    bool was = false;
    if (row->title && strcmp(row->title, title ? title : "") != 0) {
        flash_ctl_import_wrong(import->file, row->line, "the SKU is there with another title");
    }
    if (total + row->units > FLASH_BASE_MAX) {
        code = was_restocked(import, sku, &was);
        if (code == FLASH_CTL_OK && !was) {
            flash_ctl_import_wrong(import->file, row->line,
                                   "the SKU would have more than 1000000000 units");
        }
    }
    return code;
}

static enum flash_ctl_exit look_at_row(const struct import *import, size_t i)
{
    const struct flash_ctl_import_row *row = &import->file->rows[i];
    char path[512], sku[24];
    struct flash_ctl_reply reply = {0};
    const struct flash_ctl_request request = {
        .method = "GET", .path = path, .unless = "unknown-sku", .patient = true};
    snprintf(sku, sizeof(sku), "%lld", (long long)row->sku);
    snprintf(path, sizeof(path), "/inventory/product/%s", sku);
    enum flash_ctl_exit code = flash_ctl_ask(import->client, &request, &reply);
    if (code == FLASH_CTL_OK && reply.status == 200) {
        import->before[i] = (struct before){
            .exists = true,
            .version = json_integer_value(json_object_get(reply.body, "version")),
            .threshold = json_integer_value(json_object_get(reply.body, "low_stock_threshold"))};
        code = compare_row(import, row, reply.body, sku);
    }
    flash_ctl_reply_free(&reply);
    return code;
}

/* ---- the changes ---- */

/* Sends a change; body is owned by the call. */
static enum flash_ctl_exit ask(const struct import *import, const char *path, json_t *body,
                               struct flash_ctl_reply *reply)
{
    const struct flash_ctl_request request = {.method = strstr(path, "/threshold") ? "PUT" : "POST",
                                              .path = path,
                                              .body = body,
                                              .patient = true};
    enum flash_ctl_exit code =
        body ? flash_ctl_ask(import->client, &request, reply) : FLASH_CTL_REFUSED;
    json_decref(body);
    return code;
}

static enum flash_ctl_exit create(struct import *import, const struct flash_ctl_import_row *row,
                                  const char *sku)
{
    struct flash_ctl_reply reply = {0};
    json_t *body = json_pack("{s:s, s:s, s:i, s:I}", "product_id", sku, "title",
                             row->title ? row->title : "", "quantity", 0, "low_stock_threshold",
                             (json_int_t)(row->threshold < 0 ? 0 : row->threshold));
    enum flash_ctl_exit code = ask(import, "/inventory", body, &reply);
    import->created += code == FLASH_CTL_OK;
    flash_ctl_reply_free(&reply);
    return code;
}

static enum flash_ctl_exit set_threshold(struct import *import,
                                         const struct flash_ctl_import_row *row, const char *sku)
{
    char path[512];
    struct flash_ctl_reply reply = {0};
    snprintf(path, sizeof(path), "/inventory/%s/threshold", sku);
    json_t *body = json_pack("{s:I}", "low_stock_threshold", (json_int_t)row->threshold);
    enum flash_ctl_exit code = ask(import, path, body, &reply);
    import->thresholds += code == FLASH_CTL_OK;
    flash_ctl_reply_free(&reply);
    return code;
}

/* A change whose version is not above the one that was seen before was made by an earlier start. */
static enum flash_ctl_exit restock(struct import *import, size_t i, const char *sku)
{
    const struct flash_ctl_import_row *row = &import->file->rows[i];
    struct flash_ctl_reply reply = {0};
    json_t *body =
        json_pack("{s:s, s:I, s:s, s:s}", "product_id", sku, "quantity", (json_int_t)row->units,
                  "reason", import->reason, "reference", import->reference);
    enum flash_ctl_exit code = ask(import, "/inventory/restock", body, &reply);
    if (code == FLASH_CTL_OK) {
        const json_t *change = json_object_get(reply.body, "change");
        bool now =
            json_integer_value(json_object_get(change, "version")) > import->before[i].version;
        import->restocked += now;
        import->already += !now;
        import->units += now ? row->units : 0;
    }
    flash_ctl_reply_free(&reply);
    return code;
}

static enum flash_ctl_exit apply_row(struct import *import, size_t i)
{
    const struct flash_ctl_import_row *row = &import->file->rows[i];
    const struct before *before = &import->before[i];
    char sku[24];
    enum flash_ctl_exit code = FLASH_CTL_OK;
    snprintf(sku, sizeof(sku), "%lld", (long long)row->sku);
    if (!before->exists) {
        code = create(import, row, sku);
    } else if (row->threshold >= 0 && row->threshold != before->threshold) {
        code = set_threshold(import, row, sku);
    }
    return code || row->units == 0 ? code : restock(import, i, sku);
}

/* ---- the whole ---- */

static enum flash_ctl_exit check_all(struct import *import)
{
    for (size_t i = 0; i < import->file->count; i++) {
        enum flash_ctl_exit code = look_at_row(import, i);
        if (code != FLASH_CTL_OK) {
            return code;
        }
        progress(import, "checked", i + 1);
    }
    return import->file->errors ? FLASH_CTL_REFUSED : FLASH_CTL_OK;
}

static enum flash_ctl_exit apply_all(struct import *import)
{
    const struct flash_ctl_import_file *file = import->file;
    for (size_t i = 0; i < file->count; i++) {
        enum flash_ctl_exit code = apply_row(import, i);
        if (code != FLASH_CTL_OK) {
            fprintf(stderr,
                    "flashctl: %s:%lld: stopped here, %zu of %zu rows are done; the same command "
                    "again goes on, and nothing is added twice\n",
                    file->name, (long long)file->rows[i].line, i, file->count);
            return code;
        }
        progress(import, "imported", i + 1);
    }
    return FLASH_CTL_OK;
}

/* What a check found that would happen, as far as it can know. */
static void foresee(struct import *import)
{
    for (size_t i = 0; i < import->file->count; i++) {
        const struct flash_ctl_import_row *row = &import->file->rows[i];
        const struct before *before = &import->before[i];
        import->created += !before->exists;
        import->restocked += row->units > 0;
        import->thresholds +=
            before->exists && row->threshold >= 0 && row->threshold != before->threshold;
        import->units += row->units;
    }
}

static enum flash_ctl_exit show(const struct import *import, bool only_check)
{
    json_t *object = json_pack(
        "{s:s, s:s, s:b, s:I, s:I, s:I, s:I, s:I, s:I}", "file", import->file->name, "reference",
        import->reference, "checked_only", only_check, "rows", (json_int_t)import->file->count,
        "created", (json_int_t)import->created, "restocked", (json_int_t)import->restocked,
        "already_there", (json_int_t)import->already, "thresholds", (json_int_t)import->thresholds,
        "units", (json_int_t)import->units);
    bool ok = object && flash_ctl_show(import->command, object);
    json_decref(object);
    return ok ? FLASH_CTL_OK : FLASH_CTL_REFUSED;
}

static enum flash_ctl_exit import_file(struct import *import)
{
    bool only_check = import->command->values[FLASH_CTL_CHECK] != NULL;
    const char *reason = import->command->values[FLASH_CTL_REASON];
    const char *reference = import->command->values[FLASH_CTL_REFERENCE];
    import->reason = reason ? reason : "import"; /* not the file's name: it may be another later */
    snprintf(import->reference, sizeof(import->reference), "%s%s", reference ? "" : "import-",
             reference ? reference : import->file->hash);
    import->before = calloc(import->file->count + 1, sizeof(*import->before));
    enum flash_ctl_exit code = import->before ? check_all(import) : FLASH_CTL_REFUSED;
    if (code == FLASH_CTL_OK && only_check) {
        foresee(import);
    } else if (code == FLASH_CTL_OK) {
        code = apply_all(import);
    }
    code = code ? code : show(import, only_check);
    free(import->before);
    return code;
}

/* Says what the file's errors mean; true if it has none. */
static bool is_good(const struct flash_ctl_import_file *file)
{
    if (file->errors > FLASH_CTL_IMPORT_ERRORS_MAX) {
        fprintf(stderr, "flashctl: and %zu more\n", file->errors - FLASH_CTL_IMPORT_ERRORS_MAX);
    }
    if (file->errors) {
        fprintf(stderr, "flashctl: %s: %zu errors; nothing was changed\n", file->name,
                file->errors);
    }
    return !file->errors;
}

enum flash_ctl_exit flash_ctl_import_run(const struct flash_ctl_command *command)
{
    const char *path = command->values[FLASH_CTL_FILE];
    const char *reference = command->values[FLASH_CTL_REFERENCE];
    struct flash_ctl_client *client = NULL;
    struct flash_ctl_import_file file = {.name = path, .told = stderr};
    bool standard = strcmp(path, "-") == 0;
    if (reference && !flash_ref_valid((struct flash_text){reference, strlen(reference)})) {
        fprintf(stderr, "flashctl: --reference of units must be 1 to 64 printable characters "
                        "without blanks, quotes, backslashes, braces\n");
        return FLASH_CTL_USAGE;
    }
    FILE *in = standard ? stdin : fopen(path, "re");
    if (!in) {
        fprintf(stderr, "flashctl: %s: %s\n", path, strerror(errno));
        return FLASH_CTL_USAGE;
    }
    flash_ctl_import_read(in, &file);
    enum flash_ctl_exit code = is_good(&file) ? FLASH_CTL_OK : FLASH_CTL_USAGE;
    code = code ? code : flash_ctl_client_open(command, &client);
    if (code == FLASH_CTL_OK) {
        struct import import = {.client = client, .command = command, .file = &file};
        code = import_file(&import);
        if (code == FLASH_CTL_REFUSED) {
            (void)is_good(&file);
        }
    }
    flash_ctl_client_close(client);
    flash_ctl_import_free(&file);
    if (!standard) {
        fclose(in);
    }
    return code;
}
