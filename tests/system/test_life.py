"""The whole life of a hundred thousand orders, all at once: a tenth each is paid, cancelled, expired and returned while others still
order; and the same, smaller, with a consumer, Redis and an engine killed in the middle.

What each order must end as follows from what its owner was told; the equations of DESIGN §9.3 are books.py's.
"""
import collections
import contextlib
import itertools
import json
import pathlib
import random
import signal
import subprocess
import threading
import time

import pytest

from books import Books, read_quiet
from daemons import BUILD, until
from sale import Sale
from stack import Stack
from volley import LOST, Request, volley

LIMIT = 2
PARTITIONS = 8
HOLD_S = 6         # of the sale whose orders expire
QUIET_S = 180      # after the last request, or the last fault, nothing is half-way any more
STILL_S = 4        # so long nothing moves: what is left in the journal has no message
BACKGROUND = 400   # orders a second that go on meanwhile
numbers = itertools.count(2001)
ENDS = {"pay": "PAID", "cancel": "CANCELLED", "return": "RETURNED", "late": "EXPIRED"}


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("life") / "stack") as private:
        yield private


@pytest.fixture
def sale(stack):
    with Sale(stack) as shop:
        shop.skus = numbers
        yield shop


# ---- orders ----

def bench(sale, sku, name, *options):
    """flash-bench under way; its 202s go to the file that is returned with it."""
    file = pathlib.Path(sale.stack.folder) / f"{name}.tsv"
    return subprocess.Popen([BUILD / "tools" / "flash-bench" / "flash-bench", "--url", f"http://127.0.0.1:{sale.engine.port}", "--sku",
                             str(sku), "--user-prefix", f"{name}-", "--accepted", file, "--json", *map(str, options)],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True), file


def ordered(process, file, code=0):
    """[(order id, user)] that flash-bench was given, once it has ended."""
    said, complaint = process.communicate(timeout=300)
    assert process.returncode == code, (said[-1000:], complaint[-1000:])
    lines = [line.split("\t") for line in file.read_text().splitlines()[1:]]
    return [(order, user) for outcome, order, user, *_ in lines if outcome == "accepted"]


def order_all(sale, sku, name, count):
    """So many orders of one unit; each buyer has two, the limit."""
    found = ordered(*bench(sale, sku, name, "--orders", count, "--buyers", count // LIMIT, "--connections", 128))
    assert len(found) == count
    return found


@contextlib.contextmanager
def going_on(sale, sku):
    """Others order meanwhile, at a pace."""
    process, file = bench(sale, sku, "meanwhile", "--mode", "rate", "--rate", BACKGROUND, "--duration", 600, "--buyers", 10 ** 6)
    try:
        yield
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=300)
        assert file.stat().st_size > 1000, "nobody ordered meanwhile"


def request(verb, order, user):
    sku, _, ref = order.partition(".")
    if verb == "cancel":
        return Request(False, "POST", f"/v1/orders/{order}/cancel", None, user)
    if verb == "return":
        return Request(True, "POST", "/inventory/release", {"product_id": sku, "order_id": ref})
    return Request(True, "POST", f"/v1/orders/{order}/pay", {"payment_id": f"{verb}-{ref}"})


# ---- what became of them ----

def tenths(orders, seed):
    """{verb: its random tenth of the orders}, and nobody in two."""
    mixed = orders[:]
    random.Random(seed).shuffle(mixed)
    size = len(orders) // 10
    return {verb: mixed[i * size:(i + 1) * size] for i, verb in enumerate(("pay", "cancel", "return"))}


def until_applied(sale, *skus):
    until(lambda: not any(map(sale.journal, skus)), lambda: {sku: sale.journal(sku) for sku in skus})


def live_at_once(sale, chosen, late):
    """All requests in one random order, a return right behind its payment. {order: [(verb, answer)]}."""
    asked = [("pay" if verb == "return" else verb, verb, order, user) for verb, group in chosen.items() for order, user in group]
    asked += [("late", "late", order, user) for order, user in late]
    random.Random(1).shuffle(asked)

    def follow(index, answer):
        first, verb, order, user = asked[index]
        told[order].append((first, answer))
        return (0, request("return", order, user)) if verb == "return" else None
    told = collections.defaultdict(list)
    answers = volley(sale.engine, [request(first, order, user) for first, _, order, user in asked], follow)
    for (_, verb, order, _), answer in zip(asked, answers):
        if verb == "return":
            told[order].append((verb, answer))
    return told


def check_told(books, told):
    """Each order is what the last word its owner was given leads to; a refund is due exactly where one was promised."""
    for order, answers in told.items():
        verb, (status, body) = answers[-1]
        row = books[int(order.split(".")[0])].rows[order]
        if status in (200, 202):
            assert row.state == ENDS["pay" if verb == "late" else verb], (order, answers, row)
        else:
            assert status == 409 and body["state"] in ("EXPIRING", "EXPIRED") and row.state == "EXPIRED", (order, answers, row)
        promised = [f"{verb}-{order.split('.')[1]}" for verb, (status, body) in answers if status == 409 and body["refund_due"]]
        assert sorted(books[int(order.split(".")[0])].refunds[order]) == sorted(set(promised)), (order, answers)


def check_limit(sale, books, sku):
    """A buyer's units that are back may be bought again, and no more."""
    dice, mine = random.Random(2), books[sku]
    users = sorted({row.user for row in mine.rows.values()})
    some = dice.sample(users, min(600, len(users)))
    ask = Request(True, "POST", "/inventory/reserve", {})
    asked = [(user, n) for user in some for n in range(LIMIT + 1)]
    answers = volley(sale.engine, [ask._replace(body={"product_id": str(sku), "order_id": f"again-{user}-{n}", "user_id": user,
                                                       "quantity": 1}) for user, n in asked])
    got = collections.Counter(user for (user, _), (status, _) in zip(asked, answers) if status == 202)
    wrong = [(user, mine.users.get(user, 0), got[user]) for user in some if mine.users.get(user, 0) + got[user] != LIMIT]
    assert not wrong, f"(buyer, had, got): {wrong[:5]}"
    refusals = {body["type"] for status, body in answers if status != 202}
    assert refusals == {"/problems/limit-reached"}


def test_a_hundred_thousand_orders(sale):
    lasting, brief = sale.put_on_sale(10 ** 6, LIMIT), sale.put_on_sale(10 ** 6, LIMIT, hold_s=HOLD_S)
    orders = order_all(sale, lasting, "a", 90_000)
    expiring = order_all(sale, brief, "b", 10_000)
    late = random.Random(3).sample(expiring, 1000)
    until_applied(sale, lasting, brief)
    with going_on(sale, lasting):
        until_due(sale, brief)
        told = live_at_once(sale, tenths(orders, 4), late)
        until(lambda: not set(letters(sale, brief)) & set("ACE"), lambda: letters(sale, brief))
    began = time.monotonic()
    books = read_quiet(sale.stack, [lasting, brief], QUIET_S)
    print(f"quiet after {time.monotonic() - began:.1f} s")
    for each in books.values():
        each.check()
    check_told(books, told)
    states = collections.Counter(books[lasting].rows[order].state for order, _ in orders)
    assert states == {"CREATED": 63_000, "PAID": 9000, "CANCELLED": 9000, "RETURNED": 9000}
    assert {row.state for row in books[brief].rows.values()} <= {"EXPIRED", "PAID"}
    assert sum(row.state == "EXPIRED" for row in books[brief].rows.values()) >= 9000
    assert len(books[lasting].rows) > 90_000, "nobody ordered meanwhile"
    check_limit(sale, books, lasting)
    check_limit(sale, books, brief)


def letters(sale, sku):
    return collections.Counter(record[0] for record in sale.redis.hvals(sale.key(sku, "orders")))


def until_due(sale, sku):
    """The first of these orders may expire."""
    first = sale.redis.zrange(sale.key(sku, "due"), 0, 0, withscores=True)[0][1]
    until(lambda: sale.redis.time()[0] >= first, "time stands still")


# ---- with faults ----

class Faults:
    """One after the other, each when some more answers are in: the consumer, Redis, and an engine are killed and come back."""

    def __init__(self, sale, seen, total):
        self.sale, self.seen, self.total, self.error = sale, seen, total, None
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        try:
            for share, fault in ((0.15, self.kill_consumer), (0.4, self.kill_redis), (0.7, self.kill_engine)):
                until(lambda share=share: len(self.seen) >= share * self.total or self.over.is_set(), "no answers come")
                fault()
        except BaseException as error: # told to the test, which is another thread
            self.error = error

    def kill_consumer(self):
        self.sale.kill("consumer")
        self.sale.start("consumer", ready=False)

    def kill_redis(self):
        self.sale.stack.kill("redis")
        self.sale.stack.restart("redis")

    def kill_engine(self):
        self.sale.kill("engine")
        self.sale.start("engine")

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exc):
        self.over.set()
        self.thread.join()
        assert self.error is None, self.error


def ask_until_told(engine, asked, seen):
    """{request: its answer}: each is asked again until it is decided; a lost answer and 503 say nothing."""
    told, open_ones = {}, list(asked)

    def note(_index, answer):
        if answer != LOST and answer[0] != 503:
            seen.append(answer)

    def one_round():
        answers = volley(engine, [request(*each) for each in open_ones], note)
        told.update((each, answer) for each, answer in zip(open_ones, answers) if answer != LOST and answer[0] != 503)
        open_ones[:] = [each for each in open_ones if each not in told]
        return not open_ones
    until(one_round, lambda: f"{len(open_ones)} have no answer")
    return told


def read_still(sale, skus):
    """(books, orders with an entry that never got to Kafka or that wait for one): nothing has moved for some seconds."""
    seen = {"state": None, "since": 0.0}

    def state():
        return ([sale.journal(sku) for sku in skus], sale.stack.query("SELECT SUM(applied), SUM(acked) FROM consumer_progress"),
                sale.stack.query("SELECT COUNT(*) FROM parked"))

    def still():
        now = state()
        if now != seen["state"]:
            seen.update(state=now, since=time.monotonic())
        return time.monotonic() - seen["since"] > STILL_S
    until(still, lambda: state(), QUIET_S)
    books, left = {sku: Books(sale.stack, sku) for sku in skus}, collections.defaultdict(set)
    for sku in skus:
        for text in books[sku].journal.values():
            left[sku] |= {f"{sku}.{line[0]}" for line in json.loads(text)["lines"]}
    for order, in sale.stack.query("SELECT order_id FROM parked"):
        left[int(order.split(b".")[0])].add(order.decode())
    return books, left


def test_with_faults(sale):
    lasting, brief = sale.put_on_sale(10 ** 6, LIMIT), sale.put_on_sale(10 ** 6, LIMIT, hold_s=HOLD_S)
    orders = order_all(sale, lasting, "a", 18_000)
    expiring = order_all(sale, brief, "b", 2000)
    until_applied(sale, lasting, brief)
    groups, seen = tenths(orders, 5), []
    late = random.Random(6).sample(expiring, 300)
    asked = [("pay" if verb == "return" else verb, *each) for verb, group in groups.items() for each in group]
    asked += [("late", *each) for each in late]
    random.Random(7).shuffle(asked)
    engine = sale.engine # the next one has its ports
    with Faults(sale, seen, len(asked) + len(groups["return"])):
        told = ask_until_told(engine, asked, seen)
        told |= ask_until_told(engine, [("return", *each) for each in groups["return"]], seen)
    until(lambda: len(sale.consumer.said("consumer.assigned")) >= PARTITIONS, "the killed consumer's partitions are nobody's")
    until(lambda: sale.consumer.is_ready() and sale.daemons["reconciler"].is_ready(), "not ready again")
    until(lambda: sale.redis.zcard(sale.key(brief, "due")) == 0, "some orders do not expire")
    books, left = read_still(sale, [lasting, brief])
    for sku, each in books.items():
        print(f"{sku}: {len(left[sku])} orders wait for an entry that is in the journal only")
        each.check(left[sku])
    by_order = collections.defaultdict(list)
    for (verb, order, _), answer in told.items():
        if order not in left[int(order.split(".")[0])]:
            by_order[order].append((verb, answer))
    assert len(by_order) > len(asked) // 4, "most orders wait"
    check_told(books, by_order)
    assert sale.stack.query("SELECT COUNT(*) FROM dead_letter")[0][0] == 0
