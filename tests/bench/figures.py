"""What each figure of tests/bench/run is, in which unit, and what is aimed at."""
from audit import OFFERED
from own import DEPTH
from peer import AIMS_PEER, MOST, SCALED

FIXED_RATE = 20_000

# What is aimed at in orders/s is of a machine on which the peer sells 29,000/s: these are also given in times of the peer's here.
TO_PEER = {"created": ("whole pipeline", 2.4), "batch_created": ("batch route to CREATED", 4.1), "drained": ("full topic drained", 9.7),
           "reads": ("status reads", 3.8)}


def beside(name, fsync):
    """What `measure_most` and `measure_share` of peer.py find with this appendfsync."""
    share = "20/29 of what the peer sells at most"
    rows = {
        name: (f"orders sold at 64 connections, AOF appendfsync {fsync}: engine, Redis, Kafka; consumer stopped", "orders/s", None),
        f"peer_{name}": ("the same by nginx + lua + EVALSHA, same checks, a journal, no Kafka", "orders/s", None),
        f"{name}_ratio": ("the former to the latter", "times", "≥ 3"),
        f"{name}_cpu_ratio": ("CPU of such an order, engine + Redis, to the peer's, nginx + Redis", "times", "≤ 0.24"),
        f"{name}_hot_row": ("one hot row in MariaDB, conditional UPDATE and INSERT, 64 connections", "orders/s", None),
        f"{name}_hot_row_ratio": ("orders sold to that", "times", "≥ 25"),
        f"{name}_share": (f"offered, {fsync}: {share} (Poisson, 64 connections)", "orders/s", None),
        f"{name}_offered_p50": ("answer under that load, consumer stopped, p50", "ms", 1),
        f"{name}_offered_cpu_ratio": ("CPU of such an order, engine + Redis, to the peer's at its most", "times", "≤ 0.44"),
        f"{name}_share_p50": ("answer under that load, whole pipeline, p50", "ms", 1),
        f"{name}_share_p99": ("answer, p99", "ms", 2.5),
        f"{name}_share_created_p50": ("order to CREATED as its page sees it, p50", "ms", None),
        f"{name}_share_created_p99": ("order to CREATED, p99", "ms", 12),
        f"peer_{name}_share_p50": ("the peer's answer under that load, p50", "ms", None),
        f"peer_{name}_share_p99": ("the peer's answer, p99", "ms", None),
    }
    for key in (f"{name}_{word}" for word in SCALED):
        what, unit, aim = rows[key]
        rows[f"{key}_scaled"] = (f"{what}, where the peer sells {AIMS_PEER:,}/s", unit, aim)
    return rows


# key: (what it is, unit, what is aimed at or None)
FIGURES = {
    "sold": ("orders sold: engine, Redis, Kafka; consumer stopped", "orders/s", None),
    "sold_jwt": ("the same, each order with the JWT of another buyer", "orders/s", None),
    "rejected": ("orders refused once sold out", "answers/s", None),
    "drained": ("a full topic into the ledger and settled in Redis", "orders/s", 280_000),
    "created": ("the whole pipeline, from the first order to the last CREATED", "orders/s", 70_000),
    "fixed": (f"{FIXED_RATE:,} orders/s offered (Poisson, whole pipeline): accepted in the time of sending", "orders/s", None),
    "answer_p50": ("answer under that load, p50", "ms", 1),
    "answer_p99": ("answer, p99", "ms", 2.5),
    "created_p50": ("order to CREATED as its page sees it, p50", "ms", None),
    "created_p99": ("order to CREATED, p99", "ms", 12),
    **{key: row for name, fsync in MOST.items() for key, row in beside(name, fsync).items()},
    "sold256": ("orders sold at 256 connections", "orders/s", None),
    "peer_sold256": ("the same by nginx + lua + EVALSHA", "orders/s", None),
    "sold256_ratio": ("the former to the latter", "times", None),
    "sold256_cpu_ratio": ("CPU of such an order, engine + Redis, to the peer's, nginx + Redis", "times", "≤ 0.24"),
    "refused64": ("refused once sold out, at 64 connections", "answers/s", None),
    "peer_refused64": ("the same by nginx + lua + EVALSHA", "answers/s", None),
    "refused64_ratio": ("the former to the latter", "times", "≥ 3.2"),
    "reads": ("status of orders read, 64 connections", "answers/s", 110_000),
    "bare_inserts": ("bare bulk inserts into a table like the orders'", "rows/s", None),
    "batch_sold": ("orders by /inventory/reserve/batch, 256 a request, accepted", "orders/s", None),
    "batch_created": ("the same, whole pipeline, to the last CREATED", "orders/s", 120_000),
    "idle_memory": ("10,000 idle connections, memory of the engine", "MB", "< 100"),
    "order_memory": ("a settled order in Redis", "bytes", "≤ 170"),
    "growth_1000000": ("orders/s of a sale of 1,000,000 orders to those of one of 10,000, in turn", "times", "≥ 0.9"),
    "growth_10000000": ("the same of 10,000,000 orders", "times", "≥ 0.9"),
    "own": ("flash-bench's own CPU a request: 64 connections, one refusal as all of nginx' answers", "µs", None),
    "own_wrk": ("wrk's, with the same answers, which it does not read", "µs", None),
    "own_ratio": ("the former to the latter", "times", None),
    "own_depth": (f"what a core of flash-bench's has the time for, with {DEPTH} requests in flight on each", "requests/s", 200_000),
    "bare_256": ("lua/reserve called by redis-benchmark, 256 orders a call", "orders/s", None),
    "bare_32": ("the same, 32 a call", "orders/s", None),
    "overload_most": ("sold at most by a Redis that has a tenth of its time", "orders/s", None),
    "overload_offered": ("offered then, in times of that", "times", 10),
    "overload_ratio": ("sold meanwhile, to the most", "times", "≥ 0.9"),
    "overload_p99": ("answer to those sold meanwhile, p99", "ms", None),
    "overload_after_refused": ("half of the most offered at once afterwards: refused", "orders", 0),
    "overload_after_p99": ("answer then, p99", "ms", None),
    "reserved": ("orders sold, just before the next two, on the same stack; consumer stopped", "orders/s", None),
    "paid": ("orders paid, one half of those", "orders/s", None),
    "cancelled": ("orders cancelled, the other half", "orders/s", None),
    "paid_ratio": ("paid to sold", "times", "≥ 0.5"),
    "cancelled_ratio": ("cancelled to sold", "times", "≥ 0.5"),
    "expired": ("100,000 due orders expired, at the default rate, until settled", "orders/s", None),
    "expiry_quiet_p99": ("answer to orders of another SKU at a fixed rate, p99, before and after", "ms", None),
    "expiry_p99": ("the same while they expire, p99", "ms", None),
    "expiry_ratio": ("the latter to the former", "times", "< 2"),
    "unwatched": ("orders sold on a SKU that has 200,000, whole pipeline, no reconciler", "orders/s", None),
    "watched": ("the same while it is reconciled each second and audited without a rest", "orders/s", None),
    "watched_ratio": ("the latter to the former, turn by turn", "times", "> 0.9"),
    "offered": (f"{OFFERED:,} orders/s offered on such a SKU, whole pipeline, no reconciler: accepted", "orders/s", None),
    "offered_watched": ("the same while it is reconciled and audited", "orders/s", None),
    "offered_ratio": ("the latter to the former, turn by turn", "times", "> 0.9"),
    "offered_p99": ("answer without it, p99", "ms", None),
    "offered_watched_p99": ("answer with it, p99", "ms", None),
    "recovered": ("an emptied Redis, 1,000,000 orders in the ledger: until it sells again", "s", 10),
    "recovered_rate": ("the same", "orders/s", None),
    "recover_memory": ("flash-reconciler recover, memory at its peak", "MB", None),
    "recover_redis": ("Redis afterwards, memory an order", "bytes", None),
    "drained_ratio": ("full topic drained, to the bare inserts", "times", "≥ 0.6"),
    **{f"{key}_to_peer": (f"{what}, to the peer's orders sold", "times", f"≥ {aim}") for key, (what, aim) in TO_PEER.items()},
}
