"""lua/settle.lua: clean and adopted entries, forgotten orders, versions, and that twice is once."""
import pytest

from conftest import Refused


def reserved(sku, *orders, **kwargs):
    """Reserves; returns the stream id and the due."""
    answer = sku.reserve(*orders, **kwargs)
    assert answer[5:] == ["ACCEPTED"] * len(orders)
    return f"{answer[2]}-{kwargs.get('r', 1)}", answer[3]


def test_clean(sku):
    sku.open()
    entry, due = reserved(sku, ("a", "u", 2), ("b", "v", 1))
    record = sku.record("a")
    assert sku.settle(clean=[entry]) == ["OK", 0]
    assert (sku.journal(), sku.record("a"), sku.available()) == ([], record, 97)
    assert [word[0] for word in sku.status("a", "b")[6:]] == ["C", "C"]
    before = sku.dump()
    assert sku.settle(clean=[entry]) == ["OK", 0, entry]  # twice: told, nothing changed
    assert sku.dump() == before


def test_another_uuid_is_not_dropped(sku):
    sku.open()
    entry, _ = reserved(sku, ("a", "u", 1), r=5)
    other = entry.replace("-5", "-6")
    assert sku.settle(clean=[other]) == ["OK", 0, other]
    assert len(sku.journal()) == 1


def test_nothing_to_settle(sku):
    sku.open()
    before = sku.dump()
    assert sku.settle() == ["OK", 0]
    assert sku.dump() == before


def test_adopt_created(sku):
    sku.open(limit=5)
    entry, due = reserved(sku, ("a", "u", 2))
    at = sku.record("a").split(":")[2]
    assert sku.settle(adopt=[(entry, [("a", "C", 1, 2, "u", due)])]) == ["OK", 0]
    assert sku.record("a") == f"C1:2:{at}:{due}:u"
    assert (sku.journal(), sku.available(), sku.held("u")) == ([], 98, "2")


def test_fenced_gives_everything_back(sku):
    sku.open(limit=2)
    entry, _ = reserved(sku, ("a", "u", 2), ("b", "v", 1))
    lines = [("a", "L", 1, 2, "u", 0), ("b", "L", 1, 1, "v", 0)]
    assert sku.settle(adopt=[(entry, lines)]) == ["OK", 0]
    assert (sku.available(), sku.held("u"), sku.held("v"), sku.journal()) == (100, None, None, [])
    assert not sku.redis.exists(sku.key("users"))
    assert [word[:4] for word in sku.status("a", "b")[6:]] == ["L1:2", "L1:1"]
    before = sku.dump()
    assert sku.settle(adopt=[(entry, lines)]) == ["OK", 0]
    assert sku.dump() == before
    assert sku.words(("c", "u", 2)) == ["ACCEPTED"]


def test_shortage_of_one_line(sku):
    sku.open()
    entry, due = reserved(sku, ("a", "u", 2), ("b", "u", 3))
    sku.settle(adopt=[(entry, [("a", "C", 1, 2, "u", due), ("b", "S", 1, 3, "u", 0)])])
    assert (sku.available(), sku.held("u")) == (98, "2")
    assert (sku.record("a")[0], sku.record("b")[0]) == ("C", "S")
    members = sku.redis.zrange(sku.key("due"), 0, -1, withscores=True)
    assert (f"{entry.split('-')[0]} a", float(due)) in members


def test_forgotten_orders_are_learnt(sku):
    sku.open(base=10)
    lines = [("a", "C", 1, 2, "u", 2000000000), ("b", "P", 2, 3, "u", 0), ("c", "X", 2, 4, "v", 0)]
    assert sku.settle(adopt=[("1700000000000000-9", lines)]) == ["OK", 3]
    assert (sku.available(), sku.held("u"), sku.held("v")) == (5, "5", None)
    assert [word[:4] for word in sku.status("a", "b", "c")[6:]] == ["C1:2", "P2:3", "X2:4"]
    assert sku.record("a").endswith(":2000000000:u")
    assert sku.redis.zrange(sku.key("due"), 0, -1, withscores=True) == [("1700000000000000 a", 2000000000.0)]
    before = sku.dump()
    assert sku.settle(adopt=[("1700000000000000-9", lines)]) == ["OK", 0]
    assert sku.dump() == before


def test_adopt_may_go_below_zero_and_come_back(sku):
    sku.open(base=1)
    sku.settle(adopt=[("5-1", [("a", "C", 1, 3, "u", 9)])])
    assert sku.available() == -2
    assert sku.words(("b", "v", 1)) == ["SOLD_OUT"]
    sku.settle(adopt=[("6-1", [("a", "X", 2, 3, "u", 0)])])
    assert sku.available() == 1
    assert sku.words(("b", "v", 1)) == ["ACCEPTED"]


def test_version_rule(sku):
    sku.open()
    entry, due = reserved(sku, ("a", "u", 1))
    sku.redis.hset(sku.key("orders"), "a", f"K3:1:5:{due}:u")  # Redis is ahead
    assert sku.settle(adopt=[(entry, [("a", "P", 2, 1, "u", due)])]) == ["OK", 0]
    assert (sku.record("a"), sku.available(), sku.journal()) == (f"K3:1:5:{due}:u", 99, [])
    sku.settle(adopt=[("7-1", [("a", "P", 3, 1, "u", due)])])  # equal: the ledger's word
    assert sku.record("a").startswith("P3:1:")
    assert int(sku.record("a").split(":")[2]) > 5
    sku.settle(adopt=[("8-1", [("a", "T", 5, 1, "u", 0)])])
    assert (sku.record("a")[:4], sku.available(), sku.held("u")) == ("T5:1", 100, None)


def test_version_ten_is_above_nine(sku):
    sku.open()
    sku.settle(adopt=[("5-1", [("a", "P", 10, 1, "u", 0)])])
    sku.settle(adopt=[("6-1", [("a", "C", 9, 1, "u", 0)])])
    assert sku.record("a").startswith("P10:")


def test_order_queued_in_a_newer_entry(sku):
    sku.open()
    entry, due = reserved(sku, ("a", "u", 1))
    sku.settle(adopt=[("5-1", [("a", "C", 1, 1, "u", due)])])  # an older entry had it already
    assert sku.record("a").startswith("C1:")
    assert [found[0] for found in sku.journal()] == [entry]
    assert sku.available() == 99
    assert sku.settle(clean=[entry]) == ["OK", 0]


def test_other_quantity_or_user_in_the_ledger(sku):
    sku.open()
    entry, due = reserved(sku, ("a", "u", 2))
    sku.settle(adopt=[(entry, [("a", "C", 1, 5, "v", due)])])
    assert (sku.available(), sku.held("u"), sku.held("v")) == (95, None, "5")


def test_one_order_in_two_entries_of_one_call(sku):
    sku.open()
    sku.settle(adopt=[("5-1", [("a", "C", 1, 2, "u", 9)]), ("6-1", [("a", "P", 2, 2, "u", 9)])])
    assert (sku.record("a")[:4], sku.available(), sku.held("u")) == ("P2:2", 98, "2")


@pytest.mark.parametrize("letter,holds", [*((letter, True) for letter in "CPKER"), *((letter, False) for letter in "XDTLS")])
def test_adopt_every_state_with_its_payment(sku, letter, holds):
    sku.open()
    for record in ("C1:2:5:9:u", 'P2:2:5:9:u"old', 'K3:2:5:9:u""late', 'R3:2:5:9:u"p"late', "X2:2:5:9:u"):
        held = record[0] not in "X"
        sku.redis.hset(sku.key("orders"), "a", record)
        sku.redis.hset(sku.key("stock"), "available", 98 if held else 100)
        sku.redis.hset(sku.key("users"), "u", 2) if held else sku.redis.delete(sku.key("users"))
        adopt = [("5-1", [("a", letter, 4, 2, 'u"p', 9)])]
        for _ in range(2):
            assert sku.settle(adopt=adopt) == ["OK", 0]
            assert sku.record("a").startswith(f"{letter}4:2:") and sku.record("a").endswith(':9:u"p')
            assert (sku.available(), sku.held("u")) == ((98, "2") if holds else (100, None))
            assert sku.redis.hkeys(sku.key("users")) == (["u"] if holds else [])


def test_time_of_a_state_that_stays(sku):
    """Adopting the state an order is in keeps when it came to it; another state is of now."""
    sku.open()
    sku.redis.hset(sku.key("orders"), mapping={"a": 'P2:1:5:9:u"p"late', "b": "K2:1:5:9:u"})
    sku.settle(adopt=[("5-1", [("a", "P", 3, 1, 'u"p', 9), ("b", "X", 2, 1, "u", 9)])])
    assert sku.record("a") == 'P3:1:5:9:u"p'
    assert int(sku.record("b").split(":")[2]) > 5


def test_a_clean_payment_is_only_dropped(sku):
    sku.open()
    made = sku.created(("a", "u", 2))
    us = sku.pay(("a", "p"))[2]
    record, due = sku.record("a"), sku.due()
    assert sku.settle(clean=[f"{us}-1"]) == ["OK", 0]
    assert (sku.record("a"), sku.journal(), sku.available(), sku.held("u"), sku.due()) == (record, [], 98, "2", due)
    assert sku.settle(clean=[f"{us}-1", f"{made}-7"]) == ["OK", 0, f"{us}-1", f"{made}-7"]


def test_an_older_row_does_not_undo_a_late_payment(sku):
    """Redis is ahead by the late payment; its own entry brings the ledger's row."""
    sku.open()
    sku.created(("a", "u", 2))
    cancel = sku.release("cancel", ("a", "u"))[2]
    late = sku.pay(("a", "p"))[2]
    sku.settle(adopt=[(f"{cancel}-1", [("a", "X", 2, 2, "u", 0)])])
    assert (sku.record("a")[:3], sku.available(), sku.held("u")) == ("K3:", 98, "2")
    sku.settle(adopt=[(f"{late}-1", [("a", "X", 3, 2, "u", 0)])])
    assert (sku.record("a")[:3], sku.available(), sku.held("u"), sku.journal()) == ("X3:", 100, None, [])


def test_two_lines_for_one_order_in_one_entry(sku):
    """An entry with a payment and a late one: both lines bring the same row, the units move once."""
    sku.open()
    sku.created(("a", "u", 2))
    us = sku.pay(("a", "p"), ("a", "q"))[2]
    lines = [("a", "P", 3, 2, 'u"p', 9)] * 2
    assert sku.settle(adopt=[(f"{us}-1", lines)]) == ["OK", 0]
    assert (sku.record("a")[:3], sku.available(), sku.held("u")) == ("P3:", 98, "2")
    assert sku.pay(("a", "p"))[4] == "PAID"


def test_clean_and_adopted_together(sku):
    sku.open()
    first, _ = reserved(sku, ("a", "u", 1))
    second, _ = reserved(sku, ("b", "v", 1))
    assert sku.settle(clean=[first, "9-9"], adopt=[(second, [("b", "L", 1, 1, "v", 0)])]) == ["OK", 0, "9-9"]
    assert (sku.journal(), sku.available()) == ([], 99)


def test_generation(sku):
    assert sku.settle(clean=["5-1"]) == ["GENERATION", ""]
    sku.open(generation=3)
    entry, _ = reserved(sku, ("a", "u", 1), generation=3)
    before = sku.dump()
    for generation in ("2", "4", ""):
        lines = [("a", "L", 1, 1, "u", 0)]
        assert sku.settle(clean=[entry], adopt=[(entry, lines)], generation=generation) == ["GENERATION", "3"]
    assert sku.dump() == before


@pytest.mark.parametrize("text", ["", "x", "1.5", "nan", "9007199254740991", None])
def test_corrupt_available(sku, text):
    sku.open()
    entry, _ = reserved(sku, ("a", "u", 1))
    sku.redis.hset(sku.key("stock"), "available", text or "")
    if text is None:
        sku.redis.hdel(sku.key("stock"), "available")
    before = sku.dump()
    assert sku.settle(adopt=[(entry, [("a", "L", 1, 1, "u", 0)])]) == ["CORRUPT", "available"]
    assert sku.dump() == before


def test_works_when_memory_is_full(sku, full):
    sku.open()
    entry, _ = reserved(sku, ("a", "u", 1))
    full(True)
    assert sku.settle(adopt=[(entry, [("a", "L", 1, 1, "u", 0)])]) == ["OK", 0]
    assert sku.available() == 100


def test_thousands_of_entries(sku):
    sku.open(base=0)
    adopt = [(f"{i}-1", [(f"r{i}", "C", 1, 1, "u", 9)]) for i in range(1, 9001)]
    assert sku.settle(adopt=adopt) == ["OK", 9000]
    assert (sku.available(), sku.held("u")) == (-9000, "9000")
    assert sku.redis.zcard(sku.key("due")) == 9000
    assert sku.settle(clean=[entry for entry, _ in adopt])[2:] == [entry for entry, _ in adopt]


BAD_LINES = [
    ("a", "C", 1, "-3", "u", 0), ("a", "C", 1, "0", "u", 0), ("a", "C", 1, "1e3", "u", 0), ("a", "C", 1, "0x10", "u", 0),
    ("a", "C", 1, "2.5", "u", 0), ("a", "C", 1, "nan", "u", 0), ("a", "C", 1, "10000", "u", 0), ("a", "C", 1, "", "u", 0),
    ("a", "Q", 1, 1, "u", 0), ("a", "", 1, 1, "u", 0), ("a", "CC", 1, 1, "u", 0), ("a", "c", 1, 1, "u", 0),
    ("a", "C", "-1", 1, "u", 0), ("a", "C", "1.5", 1, "u", 0), ("a", "C", "x", 1, "u", 0), ("a", "C", "", 1, "u", 0),
    ("a", "C", 1, 1, "u", "x"), ("a", "C", 1, 1, "u", "-1"), ("a", "C", 1, 1, "u", ""), ("a", "C", 1, 1, "u", "nan"),
]


def refused(call):
    """Whether a call was refused, by its word or by an error reply."""
    try:
        return call()[0] == "CORRUPT"
    except Refused:
        return True


@pytest.mark.parametrize("line", BAD_LINES)
def test_bad_line_changes_nothing(sku, line):
    sku.open()
    entry, _ = reserved(sku, ("b", "u", 1))
    before = sku.dump()
    good = ("b", "L", 1, 1, "u", 0)
    assert refused(lambda: sku.settle(clean=[entry], adopt=[(entry, [good, line])]))
    assert sku.dump() == before


@pytest.mark.parametrize("bad", ["", "x", "5", "5-", "-1", "5-x", "18446744073709551616-1", "5-99999999999999999999"])
def test_bad_id_changes_nothing(sku, bad):
    sku.open()
    entry, _ = reserved(sku, ("a", "u", 1))
    before = sku.dump()
    assert refused(lambda: sku.settle(clean=[entry], adopt=[(bad, [("a", "L", 1, 1, "u", 0)])]))
    assert refused(lambda: sku.settle(clean=[entry, bad], adopt=[(entry, [("a", "L", 1, 1, "u", 0)])]))
    assert sku.dump() == before


@pytest.mark.parametrize("argv", [["x"], ["-1"], ["2", "5-1"], ["0", "5-1"], ["0", "5-1", "-1"], ["0", "5-1", "x"], ["0", "5-1", "1.5"],
                                  ["0", "5-1", "1", "a"], ["0", "5-1", "1", "a", "C", "1", "1", "u"], ["nan"], ["inf"],
                                  ["0", "5-1", "2", "a", "C", "1", "1", "u", "0"]])
def test_bad_counts_change_nothing(sku, argv):
    sku.open()
    before = sku.dump()
    assert refused(lambda: sku.run("settle", 1, *argv))
    assert sku.dump() == before


@pytest.mark.parametrize("record", ["", "A", "A1:2:3:4", "a1:1:1:1:u", "A1:x:1:1:u", "Z1:1:1:1:u"])
def test_corrupt_record_changes_nothing(sku, record):
    sku.open()
    sku.redis.hset(sku.key("orders"), "a", record)
    before = sku.dump()
    assert refused(lambda: sku.settle(adopt=[("5-1", [("a", "C", 1, 1, "u", 0)])]))
    assert sku.dump() == before


@pytest.mark.parametrize("count", ["", "x"])
def test_corrupt_count_of_a_user_changes_nothing(sku, count):
    sku.open(limit=3)
    sku.redis.hset(sku.key("users"), "u", count)
    before = sku.dump()
    assert refused(lambda: sku.settle(adopt=[("5-1", [("a", "C", 1, 1, "u", 0)])]))
    assert refused(lambda: sku.reserve(("b", "u", 1)))
    assert sku.dump() == before
