/* Builds calls of lua/settle; see flash/settle.h.
 *
 * argv: generation, number of clean ids, the ids, then per entry its id, its number of lines, and
 * six arguments a line. The two numbers stand before what they count, so their texts are written
 * last. */
#include "flash/settle.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "flash/put.h"

#define LINE_ARGS 6
#define LINE_NUMBERS 3 /* version, quantity, due */
#define ENTRIES_MAX FLASH_SETTLE_LINES
#define LINES_MAX (FLASH_SETTLE_LINES + FLASH_BATCH_LINES)
#define ARGS_MAX (2 + FLASH_SETTLE_CLEAN + ENTRIES_MAX * 2 + LINES_MAX * LINE_ARGS)
#define NUMBERS_MAX (2 + ENTRIES_MAX + LINES_MAX * LINE_NUMBERS)
#define NUMBER_TEXT 24
#define PAYER_TEXT (FLASH_USER_MAX + 1 + FLASH_PAYMENT_ID_MAX + 1) /* user, ", payment, NUL */

enum { AT_GENERATION, AT_CLEAN_COUNT };

struct flash_settle_call {
    struct flash_redis_call redis;
    int argc, clean, entries, lines; /* lines: of all entries */
    int ids, numbers, payers;        /* texts in use */
    int entry_lines;                 /* of the entry that is open */
    int entry_count_at;              /* the argument that counts them; 0: no entry is open */
    const char *argv[ARGS_MAX];
    size_t len[ARGS_MAX];
    char id[FLASH_SETTLE_CLEAN + ENTRIES_MAX][FLASH_STREAM_ID_TEXT + 1];
    char number[NUMBERS_MAX][NUMBER_TEXT];
    char payer[LINES_MAX][PAYER_TEXT];
};

bool flash_settle_call_new(struct flash_settle_call **ret_call, struct flash_error *err)
{
    struct flash_settle_call *call = calloc(1, sizeof(*call));
    if (!call) {
        return flash_error_set(err, FLASH_ERROR_RETRY, "settle: out of memory");
    }
    *ret_call = call;
    return true;
}

void flash_settle_call_free(struct flash_settle_call *call)
{
    free(call);
}

static void add(struct flash_settle_call *call, const char *at, size_t len)
{
    assert(call->argc < ARGS_MAX);
    call->argv[call->argc] = at;
    call->len[call->argc++] = len;
}

static void add_number(struct flash_settle_call *call, int64_t number)
{
    char *text = call->number[call->numbers++];
    add(call, text, (size_t)(flash_put_signed(text, number) - text));
}

static void add_id(struct flash_settle_call *call, uint64_t us, uint64_t r)
{
    char *text = call->id[call->ids++];
    char *end = flash_put_number(FLASH_PUT_LITERAL(flash_put_number(text, us), "-"), r);
    add(call, text, (size_t)(end - text));
}

/* The number at argument `at` is known only now. */
static void set_count(struct flash_settle_call *call, int at, int count)
{
    char *text = (char *)call->argv[at];
    call->len[at] = (size_t)(flash_put_number(text, (uint64_t)count) - text);
}

static void end_entry(struct flash_settle_call *call)
{
    if (call->entry_count_at) {
        set_count(call, call->entry_count_at, call->entry_lines);
    }
    call->entry_count_at = 0;
}

void flash_settle_call_begin(struct flash_settle_call *call, int64_t sku, int64_t generation)
{
    call->redis = (struct flash_redis_call){.script = FLASH_SCRIPT_SETTLE, .sku = sku};
    call->argc = call->clean = call->entries = call->lines = 0;
    call->ids = call->numbers = call->payers = 0;
    call->entry_lines = call->entry_count_at = 0;
    add_number(call, generation);
    add_number(call, 0);
}

void flash_settle_call_add_clean(struct flash_settle_call *call, uint64_t us, uint64_t r)
{
    assert(call->entries == 0 && call->clean < FLASH_SETTLE_CLEAN);
    add_id(call, us, r);
    call->clean++;
}

void flash_settle_call_begin_entry(struct flash_settle_call *call, uint64_t us, uint64_t r)
{
    assert(call->entries < ENTRIES_MAX && call->lines < FLASH_SETTLE_LINES);
    end_entry(call);
    add_id(call, us, r);
    call->entry_count_at = call->argc;
    call->entry_lines = 0;
    add_number(call, 0);
    call->entries++;
}

/* The user, and behind a quote the payment that paid the order. */
static struct flash_text payer(struct flash_settle_call *call, const struct flash_settle_line *line)
{
    if (line->payment.len == 0) {
        return line->user;
    }
    char *text = call->payer[call->payers++];
    char *end = FLASH_PUT_LITERAL(flash_put(text, line->user.at, line->user.len), "\"");
    end = flash_put(end, line->payment.at, line->payment.len);
    return (struct flash_text){text, (size_t)(end - text)};
}

void flash_settle_call_add_line(struct flash_settle_call *call,
                                const struct flash_settle_line *line)
{
    static const char letters[] = "ACPKXEDRTLS";
    assert(call->entry_count_at && call->entry_lines < FLASH_BATCH_LINES);
    struct flash_text user = payer(call, line);
    add(call, line->ref.at, line->ref.len);
    add(call, strchr(letters, flash_state_letter(line->state)), 1);
    add_number(call, line->version);
    add_number(call, line->quantity);
    add(call, user.at, user.len);
    add_number(call, line->due_s);
    call->entry_lines++;
    call->lines++;
}

void flash_settle_call_give_back(struct flash_settle_call *call, struct flash_text reference)
{
    assert(call->entry_count_at && call->entry_lines < FLASH_BATCH_LINES);
    static const struct flash_text rest[] = {{"G", 1}, {"1", 1}, {"1", 1}, {"-", 1}, {"0", 1}};
    add(call, reference.at, reference.len);
    for (size_t i = 0; i < sizeof(rest) / sizeof(rest[0]); i++) {
        add(call, rest[i].at, rest[i].len);
    }
    call->entry_lines++;
    call->lines++;
}

bool flash_settle_call_full(const struct flash_settle_call *call)
{
    return call->clean >= FLASH_SETTLE_CLEAN || call->entries >= ENTRIES_MAX ||
           call->lines >= FLASH_SETTLE_LINES;
}

int flash_settle_call_entries(const struct flash_settle_call *call)
{
    return call->clean + call->entries;
}

const struct flash_redis_call *flash_settle_call_finish(struct flash_settle_call *call)
{
    end_entry(call);
    set_count(call, AT_CLEAN_COUNT, call->clean);
    call->redis.argc = call->argc;
    call->redis.argv = call->argv;
    call->redis.argv_len = call->len;
    return &call->redis;
}

bool flash_settle_accepted(const struct flash_redis_call *call,
                           const struct flash_redis_reply *reply, struct flash_error *err)
{
    const struct flash_redis_reply *first = flash_redis_reply_at(reply, 0);
    if (flash_redis_reply_is(first, "OK")) {
        return true;
    }
    struct flash_text word = flash_redis_reply_text(first);
    struct flash_text more = flash_redis_reply_text(flash_redis_reply_at(reply, 1));
    return flash_error_set(err, FLASH_ERROR_RETRY, "Redis refused to settle SKU %lld: %.*s %.*s",
                           (long long)call->sku, (int)word.len, word.at, (int)more.len, more.at);
}
