"""The checker finds what it is for: one wound each, in a sale that was sound before and is sound again after it."""
import contextlib
import copy
import json
import time
import uuid

import pytest

import checker
from buyers import Order
from checker import check
from sale import Sale
from stack import Stack

BUYERS = 40


@pytest.fixture(scope="module")
def patient(tmp_path_factory):
    """(sale, sku, calls) of a sound sale with its daemons stopped: nothing heals what is wounded here."""
    with Stack(tmp_path_factory.mktemp("checker") / "stack") as stack:
        stack.migrate("up")
        with Sale(stack) as sale:
            sku = sale.put_on_sale(units=100, limit=2)
            calls = sale.buy(sku, [Order(f"u{i}", "k", 1 + i % 2) for i in range(BUYERS)])
            sale.check(sku)
            for name in ("engine", "consumer"):
                assert sale.stop(name) == 0
            yield sale, sku, calls


@pytest.fixture(autouse=True)
def nothing_moves_here(monkeypatch):
    monkeypatch.setattr(checker, "STILL_S", 0.2)


@contextlib.contextmanager
def redis_as_it_is(sale, sku):
    names = [sale.key(sku, name) for name in ("stock", "orders", "users", "journal")]
    kept = {name: sale.stack.redis().dump(name) for name in names}
    try:
        yield
    finally:
        for name, value in kept.items():
            sale.redis.delete(name)
            if value is not None:
                sale.stack.redis().restore(name, 0, value)


TABLES = ("verdict", "reservation", "stock_log", "stock", "consumer_progress")


def columns_of(cursor, table):
    """All but those that the database computes."""
    cursor.execute("SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = %s"
                   " AND COALESCE(generation_expression, '') = '' ORDER BY ordinal_position", (table,))
    return ", ".join(name for name, in cursor.fetchall())


@contextlib.contextmanager
def ledger_as_it_is(stack):
    connection = stack.mysql(user="root")
    try:
        with connection.cursor() as cursor:
            columns = {table: columns_of(cursor, table) for table in TABLES}
            for table in TABLES:
                cursor.execute(f"CREATE TABLE kept_{table} AS SELECT {columns[table]} FROM {table}")
            try:
                yield
            finally:
                for table in TABLES:
                    cursor.execute(f"DELETE FROM {table}")
                    cursor.execute(f"INSERT INTO {table} ({columns[table]}) SELECT {columns[table]} FROM kept_{table}")
                    cursor.execute(f"DROP TABLE kept_{table}")
    finally:
        connection.close()


def test_a_sound_sale_is_found_sound(patient):
    sale, sku, calls = patient
    assert len(check(sale.stack, sku, calls).rows) == len([call for call in calls if call.word == "accepted"])


# ---- wounds of Redis ----

def first_order(sale, sku):
    return sorted(sale.redis.hgetall(sale.key(sku, "orders")).items())[0]


def open_entry(sale, sku, ref="x", name=None, at=10**17):
    entry = {"v": 1, "id": str(name or uuid.uuid4()), "type": "reserve", "sku": str(sku), "generation": 1, "stream": f"{at}-5",
             "due": 9, "lines": [[ref, "u0", 1]]}
    sale.redis.xadd(sale.key(sku, "journal"), {"e": json.dumps(entry)}, entry["stream"])


def more_available(sale, sku):
    sale.redis.hincrby(sale.key(sku, "stock"), "available", 1)


def user_counted_twice(sale, sku):
    sale.redis.hincrby(sale.key(sku, "users"), "u1", 1)


def order_forgotten(sale, sku):
    sale.redis.hdel(sale.key(sku, "orders"), first_order(sale, sku)[0])


def order_of_another_quantity(sale, sku):
    ref, record = first_order(sale, sku)
    head, quantity, rest = record.split(":", 2)
    sale.redis.hset(sale.key(sku, "orders"), ref, f"{head}:{3 - int(quantity)}:{rest}")


def order_paid_in_redis_only(sale, sku):
    ref, record = first_order(sale, sku)
    sale.redis.hset(sale.key(sku, "orders"), ref, "P2" + record[record.index(":"):])


def decided_entry_still_open(sale, sku):
    (entry,), = sale.stack.query("SELECT entry_id FROM verdict WHERE sku = %s LIMIT 1", sku)
    open_entry(sale, sku, first_order(sale, sku)[0], uuid.UUID(bytes=entry))


def order_in_two_open_entries(sale, sku):
    for at in (10**17, 10**17 + 1):
        open_entry(sale, sku, at=at)


def lost_entry(sale, sku):
    open_entry(sale, sku)


IN_REDIS = [(more_available, "'available'"), (user_counted_twice, "u1"), (order_forgotten, "'available'"),
            (order_of_another_quantity, "'available'"), (order_paid_in_redis_only, "Redis and the ledger differ"),
            (decided_entry_still_open, "open, and decided"), (order_in_two_open_entries, "two open entries"),
            (lost_entry, "still in the journal")]


@pytest.mark.parametrize("wound, word", IN_REDIS, ids=lambda value: getattr(value, "__name__", ""))
def test_wounds_of_redis_are_found(patient, wound, word):
    sale, sku, calls = patient
    with redis_as_it_is(sale, sku):
        wound(sale, sku)
        with pytest.raises(AssertionError) as found:
            check(sale.stack, sku, calls, may_lose=wound in (decided_entry_still_open, order_in_two_open_entries))
        assert word in str(found.value)
    check(sale.stack, sku, calls)


# ---- wounds of the ledger ----

IN_LEDGER = {
    "a row is missing": ("DELETE FROM reservation WHERE line_no = 0 LIMIT 1", "not: applied, clean"),
    "a row is twice": ("INSERT INTO reservation SELECT CONCAT(order_id, 'x'), sku, user_id, qty, state, version, due, entry_id,"
                       " line_no, payment_id, updated_at_ms FROM reservation LIMIT 1", "not: applied, clean"),
    "a row of nobody's entry": ("UPDATE reservation SET entry_id = REPEAT('x', 16) LIMIT 1", "rows without a verdict"),
    "another user": ("UPDATE reservation SET user_id = 'somebody' LIMIT 1", "Redis and the ledger differ"),
    "another state": ("UPDATE reservation SET state = 6 LIMIT 1", ""),
    "units vanished": ("UPDATE stock SET available = available - 1, reserved = reserved + 1", ""),
    "a unit came from nowhere": ("UPDATE stock SET available = available + 1, base = base + 1", ""),
    "the log has a gap": ("UPDATE stock_log SET available_before = available_before - 1, available_after = available_after - 1"
                          " WHERE type = 1 LIMIT 1", "LogRow"),
    "the log lacks a row": ("DELETE FROM stock_log WHERE type = 1 ORDER BY id DESC LIMIT 1", ""),
    "the stock is flagged": ("UPDATE stock SET flagged = 1", "flagged"),
    "a verdict is not clean": ("UPDATE verdict SET clean = 0 LIMIT 1", "not: applied, clean"),
    "a verdict is fenced": ("UPDATE verdict SET clean = 0, verdict = 2 LIMIT 1", "not: applied, clean"),
}


@pytest.mark.parametrize("wound", IN_LEDGER)
def test_wounds_of_the_ledger_are_found(patient, wound):
    sale, sku, calls = patient
    sql, word = IN_LEDGER[wound]
    with ledger_as_it_is(sale.stack):
        connection = sale.stack.mysql(user="root")
        assert connection.cursor().execute(sql) >= 1
        connection.close()
        with pytest.raises(AssertionError) as found:
            check(sale.stack, sku, calls)
        assert word in str(found.value)
    check(sale.stack, sku, calls)


# ---- wounds of the history ----

def accepted(calls):
    return next(call for call in calls if call.word == "accepted")


def repeat(call, **changes):
    """The same call a moment later, with another end."""
    again = copy.deepcopy(call)
    again.started = again.ended = time.monotonic()
    for name, value in changes.items():
        setattr(again, name, value)
    return again


def refusal(slug, status=409):
    return {"status": status, "body": {"type": f"/problems/{slug}"}}


LIES = {
    "another order id": lambda c: repeat(accepted(c), body={**accepted(c).body, "order_id": "1.x"}),
    "another quantity": lambda c: repeat(accepted(c), body={**accepted(c).body, "quantity": 9}),
    "accepted, then sold out": lambda c: repeat(accepted(c), **refusal("sold-out")),
    "accepted, then key reused": lambda c: repeat(accepted(c), **refusal("key-reused", 422)),
    "a word that is none": lambda c: repeat(accepted(c), **refusal("internal", 500)),
    "refused, then accepted": lambda c: repeat(accepted(c), started=0, ended=0.1, **refusal("sold-out")),
    "accepted, and not there": lambda c: repeat(accepted(c), order=Order("ghost", "k", accepted(c).order.quantity), body={
        **accepted(c).body, "order_id": "1001.ghost"}),
    "accepted for somebody else": lambda c: repeat(accepted(c), order=Order("else", "k", accepted(c).order.quantity)),
}


@pytest.mark.parametrize("lie", LIES)
def test_answers_that_do_not_fit_are_found(patient, lie):
    sale, sku, calls = patient
    with pytest.raises(AssertionError):
        check(sale.stack, sku, [*calls, LIES[lie](calls)])


def test_an_order_nobody_was_told_of_is_found(patient):
    sale, sku, calls = patient
    without = [call for call in calls if call is not accepted(calls)]
    with pytest.raises(AssertionError, match="nobody was told of"):
        check(sale.stack, sku, without)
    check(sale.stack, sku, [*without, repeat(accepted(calls), status=None, body={})])  # it may be an unknown call's


def test_an_unknown_answer_may_turn_into_any(patient):
    sale, sku, calls = patient
    doubtful = repeat(accepted(calls), started=0, ended=0.1, status=None, body={})
    check(sale.stack, sku, [doubtful, *calls])
    put_off = repeat(accepted(calls), started=0, ended=0.1, **refusal("not-admitting", 503))
    check(sale.stack, sku, [put_off, *calls])
