"""The scripts that only read: what they derive, and that they agree with what is there."""
import pytest

from conftest import UUID, Refused


def test_absent(sku):
    now = sku.now_us()
    word, at, length, oldest, generation, sale, *records = sku.status("a", sale=1)
    assert (word, length, oldest, generation, sale, records) == ("ABSENT", 0, "", "", "", [""])
    assert now <= int(at) <= sku.now_us()
    word, at = sku.snapshot()
    assert word == "ABSENT" and int(at) >= now


def test_status_without_refs(sku):
    sku.open(base=7, limit=2, hold=60)
    answer = sku.status(sale=1)
    stock = sku.redis.hgetall(sku.key("stock"))
    assert answer[0] == "OK" and answer[2:5] == [0, "", "1"] and len(answer) == 6
    assert answer[5] == ["7", "7", stock["starts"], stock["ends"], "2", "60", "1", "A thing", "5", f"open:1:{sku.run_id()}", None]
    assert sku.status()[5] == ""


def test_sale_with_missing_fields_keeps_its_places(sku):
    sku.redis.hset(sku.key("stock"), mapping={"generation": 1, "threshold": 9})
    assert sku.status(sale=1)[5] == [None] * 8 + ["9", None, None]


def test_queued_becomes_created(sku):
    sku.open()
    first = sku.reserve(("a", "u", 1))[2]
    second = sku.reserve(("b", "u", 1), ("c", "u", 2))[2]
    third = sku.reserve(("d", "u", 1))[2]
    answer = sku.status("a", "b", "c", "d", "nobody")
    assert answer[2:4] == [3, first]
    assert [record[:1] for record in answer[6:]] == ["Q", "Q", "Q", "Q", ""]
    sku.settle(clean=[f"{second}-1"])  # in the middle: the look-up, not the shortcut
    answer = sku.status("a", "b", "c", "d")
    assert answer[2:4] == [2, first]
    assert [record[0] for record in answer[6:]] == ["Q", "C", "C", "Q"]
    sku.settle(clean=[f"{first}-1"])  # older than the oldest: the shortcut
    answer = sku.status("a", "b", "c", "d")
    assert answer[2:4] == [1, third]
    assert [record[0] for record in answer[6:]] == ["C", "C", "C", "Q"]
    sku.settle(clean=[f"{third}-1"])
    answer = sku.status("a", "d")
    assert answer[2:4] == [0, ""]
    assert [record[0] for record in answer[6:]] == ["C", "C"]


def test_derived_record_keeps_everything_else(sku):
    sku.open()
    us, due = sku.reserve(("a", "a:user:with:colons", 3))[2:4]
    assert sku.status("a")[6] == f"Q1:3:{us}:{due}:a:user:with:colons"
    assert sku.words(("a", "a:user:with:colons", 3)) == [f"Q1:3:{us}:{due}:a:user:with:colons"]


@pytest.mark.parametrize("letter", "CPKXEDRTLS")
def test_stored_states_are_told_as_they_are(sku, letter):
    sku.open()
    sku.redis.hset(sku.key("orders"), "a", f"{letter}2:1:5:9:u")
    assert sku.status("a")[6] == f"{letter}2:1:5:9:u"


@pytest.mark.parametrize("payments", ['"p', '""late', '"p"late'])
def test_payments_are_told_and_held(sku, payments):
    sku.open()
    sku.redis.hset(sku.key("orders"), mapping={"a": f"P2:4:5:9:u{payments}", "b": f"X3:3:5:9:u{payments}"})
    assert sku.status("a", "b")[6:] == [f"P2:4:5:9:u{payments}", f"X3:3:5:9:u{payments}"]
    assert sku.units_held() == 4
    assert sku.run("look", "", "a", "b")[2:] == [f"P2:4:5:9:u{payments}", 0, f"X3:3:5:9:u{payments}", 0]


def test_many_refs(sku):
    sku.open(base=1000)
    sku.reserve(*[(f"r{i}", "u", 1) for i in range(256)])
    answer = sku.status(*[f"r{i}" for i in range(512)])
    assert [record[:1] for record in answer[6:]] == ["Q"] * 256 + [""] * 256


def test_reads_write_nothing_and_work_when_full(sku, full):
    sku.open()
    sku.reserve(("a", "u", 1))
    before = sku.dump()
    full(True)
    sku.status("a", sale=1)
    sku.snapshot(refs=["a"])
    sku.run("page", "orders", 0, 10)
    sku.run("look", "u", "a")
    full(False)
    assert sku.dump() == before


def test_snapshot_of_stock_and_journal(sku):
    sku.open(base=50)
    first, second = (sku.reserve(*orders)[1:3] for orders in ([("a", "u", 2), ("b", "v", 3)], [("c", "w", 4)]))
    answer = sku.snapshot()
    assert answer[0] == "OK" and abs(int(answer[1]) - sku.now_us()) < 1000000
    assert answer[2:6] == [["41", "50", "1", "0", second[1], "0"], 3, 3, 2]
    assert answer[6:] == [[f"{first[1]}-1", first[0], f"{second[1]}-1", second[0]], [], []]


def test_snapshot_of_an_empty_sku(sku):
    sku.open(base=50)
    assert sku.snapshot()[2:] == [["50", "50", "1", "0", "0", "0"], 0, 0, 0, [], [], []]


def test_snapshot_in_pages(sku):
    sku.open(base=5000)
    ids = [f"{sku.reserve((f'r{i}', 'u', 1))[2]}-1" for i in range(25)]
    found, after = [], "-"
    while page := sku.snapshot(after, most=10)[6][::2]:
        assert len(page) <= 10
        found, after = found + page, page[-1]
    assert found == ids


def test_snapshot_sums_open_takes(sku):
    sku.open(base=50)
    for number, quantity in ((1, 7), (2, 30)):
        assert sku.run("take", 1, UUID, number, f"t{number}", "ops", quantity, "broken", "")[0] == "OK"
    assert sku.snapshot()[2][:2] + sku.snapshot()[2][5:] == ["13", "13", "37"]


def test_snapshot_looks_for_entries_and_orders(sku):
    sku.open()
    us = sku.created(("a", "u", 1))
    open_id = f"{sku.reserve(('b', 'u', 1))[2]}-1"
    answer = sku.snapshot(open_id, ids=[f"{us}-7", open_id, "1-1"], refs=["a", "nobody", "b"])
    assert answer[6] == [] and answer[7] == [0, 1, 0]
    assert answer[8] == [sku.record("a"), "", sku.record("b")]


@pytest.mark.parametrize("argv", [["-", "x", "0"], ["-"], ["x", "1", "0"], ["-", "1", "y"], []])
def test_snapshot_bad_arguments(sku, argv):
    sku.open()
    sku.reserve(("a", "u", 1))
    with pytest.raises(Refused):
        sku.run("snapshot", *argv)


def pages(sku, kind, width, size=300):
    """All items of a sweep."""
    found, cursor = [], "0"
    while not found or cursor != "0":
        word, cursor, page = sku.run("page", kind, cursor, size)
        assert word == "OK" and len(page) <= 3 * width * size
        found += zip(*[iter(page)] * width)
    return found


def test_pages_have_every_order_and_user(sku):
    sku.open(base=5000)
    for i in range(0, 2000, 250):
        us = sku.reserve(*[(f"r{i + j}", f"u{j}", 1 + j % 2) for j in range(250)], r=i)[2]
        if i < 1000:
            sku.settle(clean=[f"{us}-{i}"])
    orders = pages(sku, "orders", 3)
    stored = sku.redis.hgetall(sku.key("orders"))
    assert {ref: record for ref, record, _ in orders} == stored and len(stored) == 2000
    assert {ref for ref, _, is_open in orders if is_open} == {f"r{i}" for i in range(1000, 2000)}
    assert dict(pages(sku, "users", 2)) == sku.redis.hgetall(sku.key("users"))


def test_page_of_something_else(sku):
    sku.open()
    assert sku.run("page", "things", 0, 10) == ["CORRUPT", "kind"]
    assert sku.run("page", "orders", 0, 10) == sku.run("page", "users", 0, 10) == ["OK", "0", []]
    with pytest.raises(Refused):
        sku.run("page", "orders", "x", 10)


def test_look_tells_open_from_settled(sku):
    sku.open()
    sku.created(("a", "u", 2), ("b", "v", 1))
    sku.reserve(("c", "u", 1))
    assert sku.pay(("b", "p"))[4] == "PAID"
    assert sku.run("look", "u", "a", "b", "c", "nobody") == [
        "OK", "3", sku.record("a"), 0, sku.record("b"), 1, sku.record("c"), 1, "", 0]
    assert sku.run("look", "") == ["OK", "0"]


@pytest.mark.parametrize("letter,holds", [*((letter, True) for letter in "ACPKER"), *((letter, False) for letter in "XDTLS")])
def test_what_holds(sku, letter, holds):
    sku.open()
    sku.redis.hset(sku.key("orders"), "a", f"{letter}2:7:5:9:u")
    assert sku.units_held() == (7 if holds else 0)
    sku.redis.hset(sku.key("stock"), "available", 93 if holds else 100)
    sku.redis.hset(sku.key("users"), "u", 7 if holds else 0)
    sku.settle(adopt=[("5-1", [("a", "X", 2, 7, "u", 0)])])
    assert (sku.available(), sku.held("u")) == (100, None)
    sku.settle(adopt=[("5-1", [("a", letter, 3, 7, "u", 0)])])
    assert (sku.available(), sku.held("u")) == ((93, "7") if holds else (100, None))


def test_pulse_counts_what_is_there(sku):
    now = sku.now_us()
    word, at, *rest = sku.run("pulse")
    assert word == "ABSENT" and now <= int(at) <= sku.now_us() and rest == ["", "", "", "", 0, 0, ""]
    sku.open(base=7, generation=3)
    gate = f"open:3:{sku.run_id()}"
    assert sku.run("pulse")[2:] == ["3", "7", "7", gate, 0, 0, ""]
    first = sku.reserve(("a", "u", 2), ("b", "u", 1), generation=3)[2]
    second = sku.reserve(("c", "v", 1), generation=3)[2]
    assert sku.run("pulse")[2:] == ["3", "3", "7", gate, 3, 2, first]
    sku.run("settle", 3, 1, f"{first}-1")
    assert sku.run("pulse")[2:] == ["3", "3", "7", gate, 3, 1, second]


def test_pulse_of_a_damaged_sku_tells_what_is_left(sku):
    sku.open(base=7)
    at = sku.reserve(("a", "u", 2))[2]
    sku.redis.delete(sku.key("stock"))
    assert sku.run("pulse")[0] == "ABSENT" and sku.run("pulse")[2:] == ["", "", "", "", 1, 1, at]
