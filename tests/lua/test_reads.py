"""lua/status.lua and lua/snapshot.lua: what they derive, and that they agree with what is there."""
import pytest

from conftest import Refused


def test_absent(sku):
    now = sku.now_us()
    word, at, length, oldest, generation, sale, *records = sku.status("a", sale=1)
    assert (word, length, oldest, generation, sale, records) == ("ABSENT", 0, "", "", "", [""])
    assert now <= int(at) <= sku.now_us()
    word, at = sku.run("snapshot", 0, 100)
    assert word == "ABSENT" and int(at) >= now


def test_status_without_refs(sku):
    sku.open(base=7, limit=2, hold=60)
    answer = sku.status(sale=1)
    stock = sku.redis.hgetall(sku.key("stock"))
    assert answer[0] == "OK" and answer[2:5] == [0, "", "1"] and len(answer) == 6
    assert answer[5] == ["7", "7", stock["starts"], stock["ends"], "2", "60", "1", "A thing", "5", "closed:1:recovery"]
    assert sku.status()[5] == ""


def test_sale_with_missing_fields_keeps_its_places(sku):
    sku.redis.hset(sku.key("stock"), mapping={"generation": 1, "threshold": 9})
    assert sku.status(sale=1)[5] == [None] * 8 + ["9", None]


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
    assert sku.run("snapshot", 0, 10)[8] == "4"


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
    sku.run("snapshot", 0, 10)
    full(False)
    assert sku.dump() == before


def test_snapshot_in_one_page(sku):
    sku.open(base=50)
    first = sku.reserve(("a", "u", 2), ("b", "v", 3))[2]
    sku.settle(adopt=[("5-1", [("c", "X", 2, 9, "w", 0), ("d", "P", 2, 4, "w", 0)])])
    answer = sku.run("snapshot", 0, 100)
    last = sku.redis.hget(sku.key("stock"), "last")
    assert answer[0] == "OK" and abs(int(answer[1]) - sku.now_us()) < 1000000
    assert answer[2:] == [["41", "50", "1", "0", last, "1"], 4, 3, 1, first, "0", "9", 4]


def test_snapshot_of_an_empty_sku(sku):
    sku.open(base=50)
    assert sku.run("snapshot", 0, 100)[3:] == [0, 0, 0, "", "0", "0", 0]


def test_snapshot_in_pages(sku):
    sku.open(base=5000)
    for i in range(0, 2000, 250):
        sku.reserve(*[(f"r{i + j}", f"u{j}", 1 + j % 2) for j in range(250)])
    cursor, held, orders, pages = "0", 0, 0, 0
    while pages == 0 or cursor != "0":
        answer = sku.run("snapshot", cursor, 300)
        assert answer[3] == 2000
        cursor, held, orders, pages = answer[7], held + int(answer[8]), orders + answer[9], pages + 1
    assert pages > 1
    assert (held, orders) == (3000, 2000)
    assert sku.available() + held == 5000


@pytest.mark.parametrize("argv", [["0", "x"], ["0"], ["x", "0"], []])
def test_snapshot_bad_arguments(sku, argv):
    sku.open()
    sku.reserve(("a", "u", 1))
    with pytest.raises(Refused):
        sku.run("snapshot", *argv)


@pytest.mark.parametrize("letter,holds", [*((letter, True) for letter in "ACPKER"), *((letter, False) for letter in "XDTLS")])
def test_what_holds(sku, letter, holds):
    sku.open()
    sku.redis.hset(sku.key("orders"), "a", f"{letter}2:7:5:9:u")
    assert sku.run("snapshot", 0, 10)[8] == ("7" if holds else "0")
    sku.redis.hset(sku.key("stock"), "available", 93 if holds else 100)
    sku.redis.hset(sku.key("users"), "u", 7 if holds else 0)
    sku.settle(adopt=[("5-1", [("a", "X", 2, 7, "u", 0)])])
    assert (sku.available(), sku.held("u")) == (100, None)
    sku.settle(adopt=[("5-1", [("a", letter, 3, 7, "u", 0)])])
    assert (sku.available(), sku.held("u")) == ((93, "7") if holds else (100, None))
