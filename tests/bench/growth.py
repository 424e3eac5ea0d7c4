"""What grows with what: orders/s and p99 against connections, offered rate, orders so far, SKUs, workers; memory an order
and an idle connection. Series, each point verified against the stores; bench/run draws them."""
import contextlib
import os
import pathlib
import re
import resource
import socket
import statistics
import sys
import zlib

from batch import requests_of, send_all, write_list
from ledger import connected
from rig import Failed, at_rate, spent, wait_until

UNITS = 100_000_000
CONNECTIONS = (1, 4, 16, 64, 256, 1024)
RATES = (1_000, 5_000, 10_000, 20_000, 40_000)
SKUS = (1, 10, 1_000)
WORKERS = (1, 2, 4)
SO_FAR = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
IN_TURN = (1_000_000, 10_000_000)  # measured TURNS times, in turn with a sale of FEW orders
TURNS, FEW = 3, 10_000
SAMPLE = 200_000        # orders sold on top of those so far
CHUNK = 250_000         # orders filled at once
PROVEN_MOST = 400_000   # orders that deploy/prove compares one by one; of more, `counted` compares sums
IDLE = 10_000


def sell(rig, skus, *options):
    """One run over these SKUs (a list, for flash-bench), its report."""
    return rig.bench(skus, "--buyers", 100_000, *options)


def note(*words):
    """What is known so far, for whoever waits."""
    print("   ", *words, file=sys.stderr, flush=True)


def settled(rig, sku):
    wait_until(lambda: rig.open_entries(sku) == 0, 900, "the journal to become empty")


# ---- short series: one run a point ----

def connections(rig, seconds):
    points = {}
    for count in CONNECTIONS:
        sku = rig.sale(UNITS)
        rig.daemons("stop", "consumer")
        report = sell(rig, sku, "--connections", count, "--duration", seconds)["orders"]
        points[count] = report["accepted_per_s"]
        rig.daemons("up", "consumer")
        rig.prove(sku)
    return points


def rates(rig, seconds):
    """p99 of the answer, ms, with the whole pipeline running."""
    points = {}
    for rate in RATES:
        sku = rig.sale(UNITS)
        report = sell(rig, sku, "--connections", 256, *at_rate(rate), "--duration", seconds)
        points[rate] = report["latency_us"]["accepted"]["p99"] / 1000
        rig.prove(sku)
    return points


def workers(rig, seconds):
    """Consumer running, 256 connections."""
    points = {}
    for count in WORKERS:
        rig.daemons("up", "engine", settings=[f"engine.workers={count}"])
        sku = rig.sale(UNITS)
        points[count] = sell(rig, sku, "--connections", 256, "--duration", seconds)["orders"]["accepted_per_s"]
        rig.prove(sku)
    rig.daemons("up", "engine")
    return points


def skus(rig, seconds):
    points = {}
    for count in SKUS:
        first = rig.sale(UNITS)
        for _ in range(count - 1):
            rig.sale(UNITS)
        sold = f"{first}-{first + count - 1}"
        rig.lists[sold] = []
        points[count] = sell(rig, sold, "--connections", 256, "--duration", seconds)["orders"]["accepted_per_s"]
        rig.prove(sold)
    return points


# ---- orders so far ----

def fill(rig, sku, orders):
    """So many orders by the batch route, each answer looked at."""
    for first in range(0, orders, CHUNK):
        last = min(first + CHUNK, orders)
        answers = send_all(rig.port("engine-internal"), requests_of(sku, first, last))
        if write_list(rig.new_list(sku), sku, answers) != last - first:
            raise Failed(f"not all orders from {first} to {last} of SKU {sku} were accepted")
        settled(rig, sku)


def checksum(order_ids):
    """(number of them, sum of their CRC-32)."""
    count = total = 0
    for order_id in order_ids:
        count += 1
        total += zlib.crc32(order_id)
    return count, total


def told(rig, sku):
    """The ids of the buyers' 202s; unknown outcomes are none."""
    for path in rig.lists[sku]:
        with path.open("rb") as lines:
            next(lines)
            for line in lines:
                outcome, order_id = line.split(b"\t", 2)[:2]
                if outcome != b"accepted":
                    raise Failed(f"an order of SKU {sku} is {outcome.decode()}")
                yield order_id


def counted(rig, sku):
    """For sales that are too large to be compared order by order: number and checksum of the ids that the buyers were told are
    those of the ledger's rows, all CREATED with one unit each; Redis has as many orders; both have the units that are left."""
    settled(rig, sku)
    client, key = rig.redis(), f"flash:{{{sku}}}:"
    count, total = checksum(told(rig, sku))
    with connected(rig) as cursor:
        cursor.execute("SELECT COUNT(*), CAST(SUM(CRC32(order_id)) AS UNSIGNED), CAST(SUM(state = 1 AND qty = 1) AS UNSIGNED) "
                       "FROM reservation WHERE order_id > %s AND order_id < %s", (f"{sku}.", f"{sku}/"))
        ledger = cursor.fetchone()
        cursor.execute("SELECT base - available, reserved FROM stock WHERE sku = %s", (sku,))
        stock = cursor.fetchone()
    base, left = map(int, client.hmget(key + "stock", "base", "available"))
    if ledger != (count, total, count) or stock != (count, count) or (client.hlen(key + "orders"), base - left) != (count, count):
        raise Failed(f"SKU {sku} is not proven: told {count} {total}, ledger {ledger} {stock}, Redis "
                     f"{client.hlen(key + 'orders')} {base - left}")


def prove(rig, sku, orders):
    """Order by order, or a large sale's by their sums."""
    if orders <= PROVEN_MOST:
        rig.prove(sku)
    else:
        counted(rig, sku)


def room_in_memory(rig):
    """Both stores get 4 GiB: the tables of ten million orders are larger than a development stack's, and so is what Redis keeps."""
    rig.redis().config_set("maxmemory", "4gb")
    with connected(rig, "root") as cursor:
        cursor.execute("SET GLOBAL innodb_buffer_pool_size = 4 << 30")


def rewritten(rig):
    """Waits until Redis writes its AOF anew for nobody: that costs a core for a while, whatever is sold."""
    def idle():
        state = rig.redis().info("persistence")
        return not (state["aof_rewrite_in_progress"] or state["aof_rewrite_scheduled"] or state["rdb_bgsave_in_progress"])
    wait_until(idle, 300, "Redis to have rewritten its AOF")


def sell_and_drain(rig, sku):
    """(orders/s of SAMPLE more, CPU µs of each of them, orders/s of draining them)."""
    rewritten(rig)
    rig.daemons("stop", "consumer")
    before = rig.cpu_s(("engine", "redis"))
    report = sell(rig, sku, "--connections", 256, "--orders", SAMPLE)["orders"]
    after = rig.cpu_s(("engine", "redis"))
    drained, _ = rig.drain(sku, report["accepted"])
    return report["accepted_per_s"], sum(spent(before, after, report["accepted"]).values()), drained


def sell_few(rig):
    """The same of a new sale that has FEW orders."""
    sku = rig.sale(UNITS)
    fill(rig, sku, FEW)
    run = sell_and_drain(rig, sku)
    rig.prove(sku)
    return run


def orders_so_far(rig, most):
    """({orders of the sale before: orders/s of the next SAMPLE}, CPU µs of each of them, orders/s of draining them,
    {orders of the sale before: the rates to those of a sale of FEW orders in turn with it}, bytes an order at the most)."""
    sold, cost, drained, growth, memory = {}, {}, {}, {}, 0
    for so_far in (number for number in SO_FAR if number <= most):
        sku, runs = rig.sale(UNITS), []
        fill(rig, sku, so_far)
        for _ in range(TURNS if so_far in IN_TURN else 1):
            runs.append(sell_and_drain(rig, sku))
            if so_far in IN_TURN:
                growth.setdefault(so_far, []).append(runs[-1][0] / sell_few(rig)[0])
        prove(rig, sku, so_far + len(runs) * SAMPLE)
        sold[so_far], cost[so_far], drained[so_far] = map(statistics.median, zip(*runs))
        memory = memory_an_order(rig, sku)
        note(f"{so_far} orders so far: {sold[so_far]:.0f} sold/s, {cost[so_far]:.1f} µs, {drained[so_far]:.0f} drained/s, "
             f"{memory:.0f} bytes an order; to a sale of {FEW}: {growth.get(so_far)}")
    return sold, cost, drained, growth, memory


def memory_an_order(rig, sku):
    """Bytes of Redis' own count of the sale's keys, for each settled order."""
    client = rig.redis()
    size = sum(client.memory_usage(f"flash:{{{sku}}}:{name}", samples=1000) or 0 for name in ("orders", "users", "due", "journal"))
    return size / client.hlen(f"flash:{{{sku}}}:orders")


# ---- idle connections ----

def resident_kb(pid):
    return int(re.search(r"^VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text(), re.MULTILINE).group(1))


def idle_memory(rig):
    """MB that 10,000 idle connections add to the engine."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, IDLE + 1000), hard))
    pid, port = rig.pid("engine"), rig.port("engine")
    with contextlib.ExitStack() as stack:
        before = resident_kb(pid)
        for number in range(IDLE):
            # from several addresses: the engine bounds the connections of one
            opened = socket.create_connection(("127.0.0.1", port), 10, (f"127.0.1.{number % 50 + 1}", 0))
            stack.callback(opened.close)
            opened.sendall(b"GET /v1/orders/1.x HTTP/1.1\r\nHost: bench\r\nX-User-Id: u\r\n\r\n")
            if not opened.recv(4096).startswith(b"HTTP/1.1 "):
                raise Failed("an idle connection was not answered")
        wait_until(lambda: rig.metric("engine", "flash_engine_connections") >= IDLE, 10, f"{IDLE} open connections")
        return (resident_kb(pid) - before) / 1024


def measure_growth(rig, seconds):
    """`seconds` a point of the short series; orders so far go to FLASH_BENCH_MOST, ten million unless it says less."""
    seconds = min(seconds, 4)
    found = {"idle_memory": idle_memory(rig)}
    series = {"orders/s against connections, consumer stopped": connections(rig, seconds),
              "p99 of the answer, ms, against orders/s offered, whole pipeline": rates(rig, seconds),
              "orders/s against engine workers, whole pipeline": workers(rig, seconds),
              "orders/s against SKUs, whole pipeline": skus(rig, seconds)}
    note(found, series)
    room_in_memory(rig)
    most = int(os.environ.get("FLASH_BENCH_MOST", SO_FAR[-1]))
    sold, cost, drained, growth, found["order_memory"] = orders_so_far(rig, most)
    series["orders/s against orders of the sale so far, consumer stopped"] = sold
    series["CPU of an order, engine + Redis, µs, against orders of the sale so far"] = cost
    series["orders/s drained against orders of the sale so far"] = drained
    return {**found, **{f"growth_{so_far}": ratios for so_far, ratios in growth.items()}, "series": series}
