/* The head's checks as pure functions: every case of the table, cut everywhere, its bytes ending at
 * a guard page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "cases.h"
#include "harness.h"
#include "head.h"
#include "response.h"

/* bytes before an unreadable page: reading one too many is a crash. */
static struct {
    char *map;
    size_t readable;
} guarded;

static int guard_setup(void **state)
{
    (void)state;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    guarded.readable = (RAW_MAX + page - 1) / page * page;
    guarded.map = mmap(NULL, guarded.readable + page, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return guarded.map == MAP_FAILED ||
           mprotect(guarded.map + guarded.readable, page, PROT_NONE) != 0;
}

static const char *guard(const char *bytes, size_t len)
{
    char *at = guarded.map + guarded.readable - len;
    memcpy(at, bytes, len);
    return at;
}

/* The status that bytes lead to: 200 for a head that is accepted, 0 for one that is not complete.
 */
static int verdict(struct head *head, const char *bytes, size_t len)
{
    struct framing framing;
    enum head_progress progress = flash_http_head_feed(head, guard(bytes, len), len);
    if (progress == HEAD_MORE) {
        return 0;
    }
    enum refusal refusal = head->refusal;
    if (progress == HEAD_COMPLETE) {
        assert_true(head->len <= len);
        refusal = flash_http_head_judge(head, guard(bytes, len), BODY_MAX, &framing);
    }
    return refusal == REFUSAL_NONE ? 200 : flash_http_refusal_problem(refusal)->status;
}

static void table_whole(void **state)
{
    (void)state;
    static char bytes[RAW_MAX];
    assert_true(raw_case_count >= 80);
    for (size_t i = 0; i < raw_case_count; i++) {
        struct head head;
        flash_http_head_reset(&head);
        int status = verdict(&head, bytes, raw_case_bytes(&raw_cases[i], bytes));
        if (status != raw_cases[i].status) {
            fail_msg("%s: %d", raw_cases[i].name, status);
        }
    }
}

/* The verdict of the whole, and no other, whatever the first piece is. */
static void check_cut(const struct raw_case *raw, const char *bytes, size_t len, size_t cut)
{
    struct head head;
    flash_http_head_reset(&head);
    int status = verdict(&head, bytes, cut);
    if (status == 0) {
        status = verdict(&head, bytes, len);
    }
    if (status != raw->status) {
        fail_msg("%s cut at %zu: %d", raw->name, cut, status);
    }
}

static void table_cut_everywhere(void **state)
{
    (void)state;
    static char bytes[RAW_MAX];
    for (size_t i = 0; i < raw_case_count; i++) {
        size_t len = raw_case_bytes(&raw_cases[i], bytes);
        size_t step = len > 1024 ? 61 : 1;
        for (size_t cut = 0; cut < len; cut += step) {
            check_cut(&raw_cases[i], bytes, len, cut);
        }
    }
}

static void table_byte_by_byte(void **state)
{
    (void)state;
    static char bytes[RAW_MAX];
    for (size_t i = 0; i < raw_case_count; i++) {
        size_t len = raw_case_bytes(&raw_cases[i], bytes);
        struct head head;
        flash_http_head_reset(&head);
        int status = 0;
        for (size_t have = 1; have <= len && status == 0; have++) {
            status = verdict(&head, bytes, have);
        }
        if (status != raw_cases[i].status) {
            fail_msg("%s: %d", raw_cases[i].name, status);
        }
    }
}

/* Damaged requests never over-read, and one that is still accepted has its Host and its offsets
 * inside the head. */
static void damaged_heads_stay_in_bounds(void **state)
{
    (void)state;
    static char bytes[RAW_MAX];
    uint64_t random = 42;
    for (int round = 0; round < 20000; round++) {
        const struct raw_case *raw = &raw_cases[(size_t)round % raw_case_count];
        size_t len = raw_case_bytes(raw, bytes);
        if (len > 1024) {
            continue;
        }
        for (int hit = 0; hit < 3; hit++) {
            random = random * 6364136223846793005 + 1442695040888963407;
            bytes[(random >> 33) % len] = (char)(random >> 20);
        }
        struct head head;
        flash_http_head_reset(&head);
        if (verdict(&head, bytes, len) != 200) {
            continue;
        }
        assert_true(head.minor == 0 || head.known[KNOWN_HOST] > 0);
        assert_true(head.target + head.target_len < head.len && head.path_len <= head.target_len);
        for (int i = 0; i < head.field_count; i++) {
            assert_true(head.fields[i].value + head.fields[i].value_len < head.len);
        }
    }
}

/* A value's bytes are looked at eight at a time: each byte, wherever it stands. */
static void every_byte_of_a_value(void **state)
{
    static const char begin[] = "GET / HTTP/1.1\r\nHost: a\r\nX: ", end[] = "\r\n\r\n";
    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        bool allowed = byte == '\t' || (byte >= ' ' && byte != 0x7f);
        for (size_t at = 0; at < 19; at++) {
            char bytes[sizeof(begin) + 19 + sizeof(end)];
            struct head head;
            memcpy(bytes, begin, sizeof(begin) - 1);
            memset(bytes + sizeof(begin) - 1, at % 2 ? 'v' : 0x80, 19);
            bytes[sizeof(begin) - 1 + at] = (char)byte;
            memcpy(bytes + sizeof(begin) - 1 + 19, end, sizeof(end) - 1);
            flash_http_head_reset(&head);
            assert_int_equal(verdict(&head, bytes, sizeof(begin) + 19 + sizeof(end) - 2),
                             allowed ? 200 : 400);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_whole),           cmocka_unit_test(table_cut_everywhere),
        cmocka_unit_test(table_byte_by_byte),    cmocka_unit_test(damaged_heads_stay_in_bounds),
        cmocka_unit_test(every_byte_of_a_value),
    };
    return cmocka_run_group_tests(tests, guard_setup, NULL);
}
