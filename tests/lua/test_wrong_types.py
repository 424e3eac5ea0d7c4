"""A key that holds something else: the script is refused and has changed nothing."""
import pytest

from conftest import LUA, Refused, header

MAKERS = {
    "string": lambda r, key: r.set(key, "x"),
    "list": lambda r, key: r.rpush(key, "x"),
    "set": lambda r, key: r.sadd(key, "x"),
}

CALLS = {
    "reserve": lambda sku: sku.reserve(("new", "u", 1)),
    "settle": lambda sku: sku.settle(clean=["5-1"], adopt=[("6-1", [("a", "C", 1, 1, "u", 9)])]),
    "pay": lambda sku: sku.pay(("a", "p")),
    "release": lambda sku: sku.release("cancel", ("a", "u")),
    "expire": lambda sku: sku.expire(),
    "take": lambda sku: sku.take(),
    "taken": lambda sku: sku.run("taken", "t"),
    "inflow": lambda sku: sku.inflow(1, -1, "t", 1),
    "journal": lambda sku: sku.run("journal", 0, "", 10),
    "load": lambda sku: sku.run("load", 2, 10, 0, "", 0),
    "sale": lambda sku: sku.run("sale", 1, 9, 1, 2, 3, 4),
    "status": lambda sku: sku.status("a", sale=1),
    "snapshot": lambda sku: sku.snapshot(refs=["a"]),
    "page": lambda sku: sku.run("page", "orders", 0, 10),
    "look": lambda sku: sku.run("look", "u", "a"),
    "gate": lambda sku: sku.run("gate", 1, "ab12", ""),
    "sight": lambda sku: sku.run("sight"),
    "pulse": lambda sku: sku.run("pulse"),
    "threshold": lambda sku: sku.run("threshold", 1, 2, 7),
    "beacon": lambda sku: sku.run("beacon", 5),
    "beat": lambda sku: sku.run("beat", "w", ""),
    "muster": lambda sku: sku.run("muster", "", 1000),
}


def test_every_script_is_here():
    assert {path.stem for path in LUA.glob("*.lua")} == set(CALLS)


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("script,name", [(script, name) for script in CALLS for name in header(script)["KEYS"].split()])
def test_wrong_type(sku, script, name, kind):
    sku.open()
    if script == "load" and name != "stock":
        sku.redis.delete(sku.key("stock"))  # else it never looks at the others
    sku.make_due()
    sku.reserve(("a", "u", 1))
    sku.redis.delete(sku.key(name))
    MAKERS[kind](sku.redis, sku.key(name))
    before = sku.dump()
    with pytest.raises(Refused, match="WRONGTYPE"):
        CALLS[script](sku)
    assert sku.dump() == before
