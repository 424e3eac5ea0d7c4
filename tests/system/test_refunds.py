"""Late payments from the buyer's order to the refund that is marked done, and expiry on request, with all daemons and flashctl.

The reconciler's own passes are an hour apart here, so that whatever expires does so because the back office asked for it.
"""
import base64
import concurrent.futures
import hashlib
import hmac
import json
import os
import signal
import socket
import subprocess
import threading
import time
import urllib.parse

import pytest

from daemons import BUILD, Daemon, running, until
from sale import Sale
from stack import Stack

KEY = "k" * 40
JWT = {"FLASH_AUTH_MODE": "jwt", "FLASH_AUTH_KEY_1": KEY}
PASS = "/inventory/cleanup-expired"
COUNTS = {"skus", "expired", "queued", "skipped", "complete", "took_ms"}


def bearer(role="admin", key=KEY, kid=None, **claims):
    def part(value):
        text = value if isinstance(value, bytes) else json.dumps(value).encode()
        return base64.urlsafe_b64encode(text).rstrip(b"=").decode()
    body = part({"alg": "HS256", **({"kid": kid} if kid else {})}) + "." + part(
        {"sub": "anna", "aud": "flashgate", "exp": int(time.time()) + 600, "role": role, **claims})
    return {"Authorization": f"Bearer {body}.{part(hmac.digest(key.encode(), body.encode(), hashlib.sha256))}"}


def start_reconciler(stack, **settings):
    """Its address goes into the stack's environment: every flash-admin started from now on asks it there."""
    daemon = Daemon(stack, "reconciler", "run", FLASH_RECONCILER_EXPIRY_INTERVAL="1h", **settings)
    stack.env["FLASH_RECONCILER_LISTEN"] = f"127.0.0.1:{daemon.port}"
    until(lambda: daemon.ask("POST", "/v1/expiry/pass")[0] == 200, daemon.troubles)
    return daemon


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("refunds") / "stack") as stack:
        stack.migrate("up")
        reconciler = start_reconciler(stack)
        try:
            with Sale(stack, names=("engine", "consumer")) as sale:
                sale.daemons["reconciler"] = reconciler
                yield sale
        finally:
            reconciler.kill()


@pytest.fixture
def stack(shop):
    return shop.stack


@pytest.fixture
def admin(shop):
    return shop.admin


def ctl(admin, *words, **env):
    """flashctl: (exit code, JSON or text, stderr)."""
    done = subprocess.run([BUILD / "tools" / "flashctl" / "flashctl", *words, "--admin", f"http://127.0.0.1:{admin.port}"],
                          capture_output=True, text=True, timeout=300, check=False, env={**os.environ, **env})
    is_json = "json" in words and done.returncode == 0
    return done.returncode, json.loads(done.stdout) if is_json else done.stdout, done.stderr


def refunds(admin, **query):
    status, _, body = admin.ask("GET", "/v1/refunds?" + urllib.parse.urlencode(query))
    assert status == 200, body
    return body


def mark(admin, order, payment, reference="re-1", **headers):
    path = "/".join(urllib.parse.quote(part, safe="") for part in (order, payment))
    return admin.ask("POST", f"/v1/refunds/{path}/done", {"reference": reference}, headers)


def plant(stack, sku, *rows):
    """Refund rows as the consumer writes them: (ref, payment) or (ref, payment, reference)."""
    connection = stack.mysql()
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO refund (order_id, payment_id, entry_id, state_met, created_at_ms, done_at_ms, done_reference)"
            " VALUES (%s, %s, UNHEX('0190a1b2c3d47e5f8a9b0c1d2e3f4a5b'), 4, 1795257252000, %s, %s)",
            [(f"{sku}.{ref}", payment, 1795257253000 if reference else None, reference[0] if reference else None)
             for ref, payment, *reference in rows])
    connection.close()


# ---- a late payment, end to end ----

def cancelled_order(shop, sku, user="u"):
    status, _, order = shop.order(sku, user)
    assert status == 202, order
    shop.until_settled(sku)
    path = "/v1/orders/" + order["order_id"]
    status, _, answer = shop.engine.ask("POST", path + "/cancel", headers={"X-User-Id": user})
    assert status in (200, 202), answer
    return order["order_id"]


def pay(shop, order, payment):
    return shop.engine.ask("POST", f"/v1/orders/{order}/pay", {"payment_id": payment}, internal=True)


def test_a_late_payment_is_listed_and_given_back_once(shop, stack, admin):
    sku = shop.put_on_sale(units=10)
    order = cancelled_order(shop, sku)
    for _ in range(3):
        status, _, answer = pay(shop, order, "pay-1")
        assert (status, answer["refund_due"]) == (409, True), answer
    listed = until(lambda: refunds(admin, sku=sku)["refunds"], "the refund row")
    assert [(row["order_id"], row["sku"], row["payment_id"], row["state"], row["order_status"]) for row in listed] == [
        (order, str(sku), "pay-1", "due", "CANCELLED")]
    assert "done_at" not in listed[0] and "reference" not in listed[0]

    status, _, done = mark(admin, order, "pay-1", "re-1", **{"X-User-Id": "anna"})
    assert (status, done["state"], done["reference"]) == (200, "done", "re-1")
    assert mark(admin, order, "pay-1", "re-1")[::2] == (200, done), "a repeat changes nothing, its time neither"
    status, _, problem = mark(admin, order, "pay-1", "re-2")
    assert (status, problem["type"], problem["reference"], problem["done_at"]) == (
        409, "/problems/already-done", "re-1", done["done_at"])
    assert refunds(admin, sku=sku) == {"refunds": []}
    assert refunds(admin, sku=sku, state="done") == refunds(admin, sku=sku, state="all") == {"refunds": [done]}
    assert stack.query("SELECT operator, role, action, status, detail FROM admin_log WHERE sku = %s"
                       " AND action = 'refund.done'", sku) == [
        (b"anna", "admin", "refund.done", 200, f"order {order}, payment pay-1, reference re-1")]

    assert pay(shop, order, "pay-1")[2]["refund_due"] is True
    assert pay(shop, order, "pay-2")[2]["refund_due"] is True
    until(lambda: [row["payment_id"] for row in refunds(admin, sku=sku)["refunds"]] == ["pay-2"], "another payment, another row")
    shop.until_settled(sku)
    assert stack.query("SELECT done_reference FROM refund WHERE order_id = %s ORDER BY payment_id", order) == [(b"re-1",), (None,)]


def test_what_expired_on_request_and_is_paid_afterwards(shop, admin):
    """An hour lies between the reconciler's own passes."""
    sku = shop.put_on_sale(units=10, hold_s=1)
    orders = [shop.order(sku, user)[2]["order_id"] for user in ("u1", "u2", "u3")]
    shop.until_settled(sku)

    sales = shop.stack.query("SELECT COUNT(*) FROM sale")[0][0]  # with the one that was put on sale a moment ago

    def expired():
        status, _, answer = admin.ask("POST", PASS)
        assert status == 200 and set(answer) == COUNTS and answer["skus"] >= sales, answer
        return answer["expired"]

    taken = 0

    def all_taken():
        nonlocal taken
        taken += expired()
        return taken == 3

    until(all_taken, lambda: taken)
    assert expired() == 0
    shop.until_settled(sku)
    assert shop.redis.hget(shop.key(sku, "stock"), "available") == "10"
    status, _, answer = pay(shop, orders[0], "pay-9")
    assert (status, answer["refund_due"]) == (409, True)
    row, = until(lambda: refunds(admin, sku=sku)["refunds"], "the refund row")
    assert (row["order_id"], row["order_status"]) == (orders[0], "EXPIRED")
    books = shop.stack.query("SELECT available, reserved, sold FROM stock WHERE sku = %s", sku)
    assert books == [(10, 0, 0)]


# ---- the list ----

def pages(admin, limit, between=lambda: None, **query):
    """The rows of each page; between is called between two."""
    cursor = {}
    while True:
        page = refunds(admin, limit=limit, **query, **cursor)
        yield page["refunds"]
        if "next_cursor" not in page:
            return
        cursor = {"cursor": page["next_cursor"]}
        between()


def test_pages(stack, admin):
    plant(stack, 2000, *[(f"o{i:03}", f"p{j}") for i in range(20) for j in range(3)], ("z", "done", "re-5"))
    due = [(f"2000.o{i:03}", f"p{j}") for i in range(20) for j in range(3)]
    for limit in (1, 7, 59, 60, 61, 500):
        found = list(pages(admin, limit, sku=2000))
        assert [(row["order_id"], row["payment_id"]) for page in found for row in page] == due
        assert all(len(page) == limit for page in found[:-1]) and 0 < len(found[-1]) <= limit
    assert [row["reference"] for row in refunds(admin, sku=2000, state="done")["refunds"]] == ["re-5"]
    assert len(refunds(admin, sku=2000, state="all", limit=500)["refunds"]) == 61
    assert refunds(admin, sku=200) == refunds(admin, sku=20000) == {"refunds": []}, "a SKU, not a beginning of one"
    assert len(list(pages(admin, 25))) >= 3, "without a filter"


def test_pages_are_stable_while_rows_come(stack, admin):
    """Whatever is written between two pages: no row twice, none left out that was there all the time."""
    plant(stack, 2001, *[(f"m{i:02}", "p") for i in range(20)])
    turn = iter(range(1000))

    def between():
        i = next(turn)
        plant(stack, 2001, (f"a{i:02}", "p"), (f"m{i:02}", "q"), (f"z{i:02}", "p"))

    seen = [(row["order_id"], row["payment_id"]) for page in pages(admin, 4, between, sku=2001) for row in page]
    assert len(seen) == len(set(seen)) and seen == sorted(seen)
    assert {(f"2001.m{i:02}", "p") for i in range(20)} <= set(seen)


def test_pages_are_stable_while_rows_are_done(stack, admin):
    plant(stack, 2002, *[(f"m{i:02}", "p") for i in range(20)])
    seen = []
    for page in pages(admin, 3, sku=2002):
        seen += [row["order_id"] for row in page]
        for row in page:
            assert mark(admin, row["order_id"], "p")[0] == 200
    assert seen == [f"2002.m{i:02}" for i in range(20)]


@pytest.mark.parametrize("query", ["state=new", "state=due&state=due", "sku=0", "sku=42.", "limit=0", "limit=501", "limit=x",
                                   "cursor=00", "page=1", "state=%64ue"])
def test_bad_queries(admin, query):
    status, _, problem = admin.ask("GET", "/v1/refunds?" + query)
    assert (status, problem["type"]) == (400, "/problems/bad-query") and problem["detail"]


# ---- done ----

ODD = [("a/b", "p/../%2F?x=1#y"), ("..", ".."), ("a%", "%25"), ("&=+", "+&="), ("x" * 64, "y" * 64)]


def test_odd_names(stack, admin):
    plant(stack, 2003, *ODD)
    for ref, payment in ODD:
        status, _, done = mark(admin, f"2003.{ref}", payment, "RF18 ü")
        assert (status, done["order_id"], done["payment_id"], done["reference"]) == (200, f"2003.{ref}", payment, "RF18 ü")
    assert refunds(admin, sku=2003) == {"refunds": []}


def test_done_refused(stack, admin):
    plant(stack, 2004, ("a", "p"))
    rows = stack.query("SELECT COUNT(*) FROM admin_log")
    path = "/v1/refunds/2004.a/p/done"
    good = {"reference": "r"}
    for method, where, body, headers, status, slug in [
            ("POST", "/v1/refunds/2004.a/q/done", good, {}, 404, "not-found"),
            ("POST", "/v1/refunds/2004.b/p/done", good, {}, 404, "not-found"),
            ("POST", "/v1/refunds/2004/p/done", good, {}, 404, "not-found"),
            ("POST", "/v1/refunds/2004.a/%00/done", good, {}, 404, "not-found"),
            ("POST", "/v1/refunds/2004.a/p%2/done", good, {}, 400, "bad-request"),
            ("POST", "/v1/refunds/2004.a//done", good, {}, 404, "not-found"),
            ("POST", "/v1/refunds/2004.a/done", good, {}, 404, "not-found"),
            ("POST", path + "/", good, {}, 404, "not-found"),
            ("GET", path, None, {}, 405, "method-not-allowed"),
            ("PUT", path, good, {}, 405, "method-not-allowed"),
            ("POST", "/v1/refunds", good, {}, 405, "method-not-allowed"),
            ("POST", path, None, {}, 415, "unsupported-media-type"),
            ("POST", path, good, {"Content-Type": "text/plain"}, 415, "unsupported-media-type"),
            ("POST", path, {}, {}, 400, "bad-body"),
            ("POST", path, {"reference": ""}, {}, 400, "bad-body"),
            ("POST", path, {"reference": 1}, {}, 400, "bad-body"),
            ("POST", path, {"reference": "x" * 65}, {}, 400, "bad-body"),
            ("POST", path, {"reference": "a\nb"}, {}, 400, "bad-body"),
            ("POST", path, {"reference": "r", "amount": 1}, {}, 400, "bad-body")]:
        got, _, problem = admin.ask(method, where, body, headers)
        assert (got, problem["type"]) == (status, "/problems/" + slug), (method, where, body)
    assert [row["state"] for row in refunds(admin, sku=2004)["refunds"]] == ["due"]
    assert stack.query("SELECT COUNT(*) FROM admin_log") == rows


def test_done_by_many_at_once(stack, admin):
    """Twelve references for each refund at the same moment: one wins, its repeats are answered as it was, one line of trail."""
    plant(stack, 2005, *[(f"o{i}", "p") for i in range(10)])
    with running(stack, "admin") as other, concurrent.futures.ThreadPoolExecutor(24) as pool:
        answers = list(pool.map(lambda n: (n, mark((admin, other)[n % 2], f"2005.o{n % 10}", "p", f"re-{n // 20}")), range(240)))
    for i in range(10):
        mine = [answer for n, answer in answers if n % 10 == i]
        assert {status for status, _, _ in mine} == {200, 409}
        assert len({body["reference"] for _, _, body in mine}) == 1
        assert sum(status == 200 for status, _, _ in mine) == 2, "each reference was sent twice"
        assert stack.query("SELECT COUNT(*) FROM admin_log WHERE action = 'refund.done' AND detail LIKE %s",
                           f"order 2005.o{i}, %") == [(1,)]


def test_the_ledger_away(stack, admin):
    plant(stack, 2006, ("a", "p"))
    stack.kill("mariadb")
    try:
        status, _, problem = admin.ask("GET", "/v1/refunds")
        assert (status, problem["type"]) == (503, "/problems/ledger-unavailable")
        status, _, problem = mark(admin, "2006.a", "p")
        assert (status, problem["type"]) == (503, "/problems/ledger-unavailable")
    finally:
        stack.restart("mariadb")
    until(lambda: mark(admin, "2006.a", "p")[0] == 200, "works again")
    until(admin.is_ready, admin.troubles)


# ---- who may ----

def test_roles(stack):
    plant(stack, 2007, ("a", "p"))
    order = ["buyer", "internal", "ops", "admin"]
    with running(stack, "admin", **JWT) as daemon:
        for method, path, body, least in [("GET", "/v1/refunds", None, "ops"), ("POST", PASS, None, "admin"),
                                          ("POST", "/v1/refunds/2007.a/p/done", {"reference": "r"}, "admin")]:
            assert daemon.ask(method, path, body)[0] == 401
            assert daemon.ask(method, path, body, bearer(exp=1))[0] == 401
            for role in order:
                status, _, answer = daemon.ask(method, path, body, bearer(role))
                allowed = order.index(role) >= order.index(least)
                assert (answer.get("type") != "/problems/forbidden" and status != 401) == allowed, (path, role)
            if body is None:
                assert daemon.ask(method, path, body, bearer(sku="2008"))[2]["type"] == "/problems/wrong-sale"
        assert daemon.ask("GET", "/v1/refunds?sku=2007&state=all", headers=bearer(sku="2007"))[0] == 200
        assert daemon.ask("GET", "/v1/refunds?sku=2008", headers=bearer(sku="2007"))[0] == 403
        status, _, answer = daemon.ask("POST", "/v1/refunds/2007.a/p/done", {"reference": "r"}, bearer(sku="2008"))
        assert (status, answer["type"]) == (403, "/problems/wrong-sale")


# ---- expiry on request ----

def test_a_pass_with_tokens(stack):
    """flash-admin signs in at the reconciler in its caller's name, by its first key, whatever the caller's is."""
    keys = {**JWT, "FLASH_AUTH_KID_1": "new"}
    with running(stack, "reconciler", "run", **keys) as reconciler:
        where = {"FLASH_RECONCILER_LISTEN": f"127.0.0.1:{reconciler.port}"}
        with running(stack, "admin", FLASH_AUTH_KID_2="old", FLASH_AUTH_KEY_2="o" * 40, **keys, **where) as admin:
            status, _, answer = admin.ask("POST", PASS, headers=bearer(key="o" * 40, kid="old", sub="zoe"))
            assert status == 200 and set(answer) == COUNTS
        until(lambda: [line["operator"] for line in reconciler.said("reconciler.pass_asked")] == ["zoe"], lambda: reconciler.lines)
        assert (b"zoe", None) in stack.query("SELECT operator, sku FROM admin_log WHERE action = 'expiry.pass'")
        with running(stack, "admin", **{**keys, "FLASH_AUTH_KEY_1": "z" * 40}, **where) as stranger:
            status, _, answer = stranger.ask("POST", PASS, headers=bearer(key="z" * 40, kid="new"))
            assert (status, answer["type"]) == (503, "/problems/reconciler-unreachable")
            line = until(lambda: stranger.said("admin.reconciler_away"), "the log says why")[0]
            assert "401" in line["error"]


def test_a_pass_has_no_body(admin):
    assert admin.ask("POST", PASS, {})[2]["type"] == "/problems/bad-body"
    assert admin.ask("GET", PASS)[0] == 405


def test_the_reconciler_away(shop, stack, admin):
    shop.stop("reconciler")
    rows = stack.query("SELECT COUNT(*) FROM admin_log")
    status, headers, problem = admin.ask("POST", PASS)
    assert (status, problem["type"]) == (503, "/problems/reconciler-unreachable") and int(headers["Retry-After"]) > 0
    until(lambda: admin.said("admin.reconciler_away"), "the log says it")
    assert stack.query("SELECT COUNT(*) FROM admin_log") == rows
    shop.daemons["reconciler"] = start_reconciler(stack, FLASH_RECONCILER_LISTEN=stack.env["FLASH_RECONCILER_LISTEN"])
    assert admin.ask("POST", PASS)[0] == 200


def test_what_the_reconciler_cannot_do_is_said(stack):
    with running(stack, "reconciler", "run", ready=False, FLASH_KAFKA_BROKERS="127.0.0.1:1") as reconciler:
        until(lambda: set(reconciler.troubles()) == {"kafka"}, reconciler.troubles)
        with running(stack, "admin", FLASH_RECONCILER_LISTEN=f"127.0.0.1:{reconciler.port}") as admin:
            status, _, problem = admin.ask("POST", PASS)
            assert (status, problem["type"], problem["expired"]) == (503, "/problems/kafka-unavailable", 0)


@pytest.fixture
def silence():
    """A listener that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def test_a_silent_reconciler_holds_up_nobody(stack, silence):
    """One pass waits, more wait behind it, too many are told so; everything else is answered; a stop ends the wait."""
    with running(stack, "admin", FLASH_RECONCILER_LISTEN=silence) as admin:
        answers = []
        askers = [threading.Thread(target=lambda: answers.append(admin.ask("POST", PASS))) for _ in range(20)]
        for asker in askers:
            asker.start()
        until(lambda: len(answers) == 11, answers.__len__)
        assert {(status, body["type"]) for status, _, body in answers} == {(503, "/problems/overloaded")}
        for _ in range(20):
            assert admin.ask("GET", "/v1/refunds")[0] == 200
        started = time.monotonic()
        admin.signal(signal.SIGTERM)
        for asker in askers:
            asker.join(30)
        assert {(status, body["type"]) for status, _, body in answers[11:]} == {(503, "/problems/stopping")}
        assert len(answers) == 20
        assert admin.process.wait(30) == 0
        assert time.monotonic() - started < 25


# ---- flashctl ----

def test_flashctl(stack, admin):
    plant(stack, 2010, *[(f"o{i:04}", "pay") for i in range(1001)], ("a/b", ".."), ("a/b", "q", "re-0"))
    code, listed, _ = ctl(admin, "refund", "list", "--sku", "2010", "--output", "json")
    assert code == 0 and [row["order_id"] for row in listed["refunds"]] == ["2010.a/b"] + [f"2010.o{i:04}" for i in range(1001)]
    code, done, _ = ctl(admin, "refund", "done", "2010.a/b", "..", "--reference", "re 7", "--output", "json", "--operator", "otto")
    assert (code, done["state"], done["reference"]) == (0, "done", "re 7")
    assert ctl(admin, "refund", "done", "2010.a/b", "..", "--reference", "re 7")[0] == 0
    code, _, said = ctl(admin, "refund", "done", "2010.a/b", "..", "--reference", "re 8")
    assert code == 1 and "Already done (409)" in said
    assert stack.query("SELECT operator FROM admin_log WHERE sku = 2010") == [(b"otto",)]
    code, text, _ = ctl(admin, "refund", "list", "--sku=2010", "--state", "done")
    lines = text.splitlines()
    assert code == 0 and lines[0].split() == ["created", "order", "payment", "met", "refund", "done", "reference"]
    assert [line.split()[1:5] for line in lines[1:]] == [["2010.a/b", "..", "EXPIRED", "done"], ["2010.a/b", "q", "EXPIRED", "done"]]
    assert lines[1].endswith("  re 7")
    assert len(ctl(admin, "refund", "list", "--sku", "2010", "--state", "all")[1].splitlines()) == 1004
    assert ctl(admin, "refund", "list", "--sku", "2011")[1].count("\n") == 1
    assert ctl(admin, "refund", "done", "2010.x", "y", "--reference", "r")[0] == 1
    for words in (["list", "--state", "x"], ["list", "--sku", "0"], ["list", "--output", "xml"], ["done", "2010.a", "p"],
                  ["done", "x", "p", "--reference", "r"], ["done", "2010.a", "p q", "--reference", "r"],
                  ["done", "2010.a", "p", "--reference", "a\"b"]):
        assert ctl(admin, "refund", *words)[0] == 2, words
