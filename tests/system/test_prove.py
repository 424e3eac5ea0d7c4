"""deploy/prove finds what is planted: a small sale that is right is proven, and each of these wounds is named.

The sale is written into the stores by hand, in the formats of docs/FORMATS.md and deploy/sql: two entries, three orders.
"""
import json
import os
import subprocess

import pytest

from stack import ROOT, Stack

SKU, BASE, LIMIT, NOW_MS, DUE = 42, 10, 2, 1_800_000_000_000, 1_800_001_800
ENTRIES = {1: [("a", "ann", 2), ("b", "bob", 1)], 2: [("c", "cem", 2)]}
SOLD = 5
KEY = f"flash:{{{SKU}}}:"
TABLES = ("stock", "sale", "inflow", "verdict", "reservation", "stock_log", "consumer_progress", "dead_letter", "parked")


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("prove") / "stack") as one:
        yield one


class Sale:
    """The sale in both stores; the wounds of the tests are its methods' leftovers."""

    def __init__(self, stack, folder):
        self.stack, self.redis, self.accepted = stack, stack.redis(), folder / "accepted.tsv"
        for table in TABLES:
            self.sql(f"DELETE FROM {table}")
        self.redis.flushall()
        self.told = [("accepted", f"{SKU}.{ref}", user, quantity, "k") for lines in ENTRIES.values() for ref, user, quantity in lines]
        self.write_ledger()
        self.write_redis()

    def sql(self, text, *params):
        connection = self.stack.mysql()
        with connection.cursor() as cursor:
            cursor.execute("SET check_constraint_checks = 0")
            cursor.execute(text, params or None)
        connection.close()

    def write_ledger(self):
        left = BASE - SOLD
        self.sql("INSERT INTO stock (sku, title, base, available, reserved, version, loaded_generation, created_at_ms, "
                 "updated_at_ms) VALUES (%s, 'thing', %s, %s, %s, 1, 1, %s, %s)", SKU, BASE, left, SOLD, NOW_MS, NOW_MS)
        self.sql("INSERT INTO sale (sku, starts_at_ms, ends_at_ms, per_user_limit, hold_seconds, updated_at_ms) "
                 "VALUES (%s, 1, %s, %s, 1800, 1)", SKU, NOW_MS, LIMIT)
        self.inflow(1, 11, BASE)
        self.log(11, BASE, 0, None, 0)
        available = BASE
        for number, lines in ENTRIES.items():
            self.verdict(number, len(lines))
            for line, (ref, user, quantity) in enumerate(lines):
                self.order(number, line, ref, user, quantity)
            units = sum(quantity for _, _, quantity in lines)
            self.log(1, -units, available, number, len(lines))
            available -= units
        self.sql("INSERT INTO consumer_progress (topic, partition_no, applied, acked, generation, updated_at_ms) "
                 "VALUES ('flash.orders', 0, 2, 2, 1, 1)")

    def verdict(self, number, lines, clean=1, kind=1):
        self.sql("INSERT INTO verdict (entry_id, type, verdict, clean, sku, stream_us, generation, due, line_count, "
                 "partition_no, kafka_offset, owner, applied_at_ms) VALUES (%s, %s, 1, %s, %s, %s, 1, %s, %s, 0, %s, 1, 1)",
                 bytes([number] * 16), kind, clean, SKU, number, DUE, lines, number)

    def order(self, number, line, ref, user, quantity):
        self.sql("INSERT INTO reservation (order_id, sku, user_id, qty, state, version, due, entry_id, line_no, "
                 "updated_at_ms) VALUES (%s, %s, %s, %s, 1, 1, %s, %s, %s, 1)",
                 f"{SKU}.{ref}", SKU, user, quantity, DUE, bytes([number] * 16), line)

    def log(self, kind, quantity, before, number, lines, order=None):
        self.sql("INSERT INTO stock_log (sku, type, quantity, available_before, available_after, entry_id, inflow_number, "
                 "line_count, order_id, created_at_ms) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, 1)", SKU, kind, quantity,
                 before, before + quantity, bytes([number] * 16) if number else None, None if number else 1, lines, order)

    def inflow(self, number, kind, quantity, entry=None):
        self.sql("INSERT INTO inflow (sku, number, type, quantity, operator, entry_id, created_at_ms) "
                 "VALUES (%s, %s, %s, %s, 'ops', %s, 1)", SKU, number, kind, quantity, entry and bytes([entry] * 16))

    def change_base(self):
        """Seven more, three fewer, in both stores."""
        for number, kind, quantity, entry in ((2, 12, 7, None), (3, 13, -3, 21)):
            before = int(self.redis.hget(KEY + "stock", "available"))
            self.inflow(number, kind, quantity, entry)
            self.sql("INSERT INTO stock_log (sku, type, quantity, available_before, available_after, entry_id, inflow_number, "
                     "created_at_ms) VALUES (%s, %s, %s, %s, %s, %s, %s, 1)", SKU, 6 if entry else kind, quantity, before,
                     before + quantity, entry and bytes([entry] * 16), number)
            self.sql("UPDATE stock SET base = base + %s, available = available + %s, version = %s", quantity, quantity, number)
            self.redis.hincrby(KEY + "stock", "available", quantity)
            self.redis.hincrby(KEY + "stock", "base", quantity)
            self.redis.hset(KEY + "stock", "inflow", number)
        self.verdict(21, 1, kind=6)

    def write_redis(self):
        self.redis.hset(KEY + "stock", mapping={"generation": 1, "available": BASE - SOLD, "base": BASE, "limit": LIMIT,
                                               "inflow": 1})
        for number, lines in ENTRIES.items():
            for ref, user, quantity in lines:
                self.redis.hset(KEY + "orders", ref, f"A1:{quantity}:{number}:{DUE}:{user}")
                self.redis.hset(KEY + "users", user, quantity)

    def change(self, number, kind, ref, user, quantity, state, letter, payment=None, due=DUE):
        """An order of SOLD is paid (kind 2), cancelled (3) or expired (4), in both stores, by an entry of its own."""
        back = 0 if kind == 2 else quantity
        self.sql("UPDATE reservation SET state = %s, version = 2, payment_id = %s, due = %s WHERE order_id = %s",
                 state, payment, due, f"{SKU}.{ref}")
        before = int(self.redis.hget(KEY + "stock", "available"))
        self.verdict(number, 1, kind=kind)
        self.log(kind, back, before, number, 1, f"{SKU}.{ref}")
        self.sql("UPDATE stock SET available = available + %s, reserved = reserved - %s, sold = sold + %s",
                 back, quantity, quantity - back)
        tail = f'"{payment}' if payment else ""
        self.redis.hset(KEY + "orders", ref, f"{letter}2:{quantity}:{number}:{due}:{user}{tail}")
        self.redis.hincrby(KEY + "stock", "available", back)
        if back:
            self.redis.hdel(KEY + "users", user)

    def change_all(self):
        self.change(11, 2, "a", "ann", 2, 2, "P", "p-a")
        self.change(12, 3, "b", "bob", 1, 3, "X")
        self.change(13, 4, "c", "cem", 2, 4, "D", due=1000)
        self.told += [("paid", f"{SKU}.a", "ann", 2, "p-a"), ("cancelled", f"{SKU}.b", "bob", 1, "-")]

    def prove(self):
        """(exit code, {line that is broken: what was found})."""
        with open(self.accepted, "w", encoding="utf-8") as file:
            file.write("outcome\torder_id\tuser\tquantity\tkey\tattempts\tat\n")
            file.writelines("\t".join(map(str, row)) + "\t1\t1\n" for row in self.told)
        done = subprocess.run([ROOT / "deploy" / "prove", "--sku", str(SKU), "--accepted", self.accepted, "--wait", "0",
                               "--json"], env={**os.environ, **self.stack.env}, capture_output=True, text=True,
                              timeout=300, check=False)
        assert done.returncode in (0, 1), done.stderr
        report = json.loads(done.stdout)
        assert report["holds"] == (done.returncode == 0)
        return report, {line["what"] for line in report["lines"] if not line["holds"]}


@pytest.fixture
def sale(stack, tmp_path):
    return Sale(stack, tmp_path)


def test_a_right_sale_is_proven(sale):
    report, broken = sale.prove()
    assert broken == set()
    assert (report["oversold"], report["lost"], report["units"], report["accepted"]) == (0, 0, SOLD, 3)


WOUNDS = {
    "a lost order": (lambda s: s.sql("DELETE FROM reservation WHERE order_id = '42.c'"), "each 202 is CREATED in the ledger"),
    "another user's": (lambda s: s.sql("UPDATE reservation SET user_id = 'eve' WHERE order_id = '42.c'"),
                       "each 202 is CREATED in the ledger"),
    "another quantity": (lambda s: s.sql("UPDATE reservation SET qty = 1 WHERE order_id = '42.c'"), "units sold"),
    "a failed order": (lambda s: s.sql("UPDATE reservation SET state = 7 WHERE order_id = '42.c'"),
                       "each 202 is CREATED in the ledger"),
    "an order nobody was told of": (lambda s: s.order(2, 1, "d", "dan", 1), "the ledger has no order that nobody"),
    "a 202 given twice": (lambda s: s.told.append(s.told[0]), "no order was accepted twice"),
    "a 202 for nothing": (lambda s: s.told.append(("accepted", "42.z", "zoe", 1, "k")), "each 202 is CREATED in Redis"),
    "Redis forgot an order": (lambda s: s.redis.hdel(KEY + "orders", "c"), "each 202 is CREATED in Redis"),
    "Redis still has it queued": (lambda s: s.redis.xadd(KEY + "journal", {"e": "x"}, id="2-7"), "the journal is empty"),
    "Redis has a unit too many": (lambda s: s.redis.hincrby(KEY + "stock", "available", 1), "Redis: available + held = base"),
    "the ledger has a unit too many": (lambda s: s.sql("UPDATE stock SET available = available + 1"),
                                       "ledger: available + held = base"),
    "oversold": (lambda s: s.sql("UPDATE stock SET base = 4"), "both bases are the same"),
    "over the limit": (lambda s: s.sql("UPDATE reservation SET user_id = 'ann' WHERE order_id = '42.c'"), "nobody has more"),
    "a wrong count of a buyer": (lambda s: s.redis.hincrby(KEY + "users", "bob", 1), "Redis' count of each buyer"),
    "a mixed verdict": (lambda s: s.sql("UPDATE verdict SET clean = 0 WHERE stream_us = 2"), "every entry was applied once"),
    "no verdict": (lambda s: s.sql("DELETE FROM verdict WHERE stream_us = 2"), "every entry was applied once"),
    "a verdict without orders": (lambda s: s.verdict(3, 1), "every entry was applied once"),
    "an entry logged twice": (lambda s: s.log(1, -2, BASE - SOLD, 2, 1), "and has each entry once"),
    "an entry not logged": (lambda s: s.sql("DELETE FROM stock_log WHERE line_count = 1"), "and has each entry once"),
    "a gap in the log": (lambda s: s.sql("UPDATE stock_log SET available_before = 9, available_after = 6 WHERE line_count = 2"),
                         "stock_log adds up"),
    "not settled": (lambda s: s.sql("UPDATE consumer_progress SET acked = 1"), "what the ledger has applied is settled"),
    "a dead letter": (lambda s: s.sql("INSERT INTO dead_letter (topic, partition_no, kafka_offset, reason, value, "
                                      "created_at_ms) VALUES ('flash.orders', 0, 9, 'bad', 'x', 1)"), "no message was put aside"),
}


@pytest.mark.parametrize("wound", WOUNDS)
def test_a_wound_is_found(sale, wound):
    hurt, line = WOUNDS[wound]
    hurt(sale)
    report, broken = sale.prove()
    assert not report["holds"]
    assert any(what.startswith(line) for what in broken), broken


def test_changes_are_proven(sale):
    sale.change_all()
    report, broken = sale.prove()
    assert broken == set()
    assert report["states"] == {"PAID": 1, "CANCELLED": 1, "EXPIRED": 1} and report["units"] == 2


@pytest.mark.parametrize("happened", [True, False])
def test_a_change_without_an_answer_may_have_happened(sale, happened):
    if happened:
        sale.change(11, 2, "a", "ann", 2, 2, "P", "p-a")
        sale.change(12, 3, "b", "bob", 1, 3, "X")
    sale.told += [("pay-unknown", f"{SKU}.a", "ann", 2, "p-a"), ("cancel-unknown", f"{SKU}.b", "bob", 1, "-")]
    assert sale.prove()[1] == set()


IN_LEDGER = "each 202 is CREATED in the ledger, or changed"
CHANGED_ONCE = "each payment, cancellation and expiry"
WOUNDS_OF_CHANGES = {
    "paid for nothing": (lambda s: s.told.append(("paid", f"{SKU}.c", "cem", 2, "p-c")), IN_LEDGER),
    "paid by another payment": (lambda s: s.sql("UPDATE reservation SET payment_id = 'p-x' WHERE order_id = '42.a'"), IN_LEDGER),
    "paid, and nobody was told": (lambda s: s.told.remove(("paid", f"{SKU}.a", "ann", 2, "p-a")), IN_LEDGER),
    "cancelled, and nobody was told": (lambda s: s.told.remove(("cancelled", f"{SKU}.b", "bob", 1, "-")), IN_LEDGER),
    "expired before its time": (lambda s: s.sql("UPDATE reservation SET due = %s WHERE order_id = '42.c'", DUE), IN_LEDGER),
    "paid and cancelled": (lambda s: s.told.append(("cancelled", f"{SKU}.a", "ann", 2, "-")), IN_LEDGER),
    "half-way in Redis": (lambda s: s.redis.hset(KEY + "orders", "b", f"K2:1:12:{DUE}:bob"), "Redis and the ledger agree"),
    "Redis has another version": (lambda s: s.redis.hset(KEY + "orders", "b", f"X3:1:12:{DUE}:bob"), "Redis and the ledger agree"),
    "units did not come back": (lambda s: s.redis.hincrby(KEY + "stock", "available", -1), "Redis: available + held = base"),
    "sold is not what is paid": (lambda s: s.sql("UPDATE stock SET sold = 1, reserved = 1"), "both bases are the same"),
    "a cancellation logged twice": (lambda s: s.log(3, 1, BASE - 2, 12, 1, "42.b"), CHANGED_ONCE),
    "a payment not logged": (lambda s: s.sql("DELETE FROM stock_log WHERE type = 2"), CHANGED_ONCE),
    "an expiry that brought too much": (lambda s: s.sql("UPDATE stock_log SET quantity = 3 WHERE type = 4"), CHANGED_ONCE),
    "an expiry without verdict": (lambda s: s.sql("DELETE FROM verdict WHERE type = 4"), CHANGED_ONCE),
    "a cancellation that was fenced": (lambda s: s.sql("UPDATE verdict SET verdict = 2, clean = 0 WHERE type = 3"), CHANGED_ONCE),
}


@pytest.mark.parametrize("wound", WOUNDS_OF_CHANGES)
def test_a_wound_of_changes_is_found(sale, wound):
    hurt, line = WOUNDS_OF_CHANGES[wound]
    sale.change_all()
    hurt(sale)
    _, broken = sale.prove()
    assert any(what.startswith(line) for what in broken), broken


def test_a_changed_base_is_proven(sale):
    sale.change_base()
    assert sale.prove()[1] == set()


NUMBERED, REACHED = "each change of the base has a number", "Redis has come to the last of them"
WOUNDS_OF_THE_BASE = {
    "a quantity changed": (lambda s: s.sql("UPDATE inflow SET quantity = 8 WHERE number = 2"), NUMBERED),
    "a number missing": (lambda s: s.sql("DELETE FROM inflow WHERE number = 2"), NUMBERED),
    "a take not logged": (lambda s: s.sql("DELETE FROM stock_log WHERE type = 6"), NUMBERED),
    "a restock logged with another quantity": (lambda s: s.sql("UPDATE stock_log SET quantity = 6 WHERE type = 12"), NUMBERED),
    "the last number too high": (lambda s: s.sql("UPDATE stock SET version = 4"), NUMBERED),
    "the base too high": (lambda s: s.sql("UPDATE stock SET base = base + 1"), NUMBERED),
    "Redis behind": (lambda s: s.redis.hset(KEY + "stock", "inflow", 2), REACHED),
    "a take that Redis thinks open": (lambda s: s.redis.hset(KEY + "takes", "t", "1-1:3:broken"), REACHED),
    "Redis' base": (lambda s: s.redis.hincrby(KEY + "stock", "base", 1), "both bases are the same"),
}


@pytest.mark.parametrize("wound", WOUNDS_OF_THE_BASE)
def test_a_wound_of_the_base_is_found(sale, wound):
    hurt, line = WOUNDS_OF_THE_BASE[wound]
    sale.change_base()
    hurt(sale)
    report, broken = sale.prove()
    assert not report["holds"]
    assert any(what.startswith(line) for what in broken), broken


def test_the_figures_say_how_much(sale):
    sale.sql("DELETE FROM reservation WHERE order_id = '42.c'")
    sale.sql("UPDATE stock SET base = 1")
    report, _ = sale.prove()
    assert (report["lost"], report["oversold"]) == (1, 4)
