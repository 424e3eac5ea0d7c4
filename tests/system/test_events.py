"""GET /v1/orders/{id}/events with real servers: what a stream says, how it ends, and what thousands of them cost.

Most orders here are records written into Redis in the formats of docs/FORMATS.md, so that the test makes each change at
its moment; one test lets the daemons make them.
"""
import base64
import contextlib
import hashlib
import hmac
import itertools
import json
import resource
import selectors
import socket
import time

import pytest

from daemons import running, until
from stack import Stack

KEY = "k" * 40
MANY = 2000
TICK_S = 0.02  # watched orders are read again this often
USER = {"X-User-Id": "ann"}
HEARTBEAT = {"FLASH_ENGINE_EVENT_HEARTBEAT": "100ms", "FLASH_HTTP_IDLE_TIMEOUT": "1s"}
numbers = itertools.count(9000)


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("events") / "stack") as private:
        private.migrate("up")
        yield private


@pytest.fixture(scope="module")
def engine(stack):
    with running(stack, "engine", FLASH_ENGINE_WORKERS=1, **HEARTBEAT) as daemon:
        yield daemon


@pytest.fixture
def many_files():
    """MANY sockets here and as many in the daemon that is started meanwhile."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, MANY + 500), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class Orders:
    """A SKU's orders as records in Redis, of ann's unless another user is named."""

    def __init__(self, stack):
        self.redis, self.sku = stack.redis(decode_responses=True), next(numbers)
        self.redis.hset(f"flash:{{{self.sku}}}:stock", mapping={
            "generation": 1, "available": 100, "base": 100, "inflow": 0, "starts": 0, "ends": 4102444800000, "limit": 0,
            "hold": 1800, "sale": 1, "title": "t", "threshold": 0, "last": 0,
            "gate": f"open:1:{self.redis.info('server')['run_id']}"})

    def put(self, letter, *refs, user="ann"):
        """Each order is now in this state; returns the first one's id."""
        seconds, micros = self.redis.time()
        record = f"{letter}1:1:{seconds * 1000000 + micros}:{seconds + 1800}:{user}"
        self.redis.hset(f"flash:{{{self.sku}}}:orders", mapping={ref: record for ref in refs})
        return f"{self.sku}.{refs[0]}"


class Stream:
    """One client of one stream."""

    def __init__(self, engine, order, receive_buffer=None, **headers):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(30)
        self.socket.connect(("127.0.0.1", engine.port))
        lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in {**USER, **headers}.items())
        self.socket.sendall(f"GET /v1/orders/{order}/events HTTP/1.1\r\nHost: x\r\n{lines}\r\n".encode())
        self.text, self.status, self.over = "", None, False
        self.events, self.comments = [], 0

    def read(self):
        """Takes what is there, at least something."""
        try:
            got = self.socket.recv(65536).decode()
        except ConnectionResetError:
            got = ""
        self.over = not got
        self.text += got
        if self.status is None and "\r\n\r\n" in self.text:
            self.head, self.text = self.text.split("\r\n\r\n", 1)
            self.status = int(self.head.split()[1])
        while self.status == 200 and "\n\n" in self.text:
            block, self.text = self.text.split("\n\n", 1)
            self._take(dict(line.split(": ", 1) if ": " in line else (line, "") for line in block.split("\n")))

    def _take(self, block):
        if "data" in block:
            assert block["event"] == "status" and set(block) == {"id", "event", "data"}, block
            data = json.loads(block["data"])
            assert data["version"] == int(block["id"])
            self.events.append(data)
        elif "retry" not in block:
            assert block == {":": ""}, block
            self.comments += 1

    def until(self, condition):
        end = time.monotonic() + 30
        while not condition():
            assert not self.over and time.monotonic() < end, (self.status, self.text, self.states())
            self.read()
        return self

    def opened(self):
        return self.until(lambda: self.status is not None)

    def await_events(self, count):
        """The states of the events once there are so many."""
        self.until(lambda: len(self.events) >= count)
        return self.states()

    def states(self):
        return [event["status"] for event in self.events]

    def await_end(self):
        """All states it told, to its end."""
        while not self.over:
            self.read()
        return self.states()

    def close(self):
        self.socket.close()


@contextlib.contextmanager
def listening(*arguments, **headers):
    stream = Stream(*arguments, **headers)
    try:
        yield stream
    finally:
        stream.close()


def streams_open(engine):
    return engine.metric("flash_engine_streams")


# ---- what a stream says ----

def test_an_order_through_all_daemons(stack):
    with running(stack, "engine") as engine, running(stack, "admin") as admin:
        sku = next(numbers)
        window = {"starts_at": "2020-01-01T00:00:00Z", "ends_at": "2090-01-01T00:00:00Z"}
        assert admin.ask("POST", "/inventory", {"product_id": str(sku), "quantity": 5})[0] == 201
        sale = {**window, "per_user_limit": 4, "hold_seconds": 1800}
        assert admin.ask("PUT", f"/v1/sales/{sku}", sale)[0] == 201
        status, _, order = engine.ask("POST", "/v1/orders", {"sku": str(sku), "quantity": 2},
                                      {**USER, "Idempotency-Key": "k"})
        assert status == 202
        with listening(engine, order["order_id"]) as stream:
            assert stream.await_events(1) == ["QUEUED"]
            with running(stack, "consumer"):
                assert stream.await_events(2) == ["QUEUED", "CREATED"]
                assert stream.events[-1] == engine.ask("GET", f"/v1/orders/{order['order_id']}", headers=USER)[2]
                assert engine.ask("POST", f"/v1/orders/{order['order_id']}/cancel", headers=USER)[0] == 202
                told = stream.await_end()
        assert told[:2] == ["QUEUED", "CREATED"] and told[-1] == "CANCELLED"
        assert told[2:-1] in ([], ["CANCELLING"])
        assert [event["version"] for event in stream.events] == sorted({event["version"] for event in stream.events})


def test_the_head(stack, engine):
    order = Orders(stack).put("C", "a")
    with listening(engine, order) as stream:
        stream.await_events(1)
        head = stream.head.lower()
        assert head.startswith("http/1.1 200 ok\r\n")
        for line in ("content-type: text/event-stream", "cache-control: no-store", "connection: close"):
            assert line in head
        assert "content-length" not in head and "transfer-encoding" not in head
    status, headers, _ = engine.ask("HEAD", f"/v1/orders/{order}/events", headers=USER)
    assert status == 200 and headers["Content-Type"] == "text/event-stream"
    assert engine.ask("POST", f"/v1/orders/{order}/events", headers=USER)[0] == 405


def test_last_event_id(stack, engine):
    orders = Orders(stack)
    order = orders.put("C", "a")
    with listening(engine, order) as stream:
        stream.await_events(1)
        version = stream.events[0]["version"]
    with listening(engine, order, Last_Event_ID=version) as known, listening(engine, order, Last_Event_ID=1) as behind:
        assert behind.await_events(1) == ["CREATED"]
        known.until(lambda: known.comments)
        assert known.events == []
        orders.put("P", "a")
        assert known.await_events(1) == ["PAID"]
        assert behind.await_events(2) == ["CREATED", "PAID"]


@pytest.mark.parametrize("letter, state", [("X", "CANCELLED"), ("D", "EXPIRED"), ("T", "RETURNED"), ("L", "FAILED"),
                                           ("S", "FAILED")])
def test_the_last_state_ends_it(stack, engine, letter, state):
    orders = Orders(stack)
    order = orders.put("C", "a")
    with listening(engine, order) as stream:
        stream.await_events(1)
        orders.put(letter, "a")
        assert stream.await_end() == ["CREATED", state]
    version = stream.events[-1]["version"]
    with listening(engine, order, Last_Event_ID=2) as again:
        again.opened()
        again.until(lambda: again.events)
        assert again.states() == [state]
    status, _, body = engine.ask("GET", f"/v1/orders/{order}/events", headers={**USER, "Last-Event-ID": str(version)})
    assert (status, body) == (204, "")
    until(lambda: streams_open(engine) == 0, "the stream is still counted")


def test_foreign_and_absent_orders_look_alike(stack, engine):
    orders = Orders(stack)
    foreign = orders.put("C", "a", user="bob")
    answers = []
    for order in (foreign, f"{orders.sku}.none", "9999999.none", "nonsense"):
        status, _, body = engine.ask("GET", f"/v1/orders/{order}/events", headers=USER)
        del body["request_id"]
        answers.append((status, body))
    assert answers[0][0] == 404 and all(answer == answers[0] for answer in answers)
    seen = engine.ask("GET", f"/v1/orders/{foreign}", headers=USER)
    assert seen[0] == 404 and seen[2]["detail"] == answers[0][1]["detail"]


def test_an_order_that_vanishes_ends_it(stack, engine):
    orders = Orders(stack)
    with listening(engine, orders.put("C", "a")) as stream:
        stream.await_events(1)
        orders.redis.hdel(f"flash:{{{orders.sku}}}:orders", "a")
        assert stream.await_end() == ["CREATED"]


# ---- who may listen, and for how long ----

def token(user, seconds):
    def part(value):
        return base64.urlsafe_b64encode(value).rstrip(b"=")
    claims = {"sub": user, "aud": "flashgate", "exp": int(time.time()) + seconds}
    text = part(json.dumps({"alg": "HS256", "typ": "JWT"}).encode()) + b"." + part(json.dumps(claims).encode())
    return (text + b"." + part(hmac.new(KEY.encode(), text, hashlib.sha256).digest())).decode()


def test_a_stream_lives_no_longer_than_its_token(stack):
    order = Orders(stack).put("C", "a")
    with running(stack, "engine", FLASH_AUTH_MODE="jwt", FLASH_AUTH_KEY_1=KEY, **HEARTBEAT) as engine:
        assert engine.ask("GET", f"/v1/orders/{order}/events")[0] == 401
        foreign = {"Authorization": f"Bearer {token('bob', 60)}"}
        assert engine.ask("GET", f"/v1/orders/{order}/events", headers=foreign)[0] == 404
        started = time.time()
        with listening(engine, order, Authorization=f"Bearer {token('ann', 3)}") as stream:
            assert stream.await_end() == ["CREATED"]
        assert stream.comments and 1 < time.time() - started < 10


def test_heartbeats_keep_it_past_the_idle_timeout(stack, engine):
    orders = Orders(stack)
    with listening(engine, orders.put("C", "a")) as stream:
        started = time.monotonic()
        stream.until(lambda: time.monotonic() - started > 2.5)  # idle_timeout is 1 s
        assert 10 <= stream.comments <= 30  # one each 100 ms
        orders.put("P", "a")
        assert stream.await_events(2) == ["CREATED", "PAID"]


def test_the_limit_and_a_place_that_becomes_free(stack):
    order = Orders(stack).put("C", "a")
    with running(stack, "engine", FLASH_ENGINE_WORKERS=1, FLASH_ENGINE_MAX_STREAMS=2) as engine:
        first, second = Stream(engine, order), Stream(engine, order)
        first.await_events(1), second.await_events(1)
        status, headers, body = engine.ask("GET", f"/v1/orders/{order}/events", headers=USER)
        assert status == 503 and body["type"] == "/problems/unavailable" and headers["Retry-After"] == "1"
        first.close()
        until(lambda: streams_open(engine) == 1, "its client has left")
        with listening(engine, order) as third:
            assert third.await_events(1) == ["CREATED"]
        second.close()
        until(lambda: streams_open(engine) == 0, "all have left")


def test_a_reader_that_takes_nothing_is_dropped(stack):
    """It takes a while until a window of the least size is full of comments."""
    order = Orders(stack).put("C", "a")
    with running(stack, "engine", FLASH_ENGINE_EVENT_HEARTBEAT="10ms", FLASH_HTTP_IDLE_TIMEOUT="1s") as engine:
        with listening(engine, order, 1) as deaf, listening(engine, order) as stream:
            until(lambda: streams_open(engine) == 2, "both are open")
            until(lambda: stream.read() or streams_open(engine) == 1, "the deaf one is open")
            comments = stream.comments
            stream.until(lambda: stream.comments > comments)
            assert deaf.events == []


def test_streams_outlive_redis_away(stack, engine):
    orders = Orders(stack)
    with listening(engine, orders.put("C", "a")) as stream:
        stream.await_events(1)
        stack.stop("redis")
        comments = stream.comments
        stream.until(lambda: stream.comments > comments + 30)  # past the reply timeout of 2 s
        stack.cont("redis")
        orders.put("P", "a")
        assert stream.await_events(2) == ["CREATED", "PAID"]


# ---- thousands ----

class Crowd:
    """MANY streams on one worker, each of an order of its own."""

    def __init__(self, engine, orders):
        self.refs = [f"r{i}" for i in range(MANY)]
        orders.put("C", *self.refs)
        self.selector, self.streams = selectors.DefaultSelector(), []
        for ref in self.refs:
            stream = Stream(engine, f"{orders.sku}.{ref}")
            self.selector.register(stream.socket, selectors.EVENT_READ, stream)
            self.streams.append(stream)

    def until(self, condition, seconds=180):
        """Reads all of them until condition holds for each."""
        end, waiting = time.monotonic() + seconds, {stream for stream in self.streams if not condition(stream)}
        while waiting:
            assert time.monotonic() < end, (len(waiting), next(iter(waiting)).states())
            for key, _ in self.selector.select(1):
                key.data.read()
                if key.data.over:
                    self.selector.unregister(key.fileobj)
                if condition(key.data):
                    waiting.discard(key.data)

    def close(self):
        for stream in self.streams:
            stream.close()


def test_thousands_cost_no_call_each(stack, many_files):
    orders = Orders(stack)
    settings = {"FLASH_ENGINE_WORKERS": 1, "FLASH_HTTP_MAX_CONNECTIONS_PER_ADDRESS": MANY + 100}
    with running(stack, "engine", **settings) as engine:
        crowd = Crowd(engine, orders)
        crowd.until(lambda stream: stream.events)
        until(lambda: streams_open(engine) == MANY, lambda: streams_open(engine))

        def calls():
            return engine.metric("flash_engine_status_calls_total")

        before, started = calls(), time.monotonic()
        orders.put("P", *crowd.refs)
        crowd.until(lambda stream: len(stream.events) == 2)
        took, spent = time.monotonic() - started, calls() - before
        print(f"{MANY} changes told within {took * 1000:.0f} ms by {spent:.0f} calls")
        assert all(stream.states() == ["CREATED", "PAID"] for stream in crowd.streams)
        assert spent <= took / TICK_S + 10  # the clock's, not the crowd's

        before, started = calls(), time.monotonic()
        for ref in crowd.refs[:3]:
            orders.put("R", ref)
        watched = crowd.streams[:3]
        while any(len(stream.events) < 3 for stream in watched):
            assert time.monotonic() < started + 120
            for stream in watched:
                if len(stream.events) < 3:
                    stream.read()
        took, spent = time.monotonic() - started, calls() - before
        print(f"3 changes among {MANY} told within {took * 1000:.0f} ms by {spent:.0f} calls")
        assert spent <= took / TICK_S + 10

        engine.signal(15)  # TERM: every stream ends, and the daemon does
        crowd.until(lambda stream: stream.over)
        assert engine.process.wait(30) == 0
        crowd.close()


def test_many_leave_at_once(stack, many_files):
    orders = Orders(stack)
    settings = {"FLASH_ENGINE_WORKERS": 1, "FLASH_HTTP_MAX_CONNECTIONS_PER_ADDRESS": MANY + 100}
    with running(stack, "engine", **settings) as engine:
        crowd = Crowd(engine, orders)
        crowd.until(lambda stream: stream.events)
        crowd.close()
        until(lambda: streams_open(engine) == 0, lambda: streams_open(engine))
        with listening(engine, orders.put("C", "one")) as stream:
            assert stream.await_events(1) == ["CREATED"]
