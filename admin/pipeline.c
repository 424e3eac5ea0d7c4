/* The one reader of the pipeline's views; see pipeline.h.
 *
 *     asked ──fresh?──▶ answered from the last view
 *        └──no: waits──▶ job ──▶ a worker reads the stores, makes the text ──▶ loop: all who wait
 *
 * The job writes its own view and text only, and reads the last view, which nobody changes while it
 * runs. */
#include "pipeline.h"

#include <stdlib.h>
#include <string.h>

#include "flash/time.h"
#include "metrics.h"

static void run(struct flash_job *job, struct flash_stores *stores)
{
    struct flash_pipeline *pipeline = job->form.pipeline;
    flash_pipeline_read(stores, pipeline->view, pipeline->next);
    job->answer.body = flash_pipeline_json(pipeline->next);
    job->answer.refusal = job->answer.body ? FLASH_REFUSE_NOTHING : FLASH_REFUSE_OVERLOADED;
}

/* Each gets a copy: giving an answer frees it. */
static void give(struct flash_request *request, const char *text, enum flash_refusal refusal)
{
    struct flash_answer answer = {.refusal = refusal, .status = 200};
    answer.body = text ? strdup(text) : NULL;
    if (refusal == FLASH_REFUSE_NOTHING && !answer.body) {
        answer.refusal = FLASH_REFUSE_OVERLOADED;
    }
    flash_answer_give(request, &answer);
}

static void over(struct flash_job *job)
{
    struct flash_pipeline *pipeline = job->form.pipeline;
    enum flash_refusal refusal = job->answer.refusal;
    pipeline->running = false;
    if (refusal == FLASH_REFUSE_NOTHING) {
        free(pipeline->text);
        free(pipeline->view);
        pipeline->text = job->answer.body;
        pipeline->view = pipeline->next;
    } else {
        free(job->answer.body);
        free(pipeline->next);
        pipeline->started_us = 0; /* the last view is not this one */
    }
    pipeline->next = NULL;
    job->answer.body = NULL;
    int count = pipeline->waiting_count;
    pipeline->waiting_count = 0;
    for (int i = 0; i < count; i++) {
        give(pipeline->waiting[i], pipeline->text, refusal);
    }
    if (refusal == FLASH_REFUSE_NOTHING && pipeline->told) {
        pipeline->told(pipeline->arg);
    }
}

void flash_pipeline_init(struct flash_pipeline *pipeline, struct flash_workers *workers)
{
    memset(pipeline, 0, sizeof(*pipeline));
    pipeline->workers = workers;
    pipeline->job.run = run;
    pipeline->job.over = over;
    pipeline->job.form.pipeline = pipeline;
}

void flash_pipeline_done(struct flash_pipeline *pipeline)
{
    free(pipeline->text);
    free(pipeline->view);
    pipeline->text = NULL;
    pipeline->view = NULL;
}

struct flash_text flash_pipeline_last(const struct flash_pipeline *pipeline)
{
    return (struct flash_text){pipeline->text, pipeline->text ? strlen(pipeline->text) : 0};
}

struct flash_text flash_pipeline_fresh(const struct flash_pipeline *pipeline)
{
    bool fresh = pipeline->text && !pipeline->running &&
                 flash_time_monotonic_us() - pipeline->started_us < FLASH_PIPELINE_FRESH_US;
    return fresh ? flash_pipeline_last(pipeline) : (struct flash_text){NULL, 0};
}

bool flash_pipeline_refresh(struct flash_pipeline *pipeline)
{
    if (pipeline->running || flash_pipeline_fresh(pipeline).at) {
        return true;
    }
    pipeline->next = malloc(sizeof(*pipeline->next));
    pipeline->job.answer = (struct flash_answer){0};
    pipeline->running = pipeline->next && flash_workers_submit(pipeline->workers, &pipeline->job);
    if (!pipeline->running) {
        free(pipeline->next);
        pipeline->next = NULL;
        return false;
    }
    pipeline->started_us = flash_time_monotonic_us();
    flash_admin_count(METRIC_VIEWS, 1);
    return true;
}

void flash_pipeline_answer(struct flash_pipeline *pipeline, struct flash_request *request)
{
    struct flash_text text = flash_pipeline_fresh(pipeline);
    if (text.at) {
        give(request, text.at, FLASH_REFUSE_NOTHING);
    } else if (pipeline->waiting_count == FLASH_PIPELINE_WAITING_MAX ||
               !flash_pipeline_refresh(pipeline)) {
        give(request, NULL, FLASH_REFUSE_OVERLOADED);
    } else {
        pipeline->waiting[pipeline->waiting_count++] = request;
    }
}
