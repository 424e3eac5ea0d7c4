/* The entry's decoder: what it takes, what it refuses and where, and that it never reads past its
 * input.
 *
 * Every input ends at a guard page. Whatever is accepted must be written again byte for byte
 * (entry_text), so a mutated entry that happens to be valid still proves something. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "entry_text.h"
#include "flash/entry.h"
#include "guarded.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ID "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"
#define R "11008165333499853199" /* 0x98c4dc0c0c07398f */
#define HEAD(type) "{\"v\":1,\"id\":\"" ID "\",\"type\":\"" type "\""
#define MEMBERS(due)                                                                               \
    ",\"sku\":\"42\",\"generation\":3,\"stream\":\"1763718000123456-" R "\",\"due\":" due          \
    ",\"lines\":["
#define TEN "aaaaaaaaaa"
#define SIXTY_FOUR TEN TEN TEN TEN TEN TEN "aaaa"

static const char reserve[] = HEAD("reserve")
    MEMBERS("1763719800") "[\"" SIXTY_FOUR "\",\"u-17\",2],[\"r2\",\"\xc3\xa9\",9999]]}";
static const char pay[] = HEAD("pay") MEMBERS("0") "[\"r1\",\"u-17\",2,1,\"pay_1\"]]}";
static const char cancel[] = HEAD("cancel") MEMBERS("0") "[\"r1\",\"u-17\",2,1]]}";
static const char expire[] =
    HEAD("expire") MEMBERS("0") "[\"r1\",\"u-17\",2,1],[\"r2\",\"u\",1,7]]}";
static const char giveback[] = HEAD("return") MEMBERS("0") "[\"r1\",\"u-17\",2,2]]}";
static const char take[] =
    HEAD("take") MEMBERS("0") "[\"damaged-7\",\"ops@shop\",30000,\"fell off a truck\"]]}";
static const char marker[] = HEAD("marker") "}";

static const char *const valid[] = {reserve, pay, cancel, expire, giveback, take, marker};

static bool decode(const void *bytes, size_t len, struct flash_entry *ret_entry,
                   struct flash_error *err)
{
    return flash_entry_decode(guarded(bytes, len), ret_entry, err);
}

static void assert_text(struct flash_text text, const char *expected)
{
    assert_int_equal(text.len, strlen(expected));
    assert_memory_equal(text.at, expected, text.len);
}

static void assert_written_again(const struct flash_entry *entry, const char *bytes, size_t len)
{
    static char again[FLASH_ENTRY_BYTES_MAX + 1];

    assert_int_equal(entry_text(entry, again), len);
    assert_memory_equal(again, bytes, len);
}

static void test_every_type(void **unused)
{
    static struct flash_entry entry;

    (void)unused;
    for (size_t i = 0; i < COUNT(valid); i++) {
        assert_true(decode(valid[i], strlen(valid[i]), &entry, NULL));
        assert_int_equal(entry.type, FLASH_ENTRY_RESERVE + (int)i);
        assert_written_again(&entry, valid[i], strlen(valid[i]));
    }
}

static void test_members(void **unused)
{
    static struct flash_entry entry;

    (void)unused;
    assert_true(decode(reserve, strlen(reserve), &entry, NULL));
    assert_int_equal(entry.sku, 42);
    assert_int_equal(entry.generation, 3);
    assert_true(entry.stream_us == 1763718000123456ULL);
    assert_true(entry.stream_r == 0x98c4dc0c0c07398fULL);
    assert_int_equal(entry.due_s, 1763719800);
    assert_int_equal(entry.line_count, 2);
    assert_text(entry.lines[0].ref, SIXTY_FOUR);
    assert_text(entry.lines[0].user, "u-17");
    assert_int_equal(entry.lines[0].quantity, 2);
    assert_int_equal(entry.lines[0].from_version, 0);
    assert_int_equal(entry.lines[0].payment.len, 0);
    assert_text(entry.lines[1].user, "\xc3\xa9");
    assert_int_equal(entry.lines[1].quantity, FLASH_QUANTITY_MAX);

    assert_true(decode(pay, strlen(pay), &entry, NULL));
    assert_int_equal(entry.due_s, 0);
    assert_int_equal(entry.lines[0].from_version, 1);
    assert_text(entry.lines[0].payment, "pay_1");

    assert_true(decode(marker, strlen(marker), &entry, NULL));
    assert_int_equal(entry.line_count, 0);
    assert_int_equal(entry.sku, 0);
}

/* In the valid entry `in`, `from` becomes `to`: refused at the byte where `at` starts in the
 * result, with `wanted`. */
struct refusal {
    const char *in, *from, *to, *at, *wanted;
};

static const struct refusal refusals[] = {
    {reserve, "{\"v\":1", "{\"v\":2", "{", "{\"v\":1"},
    {reserve, "{\"v\"", " {\"v\"", " {", "{\"v\":1"},
    {reserve, "{\"v\":1", "{\"v\": 1", "{", "{\"v\":1"},
    {reserve, "017f", "017F", "017F", "UUIDv7"},
    {reserve, "-7cc3", "-4cc3", "017f", "UUIDv7"},
    {reserve, "\"reserve\"", "\"reserved\"", "reserved", "a type"},
    {reserve, "\"reserve\"", "\"\"", "\",\"sku", "a type"},
    {reserve, "\"reserve\"", "\"take\"", "1763719800", "0, only reserve"},
    {reserve, "\"reserve\"", "\"marker\"", ",\"sku", "}"},
    {reserve, ",\"sku\"", ", \"sku\"", ", \"sku", ",\"sku\":"},
    {reserve, "\"42\"", "\"042\"", "042", "a SKU"},
    {reserve, "\"42\"", "\"0\"", "0\",\"gen", "a SKU"},
    {reserve, "\"42\"", "42", ",\"sku", ",\"sku\":\""},
    {reserve, "\"42\"", "\"9223372036854775808\"", "9223372036854775808", "a SKU"},
    {reserve, "\"generation\":3", "\"generation\":0", "0,\"stream", "a generation"},
    {reserve, "\"generation\":3", "\"generation\":03", "03", "a generation"},
    {reserve, "\"generation\":3", "\"generation\":-3", "-3", "a generation"},
    {reserve, "\"generation\":3", "\"generation\":3.0", ".0", ",\"stream\":"},
    {reserve, "\"generation\":3", "\"generation\":9007199254740992", "9007199254740992", "a gen"},
    {reserve, "\"generation\":3", "\"generation\":18446744073709551619", "18446", "a gen"},
    {reserve, "\"1763718000123456", "\"0", "0-1", "microseconds"},
    {reserve, "\"1763718000123456", "\"01763718000123456", "017637", "microseconds"},
    {reserve, R, "11008165333499853200", "11008165333499853200", "low 64 bits of id"},
    {reserve, R, "1" R, "1" R, "low 64 bits of id"},
    {reserve, ":1763719800", ":-1", "-1,", "a deadline"},
    {reserve, ":1763719800", ":1.5", ".5", ",\"lines\":["},
    {reserve, ":1763719800", ":1e3", "e3", ",\"lines\":["},
    {reserve, "[[", "[ [", " [", "[\""},
    {reserve, "u-17", "", "\",2]", "a user id"},
    {reserve, "u-17", SIXTY_FOUR "b", SIXTY_FOUR "b", "a user id"},
    {reserve, "u-17", "u\\n17", "u\\n17", "a user id"},
    {reserve, "u-17", "u{17}", "u{17}", "a user id"},
    {reserve, "\xc3\xa9", "\xc3", "\xc3", "a user id"},
    {reserve, SIXTY_FOUR, SIXTY_FOUR "a", SIXTY_FOUR "a", "printable ASCII"},
    {reserve, SIXTY_FOUR, "a b", "a b", "printable ASCII"},
    {reserve, SIXTY_FOUR, "r2", "[\"r2\",\"\xc3", "a ref that no earlier line has"},
    {reserve, ",9999]", ",10000]", "10000", "1..9999"},
    {reserve, ",9999]", ",0]", "0]", "1..9999"},
    {reserve, ",9999]", ",-3]", "-3]", "1..9999"},
    {reserve, ",9999]", ",\"9\"]", "\"9\"", "1..9999"},
    {reserve, ",9999]", ",]", "]]}", "1..9999"},
    {reserve, ",9999]", ",1,1]", ",1]]}", "]"},
    {reserve, "]]}", "],]}", "]}", "[\""},
    {reserve, "]]}", "]]", "", "}"},
    {reserve, "]]}", "]]}\n", "\n", "nothing more"},
    {reserve, "]]}", "]],\"x\":1}", ",\"x\"", "}"},
    {reserve, "],[", "] ,[", " ,[", "]"},
    {pay, ",1,\"pay_1\"", ",1", "]]}", ",\""},
    {pay, ",1,\"pay_1\"", ",\"pay_1\"", "\"pay_1", "a version"},
    {pay, ",1,\"pay_1\"", ",0,\"pay_1\"", "0,\"pay_1", "a version"},
    {pay, ",1,\"pay_1\"", ",2147483647,\"pay_1\"", "2147483647", "a version"},
    {pay, "pay_1", "", "\"]]}", "printable ASCII"},
    {pay, "\"due\":0", "\"due\":1", "1,\"lines", "0, only reserve"},
    {cancel, ",1]", "]", "]]}", ","},
    {cancel, ",1]", ",1,\"p\"]", ",\"p\"", "]"},
    {take, ",30000,\"", ",\"", "\"fell", "1..1000000000"},
    {take, ",30000,", ",0,", "0,\"fell", "1..1000000000"},
    {take, ",30000,", ",1000000001,", "1000000001", "1..1000000000"},
    {take, ",\"fell off a truck\"", "", "]]}", ",\""},
    {take, "fell off a truck", "", "\"]]}", "a reason"},
    {take, "fell off a truck",
     TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN "b",
     TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN "b",
     "a reason"},
    {take, "fell off", "fell\\noff", "fell\\noff", "a reason"},
    {take, "truck\"]", "truck\",1]", ",1]", "]"},
    {marker, "}", ",\"sku\":\"42\"}", ",\"sku", "}"},
};

static void assert_refused(const struct refusal *row)
{
    static struct flash_entry entry, before;
    const char *found = strstr(row->in, row->from);
    struct flash_error err = {0};
    char bytes[1024], place[64];

    assert_non_null(found);
    (void)snprintf(bytes, sizeof(bytes), "%.*s%s%s", (int)(found - row->in), row->in, row->to,
                   found + strlen(row->from));
    /* The refused token is the last of its spelling, unless it starts the text. */
    const char *at = bytes + strlen(bytes);
    while (at > bytes && strncmp(at, row->at, strlen(row->at)) != 0) {
        at--;
    }
    memset(&entry, 0x5a, sizeof(entry));
    before = entry;
    assert_false(decode(bytes, strlen(bytes), &entry, &err));
    assert_int_equal(err.kind, FLASH_ERROR_DATA);
    (void)snprintf(place, sizeof(place), "byte %zu:", (size_t)(at - bytes));
    if (strstr(err.text, place) == NULL || strstr(err.text, row->wanted) == NULL) {
        fail_msg("%s\n%s\nshould say %s %s", bytes, err.text, place, row->wanted);
    }
    assert_memory_equal(&entry, &before, sizeof(entry));
}

static void test_refusals(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < COUNT(refusals); i++) {
        assert_refused(&refusals[i]);
    }
}

static void test_every_truncation(void **unused)
{
    static struct flash_entry entry;

    (void)unused;
    for (size_t i = 0; i < COUNT(valid); i++) {
        for (size_t len = 0; len < strlen(valid[i]); len++) {
            struct flash_error err = {0};
            assert_false(decode(valid[i], len, &entry, &err));
            assert_int_equal(err.kind, FLASH_ERROR_DATA);
        }
    }
    assert_false(flash_entry_decode((struct flash_text){NULL, 0}, &entry, NULL));
}

static void test_every_mutation(void **unused)
{
    static const char bytes[] = "\0 019-+.eE\"\\,:[]{}aAg\n\x7f\x80\xc3\xed\xf4\xff";
    static struct flash_entry entry;
    char copy[1024];
    int accepted = 0;

    (void)unused;
    for (size_t i = 0; i < COUNT(valid); i++) {
        size_t len = strlen(valid[i]);
        memcpy(copy, valid[i], len);
        for (size_t at = 0; at < len * (sizeof(bytes) - 1); at++) {
            char *place = &copy[at % len], was = *place;
            *place = bytes[at / len];
            if (decode(copy, len, &entry, NULL)) {
                accepted++;
                assert_written_again(&entry, copy, len);
            }
            *place = was;
        }
    }
    assert_true(accepted >
                100); /* a digit or a letter for another: the loop did reach valid entries */
}

/* An entry with count lines of the longest texts; returns its length. */
static size_t fill(struct flash_entry *entry, char (*refs)[FLASH_REF_MAX + 1], int count)
{
    static char bytes[FLASH_ENTRY_BYTES_MAX + 1];

    assert_true(decode(pay, strlen(pay), entry, NULL));
    entry->sku = INT64_MAX;
    for (int i = 0; i < count; i++) {
        (void)snprintf(refs[i], sizeof(refs[i]), "%.60s%04u", SIXTY_FOUR, (unsigned)i % 10000);
        struct flash_text longest = {refs[i], FLASH_REF_MAX};
        entry->lines[i] = (struct flash_entry_line){longest, longest, 9999, 2147483646, longest};
    }
    entry->line_count = count;
    return entry_text(entry, bytes);
}

static void test_full_entry(void **unused)
{
    static struct flash_entry entry, again;
    static char refs[FLASH_BATCH_LINES][FLASH_REF_MAX + 1], bytes[FLASH_ENTRY_BYTES_MAX + 1];

    (void)unused;
    size_t len = fill(&entry, refs, FLASH_BATCH_LINES);
    assert_true(len <= FLASH_ENTRY_BYTES_MAX);
    (void)entry_text(&entry, bytes);
    assert_true(decode(bytes, len, &again, NULL));
    assert_int_equal(again.line_count, FLASH_BATCH_LINES);
    assert_written_again(&again, bytes, len);

    memcpy(bytes + len - 2, ",[\"x\",\"u\",1,1,\"p\"]]}", 21);
    struct flash_error err = {0};
    assert_false(decode(bytes, strlen(bytes), &again, &err));
    assert_non_null(strstr(err.text, "at most 256 lines"));
}

static void test_every_pair_of_equal_refs(void **unused)
{
    static struct flash_entry entry, again;
    static char refs[FLASH_BATCH_LINES][FLASH_REF_MAX + 1], bytes[FLASH_ENTRY_BYTES_MAX + 1];

    (void)unused;
    (void)fill(&entry, refs, 24);
    entry.type = FLASH_ENTRY_CANCEL;
    for (int i = 0; i < 24 * 24; i++) {
        int one = i / 24, other = i % 24;
        struct flash_text was = entry.lines[one].ref;
        entry.lines[one].ref = entry.lines[other].ref;
        assert_int_equal(decode(bytes, entry_text(&entry, bytes), &again, NULL), one == other);
        entry.lines[one].ref = was;
    }
}

/* Two payments of one order that came to one call: one paid it, the other is late. */
static void test_payments_of_one_order(void **unused)
{
    static struct flash_entry entry, again;
    static char refs[FLASH_BATCH_LINES][FLASH_REF_MAX + 1], bytes[FLASH_ENTRY_BYTES_MAX + 1];

    (void)unused;
    (void)fill(&entry, refs, 3);
    entry.lines[2] = entry.lines[0];
    entry.lines[0].from_version = 1;
    entry.lines[2].from_version = 2;
    entry.lines[2].payment = (struct flash_text){"late", 4};
    size_t len = entry_text(&entry, bytes);
    assert_true(decode(bytes, len, &again, NULL));
    assert_int_equal(again.line_count, 3);
    assert_int_equal(again.lines[2].from_version, 2);
    assert_written_again(&again, bytes, len);
}

static void test_too_long(void **unused)
{
    static struct flash_entry entry;
    static char zeros[FLASH_ENTRY_BYTES_MAX + 1];
    struct flash_error err = {0};

    (void)unused;
    assert_false(decode(zeros, sizeof(zeros), &entry, &err));
    assert_non_null(strstr(err.text, "65537 bytes"));
    assert_false(decode(zeros, sizeof(zeros) - 1, &entry, &err));
    assert_non_null(strstr(err.text, "byte 0:"));
}

static void test_line_write(void **unused)
{
    static const int quantities[] = {1, 9, 10, 99, 100, 909, 999, 1000, 9009, 9999};
    struct flash_text longest = {SIXTY_FOUR, 64};
    char line[FLASH_LINE_BYTES], expected[FLASH_LINE_BYTES + 1];

    (void)unused;
    for (size_t i = 0; i < COUNT(quantities); i++) {
        int len = snprintf(expected, sizeof(expected), "[\"%s\",\"%s\",%d]", SIXTY_FOUR, SIXTY_FOUR,
                           quantities[i]);
        assert_int_equal(flash_entry_line_write(line, longest, longest, quantities[i]), len);
        assert_memory_equal(line, expected, (size_t)len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_type),
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_every_truncation),
        cmocka_unit_test(test_every_mutation),
        cmocka_unit_test(test_full_entry),
        cmocka_unit_test(test_every_pair_of_equal_refs),
        cmocka_unit_test(test_payments_of_one_order),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_line_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
