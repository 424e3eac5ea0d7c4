"""lua/release.lua: cancel and return, whose order it must be, and that units stay taken until the ledger has spoken."""
import json

import pytest

from conftest import UUID, Refused
from test_reserve import GARBAGE


def lines_of(answer):
    return json.loads(answer[1])["lines"] if answer[1] else []


@pytest.fixture
def two(sku):
    """`a` of 2 units by `u` is CREATED, `b` of 3 by `v` is PAID and its entry settled."""
    sku.open()
    sku.created(("a", "u", 2), ("b", "v", 3))
    us = sku.pay(("b", "p"))[2]
    assert sku.settle(clean=[f"{us}-1"]) == ["OK", 0]
    return sku


@pytest.mark.parametrize("kind,ref,user,letter,line,tail", [
    ("cancel", "a", "u", "K2:2", ["a", "u", 2, 1], ":u"),
    ("return", "b", "v", "R3:3", ["b", "v", 3, 2], ':v"p'),
])
@pytest.mark.parametrize("whose", [True, False])
def test_done(two, kind, ref, user, letter, line, tail, whose):
    due = two.record(ref).split(":")[3]
    word, entry, us, length, *rest = two.release(kind, (ref, user if whose else ""), r=18446744073709551615)
    assert (word, length, rest) == ("OK", 1, ["DONE", f"{letter}:{us}:{due}{tail}"])
    stream = f"{us}-18446744073709551615"
    assert entry == (f'{{"v":1,"id":"{UUID}","type":"{kind}","sku":"42","generation":1,"stream":"{stream}","due":0,'
                     f'"lines":[{json.dumps(line, separators=(",", ":"))}]}}')
    assert two.journal() == [(stream, {"e": entry})]
    assert (two.record(ref), two.redis.hget(two.key("stock"), "last")) == (rest[1], us)
    assert (two.available(), two.held("u"), two.held("v")) == (95, "2", "3")  # until it is settled
    before = two.dump()
    again = two.release(kind, (ref, ""))
    assert (again[1], again[4:]) == ("", rest)
    assert two.dump() == before


@pytest.mark.parametrize("kind,word", [
    ("cancel", dict(C="DONE", P="MET", K="DONE", X="DONE", E="MET", D="MET", R="MET", T="MET", L="MET", S="MET")),
    ("return", dict(C="MET", P="DONE", K="MET", X="MET", E="MET", D="MET", R="DONE", T="DONE", L="MET", S="MET")),
])
def test_every_state(two, kind, word):
    moves = {"cancel": "C", "return": "P"}[kind]
    for letter, expected in word.items():
        two.redis.hset(two.key("orders"), "a", f"{letter}5:2:5:9:u")
        before = two.dump()
        answer = two.release(kind, ("a", "u"))
        assert answer[4] == expected, letter
        if letter != moves:
            assert (answer[1], answer[5], two.dump()) == ("", f"{letter}5:2:5:9:u", before)
        else:
            assert lines_of(answer) == [["a", "u", 2, 5]]
            assert answer[5][:3] == {"C": "K6:", "P": "R6:"}[letter]


@pytest.mark.parametrize("kind", ["cancel", "return"])
def test_queued_is_met(sku, kind):
    sku.open()
    us, due = sku.reserve(("a", "u", 1))[2:4]
    before = sku.dump()
    answer = sku.release(kind, ("a", "u"))
    assert (answer[1], answer[4:]) == ("", ["MET", f"Q1:1:{us}:{due}:u"])
    assert sku.dump() == before


def test_created_met_by_a_return(two):
    assert two.release("return", ("a", "u"))[4:] == ["MET", "C" + two.record("a")[1:]]


def test_queued_among_others_in_the_journal(sku):
    sku.open()
    first, _, third, _ = (sku.reserve((ref, "u", 1))[2] for ref in "abcd")
    sku.settle(clean=[f"{first}-1", f"{third}-1"])
    answer = sku.release("cancel", *((ref, "u") for ref in "abcd"))
    assert answer[4::2] == ["DONE", "MET", "DONE", "MET"]
    assert [line[0] for line in lines_of(answer)] == ["a", "c"]


@pytest.mark.parametrize("user", ["v", "U", "u ", 'u"', "uu"])
def test_somebody_elses(two, user):
    before = two.dump()
    for kind in ("cancel", "return"):
        assert two.release(kind, ("a", user))[4:] == ["ABSENT", ""]
        assert two.release(kind, ("nobody", user))[4:] == ["ABSENT", ""]
    assert two.dump() == before


def test_owner_of_a_paid_order(two):
    """The user ends where the payment begins."""
    assert two.release("return", ("b", 'v"p'), ("b", "v"))[4::2] == ["ABSENT", "DONE"]


def test_same_order_twice_in_one_call(two):
    answer = two.release("cancel", ("a", "u"), ("a", ""), ("a", "x"))
    assert answer[4::2] == ["DONE", "DONE", "ABSENT"] and answer[5] == answer[7]
    assert lines_of(answer) == [["a", "u", 2, 1]]


def test_late_payment_is_kept(two):
    two.redis.hset(two.key("orders"), "b", 'P7:3:5:9:v"p"q')
    assert two.release("return", ("b", ""))[5].endswith(':v"p"q')


def test_credited_once_when_settled(two):
    us = two.release("cancel", ("a", "u"))[2]
    lines = [("a", "X", 2, 2, "u", 0)]
    assert two.settle(adopt=[(f"{us}-1", lines)]) == ["OK", 0]
    assert (two.available(), two.held("u"), two.journal()) == (97, None, [])
    before = two.dump()
    assert two.settle(adopt=[(f"{us}-1", lines)]) == ["OK", 0]
    assert two.release("cancel", ("a", "u"))[4:] == ["DONE", two.record("a")]
    assert two.dump() == before


def test_who_is_first_wins(two):
    assert two.release("cancel", ("a", "u"))[4] == "DONE"
    late = two.pay(("a", "p"))
    assert late[4] == "LATE" and late[5].startswith("K3:2:") and late[5].endswith(':u""p')
    assert two.release("cancel", ("a", "u"))[4:] == ["DONE", late[5]]  # still cancelling, a version on
    us = two.release("return", ("b", "v"))[2]
    assert two.pay(("b", "p"))[4] == "PAID"  # it was paid by this, and is being returned
    assert two.pay(("b", "q"))[4] == "LATE"
    two.settle(adopt=[(f"{us}-1", [("b", "T", 3, 3, 'v"p', 0)])])
    assert two.record("b").startswith("R4:")  # Redis is ahead by the late payment: its entry brings the rest
    two.settle(adopt=[("9-9", [("b", "T", 4, 3, 'v"p', 0)])])
    assert two.record("b").startswith("T4:3:") and two.record("b").endswith(':0:v"p')


def test_full_entry(sku):
    sku.open(base=1000)
    refs = [f"{i:064}" for i in range(256)]
    sku.created(*((ref, "u" * 64, 3) for ref in refs))
    answer = sku.release("cancel", *((ref, "u" * 64) for ref in refs))
    assert answer[4::2] == ["DONE"] * 256 and len(lines_of(answer)) == 256


def test_generation(sku):
    assert sku.release("cancel", ("a", "u")) == ["GENERATION", ""]
    sku.open(generation=3)
    sku.reserve(("a", "u", 1), generation=3)
    before = sku.dump()
    for generation in ("2", "4", ""):
        assert sku.release("cancel", ("a", "u"), generation=generation) == ["GENERATION", "3"]
    assert sku.dump() == before


@pytest.mark.parametrize("text", GARBAGE + ["-1", None])
def test_corrupt_last(two, text):
    two.redis.hset(two.key("stock"), "last", text or "")
    if text is None:
        two.redis.hdel(two.key("stock"), "last")
    before = two.dump()
    assert two.release("cancel", ("a", "u")) == ["CORRUPT", "last"]
    assert two.dump() == before


@pytest.mark.parametrize("kind", ["", "pay", "expire", "CANCEL", "returns"])
def test_corrupt_kind(two, kind):
    before = two.dump()
    assert two.release(kind, ("a", "u")) == ["CORRUPT", "kind"]
    assert two.dump() == before


@pytest.mark.parametrize("argv", [[], ["a"]])
def test_incomplete_line(two, argv):
    before = two.dump()
    try:
        assert two.run("release", 1, UUID, 1, "cancel", *argv)[4:] == ["ABSENT", ""]
    except Refused:
        pass
    assert two.dump() == before


@pytest.mark.parametrize("record", ["", "A", "A1:2:3:4", "a1:1:1:1:u", "Cx:1:1:1:u"])
def test_corrupt_record_is_absent(two, record):
    two.redis.hset(two.key("orders"), "a", record)
    before = two.dump()
    assert two.release("cancel", ("a", ""))[4:] == ["ABSENT", ""]
    assert two.dump() == before


@pytest.mark.parametrize("r", ["", "x", "-1", "18446744073709551616"])
def test_bad_r_changes_nothing(two, r):
    before = two.dump()
    with pytest.raises(Refused):
        two.release("cancel", ("a", "u"), r=r)
    assert two.dump() == before


def test_clock_step(two):
    future = two.now_us() + 3600 * 1000000
    two.redis.hset(two.key("stock"), "last", future)
    assert two.release("cancel", ("a", "u"))[2] == str(future + 1)
    assert two.journal()[-1][0] == f"{future + 1}-1"


def test_works_when_memory_is_full(two, full):
    full(True)
    assert two.release("cancel", ("a", "u"))[4] == "DONE"
    assert two.release("return", ("b", ""))[4] == "DONE"
    full(False)
    assert two.record("a").startswith("K2:") and two.record("b").startswith("R3:")
