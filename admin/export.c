/* Exports piece by piece; see export.h.
 *
 *     begin ──▶ write ──drained──▶ submit ──▶ run (a worker) ──▶ over: write … close
 *                  └─ gone: freed, at once or when the worker is done with it */
#include "export.h"

#include <stdlib.h>
#include <string.h>

#include "flash/log.h"
#include "metrics.h"

#define EXPORTS_MAX 8
#define ROOM (4 << 20) /* bytes: a piece of the longest rows */

static int open_exports; /* the loop's thread only */

struct flash_export {
    struct flash_job *job; /* owned while it does not run */
    struct flash_workers *workers;
    struct flash_stream *stream; /* NULL: gone */
    bool running;
};

bool flash_export_wanted(const struct flash_job *job)
{
    return job->request && flash_request_method(job->request) != FLASH_METHOD_HEAD &&
           job->answer.refusal == FLASH_REFUSE_NOTHING && job->answer.body && job->answer.more;
}

static void finish(struct flash_export *export)
{
    free(export->job->answer.body);
    free(export->job->answer.members);
    free(export->job);
    free(export);
    open_exports--;
    flash_metric_set(&flash_admin_metrics[METRIC_EXPORTS], open_exports);
}

/* Writes the job's piece; the last one ends it. */
static void write_piece(struct flash_export *export)
{
    struct flash_answer *answer = &export->job->answer;
    size_t len = strlen(answer->body);
    bool more = answer->more;
    bool written =
        len == 0 || flash_stream_write(export->stream, (struct flash_text){answer->body, len});
    free(answer->body);
    answer->body = NULL;
    if (!more) { /* also of one that just failed: then nobody is told any more */
        flash_stream_close(export->stream);
        finish(export);
    } else if (written && len == 0) {
        flash_stream_abort(export->stream); /* more to come, and nothing came: never */
        finish(export);
    }
}

static void over(struct flash_job *job)
{
    struct flash_export *export = job->export;
    export->running = false;
    if (!export->stream) {
        finish(export);
    } else if (job->answer.refusal != FLASH_REFUSE_NOTHING || !job->answer.body) {
        FLASH_LOG(WARN, "admin.export_cut", FLASH_INT("sku", job->sku),
                  FLASH_TEXT("request_id", job->caller.request_id));
        flash_stream_abort(export->stream);
        finish(export);
    } else {
        write_piece(export);
    }
}

static void drained(struct flash_stream *stream, void *arg)
{
    struct flash_export *export = arg;
    if (export->running) {
        return;
    }
    export->running = flash_workers_submit(export->workers, export->job);
    if (!export->running) {
        FLASH_LOG(WARN, "admin.export_cut", FLASH_INT("sku", export->job->sku),
                  FLASH_TEXT("request_id", export->job->caller.request_id));
        flash_stream_abort(stream);
        finish(export);
    }
}

static void gone(struct flash_stream *stream, void *arg)
{
    struct flash_export *export = arg;
    (void)stream;
    export->stream = NULL;
    if (!export->running) {
        finish(export);
    }
}

void flash_export_begin(struct flash_workers *workers, struct flash_job *job)
{
    struct flash_export *export = open_exports < EXPORTS_MAX ? calloc(1, sizeof(*export)) : NULL;
    if (!export) {
        flash_answer_refuse(job->request, FLASH_REFUSE_OVERLOADED, "Too many exports are open.",
                            NULL);
        free(job->answer.body);
        free(job);
        return;
    }
    flash_metric_set(&flash_admin_metrics[METRIC_EXPORTS], ++open_exports);
    flash_admin_count(METRIC_ANSWERS_GOOD, 1);
    *export = (struct flash_export){.job = job, .workers = workers};
    job->export = export;
    job->over = over;
    const struct flash_stream_start start = {.content_type = job->answer.type,
                                             .headers = "Cache-Control: no-store\r\n",
                                             .gone = gone,
                                             .arg = export,
                                             .drained = drained,
                                             .room = ROOM};
    export->stream = flash_request_stream(job->request, &start);
    job->request = NULL;
    write_piece(export);
}
