"""lua/load.lua and lua/sale.lua: an absent SKU, a live one, generations and versions."""
import pytest

from test_settle import refused


def test_load_absent(sku):
    assert sku.run("load", 3, 500, 7, 'A "title" ü', 20) == ["LOADED"]
    assert sku.redis.hgetall(sku.key("stock")) == {
        "generation": "3", "available": "500", "base": "500", "inflow": "7", "title": 'A "title" ü', "threshold": "20",
        "starts": "0", "ends": "0", "limit": "0", "hold": "0", "sale": "0", "last": "0", "gate": "closed:3:recovery"}
    assert sku.words(("a", "u", 1), generation=3) == ["NOT_STARTED"]


def test_load_live_raises_and_older(sku):
    sku.open(base=10, generation=5)
    sku.reserve(("a", "u", 1), generation=5)
    before = sku.dump()
    assert sku.run("load", 5, 99, 9, "other", 1) == ["LIVE"]
    assert sku.run("load", 4, 99, 9, "other", 1) == ["GENERATION", "5"]
    assert sku.dump() == before
    stock = sku.redis.hgetall(sku.key("stock"))
    assert sku.run("load", 10, 99, 9, "other", 1) == ["RAISED"]
    assert sku.redis.hgetall(sku.key("stock")) == {**stock, "generation": "10", "gate": "closed:10:recovery"}
    assert sku.status("a")[6][0] == "Q"
    assert sku.run("load", 9, 99, 9, "other", 1) == ["GENERATION", "10"]  # as numbers, not as texts


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("text", ["", "x", "-1", "1.5", "1e3", "0x10", "nan", "1000000001", "9" * 30])
@pytest.mark.parametrize("there", [False, True])
def test_load_bad_numbers(sku, place, text, there):
    if there:
        sku.open(generation=1)
    argv = [2, 10, 0, 5]
    argv[place] = "9007199254740992" if place == 0 and text == "1000000001" else text
    generation, base, inflow, threshold = argv
    before = sku.dump()
    assert refused(lambda: sku.run("load", generation, base, inflow, "title", threshold))
    assert sku.dump() == before


def test_generations_are_moments(sku):
    """Sixteen digits: nothing on their way may make a rounded number of them."""
    moment = 1798765432123457
    sku.open(generation=1)
    assert sku.run("load", moment, 10, 0, "", 0) == ["RAISED"]
    assert sku.run("load", moment - 1, 10, 0, "", 0) == ["GENERATION", str(moment)]
    assert sku.run("load", moment + 1, 10, 0, "", 0) == ["RAISED"]
    assert sku.run("load", moment + 1, 10, 0, "", 0) == ["LIVE"]
    assert sku.redis.hget(sku.key("stock"), "generation") == str(moment + 1)
    assert sku.run("settle", moment, 0) == ["GENERATION", str(moment + 1)]


@pytest.mark.parametrize("text", ["", "x", "nan", "-1", "1.5"])
def test_load_corrupt_generation(sku, text):
    sku.redis.hset(sku.key("stock"), "generation", text)
    before = sku.dump()
    assert sku.run("load", 2, 10, 0, "", 0) == ["CORRUPT", "generation"]
    assert sku.dump() == before


@pytest.mark.parametrize("left", ["orders", "journal"])
def test_load_refuses_remains(sku, left):
    if left == "orders":
        sku.redis.hset(sku.key("orders"), "a", "C1:1:1:1:u")
    else:
        sku.redis.xadd(sku.key("journal"), {"e": "x"})
    before = sku.dump()
    assert sku.run("load", 2, 10, 0, "", 0) == ["CORRUPT", "orders"]
    assert sku.dump() == before


def test_load_then_adopt_rebuilds(sku):
    assert sku.run("load", 2, 10, 3, "", 0) == ["LOADED"]
    lines = [("a", "C", 1, 2, "u", 99), ("b", "P", 2, 3, "v", 0), ("c", "L", 1, 4, "v", 0)]
    assert sku.settle(adopt=[("0-1", lines)], generation=2) == ["OK", 3]
    assert (sku.snapshot()[2][0], sku.units_held()) == ("5", 5)


def test_sale(sku):
    assert sku.run("sale", 1, 1, 0, 10, 0, 60) == ["ABSENT"]
    assert sku.dump() == {}
    sku.run("load", 1, 10, 0, "", 0)
    assert sku.run("sale", 1, 9, 1000, 2000, 2, 60) == ["SET"]
    stock = sku.redis.hgetall(sku.key("stock"))
    assert [stock[name] for name in ("sale", "starts", "ends", "limit", "hold")] == ["9", "1000", "2000", "2", "60"]
    before = sku.dump()
    assert sku.run("sale", 1, 9, 1, 2, 3, 4) == ["OLD"]
    assert sku.run("sale", 1, 8, 1, 2, 3, 4) == ["OLD"]
    assert sku.run("sale", 2, 11, 1, 2, 3, 4) == ["GENERATION", "1"]
    assert sku.dump() == before
    assert sku.run("sale", 1, 10, 1, 2, 3, 4) == ["SET"]


@pytest.mark.parametrize("place", range(5))
@pytest.mark.parametrize("text", ["", "x", "-1", "1.5", "1e3", "0x10", "nan", "9007199254740991"])
def test_sale_bad_numbers(sku, place, text):
    sku.run("load", 1, 10, 0, "", 0)
    argv = [1, 1000, 2000, 2, 60]
    argv[place] = text
    before = sku.dump()
    assert refused(lambda: sku.run("sale", 1, *argv))
    assert sku.dump() == before


@pytest.mark.parametrize("text", ["", "x", "-1", None])
def test_sale_corrupt_version(sku, text):
    sku.run("load", 1, 10, 0, "", 0)
    sku.redis.hset(sku.key("stock"), "sale", text or "")
    if text is None:
        sku.redis.hdel(sku.key("stock"), "sale")
    before = sku.dump()
    assert sku.run("sale", 1, 5, 1, 2, 3, 4) == ["CORRUPT", "sale"]
    assert sku.dump() == before


def test_threshold(sku):
    assert sku.run("threshold", 1, 2, 7) == ["ABSENT"]
    sku.run("load", 1, 10, 0, "", 5)
    assert sku.run("threshold", 1, 1, 7) == ["OLD"] # what was loaded is version 1
    assert sku.run("threshold", 1, 3, 7) == ["SET"]
    stock = sku.redis.hgetall(sku.key("stock"))
    assert (stock["threshold"], stock["threshold_version"], sku.status(sale=1)[5][8], sku.status(sale=1)[5][10]) == ("7", "3", "7", "3")
    before = sku.dump()
    for argv, answer in (((1, 3, 8), ["OLD"]), ((1, 2, 8), ["OLD"]), ((2, 9, 8), ["GENERATION", "1"])):
        assert sku.run("threshold", *argv) == answer
    for version, threshold in (("x", 1), (9, "x"), (9, "-1"), ("", 1), (9, "9007199254740991")):
        assert sku.run("threshold", 1, version, threshold)[0] == "CORRUPT"
    assert sku.dump() == before
    sku.redis.hset(sku.key("stock"), "threshold_version", "x")
    assert sku.run("threshold", 1, 9, 8) == ["CORRUPT", "threshold_version"]


def test_a_full_redis_is_raised_and_loaded(sku, full):
    """A Redis that restarts with more than maxmemory must be lifted: only then settling and expiry can make room."""
    sku.open(base=10)
    sku.reserve(("a", "u", 1))
    full(True)
    assert sku.run("load", 2, 10, 0, "", 0) == ["RAISED"]
    assert sku.run("sale", 2, 5, 1, 2, 3, 4) == ["SET"]
    sku.redis.delete(*sku.dump())
    assert sku.run("load", 3, 10, 0, "", 0) == ["LOADED"]
    assert sku.run("sale", 3, 5, 1, 2, 3, 4) == ["SET"]
    assert sku.settle(adopt=[("0-1", [("a", "C", 1, 2, "u", 99)])], generation=3) == ["OK", 1]
    assert sku.run("gate", 3, "ab" * 20, "") == ["OPEN"]
    full(False)
