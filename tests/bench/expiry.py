"""What expiry costs those who order something else meanwhile: the p99 of their answers, quiet and while orders expire.

Orders of one SKU with a hold of a second are sold and wait until all are due. Then orders of another SKU are offered at a
fixed rate: for a while before flash-reconciler is let loose, until it has taken them and all is settled, and after that.
"""
import statistics

from rig import Failed, at_rate, wait_until

UNITS = 100_000_000
DUE_ORDERS = 100_000
OFFERED = ["--buyers", 100_000, "--connections", 256, *at_rate(5_000)]
RATES = (2_000, 5_000, 10_000, 20_000)


def fill(rig, sku):
    """Sells what is to expire and waits until all of it is CREATED and due."""
    rig.bench(sku, "--buyers", 100_000, "--connections", 256, "--orders", DUE_ORDERS)
    wait_until(lambda: rig.open_entries(sku) == 0, 600, "the journal to become empty")
    redis = rig.redis()
    last = redis.zrange(f"flash:{{{sku}}}:due", -1, -1, withscores=True)[0][1]
    wait_until(lambda: redis.time()[0] > last, 60, "all orders to be due")


def p99(report):
    return report["latency_us"]["accepted"]["p99"] / 1000


def expire(rig, due, other, seconds):
    """Orders of the SKU other while those of due expire: (p99 of the answers, orders/s expired)."""
    redis, key = rig.redis(), f"flash:{{{due}}}:due"

    def over():
        return redis.zcard(key) == 0 and rig.open_entries(due) == 0

    report = rig.bench_until(over, seconds, other, *OFFERED)
    return p99(report), rig.metric("reconciler", "flash_reconciler_expired_orders_total") / report["window_s"]


def measure(rig, seconds, settings, most_seconds):
    """({state: orders}, figures) of one SKU's expiry, with the reconciler so set."""
    due, other = rig.sale(UNITS, hold="1s"), rig.sale(UNITS)
    rig.daemons("up", "reconciler", settings=settings)
    with rig.frozen("reconciler"):
        fill(rig, due)
        quiet = [p99(rig.bench(other, *OFFERED, "--duration", seconds / 2))]
    while_expiring, expired = expire(rig, due, other, most_seconds)
    rig.daemons("stop", "reconciler")
    quiet.append(p99(rig.bench(other, *OFFERED, "--duration", seconds / 2)))
    states = rig.prove(due)
    rig.prove(other)
    before_and_after = statistics.mean(quiet)
    return states, {"expired": expired, "quiet_p99": before_and_after, "p99": while_expiring,
                    "ratio": while_expiring / before_and_after}


def measure_expiry(rig, seconds):
    """All of them, at the default rate."""
    states, found = measure(rig, seconds, [], 600)
    if states != {"EXPIRED": DUE_ORDERS}:
        raise Failed(f"{DUE_ORDERS} due orders are now {states}")
    return {"expired": found["expired"], "expiry_quiet_p99": found["quiet_p99"], "expiry_p99": found["p99"],
            "expiry_ratio": found["ratio"]}


def measure_rates(rig, seconds):
    """As many as each rate takes in that time."""
    return {"rates": {rate: measure(rig, seconds, [f"reconciler.expiry_rate={rate}"], seconds)[1] for rate in RATES}}
