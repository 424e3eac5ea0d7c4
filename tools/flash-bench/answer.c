/* The check of answers: what every route may say to what was asked. See answer.h. */
#include "answer.h"

#include <string.h>

#include "members.h"
#include "put.h"

const char *flash_bench_kind_name(enum flash_bench_kind kind)
{
    static const char *const names[FLASH_BENCH_KINDS] = {"order", "status", "wait",
                                                         "pay",   "cancel", "page"};
    return names[kind];
}

bool flash_bench_kind_changes(enum flash_bench_kind kind)
{
    return kind == FLASH_BENCH_PAY || kind == FLASH_BENCH_CANCEL;
}

static bool same(struct flash_text text, const char *word)
{
    return text.at != NULL && text.len == strlen(word) && memcmp(text.at, word, text.len) == 0;
}

static void wrong(struct flash_bench_answer *answer, const char *reason)
{
    answer->verdict = FLASH_BENCH_WRONG;
    answer->reason = reason;
}

static bool has_type(const struct flash_bench_response *response, const char *type)
{
    size_t len = strlen(type);
    struct flash_text have = response->content_type;
    return have.at != NULL && have.len >= len && memcmp(have.at, type, len) == 0 &&
           (have.len == len || have.at[len] == ';' || have.at[len] == ' ');
}

/* The members an answer about an order, or a problem, is judged by; every other is passed over. */
enum field { ORDER_ID, SKU, QUANTITY, STATUS, REASON, TYPE, VERSION, FIELD_COUNT };

static const struct {
    const char *name;
    size_t len;
} fields[FIELD_COUNT] = {{"order_id", 8}, {"sku", 3},  {"quantity", 8}, {"status", 6},
                         {"reason", 6},   {"type", 4}, {"version", 7}};

static bool keep_member(const struct flash_bench_member *member,
                        struct flash_bench_member kept[FIELD_COUNT])
{
    for (int i = 0; i < FIELD_COUNT; i++) {
        if (member->name.len == fields[i].len &&
            memcmp(member->name.at, fields[i].name, fields[i].len) == 0) {
            bool first = kept[i].value.at == NULL;
            kept[i] = *member;
            return first;
        }
    }
    return true;
}

/* False if the body is not one JSON object or has one of our fields twice. */
static bool read_fields(struct flash_text body, struct flash_bench_member kept[FIELD_COUNT])
{
    struct flash_bench_members members = flash_bench_members_of(body);
    struct flash_bench_member member;
    memset(kept, 0, sizeof(*kept) * FIELD_COUNT);
    for (;;) {
        switch (flash_bench_members_next(&members, &member)) {
        case FLASH_BENCH_MEMBER:
            if (!keep_member(&member, kept)) {
                return false;
            }
            break;
        case FLASH_BENCH_END:
            return true;
        case FLASH_BENCH_MALFORMED:
            return false;
        }
    }
}

static bool is_number(const struct flash_bench_member *member, int64_t expected)
{
    int64_t value;
    return member->type == FLASH_BENCH_NUMBER && member->value.at != NULL &&
           flash_sku_parse(member->value, &value) && value == expected;
}

static bool is_sku(const struct flash_bench_member *member, int64_t expected)
{
    int64_t sku;
    return member->type == FLASH_BENCH_STRING && member->value.at != NULL &&
           flash_sku_parse(member->value, &sku) && sku == expected;
}

/* The state of a status word and, for FAILED, its reason. NONE: they name no state. */
static enum flash_state state_of(const struct flash_bench_member kept[FIELD_COUNT])
{
    const struct flash_bench_member *reason = &kept[REASON];
    if (kept[STATUS].type != FLASH_BENCH_STRING || kept[STATUS].value.at == NULL ||
        (reason->value.at != NULL && reason->type != FLASH_BENCH_STRING)) {
        return FLASH_STATE_NONE;
    }
    for (int i = FLASH_STATE_QUEUED; i < FLASH_STATE_COUNT; i++) {
        enum flash_state state = (enum flash_state)i;
        const char *expected = flash_state_reason(state);
        bool reason_fits =
            expected != NULL ? same(reason->value, expected) : reason->value.at == NULL;
        if (reason_fits && same(kept[STATUS].value, flash_state_name(state))) {
            return state;
        }
    }
    return FLASH_STATE_NONE;
}

/* What 202 and 200 share. NULL when all fits. */
static const char *misfit(const struct flash_bench_member kept[FIELD_COUNT],
                          const struct flash_bench_expect *expect, const char *order_id)
{
    if (kept[ORDER_ID].type != FLASH_BENCH_STRING || !same(kept[ORDER_ID].value, order_id)) {
        return "order_id is not the one derived from user, key and sku";
    }
    if (!is_sku(&kept[SKU], expect->sku)) {
        return "another sku";
    }
    if (!is_number(&kept[QUANTITY], expect->quantity)) {
        return "another quantity";
    }
    if (state_of(kept) == FLASH_STATE_NONE) {
        return "no status, or not a status word";
    }
    return NULL;
}

static void check_accepted(const struct flash_bench_response *response,
                           const struct flash_bench_expect *expect,
                           struct flash_bench_answer *answer)
{
    struct flash_bench_member kept[FIELD_COUNT];
    if (!has_type(response, "application/json") || !read_fields(response->body, kept)) {
        wrong(answer, "202 without a JSON object of distinct members");
        return;
    }
    flash_bench_answer_order_id(expect, answer->order_id);
    const char *reason = misfit(kept, expect, answer->order_id);
    enum flash_state state = state_of(kept);
    if (reason == NULL && expect->first && state != FLASH_STATE_QUEUED) {
        reason = "a new order that is not QUEUED";
    }
    if (reason != NULL) {
        wrong(answer, reason);
        return;
    }
    answer->verdict = FLASH_BENCH_ACCEPTED;
    answer->state = state;
}

/* The entity tag of an order is its version (API.md). */
static bool tag_is_version(struct flash_text etag, const struct flash_bench_member *version)
{
    return version->type == FLASH_BENCH_NUMBER && version->value.at != NULL && etag.at != NULL &&
           etag.len == version->value.len + 2 && etag.at[0] == '"' &&
           etag.at[etag.len - 1] == '"' &&
           memcmp(etag.at + 1, version->value.at, version->value.len) == 0;
}

static void check_seen(const struct flash_bench_response *response,
                       const struct flash_bench_expect *expect, struct flash_bench_answer *answer)
{
    struct flash_bench_member kept[FIELD_COUNT];
    if (!has_type(response, "application/json") || !read_fields(response->body, kept)) {
        wrong(answer, "200 without a JSON object of distinct members");
        return;
    }
    const char *reason = misfit(kept, expect, expect->order_id);
    if (reason == NULL && !tag_is_version(response->etag, &kept[VERSION])) {
        reason = "ETag is not the version";
    }
    if (reason != NULL) {
        wrong(answer, reason);
        return;
    }
    answer->verdict = FLASH_BENCH_SEEN;
    answer->state = state_of(kept);
}

/* What a change leaves: the state at once, and the one that a repeat may find. */
static const struct {
    enum flash_state now, later;
} changes[FLASH_BENCH_KINDS] = {
    [FLASH_BENCH_PAY] = {FLASH_STATE_PAID, FLASH_STATE_PAID},
    [FLASH_BENCH_CANCEL] = {FLASH_STATE_CANCELLING, FLASH_STATE_CANCELLED},
};

static void check_changed(const struct flash_bench_response *response,
                          const struct flash_bench_expect *expect,
                          struct flash_bench_answer *answer)
{
    struct flash_bench_member kept[FIELD_COUNT];
    if (!has_type(response, "application/json") || !read_fields(response->body, kept)) {
        wrong(answer, "a change without a JSON object of distinct members");
        return;
    }
    const char *reason = misfit(kept, expect, expect->order_id);
    enum flash_state state = state_of(kept);
    bool possible = state == changes[expect->kind].now ||
                    (!expect->first && state == changes[expect->kind].later);
    if (reason == NULL && !possible) {
        reason = "a state that this change cannot leave";
    }
    if (reason != NULL) {
        wrong(answer, reason);
        return;
    }
    answer->verdict = FLASH_BENCH_CHANGED;
    answer->state = state;
}

/* Takes the slug of "/problems/<slug>"; NULL when the problem document is in order. */
static const char *read_problem(const struct flash_bench_response *response,
                                struct flash_bench_answer *answer)
{
    static const char prefix[] = "/problems/";
    const size_t skip = sizeof(prefix) - 1;
    struct flash_bench_member kept[FIELD_COUNT];
    if (!has_type(response, "application/problem+json") || !read_fields(response->body, kept)) {
        return "an error that is not a problem document";
    }
    struct flash_text type = kept[TYPE].value;
    if (kept[TYPE].type != FLASH_BENCH_STRING || type.at == NULL || type.len <= skip ||
        type.len - skip >= sizeof(answer->slug) || memcmp(type.at, prefix, skip) != 0) {
        return "a problem without a type of ours";
    }
    memcpy(answer->slug, type.at + skip, type.len - skip);
    answer->slug[type.len - skip] = '\0';
    return is_number(&kept[STATUS], response->status) ? NULL : "a problem with another status";
}

enum { ORDERS = 1 << FLASH_BENCH_ORDER, CHANGES = 1 << FLASH_BENCH_PAY | 1 << FLASH_BENCH_CANCEL };
#define ALL (~0u)

/* The problems an operation may meet without anything being wrong. slug NULL: every one of that
 * status. */
static const struct {
    int status;
    const char *slug;
    enum flash_bench_verdict verdict;
    unsigned kinds; /* bits, by kind */
} problems[] = {
    {409, "sold-out", FLASH_BENCH_REFUSED, ORDERS},
    {409, "limit-reached", FLASH_BENCH_REFUSED, ORDERS},
    {409, "not-started", FLASH_BENCH_REFUSED, ORDERS},
    {409, "ended", FLASH_BENCH_REFUSED, ORDERS},
    {409, "wrong-state", FLASH_BENCH_REFUSED, CHANGES},
    {409, "not-created-yet", FLASH_BENCH_REFUSED, CHANGES},
    {503, "not-admitting", FLASH_BENCH_BUSY, ALL},
    {429, NULL, FLASH_BENCH_BUSY, ALL},
    {503, NULL, FLASH_BENCH_UNCERTAIN, ALL},
};

static void check_problem(const struct flash_bench_response *response,
                          const struct flash_bench_expect *expect,
                          struct flash_bench_answer *answer)
{
    const char *reason = read_problem(response, answer);
    if (reason != NULL) {
        wrong(answer, reason);
        return;
    }
    for (size_t i = 0; i < sizeof(problems) / sizeof(problems[0]); i++) {
        if (problems[i].status == response->status &&
            (problems[i].slug == NULL || strcmp(problems[i].slug, answer->slug) == 0) &&
            (problems[i].kinds & 1u << expect->kind) != 0) {
            answer->verdict = problems[i].verdict;
            return;
        }
    }
    wrong(answer, "a problem that this request cannot have");
}

typedef void (*check)(const struct flash_bench_response *response,
                      const struct flash_bench_expect *expect, struct flash_bench_answer *answer);

/* The one status that says it was done, and what such an answer must be. */
static const struct {
    int status;
    check check;
} successes[FLASH_BENCH_KINDS] = {
    [FLASH_BENCH_ORDER] = {202, check_accepted}, [FLASH_BENCH_STATUS] = {200, check_seen},
    [FLASH_BENCH_WAIT] = {200, check_seen},      [FLASH_BENCH_PAGE] = {200, check_seen},
    [FLASH_BENCH_PAY] = {200, check_changed},    [FLASH_BENCH_CANCEL] = {202, check_changed},
};

void flash_bench_answer_check(const struct flash_bench_response *response,
                              const struct flash_bench_expect *expect,
                              struct flash_bench_answer *ret_answer)
{
    ret_answer->state = FLASH_STATE_NONE;
    ret_answer->reason = NULL;
    ret_answer->slug[0] = '\0';
    ret_answer->order_id[0] = '\0';
    if (response->status == successes[expect->kind].status) {
        successes[expect->kind].check(response, expect, ret_answer);
    } else if (expect->conditional && response->status == 304) {
        ret_answer->verdict = FLASH_BENCH_UNCHANGED;
    } else if (response->status >= 400) {
        check_problem(response, expect, ret_answer);
    } else {
        wrong(ret_answer, "a status this request cannot have");
    }
}

void flash_bench_answer_order_id(const struct flash_bench_expect *expect,
                                 char ret_id[FLASH_BENCH_DERIVED_ID + 1])
{
    char *ref = flash_bench_put_number(ret_id, (uint64_t)expect->sku);
    *ref++ = '.';
    flash_ref_derive(expect->user, expect->key, expect->sku, ref);
}
