/* GET /v1/pipeline: how orders flow (pipeline_view.h), read at most once a second by one job,
 * however many ask. Nothing is read while nobody asks. All on the loop's thread. */
#ifndef ADMIN_PIPELINE_H
#define ADMIN_PIPELINE_H

#include "pipeline_view.h"
#include "workers.h"

#define FLASH_PIPELINE_WAITING_MAX 64 /* requests that wait for one view, before 503 */
#define FLASH_PIPELINE_FRESH_US UINT64_C(1000000)

struct flash_pipeline {
    struct flash_job job;             /* the same one for every view */
    bool running;                     /* it is with the workers */
    uint64_t started_us;              /* when it was handed to them last */
    struct flash_workers *workers;    /* (borrowed) */
    struct flash_pipeline_view *view; /* the last one; NULL: none yet */
    struct flash_pipeline_view *next; /* the job's, while it runs */
    char *text;                       /* of view */
    struct flash_request *waiting[FLASH_PIPELINE_WAITING_MAX];
    int waiting_count;
    void (*told)(void *arg); /* after each new view; NULL: nobody else listens */
    void *arg;
};

void flash_pipeline_init(struct flash_pipeline *pipeline, struct flash_workers *workers);
/* After the workers are gone, which answers what waits. */
void flash_pipeline_done(struct flash_pipeline *pipeline);
/* Answers request with a view that is at most a second old, now or once there is one. */
void flash_pipeline_answer(struct flash_pipeline *pipeline, struct flash_request *request);
/* Asks for a new view unless one is under way, or the last is fresh. False: the workers are full.
 */
bool flash_pipeline_refresh(struct flash_pipeline *pipeline);
/* The last view as JSON (borrowed until the loop runs again); at is NULL without one, or, of fresh,
 * if it is older than a second. */
struct flash_text flash_pipeline_last(const struct flash_pipeline *pipeline);
struct flash_text flash_pipeline_fresh(const struct flash_pipeline *pipeline);

#endif
