"""lua/journal.lua: the open entries of a SKU in pages, by age and by Redis' clock."""
import json

import pytest

from conftest import Refused

PAGE_BYTES = 1 << 20


def pages(sku, age_ms=0, most=1000):
    """All pages, as lists of (stream id, entry)."""
    found, after = [], ""
    while True:
        word, now, generation, more, *rest = sku.run("journal", age_ms, after, most)
        assert (word, generation) == ("OK", "1")
        found.append(list(zip(rest[::2], rest[1::2])))
        if not int(more):
            return found
        after = rest[-2]


def test_absent(sku):
    word, now, generation, more = sku.run("journal", 0, "", 10)
    assert (word, generation, more) == ("ABSENT", "", 0)
    assert abs(int(now) - sku.now_us()) < 1000000


def test_no_entries(sku):
    sku.open()
    assert sku.run("journal", 0, "", 10)[2:] == ["1", 0]


def test_entries_are_told_byte_for_byte(sku):
    sku.open()
    first = sku.reserve(("a", "u", 1), r=3)
    second = sku.reserve(("b", "v", 2), r=4)
    assert pages(sku) == [[(f"{first[2]}-3", first[1]), (f"{second[2]}-4", second[1])]]


def test_young_entries_are_left_out(sku):
    sku.open()
    us = int(sku.reserve(("old", "u", 1))[2])
    sku.redis.xdel(sku.key("journal"), f"{us}-1")
    sku.redis.delete(sku.key("journal"))
    for age_s in (90, 60, 30):
        sku.redis.xadd(sku.key("journal"), {"e": str(age_s)}, f"{sku.now_us() - age_s * 1000000}-1")
    ages = [[entry for _, entry in page] for page in pages(sku, 45000)]
    assert ages == [["90", "60"]]
    assert [len(page) for page in pages(sku, 95000)] == [0]
    assert [len(page) for page in pages(sku, 0)] == [3]
    assert [len(page) for page in pages(sku, 10**13)] == [0]  # older than the epoch: nothing is


@pytest.mark.parametrize("most", [1, 2, 31, 32, 33, 256, 300, 1000])
def test_pages_hold_every_entry_once(sku, most):
    sku.open(base=10000)
    ids = [f"{sku.reserve((f'r{i}', 'u', 1), r=i)[2]}-{i}" for i in range(300)]
    found = pages(sku, most=most)
    assert [entry_id for page in found for entry_id, _ in page] == ids
    assert all(len(page) == most for page in found[:-1])


def test_a_full_last_page_is_followed_by_an_empty_one(sku):
    sku.open()
    sku.reserve(("a", "u", 1))
    assert [len(page) for page in pages(sku, most=1)] == [1, 0]


def test_no_page_has_more_than_a_thousand(sku):
    sku.open()
    for i in range(1, 1202):
        sku.redis.xadd(sku.key("journal"), {"e": "x"}, f"{i}-1")
    assert [len(page) for page in pages(sku, most=5000)] == [1000, 201]


def test_a_page_of_large_entries_ends_early(sku):
    sku.open(base=1000000)
    for i in range(100):
        sku.reserve(*[(f"r{i}.{n}" + "x" * 40, "u" * 60, 1) for n in range(256)])
    found = pages(sku)
    assert sum(map(len, found)) == 100 and len(found) > 2
    entries = [entry for page in found for _, entry in page]
    assert len({json.loads(entry)["stream"] for entry in entries}) == 100
    assert all(sum(len(entry) for _, entry in page) < PAGE_BYTES + 32 * 65536 for page in found)


def test_entries_settled_meanwhile_do_not_disturb(sku):
    sku.open()
    ids = [f"{sku.reserve((f'r{i}', 'u', 1))[2]}-1" for i in range(6)]
    first = sku.run("journal", 0, "", 3)
    sku.settle(clean=ids[:5])
    assert first[4::2] == ids[:3]
    assert sku.run("journal", 0, first[-2], 3)[4::2] == ids[5:]


def test_reads_write_nothing_and_work_when_full(sku, full):
    sku.open()
    sku.reserve(("a", "u", 1))
    before = sku.dump()
    full(True)
    assert len(pages(sku)[0]) == 1
    full(False)
    assert sku.dump() == before


@pytest.mark.parametrize("argv", [["x", "", "10"], ["0", "", "x"], ["0", "x y", "10"], ["0", ""], []])
def test_bad_arguments(sku, argv):
    sku.open()
    sku.reserve(("a", "u", 1))
    with pytest.raises(Refused):
        sku.run("journal", *argv)


def test_what_a_clock_that_was_ahead_has_made_is_told(sku):
    """An hour ahead, and young by its id for an hour: it comes after the others, once, page by page."""
    sku.open()
    old = [int(sku.reserve((f"old{n}", "u", 1), r=n + 1)[2]) for n in range(3)]
    sku.redis.hset(sku.key("stock"), "last", sku.now_us() + 3600000000)
    ahead = [int(sku.reserve((f"ahead{n}", "u", 1), r=n + 1)[2]) for n in range(40)]
    assert min(ahead) > sku.now_us() + 3599000000
    for age_ms, most, expected in ((0, 1000, old + ahead), (0, 7, old + ahead), (60000, 7, ahead)):
        assert [int(stream.partition("-")[0]) for page in pages(sku, age_ms, most) for stream, _ in page] == expected
