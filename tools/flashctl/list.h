/* Lists of the back office, page by page: what each is asked with and what is shown of it. */
#ifndef FLASHCTL_LIST_H
#define FLASHCTL_LIST_H

#include "client.h"
#include "output.h"

#define FLASH_CTL_FILTERS_MAX 8

struct flash_ctl_list {
    const char *path;   /* "/v1/orders"; '*' stands for the SKU */
    const char *member; /* of the answer, which has the rows: "orders" */
    const struct flash_ctl_column *columns;
    int rows;             /* shown without --rows; 0: all */
    const char *any_word; /* the state that means no filter, "all"; NULL: each is sent */
    struct {
        enum flash_ctl_option option; /* NONE ends them */
        const char *query;            /* what the route calls it; of a flag "name=value" */
    } filters[FLASH_CTL_FILTERS_MAX];
};

extern const struct flash_ctl_list flash_ctl_list_sales, flash_ctl_list_stock, flash_ctl_list_low,
    flash_ctl_list_orders, flash_ctl_list_refunds, flash_ctl_list_log, flash_ctl_list_runs,
    flash_ctl_list_findings;

/* The rows of one list, in the order they come. */
struct flash_ctl_pages {
    const struct flash_ctl_list *list; /* (borrowed) */
    const char *sku;                   /* (borrowed) of a path with '*'; else NULL */
    int64_t most;                      /* rows, at most; 0: all */
    bool patient;                      /* waits where the server puts it off */
    /* Takes a row (borrowed); false: no more. */
    bool (*take)(json_t *row, void *arg);
    void *arg;
    int64_t count; /* rows taken so far */
    bool more;     /* there was more than `most` */
};
/* Errors are said on stderr. */
enum flash_ctl_exit flash_ctl_pages_read(struct flash_ctl_client *client,
                                         const struct flash_ctl_command *command,
                                         struct flash_ctl_pages *pages);

/* The verbs that list, and those that export the same. */
enum flash_ctl_exit flash_ctl_list_run(struct flash_ctl_client *client,
                                       const struct flash_ctl_command *command);
enum flash_ctl_exit flash_ctl_export_run(struct flash_ctl_client *client,
                                         const struct flash_ctl_command *command);

#endif
