"""Bad requests, as bytes, at the public listener of a real engine: what each is answered, and that nothing was changed by any.

The tables are bad_requests.py and bad_tokens.py. Two engines take them, one without tokens and one with, on one Redis; no
consumer runs, so whatever an order would leave stays to be seen. The engines are of the build with sanitizers, if there is one.
"""
import contextlib
import json
import os
import re
import socket
import time

import pytest

from bad_requests import EXISTING, GOOD, KEY, OPEN, OTHER, SKU, USER, order
from bad_tokens import GOOD_TOKEN, SECRET, TOKENS, bearer, token
from daemons import BUILD, running
from stack import Stack

ENGINE_BUILD = os.environ.get("FLASH_BUILD_ASAN") or BUILD
UNITS = 1000
PATIENCE_S = 20
MEMBERS = {"type", "title", "status", "detail", "request_id"}
TELLTALES = ("server", "x-powered-by", "via")
PROBE = b"GET /inventory/check/%d HTTP/1.1\r\nHost: shop\r\n\r\n" % SKU
SETTINGS = {"FLASH_ENGINE_WORKERS": 2, "FLASH_HTTP_HEADER_TIMEOUT": "500ms", "FLASH_HTTP_BODY_TIMEOUT": "500ms"}
TWO = {"open": {}, "jwt": {"FLASH_AUTH_MODE": "jwt", "FLASH_AUTH_KEY_1": SECRET.decode()}}


# ---- the shop ----

def put_on_sale(admin, sku):
    at = [time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds)) for seconds in (-60, 3600)]
    assert admin.ask("POST", "/inventory", {"product_id": str(sku), "quantity": UNITS})[0] == 201
    assert admin.ask("PUT", f"/v1/sales/{sku}", {"starts_at": at[0], "ends_at": at[1], "per_user_limit": UNITS})[0] == 201


def dump(redis):
    """Everything in Redis, byte by byte, but the engines' heartbeats."""
    return {key: redis.dump(key) for key in sorted(redis.scan_iter(count=1000)) if key != b"flash:{0}:engines"}


class Shop:
    """Both engines, and Redis as it was before the table."""

    def __init__(self, stack, engines):
        self.engines, self.redis, self.seen = engines, stack.redis(), set()
        made = Client(engines["open"]).only(order(GOOD.replace(b"%d" % SKU, b"%d" % OTHER)))
        assert (made.status, made.json["order_id"].encode()) == (202, EXISTING), made
        self.before = dump(self.redis)

    def stock(self, sku, name):
        return self.redis.hget(f"flash:{{{sku}}}:stock", name)


def open_shop(folder, closing):
    stack = closing.enter_context(Stack(folder))
    stack.migrate("up")
    with running(stack, "admin") as admin:
        put_on_sale(admin, SKU)
        put_on_sale(admin, OTHER)
    return Shop(stack, {name: closing.enter_context(running(stack, "engine", build=ENGINE_BUILD, **SETTINGS, **settings))
                        for name, settings in TWO.items()})


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """If it cannot be opened, each row says so in a line and not in a page."""
    with contextlib.ExitStack() as closing:
        try:
            opened = open_shop(tmp_path_factory.mktemp("bad") / "stack", closing)
        except Exception as error:
            pytest.fail(f"the shop does not open: {error!r}", pytrace=False)
        yield opened


# ---- a client that sends what it is told ----

class Answer:
    def __init__(self, head, body):
        lines = head.decode("latin-1").split("\r\n")
        assert re.fullmatch(r"HTTP/1\.1 \d{3} [A-Z][A-Za-z -]+", lines[0]), lines
        self.status, self.body = int(lines[0][9:12]), body
        pairs = [line.split(": ", 1) for line in lines[1:]]
        self.headers = {name.lower(): value for name, value in pairs}
        assert len(self.headers) == len(pairs), lines

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def problem(self):
        """The slug; None if the answer is no problem or has no body."""
        if self.headers.get("content-type") != "application/problem+json" or not self.body:
            return None
        return self.json["type"].removeprefix("/problems/")

    def __repr__(self):
        return f"{self.status} {self.headers} {self.body}"


class Client:
    """One connection."""

    def __init__(self, engine):
        self.socket = socket.create_connection(("127.0.0.1", engine.port), timeout=PATIENCE_S)
        self.data = b""

    def send(self, raw):
        try:
            self.socket.sendall(raw)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before it was all sent; what was answered is still to be read

    def _more(self):
        more = self.socket.recv(65536)
        self.data += more
        return more

    def answer(self, has_body=True):
        """The next answer; None at the connection's end."""
        while b"\r\n\r\n" not in self.data:
            if not self._more():
                assert not self.data, f"half an answer: {self.data}"
                return None
        head, _, rest = self.data.partition(b"\r\n\r\n")
        length = int((re.search(rb"\r\nContent-Length: (\d+)", head) or [0, 0])[1]) if has_body else 0
        while len(rest) < length:
            assert self._more(), f"half a body: {self.data}"
            rest = self.data.partition(b"\r\n\r\n")[2]
        self.data = rest[length:]
        return Answer(head, rest[:length])

    def is_closed(self):
        """Whether the server has ended the connection; if not, it must answer one request more."""
        self.send(PROBE)
        try:
            following = self.answer()
        except ConnectionResetError:
            return True
        assert following is None or following.status == 200, following
        return following is None

    def only(self, raw):
        """The one answer to one request."""
        self.send(raw)
        found = self.answer()
        self.socket.close()
        return found


def check_answer(shop, answer):
    """What is true of every answer to a bad request."""
    request_id = answer.headers["x-request-id"]
    assert request_id not in shop.seen
    shop.seen.add(request_id)
    assert not any(name in answer.headers for name in TELLTALES), answer
    assert "flash" not in str(answer.headers).lower(), answer
    if answer.status >= 400:
        assert answer.headers["content-type"] == "application/problem+json", answer
        assert int(answer.headers["content-length"]) > 0
    if answer.status == 401:
        assert answer.headers["www-authenticate"] == "Bearer"
    if answer.status == 405:
        assert answer.headers["allow"] in ("POST", "GET, HEAD"), answer
    if answer.problem:
        body = answer.json
        assert body.keys() == MEMBERS and body["status"] == answer.status and body["request_id"] == request_id, answer
        assert body["title"] and body["detail"].isascii() and body["detail"].isprintable(), answer


def send_row(shop, which, row):
    engine = shop.engines[which]
    if engine.process.poll() is not None:
        pytest.fail(f"the engine is dead: {engine.process.poll()} {engine.lines[-3:]}", pytrace=False)
    client = Client(engine)
    client.send(row.bytes)
    for status, problem in row.answers:
        head_only = row.bytes.startswith(b"HEAD ")
        answer = client.answer(has_body=not head_only)
        assert answer, "closed without an answer"
        assert answer.status == status and (head_only or answer.problem == problem), (answer, row.bytes[:400])
        if status != 100:
            check_answer(shop, answer)
    if row.closes:
        assert answer.headers.get("connection") == "close", answer
    else:
        assert "connection" not in answer.headers, answer
    assert client.is_closed() == row.closes, (answer, row.bytes[:400])
    client.socket.close()


# ---- the tables ----

@pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in OPEN])
def test_without_tokens(shop, row):
    send_row(shop, "open", row)


@pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in TOKENS])
def test_with_tokens(shop, row):
    send_row(shop, "jwt", row)


def test_a_row_has_its_own_name():
    names = [row.name for row in OPEN] + [row.name for row in TOKENS]
    assert len(names) == len(set(names)) >= 150


@pytest.mark.parametrize("which", TWO)
def test_a_client_that_goes_is_forgotten(shop, which):
    """Half a request, then a FIN: there is nothing to answer. Half of it, then a reset: nobody to answer."""
    for reset in (False, True):
        client = Client(shop.engines[which])
        client.send(order()[:-1])
        if reset:
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            client.socket.close()
        else:
            client.socket.shutdown(socket.SHUT_WR)
            assert client.answer() is None


# ---- after the tables ----

def test_nothing_was_changed(shop):
    assert dump(shop.redis) == shop.before
    assert shop.stock(SKU, "available") == shop.stock(SKU, "base") == b"%d" % UNITS
    assert not shop.redis.exists(*(f"flash:{{{SKU}}}:{name}" for name in ("orders", "users", "due", "journal")))


@pytest.mark.parametrize("which, who", [
    pytest.param("open", b"X-User-Id: " + USER, id="user"),
    pytest.param("jwt", bearer(GOOD_TOKEN), id="token"),
    pytest.param("jwt", bearer(token(sub="bert", sku=str(SKU))), id="token of this sale"),
])
def test_a_good_order_still_works(shop, which, who):
    """The same bytes twice: one order."""
    left = int(shop.stock(SKU, "available"))
    answers = [Client(shop.engines[which]).only(order(key=b"Idempotency-Key: good-%d" % left, user=who)) for _ in range(2)]
    assert [answer.status for answer in answers] == [202, 202], answers
    assert answers[0].json["order_id"] == answers[1].json["order_id"]
    assert int(shop.stock(SKU, "available")) == left - 1


@pytest.mark.parametrize("which", TWO)
def test_it_stops_and_its_log_has_no_secrets(shop, which):
    """Exit code 0 is also the sanitizers' word. A line that is no JSON, such as their reports, has no event."""
    engine = shop.engines[which]
    assert engine.process.poll() is None
    assert engine.stop() == 0, engine.lines
    assert engine.said("engine.stopped") and all(line["event"] for line in engine.lines), engine.lines
    text = json.dumps(engine.lines)
    tokens = {found.decode() for row in TOKENS for found in re.findall(rb"ey[\w-]+\.[\w-]*\.[\w-]{20,}", row.bytes)}
    assert len(tokens) > 50
    for secret in (SECRET.decode(), KEY.decode(), *tokens):
        assert secret not in text, f"in the log: {secret}"
