"""A sale goes on while a server or one of our processes is frozen, killed or stopped: nothing is sold twice or lost.

Buyers order all the time. When the fault is over, each of them asks again with the same key until there is an answer, and it must
be the one they had; then what they were told, Redis and the ledger are compared order by order (checker.py). An entry whose
message was lost with its engine stays in the journal, and only there. Every fault has a SKU of its own.
"""
import itertools
import time

import pytest

from buyers import Crowd, Order
from daemons import until
from sale import NAMES, Sale
from stack import Stack

RATE, LIMIT = 1000, 3
BEFORE, AFTER = 500, 500  # orders accepted before the fault, and after it
FROZEN_S, AWAY_S = 10, 2


@pytest.fixture(scope="module")
def sale(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("faults") / "stack") as stack:
        stack.migrate("up")
        with Sale(stack) as everything:
            yield everything


def orders():
    """Each user has four, of one unit and of two, and the limit lets two of them pass."""
    for n in itertools.count():
        yield Order(f"u{n // 4}", f"k{n % 4}", 1 + n % 2)


def freeze(sale, part):
    sale.stack.stop(part)
    time.sleep(FROZEN_S)  # the fault itself: how long the server is frozen
    sale.stack.cont(part)


def kill_server(sale, part):
    sale.stack.kill(part)
    time.sleep(AWAY_S)  # the fault itself: how long the server is away
    sale.stack.restart(part)


def kill_ours(sale, name):
    sale.kill(name)
    time.sleep(AWAY_S)  # the fault itself: how long the process is away
    sale.start(name)


def stop_ours(sale, name):
    assert sale.stop(name) == 0, sale.ended[-1].lines[-20:]
    sale.start(name)


FAULTS = {
    **{f"{part}-frozen": (freeze, part) for part in ("redis", "kafka", "mariadb")},
    **{f"{part}-killed": (kill_server, part) for part in ("redis", "kafka", "mariadb")},
    **{f"{name}-killed": (kill_ours, name) for name in NAMES},
    **{f"{name}-stopped": (stop_ours, name) for name in NAMES},
}
# Entries that only the journal has: the engine died with them, never got the script's answer, or Kafka never took them.
LOSES = {"engine-killed", "redis-frozen", "redis-killed", "kafka-frozen", "kafka-killed"}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_sale_goes_on(sale, fault):
    strike, part = FAULTS[fault]
    sku = sale.put_on_sale(units=1000000, limit=LIMIT)
    with Crowd(sale.engine.port, orders(), sku, RATE) as crowd:
        until(lambda: crowd.accepted() > BEFORE, "no sale under way")
        strike(sale, part)
        for daemon in sale.daemons.values():
            until(daemon.is_ready, daemon.troubles)
        goal = crowd.accepted() + AFTER
        until(lambda: crowd.accepted() > goal, "the sale does not go on")
    sale.calls += crowd.calls
    sale.ask_again(sku)
    books = sale.check(sku, may_lose=fault in LOSES)
    words = {word: sum(call.word == word for call in crowd.calls) for word in {call.word for call in crowd.calls}}
    print(f"{fault}: {words}; {len(books.journal)} entries wait in the journal for the reconciler")
