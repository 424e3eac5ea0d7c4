"""flash-reconciler's expiry with real servers: each due order is taken once, by Redis' clock, and its units come back.

Redis' records and journal, and the ledger's rows, are looked at directly. The ledger's verdicts stand for what went
through Kafka: flash-consumer decodes every message strictly.
"""
import base64
import collections
import concurrent.futures
import hashlib
import hmac
import http.client
import itertools
import json
import pathlib
import signal
import threading
import time

import pytest

from daemons import exchange, running, until
from stack import Stack

LUA = pathlib.Path(__file__).resolve().parents[2] / "lua"
KEY = "k" * 40
EXPIRED, PAID = 4, 2  # reservation.state
EXPIRE = 4            # verdict.type, stock_log.type
numbers = itertools.count(700)


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("expiry") / "stack") as private:
        private.migrate("up")
        yield private


@pytest.fixture(scope="module")
def engine(stack):
    with running(stack, "engine") as daemon:
        yield daemon


@pytest.fixture(scope="module")
def admin(stack):
    with running(stack, "admin") as daemon:
        yield daemon


@pytest.fixture(scope="module")
def consumer(stack):
    with running(stack, "consumer") as daemon:
        yield daemon


Record = collections.namedtuple("Record", "letter version quantity at_us due_s user")


class Sale:
    """One SKU on sale, and what Redis and the ledger say about it."""

    def __init__(self, stack, engine, admin, units=100000, hold=1):
        self.stack, self.engine, self.sku, self.units = stack, engine, next(numbers), units
        self.redis = stack.redis(decode_responses=True)
        window = {"starts_at": "2020-01-01T00:00:00Z", "ends_at": "2090-01-01T00:00:00Z"}
        made = admin.ask("POST", "/inventory", {"product_id": str(self.sku), "quantity": units})
        assert made[0] == 201, made
        made = admin.ask("PUT", f"/v1/sales/{self.sku}", {**window, "per_user_limit": 4, "hold_seconds": hold})
        assert made[0] == 201, made

    # ---- doing ----

    def order(self, *users, quantity=1):
        """One order each, on one connection; returns their ids."""
        connection = http.client.HTTPConnection("127.0.0.1", self.engine.port, timeout=120)
        made = [exchange(connection, "POST", "/v1/orders", {"sku": str(self.sku), "quantity": quantity},
                         {"X-User-Id": user, "Idempotency-Key": "k"}) for user in users]
        connection.close()
        assert {status for status, _, _ in made} <= {202}, made
        return [answer["order_id"] for _, _, answer in made]

    def order_many(self, count):
        """As many orders of one unit by as many users, from eight connections."""
        users = [f"u{i}" for i in range(count)]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            return [ref for part in pool.map(lambda i: self.order(*users[i::8]), range(8)) for ref in part]

    def pay(self, order, payment="p-1"):
        return self.engine.ask("POST", f"/v1/orders/{order}/pay", {"payment_id": payment}, internal=True)

    # ---- Redis ----

    def key(self, name):
        return f"flash:{{{self.sku}}}:{name}"

    def now_us(self):
        seconds, micros = self.redis.time()
        return seconds * 1000000 + micros

    def records(self):
        found = {}
        for ref, text in self.redis.hgetall(self.key("orders")).items():
            head, quantity, at_us, due_s, user = text.split('"')[0].split(":", 4)
            found[f"{self.sku}.{ref}"] = Record(head[0], int(head[1:]), int(quantity), int(at_us), int(due_s), user)
        return found

    def journal(self):
        return [json.loads(fields["e"]) for _, fields in self.redis.xrange(self.key("journal"))]

    def stock(self, field="available"):
        return int(self.redis.hget(self.key("stock"), field))

    def letters(self):
        return collections.Counter(record.letter for record in self.records().values())

    def all_due(self):
        return self.now_us() // 1000000 >= max(record.due_s for record in self.records().values())

    def run(self, script, *arguments):
        """A script by its file, as the adapter calls it."""
        text = (LUA / f"{script}.lua").read_text()
        names = text.split("-- KEYS: ", 1)[1].split("\n", 1)[0].split()
        return self.redis.eval(text, len(names), *map(self.key, names), *arguments)

    # ---- the ledger ----

    def rows(self):
        """{order id: (state, version)}."""
        return {order.decode(): (state, version) for order, state, version in self.stack.query(
            "SELECT order_id, state, version FROM reservation WHERE sku = %s", self.sku)}

    def expire_verdicts(self):
        """(stream µs, lines, clean) of the expire entries the ledger has applied."""
        return self.stack.query("SELECT stream_us, line_count, clean FROM verdict WHERE sku = %s AND type = %s"
                                " AND verdict = 1 ORDER BY stream_us", self.sku, EXPIRE)

    def until_created(self, count):
        until(lambda: len(self.rows()) == count and not self.journal(), lambda: (len(self.rows()), self.letters()))

    def until_over(self):
        """No order is on its way anywhere."""
        until(lambda: not self.journal() and not set(self.letters()) & set("AKER"),
              lambda: (self.letters(), len(self.journal())), 60)

    def check_sums(self):
        """Redis and ledger agree with each other and with themselves (DESIGN §9.3)."""
        held = sum(record.quantity for record in self.records().values() if record.letter in "ACPKER")
        (base, available, reserved, sold), = self.stack.query(
            "SELECT base, available, reserved, sold FROM stock WHERE sku = %s", self.sku)
        assert self.stock() + held == self.stock("base") == base == available + reserved + sold == self.units
        assert self.stock() == available
        users = collections.Counter()
        for record in self.records().values():
            users[record.user] += record.quantity * (record.letter in "ACPKER")
        assert {user: int(n) for user, n in self.redis.hgetall(self.key("users")).items()} == dict(+users)
        assert self.stack.query("SELECT SUM(quantity) FROM stock_log WHERE sku = %s", self.sku)[0][0] == available

    def check_expired_once(self, orders):
        assert self.rows() == {order: (EXPIRED, 2) for order in orders}
        records = self.records()
        assert set(records) == set(orders)
        for order, record in records.items():
            assert (record.letter, record.version) == ("D", 2), order
        lines = sum(lines for _, lines, _ in self.expire_verdicts())
        assert lines == len(orders), "each order is a line of one applied expire entry"
        assert self.redis.zcard(self.key("due")) == 0
        assert self.redis.hlen(self.key("users")) == 0
        assert self.stock() == self.units
        self.check_sums()
        assert self.stack.query("SELECT COUNT(*) FROM dead_letter")[0][0] == 0


@pytest.fixture
def sale(stack, engine, admin, consumer):
    return Sale(stack, engine, admin)


@pytest.fixture
def reconciler(stack, sale):
    """It knows the sale's SKU from its first look at the ledger on."""
    with running(stack, "reconciler", "run") as daemon:
        yield daemon


def one_pass(daemon):
    status, _, answer = daemon.ask("POST", "/v1/expiry/pass")
    assert status == 200, answer
    return answer


# ---- what expires, and when ----

def test_due_orders_expire_once_and_their_units_come_back(sale, reconciler):
    orders = sale.order("anna", "ben", quantity=2) + sale.order("eve", quantity=4)
    deadlines = {order: record.due_s for order, record in sale.records().items()}
    assert sale.stock() == sale.units - 8
    until(lambda: len(sale.rows()) == 3 and set(sale.letters()) == {"D"}, lambda: sale.records())
    for stream_us, _, _ in sale.expire_verdicts():
        assert stream_us >= min(deadlines.values()) * 1000000, "by Redis' clock, and not before"
    sale.check_expired_once(orders)
    log = sale.stack.query("SELECT quantity, available_after - available_before FROM stock_log WHERE sku = %s AND type = %s",
                           sale.sku, EXPIRE)
    assert sum(quantity for quantity, _ in log) == 8 and all(quantity == change for quantity, change in log)
    assert sale.order("anna", "ben", quantity=2) == orders[:2], "a repeat of the key finds the order, expired or not"
    sale.check_expired_once(orders)


def test_no_order_is_taken_before_its_deadline(stack, engine, admin, consumer):
    sale = Sale(stack, engine, admin, hold=2)
    with running(stack, "reconciler", "run") as reconciler:
        first = sale.order("anna", "ben")
        until(lambda: sale.now_us() // 1000000 > sale.records()[first[0]].due_s - 2, "a second passes")
        second = sale.order("eve")
        sale.until_created(3)
        due_us = {order: record.due_s * 1000000 for order, record in sale.records().items()}
        assert due_us[first[0]] < due_us[second[0]]
        consumer.signal(signal.SIGSTOP)  # the entries stay in the journal, where they can be read
        try:
            while sale.letters() != {"E": 3}:
                one_pass(reconciler)
                assert sale.now_us() < max(due_us.values()) + 120000000, sale.records()
            taken = [(entry["stream"], line[0]) for entry in sale.journal() for line in entry["lines"]]
        finally:
            consumer.signal(signal.SIGCONT)
        assert len(taken) == 3
        for stream, ref in taken:
            assert int(stream.split("-")[0]) >= due_us[f"{sale.sku}.{ref}"], "by Redis' clock"
        until(lambda: sale.letters() == {"D": 3}, sale.records)
    sale.check_expired_once(first + second)


def test_an_order_with_a_payment_in_time_stays_paid(stack, engine, admin, consumer):
    sale = Sale(stack, engine, admin, hold=3)
    with running(stack, "reconciler", "run") as reconciler:
        paid, late = sale.order("anna", "ben")
        sale.until_created(2)
        status, _, answer = sale.pay(paid)
        assert status == 200, answer
        until(sale.all_due, "the clock goes")
        one_pass(reconciler)
        sale.until_over()
        assert sale.rows() == {paid: (PAID, 2), late: (EXPIRED, 2)}
        status, _, answer = sale.pay(late, "p-2")
        assert status == 409 and answer["refund_due"] is True, answer
        assert sale.pay(paid)[0] == 200, "the same payment again"
        until(lambda: sale.stack.query("SELECT payment_id FROM refund WHERE order_id = %s", late) == [(b"p-2",)], "a refund")
        until(lambda: not sale.journal(), "all is settled")
        sale.check_sums()
        assert sale.stock() == sale.units - 1


def test_queued_orders_are_passed_over(sale, reconciler, consumer):
    consumer.signal(signal.SIGSTOP)
    try:
        orders = sale.order("anna", "ben")
        until(sale.all_due, "the clock goes")
        answer = one_pass(reconciler)
        assert (answer["expired"], answer["skipped"], answer["complete"]) == (0, 0, True), answer
        assert answer["queued"] == len(sale.journal()) > 0
        assert sale.letters() == {"A": 2}
        assert reconciler.metric("flash_reconciler_expiry_queued_entries") == answer["queued"]
    finally:
        consumer.signal(signal.SIGCONT)
    until(lambda: sale.letters() == {"D": 2}, sale.records)
    sale.check_expired_once(orders)


# ---- many ----

def test_two_reconcilers_at_once(sale, stack):
    orders = sale.order_many(3000)
    sale.until_created(3000)
    until(sale.all_due, "the clock goes")
    settings = {"FLASH_RECONCILER_EXPIRY_RATE": 5000}
    with running(stack, "reconciler", "run", **settings) as one, running(stack, "reconciler", "run", **settings) as two:
        sale.until_over()
        taken = [daemon.metric("flash_reconciler_expired_orders_total") for daemon in (one, two)]
        assert sum(taken) == 3000
    sale.check_expired_once(orders)


def test_the_rate_is_kept_evenly(sale, stack):
    rate, window_us = 1000, 250000
    orders = sale.order_many(2500)
    sale.until_created(2500)
    until(sale.all_due, "the clock goes")
    with running(stack, "reconciler", "run", FLASH_RECONCILER_EXPIRY_RATE=rate):
        sale.until_over()
    sale.check_expired_once(orders)
    taken = [(stream_us, lines) for stream_us, lines, _ in sale.expire_verdicts()]
    portion = max(lines for _, lines in taken)
    assert portion <= rate / 64 + 1
    for start_us, _ in taken:
        within = sum(lines for at_us, lines in taken if start_us <= at_us < start_us + window_us)
        assert within <= rate * window_us / 1000000 + 2 * portion
    assert taken[-1][0] - taken[0][0] >= (2500 - 2 * portion) / rate * 1000000


def taken_lines(sale):
    """Every line of an expire entry that is in the journal, and how many lines the ledger has applied."""
    open_lines = [line[0] for entry in sale.journal() if entry["type"] == "expire" for line in entry["lines"]]
    return open_lines, sum(lines for _, lines, _ in sale.expire_verdicts())


def test_killed_in_the_middle_and_started_again(sale, stack, consumer):
    orders = sale.order_many(3000)
    sale.until_created(3000)
    until(sale.all_due, "the clock goes")
    for at_least in (300, 900, 1500):
        with running(stack, "reconciler", "run", FLASH_RECONCILER_EXPIRY_RATE=2000) as doomed:
            until(lambda: sum(n for letter, n in sale.letters().items() if letter in "ED") >= at_least, "it takes orders")
            doomed.kill()
    with running(stack, "reconciler", "run"):
        until(lambda: set(sale.letters()) <= set("ED"), sale.letters)
        # What was in the journal but not yet in Kafka when the process died waits there: at most what librdkafka gathers.
        until(lambda: sale.letters()["E"] == len(taken_lines(sale)[0]) < 1000, sale.letters)
    open_lines, applied = taken_lines(sale)
    assert len(open_lines) == len(set(open_lines))
    assert applied + len(open_lines) == 3000, "no order is in two entries"
    states = collections.Counter(sale.rows().values())
    assert states[(EXPIRED, 2)] == applied and set(sale.rows()) == set(orders)
    sale_held = sum(record.quantity for record in sale.records().values() if record.letter == "E")
    assert sale.stock() + sale_held == sale.units


# ---- parts that are away ----

def test_the_ledger_away(sale, stack, reconciler):
    orders = sale.order("anna")
    sale.until_created(1)
    stack.kill("mariadb")
    try:
        until(lambda: "ledger" in reconciler.troubles(), "it notices")
        assert "last time" in reconciler.troubles()["ledger"]
        until(lambda: sale.letters() == {"E": 1}, lambda: (sale.records(), reconciler.lines))
        assert one_pass(reconciler)["skus"] > 0
    finally:
        stack.restart("mariadb")
    until(lambda: sale.letters() == {"D": 1}, sale.records)
    until(reconciler.is_ready, reconciler.troubles)
    sale.check_expired_once(orders)
    assert len(reconciler.said("reconciler.ledger_away")) == len(reconciler.said("reconciler.ledger_back")) == 1


def test_redis_frozen(sale, stack):
    orders = sale.order("anna")
    sale.until_created(1)
    with running(stack, "reconciler", "run", FLASH_REDIS_REPLY_TIMEOUT="300ms") as reconciler:
        stack.stop("redis")
        try:
            until(lambda: "redis" in reconciler.troubles(), "it notices")
            status, _, answer = reconciler.ask("POST", "/v1/expiry/pass")
            assert (status, answer["type"]) == (503, "/problems/redis-unavailable")
            assert reconciler.metric('flash_reconciler_errors_total{part="redis"}') > 0
            until(lambda: reconciler.metric("flash_reconciler_expiry_lag_milliseconds") > 1500, "the lag grows")
        finally:
            stack.cont("redis")
        until(reconciler.is_ready, reconciler.troubles)
        until(lambda: reconciler.metric("flash_reconciler_expiry_lag_milliseconds") < 1500, "the lag is gone")
        sale.until_over()
        sale.check_expired_once(orders)


def test_nothing_is_taken_while_kafka_is_away(sale, stack):
    orders = sale.order("anna")
    sale.until_created(1)
    until(sale.all_due, "the clock goes")
    with running(stack, "reconciler", "run", ready=False, FLASH_KAFKA_BROKERS="127.0.0.1:1") as reconciler:
        until(lambda: set(reconciler.troubles()) == {"kafka"}, reconciler.troubles)
        status, _, answer = reconciler.ask("POST", "/v1/expiry/pass")
        assert (status, answer["type"], answer["expired"]) == (503, "/problems/kafka-unavailable", 0)
        assert sale.letters() == {"A": 1}
    with running(stack, "reconciler", "run"):
        sale.until_over()
    sale.check_expired_once(orders)


# ---- the daemon ----

def token(role="admin", **claims):
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")
    body = part({"alg": "HS256", "typ": "JWT"}) + b"." + part(
        {"sub": "anna", "aud": "flashgate", "exp": int(time.time()) + 600, "role": role, **claims})
    mac = hmac.new(KEY.encode(), body, hashlib.sha256).digest()
    return {"Authorization": "Bearer " + (body + b"." + base64.urlsafe_b64encode(mac).rstrip(b"=")).decode()}


def test_who_may_ask_for_a_pass(stack):
    with running(stack, "reconciler", "run", FLASH_AUTH_MODE="jwt", FLASH_AUTH_KEY_1=KEY) as daemon:
        def ask(method="POST", path="/v1/expiry/pass", body=None, **more):
            return daemon.ask(method, path, body, **more)[0]
        assert ask() == ask(headers={"Authorization": "Bearer x"}) == ask(headers=token(exp=1)) == 401
        assert [ask(headers=token(role)) for role in ("buyer", "internal", "ops", "admin")] == [403, 403, 403, 200]
        assert ask(headers=token(sku="42")) == 403
        assert ask(headers=token(), body=b"{}") == 400
        assert ask("GET", headers=token()) == ask("DELETE", headers=token()) == 405
        assert ask(path="/v1/expiry/pass/", headers=token()) == ask(path="/v1/orders", headers=token()) == 404
        assert [ask("GET", path) for path in ("/livez", "/readyz", "/metrics", "/version")] == [200] * 4
        assert daemon.said("reconciler.pass_asked")[-1]["operator"] == "anna"
        status, _, answer = daemon.ask("POST", "/v1/expiry/pass", headers=token())
        assert (status, set(answer)) == (200, {"skus", "expired", "queued", "skipped", "complete", "took_ms"})


def test_a_stop_ends_a_long_pass_and_answers_who_waits(sale, stack):
    orders = sale.order_many(500)
    sale.until_created(500)
    until(sale.all_due, "the clock goes")
    with running(stack, "reconciler", "run", FLASH_RECONCILER_EXPIRY_RATE=10) as daemon:
        answers = []
        asker = threading.Thread(target=lambda: answers.append(daemon.ask("POST", "/v1/expiry/pass")))
        until(lambda: daemon.metric("flash_reconciler_expired_orders_total") > 0, "it has begun")
        asker.start()
        until(lambda: daemon.said("reconciler.pass_asked"), "it was asked")
        start = time.monotonic()
        assert daemon.stop() == 0
        assert time.monotonic() - start < 40 # the pass takes 50
        asker.join(30)
        assert [(status, answer["type"]) for status, _, answer in answers] == [(503, "/problems/stopping")]
        assert daemon.said("reconciler.stopped")[0]["messages_left_to_the_journal"] == 0
    until(lambda: not sale.journal(), "all it took was sent and is settled")
    assert 0 < sale.letters()["D"] < 500
    with running(stack, "reconciler", "run"):
        sale.until_over()
    sale.check_expired_once(orders)


def test_hup_reads_the_log_level_again(stack, tmp_path):
    file = tmp_path / "flash.ini"
    file.write_text("[log]\nlevel = info\n")
    with running(stack, "reconciler", "run", "--config", str(file)) as daemon:
        daemon.signal(signal.SIGHUP)
        until(lambda: daemon.said("reconciler.reloaded"), "it reads again")
        file.write_text("[log]\nlevel = nonsense\n")
        daemon.signal(signal.SIGHUP)
        until(lambda: daemon.said("reconciler.reload_refused"), "it says so")
        assert daemon.is_ready()


# ---- the last: it leaves the others behind in an older generation ----

def test_a_new_generation_is_read_from_the_ledger(sale, stack, consumer):
    with running(stack, "reconciler", "run", FLASH_RECONCILER_RECOVER="off") as daemon:
        sale.order("anna")
        sale.until_created(1)
        (generation,), = stack.query("SELECT generation FROM generation")
        run_id = sale.redis.info("server")["run_id"]
        assert sale.run("load", generation + 1, sale.units, 1, "", 0, run_id) == ["RAISED"]
        until(sale.all_due, "the clock goes")
        assert one_pass(daemon)["skipped"] >= 1
        assert sale.letters() == {"A": 1}
        consumer.signal(signal.SIGSTOP)  # it would read the new generation, too, and settle the entry
        try:
            stack.query("UPDATE generation SET generation = %s", generation + 1)
            until(lambda: sale.letters() == {"E": 1}, sale.records)
            entry, = sale.journal()
        finally:
            consumer.signal(signal.SIGCONT)
        assert (entry["type"], entry["generation"], len(entry["lines"])) == ("expire", generation + 1, 1)
