"""What the reconciler costs those who order: orders/s with and without it, on a SKU that has many orders already.

Its pass over the journal and its audit of the units come once a second here, ten times as often as by default, and the audit
of all rows follows itself without a rest, at the default reconciler.audit_rate. Turns with and without it alternate.

Twice: with buyers who order as fast as answers come, and with a fixed rate offered, where what it costs shows in the answers' p99.
"""
import statistics

from rig import Failed, at_rate, wait_until

UNITS = 100_000_000
ORDERS_BEFORE = 200_000
OFFERED = 20_000
TURNS = 3
CROWD = ["--buyers", 100_000, "--connections", 256]
BUSY = ["reconciler.interval=1s", "reconciler.audit_interval=1s", "reconciler.audit_full_interval=10ms"]


def sold(rig, sku, seconds):
    """Orders/s of one turn, the whole pipeline at work; what it left is settled before the next."""
    rate = rig.bench(sku, *CROWD, "--duration", seconds)["orders"]["accepted_per_s"]
    wait_until(lambda: rig.open_entries(sku) == 0, 600, "the journal to become empty")
    return rate


def check(rig):
    """An audit of all rows comes to its end: at the default rate it may take longer than a turn. Nothing was found."""
    wait_until(lambda: rig.metric("reconciler", "flash_reconciler_audit_full_seconds_count") > 0, 300, "the end of an audit")
    if rig.metric("reconciler", 'flash_reconciler_audits_total{end="findings"}') > 0:
        raise Failed("the audit found something")


def prepared(rig):
    """A SKU that has many orders already."""
    sku = rig.sale(UNITS)
    rig.bench(sku, *CROWD, "--orders", ORDERS_BEFORE)
    wait_until(lambda: rig.open_entries(sku) == 0, 600, "the journal to become empty")
    return sku


def in_turns(rig, turn_of):
    """What turn_of() gives, alone and watched, TURNS of each."""
    alone, watched = [], []
    for turn in range(1, TURNS + 1):
        alone.append(turn_of())
        rig.daemons("up", "reconciler", settings=BUSY)
        watched.append(turn_of())
        if turn == TURNS:
            check(rig)
        rig.daemons("stop", "reconciler")
    return alone, watched


def measure_audit(rig, seconds):
    sku = prepared(rig)
    alone, watched = in_turns(rig, lambda: sold(rig, sku, seconds / 2))
    rig.prove(sku)
    ratios = [with_it / without for with_it, without in zip(watched, alone)]
    return {"unwatched": statistics.median(alone), "watched": statistics.median(watched), "watched_ratio": statistics.median(ratios)}


def offered(rig, sku, seconds):
    """(orders/s, p99 of the answers in ms) of one turn at the fixed rate, the whole pipeline at work."""
    report = rig.bench(sku, *CROWD, *at_rate(OFFERED), "--duration", seconds)
    wait_until(lambda: rig.open_entries(sku) == 0, 600, "the journal to become empty")
    return report["orders"]["accepted_per_s"], report["latency_us"]["accepted"]["p99"] / 1000


def measure_offered(rig, seconds):
    sku = prepared(rig)
    alone, watched = in_turns(rig, lambda: offered(rig, sku, seconds / 2))
    rig.prove(sku)
    ratios = [with_it[0] / without[0] for with_it, without in zip(watched, alone)]
    return {"offered": statistics.median(rate for rate, _ in alone), "offered_watched": statistics.median(rate for rate, _ in watched),
            "offered_ratio": statistics.median(ratios), "offered_p99": statistics.median(p99 for _, p99 in alone),
            "offered_watched_p99": statistics.median(p99 for _, p99 in watched)}
