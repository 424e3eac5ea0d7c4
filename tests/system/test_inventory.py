"""Restocks and adjustments while a sale runs: each once, whatever dies in between, and the sums right (docs/FORMATS.md,
"Inflows and takes").
"""
import collections
import concurrent.futures
import http.client
import os
import random
import threading
import time

import pytest

from books import read_quiet
from buyers import Order
from daemons import Daemon, running, until
from produce import Topic
from sale import Sale
from stack import Stack

SEED = int(os.environ.get("FLASH_SEED", 20261121))


@pytest.fixture(scope="module")
def sale(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("inventory") / "stack") as stack:
        with Sale(stack) as running:
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


def test_more_units_by_adjustment(sale):
    sku = sale.put_on_sale(units=10)
    assert change(sale, sku, 3, "found-1")[0] == 200
    assert change(sale, sku, 3, "found-1")[2]["change"]["version"] == 2
    for delta, restock, reason in ((4, False, "counted again"), (3, True, "counted again"), (3, False, "another"), (-3, False, "counted again")):
        status, _, problem = change(sale, sku, delta, "found-1", restock, reason=reason)
        assert (status, problem["type"]) == (409, "/problems/key-reused")
    status, _, problem = change(sale, sku, 1000000000, "too-many")
    assert (status, problem["type"]) == (409, "/problems/too-many-units")
    books = read_quiet(sale.stack, [sku])[sku]
    books.check()
    assert books.base == 13 and [row.type for row in books.log] == ["create", "adjust"]


def test_the_reference_of_a_take_on_its_way_is_used(sale):
    """Before the ledger has it, and after."""
    sku = sale.put_on_sale(units=10)
    sale.stop("consumer")
    assert change(sale, sku, -4, "r-1")[0] == 202
    for restock in (True, False):
        status, _, problem = change(sale, sku, 5, "r-1", restock)
        assert (status, problem["type"]) == (409, "/problems/key-reused")
    assert change(sale, sku, 5, "r-2", restock=True)[0] == 200
    assert change(sale, sku, -4, "r-1")[0] == 202
    sale.start("consumer")
    until_numbered(sale, sku, 3)
    assert change(sale, sku, 5, "r-1", restock=True)[0] == 409
    assert change(sale, sku, -4, "r-1")[0] == 200
    books = read_quiet(sale.stack, [sku])[sku]
    books.check()
    assert books.base == 11


def test_a_take_whose_reference_went_to_another_change_is_told(sale):
    """Redis could not say that it was open: its units come back, and not silently."""
    sku = sale.put_on_sale(units=10)
    sale.stop("consumer")
    assert change(sale, sku, -4, "r-1")[0] == 202
    took = sale.redis.hget(sale.key(sku, "takes"), "r-1")
    sale.redis.delete(sale.key(sku, "takes"))
    assert change(sale, sku, 5, "r-1", restock=True)[0] == 200
    sale.redis.hset(sale.key(sku, "takes"), "r-1", took)
    sale.start("consumer")
    until_numbered(sale, sku, 2)
    until(lambda: sale.daemons["consumer"].metric("flash_consumer_refused_takes_total") == 1, "it is not counted")
    books = read_quiet(sale.stack, [sku])[sku]
    books.check()
    assert books.base == 15


def test_a_version_that_must_match(sale):
    sku = sale.put_on_sale(units=10)
    for delta in (5, -5):
        for match in ('"2"', '"7"', "x", 'W/"1"'):
            status, _, problem = change(sale, sku, delta, f"m{delta}", headers={"If-Match": match})
            assert (status, problem["type"]) == (412, "/problems/version-mismatch")
    assert change(sale, sku, 5, "m5", headers={"If-Match": '"1"'})[0] == 200
    assert change(sale, sku, 5, "m5", headers={"If-Match": '"1"'})[0] == 200 # a repeat is done already
    assert change(sale, sku, -5, "m-5", headers={"If-Match": '"2"'})[0] == 202
    until_numbered(sale, sku, 3)
    assert change(sale, sku, -5, "m-5", headers={"If-Match": '"2"'})[0] == 200
    assert change(sale, sku, -1, "m-1", headers={"If-Match": '"2"'})[0] == 412
    assert change(sale, sku, -1, "m-1", headers={"If-Match": "*"})[0] == 202
    until_numbered(sale, sku, 4)
    assert read_quiet(sale.stack, [sku])[sku].base == 9


def test_the_paper_trail(sale):
    sku = sale.put_on_sale(units=10)
    anna = {"X-User-Id": "anna"}
    change(sale, sku, 5, "r-1", restock=True, headers=anna, reason="delivery ü")
    change(sale, sku, -2, "r-2", headers=anna, reason="broken")
    until_numbered(sale, sku, 3)
    change(sale, sku, -2, "r-2", headers={"X-User-Id": "bert"}, reason="broken")
    rows = sale.stack.query("SELECT type, quantity, available_before, available_after, operator, reason, reference, inflow_number"
                            " FROM stock_log WHERE sku = %s AND type <> 11 ORDER BY id", sku)
    assert rows == [(12, 5, 10, 15, b"anna", "delivery ü", b"r-1", 2), (6, -2, 15, 13, b"anna", "broken", b"r-2", 3)]
    rows = sale.stack.query("SELECT operator, action, status, detail FROM admin_log WHERE sku = %s AND action LIKE 'inventory%%'"
                            " ORDER BY id", sku)
    assert rows == [(b"anna", "inventory.restock", 200, "reference r-1, delta 5, reason: delivery ü"),
                    (b"anna", "inventory.adjust", 202, "reference r-2, delta -2, reason: broken")]


@pytest.mark.parametrize("point", ["take.signed", "take.taken"])
def test_the_paper_trail_of_a_flash_admin_that_dies(sale, point):
    """Before Redis is asked, or after it has taken the units: whoever asks again, there is one row, of who asked first."""
    sku = sale.put_on_sale(units=10)
    with running(sale.stack, "admin", FLASH_FAULT=point) as dying:
        with pytest.raises((OSError, http.client.HTTPException)):
            dying.ask("POST", "/inventory/adjust", {"product_id": str(sku), "delta": -2, "reason": "broken", "reference": "r-1"},
                      {"X-User-Id": "anna"})
    rows = "SELECT operator, status, request_id FROM admin_log WHERE sku = %s AND action = 'inventory.adjust'"
    (first,) = sale.stack.query(rows, sku)
    assert first[:2] == (b"anna", 202) and first[2]
    assert change(sale, sku, -2, "r-1", headers={"X-User-Id": "bert"}, reason="broken")[0] in (200, 202)
    send_what_is_left(sale, sku)
    until_numbered(sale, sku, 2)
    assert sale.stack.query(rows, sku) == [first]
    assert in_redis(sale, sku) == {"available": 8, "base": 8, "inflow": 2}


def test_a_refused_take_is_logged_as_refused(sale):
    sku = sale.put_on_sale(units=3)
    rows = "SELECT status FROM admin_log WHERE sku = %s AND action = 'inventory.adjust' ORDER BY id"
    assert change(sale, sku, -4, "r-1")[0] == 409
    assert sale.stack.query(rows, sku) == [(202,), (409,)]
    assert change(sale, sku, 5, "r-0", restock=True)[0] == 200
    assert change(sale, sku, -4, "r-1")[0] == 202
    assert change(sale, sku, -4, "r-1")[0] in (200, 202)
    assert sale.stack.query(rows, sku) == [(202,), (409,), (202,)]


# ---- faults ----

def start_admin(sale):
    """A new one where the old one was."""
    sale.admin = Daemon(sale.stack, "admin", FLASH_ADMIN_LISTEN=f"127.0.0.1:{sale.admin.port}")
    sale.daemons["admin"] = sale.admin


def test_killed_between_the_ledger_and_redis(sale):
    """Restocks that are in the ledger alone are applied by the reconciler, in order, and said."""
    sku = sale.put_on_sale(units=1)
    sale.kill("reconciler")
    sale.stack.stop("redis")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        def version():
            return sale.stack.query("SELECT version FROM stock WHERE sku = %s", sku)[0][0]
        asked = [pool.submit(change, sale, sku, n, f"lost-{n}", True) for n in (5, 7)]
        until(lambda: version() == 3, lambda: version())
        sale.kill("admin")
        assert all(isinstance(one.exception(), OSError) for one in asked)
    sale.stack.query("UPDATE inflow SET created_at_ms = created_at_ms - 60000 WHERE sku = %s", sku)
    sale.stack.cont("redis")
    start_admin(sale)
    sale.start("reconciler", ready=False)
    until(lambda: in_redis(sale, sku) == {"available": 13, "base": 13, "inflow": 3}, lambda: in_redis(sale, sku))
    until(lambda: len(findings(sale, sku)) == 2, lambda: findings(sale, sku))
    assert sorted(quantity for _, _, quantity in findings(sale, sku)) == [5, 7]
    assert {row[:2] for row in findings(sale, sku)} == {("inflow", "applied")}
    assert change(sale, sku, 5, "lost-5", restock=True)[0] == 200
    books = read_quiet(sale.stack, [sku])[sku]
    books.check()
    assert books.base == 13


def findings(sale, sku):
    return sale.stack.query("SELECT cause, state, quantity FROM reconcile_finding WHERE sku = %s", sku)


def test_a_take_that_redis_forgot_is_taken_again(sale):
    """Its entry went through, then Redis lost what it had written of it."""
    sku = sale.put_on_sale(units=10)
    sale.kill("reconciler")
    assert change(sale, sku, -4, "broken-1")[0] == 202
    until(lambda: not sale.journal(sku) and sale.stack.query("SELECT version FROM stock WHERE sku = %s", sku) == [(2,)], "applied")
    sale.redis.delete(sale.key(sku, "takes"))
    sale.redis.hset(sale.key(sku, "stock"), mapping={"available": 10, "base": 10})
    sale.start("reconciler", ready=False)
    until_numbered(sale, sku, 2)
    assert in_redis(sale, sku) == {"available": 6, "base": 6, "inflow": 2}
    until(lambda: findings(sale, sku), "no finding is written down")
    assert findings(sale, sku) == [("inflow", "applied", -4)]
    read_quiet(sale.stack, [sku])[sku].check()


def test_while_redis_is_away(sale):
    """More units are recorded and come later; fewer are not taken."""
    sku = sale.put_on_sale(units=10)
    sale.stack.kill("redis")
    status, headers, problem = change(sale, sku, 5, "r-1", restock=True)
    assert (status, problem["type"]) == (503, "/problems/not-applied-yet") and headers["Retry-After"]
    status, headers, problem = change(sale, sku, -2, "t-1")
    assert (status, problem["type"]) == (503, "/problems/redis-unavailable") and headers["Retry-After"]
    assert sale.stack.query("SELECT version, base FROM stock WHERE sku = %s", sku) == [(2, 15)]
    sale.stack.restart("redis")
    until(lambda: in_redis(sale, sku) == {"available": 15, "base": 15, "inflow": 2}, lambda: in_redis(sale, sku))
    until(lambda: change(sale, sku, 5, "r-1", restock=True)[0] == 200, "the recovery does not end") # a repeat
    until(lambda: change(sale, sku, -2, "t-1")[0] == 202, "nothing can be taken")
    until_numbered(sale, sku, 3)
    read_quiet(sale.stack, [sku])[sku].check()


def test_while_the_ledger_is_away(sale):
    sku = sale.put_on_sale(units=10)
    sale.stack.kill("mariadb")
    for delta in (5, -5):
        status, _, problem = change(sale, sku, delta, f"r{delta}")
        assert (status, problem["type"]) == (503, "/problems/ledger-unavailable")
    assert in_redis(sale, sku) == {"available": 10, "base": 10, "inflow": 1}
    sale.stack.restart("mariadb")
    until(lambda: change(sale, sku, 5, "r5")[0] == 200, "the ledger does not come back")
    assert change(sale, sku, -5, "r-5")[0] == 202
    until_numbered(sale, sku, 3)
    read_quiet(sale.stack, [sku])[sku].check()


def test_a_sku_that_redis_has_lost(sale):
    """More units wait for a recovery; fewer are refused."""
    sku = sale.put_on_sale(units=10)
    sale.redis.delete(sale.key(sku, "stock"))
    for delta, restock in ((5, True), (-5, False)):
        status, _, problem = change(sale, sku, delta, f"r{delta}", restock)
        assert (status, problem["type"]) == (503, "/problems/needs-recovery")
        assert ("Nothing was taken" in problem["detail"]) == (delta < 0)
    assert sale.stack.query("SELECT version, base FROM stock WHERE sku = %s", sku) == [(2, 15)]
    until(lambda: change(sale, sku, -5, "r-5")[0] == 202, lambda: sale.daemons["reconciler"].troubles(), 60) # recovered by itself
    until_numbered(sale, sku, 3)
    read_quiet(sale.stack, [sku])[sku].check()


def test_memory_is_full(sale):
    """A take adds data and waits; more units do not."""
    sku = sale.put_on_sale(units=10)
    sale.redis.config_set("maxmemory", "1mb")
    try:
        assert change(sale, sku, 5, "r-1", restock=True)[0] == 200
        status, _, problem = change(sale, sku, -5, "t-1")
        assert (status, problem["type"]) == (503, "/problems/redis-unavailable")
    finally:
        sale.redis.config_set("maxmemory", 0)
    assert in_redis(sale, sku) == {"available": 15, "base": 15, "inflow": 2}
    assert change(sale, sku, -5, "t-1")[0] == 202


# ---- all at once ----

CHANGES, BUYERS, KILLS = 200, 300, 5


class Clerk:
    """Sends one change until it has an answer that is final, and then twice more."""

    def __init__(self, sale, sku, change_):
        self.sale, self.sku, self.change = sale, sku, change_
        self.words = []

    def ask(self):
        delta, reference, restock = self.change
        try:
            status, _, body = change(self.sale, self.sku, delta, reference, restock)
        except (OSError, http.client.HTTPException, ValueError):
            return None, {}
        return status, body

    def until_final(self):
        end = time.monotonic() + 120
        while True:
            status, body = self.ask()
            self.words.append(status)
            if status in (200, 202, 409):
                return status, body
            assert status in (None, 429, 503), (status, body)
            assert time.monotonic() < end, self.words
            time.sleep(0.05)

    def run(self):
        """Whether the change was made."""
        status, body = self.until_final()
        if status == 409:
            assert body["type"] == "/problems/sold-out" and self.change[0] < 0, body
            return False
        for _ in range(2):
            again, repeat = self.until_final()
            assert again in (200, 202) and (again == 200 or status == 202), (status, again, repeat)
            assert repeat["change"]["delta"] == self.change[0]
            assert status == 202 or repeat["change"]["version"] == body["change"]["version"]
        return True


def some_changes(rng):
    for n in range(CHANGES):
        delta = rng.choice([1, 2, 3, 4]) * rng.choice([1, 1, -1])
        restock = delta > 0 and n % 3 > 0
        yield delta, f"{'restock' if restock else 'adjust'}-{n}", restock


def make_trouble(sale, stop):
    """flash-admin is killed again and again, Redis restarted in between."""
    for n in range(KILLS):
        if stop.wait(0.7):
            return
        if n % 2:
            sale.stack.restart("redis")
        else:
            sale.kill("admin")
            start_admin(sale)


def send_what_is_left(sale, sku):
    """What was killed between the script and Kafka: as the pass over the journals does it."""
    topic = Topic(sale.stack)
    for _, fields in sale.redis.xrange(sale.key(sku, "journal")):
        topic.send(sku, fields["e"])


def test_each_once_whatever_dies(sale):
    rng, stop = random.Random(SEED), threading.Event()
    sku = sale.put_on_sale(units=200, limit=2)
    changes = list(some_changes(rng))
    with concurrent.futures.ThreadPoolExecutor(CHANGES + 2) as pool:
        trouble = pool.submit(make_trouble, sale, stop)
        clerks = [Clerk(sale, sku, one) for one in changes]
        runs = [pool.submit(clerk.run) for clerk in clerks]
        bought = pool.submit(sale.buy, sku, [Order(f"u{n}", f"k{n}", 1 + n % 2) for n in range(BUYERS)])
        made = [run.result() for run in runs]
        bought.result()
        trouble.result()
    words = collections.Counter(word for clerk in clerks for word in clerk.words)
    assert words[None] and words[200] and words[202], words
    send_what_is_left(sale, sku)
    done = {reference: delta for (delta, reference, _), was_made in zip(changes, made) if was_made}
    until_numbered(sale, sku, 1 + len(done))
    books = read_quiet(sale.stack, [sku])[sku]
    books.check()
    assert {inflow.reference: inflow.quantity for number, inflow in books.inflows.items() if number > 1} == done
    assert books.base == int(books.stock["base"]) == 200 + sum(done.values())
    signed = [detail.split(",")[0].split()[1] for detail, in sale.stack.query(
        "SELECT detail FROM admin_log WHERE sku = %s AND action LIKE 'inventory%%' GROUP BY action, detail HAVING"
        " SUM(status < 400) > SUM(status >= 400)", sku)]
    assert collections.Counter(signed) == collections.Counter(list(done))
    for (delta, reference, restock), was_made in zip(changes, made):
        if was_made:
            status, _, body = change(sale, sku, delta, reference, restock)
            assert status == 200 and books.inflows[body["change"]["version"]].reference == reference
