"""Negative adjustments whose message never came: sent again, or fenced and given back (docs/FORMATS.md, "Inflows and takes").

flash-admin speaks to the usual topic and everybody else to one of the test's, so its messages are lost for real.
"""
import pytest

from books import Books, read_quiet
from daemons import until
from produce import Topic
from stack import Stack
from test_reconciler import NARROW, Shop, make_topic

UNITS = 10


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("takes") / "stack") as private:
        yield private


def take(shop, sku, units, reference):
    return shop.admin.ask("POST", "/inventory/adjust", {"product_id": str(sku), "delta": -units, "reason": "broken",
                                                        "reference": reference})


def stock(shop, sku):
    return tuple(int(text) for text in shop.redis.hmget(shop.key(sku, "stock"), "available", "base", "inflow"))


def test_lost_once_is_sent_again_and_applied(stack):
    with Shop(stack, make_topic(stack, "takes")) as shop:
        sku = shop.put_on_sale(units=UNITS)
        assert take(shop, sku, 4, "broken-1")[0] == 202
        assert (shop.journal(sku), stock(shop, sku)) == (1, (6, 6, 1))
        with shop.reconciler():
            shop.until_settled(sku)
            until(lambda: stock(shop, sku) == (6, 6, 2), lambda: stock(shop, sku))
        status, _, body = take(shop, sku, 4, "broken-1")
        assert (status, body["change"]["version"], body["total"]) == (200, 2, 6)
        read_quiet(stack, [sku])[sku].check()
        assert shop.verdicts(sku) == [(1, 1)]


def test_proven_lost_is_given_back_and_may_be_tried_again(stack):
    with Shop(stack, make_topic(stack, "narrow-takes", **{"max.message.bytes": NARROW})) as shop:
        sku = shop.put_on_sale(units=UNITS)
        assert take(shop, sku, 4, "broken-1")[0] == 202
        entry, = shop.entries(sku)
        with shop.reconciler():
            shop.until_settled(sku)
        assert stock(shop, sku) == (UNITS, UNITS, 1)
        assert not shop.redis.exists(shop.key(sku, "takes"))
        assert shop.verdicts(sku) == [(2, 0)]
        assert stack.query("SELECT COUNT(*) FROM reservation WHERE sku = %s", sku) == [(0,)]
        Books(stack, sku).check()

        Topic(stack, shop.topic).send(sku, entry)  # late: it meets the fence
        read_quiet(stack, [sku])[sku].check()
        assert stock(shop, sku) == (UNITS, UNITS, 1)
        assert shop.verdicts(sku) == [(2, 0)]

        assert take(shop, sku, 4, "broken-1")[0] == 202
        again, = shop.entries(sku)
        Topic(stack, shop.topic).send(sku, again)
        shop.until_settled(sku)
        books = read_quiet(stack, [sku])[sku]
        books.check()
        assert books.base == UNITS - 4 and books.inflows[2].reference == "broken-1"


def test_one_of_a_reference_that_is_used_is_given_back(stack):
    """While the first was on its way Redis forgot it, and a retry took again: the ledger takes one of them."""
    with Shop(stack, make_topic(stack, "takes")) as shop:
        sku, topic = shop.put_on_sale(units=UNITS), Topic(stack, shop.topic)
        assert take(shop, sku, 4, "broken-1")[0] == 202
        first, = shop.entries(sku)
        for key in ("takes", "journal"):
            shop.redis.delete(shop.key(sku, key))
        shop.redis.hset(shop.key(sku, "stock"), mapping={"available": UNITS, "base": UNITS})
        assert take(shop, sku, 4, "broken-1")[0] == 202
        second, = shop.entries(sku)
        topic.send(sku, first)
        topic.send(sku, second)
        shop.until_settled(sku)
        with shop.reconciler():
            until(lambda: stock(shop, sku) == (6, 6, 2), lambda: stock(shop, sku))
        books = read_quiet(stack, [sku])[sku]
        books.check()
        assert books.base == 6 and shop.verdicts(sku) == [(1, 0), (1, 1)]
