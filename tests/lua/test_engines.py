"""Who of the engines is there: lua/beat, lua/muster."""
import time

QUESTION = "019a9999-0000-7000-8000-0000000000aa"
ENGINES = "flash:{42}:engines"


def muster(sku, question="", silence_ms=60000):
    word, *rest = sku.run("muster", question, silence_ms)
    assert word == "OK"
    return {rest[i]: (rest[i + 1], rest[i + 2]) for i in range(0, len(rest), 3)}


def test_a_worker_is_there_once_it_was_heard(sku):
    assert muster(sku) == {}
    assert sku.run("beat", "w1", "") == ["OK", ""]
    assert sku.run("beat", "w2", "") == ["OK", ""]
    found = muster(sku)
    assert set(found) == {"w1", "w2"}
    assert all(0 <= silent_ms < 60000 and answer == "" for silent_ms, answer in found.values())


def test_a_question_is_heard_and_answered(sku):
    sku.run("beat", "w1", "")
    sku.run("beat", "w2", "")
    muster(sku, QUESTION)
    assert sku.run("beat", "w1", "") == ["OK", QUESTION]
    assert {name: answer for name, (_, answer) in muster(sku).items()} == {"w1": "", "w2": ""}
    assert sku.run("beat", "w1", QUESTION) == ["OK", QUESTION]
    assert {name: answer for name, (_, answer) in muster(sku).items()} == {"w1": QUESTION, "w2": ""}
    another = QUESTION.replace("aa", "bb")
    muster(sku, another)
    assert sku.run("beat", "w1", QUESTION) == ["OK", another]


def test_who_is_silent_is_forgotten_and_so_is_nonsense(sku):
    sku.run("beat", "w1", "")
    sku.redis.hset(ENGINES, mapping={"old": f"{sku.now_us() // 1000 - 5000}:", "x": "nonsense"})
    assert set(muster(sku, silence_ms=4000)) == {"w1"}
    assert set(sku.redis.hgetall(ENGINES)) == {"w1"}


def test_a_clock_that_was_set_back(sku):
    sku.redis.hset(ENGINES, "w1", f"{int(time.time() * 1000) + 3600000}:")
    assert muster(sku) == {"w1": (0, "")}


def test_no_question_is_no_question(sku):
    sku.run("beat", "w1", "")
    before = sku.dump()
    assert sku.run("muster", "a b", 1) == ["CORRUPT", "question"]
    for silence in ("", "x", "1.5"):
        assert sku.run("muster", "", silence) == ["CORRUPT", "silence"]
    assert sku.dump() == before


def test_a_full_redis_hears_them_all_the_same(sku, full):
    full(True)
    assert sku.run("beat", "w1", "") == ["OK", ""]
    assert set(muster(sku, QUESTION)) == {"w1"}
    full(False)
