"""lua/reserve.lua: every word it answers, what it writes for it, and that a refusal writes nothing."""
import json

import pytest

from conftest import UUID, Refused


def test_accepted(sku):
    sku.open(base=10)
    before = sku.now_us()
    answer = sku.reserve(("r1", "u1", 2), ("r2", "u2", 3), r=18446744073709551615)
    word, entry, us, due, length, *words = answer
    assert (word, length, words) == ("OK", 1, ["ACCEPTED", "ACCEPTED"])
    assert before <= int(us) <= sku.now_us()
    assert int(due) == -(-int(us) // 1000000) + 900
    stream = f"{us}-18446744073709551615"
    assert entry == (f'{{"v":1,"id":"{UUID}","type":"reserve","sku":"42","generation":1,"stream":"{stream}","due":{due},'
                     f'"lines":[["r1","u1",2],["r2","u2",3]]}}')
    assert json.loads(entry)["lines"] == [["r1", "u1", 2], ["r2", "u2", 3]]
    assert sku.journal() == [(stream, {"e": entry})]
    assert sku.record("r1") == f"A1:2:{us}:{due}:u1"
    assert sku.record("r2") == f"A1:3:{us}:{due}:u2"
    assert (sku.held("u1"), sku.held("u2"), sku.available()) == ("2", "3", 5)
    assert sku.redis.zrange(sku.key("due"), 0, -1, withscores=True) == [(f"{us} r1 r2", float(due))]
    assert sku.redis.hget(sku.key("stock"), "last") == us


def test_replay_is_the_first_answer_again(sku):
    sku.open(base=1)
    us, due = sku.reserve(("r1", "u1", 1))[2:4]
    before = sku.dump()
    assert sku.words(("r1", "u1", 1)) == [f"Q1:1:{us}:{due}:u1"]
    assert sku.reserve(("r1", "u1", 1))[1] == ""
    assert sku.dump() == before
    assert sku.settle(clean=[f"{us}-1"]) == ["OK", 0]
    assert sku.words(("r1", "u1", 1)) == [f"C1:1:{us}:{due}:u1"]


@pytest.mark.parametrize("letter", "CPKXEDRTLS")
def test_replay_of_an_adopted_order(sku, letter):
    sku.open()
    us, due = sku.reserve(("r1", "u1", 1))[2:4]
    sku.settle(adopt=[(f"{us}-1", [("r1", letter, 2, 1, "u1", due)])])
    assert sku.words(("r1", "u1", 1)) == [sku.record("r1")]
    assert sku.record("r1").startswith(f"{letter}2:1:")


@pytest.mark.parametrize("payments", ['"p', '""late', '"p"late'])
def test_replay_of_an_order_with_payments(sku, payments):
    sku.open()
    us, due = sku.reserve(("r1", "u1", 1))[2:4]
    record = f"P3:1:{us}:{due}:u1{payments}"
    sku.redis.hset(sku.key("orders"), "r1", record)
    before = sku.dump()
    assert sku.words(("r1", "u1", 1), ("r1", "u1", 2), ("r1", "u", 1)) == [record, "KEY_REUSED", "KEY_REUSED"]
    assert sku.dump() == before


def test_key_reused(sku):
    sku.open()
    sku.reserve(("r1", "u1", 1))
    before = sku.dump()
    assert sku.words(("r1", "u1", 2), ("r1", "u2", 1), ("r1", "u1", 11)) == ["KEY_REUSED"] * 3
    assert sku.dump() == before


def test_same_order_twice_in_one_call(sku):
    sku.open(base=5)
    answer = sku.reserve(("r1", "u1", 2), ("r1", "u1", 2), ("r1", "u1", 3))
    us, due = answer[2:4]
    assert answer[5:] == ["ACCEPTED", f"Q1:2:{us}:{due}:u1", "KEY_REUSED"]
    assert json.loads(answer[1])["lines"] == [["r1", "u1", 2]]
    assert (sku.available(), sku.held("u1")) == (3, "2")


def test_limit_counts_within_a_call_and_across(sku):
    sku.open(limit=3)
    assert sku.words(("a", "u", 2), ("b", "u", 2), ("c", "u", 1), ("d", "v", 3), ("e", "v", 1)) == \
        ["ACCEPTED", "LIMIT", "ACCEPTED", "ACCEPTED", "LIMIT"]
    assert sku.words(("f", "u", 1), ("g", "w", 4)) == ["LIMIT", "LIMIT"]
    assert (sku.held("u"), sku.held("v"), sku.held("w"), sku.available()) == ("3", "3", None, 94)


def test_no_limit(sku):
    sku.open(limit=0, base=10000)
    assert sku.words(("a", "u", 9999)) == ["ACCEPTED"]


def test_sold_out_is_partial(sku):
    sku.open(base=5)
    answer = sku.reserve(("a", "u", 3), ("b", "v", 3), ("c", "w", 2), ("d", "x", 1))
    assert answer[5:] == ["ACCEPTED", "SOLD_OUT", "ACCEPTED", "SOLD_OUT"]
    assert json.loads(answer[1])["lines"] == [["a", "u", 3], ["c", "w", 2]]
    assert (sku.available(), sku.record("b")) == (0, None)
    before = sku.dump()
    assert sku.reserve(("e", "u", 1))[1] == ""
    assert sku.dump() == before


def test_a_refusal_is_not_remembered(sku):
    sku.open(base=1)
    assert sku.words(("a", "u", 2)) == ["SOLD_OUT"]
    assert sku.words(("a", "u", 1)) == ["ACCEPTED"]


@pytest.mark.parametrize("available", [-1, -1000000000])
def test_negative_stock_is_sold_out(sku, available):
    sku.open()
    sku.redis.hset(sku.key("stock"), "available", available)
    assert sku.words(("a", "u", 1)) == ["SOLD_OUT"]


def test_window(sku):
    sku.run("load", 1, 10, 0, "", 0)
    before = sku.dump()
    assert sku.words(("a", "u", 1)) == ["NOT_STARTED"]  # no sale yet
    assert sku.dump() == before
    now_ms = sku.now_us() // 1000
    sku.run("sale", 1, 1, now_ms + 60000, now_ms + 120000, 0, 60)
    assert sku.words(("a", "u", 1)) == ["NOT_STARTED"]
    sku.run("sale", 1, 2, now_ms - 60000, now_ms - 1, 0, 60)
    assert sku.words(("a", "u", 1)) == ["ENDED"]
    sku.run("sale", 1, 3, now_ms - 60000, now_ms + 60000, 0, 60)
    assert sku.words(("a", "u", 1)) == ["ACCEPTED"]
    sku.run("sale", 1, 4, now_ms - 60000, now_ms - 1, 0, 60)
    assert sku.words(("a", "u", 1), ("b", "u", 1))[1] == "ENDED"
    assert sku.words(("a", "u", 1))[0][0] == "Q"  # a replay is answered after the end too


def test_generation(sku):
    assert sku.reserve(("a", "u", 1)) == ["GENERATION", ""]
    assert sku.dump() == {}
    sku.open(generation=7)
    before = sku.dump()
    for generation in ("6", "8", "", "07", "7.0"):
        assert sku.reserve(("a", "u", 1), generation=generation) == ["GENERATION", "7"]
    assert sku.dump() == before


def test_full_call(sku):
    sku.open(base=1000, limit=2)
    orders = [(f"ref-{i:022d}", f"user-{i % 128}", 1) for i in range(256)]
    answer = sku.reserve(*orders)
    assert answer[5:] == ["ACCEPTED"] * 256
    assert len(json.loads(answer[1])["lines"]) == 256
    assert (sku.available(), sku.held("user-0"), answer[4]) == (744, "2", 1)
    assert sku.words(*orders) == [f"Q1:1:{answer[2]}:{answer[3]}:user-{i % 128}" for i in range(256)]


def test_longest_texts(sku):
    sku.open(base=10**9)
    orders = [(f"{i:064d}", "ü" * 31 + f"{i % 99:02d}", 9999) for i in range(256)]
    answer = sku.reserve(*orders)
    assert answer[5:] == ["ACCEPTED"] * 256
    assert len(answer[1].encode()) < 65536


def test_full_memory(sku, full):
    sku.open()
    us = sku.reserve(("a", "u", 1))[2]
    before = sku.dump()
    full(True)
    with pytest.raises(Refused, match="OOM|maxmemory"):
        sku.reserve(("b", "u", 1))
    assert sku.status("a")[6][0] == "Q"
    full(False)
    assert sku.dump() == before
    full(True)
    assert sku.settle(clean=[f"{us}-1"]) == ["OK", 0]
    assert sku.status("a")[6][0] == "C"


BAD_QUANTITIES = ["-3", "0", "1e3", "0x10", "10000", "2.5", "nan", "inf", "-0", "+1", "01", " 1", "1 ", "", "1\n", "1\x00", "٣",
                  "99999999999999999999", "true"]


@pytest.mark.parametrize("quantity", BAD_QUANTITIES)
def test_bad_quantity(sku, quantity):
    sku.open(limit=5)
    before = sku.dump()
    assert sku.words(("a", "u", quantity)) == ["BAD_QUANTITY"]
    assert sku.dump() == before
    assert sku.words(("a", "u", quantity), ("b", "u", 1)) == ["BAD_QUANTITY", "ACCEPTED"]
    assert (sku.available(), sku.held("u"), sku.record("a")) == (99, "1", None)


NUMBERS = ("available", "starts", "ends", "limit", "hold", "sale", "last")
GARBAGE = ["", "x", "1.5", "1e3", "0x10", "nan", "inf", " 1", "1 ", "--1", "9007199254740991", "9007199254740992",
           "-9007199254740991", "9" * 400]


@pytest.mark.parametrize("field", NUMBERS)
@pytest.mark.parametrize("text", GARBAGE)
def test_corrupt_number(sku, field, text):
    sku.open()
    sku.redis.hset(sku.key("stock"), field, text)
    before = sku.dump()
    assert sku.reserve(("a", "u", 1)) == ["CORRUPT", field]
    assert sku.dump() == before


@pytest.mark.parametrize("field", NUMBERS)
def test_missing_number(sku, field):
    sku.open()
    sku.redis.hdel(sku.key("stock"), field)
    before = sku.dump()
    assert sku.reserve(("a", "u", 1)) == ["CORRUPT", field]
    assert sku.dump() == before


def test_largest_numbers_are_exact(sku):
    sku.open()
    sku.redis.hset(sku.key("stock"), mapping={"available": 9007199254740990, "last": 9007199254740980})
    us = sku.reserve(("a", "u", 1))[2]
    assert (us, sku.available()) == ("9007199254740981", 9007199254740989)
    assert sku.journal()[0][0] == "9007199254740981-1"
    assert sku.status("a")[6] == sku.record("a").replace("A", "Q", 1)


def test_clock_step(sku):
    sku.open()
    future = sku.now_us() + 3600 * 1000000
    sku.redis.hset(sku.key("stock"), "last", future)
    for i in range(1, 4):
        answer = sku.reserve((f"r{i}", "u", 1))
        assert answer[2] == str(future + i)
        assert sku.journal()[-1][0] == f"{future + i}-1"
        assert sku.words((f"r{i}", "u", 1))[0].startswith(f"Q1:1:{future + i}:")


def test_a_refused_stream_id_changes_nothing(sku):
    """The stock hash was lost and loaded again, but the (empty) stream remembers a later id."""
    sku.open()
    sku.redis.xadd(sku.key("journal"), {"e": "x"}, id=f"{sku.now_us() + 3600 * 1000000}-0")
    sku.redis.xtrim(sku.key("journal"), maxlen=0)
    before = sku.dump()
    with pytest.raises(Refused):
        sku.reserve(("a", "u", 1))
    assert sku.dump() == before


@pytest.mark.parametrize("r", ["", "x", "-1", "18446744073709551616"])
def test_bad_r_changes_nothing(sku, r):
    sku.open()
    before = sku.dump()
    with pytest.raises(Refused):
        sku.reserve(("a", "u", 1), r=r)
    assert sku.dump() == before


@pytest.mark.parametrize("argv", [[], ["[]"], ["[]", "a"], ["[]", "a", "u"], ["[]", "a", "u", "1", "b"], ["[]", "a", "u", "1", "b", "u"]])
def test_incomplete_line(sku, argv):
    sku.open()
    before = sku.dump()
    assert sku.run("reserve", 1, UUID, 1, *argv) == ["CORRUPT", "lines"]
    assert sku.dump() == before


def test_a_word_that_is_everybodys_is_given_once(sku):
    sku.open(base=4)
    assert sku.reserve_once(("a", "u", 1), ("b", "v", 1), ("c", "u", 1))[5:] == ["ACCEPTED"]
    assert sku.reserve_once(("d", "u", 1), ("e", "v", 1), r=2)[5:] == ["ACCEPTED", "SOLD_OUT"]
    assert sku.reserve_once(("f", "u", 1), ("g", "v", 2), r=3)[5:] == ["SOLD_OUT"]
    assert sku.reserve_once(("h", "u", 1), r=4)[5:] == ["SOLD_OUT"]
