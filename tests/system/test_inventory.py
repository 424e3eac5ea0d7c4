"""Restocks and adjustments while a sale runs: each once, whatever dies in between, and the sums right (docs/FORMATS.md,
"Inflows and takes").
"""
import collections
import concurrent.futures
import os
import random
import signal
import threading
import time

import pytest

from books import Books, read_quiet
from buyers import Order
from daemons import Daemon, until
from sale import Sale
from stack import Stack

SEED = int(os.environ.get("FLASH_SEED", 20261121))


@pytest.fixture(scope="module")
def sale(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("inventory") / "stack") as stack:
        stack.migrate("up")
        with Sale(stack) as running:
            running.daemons["reconciler"] = Daemon(stack, "reconciler", "run")
            until(running.daemons["reconciler"].is_ready, running.daemons["reconciler"].troubles)
            yield running


def change(sale, sku, delta, reference, restock=False, headers=None, reason="counted again"):
    """(status, headers, JSON) of one restock or adjustment."""
    body = {"product_id": str(sku), "reason": reason, "reference": reference}
    body["quantity" if restock else "delta"] = delta
    return sale.admin.ask("POST", "/inventory/restock" if restock else "/inventory/adjust", body, headers)


def in_redis(sale, sku):
    stock = sale.redis.hgetall(sale.key(sku, "stock"))
    return {name: int(stock[name]) for name in ("available", "base", "inflow")}


def until_numbered(sale, sku, number):
    until(lambda: in_redis(sale, sku)["inflow"] == number and not sale.redis.exists(sale.key(sku, "takes")),
          lambda: (in_redis(sale, sku), sale.redis.hgetall(sale.key(sku, "takes"))))


def test_a_restock_can_be_sold_at_once(sale):
    sku = sale.put_on_sale(units=1)
    assert [call.word for call in sale.buy(sku, [Order("u1", "k1", 1), Order("u2", "k2", 1)], connections=1)] == ["accepted", "sold-out"]
    status, headers, body = change(sale, sku, 10, "delivery-1", restock=True)
    assert (status, headers["ETag"]) == (200, '"2"')
    assert body["change"] == {"reference": "delivery-1", "delta": 10, "reason": "counted again", "operator": "unknown",
                              "status": "applied", "version": 2, "created_at": body["change"]["created_at"]}
    assert sale.order(sku, "u3", "k3")[0] == 202
    assert in_redis(sale, sku) == {"available": 9, "base": 11, "inflow": 2}
    books = read_quiet(sale.stack, [sku])[sku]
    books.check()


def test_fewer_units_go_by_redis(sale):
    sku = sale.put_on_sale(units=10)
    status, _, body = change(sale, sku, -4, "broken-1")
    assert (status, body["change"]["status"], body["change"]["delta"]) == (202, "pending", -4)
    assert in_redis(sale, sku)["available"] == 6
    assert sale.order(sku, "u", "k", 7)[2]["type"] == "/problems/limit-reached"
    until_numbered(sale, sku, 2)
    status, _, body = change(sale, sku, -4, "broken-1")
    assert (status, body["change"]["status"], body["change"]["version"], body["total"], body["available"]) == (200, "applied", 2, 6, 6)
    status, _, problem = change(sale, sku, -7, "broken-2")
    assert (status, problem["type"], problem["available"]) == (409, "/problems/sold-out", 6)
    read_quiet(sale.stack, [sku])[sku].check()
