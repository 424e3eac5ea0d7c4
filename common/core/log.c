/* Writes log events as JSON lines on standard error.
 *
 * A line is built on the stack, at most PIPE_BUF bytes, and goes out in one write(2): a pipe takes
 * it whole or not at all, and one that poll calls writable has room for it. So a reader that
 * stopped costs lines (counted), never time, and the flags of a descriptor that other processes
 * share stay as they are. One lock keeps threads from racing between poll and write. The rare line
 * of which only a part went out is dropped too; a newline before the next one ends its remains.
 *
 * Values come from anywhere, so nothing in them can end a line or steer a terminal (CWE-117). */
#include "flash/log.h"

#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "flash/metrics.h"
#include "flash/time.h"
#include "flash/utf8.h"

enum {
    LINE_MAX_BYTES = PIPE_BUF,
    VALUE_MAX_BYTES = 512,
};

/* Kept free while fields are added, so that every line can be closed. */
static const char CLOSE[] = "}\n";
static const char CLOSE_CUT[] = ",\"cut\":true}\n";

/* A line being built. One spare byte in front takes the newline that ends a torn line. */
struct line {
    char bytes[1 + LINE_MAX_BYTES];
    size_t len; /* with the spare byte */
    size_t max;
    bool full; /* something did not fit */
};

static const char *_Atomic daemon_name = "flash";
static _Atomic int lowest_level = FLASH_LOG_INFO;
static struct flash_metric dropped =
    FLASH_COUNTER("flash_log_dropped_total", "Log lines that did not go out whole at once");
static pthread_mutex_t write_lock = PTHREAD_MUTEX_INITIALIZER;
static bool torn; /* by write_lock: the last line is on the way without its end */

void flash_log_init(const char *daemon, enum flash_log_level level)
{
    static bool known;
    if (!known) {
        flash_metrics_register(&dropped, 1);
        known = true;
    }
    atomic_store(&daemon_name, daemon);
    flash_log_set_level(level);
}

void flash_log_set_level(enum flash_log_level level)
{
    atomic_store_explicit(&lowest_level, (int)level, memory_order_relaxed);
}

uint64_t flash_log_dropped(void)
{
    return (uint64_t)flash_metric_get(&dropped);
}

static void put(struct line *line, const char *bytes, size_t len)
{
    if (line->full || len > line->max - line->len) {
        line->full = true;
        return;
    }
    memcpy(line->bytes + line->len, bytes, len);
    line->len += len;
}

static void put_text(struct line *line, const char *text)
{
    put(line, text, strlen(text));
}

static void put_character(struct line *line, const unsigned char *text, size_t len)
{
    char escaped[8];
    unsigned control = text[0] < 0x20 || text[0] == 0x7f ? text[0]
                       : text[0] == 0xc2 && text[1] < 0xa0
                           ? text[1] /* C1: terminals obey these too */
                           : UINT_MAX;
    if (control != UINT_MAX) {
        snprintf(escaped, sizeof(escaped), "\\u%04x", control & 0xff);
        put_text(line, escaped);
    } else if (text[0] == '"' || text[0] == '\\') {
        put(line, (const char[]){'\\', (char)text[0]}, 2);
    } else {
        put(line, (const char *)text, len);
    }
}

static void put_string(struct line *line, const char *value)
{
    if (value == NULL) {
        put_text(line, "null");
        return;
    }
    const unsigned char *text = (const unsigned char *)value;
    size_t whole = strnlen(value, VALUE_MAX_BYTES + 4);
    size_t end = whole > VALUE_MAX_BYTES ? VALUE_MAX_BYTES : whole;
    put_text(line, "\"");
    for (size_t at = 0; at < end;) {
        size_t len = flash_utf8_len(value + at, whole - at);
        if (len > end - at) {
            break; /* the cut at 512 bytes falls into this character */
        }
        if (len == 0) {
            put_text(line, "\\ufffd");
            at++;
        } else {
            put_character(line, text + at, len);
            at += len;
        }
    }
    put_text(line, "\"");
}

static void put_key(struct line *line, const char *key)
{
    put_text(line, ",");
    put_string(line, key);
    put_text(line, ":");
}

/* A field is in the line whole or not at all: a cut one would not be JSON. */
static void put_field(struct line *line, const struct flash_log_field *field)
{
    size_t before = line->len;
    put_key(line, field->key);
    if (field->type == FLASH_LOG_FIELD_INT) {
        char number[24];
        snprintf(number, sizeof(number), "%lld", (long long)field->number);
        put_text(line, number);
    } else {
        put_string(line, field->text);
    }
    if (line->full) {
        line->len = before;
    }
}

static void put_head(struct line *line, enum flash_log_level level, const char *event)
{
    static const char *const levels[] = {"debug", "info", "warn", "error"};
    char now[FLASH_TIME_TEXT];
    flash_time_format_ms((int64_t)flash_time_wall_ms(), now);
    put_text(line, "{\"ts\":");
    put_string(line, now);
    put_key(line, "level");
    put_string(line, levels[level]);
    put_key(line, "daemon");
    put_string(line, atomic_load(&daemon_name));
    put_key(line, "event");
    put_string(line, event);
}

static bool is_writable(void)
{
    struct pollfd fd = {.fd = STDERR_FILENO, .events = POLLOUT};
    return poll(&fd, 1, 0) == 1 && (fd.revents & POLLOUT) != 0 && (fd.revents & POLLERR) == 0;
}

static bool write_line(const struct line *line)
{
    bool whole = false;
    pthread_mutex_lock(&write_lock);
    if (is_writable()) {
        size_t skip = torn ? 0 : 1;
        size_t len = line->len - skip;
        ssize_t written = write(STDERR_FILENO, line->bytes + skip, len);
        whole = written == (ssize_t)len;
        torn = written > 0 ? !whole : torn;
    }
    pthread_mutex_unlock(&write_lock);
    return whole;
}

void flash_log_write(enum flash_log_level level, const char *event,
                     const struct flash_log_field *fields, int count)
{
    if ((int)level < atomic_load_explicit(&lowest_level, memory_order_relaxed)) {
        return;
    }
    struct line line = {.bytes = {'\n'}, .len = 1, .max = LINE_MAX_BYTES - sizeof(CLOSE_CUT)};
    put_head(&line, level, event);
    for (int i = 0; i < count; i++) {
        put_field(&line, &fields[i]);
    }
    bool cut = line.full;
    line.full = false;
    line.max = LINE_MAX_BYTES;
    put_text(&line, cut ? CLOSE_CUT : CLOSE);
    if (!write_line(&line)) {
        flash_metric_add(&dropped, 1);
    }
}
