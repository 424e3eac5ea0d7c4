"""The whole system under hostile names, keys and tokens: no line of a log is forged or broken, no key or token of somebody
else does anything, no secret is said. One stack, each daemon with its own account and password."""
import http.client
import json
import pathlib
import time

import pytest

from daemons import Daemon, exchange, until
from produce import Topic
from stack import Stack
from test_admin import KEY, token
from test_whole_under_acl import login, window

SKU, OTHER, NAMED = "7001", "7002", "7003"
JWT = {"FLASH_AUTH_MODE": "jwt", "FLASH_AUTH_KEY_1": KEY, "FLASH_LOG_LEVEL": "debug"}
FORGED = '\r\n{"ts":"2026-01-01T00:00:00Z","level":"error","daemon":"flash","event":"forged","ok":1}\n'
HOSTILE = [FORGED, "\x1b[2J\x1b]0;owned\x07", "\u009b31m", "%s%n%x", '","event":"forged","x":"', "\u2028\u202eevent", "\\u000a", "a\0b",
           "{" * 40, "x" * 600]
DAEMONS = {"admin": (), "consumer": (), "reconciler": ("run",), "engine": ()}


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("abuse") / "stack") as private:
        private.migrate("up")
        yield private


@pytest.fixture(scope="module")
def shop(stack):
    """{name: daemon}, with two sales."""
    started = {}
    try:
        for name, arguments in DAEMONS.items():
            started[name] = Daemon(stack, name, *arguments, **JWT, **login(stack, name))
        for daemon in started.values():
            until(daemon.is_ready, daemon.troubles)
        for sku in (SKU, OTHER):
            assert change(started, "POST", "/inventory", {"product_id": sku, "quantity": 1000})[0] == 201
            assert change(started, "PUT", f"/v1/sales/{sku}", window())[0] == 201
        yield started
    finally:
        for daemon in started.values():
            daemon.kill()


def bearer(role="buyer", sub="anna", **claims):
    return {"Authorization": f"Bearer {token(role, sub, **claims)}"}


def change(shop, method, path, body, sub="anna"):
    return shop["admin"].ask(method, path, body, bearer("admin", sub))


def order(shop, user, key, sku=SKU, quantity=1):
    return shop["engine"].ask("POST", "/v1/orders", {"sku": sku, "quantity": quantity}, {**bearer(sub=user), "Idempotency-Key": key})


# ---- keys of others, keys of one's own ----

def test_a_key_is_its_users_and_its_skus(shop):
    made = {(user, sku): order(shop, user, "same-key", sku)[2]["order_id"] for user in ("anna", "bert") for sku in (SKU, OTHER)}
    assert len(set(made.values())) == 4
    for (user, sku), order_id in made.items():
        assert order(shop, user, "same-key", sku)[2]["order_id"] == order_id, "the key again is the order again"
        other = "bert" if user == "anna" else "anna"
        for method, path in (("GET", ""), ("POST", "/cancel"), ("GET", "/events")):
            assert shop["engine"].ask(method, f"/v1/orders/{order_id}{path}", headers=bearer(sub=other))[0] == 404
        assert shop["engine"].ask("GET", f"/v1/orders/{order_id}", headers=bearer(sub=user))[0] == 200


def test_a_key_with_other_content_changes_nothing(shop, stack):
    assert order(shop, "carl", "k")[0] == 202
    before = stack.redis().hgetall(f"flash:{{{SKU}}}:stock")
    for quantity in (2, 9):
        assert order(shop, "carl", "k", quantity=quantity)[0] == 422
    assert stack.redis().hgetall(f"flash:{{{SKU}}}:stock") == before


# ---- tokens on one connection, where what was verified is remembered ----

def on(connection, text):
    return exchange(connection, "GET", f"/v1/orders/{SKU}.{'x' * 22}", headers={"Authorization": "Bearer " + text})[0]


def test_a_token_is_judged_again_on_its_own_connection(shop):
    connection = http.client.HTTPConnection("127.0.0.1", shop["engine"].port, timeout=20)
    good = token("buyer")
    assert on(connection, good) == 404
    for at in (-1, -20, -43, 40):  # in the signature, and in what is signed
        bad = list(good)
        bad[at] = "A" if bad[at] != "A" else "B"
        assert on(connection, "".join(bad)) == 401
    assert on(connection, good[:-1]) == 401 and on(connection, good + "A") == 401
    assert on(connection, good) == 404
    for claims in ({"key": "x" * 40}, {"aud": "other"}, {"exp": int(time.time()) - 1}):
        assert on(connection, token("buyer", **claims)) == 401


def test_a_token_ends_for_all_connections_in_its_second(shop):
    """Replayed after that, on the connection that knows it and on a new one."""
    ends = int(time.time()) + 2
    known, short = http.client.HTTPConnection("127.0.0.1", shop["engine"].port, timeout=20), token("buyer", exp=ends)
    assert on(known, short) == 404 or time.time() >= ends
    until(lambda: time.time() >= ends, "the clock stands")
    assert on(known, short) == 401
    assert on(http.client.HTTPConnection("127.0.0.1", shop["engine"].port, timeout=20), short) == 401


# ---- what logs say ----

def say_everything(shop, stack):
    """Hostile text wherever somebody may put some."""
    for number, text in enumerate(HOSTILE):
        printable = "".join(c for c in text if c not in "\r\n\0")
        quoted = "".join(f"%{byte:02x}" for byte in text.encode())
        for daemon in shop.values():
            daemon.ask("GET", "/" + quoted, headers=bearer("admin"))
        change(shop, "POST", "/inventory", {"product_id": f"71{number:02d}", "quantity": 1, "title": text, "low_stock_threshold": 5})
        change(shop, "POST", "/inventory/restock", {"product_id": SKU, "quantity": 1, "reason": text, "reference": f"r-{number}"})
        change(shop, "POST", "/inventory/adjust", {"product_id": SKU, "delta": -1, "reason": text, "reference": text}, sub=text)
        shop["reconciler"].ask("POST", "/v1/reconcile/pass", headers=bearer("admin", sub=text))
        latin = printable.encode().decode("latin-1")
        headers = {**bearer("internal"), "X-Request-Id": latin, "Traceparent": latin, "User-Agent": latin}
        try:
            shop["engine"].ask("POST", "/inventory/reserve", {"product_id": SKU, "order_id": text, "user_id": text, "quantity": 1}, headers,
                               internal=True)
        except (ValueError, UnicodeError):
            pass  # this client will not send such a header
        Topic(stack).send(int(SKU), text.encode())
        Topic(stack).send(int(SKU), json.dumps({"v": 1, "type": text, "sku": SKU}).encode())


def test_no_line_is_broken_or_forged(shop, stack):
    dead = shop["consumer"].metric("flash_consumer_dead_letters_total")
    say_everything(shop, stack)
    until(lambda: shop["consumer"].metric("flash_consumer_dead_letters_total") >= dead + 2 * len(HOSTILE), "no dead letters")
    until(lambda: shop["reconciler"].said("reconciler.pass_asked"), "no pass was asked for")
    until(lambda: shop["reconciler"].said("alert.stock"), "no SKU with a hostile title is low")
    for name, daemon in shop.items():
        for line in list(daemon.lines):
            assert line.get("daemon") in (name, f"flash-{name}") and line["event"] and line["ts"], line
            assert line["event"] != "forged" and line.get("level") in ("debug", "info", "warn", "error"), line


# ---- what nobody is told ----

def secrets(stack):
    for folder in ("redis", "mariadb"):
        for file in pathlib.Path(stack.folder, folder, "passwords").iterdir():
            yield file.read_text().strip()
    yield KEY


def test_no_secret_is_said(shop, stack):
    hidden = [secret for secret in secrets(stack) if len(secret) >= 8]
    assert len(hidden) >= 7
    for name, daemon in shop.items():
        texts = [json.dumps(list(daemon.lines)), pathlib.Path(f"/proc/{daemon.process.pid}/cmdline").read_text()]
        texts += [str(daemon.ask("GET", path, internal=True)[1:]) for path in ("/metrics", "/readyz", "/version", "/livez")]
        texts += [str(daemon.ask(method, "/v1/orders/x")[1:]) for method in ("GET", "POST", "DELETE")]
        assert not [secret for secret in hidden for text in texts if secret in text], name
        assert not any(word in texts[2] for word in ("anna", "bert", "carl", SKU)), "ids among the metrics"
    stored = stack.redis(decode_responses=True)
    assert not any(secret in str(stored.config_get("*")) for secret in hidden if secret != stack.env.get("FLASH_REDIS_PASSWORD"))
