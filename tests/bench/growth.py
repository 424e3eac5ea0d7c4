"""What grows with what: orders/s and p99 against connections, offered rate, orders so far, SKUs, workers; memory an order
and an idle connection. Series, each proven as every figure is; bench/run draws them."""
import contextlib
import os
import pathlib
import re
import resource
import socket

from rig import Failed, wait_until

UNITS = 100_000_000
CONNECTIONS = (1, 4, 16, 64, 256)
RATES = (1_000, 5_000, 10_000, 20_000, 40_000)
SKUS = (1, 10, 1_000)
IDLE = 10_000


def sell(rig, skus, *options):
    """One run over these SKUs (a list, for flash-bench), its report."""
    return rig.bench(skus, "--buyers", 100_000, *options)


def connections(rig, seconds):
    points = {}
    for count in CONNECTIONS:
        sku = rig.sale(UNITS)
        points[count] = sell(rig, sku, "--connections", count, "--duration", seconds)["orders"]["accepted_per_s"]
        rig.prove(sku)
    return points


def rates(rig, seconds):
    """p99 of the answer, ms, with the whole pipeline running."""
    points = {}
    for rate in RATES:
        sku = rig.sale(UNITS)
        report = sell(rig, sku, "--connections", 256, "--mode", "rate", "--rate", rate, "--arrivals", "poisson", "--duration", seconds)
        points[rate] = report["latency_us"]["accepted"]["p99"] / 1000
        rig.prove(sku)
    return points


def orders_so_far(rig, most):
    """{orders of the sale before: orders/s of the next tenth}, consumer stopped while selling; the last is `most`."""
    sku, points, sold = rig.sale(UNITS), {}, 0
    for so_far in (1_000, 10_000, 100_000, 1_000_000, 10_000_000):
        if so_far > most:
            break
        if so_far > sold:
            sell(rig, sku, "--connections", 256, "--orders", so_far - sold)
        settled(rig, sku)
        report = sell(rig, sku, "--connections", 256, "--orders", max(so_far // 10, 50_000))
        settled(rig, sku)
        sold = rig.redis().hlen(f"flash:{{{sku}}}:orders")
        points[so_far] = report["orders"]["accepted_per_s"]
    memory = memory_an_order(rig, sku)
    rig.prove(sku)
    return points, memory


def settled(rig, sku):
    wait_until(lambda: rig.open_entries(sku) == 0, 600, "the journal to become empty")


def memory_an_order(rig, sku):
    """Bytes of Redis' own count of the sale's keys, for each settled order."""
    client = rig.redis()
    size = sum(client.memory_usage(f"flash:{{{sku}}}:{name}", samples=1000) or 0 for name in ("orders", "users", "due", "journal"))
    return size / client.hlen(f"flash:{{{sku}}}:orders")


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
    """`seconds` bounds each point; orders so far go to FLASH_BENCH_MOST, a million unless it says more."""
    points, memory = orders_so_far(rig, int(os.environ.get("FLASH_BENCH_MOST", 1_000_000)))
    last = max(points)
    return {"idle_memory": idle_memory(rig), "order_memory": memory, "growth_ratio": points[last] / points[10_000],
            "series": {"orders/s against connections": connections(rig, seconds),
                       "p99 of the answer, ms, against orders/s offered": rates(rig, seconds),
                       "orders/s against orders of the sale so far": points,
                       "orders/s against SKUs": skus(rig, seconds)}}
