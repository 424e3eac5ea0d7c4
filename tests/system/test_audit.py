"""The live audit: what it says of a sale that runs under faults (nothing), and of each defect planted in either store (its word).

The defects are written by the test itself, by docs/FORMATS.md and deploy/sql; each is undone, and then the audit is clean again.
"""
import collections
import json
import subprocess
import time

import pytest

from buyers import Order
from daemons import BUILD, running, until
from sale import Sale
from stack import Stack

FAST = {"FLASH_RECONCILER_AUDIT_RATE": 1000000}
DUTY = {**FAST, "FLASH_RECONCILER_INTERVAL": "1h", "FLASH_RECONCILER_AUDIT_INTERVAL": "100ms", "FLASH_RECONCILER_AUDIT_FULL_INTERVAL": "1h"}

Found = collections.namedtuple("Found", "cause sku quantity order detail")


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("audit") / "stack") as private:
        yield private


@pytest.fixture(scope="module")
def sale(stack):
    quiet = {"FLASH_RECONCILER_AUDIT_INTERVAL": "1h"}  # what is planted here is for others to find
    with Sale(stack, reconciler=quiet) as shop:
        yield shop


def run_audit(stack, *arguments, **env):
    return subprocess.run([BUILD / "reconciler" / "flash-reconciler", "audit", *map(str, arguments)],
                          env=stack.daemon_env(**FAST, **env), capture_output=True, text=True, timeout=300, check=False)


def audit(stack, *arguments):
    """(exit code, [Found]) of flash-reconciler audit."""
    done = run_audit(stack, "--output", "jsonl", *arguments)
    assert done.returncode in (0, 1), (done.returncode, done.stdout, done.stderr)
    rows = map(json.loads, done.stdout.splitlines())
    return done.returncode, [Found(row["cause"], int(row["sku"] or 0), row["quantity"], row["order_id"], row["detail"]) for row in rows]


# ---- defects ----

class Place:
    """One SKU with orders of every state, all settled; and hands that write into its stores."""

    def __init__(self, sale):
        self.sale, self.stack, self.redis = sale, sale.stack, sale.redis
        self.sku = sale.put_on_sale(units=1000, limit=100)
        self.orders = [f"{self.sku}.{call.body['order_id'].partition('.')[2]}" for call in
                       sale.buy(self.sku, [Order(f"u{i % 7}", f"k{i}", 1 + i % 3) for i in range(60)]) if call.status == 202]
        sale.until_settled(self.sku)
        for number, order in enumerate(self.orders[:12]):
            assert sale.engine.ask("POST", f"/v1/orders/{order}/pay", {"payment_id": f"p-{number}"}, internal=True)[0] == 200
        for order in self.orders[12:20]:
            assert sale.engine.ask("POST", f"/v1/orders/{order}/cancel", None, {"X-User-Id": self.user(order)})[0] == 202
        self.restock(40, "restock")
        self.adjust(-15, "broken")
        sale.until_settled(self.sku)
        with running(self.stack, "reconciler", "run", FLASH_RECONCILER_INTERVAL="1h"): # Redis meets the number of what it took
            until(lambda: self.redis.hget(self.key("stock"), "inflow") == "3", "the inflows are not applied")

    def restock(self, quantity, reference):
        answer = self.sale.admin.ask("POST", "/inventory/restock", {
            "product_id": str(self.sku), "quantity": quantity, "reason": "more", "reference": reference})
        assert answer[0] in (200, 201, 202), answer

    def adjust(self, delta, reference):
        answer = self.sale.admin.ask("POST", "/inventory/adjust", {
            "product_id": str(self.sku), "delta": delta, "reason": "fewer", "reference": reference})
        assert answer[0] in (200, 201, 202), answer

    def key(self, name):
        return self.sale.key(self.sku, name)

    def user(self, order):
        return self.redis.hget(self.key("orders"), self.ref(order)).split('"')[0].split(":", 4)[4]

    def ref(self, order):
        return order.partition(".")[2]

    def ledger(self, *statements):
        """As root, without the checks of constraints: what no part of Flashgate could do."""
        connection = self.stack.mysql()
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET SESSION check_constraint_checks = 0")
                for statement in statements:
                    cursor.execute(*statement)
        finally:
            connection.close()

    def inflow_is_old(self):
        """An inflow of the last seconds may still be on its way."""
        until(lambda: self.stack.query("SELECT MAX(created_at_ms) FROM inflow")[0][0] < time.time() * 1000 - 5000, "it is young")

    def stock(self, field, by):
        return self.redis.hincrby(self.key("stock"), field, by)


@pytest.fixture(scope="module")
def place(sale):
    return Place(sale)


def removed(place):
    place.stock("available", -1)
    return lambda: place.stock("available", 1)


def added(place):
    place.stock("available", 1)
    return lambda: place.stock("available", -1)


def row_deleted(place):
    order = place.orders[30]
    names = "order_id, sku, user_id, qty, state, version, due, entry_id, line_no, payment_id, updated_at_ms"
    (row,) = place.stack.query(f"SELECT {names} FROM reservation WHERE order_id = %s", order)
    place.ledger(("DELETE FROM reservation WHERE order_id = %s", (order,)))
    return lambda: place.ledger((f"INSERT INTO reservation ({names}) VALUES ({', '.join(['%s'] * len(row))})", row))


def log_row(place, which):
    ids = [number for (number,) in place.stack.query("SELECT id FROM stock_log WHERE sku = %s ORDER BY id", place.sku)]
    change = "UPDATE stock_log SET quantity = quantity + %s, available_after = available_after + %s WHERE id = %s"
    place.ledger((change, (1, 1, ids[which])))
    return lambda: place.ledger((change, (-1, -1, ids[which])))


def counter(place):
    change = "UPDATE stock SET reserved = reserved + %s, sold = sold - %s WHERE sku = %s"
    place.ledger((change, (1, 1, place.sku)))
    return lambda: place.ledger((change, (-1, -1, place.sku)))


def user_count(place):
    place.redis.hincrby(place.key("users"), "u3", 1)
    return lambda: place.redis.hincrby(place.key("users"), "u3", -1)


def user_forgotten(place):
    units = place.redis.hget(place.key("users"), "u3")
    place.redis.hdel(place.key("users"), "u3")
    return lambda: place.redis.hset(place.key("users"), "u3", units)


def settled_entry(place, make):
    """An entry that make() causes, caught in the journal, settled, and put back."""
    place.sale.freeze("consumer")
    try:
        make()
        ((stream, fields),) = place.redis.xrange(place.key("journal"))
    finally:
        place.sale.thaw("consumer")
    place.sale.until_settled(place.sku)
    acked = "SELECT MIN(applied = acked) FROM consumer_progress"
    until(lambda: place.stack.query(acked)[0][0] == 1, "the settle to be noted")
    place.redis.delete(place.key("journal"))  # it is empty; but it remembers younger ids
    place.redis.xadd(place.key("journal"), fields, id=stream)
    return lambda: place.redis.xdel(place.key("journal"), stream)


def reserve_put_back(place):
    return settled_entry(place, lambda: place.sale.order(place.sku, "put", f"back-{time.time_ns()}"))


def cancel_put_back(place):
    order = place.orders[40]
    head = {"X-User-Id": place.user(order)}
    return settled_entry(place, lambda: place.sale.engine.ask("POST", f"/v1/orders/{order}/cancel", None, head))


def record(place, order, text):
    before = place.redis.hget(place.key("orders"), place.ref(order))
    if text:
        place.redis.hset(place.key("orders"), place.ref(order), text(before) if callable(text) else text)
    else:
        place.redis.hdel(place.key("orders"), place.ref(order))
    if before is None:
        return lambda: place.redis.hdel(place.key("orders"), place.ref(order))
    return lambda: place.redis.hset(place.key("orders"), place.ref(order), before)


def order_invented(place):
    return record(place, f"{place.sku}.invented", "A1:1:1700000000000000:1900000000:nobody")


def dead_letter(place):
    place.ledger(("INSERT INTO dead_letter (topic, partition_no, kafka_offset, reason, value, created_at_ms)"
                  " VALUES ('flash.orders', 1, 999999, 'entry: no entry', 'x', 1)",))
    return lambda: place.ledger(("DELETE FROM dead_letter WHERE kafka_offset = 999999",))


def inflow_undone(place):
    (units, number), = place.stack.query("SELECT quantity, number FROM inflow WHERE sku = %s ORDER BY number DESC LIMIT 1", place.sku)
    place.inflow_is_old()
    for field, by in (("available", units), ("base", units), ("inflow", 1)):
        place.stock(field, -by)
    assert number >= 1
    return lambda: [place.stock(field, by) for field, by in (("available", units), ("base", units), ("inflow", 1))]


DEFECTS = {
    "a unit removed from Redis": (removed, {"drift_down"}),
    "a unit added in Redis": (added, {"drift_up"}),
    "a reservation deleted in the ledger": (row_deleted, {"phantom", "counter", "log"}),
    "a log row changed": (lambda place: log_row(place, 3), {"log"}),
    "the last log row changed": (lambda place: log_row(place, -1), {"log"}),
    "a counter off by one": (counter, {"counter"}),
    "a user's count off by one": (user_count, {"user_count"}),
    "a user's count forgotten": (user_forgotten, {"user_count"}),
    "a settled entry put back": (reserve_put_back, {"unsettled"}),
    "a settled cancel put back": (cancel_put_back, {"unsettled"}),
    "an order deleted from Redis": (lambda place: record(place, place.orders[31], None), {"forgotten", "user_count"}),
    "an order invented in Redis": (order_invented, {"phantom", "user_count"}),
    "an order's payment undone in Redis": (lambda place: record(place, place.orders[3], lambda text: "C1" + text[2:]), {"forgotten"}),
    "an order half-way for ever": (lambda place: record(place, place.orders[33], lambda text: "K2" + text[2:]), {"stuck"}),
    "a whole inflow undone in Redis": (inflow_undone, {"inflow"}),
}


@pytest.mark.parametrize("name", DEFECTS)
def test_each_defect_has_its_word(place, name):
    plant, words = DEFECTS[name]
    assert audit(place.stack, "--sku", place.sku) == (0, [])
    undo = plant(place)
    try:
        code, found = audit(place.stack, "--sku", place.sku)
        assert (code, {finding.cause for finding in found}) == (1, words), found
        assert {finding.sku for finding in found} == {place.sku}
    finally:
        undo()
    assert audit(place.stack) == (0, [])


def test_dead_letters_are_told_of_no_sku(place):
    undo = dead_letter(place)
    try:
        assert audit(place.stack) == (1, [Found("dead", 0, 0, None, "entry: no entry")])
        assert audit(place.stack, "--sku", place.sku) == (0, [])
    finally:
        undo()


def test_what_is_said(place):
    """The forms of the report, and what cannot be asked."""
    undo = removed(place)
    try:
        table = run_audit(place.stack)
        assert (table.returncode, "drift_down" in table.stdout) == (1, True), table
        document = run_audit(place.stack, "--output", "json")
        assert document.returncode == 1
        said = json.loads(document.stdout)
        assert [(row["cause"], row["quantity"]) for row in said["findings"]] == [("drift_down", -1)]
        assert said["audit"]["orders"] >= 60 and said["audit"]["undecided"] == 0
    finally:
        undo()
    for wrong in (["--sku", "0"], ["--sku"], ["--output", "xml"], ["--what"]):
        assert run_audit(place.stack, *wrong).returncode == 2, wrong
    assert run_audit(place.stack, FLASH_REDIS_PORT=1).returncode == 3
    assert run_audit(place.stack, FLASH_MYSQL_SOCKET=place.stack.folder / "none").returncode == 3


def test_the_daemon_tells_each_change_once(place):
    runs = "SELECT COUNT(*), COALESCE(SUM(findings), 0) FROM reconcile_run WHERE mode = 'audit'"
    (before,) = place.stack.query(runs)
    with running(place.stack, "reconciler", "run", **DUTY) as daemon:
        def found(cause):
            return daemon.metric(f'flash_reconciler_audit_findings{{form="units",cause="{cause}"}}')

        until(lambda: daemon.metric('flash_reconciler_audits_total{end="clean"}') > 3, "no audits")
        assert (found("drift_up"), place.stack.query(runs)) == (0, [before])
        undo = added(place)
        try:
            until(lambda: found("drift_up") == 1, "the added unit is not found")
            again = daemon.metric('flash_reconciler_audits_total{end="findings"}') + 2
            until(lambda: daemon.metric('flash_reconciler_audits_total{end="findings"}') >= again, "no audits")
        finally:
            undo()
        until(lambda: found("drift_up") == 0 and daemon.said("reconciler.audit_clean"), "the audit does not come clean")
        assert [len(daemon.said(f"reconciler.audit_{word}")) for word in ("findings", "found", "clean")] == [1, 1, 1]
    assert place.stack.query(runs) == [(before[0] + 1, before[1] + 1)]
    ((cause, sku, quantity),) = place.stack.query("SELECT cause, sku, quantity FROM reconcile_finding ORDER BY id DESC LIMIT 1")
    assert (cause, sku, quantity) == ("drift_up", place.sku, 1)
