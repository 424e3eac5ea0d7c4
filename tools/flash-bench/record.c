/* Lines about orders, gathered per thread and appended to one file; see record.h. */
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "flash/put.h"
#include "flash/time.h"

#define BUFFER_SIZE 262144
#define LINE_MAX_BYTES 320

_Static_assert(sizeof("cancel-unknown") + FLASH_BENCH_DERIVED_ID + FLASH_USER_MAX + FLASH_KEY_MAX +
                       3 * FLASH_NUMBER_MAX + 7 <=
                   LINE_MAX_BYTES,
               "the longest line fits");

static const char heading[] = "outcome\torder_id\tuser\tquantity\tkey\tattempts\tat\n";

bool flash_bench_record_open(const struct flash_bench_options *options, int *ret_fd,
                             struct flash_error *err)
{
    if (options->accepted_file[0] == '\0') {
        *ret_fd = -1;
        return true;
    }
    int fd =
        open(options->accepted_file, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0 || write(fd, heading, sizeof(heading) - 1) != (ssize_t)sizeof(heading) - 1) {
        flash_error_set(err, FLASH_ERROR_CONFIG, "--accepted %.150s: %s", options->accepted_file,
                        strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return false;
    }
    *ret_fd = fd;
    return true;
}

bool flash_bench_record_init(struct flash_bench_record *record,
                             const struct flash_bench_writer *writer, int fd,
                             struct flash_error *err)
{
    *record = (struct flash_bench_record){.writer = writer, .fd = fd};
    record->wall_offset_us =
        (int64_t)(flash_time_wall_ms() * 1000) - (int64_t)flash_time_monotonic_us();
    if (fd < 0) {
        return true;
    }
    record->buffer = malloc(BUFFER_SIZE);
    return record->buffer != NULL ||
           flash_error_set(err, FLASH_ERROR_CONFIG, "no memory to record orders");
}

void flash_bench_record_flush(struct flash_bench_record *record)
{
    size_t done = 0;
    while (done < record->used && record->failed == 0) {
        ssize_t n = write(record->fd, record->buffer + done, record->used - done);
        if (n >= 0) {
            done += (size_t)n;
        } else if (errno != EINTR) {
            record->failed = errno;
        }
    }
    record->used = 0;
}

/* What makes a repeat of op the same request. */
static struct flash_text key_of(const struct flash_bench_record *record,
                                const struct flash_bench_op *op, char buffer[FLASH_KEY_MAX])
{
    switch (op->kind) {
    case FLASH_BENCH_PAY:
        return flash_bench_writer_payment(op->order_id, buffer);
    case FLASH_BENCH_CANCEL:
        return (struct flash_text){"-", 1};
    default:
        return flash_bench_writer_key(record->writer, op->number, buffer);
    }
}

static char *put_field(char *out, struct flash_text text)
{
    *out++ = '\t';
    return flash_put(out, text.at, text.len);
}

static char *put_number_field(char *out, uint64_t number)
{
    *out++ = '\t';
    return flash_put_number(out, number);
}

void flash_bench_record_add(struct flash_bench_record *record, const struct flash_bench_op *op,
                            const char *outcome, uint64_t now_us)
{
    char user_buffer[FLASH_USER_MAX], key_buffer[FLASH_KEY_MAX];
    if (record->fd < 0) {
        return;
    }
    struct flash_text user = flash_bench_writer_user(record->writer, op->user, user_buffer);
    struct flash_text key = key_of(record, op, key_buffer);
    if (record->used + LINE_MAX_BYTES > BUFFER_SIZE) {
        flash_bench_record_flush(record);
    }
    char *out = record->buffer + record->used;
    out = flash_put_text(out, outcome);
    out = put_field(out, (struct flash_text){op->order_id, strlen(op->order_id)});
    out = put_field(out, user);
    out = put_number_field(out, (uint64_t)op->quantity);
    out = put_field(out, key);
    out = put_number_field(out, (uint64_t)op->attempts);
    out = put_number_field(out, (uint64_t)(((int64_t)now_us + record->wall_offset_us) / 1000));
    *out++ = '\n';
    record->used = (size_t)(out - record->buffer);
}

void flash_bench_record_destroy(struct flash_bench_record *record)
{
    free(record->buffer);
}
