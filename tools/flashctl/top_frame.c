/* Lays a view of the pipeline out; see top_frame.h. */
#include "top_frame.h"

#include <stdlib.h>
#include <string.h>

#include "output.h"
#include "text.h"

#define ERASE_LINE "\033[K"
#define ERASE_BELOW "\033[J"
#define RED "\033[31m"
#define PLAIN "\033[0m"

static const struct flash_ctl_column columns[] = {
    {"sku", "sku"},
    {"title", "title"},
    {"state", "state", FLASH_CTL_STATE_WORD},
    {"redis.available", "available", FLASH_CTL_NUMBER},
    {"redis.accepted_per_s", "accepted/s", FLASH_CTL_NUMBER},
    {"redis.journal", "journal", FLASH_CTL_NUMBER},
    {"redis.oldest_ms", "oldest ms", FLASH_CTL_NUMBER},
    {"available", "ledger", FLASH_CTL_NUMBER},
    {"reserved", "reserved", FLASH_CTL_NUMBER},
    {"sold", "sold", FLASH_CTL_NUMBER},
    {"total", "total", FLASH_CTL_NUMBER},
    {"redis.gate", "gate"},
    {0},
};

/* A value of the view behind its label. */
static void put(const json_t *view, const char *label, const char *member, FILE *out)
{
    char *text = flash_ctl_value_text(flash_ctl_member(view, member), "?");
    fputs(label, out);
    flash_ctl_put_plain(text ? text : "?", out);
    free(text);
}

static void put_plain(const json_t *object, const char *member, FILE *out)
{
    put(object, "", member, out);
}

static void put_parts(const json_t *view, bool colours, FILE *out)
{
    size_t i;
    json_t *part;
    fputs("parts     ", out);
    json_array_foreach(json_object_get(view, "parts"), i, part)
    {
        bool ready = json_is_true(json_object_get(part, "ready"));
        fputs(i ? "   " : "", out);
        fputs(!ready && colours ? RED : "", out);
        put_plain(part, "name", out);
        fputs(ready ? " ready" : " not ready: ", out);
        if (!ready) {
            put_plain(part, "reason", out);
        }
        fputs(!ready && colours ? PLAIN : "", out);
    }
    fputc('\n', out);
}

static void put_alerts(const json_t *view, bool colours, FILE *out)
{
    size_t i;
    json_t *alert;
    json_array_foreach(json_object_get(view, "alerts"), i, alert)
    {
        fputs(i ? "          " : "alerts    ", out);
        fputs(colours ? RED : "", out);
        put_plain(alert, "severity", out);
        put(alert, " ", "key", out);
        put(alert, " since ", "since", out);
        put(alert, ": ", "detail", out);
        fputs(colours ? PLAIN : "", out);
        fputc('\n', out);
    }
}

static void put_findings(const json_t *view, FILE *out)
{
    const char *cause;
    json_t *count;
    put(view, "findings  open ", "findings.open", out);
    json_object_foreach(json_object_get(json_object_get(view, "findings"), "by_cause"), cause,
                        count)
    {
        fputs("  ", out);
        flash_ctl_put_plain(cause, out);
        fprintf(out, " %lld", (long long)json_integer_value(count));
    }
    if (json_is_object(json_object_get(view, "audit"))) {
        put(view, "   audit ", "audit.state", out);
        put(view, ", findings ", "audit.findings", out);
        put(view, ", ", "audit.ended_at", out);
    }
    fputc('\n', out);
}

static void put_skus(const json_t *view, bool colours, FILE *out)
{
    size_t i;
    json_t *sku;
    const struct flash_ctl_rows_start start = {
        .out = out, .format = FLASH_CTL_TABLE, .columns = columns, .colours = colours};
    struct flash_ctl_rows *rows = flash_ctl_rows_new(&start);
    json_array_foreach(rows ? json_object_get(view, "skus") : NULL, i, sku)
    {
        flash_ctl_rows_add(rows, sku);
    }
    (void)flash_ctl_rows_end(rows);
    if (json_is_true(json_object_get(view, "more_skus"))) {
        fputs("… and more SKUs\n", out);
    }
}

void flash_ctl_top_frame(const json_t *view, bool colours, FILE *out)
{
    put(view, "flashgate ", "at", out);
    put(view, "   generation ", "generation", out);
    put(view, "\nrates     accepted/s ", "rates.accepted_per_s", out);
    put(view, "   created/s ", "rates.created_per_s", out);
    put(view, "\njournal   entries ", "journal.entries", out);
    put(view, "   oldest ms ", "journal.oldest_ms", out);
    put(view, "\nlag       consumer ", "consumer.lag", out);
    put(view, "   settle ", "settle.lag", out);
    fputc('\n', out);
    put_findings(view, out);
    put_parts(view, colours, out);
    put_alerts(view, colours, out);
    fputc('\n', out);
    put_skus(view, colours, out);
}

void flash_ctl_top_paint(const char *text, int lines, FILE *out)
{
    for (int i = 0; i < lines && *text; i++) {
        int len = (int)strcspn(text, "\n");
        fprintf(out, "%s%.*s" ERASE_LINE, i ? "\n" : "", len, text);
        text += len + (text[len] == '\n');
    }
    fputs(ERASE_BELOW, out);
}
