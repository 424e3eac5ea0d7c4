"""lua/pay.lua: every word it answers, late payments, the versions, and that a refusal writes nothing."""
import json

import pytest

from conftest import UUID, Refused
from test_reserve import GARBAGE


def lines_of(answer):
    return json.loads(answer[1])["lines"] if answer[1] else []


@pytest.fixture
def one(sku):
    """A SKU with one order `a` of 2 units by `u`, CREATED."""
    sku.open()
    sku.created(("a", "u", 2))
    return sku


def test_paid(one):
    due = one.record("a").split(":")[3]
    before = one.now_us()
    word, entry, us, length, *rest = one.pay(("a", "pay-1"), r=18446744073709551615)
    assert (word, length, rest) == ("OK", 1, ["PAID", f'P2:2:{us}:{due}:u"pay-1'])
    assert before <= int(us) <= one.now_us()
    stream = f"{us}-18446744073709551615"
    assert entry == (f'{{"v":1,"id":"{UUID}","type":"pay","sku":"42","generation":1,"stream":"{stream}","due":0,'
                     f'"lines":[["a","u",2,1,"pay-1"]]}}')
    assert one.journal() == [(stream, {"e": entry})]
    assert one.record("a") == rest[1]
    assert one.redis.hget(one.key("stock"), "last") == us
    assert (one.available(), one.held("u")) == (98, "2")


def test_repeat_by_the_same_payment(one):
    first = one.pay(("a", "p"))
    before = one.dump()
    again = one.pay(("a", "p"))
    assert (again[1], again[3], again[4:]) == ("", 1, first[4:])
    assert one.dump() == before
    one.settle(clean=[f"{first[2]}-1"])
    assert one.pay(("a", "p"))[4:] == first[4:]


@pytest.mark.parametrize("letter", "RTPXD")
def test_repeat_after_the_order_went_on(one, letter):
    one.redis.hset(one.key("orders"), "a", f'{letter}4:2:5:9:u"p')
    before = one.dump()
    answer = one.pay(("a", "p"))
    assert (answer[1], answer[3:]) == ("", [0, "PAID", f'{letter}4:2:5:9:u"p'])
    assert one.dump() == before


def test_same_payment_twice_in_one_call(one):
    answer = one.pay(("a", "p"), ("a", "p"))
    assert answer[4::2] == ["PAID", "PAID"] and answer[5] == answer[7]
    assert lines_of(answer) == [["a", "u", 2, 1, "p"]]


def test_two_payments_in_one_call(one):
    """One pays, the other is late; both are told to the ledger, each with its own version."""
    answer = one.pay(("a", "p1"), ("a", "p2"), ("a", "p1"), ("a", "p2"))
    us = answer[2]
    assert answer[4::2] == ["PAID", "LATE", "PAID", "LATE"]
    assert answer[5].startswith("P2:2:") and answer[7] == answer[9] == answer[11] == one.record("a")
    assert one.record("a").startswith(f"P3:2:{us}:") and one.record("a").endswith(':u"p1"p2')
    assert lines_of(answer) == [["a", "u", 2, 1, "p1"], ["a", "u", 2, 2, "p2"]]
    assert len(one.journal()) == 1


@pytest.mark.parametrize("letter", "PKXEDRTLS")
def test_late(one, letter):
    one.redis.hset(one.key("orders"), "a", f"{letter}3:2:5:9:u" + ('"first' if letter == "P" else ""))
    answer = one.pay(("a", "p"))
    paid = "first" if letter == "P" else ""
    assert answer[4:] == ["LATE", f'{letter}4:2:{answer[2]}:9:u"{paid}"p']  # the state stays
    assert one.record("a") == answer[5]
    assert lines_of(answer) == [["a", "u", 2, 3, "p"]]
    before = one.dump()
    again = one.pay(("a", "p"))
    assert (again[1], again[4:]) == ("", answer[4:])
    assert one.dump() == before


def test_versions_step_by_one_per_line(one):
    version, seen = 1, []
    for payment in ("p1", "p2", "p3", "p1", "p3", "p4"):
        answer = one.pay(("a", payment))
        seen += lines_of(answer)
        version += len(lines_of(answer))
        assert one.record("a").startswith(f"P{version}:")
    assert [line[3:] for line in seen] == [[1, "p1"], [2, "p2"], [3, "p3"], [4, "p4"]]


def test_version_ten(one):
    one.redis.hset(one.key("orders"), "a", "C10:2:5:9:u")
    answer = one.pay(("a", "p"))
    assert lines_of(answer) == [["a", "u", 2, 10, "p"]]
    assert one.record("a").startswith("P11:2:")


def test_queued_is_never_payable(sku):
    sku.open()
    us, due = sku.reserve(("a", "u", 1))[2:4]
    before = sku.dump()
    answer = sku.pay(("a", "p"))
    assert (answer[1], answer[3], answer[4:]) == ("", 1, ["MET", f"Q1:1:{us}:{due}:u"])
    assert sku.dump() == before
    sku.settle(clean=[f"{us}-1"])
    assert sku.pay(("a", "p"))[4] == "PAID"


def test_queued_among_others_in_the_journal(sku):
    """Older than the oldest open entry, the oldest itself, and by look-up: between two open ones, and open."""
    sku.open()
    first, second, third, fourth = (sku.reserve((ref, "u", 1))[2] for ref in "abcd")
    sku.settle(clean=[f"{first}-1", f"{third}-1"])
    answer = sku.pay(*((ref, f"p{ref}") for ref in "abcd"))
    assert answer[4::2] == ["PAID", "MET", "PAID", "MET"]
    assert [line[0] for line in lines_of(answer)] == ["a", "c"]
    sku.settle(clean=[f"{second}-1", f"{fourth}-1", f"{answer[2]}-1"])
    assert sku.pay(("b", "pb"), ("d", "pd"))[4::2] == ["PAID", "PAID"]


def test_absent(one):
    before = one.dump()
    answer = one.pay(("nobody", "p"))
    assert (answer[1], answer[4:]) == ("", ["ABSENT", ""])
    assert one.dump() == before
    assert one.pay(("nobody", "p"), ("a", "p"))[4::2] == ["ABSENT", "PAID"]


def test_user_with_colons(sku):
    sku.open()
    sku.created(("a", "a:user:with:colons", 3))
    assert lines_of(sku.pay(("a", "p"))) == [["a", "a:user:with:colons", 3, 1, "p"]]
    assert sku.record("a").endswith(':a:user:with:colons"p')


def test_full_entry(sku):
    sku.open(base=1000)
    user, refs = "u" * 64, [f"{i:064}" for i in range(256)]
    sku.created(*((ref, user, 3) for ref in refs))
    answer = sku.pay(*((ref, ref[::-1]) for ref in refs))
    assert answer[4::2] == ["PAID"] * 256
    assert len(lines_of(answer)) == 256 and len(answer[1]) <= 65536


def test_clock_step(one):
    future = one.now_us() + 3600 * 1000000
    one.redis.hset(one.key("stock"), "last", future)
    assert one.pay(("a", "p"))[2] == str(future + 1)
    assert one.journal()[-1][0] == f"{future + 1}-1"


def test_generation(sku):
    assert sku.pay(("a", "p")) == ["GENERATION", ""]
    sku.open(generation=3)
    sku.reserve(("a", "u", 1), generation=3)
    before = sku.dump()
    for generation in ("2", "4", ""):
        assert sku.pay(("a", "p"), generation=generation) == ["GENERATION", "3"]
    assert sku.dump() == before


@pytest.mark.parametrize("text", GARBAGE + ["-1", None])
def test_corrupt_last(one, text):
    one.redis.hset(one.key("stock"), "last", text or "")
    if text is None:
        one.redis.hdel(one.key("stock"), "last")
    before = one.dump()
    assert one.pay(("a", "p")) == ["CORRUPT", "last"]
    assert one.dump() == before


@pytest.mark.parametrize("argv", [["a"], ["a", ""], ["a", 'p"q'], ["a", "p", "b"], ["a", "p", "b", ""]])
def test_corrupt_payment(one, argv):
    before = one.dump()
    assert one.run("pay", 1, UUID, 1, *argv) == ["CORRUPT", "payment"]
    assert one.dump() == before


def test_no_lines(one):
    before = one.dump()
    with pytest.raises(Refused):
        one.pay()
    assert one.dump() == before


@pytest.mark.parametrize("record", ["", "A", "A1:2:3:4", "a1:1:1:1:u", "C1:x:1:1:u", "Cx:1:1:1:u"])
def test_corrupt_record_changes_nothing(one, record):
    one.created(("b", "u", 1))
    one.redis.hset(one.key("orders"), "a", record)
    before = one.dump()
    with pytest.raises(Refused):
        one.pay(("b", "p"), ("a", "p"))
    assert one.dump() == before


@pytest.mark.parametrize("r", ["", "x", "-1", "18446744073709551616"])
def test_bad_r_changes_nothing(one, r):
    before = one.dump()
    with pytest.raises(Refused):
        one.pay(("a", "p"), r=r)
    assert one.dump() == before


def test_refused_when_memory_is_full(one, full):
    before = one.dump()
    full(True)
    with pytest.raises(Refused, match="OOM"):
        one.pay(("a", "p"))
    full(False)
    assert one.dump() == before
    assert one.pay(("a", "p"))[4] == "PAID"
