"""lua/take, lua/inflow and what settle gives back: units that come and go for good, each number and each reference once."""
import json

import pytest

from conftest import UUID, Refused

MANY = 1000000000


def stock(sku):
    return [int(text) for text in sku.redis.hmget(sku.key("stock"), "available", "base", "inflow")]


def takes(sku):
    return sku.redis.hgetall(sku.key("takes"))


# ---- take ----

def test_units_leave_with_an_entry(sku):
    sku.open(base=10)
    word, entry, us, length = sku.take("broken-1", 4, r=77, operator="anna", reason="fell off ü")
    assert (word, length) == ("OK", 1)
    assert sku.journal() == [(f"{us}-77", {"e": entry})]
    assert entry == (f'{{"v":1,"id":"{UUID}","type":"take","sku":"42","generation":1,"stream":"{us}-77","due":0,'
                     '"lines":[["broken-1","anna",4,"fell off ü"]]}')
    assert json.loads(entry)["lines"] == [["broken-1", "anna", 4, "fell off ü"]]
    assert stock(sku) == [6, 6, 0]
    assert takes(sku) == {"broken-1": f"{us}-77:4:fell off ü"}
    assert sku.redis.hget(sku.key("stock"), "last") == us


def test_a_reference_with_an_open_take_takes_nothing_more(sku):
    sku.open(base=10)
    us = sku.take("broken-1", 4, r=77)[2]
    before = sku.dump()
    for quantity, reason in ((4, "broken"), (5, "broken"), (4, "stolen"), (100, "broken")):
        assert sku.take("broken-1", quantity, r=78, reason=reason) == ["TAKEN", f"{us}-77:4:broken"]
    assert sku.dump() == before


def test_what_is_not_there_is_sold_out(sku):
    sku.open(base=10)
    sku.reserve(("a", "u", 7))
    before = sku.dump()
    assert sku.take("t", 4) == ["SOLD_OUT", "3"]
    assert sku.dump() == before
    assert sku.take("t", 3)[0] == "OK"
    assert stock(sku) == [0, 7, 0]
    assert sku.words(("b", "u", 1)) == ["SOLD_OUT"]


def test_it_may_rest_on_a_number(sku):
    sku.open(base=10)
    assert sku.inflow(1, 5) == ["APPLIED", "5"]
    before = sku.dump()
    assert sku.take("t", 1, rests_on="0") == ["MOVED", "1", 0]
    assert sku.dump() == before
    assert sku.take("t", 1, rests_on="1", r=1)[0] == "OK"
    assert sku.take("t2", 1, rests_on="1", r=2) == ["MOVED", "1", 1]
    assert sku.take("t2", 1, r=2)[0] == "OK"


def test_absent_and_another_generation(sku):
    assert sku.take() == ["ABSENT"]
    assert sku.inflow(1, 1) == ["ABSENT"]
    sku.open(base=10)
    before = sku.dump()
    assert sku.take(generation=2) == ["GENERATION", "1"]
    assert sku.inflow(1, 1, generation=2) == ["GENERATION", "1"]
    assert sku.dump() == before


@pytest.mark.parametrize("quantity", ["0", "-1", "1.5", "1e3", "0x10", " 5", "", "nan", "01", str(MANY + 1), "9" * 30])
def test_quantities_that_are_none(sku, quantity):
    sku.open(base=10)
    before = sku.dump()
    assert sku.take("t", quantity) == ["CORRUPT", "quantity"]
    assert sku.dump() == before


@pytest.mark.parametrize("field", ["reference", "operator", "reason"])
@pytest.mark.parametrize("text", ["", 'a"b', "a\\b", "a\nb", "a\0b"])
def test_texts_that_would_need_escapes(sku, field, text):
    sku.open(base=10)
    before = sku.dump()
    assert sku.take(**{"quantity": 1, field: text}) == ["CORRUPT", field]
    assert sku.dump() == before


@pytest.mark.parametrize("field", ["available", "base", "inflow", "last"])
@pytest.mark.parametrize("value", ["", "x", "1e3", "9" * 17, None])
def test_damaged_numbers(sku, field, value):
    sku.open(base=10)
    if value is None:
        sku.redis.hdel(sku.key("stock"), field)
    else:
        sku.redis.hset(sku.key("stock"), field, value)
    before = sku.dump()
    assert sku.take() == ["CORRUPT", field]
    if field != "last":
        assert sku.inflow(1, 1) == ["CORRUPT", field]
    assert sku.dump() == before


def test_when_memory_is_full_a_take_waits_and_the_rest_goes_on(sku, full):
    sku.open(base=10)
    us = sku.take("t", 4, r=7)[2]
    full(True)
    with pytest.raises(Refused, match="OOM"):
        sku.take("t2", 1)
    assert sku.inflow(1, 5) == ["APPLIED", "5"]
    assert sku.settle(adopt=[(f"{us}-7", [give_back("t")])]) == ["OK", 0]
    assert stock(sku) == [15, 15, 1]


# ---- taken ----

def test_an_open_take_is_told_by_its_reference(sku):
    assert sku.run("taken", "t") == ["OK", ""]
    sku.open(base=10)
    us = sku.take("t", 4, r=77)[2]
    before = sku.dump()
    assert sku.run("taken", "t") == ["OK", f"{us}-77:4:broken"]
    assert sku.run("taken", "other") == ["OK", ""]
    assert sku.dump() == before
    assert sku.inflow(1, -4, "t", 77) == ["APPLIED", "0"]
    assert sku.run("taken", "t") == ["OK", ""]


# ---- inflow ----

def test_numbers_are_applied_once_and_in_order(sku):
    sku.open(base=10)
    assert sku.inflow(2, 5) == ["GAP", "0"]
    assert sku.inflow(1, 5) == ["APPLIED", "5"]
    for number in (1, 0 + 1):
        assert sku.inflow(number, 5) == ["DONE", "1"]
    assert sku.inflow(2, 7) == ["APPLIED", "7"]
    assert sku.inflow(1, 5) == ["DONE", "2"]
    assert sku.inflow(4, 1) == ["GAP", "2"]
    assert stock(sku) == [22, 22, 2]


@pytest.mark.parametrize("number,quantity,what", [
    ("0", "1", "number"), ("-1", "1", "number"), ("x", "1", "number"), ("", "1", "number"), (str(MANY + 1), "1", "number"),
    ("1", "", "quantity"), ("1", "1.5", "quantity"), ("1", "x", "quantity"), ("1", str(MANY + 1), "quantity"),
    ("1", str(MANY), "base")])
def test_rows_that_cannot_be(sku, number, quantity, what):
    sku.open(base=10)
    before = sku.dump()
    assert sku.inflow(number, quantity) == ["CORRUPT", what]
    assert sku.dump() == before


def test_a_take_that_redis_knows_moves_nothing_at_its_number(sku):
    sku.open(base=10)
    sku.take("t", 4, r=77)
    assert sku.inflow(1, -4, "t", 77) == ["APPLIED", "0"]
    assert stock(sku) == [6, 6, 1]
    assert takes(sku) == {}
    assert sku.inflow(1, -4, "t", 77) == ["DONE", "1"]
    assert stock(sku) == [6, 6, 1]


def test_its_entry_may_be_settled_before_or_after(sku):
    sku.open(base=20)
    first = f"{sku.take('t', 4, r=7)[2]}-7"
    second = f"{sku.take('t2', 3, r=8)[2]}-8"
    assert sku.settle(clean=[first]) == ["OK", 0]
    assert sku.inflow(1, -4, "t", 7) == ["APPLIED", "0"]
    assert sku.inflow(2, -3, "t2", 8) == ["APPLIED", "0"]
    assert sku.settle(clean=[first, second]) == ["OK", 0, first]
    assert stock(sku) == [13, 13, 2]
    assert sku.journal() == []


def test_a_take_that_redis_has_forgotten_is_taken_now(sku):
    sku.open(base=10)
    assert sku.inflow(1, -4, "t", 77) == ["APPLIED", "-4"]
    assert stock(sku) == [6, 6, 1]


def test_another_take_of_the_same_reference_is_not_mistaken_for_it(sku):
    """Redis forgot the first, whose message got through; a retry has taken again, which the ledger refuses."""
    sku.open(base=10)
    entry = f"{sku.take('t', 4, r=78)[2]}-78"
    assert sku.inflow(1, -4, "t", 77) == ["APPLIED", "-4"]
    assert stock(sku) == [2, 2, 1]
    assert sku.settle(adopt=[(entry, [give_back("t")])]) == ["OK", 0]
    assert stock(sku) == [6, 6, 1]


def test_it_may_leave_less_than_nothing(sku):
    """Only after Redis has lost writes: what was sold of those units the ledger refuses."""
    sku.open(base=10)
    sku.reserve(("a", "u", 8))
    assert sku.inflow(1, -4, "t", 77) == ["APPLIED", "-4"]
    assert stock(sku) == [-2, 6, 1]
    assert sku.words(("b", "u", 1)) == ["SOLD_OUT"]


# ---- given back ----

def give_back(reference):
    return (reference, "G", 1, 1, "-", 0)


def test_a_refused_take_comes_back_once(sku):
    sku.open(base=10)
    sku.reserve(("a", "u", 2), r=5)
    entry = f"{sku.take('t', 4, r=7)[2]}-7"
    assert stock(sku) == [4, 6, 0]
    for _ in range(2):
        assert sku.settle(adopt=[(entry, [give_back("t")])]) == ["OK", 0]
        assert stock(sku) == [8, 10, 0]
    assert takes(sku) == {}
    assert len(sku.journal()) == 1
    assert sku.take("t", 4, r=9)[0] == "OK" # the same reference may try again


def test_the_same_entry_twice_in_one_call(sku):
    sku.open(base=10)
    entry = f"{sku.take('t', 4, r=7)[2]}-7"
    assert sku.settle(adopt=[(entry, [give_back("t"), give_back("t")]), (entry, [give_back("t")])]) == ["OK", 0]
    assert stock(sku) == [10, 10, 0]


def test_another_entry_of_the_reference_gives_nothing_back(sku):
    sku.open(base=10)
    us = sku.take("t", 4, r=7)[2]
    assert sku.settle(adopt=[(f"{us}-8", [give_back("t")]), (f"{int(us) + 1}-7", [give_back("t")])]) == ["OK", 0]
    assert stock(sku) == [6, 6, 0]
    assert len(sku.journal()) == 1 and takes(sku)


def test_orders_and_takes_in_one_call(sku):
    sku.open(base=10)
    orders = sku.reserve(("a", "u", 2), ("b", "u", 1), r=5)[2]
    take = sku.take("t", 4, r=7)[2]
    lost = [("a", "L", 1, 2, "u", 0), ("b", "C", 1, 1, "u", 9)]
    assert sku.settle(adopt=[(f"{orders}-5", lost), (f"{take}-7", [give_back("t")])]) == ["OK", 0]
    assert stock(sku) == [9, 10, 0]
    assert sku.held("u") == "1"


def test_a_refused_line_elsewhere_leaves_all_as_it_was(sku):
    sku.open(base=10)
    entry = f"{sku.take('t', 4, r=7)[2]}-7"
    before = sku.dump()
    assert sku.settle(adopt=[(entry, [give_back("t")]), ("5-5", [("a", "Z", 1, 1, "u", 0)])]) == ["CORRUPT", "line"]
    assert sku.dump() == before


def test_a_damaged_base_is_said(sku):
    sku.open(base=10)
    sku.redis.hset(sku.key("stock"), "base", "x")
    before = sku.dump()
    assert sku.settle(adopt=[("5-5", [give_back("t")])]) == ["CORRUPT", "base"]
    assert sku.dump() == before
