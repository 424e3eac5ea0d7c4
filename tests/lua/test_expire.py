"""lua/expire.lua: only what is due, by Redis' clock; what it passes over; when a due member may go."""
import json

import pytest

from conftest import UUID, Refused
from test_reserve import GARBAGE


def lines_of(answer):
    return json.loads(answer[1])["lines"] if answer[1] else []


@pytest.fixture
def late(sku):
    """A SKU whose orders are due the moment they are made."""
    sku.open(base=1000)
    sku.make_due()
    return sku


def test_expired(late):
    made = late.created(("a", "u", 2), ("b", "v", 3))
    due = late.record("a").split(":")[3]
    word, entry, us, *rest = late.expire(r=18446744073709551615)
    assert (word, rest) == ("OK", [1, 2, 0, 0])  # journal length, orders, passed over, no more
    stream = f"{us}-18446744073709551615"
    assert entry == (f'{{"v":1,"id":"{UUID}","type":"expire","sku":"42","generation":1,"stream":"{stream}","due":0,'
                     f'"lines":[["a","u",2,1],["b","v",3,1]]}}')
    assert int(us) > int(made)
    assert late.journal() == [(stream, {"e": entry})]
    assert (late.record("a"), late.record("b")) == (f"E2:2:{us}:{due}:u", f"E2:3:{us}:{due}:v")
    assert (late.due(), late.redis.hget(late.key("stock"), "last")) == ([], us)
    assert (late.available(), late.held("u")) == (995, "2")  # until it is settled
    before = late.dump()
    assert late.expire()[3:] == [1, 0, 0, 0]
    assert late.dump() == before
    late.settle(adopt=[(stream, [("a", "D", 2, 2, "u", 0), ("b", "D", 2, 3, "v", 0)])])
    assert (late.available(), late.held("u"), late.held("v"), late.journal()) == (1000, None, None, [])


def test_nothing_is_due(sku):
    sku.open(hold=1)
    sku.created(("a", "u", 1))
    sku.redis.zadd(sku.key("due"), {sku.due()[0][0]: sku.now_us() // 1000000 + 3600})
    before = sku.dump()
    answer = sku.expire()
    assert (answer[1], answer[3:]) == ("", [0, 0, 0, 0])
    assert sku.dump() == before


def test_the_deadline_second_itself(sku):
    """By Redis' clock: an order is due in the second of its deadline, and not before."""
    sku.open(hold=0)
    sku.created(("a", "u", 1))
    due = int(sku.record("a").split(":")[3])
    while True:
        before_s, taken, after_s = sku.redis.time()[0], sku.expire()[4], sku.redis.time()[0]
        assert taken == 0 or after_s >= due
        assert taken == 1 or before_s < due
        if taken:
            break


@pytest.mark.parametrize("letter", "PKXEDRTLS")
def test_other_states_leave_the_list(late, letter):
    late.created(("a", "u", 1))
    late.redis.hset(late.key("orders"), "a", f"{letter}2:1:5:9:u")
    answer = late.expire()
    assert (answer[1], answer[3:]) == ("", [0, 0, 0, 0])
    assert (late.record("a"), late.due(), late.journal()) == (f"{letter}2:1:5:9:u", [], [])


def test_adopted_created_is_taken(late):
    us, due = late.reserve(("a", "u", 1), ("b", "u", 1))[2:4]
    late.settle(adopt=[(f"{us}-1", [("a", "C", 1, 1, "u", due), ("b", "L", 1, 1, "u", 0)])])
    assert len(late.due()) == 2  # the entry's, and the adopted order's
    answer = late.expire()
    assert lines_of(answer) == [["a", "u", 1, 1]]
    assert late.due() == []


def test_forgotten_order_leaves_the_list(late):
    late.created(("a", "u", 1))
    late.redis.hdel(late.key("orders"), "a")
    assert late.expire()[3:] == [0, 0, 0, 0]
    assert late.due() == []


def test_queued_is_passed_over_and_stays(late):
    us = late.reserve(("a", "u", 1), ("b", "u", 2))[2]
    before = late.dump()
    answer = late.expire()
    assert (answer[1], answer[3:]) == ("", [1, 0, 1, 0])
    assert late.dump() == before
    late.settle(clean=[f"{us}-1"])
    assert late.expire()[3:] == [1, 2, 0, 0]


def test_one_queued_order_keeps_the_member(late):
    """A member can hold orders of two kinds when it is stale: what is due of it goes, the member stays."""
    late.created(("a", "u", 1))
    queued = late.reserve(("b", "u", 1))[2]
    for member, _ in late.due():
        late.redis.zrem(late.key("due"), member)
    late.redis.zadd(late.key("due"), {"7 a b": 1})
    answer = late.expire()
    assert lines_of(answer) == [["a", "u", 1, 1]]
    assert answer[4:] == [1, 1, 0] and late.due() == [("7 a b", 1.0)]
    late.settle(clean=[f"{queued}-1"])
    assert lines_of(late.expire()) == [["b", "u", 1, 1]]
    assert late.due() == []


def test_doubled_and_stale_members(late):
    late.created(("a", "u", 1), ("b", "u", 1))
    late.redis.zadd(late.key("due"), {"3 a": 1, "4 b a": 2, "5 nobody": 3, "6": 4})
    answer = late.expire()
    assert sorted(line[0] for line in lines_of(answer)) == ["a", "b"]
    assert (answer[4:], late.due()) == ([2, 0, 0], [])


def test_later_deadline_in_the_record_moves_the_member(late):
    later = late.now_us() // 1000000 + 1000
    late.created(("a", "u", 1), ("b", "u", 1), ("c", "u", 1))
    member = late.due()[0][0]
    late.redis.hset(late.key("orders"), mapping={"a": f"C1:1:5:{later}:u", "b": f"C1:1:5:{later + 9}:u"})
    answer = late.expire()
    assert lines_of(answer) == [["c", "u", 1, 1]]
    assert (answer[4:], late.due()) == ([1, 0, 0], [(member, float(later))])
    assert late.expire()[4:] == [0, 0, 0]


def test_most(late):
    for i in range(5):
        late.created((f"a{i}", "u", 1), (f"b{i}", "u", 1))
    taken = []
    for left in (3, 3, 3, 1):
        answer = late.expire(most=3)
        assert answer[4] == left and answer[6] == (1 if left == 3 else 0)
        taken += [line[0] for line in lines_of(answer)]
    assert sorted(taken) == sorted(f"{x}{i}" for x in "ab" for i in range(5))
    assert late.due() == [] and late.expire()[4:] == [0, 0, 0]
    assert {late.record(ref)[:3] for ref in taken} == {"E2:"}


def test_member_that_did_not_fit_is_counted_and_stays(late):
    late.created(*((f"r{i}", "u", 1) for i in range(10)))
    answer = late.expire(most=4)
    assert answer[4:] == [4, 1, 1] and len(late.due()) == 1
    assert [line[0] for line in lines_of(late.expire(most=4))] == ["r4", "r5", "r6", "r7"]


def test_offset_passes_over_queued(late):
    """100 due members QUEUED in front of one that can go: two calls, the second behind the first's 64."""
    for i in range(100):
        late.reserve((f"q{i}", "u", 1))
    us = late.reserve(("a", "u", 1))[2]
    late.settle(clean=[f"{us}-1"])
    late.redis.zadd(late.key("due"), {f"{us} a": late.now_us() // 1000000 - 1}, xx=True)  # the last in order
    first = late.expire()
    assert (first[1], first[4:]) == ("", [0, 64, 1])
    second = late.expire(offset=64)
    assert [line[0] for line in lines_of(second)] == ["a"]
    assert second[4:] == [1, 36, 0]
    assert len(late.due()) == 100


def test_full_entry(late):
    refs = [f"{i:064}" for i in range(256)]
    late.created(*((ref, "u" * 64, 3) for ref in refs))
    late.created(("z", "u", 1))
    answer = late.expire()
    assert answer[4:] == [256, 0, 1] and len(lines_of(answer)) == 256
    assert late.expire()[4:] == [1, 0, 0]


def test_a_late_payment_meets_it(late):
    late.created(("a", "u", 1))
    late.expire()
    answer = late.pay(("a", "p"))
    assert answer[4] == "LATE" and answer[5].startswith("E3:") and answer[5].endswith(':u""p')
    assert late.release("cancel", ("a", "u"))[4] == "MET"


def test_a_payment_in_time_wins(late):
    late.created(("a", "u", 1))
    late.pay(("a", "p"))
    assert late.expire()[4:] == [0, 0, 0]
    assert late.record("a").startswith("P2:")


def test_generation(sku):
    assert sku.expire() == ["GENERATION", ""]
    sku.open(generation=3)
    sku.make_due()
    sku.reserve(("a", "u", 1), generation=3)
    before = sku.dump()
    for generation in ("2", "4", ""):
        assert sku.expire(generation=generation) == ["GENERATION", "3"]
    assert sku.dump() == before


@pytest.mark.parametrize("text", GARBAGE + ["-1", None])
def test_corrupt_last(late, text):
    late.created(("a", "u", 1))
    late.redis.hset(late.key("stock"), "last", text or "")
    if text is None:
        late.redis.hdel(late.key("stock"), "last")
    before = late.dump()
    assert late.expire() == ["CORRUPT", "last"]
    assert late.dump() == before


@pytest.mark.parametrize("argv", [[], ["x"], ["x", "0"], ["5"], ["5", "x"], ["5", ""]])
def test_bad_arguments_change_nothing(late, argv):
    late.created(("a", "u", 1))
    before = late.dump()
    with pytest.raises(Refused):
        late.run("expire", 1, UUID, 1, *argv)
    assert late.dump() == before


@pytest.mark.parametrize("r", ["", "x", "-1", "18446744073709551616"])
def test_bad_r_changes_nothing(late, r):
    late.created(("a", "u", 1))
    late.redis.zadd(late.key("due"), {"5 nobody": 1})
    before = late.dump()
    with pytest.raises(Refused):
        late.expire(r=r)
    assert late.dump() == before


def test_clock_step(late):
    late.created(("a", "u", 1))
    future = late.now_us() + 3600 * 1000000
    late.redis.hset(late.key("stock"), "last", future)
    assert late.expire()[2] == str(future + 1)
    assert late.journal()[-1][0] == f"{future + 1}-1"


def test_works_when_memory_is_full(late, full):
    late.created(("a", "u", 1))
    full(True)
    assert late.expire()[4] == 1
    full(False)
    assert late.record("a").startswith("E2:")
