"""Side by side with what one would pick instead: nginx + lua + one EVALSHA an order with the same checks and a journal, no
Kafka, on the same Redis with the same AOF; and one hot row in MariaDB, by a conditional UPDATE with the order's INSERT."""
import contextlib
import pathlib
import socket
import statistics
import subprocess
import time

from rig import BUILD, Failed, at_rate, run, spent, wait_until

HERE = pathlib.Path(__file__).resolve().parent / "peer"
CONNECTIONS = 64
CROWD = ["--buyers", 100_000, "--connections", CONNECTIONS]
UNITS = 100_000_000
TICKS_S = 0.01
MOST = {"sold64": "always", "everysec64": "everysec"}  # name: appendfsync of both
# name, units, options of flash-bench; `always`
PAIRS = (("refused64", 1), ("sold256", UNITS, "--connections", 256))
TURNS = 3  # what is compared takes turns so often, each a part of the time
AIMS_PEER = 29_000  # orders/s of the peer on the machine that the aims are of
SCALED = ("offered_p50", "share_p50", "share_p99", "share_created_p99")  # times in ms, also given as that machine would have them
SHARE = 20_000 / AIMS_PEER  # 20,000 orders/s are aimed at there: here as much of what the peer sells here


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def nginx(rig):
    """Its port; two workers, as the engine has."""
    folder, port = rig.folder / "peer", free_port()
    folder.mkdir(exist_ok=True)
    sha = rig.redis().script_load((HERE / "order.lua").read_text())
    text = (HERE / "nginx.conf").read_text()
    for name, value in {"FOLDER": folder, "HERE": HERE, "REDIS": rig.env["FLASH_REDIS_PORT"], "SHA": sha, "PORT": port}.items():
        text = text.replace(f"@{name}@", str(value))
    (folder / "nginx.conf").write_text(text)
    server = subprocess.Popen(["/usr/sbin/nginx", "-c", folder / "nginx.conf", "-p", folder, "-g", "daemon off;"],
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: answers(port), 10, "nginx")
        yield port, server.pid
    finally:
        server.terminate()
        server.wait(timeout=30)


def answers(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def children_cpu_s(pid):
    """User and system seconds of nginx' workers so far."""
    total = 0
    for task in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        fields = pathlib.Path(f"/proc/{task}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total * TICKS_S


def peer_sale(rig, units):
    """A sale of the peer's; returns its SKU. flash-bench keeps no list of it: `verify_peer` counts."""
    rig.sku += 1
    rig.lists[rig.sku] = []
    now_ms = int(time.time() * 1000)
    rig.redis().hset(f"peer:{{{rig.sku}}}:stock", mapping={"available": units, "starts": now_ms - 1000, "ends": now_ms + 3_600_000,
                                                           "limit": 1_000_000, "hold": 1800})
    return rig.sku


def verify_peer(rig, sku, units, accepted, unknown):
    """Every 202 is an order, every order is in the journal, the units add up: else the figure is none."""
    client, tag = rig.redis(), f"peer:{{{sku}}}:"
    orders, journal = client.hlen(tag + "orders"), client.xlen(tag + "journal")
    left, held = int(client.hget(tag + "stock", "available")), sum(map(int, client.hvals(tag + "users")))
    if not (accepted <= orders <= accepted + unknown and orders == journal == held == units - left and left >= 0):
        raise Failed(f"the peer's sale is not proven: {accepted} accepted, {unknown} unknown, {orders} orders, {journal} in the "
                     f"journal, {held} held, {left} of {units} left")
    client.delete(*(tag + name for name in ("stock", "orders", "users", "journal")))


def bench_peer(rig, port, sku, *options):
    return rig.bench(sku, *CROWD, "--url", f"http://127.0.0.1:{port}", *options)


def sell_peer(rig, port, pid, units, seconds, *options):
    """Returns (report, CPU µs of nginx and of Redis an order answered)."""
    sku = peer_sale(rig, units)
    before = children_cpu_s(pid), rig.cpu_s(["redis"])["redis"]
    report = bench_peer(rig, port, sku, *options, "--duration", seconds)
    used = children_cpu_s(pid) - before[0], rig.cpu_s(["redis"])["redis"] - before[1]
    orders = report["orders"]
    verify_peer(rig, sku, units, orders["accepted"], orders["unknown"])
    answered = orders["accepted"] + orders["refused"]
    return report, {"nginx": used[0] * 1e6 / answered, "redis": used[1] * 1e6 / answered}


def sell_ours(rig, sku, seconds, *options):
    """Returns (report, CPU µs of each part an order answered)."""
    parts = ("engine", "redis", "kafka1")
    before = rig.cpu_s(parts)
    report = rig.bench(sku, *CROWD, *options, "--duration", seconds)
    after, orders = rig.cpu_s(parts), report["orders"]
    return report, spent(before, after, orders["accepted"] + orders["refused"])


def in_turn(seconds, *measures):
    """What each of these returns, a list for each: one after the other, TURNS times. A host lends more of its processors in one
    second than in the next; so it lends to all of them."""
    return zip(*([measure(seconds / TURNS) for measure in measures] for _ in range(TURNS)))


def compared(name, word, ours, peers):
    """The figures of two sellers' turns."""
    found = {}
    for key, runs in ((name, ours), (f"peer_{name}", peers)):
        found[key] = statistics.mean(report["orders"][word] for report, _ in runs)
        found[f"{key}_cpu"] = mean_cost(runs)
    found[f"{name}_ratio"] = found[name] / found[f"peer_{name}"]
    found[f"{name}_cpu_ratio"] = cpu_ratio(found[f"{name}_cpu"], found[f"peer_{name}_cpu"])
    return found


def mean_cost(runs):
    return {part: statistics.mean(cost[part] for _, cost in runs) for part in runs[0][1]}


def measure_pair(rig, nginx_at, pair, seconds):
    """As fast as answers come, the peer and ours in turn: (our SKU, figures)."""
    name, units, *options = pair
    sku = rig.sale(units)
    ours, peers = in_turn(seconds, lambda turn_s: sell_ours(rig, sku, turn_s, *options),
                          lambda turn_s: sell_peer(rig, *nginx_at, units, turn_s, *options))
    return sku, compared(name, "accepted_per_s" if units > 1 else "refused_per_s", ours, peers)


def measure_most(rig, nginx_at, name, seconds):
    """As fast as answers come, and in turn with it what is held against that: the peer, orders that trickle, and a hot row:
    (our SKUs, figures)."""
    fast, slow = rig.sale(UNITS), rig.sale(UNITS)
    rates = []

    def peer(turn_s):
        report, cost = sell_peer(rig, *nginx_at, UNITS, turn_s)
        rates.append(report["orders"]["accepted_per_s"])
        return report, cost

    ours, peers, offered, hot = in_turn(
        seconds, lambda turn_s: sell_ours(rig, fast, turn_s), peer,
        lambda turn_s: sell_ours(rig, slow, turn_s, *at_rate(SHARE * statistics.mean(rates))),
        lambda turn_s: bare_ledger(rig, "hot", turn_s))
    found = compared(name, "accepted_per_s", ours, peers)
    found[f"{name}_offered_cpu"] = mean_cost(offered)
    found[f"{name}_offered_p50"] = statistics.mean(report["latency_us"]["accepted"]["p50"] for report, _ in offered) / 1000
    found[f"{name}_offered_cpu_ratio"] = cpu_ratio(found[f"{name}_offered_cpu"], found[f"peer_{name}_cpu"])
    found[f"{name}_hot_row"] = statistics.mean(hot)
    found[f"{name}_hot_row_ratio"] = found[name] / found[f"{name}_hot_row"]
    return [fast, slow], found


def cpu_ratio(ours, peer):
    """An order's CPU without Kafka's, to what the peer needs for one."""
    return (ours["engine"] + ours["redis"]) / (peer["nginx"] + peer["redis"])


def measure_share(rig, name, rate, seconds):
    """Answers at a rate that leaves the peer some air: ours through the whole pipeline, then the peer's, who has none."""
    pace = [*at_rate(rate), "--duration", seconds]
    sku = rig.sale(UNITS)
    ours = rig.bench(sku, *CROWD, *pace, "--poll-wait", "--poll-every", 20)["latency_us"]
    rig.prove(sku)
    with nginx(rig) as (port, _):
        sku = peer_sale(rig, UNITS)
        report = bench_peer(rig, port, sku, *pace)
        verify_peer(rig, sku, UNITS, report["orders"]["accepted"], report["orders"]["unknown"])
    found = {f"{name}_share": int(rate)}
    for key, series in ((f"{name}_share", ours["accepted"]), (f"{name}_share_created", ours["created"]),
                        (f"peer_{name}_share", report["latency_us"]["accepted"])):
        found.update({f"{key}_{quantile}": series[quantile] / 1000 for quantile in ("p50", "p99")})
    return found


def scaled(found, name):
    """Times at the share, in proportion to a machine on which the peer sells as much as where the aims are of."""
    keys = (f"{name}_{key}" for key in SCALED)
    return {f"{key}_scaled": found[key] * found[f"peer_{name}"] / AIMS_PEER for key in keys}


def bare_ledger(rig, what, seconds):
    """Orders/s or rows/s of MariaDB alone; the program counts its rows afterwards and fails if they differ."""
    out = run(BUILD / "tests" / "bench" / "bench_ledger", "--config", rig.folder / "flashgate.conf",
              env={"BENCH": what, "MS": str(int(seconds * 1000)), "CONNECTIONS": str(CONNECTIONS), "PATH": "/usr/bin"})
    return float(out.split()[1])


@contextlib.contextmanager
def appendfsync(rig, value):
    """What Redis does meanwhile; `always` afterwards."""
    rig.redis().config_set("appendfsync", value)
    yield
    rig.redis().config_set("appendfsync", "always")


def measure_peer(rig, seconds):
    rig.daemons("stop", "consumer")
    sold, found = [], {}
    with nginx(rig) as nginx_at:
        for name, fsync in MOST.items():
            with appendfsync(rig, fsync):
                skus, figures = measure_most(rig, nginx_at, name, seconds)
            found.update(figures)
            sold += skus
        for pair in PAIRS:
            sku, figures = measure_pair(rig, nginx_at, pair, seconds)
            found.update(figures)
            sold.append(sku)
    rig.daemons("up", "consumer")
    for sku in sold:
        rig.prove(sku)
    found["reads"] = rig.bench(sold[0], *CROWD, "--mix", "status=1", "--known", rig.lists[sold[0]][0],
                               "--duration", seconds)["reads_per_s"]
    for name, fsync in MOST.items():
        with appendfsync(rig, fsync):
            found.update(measure_share(rig, name, SHARE * found[f"peer_{name}"], seconds))
        found.update(scaled(found, name))
    found["bare_inserts"] = bare_ledger(rig, "inserts", seconds)
    return found
