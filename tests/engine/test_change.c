/* Transitions on a worker with fakes: what each word of the scripts becomes, a cancel that turns
 * into a return, answers that wait for Kafka, and calls that did not come through. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../engine/change.h"
#include "flash/time.h"
#include "rig.h"

#define SKU 42
#define TAIL ":2:1763718000123456:1763719800:u"
#define ENTRY "{\"entry\"}"
#define TEXT(text) ((struct flash_text){(text), sizeof(text) - 1})

static struct flash_request *submit(struct rig *rig, struct flash_change_query query)
{
    struct flash_request *request =
        rig_request(rig, &(struct fake_request_head){.method = FLASH_METHOD_POST});
    query.sku = query.sku ? query.sku : SKU;
    query.ref = query.ref.len ? query.ref : TEXT("a");
    query.user = query.user.at ? query.user : TEXT("");
    query.payment = query.payment.at ? query.payment : TEXT("");
    flash_change_submit(&rig->worker, request, &query);
    return request;
}

static struct flash_request *pay(struct rig *rig, bool durable)
{
    return submit(rig, (struct flash_change_query){
                           .kind = FLASH_CHANGE_PAY, .payment = TEXT("p"), .durable = durable});
}

static struct flash_request *release(struct rig *rig, bool durable)
{
    return submit(rig, (struct flash_change_query){
                           .kind = FLASH_CHANGE_CANCEL, .durable = durable, .or_return = true});
}

/* Answers the oldest call: OK, this entry, and words with their records, ended by NULL. */
static void decide(struct rig *rig, const char *entry, const char *const *words)
{
    json_t *reply = json_pack("[s,s,I,i]", "OK", entry, (json_int_t)RIG_AT, 3);
    for (int i = 0; words[i]; i++) {
        json_array_append_new(reply, json_string(words[i]));
    }
    fake_redis_reply(rig->redis, reply);
}

#define DECIDE(rig, entry, ...) decide(rig, entry, (const char *const[]){__VA_ARGS__, NULL})

static bool says(const struct flash_request *request, const char *part)
{
    const struct fake_answer *answer = fake_request_answer(request);
    const char *text = answer->extra ? answer->extra : answer->body;
    return strstr(text, part) != NULL;
}

/* ---- what goes out ---- */

static void lines_of_a_kind_go_together(void **state)
{
    struct rig *rig = *state;
    rig_know(rig, SKU);
    pay(rig, false);
    submit(rig, (struct flash_change_query){
                    .kind = FLASH_CHANGE_PAY, .ref = TEXT("b"), .payment = TEXT("q")});
    submit(rig, (struct flash_change_query){.kind = FLASH_CHANGE_CANCEL, .user = TEXT("u")});
    submit(rig, (struct flash_change_query){.kind = FLASH_CHANGE_RETURN});
    rig_turn(rig);
    assert_int_equal(fake_redis_calls(rig->redis), 3);
    static const char *const pays[] = {"a", "p", "b", "q"};
    assert_int_equal(rig_script(rig, 0), FLASH_SCRIPT_PAY);
    assert_int_equal(fake_redis_open(rig->redis, 0)->argc, 7);
    assert_true(fake_redis_argument_is(rig->redis, 0, 0, "7"));
    for (int i = 0; i < 4; i++) {
        assert_true(fake_redis_argument_is(rig->redis, 0, 3 + i, pays[i]));
    }
    static const char *const cancels[] = {"cancel", "a", "u"};
    static const char *const returns[] = {"return", "a", ""};
    assert_int_equal(rig_script(rig, 1), FLASH_SCRIPT_RELEASE);
    assert_int_equal(rig_script(rig, 2), FLASH_SCRIPT_RELEASE);
    for (int i = 0; i < 3; i++) {
        assert_true(fake_redis_argument_is(rig->redis, 1, 3 + i, cancels[i]));
        assert_true(fake_redis_argument_is(rig->redis, 2, 3 + i, returns[i]));
    }
    DECIDE(rig, ENTRY, "PAID", "P2" TAIL "\"p", "PAID", "P2" TAIL "\"q");
    DECIDE(rig, ENTRY, "DONE", "K2" TAIL);
    DECIDE(rig, "", "MET", "C1" TAIL);
    static const char *const types[] = {"flashgate.pay", "flashgate.cancel"};
    assert_int_equal(fake_kafka_count(rig->producer), 2);
    for (int i = 0; i < 2; i++) {
        const struct fake_kafka_message *message = fake_kafka_message(rig->producer, i);
        assert_string_equal(message->headers.type, types[i]);
        assert_int_equal(message->value.len, strlen(ENTRY));
        assert_memory_equal(message->value.at, ENTRY, strlen(ENTRY));
        assert_memory_equal(message->key.at, "42", 2);
    }
    assert_int_equal(rig_metric(METRIC_CHANGE_CALLS), 3);
    assert_int_equal(rig_metric(METRIC_CHANGES_DONE), 3);
}

static void one_call_at_a_time_of_at_most_256(void **state)
{
    struct rig *rig = *state;
    struct flash_request *requests[RIG_LINES];
    rig_know(rig, SKU);
    for (int i = 0; i < RIG_LINES; i++) {
        requests[i] = pay(rig, false);
    }
    assert_true(rig_refused(pay(rig, false), 503, "unavailable")); /* the pool is what it is */
    rig_turn(rig);
    rig_turn(rig);
    assert_int_equal(fake_redis_calls(rig->redis), 1);
    assert_int_equal(fake_redis_open(rig->redis, 0)->argc, 3 + 2 * 256);
    json_t *reply = json_pack("[s,s,I,i]", "OK", ENTRY, (json_int_t)RIG_AT, 3);
    for (int i = 0; i < 256; i++) {
        json_array_append_new(reply, json_string("PAID"));
        json_array_append_new(reply, json_string("P2" TAIL "\"p"));
    }
    fake_redis_reply(rig->redis, reply);
    rig_turn(rig);
    assert_int_equal(fake_redis_open(rig->redis, 0)->argc, 3 + 2 * (RIG_LINES - 256));
    fake_redis_unknown(rig->redis);
    for (int i = 0; i < RIG_LINES; i++) {
        assert_int_equal(rig_answered(requests[i]), i < 256 ? 200 : 503);
    }
}

/* ---- what comes back ---- */

static void every_word_of_pay(void **state)
{
    static const struct {
        const char *word, *record, *slug, *part;
        int status, retry_after_s;
    } rows[] = {
        {"PAID", "P2" TAIL "\"p", NULL, "\"status\":\"PAID\"", 200, 0},
        {"PAID", "R3" TAIL "\"p", NULL, "\"status\":\"RETURNING\"", 200, 0},
        {"LATE", "K3" TAIL "\"\"p", "wrong-state", "\"state\":\"CANCELLING\",\"refund_due\":true",
         409, 0},
        {"LATE", "P3" TAIL "\"x\"p", "wrong-state", "\"state\":\"PAID\",\"refund_due\":true", 409,
         0},
        {"LATE", "L2" TAIL "\"\"p", "wrong-state", "\"state\":\"FAILED\",\"refund_due\":true", 409,
         0},
        {"MET", "Q1" TAIL, "not-created-yet", "\"state\":\"QUEUED\",\"refund_due\":false", 409, 1},
        {"ABSENT", "", "not-found", NULL, 404, 0},
        {"PAID", "", "outcome-unknown", NULL, 503, 1},
        {"PAID", "P2:2", "outcome-unknown", NULL, 503, 1},
    };
    struct rig *rig = *state;
    rig_know(rig, SKU);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct flash_request *request = pay(rig, false);
        rig_turn(rig);
        DECIDE(rig, ENTRY, rows[i].word, rows[i].record);
        assert_int_equal(rig_answered(request), rows[i].status);
        if (rows[i].slug) {
            assert_true(rig_refused(request, rows[i].status, rows[i].slug));
            assert_int_equal(fake_request_answer(request)->retry_after_s, rows[i].retry_after_s);
        }
        assert_true(rows[i].part == NULL || says(request, rows[i].part));
    }
    assert_int_equal(rig_metric(METRIC_CHANGES_LATE), 3);
    assert_int_equal(rig_metric(METRIC_CHANGES_MET), 1);
    assert_int_equal(rig_metric(METRIC_CHANGES_ABSENT), 1);
    assert_int_equal(rig_metric(METRIC_CHANGES_DONE), 2);
}

static void every_word_of_a_cancel(void **state)
{
    static const struct {
        const char *word, *record, *slug, *part;
        int status;
    } rows[] = {
        {"DONE", "K2" TAIL, NULL, "\"status\":\"CANCELLING\"", 202},
        {"DONE", "X2" TAIL, NULL, "\"status\":\"CANCELLED\"", 202},
        {"MET", "Q1" TAIL, "not-created-yet", "\"state\":\"QUEUED\"", 409},
        {"MET", "P2" TAIL "\"p", "wrong-state", "\"state\":\"PAID\",\"refund_due\":false", 409},
        {"MET", "E2" TAIL, "wrong-state", "\"state\":\"EXPIRING\"", 409},
        {"MET", "S1" TAIL, "wrong-state", "\"state\":\"FAILED\"", 409},
        {"ABSENT", "", "not-found", NULL, 404},
    };
    struct rig *rig = *state;
    rig_know(rig, SKU);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct flash_request *request = submit(
            rig, (struct flash_change_query){.kind = FLASH_CHANGE_CANCEL, .user = TEXT("u")});
        rig_turn(rig);
        DECIDE(rig, "", rows[i].word, rows[i].record);
        assert_int_equal(rig_answered(request), rows[i].status);
        assert_true(rows[i].slug == NULL || rig_refused(request, rows[i].status, rows[i].slug));
        assert_true(rows[i].part == NULL || says(request, rows[i].part));
        assert_int_equal(rig_script(rig, 0), -1);
    }
    assert_int_equal(fake_kafka_count(rig->producer), 0);
}

/* ---- release: cancel, or return what is paid ---- */

static void a_release_of_a_paid_order_returns_it(void **state)
{
    static const char *const paid[] = {"P2" TAIL "\"p", "R3" TAIL "\"p", "T3" TAIL "\"p"};
    struct rig *rig = *state;
    rig_know(rig, SKU);
    for (int i = 0; i < 3; i++) {
        struct flash_request *request = release(rig, false);
        rig_turn(rig);
        DECIDE(rig, "", "MET", paid[i]);
        assert_int_equal(rig_answered(request), 0);
        rig_turn(rig);
        assert_true(fake_redis_argument_is(rig->redis, 0, 3, "return"));
        assert_true(fake_redis_argument_is(rig->redis, 0, 4, "a"));
        DECIDE(rig, i ? "" : ENTRY, "DONE", i == 2 ? paid[2] : "R3" TAIL "\"p");
        assert_int_equal(rig_answered(request), 202);
        assert_true(says(request, i == 2 ? "\"RETURNED\"" : "\"RETURNING\""));
    }
    assert_int_equal(fake_kafka_count(rig->producer), 1);
    assert_int_equal(rig_metric(METRIC_CHANGES_MET), 0);
}

static void a_release_of_what_is_neither_is_met(void **state)
{
    static const char *const records[] = {"Q1" TAIL, "E2" TAIL, "D2" TAIL, "L1" TAIL};
    struct rig *rig = *state;
    rig_know(rig, SKU);
    for (int i = 0; i < 4; i++) {
        struct flash_request *request = release(rig, false);
        rig_turn(rig);
        DECIDE(rig, "", "MET", records[i]);
        assert_int_equal(rig_answered(request), 409);
        rig_turn(rig);
        assert_int_equal(rig_script(rig, 0), -1);
    }
}

/* Somebody was between the two calls: told, and not sent round again. */
static void the_return_may_meet_something_too(void **state)
{
    struct rig *rig = *state;
    rig_know(rig, SKU);
    struct flash_request *met = release(rig, false), *lost = release(rig, false);
    rig_turn(rig);
    DECIDE(rig, "", "MET", "P2" TAIL, "MET", "P2" TAIL);
    rig_turn(rig);
    assert_int_equal(fake_redis_open(rig->redis, 0)->argc, 4 + 2 * 2);
    DECIDE(rig, "", "MET", "P2" TAIL);
    assert_true(rig_refused(met, 409, "wrong-state"));
    assert_true(rig_refused(lost, 503, "outcome-unknown")); /* its word is missing */
    rig_turn(rig);
    assert_int_equal(rig_script(rig, 0), -1);
}

/* ---- durable ---- */

static void a_durable_answer_waits_for_kafka(void **state)
{
    struct rig *rig = *state;
    rig_know(rig, SKU);
    struct flash_request *durable = pay(rig, true), *quick = pay(rig, false);
    struct flash_request *late = pay(rig, true);
    rig_turn(rig);
    DECIDE(rig, ENTRY, "PAID", "P2" TAIL "\"p", "PAID", "P2" TAIL "\"p", "LATE",
           "P3" TAIL "\"p\"q");
    assert_int_equal(rig_answered(quick), 200);
    rig_kafka(rig);
    assert_int_equal(rig_answered(durable), 0);
    assert_int_equal(rig_answered(late), 0);
    fake_kafka_deliver(rig->producer, 0, FLASH_DELIVERY_ACKED);
    rig_kafka(rig);
    assert_int_equal(rig_answered(durable), 200);
    assert_true(says(durable, "\"status\":\"PAID\"") && says(durable, "\"order_id\":\"42.a\""));
    assert_true(rig_refused(late, 409, "wrong-state") && says(late, "\"refund_due\":true"));
}

/* A repeat names an earlier time than the call's: certain once the journal was seen without its
 * entry. */
static void a_durable_repeat_waits_for_the_ledger(void **state)
{
    struct rig *rig = *state;
    rig_know(rig, SKU);
    struct flash_sku *sku = flash_sku_find(rig->worker.skus, SKU, 1);
    sku->journal_oldest_us = 1763718000000001;
    sku->journal_read_us = 1763718000000009;
    struct flash_request *open = pay(rig, true), *quick = pay(rig, false);
    rig_turn(rig);
    DECIDE(rig, "", "PAID", "P2:2:1763718000000002:9:u\"p", "PAID", "P2:2:1763718000000002:9:u\"p");
    assert_true(rig_refused(open, 503, "outcome-unknown"));
    assert_int_equal(rig_answered(quick), 200);
    sku->journal_oldest_us = 1763718000000003;
    struct flash_request *later = pay(rig, true);
    rig_turn(rig);
    DECIDE(rig, "", "PAID", "P2:2:1763718000000002:9:u\"p");
    assert_int_equal(rig_answered(later), 200);
    sku->journal_oldest_us = 0;
    struct flash_request *empty = pay(rig, true);
    rig_turn(rig);
    DECIDE(rig, "", "PAID", "P2:2:1763718000000002:9:u\"p");
    assert_int_equal(rig_answered(empty), 200);
}

static void without_an_acknowledgement_it_is_unknown(void **state)
{
    static const enum flash_delivery outcomes[] = {FLASH_DELIVERY_NOT_SENT, FLASH_DELIVERY_UNKNOWN};
    struct rig *rig = *state;
    rig_know(rig, SKU);
    for (int i = 0; i < 2; i++) {
        struct flash_request *durable = pay(rig, true);
        rig_turn(rig);
        DECIDE(rig, ENTRY, "PAID", "P2" TAIL "\"p");
        fake_kafka_deliver(rig->producer, i, outcomes[i]);
        rig_kafka(rig);
        assert_true(rig_refused(durable, 503, "outcome-unknown"));
    }
    fake_kafka_set_full(rig->producer, true);
    struct flash_request *durable = pay(rig, true), *quick = pay(rig, false);
    rig_turn(rig);
    DECIDE(rig, ENTRY, "PAID", "P2" TAIL "\"p", "PAID", "P2" TAIL "\"p");
    assert_true(rig_refused(durable, 503, "outcome-unknown"));
    assert_int_equal(rig_answered(quick), 200);
    assert_int_equal(rig_metric(METRIC_CHANGES_UNKNOWN), 3);
}

static void what_changed_nothing_waits_for_nothing(void **state)
{
    struct rig *rig = *state;
    rig_know(rig, SKU);
    struct flash_request *absent = pay(rig, true), *met = pay(rig, true);
    struct flash_request *unreadable = pay(rig, true), *paid = pay(rig, true);
    rig_turn(rig);
    DECIDE(rig, ENTRY, "ABSENT", "", "MET", "Q1" TAIL, "PAID", "?", "PAID", "P2" TAIL "\"p");
    assert_int_equal(rig_answered(absent), 404);
    assert_int_equal(rig_answered(met), 409);
    assert_int_equal(rig_answered(unreadable), 503);
    assert_int_equal(rig_answered(paid), 0);
    fake_kafka_deliver(rig->producer, 0, FLASH_DELIVERY_ACKED);
    rig_kafka(rig);
    assert_int_equal(rig_answered(paid), 200);
    struct flash_request *repeat = pay(rig, true);
    rig_turn(rig);
    DECIDE(rig, "", "PAID", "P2" TAIL "\"p"); /* no entry: decided before */
    assert_int_equal(rig_answered(repeat), 200);
}

static void a_durable_release_waits_for_its_return(void **state)
{
    struct rig *rig = *state;
    rig_know(rig, SKU);
    struct flash_request *request = release(rig, true);
    rig_turn(rig);
    DECIDE(rig, "", "MET", "P2" TAIL "\"p");
    rig_turn(rig);
    DECIDE(rig, ENTRY, "DONE", "R3" TAIL "\"p");
    assert_int_equal(rig_answered(request), 0);
    fake_kafka_deliver(rig->producer, 0, FLASH_DELIVERY_ACKED);
    rig_kafka(rig);
    assert_int_equal(rig_answered(request), 202);
}

static void an_entry_older_than_20_s_is_not_sent(void **state)
{
    struct rig *rig = *state;
    rig_know(rig, SKU);
    rig->worker.now_us = flash_time_monotonic_us() - 20000001;
    struct flash_request *request = pay(rig, false);
    flash_change_turn(&rig->worker, flash_sku_find(rig->worker.skus, SKU, 0));
    DECIDE(rig, ENTRY, "PAID", "P2" TAIL "\"p");
    assert_true(rig_refused(request, 503, "outcome-unknown"));
    assert_int_equal(fake_kafka_count(rig->producer), 0);
    assert_int_equal(rig_metric(METRIC_CHANGES_UNKNOWN), 1);
}

#define RIGGED(test) cmocka_unit_test_setup_teardown(test, rig_open, rig_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIGGED(lines_of_a_kind_go_together),
        RIGGED(one_call_at_a_time_of_at_most_256),
        RIGGED(every_word_of_pay),
        RIGGED(every_word_of_a_cancel),
        RIGGED(a_release_of_a_paid_order_returns_it),
        RIGGED(a_release_of_what_is_neither_is_met),
        RIGGED(the_return_may_meet_something_too),
        RIGGED(a_durable_answer_waits_for_kafka),
        RIGGED(a_durable_repeat_waits_for_the_ledger),
        RIGGED(without_an_acknowledgement_it_is_unknown),
        RIGGED(what_changed_nothing_waits_for_nothing),
        RIGGED(a_durable_release_waits_for_its_return),
        RIGGED(an_entry_older_than_20_s_is_not_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
