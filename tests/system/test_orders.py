"""The order path as its users see it, with real servers: retries, limits, waiting, tokens, and when it stops admitting."""
import base64
import concurrent.futures
import contextlib
import hashlib
import hmac
import http.client
import itertools
import json
import signal
import threading
import time

import pytest

from daemons import PATIENCE_S, exchange, running, until
from stack import Stack

KEY = "k" * 40
BUYER = {"X-User-Id": "u-1"}
numbers = itertools.count(5001)


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("orders") / "stack") as private:
        private.migrate("up")
        yield private


@pytest.fixture(scope="module")
def admin(stack):
    with running(stack, "admin") as daemon:
        yield daemon


@pytest.fixture(scope="module")
def consumer(stack):
    with running(stack, "consumer") as daemon:
        yield daemon


@pytest.fixture(scope="module")
def engine(stack):
    with running(stack, "engine", FLASH_ENGINE_WORKERS=4) as daemon:
        yield daemon


@pytest.fixture
def sale(admin):
    """Opens a sale of a new SKU: sale(quantity, limit=5, starts=-60, ends=3600) returns the SKU."""
    def make(quantity, limit=5, starts=-60, ends=3600):
        sku = str(next(numbers))
        at = [time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds)) for seconds in (starts, ends)]
        assert admin.ask("POST", "/inventory", {"product_id": sku, "title": f"No. {sku}", "quantity": quantity,
                                                "low_stock_threshold": 3})[0] == 201
        window = {"starts_at": at[0], "ends_at": at[1], "per_user_limit": limit, "hold_seconds": 1800}
        assert admin.ask("PUT", f"/v1/sales/{sku}", window)[0] == 201
        return sku
    return make


def order(daemon, sku, key, quantity=1, headers=BUYER):
    return daemon.ask("POST", "/v1/orders", {"sku": sku, "quantity": quantity}, {"Idempotency-Key": key, **headers})


def problem(answer):
    return answer[0], answer[2]["type"].rsplit("/", 1)[-1]


def available(stack, sku):
    return int(stack.redis().hget(f"flash:{{{sku}}}:stock", "available"))


def is_created(daemon, order_id, headers=BUYER):
    return daemon.ask("GET", f"/v1/orders/{order_id}", headers=headers)[2]["status"] == "CREATED"


# ---- the answers of one order ----

def test_an_order_from_post_to_created(engine, consumer, sale):
    sku = sale(10)
    status, headers, body = order(engine, sku, "k1", 2)
    assert status == 202 and body["status"] == "QUEUED" and body["quantity"] == 2 and body["sku"] == sku
    digest = hashlib.sha256(b"u-1\0k1\0" + sku.encode()).digest()[:16]
    assert body["order_id"] == f"{sku}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"
    assert headers["Location"] == f"/v1/orders/{body['order_id']}" and headers["Retry-After"]
    until(lambda: is_created(engine, body["order_id"]), "never created")
    status, headers, now = engine.ask("GET", headers["Location"], headers=BUYER)
    assert status == 200 and headers["ETag"] == f'"{now["version"]}"' and now["pay_by"] == body["pay_by"]
    assert engine.ask("GET", f"/v1/orders/{body['order_id']}", headers={**BUYER, "If-None-Match": headers["ETag"]})[0] == 304
    repeat = order(engine, sku, "k1", 2)
    assert repeat[0] == 202 and repeat[2]["order_id"] == body["order_id"] and repeat[2]["status"] == "CREATED"


def test_refusals(engine, sale, stack):
    sku = sale(3, limit=2)
    assert order(engine, sku, "a", 2)[0] == 202
    assert problem(order(engine, sku, "b", 1)) == (409, "limit-reached")
    assert problem(order(engine, sku, "c", 2, {"X-User-Id": "u-2"})) == (409, "sold-out")
    assert problem(order(engine, sku, "a", 1)) == (422, "key-reused")
    assert problem(order(engine, sale(3, starts=600), "a")) == (409, "not-started")
    assert problem(order(engine, sale(3, starts=-600, ends=-60), "a")) == (409, "ended")
    assert problem(order(engine, "424242", "a")) == (404, "unknown-sku")
    assert available(stack, sku) == 1


@contextlib.contextmanager
def frozen(daemon):
    daemon.signal(signal.SIGSTOP)
    try:
        yield
    finally:
        daemon.signal(signal.SIGCONT)


def test_waiting_for_a_change(engine, consumer, sale):
    sku = sale(10)
    held = {"If-None-Match": '"1"', "Prefer": "wait=1", **BUYER}
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        with frozen(consumer):
            order_id = order(engine, sku, "w")[2]["order_id"]
            assert engine.ask("GET", f"/v1/orders/{order_id}", headers=held)[0] == 304
            held["Prefer"] = "wait=30"
            answers = [pool.submit(engine.ask, "GET", f"/v1/orders/{order_id}", None, held) for _ in range(8)]
            until(lambda: engine.metric("flash_engine_waiting") == 8, "the requests are not held")
        assert {answer.result()[2]["status"] for answer in answers} == {"CREATED"}


def test_the_sale_page_and_the_check(engine, sale):
    sku = sale(250, limit=4)
    page = engine.ask("GET", f"/v1/sales/{sku}")[2]
    assert (page["state"], page["available"], page["per_user_limit"], page["title"]) == ("open", 250, 4, f"No. {sku}")
    assert engine.ask("GET", f"/v1/sales/{sale(5, starts=900)}")[2]["state"] == "upcoming"
    empty = sale(1)
    assert order(engine, empty, "x")[0] == 202
    until(lambda: engine.ask("GET", f"/v1/sales/{empty}")[2]["state"] == "sold-out", "still open")
    checked = engine.ask("GET", f"/inventory/check/{empty}")[2]
    assert (checked["available"], checked["in_stock"], checked["low_stock"]) == (0, False, True)
    batch = engine.ask("POST", "/inventory/check/batch", {"product_ids": [sku, "424243", empty]})[2]["products"]
    assert [(item["product_id"], item["available"]) for item in batch] == [(sku, 250), ("424243", None), (empty, 0)]
    assert engine.ask("GET", "/inventory/check/424243")[0] == 404


# ---- many at once ----

def test_a_retry_storm_is_one_order(engine, consumer, sale, stack):
    """The same key 50 times on 50 connections, over four workers; 100 keys, one after the other."""
    sku, keys = sale(1000, limit=1000), 100
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        connections = [http.client.HTTPConnection("127.0.0.1", engine.port, timeout=PATIENCE_S) for _ in range(50)]
        barrier = threading.Barrier(50)

        def storm(connection):
            found = []
            for number in range(keys):
                barrier.wait(PATIENCE_S)
                found.append(exchange(connection, "POST", "/v1/orders", {"sku": sku, "quantity": 2},
                                      {"Idempotency-Key": f"storm-{number}", **BUYER}))
            connection.close()
            return found
        answers = list(pool.map(storm, connections))
    for number in range(keys):
        assert {answer[number][0] for answer in answers} == {202}
        assert len({answer[number][2]["order_id"] for answer in answers}) == 1
    assert available(stack, sku) == 1000 - 2 * keys
    assert problem(order(engine, sku, "storm-0", 1)) == (422, "key-reused")
    until(lambda: stack.query("SELECT reserved FROM stock WHERE sku = %s", sku)[0][0] == 2 * keys, "not in the ledger")


def test_one_unit_and_a_hundred_buyers(engine, sale, stack):
    sku = sale(1)
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda n: order(engine, sku, f"k{n}", 1, {"X-User-Id": f"u-{n}"})[0], range(100)))
    assert sorted(answers) == [202] + 99 * [409] and available(stack, sku) == 0


# ---- when it stops admitting ----

@pytest.mark.parametrize("limit, part, cause", [
    ("FLASH_ENGINE_MAX_JOURNAL_ENTRIES", "journal-depth", 1),
    ("FLASH_ENGINE_MAX_JOURNAL_AGE", "journal-age", "1s"),
])
def test_admission_stops_and_starts_again(stack, consumer, sale, limit, part, cause):
    sku = sale(100)
    with running(stack, "engine", FLASH_ENGINE_WORKERS=1, **{limit: cause}) as engine:
        with frozen(consumer):
            assert order(engine, sku, "first")[0] == 202
            until(lambda: part in engine.troubles(), engine.troubles)
            status, headers, body = order(engine, sku, "second")
            assert (status, body["type"]) == (503, "/problems/not-admitting") and headers["Retry-After"]
            assert engine.ask("GET", "/readyz", internal=True)[0] == 503
        until(lambda: not engine.troubles(), engine.troubles)
        assert order(engine, sku, "second")[0] == 202


def test_a_full_redis_stops_admission(stack, engine, sale):
    sku, redis = sale(100), stack.redis()
    assert order(engine, sku, "a")[0] == 202
    before = redis.config_get("maxmemory")["maxmemory"]
    redis.config_set("maxmemory", redis.info("memory")["used_memory"] // 2)
    try:
        assert problem(order(engine, sku, "b")) == (503, "not-admitting")
        until(lambda: "redis-memory" in engine.troubles(), engine.troubles)
        assert available(stack, sku) == 99
    finally:
        redis.config_set("maxmemory", before)
    until(lambda: not engine.troubles(), engine.troubles)
    assert order(engine, sku, "b")[0] == 202


def test_accepted_only_when_kafka_has_it(stack, sale):
    sku = sale(100)
    with running(stack, "engine", FLASH_ENGINE_ACCEPT_AFTER="log") as engine, concurrent.futures.ThreadPoolExecutor() as pool:
        assert order(engine, sku, "a")[0] == 202
        stack.stop("kafka")
        try:
            waiting = pool.submit(order, engine, sku, "b")
            until(lambda: available(stack, sku) == 98, "the script has not run")
            assert not waiting.done()
        finally:
            stack.cont("kafka")
        assert waiting.result()[0] == 202


def test_sighup_reads_the_limits_again(stack, consumer, sale, tmp_path):
    sku, file = sale(100), tmp_path / "flash.ini"
    file.write_text("[engine]\nmax_journal_entries = 1000\n")
    with running(stack, "engine", "--config", str(file), FLASH_ENGINE_WORKERS=1) as engine, frozen(consumer):
        assert order(engine, sku, "a")[0] == 202
        file.write_text("[engine]\nmax_journal_entries = 1\n")
        engine.signal(1)
        until(lambda: engine.said("engine.reloaded"), engine.lines)
        assert problem(order(engine, sku, "b")) == (503, "not-admitting")


# ---- who is asking ----

def token(**claims):
    def part(data):
        return base64.urlsafe_b64encode(json.dumps(data).encode()).rstrip(b"=")
    signed = part({"alg": "HS256", "typ": "JWT"}) + b"." + part({"aud": "flashgate", "exp": int(time.time()) + 60, **claims})
    seal = hmac.new(KEY.encode(), signed, hashlib.sha256).digest()
    return {"Authorization": f"Bearer {(signed + b'.' + base64.urlsafe_b64encode(seal).rstrip(b'=')).decode()}"}


def test_tokens_decide_whose_order_it_is(stack, sale):
    sku = sale(10)
    with running(stack, "engine", FLASH_AUTH_MODE="jwt", FLASH_AUTH_KEY_1=KEY) as engine:
        mine = order(engine, sku, "a", 1, token(sub="anna"))[2]["order_id"]
        assert engine.ask("GET", f"/v1/orders/{mine}", headers=token(sub="anna"))[0] == 200
        others, absent = (engine.ask("GET", f"/v1/orders/{order_id}", headers=token(sub="bert"))
                          for order_id in (mine, f"{sku}.{'x' * 22}"))
        assert others[0] == absent[0] == 404
        assert {**others[2], "request_id": ""} == {**absent[2], "request_id": ""}
        assert engine.ask("POST", f"/v1/orders/{mine}/cancel", headers=token(sub="bert"))[0] == 404
        assert order(engine, sku, "a", 1, {})[0] == 401
        assert problem(order(engine, sku, "b", 1, token(sub="anna", sku="77"))) == (403, "wrong-sale")
        body = {"payment_id": "p"}
        assert engine.ask("POST", f"/v1/orders/{mine}/pay", body, token(sub="anna"), internal=True)[0] == 403
        assert engine.ask("POST", f"/v1/orders/{mine}/pay", body, token(sub="anna"))[0] == 404
