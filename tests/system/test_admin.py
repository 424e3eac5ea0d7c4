"""flash-admin and flashctl on a real ledger and a real Redis: what the routes answer, and what is left after a crash."""
import base64
import concurrent.futures
import contextlib
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import signal
import subprocess
import threading
import time

import pytest

from stack import Stack

BUILD = pathlib.Path(os.environ["FLASH_BUILD"])
KEY = "k" * 40
WINDOW = {"starts_at": "2020-11-27T08:00:00Z", "ends_at": "2036-11-27T08:00:00Z"}
DEADLINE_S = 120


def token(role="admin", sub="anna", key=KEY, **claims):
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")
    body = part({"alg": "HS256", "typ": "JWT"}) + b"." + part(
        {"sub": sub, "aud": "flashgate", "exp": int(time.time()) + 600, "role": role, **claims})
    mac = hmac.new(key.encode(), body, hashlib.sha256).digest()
    return (body + b"." + base64.urlsafe_b64encode(mac).rstrip(b"=")).decode()


class Admin:
    """One flash-admin on a port of its own."""

    def __init__(self, stack, **settings):
        env = stack.daemon_env(FLASH_ADMIN_LISTEN="127.0.0.1:0", FLASH_AUTH_MODE="jwt", FLASH_AUTH_KEY_1=KEY,
                               FLASH_HTTP_MAX_CONNECTIONS=1000, **settings)
        self.lines = []
        self.process = subprocess.Popen([BUILD / "admin" / "flash-admin"], env=env, stderr=subprocess.PIPE, text=True)
        self.port = None
        for line in self.process.stderr:
            self.lines.append(json.loads(line))
            if self.lines[-1]["event"] in ("admin.started", "admin.not_started"):
                self.port = self.lines[-1].get("port")
                break
        assert self.port, self.lines
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stderr:
            self.lines.append(json.loads(line))

    def ask(self, method, path, body=None, headers=None, auth=None):
        """(status, headers, JSON)."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        sent = {"Authorization": "Bearer " + (auth or token())}
        if body is not None:
            sent["Content-Type"] = "application/json"
            body = body if isinstance(body, (str, bytes)) else json.dumps(body)
        sent.update(headers or {})
        try:
            connection.request(method, path, body, {name: value for name, value in sent.items() if value is not None})
            answer = connection.getresponse()
            return answer.status, answer.headers, json.loads(answer.read() or b"null")
        finally:
            connection.close()

    def create(self, sku, quantity=100, **more):
        return self.ask("POST", "/inventory", {"product_id": str(sku), "quantity": quantity, **more})

    def put_sale(self, sku, limit=2, headers=None, **more):
        return self.ask("PUT", f"/v1/sales/{sku}", {**WINDOW, "per_user_limit": limit, **more}, headers)

    def parts(self):
        return {part["name"]: part.get("reason", "") for part in self.ask("GET", "/readyz")[2]["parts"]
                if not part["ready"]}

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        return self.process.wait(30)


@contextlib.contextmanager
def running(stack, **settings):
    admin = Admin(stack, **settings)
    try:
        yield admin
        assert admin.stop() == 0, admin.lines
    finally:
        admin.process.kill()
        admin.process.wait()


def until(condition, what):
    end = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.02)


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("admin") / "stack") as private:
        yield private


@pytest.fixture(scope="module")
def admin(stack):
    with running(stack) as daemon:
        yield daemon


def in_redis(stack, sku):
    return {name.decode(): value.decode() for name, value in stack.redis().hgetall(f"flash:{{{sku}}}:stock").items()}


# ---- routes ----

def test_a_new_sku(stack, admin):
    status, headers, body = admin.create(100, 500, title="Schuh ü", low_stock_threshold=7)
    assert (status, headers["ETag"], headers["Location"]) == (201, '"1"', "/inventory/product/100")
    assert (body["total"], body["available"], body["reserved"], body["sold"], body["loaded"]) == (500, 500, 0, 0, True)
    assert admin.create(100, 500, title="Schuh ü", low_stock_threshold=7)[0] == 200
    for other in ({"quantity": 501}, {"title": "Schuh"}, {"low_stock_threshold": 8}):
        status, _, problem = admin.create(100, **{"quantity": 500, "title": "Schuh ü", "low_stock_threshold": 7, **other})
        assert (status, problem["type"]) == (409, "/problems/exists-with-other-content")
    assert admin.ask("GET", "/inventory/product/100")[2] == body
    assert stack.query("SELECT base, available, version, loaded_generation FROM stock WHERE sku = 100") == [
        (500, 500, 1, 1)]
    assert stack.query("SELECT number, type, quantity, operator FROM inflow WHERE sku = 100") == [(1, 11, 500, b"anna")]
    assert stack.query("SELECT type, quantity, available_before, available_after, inflow_number FROM stock_log"
                       " WHERE sku = 100") == [(11, 500, 0, 500, 1)]
    assert stack.query("SELECT operator, role, action, status FROM admin_log WHERE sku = 100") == [
        (b"anna", "admin", "stock.create", 201)]
    redis = in_redis(stack, 100)
    assert (redis["available"], redis["base"], redis["inflow"], redis["title"], redis["threshold"], redis["sale"]) == (
        "500", "500", "1", "Schuh ü", "7", "0")


def test_a_sale_and_its_versions(stack, admin):
    assert admin.put_sale(101)[2]["type"] == "/problems/unknown-sku"
    admin.create(101)
    assert admin.ask("GET", "/v1/sales/101")[2]["type"] == "/problems/no-sale"
    assert admin.put_sale(101, headers={"If-Match": "*"})[0] == 412
    status, headers, sale = admin.put_sale(101)
    assert (status, headers["ETag"], headers["Location"]) == (201, '"1"', "/v1/sales/101")
    assert (sale["per_user_limit"], sale["hold_seconds"], sale["state"], sale["version"]) == (2, 1800, "open", 1)
    assert sale["stock"] == {"total": 100, "available": 100, "reserved": 0, "sold": 0, "physical": 100}
    status, headers, _ = admin.put_sale(101)
    assert (status, headers["ETag"]) == (200, '"1"')
    assert admin.put_sale(101, 3, headers={"If-Match": '"2"'})[2]["type"] == "/problems/version-mismatch"
    assert admin.put_sale(101, 3, headers={"If-Match": '"1"'})[1]["ETag"] == '"2"'
    assert admin.put_sale(101, 3, headers={"If-Match": '"1"'})[0] == 200, "a repeat whose answer was lost"
    assert admin.put_sale(101, 4, hold_seconds=60)[1]["ETag"] == '"3"'
    assert admin.ask("GET", "/v1/sales/101")[2]["hold_seconds"] == 60
    redis = in_redis(stack, 101)
    assert (redis["sale"], redis["limit"], redis["hold"]) == ("3", "4", "60")
    assert [row[0] for row in stack.query("SELECT action FROM admin_log WHERE sku = 101 ORDER BY id")] == [
        "stock.create", "sale.put", "sale.put", "sale.put"]


def test_an_order_and_its_verdict(stack, admin):
    stack.query("INSERT INTO verdict (entry_id, type, verdict, clean, sku, stream_us, generation, due, line_count, partition_no,"
                " kafka_offset, owner, applied_at_ms) VALUES (UNHEX('0190a1b2c3d47e5f8a9b0c1d2e3f4a5b'), 1, 1, 1, 5,"
                " 1795257252000123, 1, 1795259052, 2, 3, 77, 9, 1795257252100)")
    stack.query("INSERT INTO reservation (order_id, sku, user_id, qty, state, version, due, entry_id, line_no, payment_id,"
                " updated_at_ms) VALUES ('5.a/b', 5, 'u-1', 2, 2, 2, 1795259052, UNHEX('0190a1b2c3d47e5f8a9b0c1d2e3f4a5b'), 1,"
                " 'pay-7', 1795257252100)")
    status, _, order = admin.ask("GET", "/v1/orders/5.a%2Fb")
    assert status == 200
    assert (order["order_id"], order["user_id"], order["quantity"], order["status"], order["version"]) == (
        "5.a/b", "u-1", 2, "PAID", 2)
    assert order["payment_id"] == "pay-7"
    assert order["pay_by"] == "2026-11-21T11:04:12.000Z"
    assert order["entry"] == {
        "id": "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b", "line": 1, "verdict": "APPLIED", "clean": True, "generation": 1,
        "lines": 2, "accepted_at": "2026-11-21T10:34:12.000Z", "applied_at": "2026-11-21T10:34:12.100Z",
        "partition": 3, "offset": 77}
    assert admin.ask("GET", "/v1/orders/5.nobody")[0] == 404


def test_roles(admin):
    routes = [("POST", "/inventory", {"product_id": "102", "quantity": 1}, "admin"),
              ("PUT", "/v1/sales/102", {**WINDOW, "per_user_limit": 1}, "admin"),
              ("GET", "/v1/sales/102", None, "ops"),
              ("GET", "/inventory/product/102", None, "ops"),
              ("GET", "/v1/orders/102.x", None, "ops")]
    order = ["buyer", "internal", "ops", "admin"]
    for method, path, body, least in routes:
        for role in order:
            status, _, answer = admin.ask(method, path, body, auth=token(role))
            allowed = order.index(role) >= order.index(least)
            assert (answer.get("type") != "/problems/forbidden" and status != 401) == allowed, (method, path, role)
        for bad in ("x", token(key="z" * 40), token(exp=1), token(aud="other")):
            status, headers, _ = admin.ask(method, path, body, auth=bad)
            assert (status, headers["WWW-Authenticate"]) == (401, "Bearer")
        assert admin.ask(method, path, body, headers={"Authorization": None})[0] == 401
    status, _, problem = admin.ask("GET", "/inventory/product/102", auth=token(sku="9"))
    assert (status, problem["type"]) == (403, "/problems/wrong-sale")


GOOD = '{"product_id":"103","quantity":1}'
SALE = json.dumps({**WINDOW, "per_user_limit": 1})
BAD = [
    ("POST", "/inventory", "", {}, 400, "bad-body"),
    ("POST", "/inventory", "{", {}, 400, "bad-body"),
    ("POST", "/inventory", "[" * 60000, {}, 400, "bad-body"),
    ("POST", "/inventory", GOOD + "x", {}, 400, "bad-body"),
    ("POST", "/inventory", '{"product_id":"103","quantity":1,"price":1}', {}, 400, "bad-body"),
    ("POST", "/inventory", '{"product_id":"103","quantity":1,"quantity":2}', {}, 400, "bad-body"),
    ("POST", "/inventory", '{"product_id":"103","quantity":-1}', {}, 400, "bad-body"),
    ("POST", "/inventory", '{"product_id":103,"quantity":1}', {}, 400, "bad-body"),
    ("POST", "/inventory", '{"product_id":"103; DROP TABLE stock","quantity":1}', {}, 400, "bad-body"),
    ("POST", "/inventory", b'{"product_id":"103","quantity":1,"title":"\xff"}', {}, 400, "bad-body"),
    ("POST", "/inventory", GOOD, {"Content-Type": "text/plain"}, 415, "unsupported-media-type"),
    ("POST", "/inventory", GOOD, {"Content-Type": None}, 415, "unsupported-media-type"),
    ("POST", "/inventory", " " * 65537, {}, 413, "payload-too-large"),
    ("POST", "/inventory/", GOOD, {}, 404, "not-found"),
    ("PUT", "/inventory", GOOD, {}, 405, "method-not-allowed"),
    ("DELETE", "/v1/sales/1", None, {}, 405, "method-not-allowed"),
    ("POST", "/v1/sales/1", SALE, {}, 405, "method-not-allowed"),
    ("PUT", "/v1/sales/0", SALE, {}, 404, "unknown-sku"),
    ("PUT", "/v1/sales/01", SALE, {}, 404, "unknown-sku"),
    ("PUT", "/v1/sales/x", SALE, {}, 404, "unknown-sku"),
    ("PUT", "/v1/sales/1/2", SALE, {}, 404, "not-found"),
    ("PUT", "/v1/sales/9223372036854775808", SALE, {}, 404, "unknown-sku"),
    ("PUT", "/v1/sales/100", "{}", {}, 400, "bad-body"),
    ("PUT", "/v1/sales/100", SALE, {"Content-Type": "text/json"}, 415, "unsupported-media-type"),
    ("PUT", "/v1/sales/100", SALE.replace("2036", "2020"), {}, 400, "bad-body"),
    ("GET", "/v1/sales/999", None, {}, 404, "unknown-sku"),
    ("GET", "/inventory/product/999", None, {}, 404, "unknown-sku"),
    ("GET", "/inventory/product/", None, {}, 404, "not-found"),
    ("GET", "/v1/orders/x", None, {}, 404, "not-found"),
    ("GET", "/v1/orders/1.%00", None, {}, 404, "not-found"),
    ("GET", "/nothing", None, {}, 404, "not-found"),
    ("POST", "/livez", "{}", {}, 405, "method-not-allowed"),
]


@pytest.mark.parametrize("method,path,body,headers,status,slug", BAD)
def test_bad_requests(stack, admin, method, path, body, headers, status, slug):
    rows = stack.query("SELECT COUNT(*) FROM admin_log")
    got, answer_headers, problem = admin.ask(method, path, body, headers)
    assert (got, problem["type"], problem["status"]) == (status, "/problems/" + slug, status)
    assert answer_headers["Content-Type"] == "application/problem+json" and problem["request_id"]
    assert stack.query("SELECT COUNT(*) FROM admin_log") == rows


def test_what_every_daemon_has(admin):
    until(lambda: admin.ask("GET", "/readyz")[0] == 200, "ready")
    assert admin.ask("GET", "/livez")[0] == 200
    assert admin.ask("GET", "/version")[2]["daemon"] == "flash-admin"


def test_many_at_once(stack, admin):
    """The same SKU and the same sale from many sides: one creation, versions without gaps, Redis has the last."""
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        created = list(pool.map(lambda _: admin.create(110)[0], range(64)))
        changed = list(pool.map(lambda i: admin.put_sale(110, 1 + i)[0], range(64)))
    assert sorted(set(created)) == [200, 201] and created.count(201) == 1
    assert sorted(set(changed)) == [200, 201] and changed.count(201) == 1
    assert admin.ask("GET", "/v1/sales/110")[2]["version"] == 64
    assert in_redis(stack, 110)["sale"] == "64"
    assert stack.query("SELECT COUNT(*) FROM admin_log WHERE sku = 110 AND action = 'sale.put'") == [(64,)]


# ---- faults ----

def test_redis_away(stack):
    """The ledger keeps the change, the answer says that it is not in effect, and it comes into effect by itself."""
    with running(stack) as admin:
        admin.create(120)
        stack.kill("redis")
        for status, headers, problem in (admin.create(121), admin.put_sale(120)):
            assert (status, problem["type"]) == (503, "/problems/not-applied-yet")
            assert int(headers["Retry-After"]) > 0
        assert admin.ask("GET", "/v1/sales/120")[0] == 200, "reads need no Redis"
        until(lambda: "redis" in admin.parts(), "readiness says it")
        stack.restart("redis")
        until(lambda: in_redis(stack, 120).get("sale") == "1", "the sale is pushed")
        until(lambda: in_redis(stack, 121).get("available") == "100", "the SKU is loaded")
        assert admin.create(121)[0] == 200 and admin.put_sale(120)[0] == 200
        until(lambda: not admin.parts(), "ready again")


def test_hup_reads_the_log_level_again(admin):
    admin.process.send_signal(signal.SIGHUP)
    until(lambda: any(line["event"] == "admin.reloaded" for line in list(admin.lines)), "it reads again")
    assert admin.ask("GET", "/livez")[0] == 200


def test_frozen_redis_does_not_stop_the_reads(stack):
    with running(stack, FLASH_REDIS_REPLY_TIMEOUT="5s") as admin:
        admin.create(125)
        stack.stop("redis")
        try:
            with concurrent.futures.ThreadPoolExecutor(1) as pool:
                slow = pool.submit(admin.put_sale, 125)
                assert admin.ask("GET", "/livez")[0] == 200
                assert not slow.done()
                assert slow.result()[2]["type"] == "/problems/not-applied-yet"
        finally:
            stack.cont("redis")
        assert admin.put_sale(125)[0] == 200


def test_ledger_away(stack):
    with running(stack) as admin:
        admin.create(130)
        stack.kill("mariadb")
        for status, _, problem in (admin.create(131), admin.put_sale(130), admin.ask("GET", "/v1/sales/130")):
            assert (status, problem["type"]) in [(503, "/problems/ledger-unavailable"), (503, "/problems/outcome-unknown")]
        until(lambda: "ledger" in admin.parts(), "readiness says it")
        stack.restart("mariadb")
        until(lambda: admin.create(131)[0] in (200, 201), "works again")
        assert admin.put_sale(130)[0] == 201
        until(lambda: not admin.parts(), "ready again")


def test_killed_between_ledger_and_redis(stack):
    """A crash right after the COMMIT: the next start finishes it."""
    with running(stack) as admin:
        admin.create(140)
    stack.query("INSERT INTO stock (sku, base, available, version, created_at_ms, updated_at_ms)"
                " VALUES (141, 9, 9, 1, 1, 1)")
    for sku in (140, 141):
        stack.query("INSERT INTO sale (sku, starts_at_ms, ends_at_ms, per_user_limit, hold_seconds, updated_at_ms)"
                    " VALUES (%s, 1000, 4000000000000, 3, 60, 1)", sku)
    with running(stack):
        until(lambda: in_redis(stack, 140).get("sale") == "1", "the sale")
        until(lambda: in_redis(stack, 141).get("sale") == "1", "the SKU and its sale")
    assert in_redis(stack, 141)["available"] == "9"


def test_killed_while_working(stack):
    """SIGKILL in the middle of many changes: afterwards Redis has what the ledger has, each once."""
    for turn in range(3):
        admin = Admin(stack)
        skus = [1000 + turn * 100 + i for i in range(100)]

        def make(sku, daemon=admin):
            with contextlib.suppress(OSError, http.client.HTTPException):
                daemon.create(sku, 10)
                daemon.put_sale(sku)

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            work = [pool.submit(make, sku) for sku in skus]
            until(lambda first=skus[5 + 20 * turn]: in_redis(stack, first), "some work")
            admin.stop(signal.SIGKILL)
            concurrent.futures.wait(work)
    with running(stack) as admin:
        until(lambda: not admin.parts(), "ready")

        def agrees():
            rows = stack.query("SELECT s.sku, s.base, COALESCE(v.version, 0) FROM stock s LEFT JOIN sale v ON v.sku = s.sku"
                               " WHERE s.sku BETWEEN 1000 AND 1999")
            return rows and all((in_redis(stack, sku).get("available"), in_redis(stack, sku).get("sale")) ==
                                (str(base), str(version)) for sku, base, version in rows)
        until(agrees, "Redis is as the ledger")
    assert stack.query("SELECT COUNT(*) FROM stock s LEFT JOIN inflow i ON i.sku = s.sku AND i.number = 1 LEFT JOIN"
                       " stock_log l ON l.sku = s.sku WHERE s.sku BETWEEN 1000 AND 1999 AND (i.sku IS NULL OR l.sku IS NULL)"
                       ) == [(0,)]


def test_sigterm_answers_what_is_open(stack):
    admin = Admin(stack, FLASH_REDIS_REPLY_TIMEOUT="1s")
    try:
        admin.create(150)
        stack.stop("redis")
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            slow = pool.submit(admin.put_sale, 150)
            until(lambda: stack.query("SELECT COUNT(*) FROM sale WHERE sku = 150") == [(1,)], "the ledger's part")
            assert admin.stop() == 0
            assert slow.result()[2]["type"] == "/problems/not-applied-yet"
    finally:
        stack.cont("redis")
        admin.process.kill()
        admin.process.wait()


def test_two_back_offices(stack):
    with running(stack) as one, running(stack) as two:
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda i: (one, two)[i % 2].create(160), range(16)))
            codes = list(pool.map(lambda i: (one, two)[i % 2].put_sale(160, 1 + i)[0], range(32)))
        assert codes.count(201) == 1 and set(codes) == {200, 201}
        assert one.ask("GET", "/v1/sales/160")[2]["version"] == 32
        assert in_redis(stack, 160)["sale"] == "32"


# ---- flashctl ----

def ctl(*args, **env):
    return subprocess.run([BUILD / "tools" / "flashctl" / "flashctl", *args], capture_output=True, text=True, timeout=300,
                          env={**os.environ, **env}, check=False)


def test_flashctl(stack, admin, tmp_path):
    key = tmp_path / "key"
    key.write_text(KEY + "\n")
    key.chmod(0o644)
    assert ctl("token", "--user", "otto", "--key-file", key).returncode == 2, "everybody may read the key"
    key.chmod(0o600)
    issued = ctl("token", "--user", "otto", "--role", "admin", "--key-file", key)
    assert issued.returncode == 0
    token_file = tmp_path / "token"
    token_file.write_text(issued.stdout)
    token_file.chmod(0o600)
    env = {"FLASHCTL_ADMIN": f"http://127.0.0.1:{admin.port}", "FLASHCTL_TOKEN_FILE": str(token_file)}
    made = ctl("sale", "create", "--sku", "170", "--quantity", "5", "--title", "Hut", "--limit", "2", "--starts", "+1h",
               "--hold", "10m", "--output", "json", **env)
    assert made.returncode == 0, made.stderr
    sale = json.loads(made.stdout)
    assert (sale["state"], sale["hold_seconds"], sale["per_user_limit"], sale["version"]) == ("upcoming", 600, 2, 1)
    opened = json.loads(ctl("sale", "open", "170", "--for", "30m", "--output", "json", **env).stdout)
    assert (opened["state"], opened["hold_seconds"], opened["per_user_limit"], opened["version"]) == ("open", 600, 2, 2)
    shown = ctl("sale", "show", "170", **env)
    assert "per user limit   2\n" in shown.stdout and "stock available  5\n" in shown.stdout
    assert "total                5\n" in ctl("stock", "show", "--sku", "170", **env).stdout
    assert stack.query("SELECT DISTINCT operator FROM admin_log WHERE sku = 170") == [(b"otto",)]
    again = ctl("sale", "create", "--sku", "170", "--quantity", "6", **env)
    assert again.returncode == 1 and "Exists with other content (409)" in again.stderr and "request id " in again.stderr
    assert ctl("order", "show", "170.x", **env).returncode == 1
    assert ctl("sale", "show", "170", "--admin", "http://127.0.0.1:1").returncode == 3
    assert ctl("sale", "show", "170", **{**env, "FLASHCTL_TOKEN_FILE": ""}).returncode == 1
    assert ctl("sale", "show").returncode == 2


def test_flashctl_with_the_daemons_configuration(admin, tmp_path):
    config = tmp_path / "flashgate.conf"
    config.write_text(f"[auth]\nmode = jwt\nkey_1 = {KEY}\n[admin]\nlisten = 127.0.0.1:{admin.port}\n")
    config.chmod(0o600)
    made = ctl("sale", "create", "--sku", "171", "--quantity", "5", "--config", config)
    assert made.returncode == 0, made.stderr
    issued = ctl("token", "--user", "b", "--config", config).stdout.strip()
    assert admin.ask("GET", "/v1/sales/171", auth=issued)[0] == 403, "a buyer's token"


# ---- last, as it empties the stack's Redis ----

def test_an_emptied_redis_stays_empty(stack):
    with running(stack) as admin:
        admin.create(180)
        admin.put_sale(180)
        stack.redis().flushall()
        until(lambda: "recovery" in admin.parts(), "noticed while running")
    with running(stack) as admin:
        until(lambda: "recovery" in admin.parts(), "noticed at the start")
        for status, _, problem in (admin.create(180), admin.put_sale(180), admin.put_sale(180, 9)):
            assert (status, problem["type"]) == (503, "/problems/needs-recovery")
        assert admin.create(181)[0] == 201, "what was never loaded still is"
        assert any(line["event"] == "admin.needs_recovery" for line in admin.lines)
    assert in_redis(stack, 180) == {}


def test_sold_but_never_loaded_is_not_loaded(stack):
    """A ledger row that has orders and no mark, as after a restore of only a part: loading it would sell them again."""
    stack.query("INSERT INTO stock (sku, base, available, reserved, version, created_at_ms, updated_at_ms)"
                " VALUES (190, 9, 4, 5, 1, 1, 1)")
    with running(stack) as admin:
        assert admin.put_sale(190)[2]["type"] == "/problems/needs-recovery"
    assert in_redis(stack, 190) == {}
