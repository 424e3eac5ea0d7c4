"""A sale goes on while a server or one of our processes is frozen, killed or stopped: nothing is sold twice or lost.

flash-bench is the buyers: it repeats a request whose outcome it does not know, with the same key, and checks every
answer. When all is over, every buyer asks again with the same keys and must be told the same; then both stores are
compared order by order (books.py). An entry whose message was lost with its engine stays in the journal, and only there.
"""
import json
import signal
import subprocess
import time

import pytest

from books import Books
from daemons import BUILD, Daemon, until
from stack import Stack

SKU, BASE, LIMIT = 4001, 30000, 2
RATE, SECONDS = 1500, 16
FROZEN_S = 10


class Shop:
    """A stack, an engine of two workers on a fixed port, a consumer, and one sale."""

    def __init__(self, stack):
        self.stack, self.daemons = stack, {}
        self.start("engine", FLASH_ENGINE_WORKERS=2)
        engine = self.daemons["engine"]
        self.ports = {"FLASH_ENGINE_LISTEN": f"127.0.0.1:{engine.port}",
                      "FLASH_ENGINE_INTERNAL_LISTEN": f"127.0.0.1:{engine.internal_port}"}
        self.start("consumer")
        self.open_sale()
        for daemon in self.daemons.values():
            until(daemon.is_ready, daemon.troubles)

    def start(self, name, **settings):
        self.daemons[name] = Daemon(self.stack, name, **settings)

    def start_again(self, name):
        if name == "engine":
            self.start(name, FLASH_ENGINE_WORKERS=2, **self.ports)
        else:
            self.start(name)

    def open_sale(self):
        admin = Daemon(self.stack, "admin")
        try:
            until(admin.is_ready, admin.troubles)
            now_ms = int(time.time() * 1000)
            when = [time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now_ms // 1000 + s)) for s in (-60, 3600)]
            assert admin.ask("POST", "/inventory", {"product_id": str(SKU), "quantity": BASE})[0] in (200, 201)
            sale = {"starts_at": when[0], "ends_at": when[1], "per_user_limit": LIMIT, "hold_seconds": 1800}
            assert admin.ask("PUT", f"/v1/sales/{SKU}", sale)[0] in (200, 201)
        finally:
            admin.kill()

    def close(self):
        for daemon in self.daemons.values():
            daemon.kill()

    def bench(self, tmp, name, *arguments):
        """flash-bench with the orders of run `name`; the same name sends the same orders again."""
        command = [BUILD / "tools/flash-bench/flash-bench", "--url", f"http://127.0.0.1:{self.daemons['engine'].port}",
                   "--sku", str(SKU), "--buyers", "9000", "--quantity", "1..2", "--connections", "64", "--run", name,
                   "--retries", "60", "--json", "--accepted", tmp / f"{name}.{time.monotonic_ns()}.tsv", *arguments]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        process.list = command[command.index("--accepted") + 1]
        return process

    def accepted(self):
        return self.daemons["engine"].metric('flash_engine_orders_total{outcome="accepted"}')


@pytest.fixture
def shop(tmp_path):
    with Stack(tmp_path / "stack") as stack:
        stack.migrate("up")
        shop = Shop(stack)
        try:
            yield shop
        finally:
            shop.close()


def answers(process):
    """({order_id: quantity} accepted, the same unknown) of a finished flash-bench."""
    out, err = process.communicate(timeout=180)
    assert process.returncode == 0, (process.returncode, out[-2000:], err[-2000:])
    found = {"accepted": {}, "unknown": {}}
    for line in open(process.list, encoding="utf-8").readlines()[1:]:
        outcome, order, _, quantity = line.split("\t")[:4]
        found[outcome][order] = int(quantity)
    return found["accepted"], found["unknown"], json.loads(out)


def lines_of(books):
    """{order: number of open entries it is in}."""
    found = {}
    for entry in books.journal.values():
        for line in json.loads(entry)["lines"]:
            order = f"{SKU}.{line[0]}"
            found[order] = found.get(order, 0) + 1
    return found


def read_still(stack):
    """The books once nothing moves any more: what is applied is acked, and what is in the journal has no verdict."""
    redis = stack.redis()

    def state():
        behind = sum(row[0] for row in stack.query("SELECT applied - acked FROM consumer_progress"))
        applied = sum(row[0] for row in stack.query("SELECT applied FROM consumer_progress"))
        return behind, applied, redis.xlen(f"flash:{{{SKU}}}:journal")

    seen = {"state": None, "since": time.monotonic()}

    def still():
        now = state()
        if now != seen["state"] or now[0]:
            seen.update(state=now, since=time.monotonic())
        return time.monotonic() - seen["since"] > (0.5 if now[2] == 0 else 5)

    until(still, lambda: f"still moving: {state()}", 90)
    return Books(stack, SKU)


def check_everything(shop, tmp_path, name, process, may_lose):
    accepted, unknown, first = answers(process)
    books = read_still(shop.stack)
    open_orders = lines_of(books)
    assert all(count == 1 for count in open_orders.values())
    assert may_lose or not open_orders, f"{len(open_orders)} orders' entries were lost"
    assert all(books.cached[order].state == "QUEUED" for order in open_orders)
    assert not open_orders.keys() & books.rows.keys(), "the ledger has orders whose entries are open"
    books.check(open_orders)
    for order, quantity in accepted.items():
        assert books.cached[order].quantity == quantity, order
        assert order in books.rows or order in open_orders, order
    extra = books.rows.keys() - accepted.keys() - unknown.keys()
    assert not extra, f"the ledger has orders nobody was told of: {sorted(extra)[:5]}"
    again, still_unknown, _ = answers(shop.bench(tmp_path, name, "--mode", "closed",
                                                 "--orders", str(first["orders"]["begun"])))
    assert not still_unknown
    missing = {order for order in accepted if again.get(order) != accepted[order]}
    assert not missing, f"accepted once, and not again: {sorted(missing)[:5]}"
    known = books.cached.keys()
    assert {order for order in unknown if order in known} <= again.keys()
    return open_orders


def freeze(shop, part):
    shop.stack.stop(part)
    time.sleep(FROZEN_S)  # the fault itself: how long the server is frozen
    shop.stack.cont(part)


def kill_server(shop, part):
    shop.stack.kill(part)
    time.sleep(2)  # the fault itself: how long the server is away
    shop.stack.restart(part)


def kill_ours(shop, name):
    shop.daemons[name].kill()
    time.sleep(1)  # the fault itself: how long the process is away
    shop.start_again(name)


def stop_ours(shop, name):
    assert shop.daemons[name].stop() == 0
    shop.start_again(name)


FAULTS = {
    **{f"{part}-frozen": (freeze, part) for part in ("redis", "kafka", "mariadb")},
    **{f"{part}-killed": (kill_server, part) for part in ("redis", "kafka", "mariadb")},
    **{f"{name}-killed": (kill_ours, name) for name in ("engine", "consumer")},
    **{f"{name}-stopped": (stop_ours, name) for name in ("engine", "consumer")},
}
# Entries that only the journal has: the engine died with them, never got the script's answer, or Kafka never took them.
LOSES = {"engine-killed", "redis-frozen", "redis-killed", "kafka-frozen", "kafka-killed"}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_sale_goes_on(shop, tmp_path, fault):
    process = shop.bench(tmp_path, fault, "--mode", "rate", "--rate", str(RATE), "--duration", str(SECONDS), "--drain", "60")
    until(lambda: shop.accepted() > 2 * RATE, "no sale under way")
    strike, part = FAULTS[fault]
    strike(shop, part)
    for daemon in shop.daemons.values():
        until(daemon.is_ready, daemon.troubles, 60)
    lost = check_everything(shop, tmp_path, fault, process, fault in LOSES)
    print(f"{fault}: {len(lost)} orders wait in the journal for the reconciler")
