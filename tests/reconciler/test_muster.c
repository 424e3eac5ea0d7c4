/* Of whom a recovery expects an answer, and when all have answered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../reconciler/muster.h"
#include "fake_redis_sync.h"
#include "flash/time.h"

#define FRESH_MS 1000
#define STALE_MS 20000
#define SILENT_MS 50000

static struct {
    struct flash_muster muster;
    struct flash_redis_sync *redis;
    struct flash_muster_desk desk;
    const char *noted; /* the ledger's only worker, or NULL */
    int64_t noted_ms;  /* so long ago */
    int written;
} rig;

/* ---- in place of the ledger ---- */

bool flash_mysql_exec(struct flash_mysql *mysql, const char *sql, const struct flash_value *params,
                      int param_count, int64_t *ret_affected, struct flash_error *err)
{
    (void)mysql;
    (void)params;
    (void)ret_affected;
    (void)err;
    rig.written += strncmp(sql, "INSERT", 6) == 0 && param_count == 3;
    return true;
}

bool flash_mysql_query(struct flash_mysql *mysql, const struct flash_query *query,
                       struct flash_error *err)
{
    (void)mysql;
    (void)err;
    if (rig.noted) {
        const struct flash_value cells[] = {
            {.type = FLASH_COLUMN_BYTES, .bytes = {rig.noted, strlen(rig.noted)}},
            {.type = FLASH_COLUMN_INT, .number = (int64_t)flash_time_wall_ms() - rig.noted_ms}};
        query->row(cells, 2, query->arg);
    }
    return true;
}

/* ---- the rig ---- */

static int begin(void **state)
{
    static struct flash_config config;
    struct flash_error err;
    (void)state;
    memset(&rig, 0, sizeof(rig));
    if (!flash_redis_sync_new(&config, &rig.redis, &err)) {
        return -1;
    }
    rig.desk.redis = rig.redis;
    return 0;
}

static int finish(void **state)
{
    (void)state;
    flash_redis_sync_free(rig.redis);
    return 0;
}

/* Redis' next answer: these workers, heard so long ago; an answer of "!" is the open question. */
struct heard {
    const char *name;
    int64_t silent_ms;
    const char *answer;
};

static void hear(const struct heard *heard, int count)
{
    json_t *reply = json_pack("[s]", "OK");
    for (int i = 0; i < count; i++) {
        bool right = strcmp(heard[i].answer, "!") == 0;
        json_array_append_new(reply, json_string(heard[i].name));
        json_array_append_new(reply, json_integer(heard[i].silent_ms));
        json_array_append_new(reply, json_string(right ? rig.muster.question : heard[i].answer));
    }
    fake_redis_sync_reply(rig.redis, reply);
}

static void note(const struct heard *heard, int count)
{
    struct flash_error err;
    hear(heard, count);
    assert_true(flash_muster_note(&rig.muster, &rig.desk, &err));
}

static void begin_question(void)
{
    struct flash_error err;
    assert_true(flash_muster_begin(&rig.muster, &rig.desk, &err));
    assert_int_equal(strlen(rig.muster.question), FLASH_UUID_TEXT);
}

static bool all_answer(const struct heard *heard, int count)
{
    bool all = false;
    struct flash_error err;
    hear(heard, count);
    assert_true(flash_muster_ask(&rig.muster, &rig.desk, &all, &err));
    int last = fake_redis_sync_calls(rig.redis) - 1;
    assert_int_equal(fake_redis_sync_call(rig.redis, last)->script, FLASH_SCRIPT_MUSTER);
    assert_true(fake_redis_sync_argument_is(rig.redis, last, 0, rig.muster.question));
    return all;
}

#define ONE(answer) ((const struct heard[]){{"w1", 10, answer}})
#define TWO(first, second) ((const struct heard[]){{"w1", 10, first}, {"w2", 10, second}})

/* ---- the tests ---- */

static void everybody_who_was_noted_has_to_answer(void **state)
{
    (void)state;
    note(TWO("", ""), 2);
    assert_int_equal(rig.written, 2);
    begin_question();
    assert_false(all_answer(TWO("", ""), 2));
    assert_false(all_answer(TWO("!", ""), 2));
    assert_false(all_answer(NULL, 0)); /* Redis was emptied: who is missing is missed */
    assert_false(all_answer(ONE("!"), 1));
    assert_true(all_answer(TWO("", "!"), 2)); /* an answer stands */
}

static void an_older_question_is_another(void **state)
{
    (void)state;
    note(ONE(""), 1);
    begin_question();
    assert_true(all_answer(ONE("!"), 1));
    char before[FLASH_UUID_TEXT + 1];
    memcpy(before, rig.muster.question, sizeof(before));
    begin_question();
    assert_string_not_equal(rig.muster.question, before);
    assert_false(all_answer(ONE(before), 1));
    assert_true(all_answer(ONE("!"), 1));
}

static void who_comes_later_is_asked_too(void **state)
{
    (void)state;
    note(ONE(""), 1);
    begin_question();
    assert_false(all_answer(TWO("!", ""), 2));
    assert_true(all_answer(TWO("!", "!"), 2));
}

static void who_was_silent_for_longer_than_the_window_has_nothing_unsent(void **state)
{
    (void)state;
    note((const struct heard[]){{"w1", 10, ""}, {"dead", SILENT_MS, ""}}, 2);
    assert_int_equal(rig.written, 1);
    begin_question();
    assert_true(all_answer((const struct heard[]){{"w1", 10, "!"}, {"dead", SILENT_MS, ""}}, 2));
}

static void without_notes_nobody_can_say_that_all_are_there(void **state)
{
    (void)state;
    begin_question();
    assert_false(all_answer(ONE("!"), 1));
}

static void anothers_notes_are_believed_while_they_are_fresh(void **state)
{
    (void)state;
    rig.noted = "w2";
    rig.noted_ms = FRESH_MS;
    begin_question();
    assert_false(all_answer(ONE("!"), 1));
    assert_true(all_answer(TWO("!", "!"), 2));
    rig.muster = (struct flash_muster){0};
    rig.noted_ms = STALE_MS;
    begin_question();
    assert_false(all_answer(TWO("!", "!"), 2));
}

static void a_set_without_anybody_is_a_set(void **state)
{
    (void)state;
    note(NULL, 0);
    begin_question();
    assert_true(all_answer(NULL, 0));
}

static void too_many_are_not_known(void **state)
{
    static struct heard many[FLASH_MUSTER_WORKERS + 1];
    static char names[FLASH_MUSTER_WORKERS + 1][16];
    (void)state;
    for (int i = 0; i <= FLASH_MUSTER_WORKERS; i++) {
        snprintf(names[i], sizeof(names[i]), "w%d", i);
        many[i] = (struct heard){names[i], 10, ""};
    }
    note(many, FLASH_MUSTER_WORKERS + 1);
    begin_question();
    for (int i = 0; i <= FLASH_MUSTER_WORKERS; i++) {
        many[i].answer = "!";
    }
    assert_false(all_answer(many, FLASH_MUSTER_WORKERS + 1));
}

static void a_redis_that_is_away_says_nothing(void **state)
{
    struct flash_error err;
    bool all = false;
    (void)state;
    note(ONE(""), 1);
    fake_redis_sync_lose(rig.redis);
    assert_false(flash_muster_note(&rig.muster, &rig.desk, &err));
    assert_int_equal(rig.muster.count, 1); /* who was there is missed still */
    begin_question();
    fake_redis_sync_lose(rig.redis);
    assert_false(flash_muster_ask(&rig.muster, &rig.desk, &all, &err));
    assert_false(all);
}

#define MUSTER(test) cmocka_unit_test_setup_teardown(test, begin, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MUSTER(everybody_who_was_noted_has_to_answer),
        MUSTER(an_older_question_is_another),
        MUSTER(who_comes_later_is_asked_too),
        MUSTER(who_was_silent_for_longer_than_the_window_has_nothing_unsent),
        MUSTER(without_notes_nobody_can_say_that_all_are_there),
        MUSTER(anothers_notes_are_believed_while_they_are_fresh),
        MUSTER(a_set_without_anybody_is_a_set),
        MUSTER(too_many_are_not_known),
        MUSTER(a_redis_that_is_away_says_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
