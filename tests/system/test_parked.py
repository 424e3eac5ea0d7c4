"""Transitions that reach the ledger before what they start from: parked, refused by nobody, applied when the row is there.

The entries are made by the scripts themselves and are sent to Kafka by the test, in the wrong order, as after a ledger that
lost commits or between two engines; nothing else writes.
"""
import os
import signal

import pytest

from books import Books, read_quiet
from daemons import until
from produce import Topic
from races import ground, new_entry
from stack import Stack

MANY = 150   # orders, two lines each: some pages
SECONDS = 10  # a parked line is looked at every second
SESSION_S = 40 # a consumer that was killed keeps its partitions for ten
WAYS = {
    "paid": (["pay"], "PAID", ["pay"]),
    "cancelled": (["cancel"], "CANCELLED", ["cancel"]),
    "expired": (["expire"], "EXPIRED", ["expire"]),
    "returned": (["pay", "return"], "RETURNED", ["pay", "return"]),
    "cancelled, then paid too late": (["cancel", "late"], "CANCELLED", ["cancel"]),
    "paid, then twice by others": (["pay", "late", "late"], "PAID", ["pay"]),
}


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("parked") / "stack") as private:
        yield private


@pytest.fixture(scope="module")
def place(stack):
    with ground(stack) as everything:
        yield everything


@pytest.fixture(scope="module")
def topic(stack):
    return Topic(stack)


def parked(place):
    """[(order, line, type, from version)]."""
    return [(order.decode(), *rest) for order, *rest in place.stack.query(
        "SELECT order_id, line_no, type, from_version FROM parked ORDER BY order_id, from_version")]


def script_entry(place, order, verb, number=1):
    """One transition by its script, not sent: the entry."""
    name, low = new_name()
    if verb in ("pay", "late"):
        answer = place.run("pay", order.sku, 1, name, low, order.ref, f"{verb}-{number}")
        assert answer[4] == ("PAID" if verb == "pay" else "LATE"), answer
    elif verb == "expire":
        answer = place.run("expire", order.sku, 1, name, low, 256, 0)
        assert answer[4] == 1, answer
    else:
        answer = place.run("release", order.sku, 1, name, low, verb, order.ref, "")
        assert answer[4] == "DONE", answer
    return answer[1]


def new_name():
    name = new_entry()
    return str(name), str(name.int & (2 ** 64 - 1))


def forgotten_by_the_ledger(place, count, sku):
    """Orders that Redis has as CREATED and the ledger does not know; {order: its reserve entry}."""
    orders = place.place([None] * count, sku)
    place.lose(orders)
    entries = {}
    for order in orders:
        (_, fields), = place.redis.xrange(f"flash:{{{sku}}}:journal", order.entry[1], order.entry[1])
        entries[order] = fields["e"]
        assert place.run("settle", sku, 1, 1, order.entry[1]) == ["OK", 0]
    return entries


def check_quiet(place, seconds=SECONDS):
    for books in read_quiet(place.stack, place.skus, seconds).values():
        books.check()
    assert parked(place) == []


@pytest.mark.parametrize("way", WAYS)
def test_before_the_order_is_there(place, topic, way):
    verbs, state, log = WAYS[way]
    (order, reserve), = forgotten_by_the_ledger(place, 1, place.brief if "expire" in verbs else place.slow).items()
    place.until_due([order] if "expire" in verbs else [])
    entries = [script_entry(place, order, verb, number) for number, verb in enumerate(verbs)]
    for entry in reversed(entries):
        topic.send(order.sku, entry)
    until(lambda: len(parked(place)) == len(entries), lambda: parked(place))
    assert [(row[0], row[3]) for row in parked(place)] == [(order.id, n + 1) for n in range(len(entries))]
    books = Books(place.stack, order.sku)
    assert order.id not in books.rows and not books.refunds[order.id], "nothing is refused, nothing is made up"
    topic.send(order.sku, reserve)
    until(lambda: not parked(place), lambda: parked(place), SECONDS)
    check_quiet(place)
    books = Books(place.stack, order.sku)
    assert books.rows[order.id].state == books.cached[order.id].state == state
    assert (books.moves[order.id], books.rows[order.id].version) == (log, 1 + len(verbs))
    assert sorted(books.refunds[order.id]) == [f"late-{n}" for n, verb in enumerate(verbs) if verb == "late"]


def test_two_payments_in_one_entry(place, topic):
    """Both lines of an order are parked, each by its own number, beside those of others."""
    orders = forgotten_by_the_ledger(place, 3, place.slow)
    name, low = new_name()
    lines = [word for order in orders for payment in ("p1", "p2") for word in (order.ref, payment)]
    answer = place.run("pay", place.slow, 1, name, low, *lines)
    assert answer[4::2] == ["PAID", "LATE"] * 3, answer
    topic.send(place.slow, answer[1])
    until(lambda: len(parked(place)) == 6, lambda: parked(place))
    for reserve in reversed(orders.values()):
        topic.send(place.slow, reserve)
    until(lambda: not parked(place), lambda: parked(place), SECONDS)
    check_quiet(place)
    books = Books(place.stack, place.slow)
    for order in orders:
        assert books.rows[order.id][:2] == ("PAID", 3) and books.refunds[order.id] == ["p2"]


def test_more_than_a_page(place, topic):
    """Every line of many orders is applied, and once, whatever page and turn it comes in; orders of the day come between."""
    orders = forgotten_by_the_ledger(place, MANY, place.slow)
    for order in orders:
        late, cancel = reversed([script_entry(place, order, verb) for verb in ("cancel", "late")])
        topic.send(place.slow, late)
        topic.send(place.slow, cancel)
    until(lambda: len(parked(place)) == 2 * MANY, lambda: len(parked(place)))
    for reserve in orders.values():
        topic.send(place.slow, reserve)
    between = created(place, 5)
    until(lambda: not parked(place), lambda: len(parked(place)), 60)
    check_quiet(place)
    books = Books(place.stack, place.slow)
    assert all(books.rows[order.id].state == "CREATED" for order in between)
    for order in orders:
        assert books.rows[order.id][:2] == books.cached[order.id][:2] == ("CANCELLED", 3)
        assert (books.moves[order.id], books.refunds[order.id]) == (["cancel"], ["late-1"])


def created(place, count=1):
    """Orders that everybody knows."""
    orders = place.place([None] * count, place.slow)
    place.create(orders)
    place.until_created(orders)
    return orders


def test_killed_while_lines_are_parked(place, topic):
    """They wait in the ledger, not in the consumer: another one finds them."""
    orders = created(place, 20)
    entries = [[script_entry(place, order, verb) for verb in ("cancel", "late")] for order in orders]
    for _, late in entries:
        topic.send(place.slow, late)
    until(lambda: len(parked(place)) == 20, lambda: parked(place))
    place.replace_consumer()
    for cancel, _ in entries:
        topic.send(place.slow, cancel)
    check_quiet(place, SESSION_S)
    books = Books(place.stack, place.slow)
    for order in orders:
        assert books.rows[order.id][:2] == books.cached[order.id][:2] == ("CANCELLED", 3)
        assert books.refunds[order.id] == ["late-1"]


def test_redis_is_away_when_a_parked_line_is_applied(place, topic):
    """The units come back all the same: the line stays parked until Redis has taken its settle."""
    pid = place.stack.pid("redis")
    for order in created(place, 10):
        cancel, late = script_entry(place, order, "cancel"), script_entry(place, order, "late")
        topic.send(order.sku, late)
        until(lambda: parked(place), "not parked")
        topic.send(order.sku, cancel)
        until(lambda: not place.redis.xlen(f"flash:{{{order.sku}}}:journal"), "the cancel is not settled")
        if parked(place):
            os.kill(pid, signal.SIGKILL)
            break
    until(lambda: version_in_ledger(place, order) == 3, "the parked line is not applied")
    assert len(parked(place)) == 1
    place.stack.restart("redis")
    check_quiet(place)
    assert Books(place.stack, order.sku).cached[order.id][:2] == ("CANCELLED", 3)


def version_in_ledger(place, order):
    return place.stack.query("SELECT version FROM reservation WHERE order_id = %s", order.id)[0][0]
