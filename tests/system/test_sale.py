"""A sale without faults: thousands of buyers, sold out, limits, the order page, the sale page, a storm of retries, an
engine that is stopped in the middle of it.
"""
import collections
import itertools
import re
import signal
import socket
import threading
import time

import pytest

from books import read_quiet
from buyers import Order, encode
from daemons import until
from sale import Sale
from stack import Stack
from topic import PARTITIONS, Topic
from volley import Request, volley

STORM_KEYS, STORM_CONNECTIONS = 200, 50


@pytest.fixture(scope="module")
def sale(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("sale") / "stack") as stack:
        stack.migrate("up")
        with Sale(stack) as everything:
            yield everything


def words(calls):
    return collections.Counter(call.word for call in calls)


# ---- the sale ----

def test_thousands_buy_until_all_is_sold(sale):
    units = 3000
    sku = sale.put_on_sale(units=units, limit=2)
    crowd = [Order(f"u{i}", f"k{i}", 1 + i % 2) for i in range(4000)]
    first = sale.buy(sku, crowd)
    assert words(first).keys() == {"accepted", "sold-out"}
    sold = sum(call.order.quantity for call in first if call.word == "accepted")
    late = sale.buy(sku, [Order(f"late{i}", "k", 1) for i in range(units - sold + 10)])
    assert words(late)["accepted"] == units - sold
    again = sale.buy(sku, crowd)
    assert [call.word for call in sorted(again, key=lambda call: int(call.order.user[1:]))] == [
        call.word for call in sorted(first, key=lambda call: int(call.order.user[1:]))]
    books = sale.check(sku)
    assert books.available == int(books.stock["available"]) == 0 and books.reserved == units
    assert sale.engine.ask("GET", f"/v1/sales/{sku}")[2]["state"] == "sold-out"


def test_batches_are_decided_line_by_line(sale):
    """Forty batches, each sent twice at the same moment: one outcome an order, no unit too many, and a retry learns the first answer."""
    sku = sale.put_on_sale(units=2000, limit=1)
    batches = [{"product_id": str(sku), "orders": [{"order_id": f"b{n}-{i}", "user_id": f"v{n}-{i // 2}", "quantity": 1}
                                                   for i in range(128)]} for n in range(40)]
    ask = Request(True, "POST", "/inventory/reserve/batch", None)
    answers = volley(sale.engine, [ask._replace(body=body) for body in batches for _ in range(2)])
    assert {status for status, _ in answers} == {200}
    accepted = set()
    for body, (_, first), (_, second) in zip(batches, answers[::2], answers[1::2]):
        ids = [f"{sku}.{order['order_id']}" for order in body["orders"]]
        assert [order["order_id"] for order in first["orders"]] == [order["order_id"] for order in second["orders"]] == ids
        for one, two in zip(first["orders"], second["orders"]):
            assert one.get("refused") in (None, "limit-reached", "sold-out") and one.get("refused") == two.get("refused")
            if "status" in one:
                accepted.add(one["order_id"])
    assert len(accepted) == 2000
    until(lambda: sale.redis.xlen(sale.key(sku, "journal")) == 0, "the journal is not empty")
    books = read_quiet(sale.stack, [sku])[sku]
    books.check()
    assert set(books.rows) == accepted and (books.available, books.reserved) == (0, 2000)


def test_nobody_gets_more_than_the_limit(sale):
    """Every buyer tries six single units, or three times two, with keys of their own, at the same time."""
    sku = sale.put_on_sale(units=100000, limit=3)
    singles = [Order(f"one{i}", f"k{n}", 1) for n in range(6) for i in range(200)]
    pairs = [Order(f"two{i}", f"k{n}", 2) for n in range(3) for i in range(200)]
    greedy = [Order(f"greedy{i}", "k", 4) for i in range(20)]
    calls = sale.buy(sku, [order for some in itertools.zip_longest(singles, pairs, greedy) for order in some if order])
    assert words(calls) == {"accepted": 200 * 3 + 200 * 1, "limit-reached": 200 * 3 + 200 * 2 + 20}
    books = sale.check(sku)
    assert set(books.users.values()) == {3, 2}


@pytest.mark.parametrize("window_s, word", [((600, 3600), "not-started"), ((-3600, -1), "ended")])
def test_outside_the_window_nothing_is_sold(sale, window_s, word):
    sku = sale.put_on_sale(units=10, window_s=window_s)
    status, headers, body = sale.order(sku)
    assert (status, body["type"]) == (409, f"/problems/{word}") and body["request_id"]
    assert headers.get("Retry-After") == ("1" if word == "not-started" else None)
    state = {"not-started": "upcoming", "ended": "ended"}[word]
    assert sale.engine.ask("GET", f"/v1/sales/{sku}")[2]["state"] == state
    assert sale.redis.hget(sale.key(sku, "stock"), "available") == "10"


def test_an_unknown_sku_is_told_so(sale):
    status, _, body = sale.order(999999)
    assert (status, body["type"]) == (404, "/problems/unknown-sku")


# ---- one order ----

def get(sale, order, user="u", **headers):
    return sale.engine.ask("GET", f"/v1/orders/{order}", headers={"X-User-Id": user, **headers})


def test_an_order_and_its_page(sale):
    sku = sale.put_on_sale(hold_s=600)
    status, headers, made = sale.order(sku, quantity=2)
    order = made["order_id"]
    assert status == 202 and headers["Location"] == f"/v1/orders/{order}" and headers["Retry-After"] == "1"
    assert made["status"] == "QUEUED" and made["sku"] == str(sku) and made["quantity"] == 2
    until(lambda: get(sale, order)[2]["status"] == "CREATED", "not created")
    status, headers, page = get(sale, order)
    assert status == 200 and headers["ETag"] == f'"{page["version"]}"' and headers["Cache-Control"] == "no-store"
    assert page["pay_by"] > page["updated_at"] and page["quantity"] == 2
    for tag in (headers["ETag"], "W/" + headers["ETag"], f'"77", {headers["ETag"]}', "*"):
        status, again, body = get(sale, order, **{"If-None-Match": tag})
        assert (status, body) == (304, "") and again["ETag"] == headers["ETag"], tag
    assert get(sale, order, **{"If-None-Match": '"77"'})[0] == 200
    for missing in ((order, "somebody else"), (f"{sku}.{'x' * 22}", "u"), (f"999999.{'x' * 22}", "u"), ("nonsense", "u")):
        status, _, body = get(sale, *missing)
        assert (status, body["type"], body["detail"]) == (404, "/problems/not-found", "No such order."), missing
    assert sale.order(sku, quantity=2)[2] == page  # the same key again: today's status


def test_an_order_id_may_hold_what_a_path_must_escape(sale):
    sku, own = sale.put_on_sale(), "A/17?#%:+"
    path = f"/v1/orders/{sku}.A%2F17%3F%23%25:+"
    status, headers, made = sale.engine.ask("POST", "/inventory/reserve", {
        "product_id": str(sku), "order_id": own, "user_id": "u", "quantity": 1}, internal=True)
    assert (status, made["order_id"], headers["Location"]) == (202, f"{sku}.{own}", path)
    everywhere = f"/v1/orders/{sku}." + "".join(f"%{byte:02x}" for byte in own.encode())
    for named in (path, everywhere):
        until(lambda at=named: sale.engine.ask("GET", at, headers={"X-User-Id": "u"})[2]["status"] == "CREATED", "not created")
    assert sale.engine.ask("GET", f"/inventory/reservations/{sku}/" + everywhere.partition(".")[2], internal=True)[2]["quantity"] == 1
    assert sale.engine.ask("POST", everywhere + "/pay", {"payment_id": "p"}, internal=True)[0] == 200
    status, _, problem = sale.engine.ask("POST", path + "/cancel", headers={"X-User-Id": "u"})
    assert (status, problem["type"], problem["state"]) == (409, "/problems/wrong-state", "PAID")


def test_a_trace_goes_on_in_the_log(sale):
    """An entry's message carries the traceparent of the request that made it: one taken over, one started."""
    sku = sale.put_on_sale(units=10)
    taken = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    path = sale.order(sku, key="traced", traceparent=taken)[1]["location"]
    sale.until_settled(sku)
    assert sale.engine.ask("POST", f"{path}/cancel", None, {"X-User-Id": "u"})[0] == 202
    sale.until_settled(sku)
    log = Topic(sale.stack)
    messages = [message for partition in range(PARTITIONS) for message in log.messages(partition) if message.key == str(sku).encode()]
    traces = {message.headers["ce_type"]: message.headers["traceparent"] for message in messages}
    assert traces[b"flashgate.reserve"] == taken.encode()
    started = traces[b"flashgate.cancel"]
    assert re.fullmatch(rb"00-[0-9a-f]{32}-[0-9a-f]{16}-00", started) and started != taken.encode()


def test_the_page_can_wait_for_the_next_state(sale):
    sku = sale.put_on_sale()
    sale.freeze("consumer")
    try:
        order = sale.order(sku)[2]["order_id"]
        tag = get(sale, order)[1]["ETag"]
        began = time.monotonic()
        status, _, _ = get(sale, order, **{"Prefer": "wait=1", "If-None-Match": tag})
        assert status == 304 and time.monotonic() - began > 0.9
        began = time.monotonic()
        with socket.create_connection(("127.0.0.1", sale.engine.port), timeout=120) as waiting:
            waiting.sendall((f"GET /v1/orders/{order} HTTP/1.1\r\nHost: t\r\nX-User-Id: u\r\nPrefer: respond-async, wait=30\r\n"
                             f"If-None-Match: {tag}\r\n\r\n").encode())
            until(lambda: sale.engine.metric("flash_engine_waiting") == 1, "nobody waits")
            sale.thaw("consumer")
            assert b'"status":"CREATED"' in waiting.recv(4096)
        assert time.monotonic() - began < 25, "it waited to the end"
    finally:
        sale.thaw("consumer")
    for wrong in ("wait=31", "wait=-1", "wait=x", "wait="):
        status, _, body = get(sale, order, Prefer=wrong)
        assert (status, body["type"]) == (400, "/problems/bad-prefer"), wrong


# ---- the sale page ----

def test_the_sale_page(sale):
    sku = sale.put_on_sale(units=1234, limit=7)
    status, headers, page = sale.engine.ask("GET", f"/v1/sales/{sku}")
    assert status == 200 and headers["Cache-Control"] == "no-cache"
    assert (page["state"], page["available"], page["per_user_limit"], page["sku"]) == ("open", 1200, 7, str(sku))
    assert page["starts_at"] < page["server_time"] < page["ends_at"]
    sale.order(sku, quantity=7)
    until(lambda: check_stock(sale, sku)["available"] == 1227, "the page does not follow")
    assert sale.engine.ask("HEAD", f"/v1/sales/{sku}")[::2] == (200, "")
    for absent in ("999999", "0", "x", "9" * 20):
        status, _, body = sale.engine.ask("GET", f"/v1/sales/{absent}")
        assert (status, body["type"]) == (404, "/problems/unknown-sku"), absent


def check_stock(sale, sku):
    status, _, body = sale.engine.ask("GET", f"/inventory/check/{sku}")
    assert status == 200, body
    return body


def test_availability_one_and_many(sale):
    some, none = sale.put_on_sale(units=5), sale.put_on_sale(units=1)
    assert sale.order(none)[0] == 202
    until(lambda: check_stock(sale, none)["available"] == 0, "the last unit is still shown")
    one = check_stock(sale, some)
    assert (one["product_id"], one["available"], one["in_stock"]) == (str(some), 5, True)
    asked = [str(none), "999999", str(some), str(none)]
    right = [(str(none), 0, False), ("999999", None, False), (str(some), 5, True), (str(none), 0, False)]

    def batch():
        status, _, body = sale.engine.ask("POST", "/inventory/check/batch", {"product_ids": asked})
        return status == 200 and [(row["product_id"], row["available"], row["in_stock"]) for row in body["products"]]

    until(lambda: batch() == right, batch)  # each worker's reading is up to 100 ms old
    status, _, body = sale.engine.ask("POST", "/inventory/check/batch", {"product_ids": [str(some)] * 100})
    assert status == 200 and len(body["products"]) == 100
    assert sale.engine.ask("POST", "/inventory/check/batch", {"product_ids": [str(some)] * 101})[0] == 400


# ---- retries ----

def answers_of(sockets):
    """[(status, body)], one of each socket, by a client that reads one connection after the other."""
    return [read_answer(connection) for connection in sockets]


def read_answer(connection):
    data = b""
    while b"\r\n\r\n" not in data:
        data += receive(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    while len(body) < length:
        body += receive(connection)
    return int(head[9:12]), body


def receive(connection):
    data = connection.recv(4096)
    assert data, "the connection was closed"
    return data


def test_a_storm_of_retries_is_one_order(sale):
    """Each key on all connections at the same moment; they are spread over the workers by the kernel."""
    sku = sale.put_on_sale(units=100000, limit=5)
    sockets = [socket.create_connection(("127.0.0.1", sale.engine.port), timeout=120) for _ in range(STORM_CONNECTIONS)]
    ids = set()
    for n in range(STORM_KEYS):
        request = encode(Order(f"u{n}", "same-key", 2), sku)
        for connection in sockets:
            connection.sendall(request)
        answers = answers_of(sockets)
        assert {status for status, _ in answers} == {202}, answers
        orders = {body.split(b'"order_id":"')[1].split(b'"')[0] for _, body in answers}
        assert len(orders) == 1
        ids |= orders
    other = encode(Order("u0", "same-key", 3), sku)
    for connection in sockets:
        connection.sendall(other)
    assert {(status, b"key-reused" in body) for status, body in answers_of(sockets)} == {(422, True)}
    for connection in sockets:
        connection.close()
    sale.buy(sku, [Order(f"u{n}", "same-key", 2) for n in range(STORM_KEYS)])
    books = sale.check(sku)
    assert {order.encode() for order in books.rows} == ids and len(ids) == STORM_KEYS
    assert sum(row.lines for row in books.log) == STORM_KEYS


def test_a_key_belongs_to_its_user_and_its_content(sale):
    one, other = sale.put_on_sale(), sale.put_on_sale()
    mine = sale.order(one, "anna", "k", 1)[2]["order_id"]
    assert sale.order(one, "bert", "k", 1)[2]["order_id"] != mine
    assert sale.order(other, "anna", "k", 1)[2]["order_id"] != mine
    status, _, body = sale.order(one, "anna", "k", 2)
    assert (status, body["type"]) == (422, "/problems/key-reused")
    assert sale.order(one, "anna", "k", 1)[2]["order_id"] == mine


def test_a_stop_waits_for_the_internal_listener_too(sale):
    """SIGTERM while a gateway's orders are on their way through Redis, and no buyer is connected."""
    sku = sale.put_on_sale()
    assert sale.stop("engine") == 0
    sale.start("engine", FLASH_ENGINE_WORKERS=1, FLASH_REDIS_REPLY_TIMEOUT="60s")
    engine, answers = sale.engine, []
    assert sale.order(sku)[0] == 202
    body = {"product_id": str(sku), "orders": [{"order_id": f"o{n}", "user_id": f"u{n}", "quantity": 1} for n in range(9)]}
    asker = threading.Thread(target=lambda: answers.append(engine.ask("POST", "/inventory/reserve/batch", body, internal=True)))
    calls = engine.metric("flash_engine_reserve_calls_total")
    sale.stack.stop("redis")
    try:
        asker.start()
        until(lambda: engine.metric("flash_engine_reserve_calls_total") > calls, "they do not go out")
        engine.signal(signal.SIGTERM)
        until(lambda: engine.said("engine.draining"), lambda: engine.lines)
    finally:
        sale.stack.cont("redis")
    asker.join()
    assert answers[0][0] == 200 and {order["status"] for order in answers[0][2]["orders"]} == {"QUEUED"}, answers
    assert sale.stop("engine") == 0
    assert sale.ended[-1].said("engine.stopped")[0]["messages_left_to_the_journal"] == 0
    sale.start("engine")
    assert len(read_quiet(sale.stack, [sku])[sku].rows) == 10


# ---- stopping ----

@pytest.mark.parametrize("seconds", [0.3, 0.5])
def test_an_engine_that_is_stopped_answers_what_it_has_accepted(sale, seconds):
    """SIGTERM in the middle of the crowd: every order in Redis was answered with 202, and none waits in the journal."""
    sku = sale.put_on_sale(units=100000, limit=1)
    before = sale.engine.metric('flash_engine_orders_total{outcome="accepted"}')
    crowd = threading.Thread(target=sale.buy, args=(sku, [Order(f"u{i}", "k", 1) for i in range(20000)]))
    crowd.start()
    until(lambda: sale.engine.metric('flash_engine_orders_total{outcome="accepted"}') > before + 1000 * seconds, "no crowd")
    assert sale.stop("engine") == 0
    crowd.join()
    stopped = [line for line in sale.ended[-1].said("engine.stopped")]
    assert stopped and stopped[0]["messages_left_to_the_journal"] == 0, stopped
    told = {call.body["order_id"].partition(".")[2] for call in sale.calls if call.sku == sku and call.word == "accepted"}
    assert told == set(sale.redis.hkeys(sale.key(sku, "orders")))
    assert 0 < len(told) < 20000
    sale.start("engine")
    assert sale.stop("consumer") == 0
    sale.start("consumer")
    sale.check(sku)
