"""Proof by accident (DESIGN §9): messages are lost, delayed, repeated and reordered, servers and our own processes freeze and die,
for real, while flash-reconciler works. Afterwards each unit is there once, each buyer's answer is final and true, late messages have
no effect, and the record says what the accident did, no more and no less (accidents.py).

The accidents of a group happen one after the other in a place of their own, the groups at the same time: most of it is waiting.
"""
import concurrent.futures
import itertools
import pathlib
import random
import re
import signal

import pytest

from accidents import BEHIND_S, ENGINE, PATIENCE_S, PROOF_AFTER_MS, TOPIC_LIMITS_MS, Place
from books import Books
from buyers import Crowd, Order
from daemons import BUILD, until
from stack import ROOT
from topic import CONFIG, PARTITIONS

RATE = 100
SOLD = 40       # orders of a small sale
FAILED = "flash_engine_entries_failed_total"
OLDEST = "flash_reconciler_oldest_unsettled_milliseconds"
LATE = "flash_reconciler_late_entries"


def orders(count=None, key="k"):
    """One unit to a buyer."""
    numbers = itertools.count() if count is None else range(count)
    return (Order(f"u{n}", key, 1) for n in numbers)


def sold(place, count=SOLD, connections=8, **terms):
    """A sale with so many orders, all accepted; returns the SKU."""
    sku = place.put_on_sale(**{"units": 10000, "limit": 1, **terms})
    assert {call.word for call in place.buy(sku, orders(count), connections)} == {"accepted"}
    return sku


# ---- three brokers ----

def followers_frozen(place):
    """Records are appended by the leader and not committed, the engine gives them up after its 20 s; then the followers go on.

    What is sent again by a machine too busy may be too old for the topic by then, here and below: it is lost twice, and given up.
    """
    sku = sold(place, 1)
    place.until_settled(sku)
    leader = place.topic.leader(place.partition(sku))
    followers = [f"kafka{n}" for n, address in enumerate(place.topic.addresses, 1) if address != leader]
    before = place.engine.metric(FAILED)
    for part in followers:
        place.stack.stop(part)
    place.buy(sku, (Order(f"later{n}", "k", 1) for n in range(SOLD)), 4)
    until(lambda: place.engine.metric(FAILED) > before, "nothing is given up")
    for part in followers:
        place.stack.cont(part)
    books, fenced = place.judge(sku)[sku]
    lost, log = place.lost(sku), place.read_log()
    assert fenced <= lost and len(books.rows) == SOLD + 1
    assert any(log[entry][ENGINE] for entry in place.verdicts(sku).keys() - lost), "nothing was appended"
    place.check_report(sku, lost)


def brokers_frozen(place):
    """All of them, for longer than the engine's messages live; buyers go on.

    Times here are a sixth of the defaults, but brokers need as long as ever to come back: what is sent again meanwhile may be
    too old for the topic by then, so it is lost twice and given up, as it should be.
    """
    sku, before = place.put_on_sale(units=100000, limit=1), place.engine.metric(FAILED)
    with Crowd(place.engine.port, orders(), sku, RATE) as crowd:
        until(lambda: crowd.accepted() > SOLD, "no sale under way")
        place.stack.stop("kafka")
        until(lambda: place.engine.metric(FAILED) > before, "nothing is given up")
        place.stack.cont("kafka")
        until(place.engine.is_ready, place.engine.troubles)
        goal = crowd.accepted() + SOLD
        until(lambda: crowd.accepted() > goal, "the sale does not go on")
    place.calls += crowd.calls
    _, fenced = place.judge(sku)[sku]
    lost = place.lost(sku)
    assert lost and fenced <= lost
    place.check_report(sku, lost)
    place.check_totals()


# ---- one broker: entries that get lost ----

def engine_killed(place):
    """Between the script and the message, with others on the way."""
    sku = place.put_on_sale(units=100000, limit=1)
    place.stop("engine")
    dying = place.start("engine", FLASH_FAULT="engine.accepted:30")
    with Crowd(dying.port, orders(), sku, RATE) as crowd:
        until(lambda: dying.process.poll() is not None, "it does not die")
        assert dying.process.returncode == -signal.SIGKILL
        place.kill("engine")
        place.start("engine")
        goal = crowd.accepted() + SOLD
        until(lambda: crowd.accepted() > goal, "the sale does not go on")
    place.calls += crowd.calls
    _, fenced = place.judge(sku)[sku]
    lost = place.lost(sku)
    assert lost and fenced <= lost
    place.check_report(sku, lost)


def entries_refused(place):
    """Lost, sent again, lost again: given up. Then the messages come after all, and the units are sold to others."""
    first = sold(place, 1)  # a sale that goes well, in the same partition or another
    with place.narrow():
        sku = sold(place, units=SOLD)
        entries = place.entries(sku)
        until(lambda: not place.journal(sku), lambda: place.journal(sku), PATIENCE_S)
    books, fenced = place.judge(sku)[sku]
    assert fenced == entries.keys() == place.lost(sku) and books.available == SOLD and not books.users
    place.check_report(sku, fenced)
    duplicates = place.consumer.metric("flash_consumer_duplicates_total")
    for partition in range(PARTITIONS):
        place.put(partition, sku, shuffled(entries.values()))
    until(lambda: place.consumer.metric("flash_consumer_duplicates_total") >= duplicates + PARTITIONS * len(entries),
          lambda: place.consumer.metric("flash_consumer_duplicates_total"))
    assert place.judge(sku)[sku][0].rows == books.rows
    again = place.buy(sku, (Order(f"v{n}", "k", 1) for n in range(SOLD + 5)))
    assert sorted(call.word for call in again) == ["accepted"] * SOLD + ["sold-out"] * 5
    books, still_fenced = place.judge(sku, first)[sku]
    assert still_fenced == fenced and books.available == 0 and books.reserved == SOLD


def changes_refused(place):
    """Payments and cancellations get lost for longer than an order would wait: sent again and again, never given up."""
    sku = sold(place)
    place.until_settled(sku)
    placed = sorted(Books(place.stack, sku).rows)
    with place.narrow():
        assert {place.change(order, "pay", payment_id=f"p-{order}")[0] for order in placed[:10]} == {200}
        assert {place.change(order, "cancel")[0] for order in placed[10:20]} == {202}
        entries = place.entries(sku).keys()
        until(lambda: place.findings(sku)["lost"].keys() == entries, lambda: place.findings(sku), PATIENCE_S)
        until(lambda: place.reconcilers[-1].metric(OLDEST) > 10000, "they do not grow old")
    books, fenced = place.judge(sku)[sku]
    states = [books.rows[order].state for order in placed]
    assert states == ["PAID"] * 10 + ["CANCELLED"] * 10 + ["CREATED"] * (SOLD - 20) and not fenced
    assert place.lost(sku) == entries
    place.check_report(sku, entries)


def late_between_the_proofs(place):
    """Lost and sent again in vain; then the messages come from elsewhere, repeated and in any order, before or while they are
    given up. Whoever is first in the ledger wins, entry by entry."""
    with place.narrow():
        sku = sold(place)
        entries = place.entries(sku)
        until(lambda: place.findings(sku)["lost"].keys() == entries.keys(), lambda: place.findings(sku), PATIENCE_S)
    copies = shuffled([*entries.values()] * 3)
    place.put(random.randrange(PARTITIONS), sku, copies)
    books, fenced = place.judge(sku)[sku]
    assert place.lost(sku) == entries.keys() and fenced <= entries.keys()
    assert books.available + books.reserved == books.base
    place.check_report(sku, entries.keys())


def every_message_once_more(place):
    """All that the topic has, of all accidents before, in any order and any partition."""
    before = place.judge(*place.on_sale)
    messages = [message for partition in range(PARTITIONS) for message in place.topic.messages(partition)]
    for message in shuffled(messages):
        place.topic.put(random.randrange(PARTITIONS), message.key, [message.value])

    def read():
        applied = dict(place.stack.query("SELECT partition_no, acked FROM consumer_progress WHERE topic = 'flash.orders'"))
        return [applied.get(partition, 0) for partition in range(PARTITIONS)] == place.topic.ends()

    until(read, place.topic.ends, PATIENCE_S)
    for sku, (books, fenced) in place.judge(*place.on_sale).items():
        was, was_fenced = before[sku]
        was.stock["beacon"] = books.stock["beacon"]  # counts on whatever happens
        assert (books.rows, books.cached, books.stock, books.users, books.log, fenced) == (
            was.rows, was.cached, was.stock, was.users, was.log, was_fenced)


# ---- one broker: the reconciler itself ----

def points():
    """The names of all steps at which a reconciler can be killed."""
    sources = (ROOT / "reconciler").glob("*.c")
    return sorted({name for file in sources for name in re.findall(r'FLASH_FAULT\("(reconcile\.\w+)"\)', file.read_text())})


def killed_at_every_step(place):
    """As many reconcilers at once as there are steps, each of which dies at its own; orders are lost all the time."""
    place.reconcilers[-1].kill()
    assert len(points()) >= 11, points()
    dying = [place.start_reconciler(FLASH_FAULT=point, FLASH_RECONCILER_LEASE="off") for point in points()]
    sku, numbers = place.put_on_sale(units=100000, limit=1), itertools.count()
    with place.narrow():
        def all_dead():
            place.buy(sku, [Order(f"u{next(numbers)}", "k", 1)], 1)
            return all(daemon.process.poll() is not None for daemon in dying)
        until(all_dead, lambda: [point for point, daemon in zip(points(), dying) if daemon.process.poll() is None], PATIENCE_S)
    assert {daemon.process.returncode for daemon in dying} == {-signal.SIGKILL}
    place.start_reconciler()
    _, fenced = place.judge(sku)[sku]
    assert fenced and fenced <= place.lost(sku)


def state_of(daemon):
    """The letter of ps: T when it is frozen."""
    return pathlib.Path(f"/proc/{daemon.process.pid}/stat").read_text().rpartition(")")[2].split()[0]


def lease_holder(place):
    """The id of its connection; None."""
    return place.stack.query("SELECT IS_USED_LOCK('flash.reconcile.flashgate')")[0][0]


def frozen_past_its_lease(place):
    """One has all its proofs and freezes before its first fence. Its lease runs out and goes to another, which gives up what the first was about
    to; meanwhile some of the messages come after all, and the units are sold again. Then the first goes on from where it was."""
    place.reconcilers[-1].kill()
    with place.narrow():
        until(lambda: lease_holder(place) is None, "the lease stays")
        first = place.start_reconciler(FLASH_FAULT="reconcile.before_fence", FLASH_FAULT_FREEZES="1")
        until(lambda: lease_holder(place) is not None, "it does not take the lease")
        second = place.start_reconciler()
        given_up, arriving = sold(place, 10, units=10), sold(place, 10, units=10)
        entries = place.entries(arriving)
        until(lambda: state_of(first) == "T", "it is not frozen", PATIENCE_S)
        frozen = lease_holder(place)
    place.put(random.randrange(PARTITIONS), arriving, shuffled(entries.values()))
    with place.narrow():
        until(lambda: lease_holder(place) != frozen, "the lease stays with the frozen one", PATIENCE_S)
        until(lambda: not place.journal(given_up), lambda: place.journal(given_up), PATIENCE_S)
    assert {call.word for call in place.buy(given_up, orders(10, "again"))} == {"accepted"}
    before = place.judge(given_up, arriving)
    first.signal(signal.SIGCONT)
    done = 'flash_reconciler_reconcile_passes_total{end="complete"}'
    until(lambda: first.metric(done) > 0, "it does not go on")
    after = place.judge(given_up, arriving)
    assert before[given_up][1] == after[given_up][1] != set() and before[arriving][1] == after[arriving][1] == set()
    assert all(after[sku][0].rows == before[sku][0].rows for sku in after)
    assert second.metric('flash_reconciler_reconcile_entries_total{action="compensated"}') == len(after[given_up][1])
    assert first.metric('flash_reconciler_reconcile_entries_total{action="compensated"}') == 0
    first.kill()


# ---- one broker: the consumer ----

def consumer_behind(place):
    """Stopped for ten times as long as it takes until an order that is lost is given up: it is late, nothing is lost."""
    sku, reconciler = place.put_on_sale(units=100000, limit=1), place.reconcilers[-1]
    place.freeze("consumer")
    with Crowd(place.engine.port, orders(), sku, RATE // 10) as crowd:
        until(lambda: reconciler.metric(OLDEST) > BEHIND_S * 1000, "time stands still", 2 * BEHIND_S)
        assert reconciler.metric(LATE) > 0
        place.thaw("consumer")
        until(lambda: reconciler.metric(LATE) == 0, "still late", PATIENCE_S)
    place.calls += crowd.calls
    books, fenced = place.judge(sku)[sku]
    assert not fenced and not place.lost(sku) and len(books.rows) > BEHIND_S
    assert place.done("sent_again") == place.done("compensated") == 0
    place.check_report(sku, set())
    waited_ms = dict(place.stack.query("SELECT entry_id, applied_at_ms - stream_us DIV 1000 FROM verdict WHERE sku = %s", sku))
    late = {entry.bytes: times for entry, times in place.findings(sku)["late"].items()}
    assert set(late.values()) == {1}
    assert {entry for entry, ms in waited_ms.items() if ms > PROOF_AFTER_MS + PATIENCE_S * 100} <= late.keys()
    ((youngest_ms,),) = place.stack.query("SELECT MIN(age_ms) FROM reconcile_finding WHERE cause = 'late' AND sku = %s", sku)
    assert youngest_ms >= PROOF_AFTER_MS  # its verdict may bear an earlier time: that at which its transaction began


def redis_away_and_the_consumer_killed(place):
    """The ledger has them all, nobody told Redis: unsettled, each once."""
    first = sold(place, 1)
    place.until_settled(first)
    place.freeze("consumer")
    sku, before = sold(place, connections=1), place.done("settled")
    entries = place.entries(sku).keys()
    place.stack.kill("redis")
    place.thaw("consumer")
    until(lambda: place.verdicts(sku).keys() == entries, "the ledger does not drain")
    place.kill("consumer")
    place.stack.restart("redis")
    until(lambda: place.journal(sku) == 0, lambda: place.journal(sku), PATIENCE_S)
    until(lambda: place.done("settled") == before + len(entries), lambda: place.done("settled"))
    assert place.findings(sku)["unsettled"] == dict.fromkeys(entries, 1)
    place.start("consumer")
    until(place.engine.is_ready, place.engine.troubles)
    _, fenced = place.judge(sku)[sku]
    assert not fenced and not place.lost(sku)
    place.check_report(sku, set())


def topic_made_anew(place):
    """With orders in it that nobody has read."""
    first = sold(place, 1)
    place.judge(first)
    place.freeze("consumer")
    sku = sold(place)
    entries = place.entries(sku).keys()
    place.topic.delete()
    place.topic.create([*CONFIG[:1], *(f"{name}={value}" for name, value in TOPIC_LIMITS_MS.items())])
    place.thaw("consumer")
    books, fenced = place.judge(sku)[sku]
    assert len(books.rows) == SOLD and fenced <= place.lost(sku) == entries
    place.check_report(sku, entries)
    place.check_totals()


# ---- all of them ----

GROUPS = {
    "consumer": [consumer_behind, redis_away_and_the_consumer_killed, topic_made_anew],
    3: [followers_frozen, brokers_frozen],
    1: [engine_killed, entries_refused, changes_refused, late_between_the_proofs, killed_at_every_step, frozen_past_its_lease,
        every_message_once_more],
}
ACCIDENTS = [accident for group in GROUPS.values() for accident in group]


def shuffled(things):
    return random.sample(list(things), len(things))


class Group:
    """A place, and those of its accidents that were asked for, one after the other in a thread."""

    def __init__(self, folder, brokers, accidents):
        self.place, self.thread = Place(folder, brokers), concurrent.futures.ThreadPoolExecutor(1)
        self.entered = self.thread.submit(self.place.__enter__)
        self.outcomes = {accident: self.thread.submit(self.happen, accident) for accident in accidents}

    def happen(self, accident):
        self.entered.result()
        accident(self.place)

    def close(self):
        self.thread.shutdown(cancel_futures=True)
        if not self.entered.exception():
            self.place.__exit__(None, None, None)


@pytest.fixture(scope="module")
def outcomes(request, tmp_path_factory):
    assert (BUILD / "reconciler" / "flash-reconciler.faults").exists()
    chosen = {item.callspec.params["accident"] for item in request.session.items if item.fspath == request.fspath}
    groups = [Group(tmp_path_factory.mktemp("place") / "stack", name if name in (1, 3) else 1, wanted)
              for name, group in GROUPS.items() if (wanted := [accident for accident in group if accident in chosen])]
    yield {accident: outcome for group in groups for accident, outcome in group.outcomes.items()}
    for group in groups:
        group.close()


@pytest.mark.parametrize("accident", ACCIDENTS, ids=lambda accident: accident.__name__)
def test_after(outcomes, accident):
    outcomes[accident].result()
