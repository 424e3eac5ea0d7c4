"""SKUs that no recovery can mend: keys that are damaged, or gone in part. They stay closed, the others are sold."""
import json
import time

import pytest

from books import read_quiet
from daemons import until
from sale import Sale
from stack import Stack
from test_recover import gate_of, generation, recover, recoveries


def begun(tmp_path_factory, **reconciler):
    with Stack(tmp_path_factory.mktemp("damaged") / "stack") as stack:
        stack.migrate("up")
        with Sale(stack, reconciler=reconciler) as everything:
            yield everything


@pytest.fixture(scope="module")
def sale(tmp_path_factory):
    yield from begun(tmp_path_factory)


@pytest.fixture(scope="module")
def by_hand(tmp_path_factory):
    yield from begun(tmp_path_factory, FLASH_RECONCILER_RECOVER="off")


def test_a_sku_that_cannot_be_loaded_is_put_off(sale):
    """Its stock key alone is gone. Without a respite the generation of all SKUs went up every second."""
    damaged, sku = sale.put_on_sale(), sale.put_on_sale()
    assert sale.order(damaged)[0] == 202
    sale.until_settled(damaged)
    sale.redis.delete(sale.key(damaged, "stock"))
    put_off = until(lambda: [line for line in sale.daemons["reconciler"].said("recover.not_done") if line["end"] == "put_off"],
                    lambda: sale.daemons["reconciler"].lines[-5:])
    assert str(damaged) in put_off[0]["error"], put_off
    assert recoveries(sale)[-1]["end"] == "partly" and "damaged" in sale.daemons["reconciler"].troubles()["recovery"]
    before = len(recoveries(sale))
    beacon = sale.stack.query("SELECT beacon FROM generation")[0][0]
    for n in range(6):
        until(lambda n=n: sale.order(sku, f"u{n}")[0] == 202, sale.engine.troubles)
        time.sleep(1)
    assert len(recoveries(sale)) <= before + 2  # after 4 s and after 8 more
    assert gate_of(sale, sku) == "open" and sale.order(damaged, "v")[0] != 202
    until(lambda: sale.stack.query("SELECT beacon FROM generation")[0][0] > beacon, "no beacon meanwhile")
    sale.redis.delete(*sale.redis.keys(f"flash:{{{damaged}}}:*"))
    code, out, said = recover(sale, "--yes")  # does not wait
    assert code in (0, 4), (out, said)
    until(lambda: sale.order(damaged, "v")[0] == 202, sale.engine.troubles)
    until(lambda: not sale.daemons["reconciler"].troubles(), sale.daemons["reconciler"].troubles)


def test_what_redis_refuses_to_settle_keeps_no_other_gate_closed(by_hand):
    """It holds its partition's acks back, and every gate waits for those."""
    damaged, sku = by_hand.put_on_sale(), by_hand.put_on_sale()
    by_hand.freeze("consumer")
    refs = [by_hand.order(number)[2]["order_id"] for number in (damaged, sku)]
    right = by_hand.redis.hget(by_hand.key(damaged, "stock"), "available")
    by_hand.redis.hset(by_hand.key(damaged, "stock"), "available", "x")
    by_hand.thaw("consumer")
    until(lambda: by_hand.consumer.said("consumer.not_settled"), lambda: by_hand.consumer.lines[-5:])
    no_gate, no_entry = by_hand.put_on_sale(), by_hand.put_on_sale()
    by_hand.redis.hset(by_hand.key(no_gate, "stock"), "last", "x")
    last = by_hand.put_on_sale()
    junk = by_hand.redis.xadd(by_hand.key(no_entry, "journal"), {"e": "x"}, id=f"{time.time_ns() // 1000}-1")
    by_hand.stack.kill("redis")
    by_hand.stack.restart("redis")
    code, out, said = recover(by_hand, "--yes", "--output", "json", "--set", "reconciler.open_after=3s")
    assert code == 1 and "partly" in said, (out, said)
    rows = {int(row["sku"]): row["gate"] for row in json.loads(out)["skus"]}
    assert rows == {damaged: "damaged", sku: "open", no_gate: "damaged", no_entry: "damaged", last: "open"}, rows
    assert gate_of(by_hand, sku) == "open" and gate_of(by_hand, damaged) == "closed"
    until(lambda: by_hand.order(sku, "new")[0] == 202, by_hand.engine.troubles)
    until(lambda: by_hand.order(sku)[2].get("order_id") == refs[1], by_hand.engine.troubles)
    by_hand.redis.hset(by_hand.key(damaged, "stock"), "available", right)
    by_hand.redis.hset(by_hand.key(no_gate, "stock"), "last", 0)
    by_hand.redis.xdel(by_hand.key(no_entry, "journal"), junk)
    code, out, said = recover(by_hand, "--yes")
    assert code == 0, (out, said)
    until(lambda: by_hand.order(damaged)[2].get("order_id") == refs[0], by_hand.engine.troubles)
    for books in read_quiet(by_hand.stack, [damaged, sku]).values():
        books.check()


def test_a_redis_that_came_back_full_is_recovered(by_hand):
    """Only then settling and expiry, refused under an old generation, can make room again."""
    sku = by_hand.put_on_sale()
    order = by_hand.order(sku)[2]["order_id"]
    before = generation(by_hand)
    by_hand.stack.kill("redis")
    by_hand.stack.restart("redis")
    by_hand.redis.config_set("maxmemory", "500kb")
    try:
        code, out, said = recover(by_hand, "--yes")
        assert code == 0 and generation(by_hand) > before, (out, said)
        assert gate_of(by_hand, sku) == "open"
        by_hand.until_settled(sku)
    finally:
        by_hand.redis.config_set("maxmemory", 0)
    until(lambda: by_hand.order(sku)[2].get("order_id") == order, by_hand.engine.troubles)
    read_quiet(by_hand.stack, [sku])[sku].check()
