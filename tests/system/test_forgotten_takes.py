"""Redis comes back without a take that the ledger has: a recovery takes its units again before anybody can buy them (ADR 0007).

Recovered by hand, with no flash-reconciler beside it whose inflow duty might come first.
"""
import itertools
import json
import os
import subprocess

import pytest

from books import Books, read_quiet
from daemons import until
from sale import Sale
from stack import ROOT, Stack
from test_recover import aof, gate_of, recover
from test_reconciler import make_topic

UNITS = 5
NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def sale(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("forgotten") / "stack") as stack:
        stack.migrate("up")
        with Sale(stack, names=("engine", "consumer")) as everything:
            yield everything


def take(sale, sku, units):
    """Until the ledger has it; until then Redis' number is the one before."""
    answer = sale.admin.ask("POST", "/inventory/adjust", {"product_id": str(sku), "delta": -units, "reason": "broken",
                                                          "reference": f"broken-{next(NUMBERS)}"})
    assert answer[0] == 202, answer
    sale.until_settled(sku)


def stock(sale, sku):
    return tuple(int(text) for text in sale.redis.hmget(sale.key(sku, "stock"), "available", "base", "inflow"))


def ledger(sale, sku):
    return sale.stack.query("SELECT available, base, version FROM stock WHERE sku = %s", sku)[0]


def fall_back(sale, lose):
    """Redis loses what lose() makes it write."""
    kept = aof(sale.stack).stat().st_size
    lose()
    sale.stack.kill("redis")
    os.truncate(aof(sale.stack), kept)
    sale.stack.restart("redis")


def recovered(sale):
    """(exit code, document); with no reconciler nobody has noted the engines, and the window is waited for."""
    code, out, said = recover(sale, "--yes", "--output", "json", "--set", "reconciler.open_after=3s")
    assert out, said
    return code, json.loads(out)


def answer_of(sale, sku, user, quantity=1):
    """The type of the refusal, or the status, once the engine knows the gate."""
    def ask():
        status, _, body = sale.order(sku, user, "k", quantity)
        word = body.get("type", str(status)).rsplit("/", 1)[-1]
        return None if status == 503 else word
    return until(ask, sale.engine.troubles)


def prove(sale, sku, accepted):
    file = sale.stack.folder / f"accepted-{sku}.tsv"
    lines = [("outcome", "order_id", "user", "quantity", "key", "…"), *(("accepted", *order, "k", "") for order in accepted)]
    file.write_text("".join("\t".join(map(str, line)) + "\n" for line in lines))
    done = subprocess.run([ROOT / "deploy" / "prove", "--sku", str(sku), "--accepted", file], text=True,
                          env=sale.stack.daemon_env(), capture_output=True, timeout=180, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_its_units_are_not_sold_again(sale):
    """One SKU lost a take of all, one a take and an order behind a take that it kept, one nothing."""
    gone, some, whole = (sale.put_on_sale(units=UNITS) for _ in range(3))
    take(sale, some, 1)
    told = [(sale.order(whole)[2]["order_id"], "u", 1)]
    sale.until_settled(whole)

    def lose():
        take(sale, gone, UNITS)
        take(sale, some, 2)
        told.append((sale.order(some)[2]["order_id"], "u", 1))
        sale.until_settled(some)

    fall_back(sale, lose)
    assert stock(sale, gone) == (UNITS, UNITS, 1) and ledger(sale, gone) == (0, 0, 2)
    code, document = recovered(sale)
    assert (stock(sale, gone), gate_of(sale, gone)) == ((0, 0, 2), "open"), document
    assert (stock(sale, some), gate_of(sale, some)) == ((1, 2, 3), "open"), document
    assert (stock(sale, whole), gate_of(sale, whole)) == ((UNITS - 1, UNITS, 1), "open"), document
    assert code == 1 and sorted((row["sku"], row["cause"], row["quantity"]) for row in document["findings"]
                                if row["cause"] == "inflow") == [(gone, "inflow", -UNITS), (some, "inflow", -2)], document
    assert answer_of(sale, gone, "late").endswith("sold-out")
    assert answer_of(sale, some, "late", 2).endswith("sold-out")
    assert answer_of(sale, whole, "late") == "202"
    told.append((sale.order(whole, "late")[2]["order_id"], "late", 1))
    sale.until_settled(gone, some, whole)
    for sku, books in read_quiet(sale.stack, [gone, some, whole]).items():
        books.check()
        assert all(row.state == "CREATED" for row in books.rows.values()), books.rows
        prove(sale, sku, [order for order in told if order[0].startswith(f"{sku}.")])


def test_a_replay_that_redis_refuses_keeps_no_other_gate_closed(sale):
    damaged, sku = sale.put_on_sale(units=UNITS), sale.put_on_sale(units=UNITS)
    fall_back(sale, lambda: [take(sale, number, UNITS) for number in (damaged, sku)])
    sale.redis.hset(sale.key(damaged, "stock"), "inflow", "x")
    code, document = recovered(sale)
    assert code == 1 and {int(row["sku"]): row["gate"] for row in document["skus"] if int(row["sku"]) in (damaged, sku)} == {
        damaged: "damaged", sku: "open"}, document
    assert document["recovery"]["ended"] == "partly" and str(damaged) in document["recovery"]["error"], document
    assert stock(sale, sku) == (0, 0, 2) and gate_of(sale, damaged) == "closed"
    assert answer_of(sale, sku, "late").endswith("sold-out")
    sale.redis.hset(sale.key(damaged, "stock"), "inflow", 1)
    recovered(sale)
    assert stock(sale, damaged) == (0, 0, 2) and gate_of(sale, damaged) == "open"
    for books in read_quiet(sale.stack, [damaged, sku]).values():
        books.check()


def test_what_was_sold_of_them_meanwhile_is_refused_before_the_gate_opens(sale):
    """Redis forgot the take behind an open gate and sold its units, and that order's message was lost: once the units are taken
    again there are fewer than none, and the gate waits for the ledger to refuse the order."""
    sku = sale.put_on_sale(units=UNITS)
    take(sale, sku, UNITS)
    sale.redis.delete(sale.key(sku, "takes"))
    sale.redis.hset(sale.key(sku, "stock"), mapping={"available": UNITS, "base": UNITS})
    sale.kill("engine")
    sale.start("engine", FLASH_KAFKA_TOPIC=make_topic(sale.stack, "nowhere"))
    order = sale.order(sku, "early", "k", 2)[2]["order_id"]
    sale.kill("engine")
    assert sale.journal(sku) == 1
    sale.stack.kill("redis")
    sale.stack.restart("redis")
    code, document = recovered(sale)
    (row,) = [row for row in document["skus"] if int(row["sku"]) == sku]
    assert code == 1 and (row["gate"], row["entries_resent"], row["shortages"]) == ("open", 1, 1), document
    assert stock(sale, sku) == (0, 0, 2)
    sale.start("engine")
    assert answer_of(sale, sku, "late").endswith("sold-out")
    sale.until_settled(sku)
    books = Books(sale.stack, sku)
    books.check_units()
    books.check_inflows()
    assert [(name, row.state) for name, row in books.rows.items()] == [(order, "FAILED")]
