/* A piece of work that may block, on its way from the loop to a worker thread and back with its
 * answer. */
#ifndef ADMIN_JOB_H
#define ADMIN_JOB_H

#include "adjust_form.h"
#include "answer.h"
#include "flash/jwt.h"
#include "flash/kafka.h"
#include "flash/mailbox.h"
#include "flash/mysql.h"
#include "flash/redis_sync.h"
#include "form.h"
#include "list_form.h"
#include "reconcile_form.h"
#include "refund_form.h"

#define FLASH_TARGET_PATH_MAX 128
#define FLASH_TARGET_QUERY_MAX 1200

/* A worker's own connections, and what all workers share. */
struct flash_stores {
    struct flash_mysql *mysql;
    struct flash_redis_sync *redis;
    const struct flash_config *config; /* (borrowed) */
    struct flash_producer *producer;   /* (borrowed) safe from any thread */
    const _Atomic bool *hurry; /* (borrowed) once set, what only waits for others gives up */
};

/* Who asked, for the paper trail. */
struct flash_caller {
    char operator[FLASH_USER_MAX + 1];
    char subject[FLASH_USER_MAX + 1]; /* of the token; "": none */
    enum flash_role role;
    char request_id[40];
    int64_t end_s; /* wall clock: when the token ends; 0: never */
};

struct flash_job {
    struct flash_letter letter; /* first member; belongs to the queue, then to the mailbox */
    void (*run)(struct flash_job *job, struct flash_stores *stores); /* on a worker's thread */
    /* NULL, or set by run: what is left of it may take long, and is done as a slow job. Where it is
     * not (too many wait, the daemon stops), run's answer counts. */
    void (*then)(struct flash_job *job, struct flash_stores *stores);
    void (*over)(struct flash_job *job); /* on the loop's thread, after run or instead of it */
    struct flash_request *request;       /* NULL: the daemon's own work, or answered in pieces */
    struct flash_workers *workers;       /* (borrowed) that it was given to */
    struct flash_export *export;         /* (borrowed) that it makes pieces for */
    struct flash_caller caller;
    int64_t sku; /* that it is about, 0: none */
    bool slow;   /* may take long: one such job is run at a time, so that others are not held up */
    union {
        struct flash_stock_form stock;
        struct flash_sale_form sale;
        struct flash_adjust_form adjust;
        struct flash_refund_list_form refunds;
        struct flash_refund_form refund;
        struct flash_reconcile_form reconcile;
        struct flash_list_form list;
        struct flash_threshold_form threshold;
        struct flash_close_form close;
        char order_id[FLASH_ORDER_ID_MAX + 1];
        struct flash_repair *repair;     /* (borrowed) */
        struct flash_pipeline *pipeline; /* (borrowed) */
    } form;
    char path[FLASH_TARGET_PATH_MAX + 1]; /* of a list: the address that was asked for */
    char query[FLASH_TARGET_QUERY_MAX + 1];
    struct flash_answer answer;
};

#endif
