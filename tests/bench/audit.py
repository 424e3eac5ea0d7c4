"""What the reconciler costs those who order: orders/s with and without it, on a SKU that has many orders already.

Its pass over the journal and its audit of the units come once a second here, ten times as often as by default, and the audit
of all rows follows itself without a rest, at the default reconciler.audit_rate. Turns with and without it alternate.
"""
from rig import Failed, wait_until

UNITS = 100_000_000
ORDERS_BEFORE = 200_000
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


def measure_audit(rig, seconds):
    sku = rig.sale(UNITS)
    rig.bench(sku, *CROWD, "--orders", ORDERS_BEFORE)
    wait_until(lambda: rig.open_entries(sku) == 0, 600, "the journal to become empty")
    alone, watched = [], []
    for turn in range(1, TURNS + 1):
        alone.append(sold(rig, sku, seconds / 2))
        rig.daemons("up", "reconciler", settings=BUSY)
        watched.append(sold(rig, sku, seconds / 2))
        if turn == TURNS:
            check(rig)
        rig.daemons("stop", "reconciler")
    rig.prove(sku)
    ratios = sorted(with_it / without for with_it, without in zip(watched, alone))
    return {"unwatched": sorted(alone)[TURNS // 2], "watched": sorted(watched)[TURNS // 2], "watched_ratio": ratios[TURNS // 2]}
