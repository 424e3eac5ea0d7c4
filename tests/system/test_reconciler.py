"""flash-reconciler with real servers: what was lost is sent again or given back, what is only late is left alone.

Messages are lost for real: an engine that speaks to another topic, or a topic that is too narrow for an entry and wide enough for a
marker (so that whatever is sent again is refused too). Topics of these tests refuse records older than BEFORE_MS in place of 25 s,
which lets the thresholds be short.
"""
import contextlib
import itertools
import signal

import pytest

import topic as topics
from books import Books
from buyers import Order
from daemons import Daemon, running, until
from produce import Topic
from sale import Sale
from stack import Stack

BEFORE_MS, AFTER_MS = 2000, 500  # the topics' limits
NARROW = 360                     # bytes of a batch: a marker fits, an entry with its headers does not
FAST = {"FLASH_RECONCILER_INTERVAL": "200ms", "FLASH_RECONCILER_SETTLE_AFTER": "300ms",
        "FLASH_RECONCILER_PROOF_AFTER": f"{BEFORE_MS + AFTER_MS}ms", "FLASH_RECONCILER_COMPENSATE_AFTER": "5s",
        "FLASH_RECONCILER_STUCK_AFTER": "60s"}
NARROW_BEFORE_MS, NARROW_AFTER_MS = 700, 300 # of the narrow topic, to which nothing but markers comes: short
FASTER = {**FAST, "FLASH_RECONCILER_INTERVAL": "100ms", "FLASH_RECONCILER_PROOF_AFTER": f"{NARROW_BEFORE_MS + NARROW_AFTER_MS}ms",
          "FLASH_RECONCILER_COMPENSATE_AFTER": "2s"}
UNITS = 100
TABLES = ("stock", "sale", "inflow", "verdict", "reservation", "stock_log", "parked", "consumer_progress", "marker", "dead_letter",
          "reconcile_run", "reconcile_finding")
numbers = itertools.count(1)


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("reconciler") / "stack") as private:
        private.migrate("up")
        yield private


def make_topic(stack, name, **settings):
    """A topic with short limits; returns its name, which no other test has."""
    name = f"test.{name}.{next(numbers)}"
    limits = {"message.timestamp.type": "CreateTime", "message.timestamp.before.max.ms": BEFORE_MS,
              "message.timestamp.after.max.ms": AFTER_MS, "cleanup.policy": "delete", **settings}
    topics.kafka_admin.create([stack.env["FLASH_KAFKA_BROKERS"]], 1, name, 8, [f"{key}={value}" for key, value in limits.items()])
    until(lambda: topics.kafka_admin.has_leaders(stack.env["FLASH_KAFKA_BROKERS"], name, 8), "no leaders")
    return name


def forget_everything(stack):
    """What one test leaves open is no business of the next one's reconciler."""
    stack.redis().flushall()
    connection = stack.mysql(user="root")
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"TRUNCATE {table}")
    connection.close()


class Shop(Sale):
    """A sale on a topic of its own; with deaf=True the engine sends elsewhere, so every message is lost."""

    def __init__(self, stack, topic, deaf=False, fast=None):
        forget_everything(stack)
        self.topic, self.fast = topic, fast or FAST
        away = make_topic(stack, "elsewhere") if deaf else topic
        super().__init__(stack, engine={"FLASH_KAFKA_TOPIC": away, "FLASH_ENGINE_WORKERS": 1},
                         consumer={"FLASH_KAFKA_TOPIC": topic}, names=("engine", "consumer"))

    def reconciler(self, **settings):
        return running(self.stack, "reconciler", "run", **{"FLASH_KAFKA_TOPIC": self.topic, **self.fast, **settings})

    def sell(self, count, units=UNITS):
        """That many orders of one unit, each an entry; returns their SKU."""
        sku = self.put_on_sale(units=units)
        calls = self.buy(sku, [Order(f"u{i}", "k", 1) for i in range(count)], connections=1)
        assert [call.status for call in calls] == [202] * count
        return sku

    def verdicts(self, sku):
        """[(verdict, clean)] of the SKU's entries."""
        return sorted(self.stack.query("SELECT verdict, clean FROM verdict WHERE sku = %s", sku))

    def states(self, sku):
        return sorted({row.state for row in Books(self.stack, sku).rows.values()})

    def available(self, sku):
        return int(self.redis.hget(self.key(sku, "stock"), "available"))

    def entries(self, sku):
        return [fields["e"] for _, fields in self.redis.xrange(self.key(sku, "journal"))]

    def findings(self, sku, cause):
        """[(state, quantity)] of what the runs wrote down."""
        return self.stack.query("SELECT state, quantity FROM reconcile_finding WHERE sku = %s AND cause = %s", sku, cause)

    def assert_given_back(self, sku, count, units=UNITS):
        """Every order of the SKU is FAILED, lost; all units and limits are back, in both stores."""
        books = Books(self.stack, sku)
        books.check()
        assert {(row.state, row.version) for row in books.rows.values()} == {("FAILED", 1)}
        assert len(books.rows) == count and books.available == units == self.available(sku) and not books.users
        assert self.stack.query("SELECT DISTINCT state FROM reservation WHERE sku = %s", sku) == [(6,)]
        assert self.verdicts(sku) == [(2, 0)] * count


@contextlib.contextmanager
def narrow_shop(stack):
    limits = {"message.timestamp.before.max.ms": NARROW_BEFORE_MS, "message.timestamp.after.max.ms": NARROW_AFTER_MS}
    with Shop(stack, make_topic(stack, "narrow", **limits, **{"max.message.bytes": NARROW}), fast=FASTER) as shop:
        yield shop


def done(reconciler, action):
    return reconciler.metric(f'flash_reconciler_reconcile_entries_total{{action="{action}"}}')


def until_done(reconciler, action, count):
    """A pass counts, and writes its run down, when it is over."""
    until(lambda: done(reconciler, action) == count, lambda: f"{action}: {done(reconciler, action)}, not {count}")


def passes(reconciler):
    return reconciler.metric('flash_reconciler_reconcile_passes_total{end="complete"}')


# ---- lost ----

def test_lost_once_is_sent_again_and_created(stack):
    with Shop(stack, make_topic(stack, "wide"), deaf=True) as shop:
        sku = shop.sell(5)
        assert shop.journal(sku) == 5
        with shop.reconciler() as reconciler:
            shop.until_settled(sku)
            until_done(reconciler, "sent_again", 5)
            assert done(reconciler, "compensated") == 0
        shop.check(sku)
        assert shop.findings(sku, "lost") == [("applied", 1)] * 5
        assert shop.states(sku) == ["CREATED"] and shop.verdicts(sku) == [(1, 1)] * 5


def test_a_transition_is_sent_again_for_ever_and_never_given_up(stack):
    with Shop(stack, make_topic(stack, "wide")) as shop:
        sku = shop.sell(1)
        shop.until_settled(sku)
        order, = Books(stack, sku).rows
        shop.stop("engine")
        away = make_topic(stack, "narrow", **{"max.message.bytes": NARROW})
        shop.start("engine", FLASH_KAFKA_TOPIC=away)
        assert shop.engine.ask("POST", f"/v1/orders/{order}/pay", {"payment_id": "p"}, internal=True)[0] == 200
        assert shop.journal(sku) == 1
        with shop.reconciler() as reconciler:
            shop.until_settled(sku)
            until_done(reconciler, "sent_again", 1)
            assert done(reconciler, "compensated") == 0
        Books(stack, sku).check()
        assert shop.states(sku) == ["PAID"]


# ---- late ----

def test_a_consumer_that_is_behind_loses_nobody_anything(stack):
    with Shop(stack, make_topic(stack, "wide")) as shop:
        sku = shop.put_on_sale(units=UNITS)
        shop.freeze("consumer")
        shop.buy(sku, [Order(f"u{i}", "k", 1) for i in range(6)], connections=1)
        with shop.reconciler() as reconciler:
            until(lambda: reconciler.metric("flash_reconciler_oldest_unsettled_milliseconds") > 12000, "no age", 40)
            assert reconciler.metric("flash_reconciler_late_entries") == 6
            assert (done(reconciler, "settled"), done(reconciler, "sent_again"), done(reconciler, "compensated")) == (0, 0, 0)
            shop.thaw("consumer")
            shop.until_settled(sku)
            until(lambda: reconciler.metric("flash_reconciler_late_entries") == 0, "still late")
            assert done(reconciler, "compensated") == 0
        shop.check(sku)
        assert shop.states(sku) == ["CREATED"]
        assert shop.findings(sku, "late") == [("open", 1)] * 6 and not shop.findings(sku, "lost")


def test_kafka_away_proves_nothing(stack):
    with Shop(stack, make_topic(stack, "wide"), deaf=True) as shop:
        sku = shop.sell(2)
        stack.stop("kafka")
        try:
            with shop.reconciler(ready=False) as reconciler:
                until(lambda: reconciler.metric("flash_reconciler_oldest_unsettled_milliseconds") > 10000, "no age", 40)
                assert (done(reconciler, "sent_again"), done(reconciler, "compensated")) == (0, 0)
                assert reconciler.metric("flash_reconciler_late_entries") == 2
        finally:
            stack.cont("kafka")
        with shop.reconciler():
            shop.until_settled(sku)
        assert shop.states(sku) == ["CREATED"]


def test_a_topic_that_keeps_old_records_out_of_no_proof(stack):
    slack = make_topic(stack, "slack", **{"message.timestamp.before.max.ms": 9223372036854775807, "max.message.bytes": NARROW})
    with Shop(stack, slack) as shop:
        sku = shop.sell(2)
        with shop.reconciler(ready=False) as reconciler:
            until(lambda: "before.max.ms" in reconciler.troubles().get("proof", ""), reconciler.troubles)
            until(lambda: reconciler.metric("flash_reconciler_oldest_unsettled_milliseconds") > 9000, "no age", 40)
            assert (done(reconciler, "sent_again"), done(reconciler, "compensated")) == (0, 0)
            assert reconciler.metric("flash_reconciler_late_entries") == 2
        assert shop.journal(sku) == 2


# ---- with a verdict ----

def test_what_the_ledger_knows_is_settled(stack):
    with Shop(stack, make_topic(stack, "wide")) as shop:
        shop.stop("consumer")
        sku = shop.sell(4)
        with dying(shop, "consumer", "consumer.committed"):
            pass
        committed = len(shop.verdicts(sku))
        assert shop.journal(sku) == 4 and committed > 0
        with shop.reconciler() as reconciler:
            until(lambda: shop.journal(sku) == 4 - committed, "they stay open")
            until_done(reconciler, "settled", committed)
            shop.start("consumer")
            shop.until_settled(sku)
        assert shop.findings(sku, "unsettled")[:committed] == [("applied", 1)] * committed
        shop.check(sku)
        assert shop.states(sku) == ["CREATED"]


def test_an_engine_killed_between_script_and_message(stack):
    with Shop(stack, make_topic(stack, "wide")) as shop:
        sku = shop.put_on_sale(units=UNITS)
        shop.stop("engine")
        with dying(shop, "engine", "engine.accepted") as engine:
            until(engine.is_ready, engine.troubles)
            assert [call.status for call in shop.buy(sku, [Order("u", "k", 2)], port=engine.port)] == [None]
        shop.start("engine")
        assert shop.journal(sku) == 1
        with shop.reconciler():
            shop.until_settled(sku)
        assert shop.order(sku, quantity=2)[2]["status"] == "CREATED" # the same key learns it
        assert shop.states(sku) == ["CREATED"]
        Books(stack, sku).check()


# ---- two, killed, guarded; lost twice ----

@pytest.fixture(scope="module")
def narrow(stack):
    """The last of this file's shops: those before it forget everything when they begin."""
    with narrow_shop(stack) as shop:
        yield shop


def test_two_at_once_give_back_once(narrow):
    shop = narrow
    sku = shop.sell(15)
    both = {**FAST, "FLASH_RECONCILER_LEASE": "off"} # so slow that the second is there before the first has given up
    with shop.reconciler(**both) as one, shop.reconciler(**both) as other:
        shop.until_settled(sku)
        until(lambda: passes(one) > 0 and passes(other) > 0, "one does not act")
        assert done(one, "sent_again") == done(other, "sent_again") == 15
        until(lambda: done(one, "compensated") + done(other, "compensated") == 15, "not each once")
    shop.assert_given_back(sku, 15)


def test_of_two_one_holds_the_lease(narrow):
    shop = narrow
    sku = shop.sell(2)
    with shop.reconciler(**FAST) as one: # so slow that it has given nothing up when it is killed
        with shop.reconciler() as other:
            assert other.said("reconciler.pass")[-1]["end"] == "lease"
            until(lambda: done(one, "sent_again") == 2, "the first does not act")
            assert done(other, "sent_again") == 0
            one.kill()
            shop.until_settled(sku)
            until_done(other, "compensated", 2)
    shop.assert_given_back(sku, 2)


def test_a_frozen_one_loses_the_lease(narrow):
    """Nobody has to end its connection, which stays open."""
    shop = narrow
    sku = shop.sell(2)
    with shop.reconciler(**FAST) as one, shop.reconciler() as other:
        assert other.said("reconciler.pass")[-1]["end"] == "lease"
        one.signal(signal.SIGSTOP)
        try:
            shop.until_settled(sku)
            until_done(other, "compensated", 2)
        finally:
            one.signal(signal.SIGCONT)
        until(lambda: [said["end"] for said in one.said("reconciler.pass")] == ["lease"], "it goes on without it")
    shop.assert_given_back(sku, 2)


POINTS = ["before_marker", "marker_sent", "proven", "before_resend", "resent", "proven_again", "before_fence", "fenced",
          "before_settle", "settled", "adopted"]


@contextlib.contextmanager
def dying(shop, name, point, *arguments, **settings):
    """The daemon that dies at the fault point; over once it did."""
    settings = {**shop.settings.get(name, {}), **settings}
    daemon = Daemon(shop.stack, name, *arguments, **{**settings, "FLASH_FAULT": point})
    try:
        yield daemon
        until(lambda: daemon.process.poll() is not None, lambda: f"{point} is never reached: {daemon.lines[-5:]}")
        assert daemon.process.returncode == -signal.SIGKILL
    finally:
        daemon.kill()


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_every_step_the_end_is_the_same(narrow, point):
    shop = narrow
    sku = shop.sell(3)
    with dying(shop, "reconciler", f"reconcile.{point}", "run", FLASH_KAFKA_TOPIC=shop.topic, **shop.fast):
        pass
    with shop.reconciler():
        shop.until_settled(sku)
    shop.assert_given_back(sku, 3)


def test_the_guard_stops_and_says_so(narrow):
    shop = narrow
    sku = shop.sell(4)
    with shop.reconciler(FLASH_RECONCILER_GUARD_FLOOR=3) as reconciler:
        stopped = "4 of 4 entries are to be compensated"
        until(lambda: stopped in reconciler.troubles().get("reconcile", ""), reconciler.troubles)
        assert reconciler.metric('flash_reconciler_reconcile_passes_total{end="guard"}') > 0
        assert done(reconciler, "compensated") == 0
    assert shop.journal(sku) == 4 and not shop.verdicts(sku)
    assert ("refused", 1) in shop.findings(sku, "lost")
    codes = shop.stack.query("SELECT DISTINCT r.exit_code, r.state FROM reconcile_run r JOIN reconcile_finding f USING (run_id)"
                        " WHERE f.sku = %s AND f.state = 'refused'", sku)
    assert list(codes) == [(5, "stopped")]
    with shop.reconciler(FLASH_RECONCILER_GUARD_FLOOR=4) as reconciler:
        shop.until_settled(sku)
    shop.assert_given_back(sku, 4)


def test_lost_twice_is_given_back_and_a_late_copy_changes_nothing(narrow):
    shop = narrow
    sku = shop.sell(3)
    entries = shop.entries(sku)
    with shop.reconciler() as reconciler:
        shop.until_settled(sku)
        shop.assert_given_back(sku, 3)
        until_done(reconciler, "compensated", 3)
        assert shop.order(sku, user="u0", key="k")[2]["status"] == "FAILED"
        before = Books(shop.stack, sku)
        for entry in entries:
            Topic(shop.stack, shop.topic).send(sku, entry)
        until(lambda: shop.consumer.metric("flash_consumer_duplicates_total") >= 3, "the copies do not arrive")
        shop.until_settled(sku)
    after = Books(shop.stack, sku)
    assert (after.cached, after.rows, after.stock, after.users) == (before.cached, before.rows, before.stock, before.users)
    shop.assert_given_back(sku, 3)
    assert shop.order(sku, user="u1", key="anew")[0] == 202 # the limit is his again
