"""Ten times more than it can sell: Redis gets a tenth of its time, so that one machine can offer that much.

A helper stops redis-server for nine tenths of every 20 ms. What the engine sells then is measured with 64 buyers; ten times that
is offered at fixed times on 1,500 connections; and at once afterwards half of it, on the same connections' engine. The engine admits
few orders at a time here (`engine.max_redis_lines`): with a Redis ten times as slow, the default would let them wait ten times as long.
"""
import contextlib
import os
import signal
import threading
import time

from rig import Failed, at_rate

UNITS = 100_000_000
PERIOD_S, SHARE = 0.020, 0.1
LINES = 256
SOFT = ["--buyers", 100_000, "--retries", 0]


@contextlib.contextmanager
def slowed(pid):
    """The process runs for SHARE of the time."""
    over = threading.Event()

    def turns():
        while not over.is_set():
            os.kill(pid, signal.SIGSTOP)
            time.sleep(PERIOD_S * (1 - SHARE))
            os.kill(pid, signal.SIGCONT)
            time.sleep(PERIOD_S * SHARE)

    thread = threading.Thread(target=turns)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        os.kill(pid, signal.SIGCONT)


def offered(rig, sku, rate, connections, seconds):
    return rig.bench(sku, *SOFT, "--connections", connections, *at_rate(round(rate)), "--duration", seconds)


def only_refused_as_busy(report):
    """An order that is not accepted was told so at once, and nothing else was said."""
    orders = report["orders"]
    if orders["refused_by"] or orders["unknown"] or report["wrong"]["count"] or set(report["errors"]) - {"not-admitting"}:
        raise Failed(f"overload: {orders}, errors {report['errors']}")


def measure_overload(rig, seconds):
    rig.daemons("up", "engine", settings=[f"engine.max_redis_lines={LINES}"])
    sku = rig.sale(UNITS)
    with slowed(rig.pid("redis")):
        most = rig.bench(sku, *SOFT, "--connections", 64, "--duration", seconds)["orders"]["accepted_per_s"]
        before = rig.cpu_s(["engine"])["engine"]
        flood = offered(rig, sku, 10 * most, 1500, seconds)
        spent = rig.cpu_s(["engine"])["engine"] - before
        after = offered(rig, sku, most / 2, 64, seconds / 2)
    only_refused_as_busy(flood)
    rig.prove(sku)
    rig.daemons("up", "engine")
    orders = flood["orders"]
    answers = orders["accepted"] + orders["gave_up"]
    return {"overload_most": most, "overload_offered": answers / flood["window_s"] / most,
            "overload_ratio": orders["accepted_per_s"] / most, "overload_p99": flood["latency_us"]["accepted"]["p99"] / 1000,
            "overload_cpu": {"engine": spent * 1e6 / max(answers, 1)}, "overload_after_refused": after["orders"]["gave_up"],
            "overload_after_p99": after["latency_us"]["accepted"]["p99"] / 1000}
