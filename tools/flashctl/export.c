/* Exports: a list, all of it, as CSV or JSON lines, on stdout or into a file that appears under its
 * name only when it is complete. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "list.h"
#include "values.h"

#define PATH_LEN 4096

struct target {
    FILE *out;
    const char *path; /* NULL: stdout */
    char part[PATH_LEN];
};

struct writing {
    struct flash_ctl_rows *rows;
    FILE *out;
};

struct sku_list {
    char (*texts)[24]; /* owned */
    size_t count, room;
};

static bool target_open(const char *path, struct target *target)
{
    *target = (struct target){.out = stdout, .path = path};
    if (!path) {
        return true;
    }
    int len = snprintf(target->part, sizeof(target->part), "%s.part", path);
    target->out = len < PATH_LEN ? fopen(target->part, "we") : NULL;
    if (!target->out) {
        fprintf(stderr, "flashctl: %s: %s\n", path,
                strerror(len < PATH_LEN ? errno : ENAMETOOLONG));
    }
    return target->out != NULL;
}

/* Gives the file its name if all of it is there, else removes what there is. */
static enum flash_ctl_exit target_close(struct target *target, enum flash_ctl_exit code)
{
    if (!target->path) {
        return code;
    }
    bool whole =
        code == FLASH_CTL_OK && fflush(target->out) == 0 && fsync(fileno(target->out)) == 0;
    whole = fclose(target->out) == 0 && whole;
    if (whole && rename(target->part, target->path) == 0) {
        return FLASH_CTL_OK;
    }
    if (code == FLASH_CTL_OK) {
        fprintf(stderr, "flashctl: %s could not be written: %s\n", target->path, strerror(errno));
        code = FLASH_CTL_REFUSED;
    }
    unlink(target->part);
    return code;
}

static bool take_row(json_t *row, void *arg)
{
    struct writing *writing = arg;
    flash_ctl_rows_add(writing->rows, row);
    return !ferror(writing->out); /* nobody reads it any more, or the disk is full */
}

static bool take_sku(json_t *row, void *arg)
{
    struct sku_list *skus = arg;
    const char *text = json_string_value(json_object_get(row, "product_id"));
    if (skus->count == skus->room) {
        size_t room = skus->room ? skus->room * 2 : 256;
        void *grown = realloc(skus->texts, room * sizeof(skus->texts[0]));
        if (!grown) {
            return false;
        }
        skus->texts = grown;
        skus->room = room;
    }
    snprintf(skus->texts[skus->count++], sizeof(skus->texts[0]), "%s", text ? text : "");
    return true;
}

/* The log of each SKU in turn: it is kept by SKU. */
static enum flash_ctl_exit read_all_skus(struct flash_ctl_client *client,
                                         const struct flash_ctl_command *command,
                                         struct flash_ctl_pages *pages)
{
    struct sku_list skus = {.count = 0};
    struct flash_ctl_pages listing = {
        .list = &flash_ctl_list_stock, .take = take_sku, .arg = &skus, .patient = true};
    enum flash_ctl_exit code = flash_ctl_pages_read(client, command, &listing);
    if (code == FLASH_CTL_OK && listing.more) {
        fprintf(stderr, "flashctl: out of memory\n");
        code = FLASH_CTL_REFUSED;
    }
    for (size_t i = 0; code == FLASH_CTL_OK && !pages->more && i < skus.count; i++) {
        pages->sku = skus.texts[i];
        code = flash_ctl_pages_read(client, command, pages);
    }
    free(skus.texts);
    return code;
}

enum flash_ctl_exit flash_ctl_export_run(struct flash_ctl_client *client,
                                         const struct flash_ctl_command *command)
{
    const struct flash_ctl_list *list = command->verb->list;
    struct target target;
    if (!target_open(command->values[FLASH_CTL_FILE], &target)) {
        return FLASH_CTL_USAGE;
    }
    const struct flash_ctl_rows_start start = {
        .out = target.out,
        .format = flash_ctl_format_of(command, FLASH_CTL_CSV),
        .name = list->member,
        .columns = list->columns,
    };
    struct flash_ctl_rows *rows = flash_ctl_rows_new(&start);
    struct writing writing = {.rows = rows, .out = target.out};
    struct flash_ctl_pages pages = {.list = list,
                                    .sku = command->values[FLASH_CTL_SKU],
                                    .take = take_row,
                                    .arg = &writing,
                                    .patient = true};
    enum flash_ctl_exit code = FLASH_CTL_REFUSED;
    if (rows && strchr(list->path, '*') && !pages.sku) {
        code = read_all_skus(client, command, &pages);
    } else if (rows) {
        code = flash_ctl_pages_read(client, command, &pages);
    }
    if (code != FLASH_CTL_OK && pages.count == 0) {
        flash_ctl_rows_drop(rows);
    } else if (!flash_ctl_rows_end(rows) && code == FLASH_CTL_OK) {
        code = FLASH_CTL_REFUSED;
    }
    code = target_close(&target, code);
    if (code == FLASH_CTL_OK && (target.path || isatty(STDERR_FILENO))) {
        fprintf(stderr, "flashctl: %lld rows\n", (long long)pages.count);
    }
    return code;
}
