"""flash-bench against a shop that behaves, and one that does not: what it counts, retries, remembers and measures."""

import asyncio
import base64
import hashlib
import hmac
import json
import os
import signal
import subprocess

import pytest

from shop import CLOSE, Shop, answer, problem

BENCH = os.path.join(os.environ["FLASH_BUILD"], "tools/flash-bench/flash-bench")


def bench(shop, *arguments, code=0):
    """Runs flash-bench on the shop with SKU 1001; returns its JSON report."""
    command = [BENCH, "--url", shop.url, "--sku", "1001", "--json", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50)
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


def rows(path):
    lines = path.read_text().splitlines()
    assert lines[0].split("\t") == ["outcome", "order_id", "user", "quantity", "key", "attempts", "at"]
    return [dict(zip(lines[0].split("\t"), line.split("\t"))) for line in lines[1:]]


def test_every_accepted_order_is_remembered(tmp_path):
    with Shop(stock=700) as shop:
        report = bench(shop, "--orders", 500, "--quantity", "1..3", "--accepted", tmp_path / "a.tsv")
    sold = sum(order["quantity"] for order in shop.orders.values())
    assert report["orders"]["begun"] == 500
    assert report["orders"]["accepted"] == len(shop.orders)
    assert report["orders"]["accepted_units"] == sold
    assert report["orders"]["refused_by"] == {"sold-out": 500 - len(shop.orders)}
    assert report["latency_us"]["accepted"]["count"] == len(shop.orders)
    remembered = {row["key"]: (row["order_id"], row["user"], int(row["quantity"])) for row in rows(tmp_path / "a.tsv")}
    assert remembered == {k: (o["order_id"], o["user"], o["quantity"]) for k, o in shop.orders.items()}


def test_a_run_with_the_same_name_is_a_repeat():
    with Shop() as shop:
        first = bench(shop, "--orders", 100, "--run", "again")
        second = bench(shop, "--orders", 100, "--run", "again", "--threads", 2)
    assert first["orders"]["accepted"] == second["orders"]["accepted"] == len(shop.orders) == 100


def test_busy_answers_are_retried_with_the_same_key():
    def busy_first(_, request):
        return problem(503, "not-admitting", ["Retry-After: 1"]) if request.seen == 1 else None

    with Shop(fault=busy_first) as shop:
        report = bench(shop, "--orders", 50)
    assert report["orders"]["accepted"] == len(shop.orders) == 50
    assert report["retries"] == report["errors"]["not-admitting"] == 50
    assert set(shop.seen.values()) == {2}
    assert report["latency_us"]["accepted"]["p50"] >= 1_000_000  # from the intended start, through the wait


@pytest.mark.parametrize("slug, outcome", [("not-admitting", "gave_up"), ("outcome-unknown", "unknown")])
def test_attempts_are_bounded(tmp_path, slug, outcome):
    with Shop(fault=lambda *_: problem(503, slug)) as shop:
        report = bench(shop, "--orders", 20, "--retries", 2, "--accepted", tmp_path / "a.tsv")
    assert report["orders"][outcome] == 20
    assert report["orders"]["accepted"] == 0
    assert set(shop.seen.values()) == {3}
    expected = {("unknown", request.key) for request in shop.requests} if outcome == "unknown" else set()
    assert {(row["outcome"], row["key"]) for row in rows(tmp_path / "a.tsv")} == expected


def test_a_lost_answer_is_asked_for_again():
    def lose_first(shop, request):
        if request.seen == 1:
            shop.order(request)  # it happened, and nobody learns it
            return CLOSE
        return None

    with Shop(fault=lose_first) as shop:
        report = bench(shop, "--orders", 60, "--connections", 8)
    assert report["orders"]["accepted"] == len(shop.orders) == 60
    assert report["errors"] == {"connection-lost": 60}
    assert report["reconnects"] > 0


def test_an_overdue_answer_ends_its_connection():
    async def silence(shop, request):
        if request.seen == 1:
            await asyncio.sleep(3)
        return None

    with Shop(fault=silence) as shop:
        report = bench(shop, "--orders", 4, "--connections", 4, "--timeout", 0.3)
    assert report["errors"] == {"timeout": 4}
    assert report["orders"]["accepted"] == 4


QUEUED = {"sku": "1001", "quantity": 1, "status": "QUEUED"}
WRONG = {
    "another id": lambda s, r: answer(202, {**QUEUED, "order_id": "1001." + "x" * 22}),
    "no problem document": lambda s, r: answer(409, {"error": "sold out"}),
    "server error": lambda s, r: problem(500, "internal"),
    "accepted with 200": lambda s, r: answer(200, {}),
    "unauthorized": lambda s, r: problem(401, "unauthorized"),
    "no length": lambda s, r: b"HTTP/1.1 202 X\r\n\r\n",
    "two answers": lambda s, r: problem(409, "sold-out") * 2,
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_answers_are_found(what):
    with Shop(fault=WRONG[what]) as shop:
        report = bench(shop, "--orders", 3, "--connections", 1, "--retries", 0, code=1)
    assert report["wrong"]["count"] >= 1
    assert report["wrong"]["samples"]
    assert report["orders"]["accepted"] == 0


def test_a_stall_shows_in_the_latencies_of_all_that_should_have_been_served():
    """One stall of 0.5 s at 400/s on two connections: two requests meet it, 200 arrivals suffer it."""
    stalled = []

    async def stall_once(shop, request):
        if len(shop.seen) > 100 and len(stalled) < 2:
            stalled.append(request)
            await asyncio.sleep(0.5)
        return None

    with Shop(fault=stall_once) as shop:
        report = bench(shop, "--mode", "rate", "--rate", 400, "--duration", 2, "--connections", 2)
    latency = report["latency_us"]["accepted"]
    assert report["orders"]["begun"] == latency["count"]
    assert report["orders"]["begun"] + report["orders"]["unsent"] == 800
    assert latency["max"] >= 490_000
    assert latency["p90"] >= 150_000  # 200 of 800 waited, evenly from 0.5 s down to nothing
    assert report["latency_us"]["lateness"]["max"] >= 400_000


def test_arrivals_that_were_never_sent_are_counted():
    async def slow(*_):
        await asyncio.sleep(0.05)

    with Shop(fault=slow) as shop:
        report = bench(shop, "--mode", "rate", "--rate", 500, "--duration", 1, "--connections", 2)
    assert report["orders"]["begun"] + report["orders"]["unsent"] == 500
    assert report["orders"]["unsent"] > 400


@pytest.mark.parametrize("how", ["--poll", "--poll-wait"])
def test_order_pages_see_created(how):
    with Shop(stock=40, created_after_s=0.4) as shop:
        report = bench(shop, "--orders", 60, how, "--poll-connections", 64)
    pages = report["pages"]
    assert pages["followed"] == 40 and pages["unsettled"] == 0
    assert pages["seen"] == {"CREATED": 40}
    assert report["latency_us"]["created"]["p50"] >= 390_000
    reads = [request for request in shop.requests if request.method == "GET"]
    assert all(request.headers["if-none-match"] == '"1"' for request in reads)
    assert (len(reads) == 40) == (how == "--poll-wait")


def test_known_orders_are_read(tmp_path):
    with Shop() as shop:
        bench(shop, "--orders", 30, "--accepted", tmp_path / "a.tsv")
        report = bench(shop, "--mix", "status=1", "--known", tmp_path / "a.tsv", "--duration", 0.3)
    assert report["reads"] == report["requests"] > 0
    assert report["orders"]["begun"] == 0 and len(shop.orders) == 30


def change(shop, known, verb, *arguments, **more):
    url = ["--internal-url", shop.url] if verb == "pay" else []
    return bench(shop, "--mix", f"{verb}=1", "--known", known, *url, *arguments, **more)


@pytest.mark.parametrize("how", [[], ["--mode", "rate", "--rate", 3000], ["--threads", 3, "--depth", 2]])
@pytest.mark.parametrize("verb, done", [("pay", "paid"), ("cancel", "cancelled")])
def test_each_known_order_is_changed_once(tmp_path, verb, done, how):
    with Shop() as shop:
        bench(shop, "--orders", 300, "--quantity", "1..3", "--accepted", tmp_path / "a.tsv")
        before = len(shop.requests)
        report = change(shop, tmp_path / "a.tsv", verb, "--accepted", tmp_path / "c.tsv", *how)
    changes = shop.requests[before:]
    assert report["changes"]["begun"] == report["changes"][done] == 300 and report["changes"]["per_s"] > 0
    assert report["latency_us"][done]["count"] == 300 and report["orders"]["unsent"] == 0
    assert sorted(request.path for request in changes) == sorted(f"/v1/orders/{order}/{verb}" for order in shop.by_id)
    assert all(request.user == shop.by_id[request.path.split("/")[3]]["user"] for request in changes)
    remembered = {row["order_id"]: (row["outcome"], row["user"], int(row["quantity"]), row["key"])
                  for row in rows(tmp_path / "c.tsv")}
    assert remembered == {i: (done, o["user"], o["quantity"], o["payment"] or "-") for i, o in shop.by_id.items()}
    if verb == "pay":
        assert all(order["payment"] == "p-" + i.split(".")[1] for i, order in shop.by_id.items())


@pytest.mark.parametrize("verb", ["pay", "cancel"])
def test_changes_in_the_order_of_the_file(tmp_path, verb):
    with Shop() as shop:
        bench(shop, "--orders", 40, "--accepted", tmp_path / "a.tsv")
        before = len(shop.requests)
        change(shop, tmp_path / "a.tsv", verb, "--connections", 1)
    assert [request.path.split("/")[3] for request in shop.requests[before:]] == [row["order_id"] for row in rows(tmp_path / "a.tsv")]


def test_refused_changes_are_counted_by_type(tmp_path):
    with Shop(created_after_s=0.5) as shop:
        bench(shop, "--orders", 30, "--accepted", tmp_path / "a.tsv")
        early = change(shop, tmp_path / "a.tsv", "pay")
        bench(shop, "--mix", "wait=1", "--known", tmp_path / "a.tsv", "--duration", 0.7)
        paid = change(shop, tmp_path / "a.tsv", "pay", "--accepted", tmp_path / "p.tsv")
        repeated = change(shop, tmp_path / "a.tsv", "pay")
        late = change(shop, tmp_path / "a.tsv", "cancel", "--accepted", tmp_path / "c.tsv")
    assert early["orders"]["refused_by"] == {"not-created-yet": 30} and early["changes"]["paid"] == 0
    assert paid["changes"]["paid"] == repeated["changes"]["paid"] == 30
    assert late["orders"]["refused_by"] == {"wrong-state": 30} and late["changes"]["cancelled"] == 0
    assert len(rows(tmp_path / "p.tsv")) == 30 and rows(tmp_path / "c.tsv") == []


@pytest.mark.parametrize("verb, done", [("pay", "paid"), ("cancel", "cancelled")])
def test_a_lost_change_is_asked_for_again(tmp_path, verb, done):
    def lose_first(shop, request):
        if request.path.endswith(verb) and request.seen == 1:
            shop.change(request)
            return CLOSE
        return None

    with Shop(fault=lose_first) as shop:
        bench(shop, "--orders", 40, "--accepted", tmp_path / "a.tsv")
        report = change(shop, tmp_path / "a.tsv", verb, "--connections", 8)
    assert report["changes"][done] == 40 and report["errors"] == {"connection-lost": 40}


def test_changes_whose_outcome_stays_unknown_are_recorded(tmp_path):
    fault = lambda _, request: problem(503, "outcome-unknown") if request.path.endswith("cancel") else None
    with Shop(fault=fault) as shop:
        bench(shop, "--orders", 20, "--accepted", tmp_path / "a.tsv")
        report = change(shop, tmp_path / "a.tsv", "cancel", "--retries", 1, "--accepted", tmp_path / "c.tsv")
    assert report["changes"]["unknown"] == 20 and report["changes"]["cancelled"] == 0
    assert {row["order_id"] for row in rows(tmp_path / "c.tsv") if row["outcome"] == "cancel-unknown"} == set(shop.by_id)


def test_a_change_that_leaves_another_state_is_wrong(tmp_path):
    def lie(shop, request):
        if request.path.endswith("pay"):
            return answer(200, shop.public(shop.by_id[request.path.split("/")[3]], "CREATED"))
        return None

    with Shop(fault=lie) as shop:
        bench(shop, "--orders", 5, "--accepted", tmp_path / "a.tsv")
        report = change(shop, tmp_path / "a.tsv", "pay", code=1)
    assert report["wrong"]["count"] == 5 and report["changes"] == {**report["changes"], "paid": 0, "unknown": 5}


def test_a_service_pays_with_its_own_token(tmp_path):
    (tmp_path / "key").write_text("0123456789abcdef0123456789abcdef\n")
    claims = []

    def read(_, request):
        if request.path.endswith("pay"):
            part = request.headers["authorization"].split(".")[1]
            claims.append(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))

    with Shop(fault=read) as shop:
        bench(shop, "--orders", 20, "--accepted", tmp_path / "a.tsv")
        report = change(shop, tmp_path / "a.tsv", "pay", "--auth", "jwt", "--key-file", tmp_path / "key")
    assert report["changes"]["paid"] == 20
    assert {claim["role"] for claim in claims} == {"internal"} and len({claim["sub"] for claim in claims}) == 1


def test_tokens(tmp_path):
    secret = "0123456789abcdef0123456789abcdef"
    (tmp_path / "key").write_text(secret + "\n")

    def decode(part):
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))

    def verify(_, request):
        head, claims, mac = request.headers["authorization"].removeprefix("Bearer ").split(".")
        expected = hmac.digest(secret.encode(), f"{head}.{claims}".encode(), hashlib.sha256)
        if decode(mac) != expected or json.loads(decode(head)) != {"alg": "HS256", "typ": "JWT", "kid": "k1"}:
            return problem(401, "unauthorized")
        request.user = json.loads(decode(claims))["sub"]
        return None

    with Shop(fault=verify) as shop:
        auth = ["--auth", "jwt", "--key-file", tmp_path / "key", "--kid", "k1"]
        report = bench(shop, "--orders", 70, "--buyers", 50, *auth)
    assert report["orders"]["accepted"] == 70
    assert {order["user"] for order in shop.orders.values()} == {f"u-{n}" for n in range(1, 51)}


def test_an_interrupt_ends_sending_and_reports():
    with Shop() as shop:
        command = [BENCH, "--url", shop.url, "--sku", "1001", "--duration", "60", "--json", "--progress"]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        child.stderr.readline()  # one line of progress: it runs
        child.send_signal(signal.SIGINT)
        out, _ = child.communicate(timeout=20)
    report = json.loads(out)
    assert child.returncode == 0 and report["interrupted"]
    assert report["orders"]["accepted"] == len(shop.orders) > 0


def test_exit_codes():
    def code(*arguments):
        return subprocess.run([BENCH, *arguments], capture_output=True, timeout=20).returncode

    assert code("--help") == code("--version") == 0
    assert code("--sku", "none") == code() == code("--sku", "1", "--accepted", "/nowhere/a.tsv") == 2
    assert code("--sku", "1", "--url", "http://127.0.0.1:1") == 3
