"""flash-reconciler's verbs on the stores themselves: what is open, the story of an order, plans and their application.

Every format is read back by Python and compared with the rows and entries that are really there. No reconciler runs here,
so what is left open stays open until a verb takes it up.
"""
import csv
import io
import json
import os
import pty
import re
import subprocess
import uuid

import pytest

from daemons import BUILD, running, until
from sale import Sale
from stack import Stack

PROGRAM = BUILD / "reconciler" / "flash-reconciler"
LIMIT_S = 400
SOON = {"FLASH_RECONCILER_SETTLE_AFTER": "10ms"}  # an entry is old enough to be looked at


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("reports") / "stack") as private:
        private.migrate("up")
        yield private


@pytest.fixture(scope="module")
def shop(stack):
    with Sale(stack) as sale:
        yield sale


def verb(stack, *arguments, **settings):
    """(exit code, stdout, stderr)."""
    done = subprocess.run([PROGRAM, *map(str, arguments)], env=stack.daemon_env(**{**SOON, **settings}), capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=LIMIT_S, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def rows(stack, member, *arguments, **settings):
    """(exit code, the rows of that member), the same by JSON, JSON lines and CSV."""
    code, text, _ = verb(stack, *arguments, "--output", "json", **settings)
    document = json.loads(text)
    again, lines, _ = verb(stack, *arguments, "--output=jsonl", **settings)
    third, table, _ = verb(stack, *arguments, "--output", "csv", **settings)
    found = document.get(member, [])
    volatile = [name for name in (found[0] if found else {}) if name.endswith("age_ms")]
    assert code == again == third
    assert steady([json.loads(line) for line in lines.splitlines()], volatile) == steady(found, volatile)
    read = list(csv.DictReader(io.StringIO(table, newline="")))
    assert steady(read, volatile) == steady([{name: in_csv(value) for name, value in row.items()} for row in found], volatile)
    assert table.count("\r\n") == len(found) + (1 if table else 0)
    return code, found


def steady(found, volatile):
    return [{name: value for name, value in row.items() if name not in volatile} for row in found]


def in_csv(value):
    return {None: "", True: "yes", False: "no"}.get(value, str(value)) if not isinstance(value, int) or isinstance(
        value, bool) else str(value)


def buy(shop, sku, user, quantity=1):
    """A new order: its id."""
    status, _, answer = shop.order(sku, user, uuid.uuid4().hex, quantity)
    assert status == 202, answer
    return answer["order_id"]


def state_of(shop, order):
    return shop.engine.ask("GET", f"/v1/orders/{order}", headers={"X-User-Id": "zoe"})[2].get("status")


def act(shop, order, what, body=None):
    status, _, answer = shop.engine.ask("POST", f"/v1/orders/{order}/{what}", body, {"X-User-Id": "zoe"},
                                        internal=what == "pay")
    return status, answer


def story(stack, order, **settings):
    """(exit code, the order, {(store, step): state}, steps)."""
    code, steps = rows(stack, "steps", "report", "--order", order, **settings)
    order = json.loads(verb(stack, "report", "--order", order, "--output", "json", **settings)[1])["order"]
    return code, order, {(step["store"], step["step"]): step["state"] for step in steps}, steps


# ---- the story of an order ----

def test_story_of_nothing(stack, shop):
    code, out, said = verb(stack, "report", "--order", "77.nobody")
    assert (code, out) == (1, "") or (code, out.strip()) == (1, ""), out
    assert "no store knows the order 77.nobody" in said
    assert json.loads(verb(stack, "report", "--order", "77.nobody", "--output", "json")[1]) == {}


def test_story_of_a_created_order(stack, shop):
    sku = shop.put_on_sale(units=10)
    order = buy(shop, sku, "zoe", 2)
    shop.until_settled(sku)
    code, head, parts, steps = story(stack, order)
    (entry, place, offset), = stack.query(
        "SELECT v.entry_id, v.partition_no, v.kafka_offset FROM reservation r JOIN verdict v USING (entry_id) "
        "WHERE order_id = %s", order)
    assert code == 0 and head["consistent"] and head["all_steps_shown"]
    assert (head["order_id"], head["sku"], head["user_id"], head["quantity"]) == (order, sku, "zoe", 2)
    assert (head["redis_status"], head["ledger_status"]) == ("CREATED", "CREATED") and head["pay_by"]
    assert set(parts.values()) == {"there"}
    assert set(parts) == {("redis", "record"), ("ledger", "row"), ("ledger", "log"), ("ledger", "verdict")}
    verdict, = [step for step in steps if step["step"] == "verdict"]
    assert (verdict["entry_id"], verdict["partition"], verdict["offset"]) == (str(uuid.UUID(bytes=entry)), place, offset)
    assert "reserve" in verdict["detail"] and "APPLIED, clean" in verdict["detail"]
    assert all(step["at"] for step in steps) and [step["at"] for step in steps] == sorted(step["at"] for step in steps)


def test_story_of_each_state(stack, shop):
    sku = shop.put_on_sale(units=100, limit=50)
    orders = {name: buy(shop, sku, "zoe") for name in ("PAID", "CANCELLED", "RETURNED", "LATE")}
    shop.until_settled(sku)
    for name in ("PAID", "RETURNED"):
        assert act(shop, orders[name], "pay", {"payment_id": "pay-" + name})[0] == 200
    for name in ("CANCELLED", "LATE"):
        assert act(shop, orders[name], "cancel")[0] == 202
    shop.until_settled(sku)
    assert shop.engine.ask("POST", "/inventory/release", {"product_id": str(sku), "order_id": orders["RETURNED"].split(".", 1)[1]},
                           internal=True)[0] in (200, 202)
    assert act(shop, orders["LATE"], "pay", {"payment_id": "pay-late"})[1]["refund_due"] is True
    shop.until_settled(sku)
    for name, logs in (("PAID", 2), ("CANCELLED", 2), ("RETURNED", 3), ("LATE", 2)):
        code, head, parts, steps = story(stack, orders[name])
        state = "CANCELLED" if name == "LATE" else name
        assert (code, head["redis_status"], head["ledger_status"]) == (0, state, state), (name, steps)
        assert sum(step["step"] == "log" for step in steps) >= logs, steps
        assert (("ledger", "refund") in parts) == (name == "LATE")
    assert "pay-late met CANCELLED: to be given back" in str(steps)


def test_story_of_a_waiting_order(stack, shop):
    sku = shop.put_on_sale(units=10)
    shop.freeze("consumer")
    try:
        order = buy(shop, sku, "zoe")
        code, head, parts, steps = story(stack, order)
    finally:
        shop.thaw("consumer")
    assert (code, head["redis_status"], head["ledger_status"], head["consistent"]) == (0, "QUEUED", None, True)
    assert parts == {("redis", "record"): "there", ("redis", "journal"): "waiting", ("ledger", "verdict"): "waiting",
                     ("ledger", "row"): "waiting"}
    journal, = [step for step in steps if step["step"] == "journal"]
    assert journal["entry_id"] and "reserve of 1, line 1 of 1" in journal["detail"]
    shop.until_settled(sku)


def test_story_of_a_forgotten_order(stack, shop):
    sku = shop.put_on_sale(units=10)
    order = buy(shop, sku, "zoe")
    shop.until_settled(sku)
    record = shop.redis.hget(shop.key(sku, "orders"), order.split(".", 1)[1])
    shop.redis.hdel(shop.key(sku, "orders"), order.split(".", 1)[1])
    code, head, parts, steps = story(stack, order)
    assert (code, head["redis_status"], head["consistent"]) == (1, None, False)
    assert parts["redis", "record"] == "missing" and "forgotten" in str(steps)
    shop.redis.hset(shop.key(sku, "orders"), order.split(".", 1)[1], record)
    assert story(stack, order)[0] == 0


def test_story_of_a_phantom(stack, shop):
    sku = shop.put_on_sale(units=10)
    shop.redis.hset(shop.key(sku, "orders"), "ghost", "C1:1:1763718000123456:1763719800:mallory")
    code, head, parts, steps = story(stack, f"{sku}.ghost")
    assert (code, head["redis_status"], head["ledger_status"]) == (1, "CREATED", None)
    assert parts["ledger", "row"] == "missing" and "phantom" in str(steps)
    shop.redis.hdel(shop.key(sku, "orders"), "ghost")


def test_story_of_what_is_parked_or_dead(stack, shop):
    sku = shop.put_on_sale(units=10)
    order, entry = f"{sku}.early", uuid.uuid4().bytes
    stack.query("INSERT INTO parked VALUES (%s, %s, 0, %s, 2, 3, 17, 1, 'value', %s)", order, entry, sku, 1763718000123)
    stack.query("INSERT INTO dead_letter (topic, partition_no, kafka_offset, reason, value, created_at_ms) "
                "VALUES ('flash.orders', 3, 18, 'no entry', %s, %s)", b'["early",', 1763718000124)
    code, found = rows(stack, "findings", "report", "--sku", sku)
    assert code == 1 and [(row["cause"], row["order_id"], row["partition"], row["offset"], row["entry_id"]) for row in found] == [
        ("parked", order, 3, 17, str(uuid.UUID(bytes=entry)))]
    found = rows(stack, "findings", "report", "--cause", "dead")[1]
    assert [(row["partition"], row["offset"], row["sku"]) for row in found] == [(3, 18, None)]
    code, head, parts, steps = story(stack, order)
    assert parts == {("ledger", "parked"): "waiting", ("ledger", "dead"): "missing"} and code == 1, steps
    assert [(step["partition"], step["offset"]) for step in steps] == [(3, 17), (3, 18)]
    assert "pay from version 1: waits for its predecessor" in steps[0]["detail"] and "no entry" in steps[1]["detail"]
    stack.query("DELETE FROM parked WHERE order_id = %s", order)
    stack.query("DELETE FROM dead_letter WHERE kafka_offset = 18")


def test_story_of_an_expired_order(stack, shop):
    sku = shop.put_on_sale(units=10, hold_s=1)
    order = buy(shop, sku, "zoe")
    with running(stack, "reconciler", "run", FLASH_RECONCILER_EXPIRY_INTERVAL="100ms"):
        until(lambda: stack.query("SELECT 1 FROM reservation WHERE order_id = %s AND state = 4", order), "it does not expire")
        shop.until_settled(sku)
    code, head, parts, steps = story(stack, order)
    assert (code, head["redis_status"], head["ledger_status"]) == (0, "EXPIRED", "EXPIRED")
    assert [step["detail"].split()[0] for step in steps if step["step"] == "verdict"] == ["reserve", "expire"]


def test_story_as_a_table(stack, shop):
    sku = shop.put_on_sale(units=10)
    order = buy(shop, sku, "zoë-商品".encode().decode("latin-1"))  # as a header carries it
    shop.until_settled(sku)
    code, text, _ = verb(stack, "report", "--order", order, LC_ALL="C")
    assert code == 0 and "\x1b" not in text
    assert re.search(r"^order id +" + re.escape(order) + "$", text, re.MULTILINE)
    assert re.search(r"^user id +zoë-商品$", text, re.MULTILINE)
    assert re.search(r"^at +store +step +state +entry id +partition +offset +log id +detail$", text, re.MULTILINE)


def on_a_terminal(stack, *arguments, **settings):
    """What the verb writes when its stdout is a terminal."""
    ours, theirs = pty.openpty()
    with subprocess.Popen([PROGRAM, *arguments], env=stack.daemon_env(TERM="xterm", COLUMNS="80", **settings),
                          stdin=subprocess.DEVNULL, stdout=theirs, stderr=subprocess.DEVNULL) as process:
        os.close(theirs)
        text = b""
        try:
            while chunk := os.read(ours, 65536):
                text += chunk
        except OSError:  # the other end is closed
            pass
        assert process.wait(LIMIT_S) == 0
    os.close(ours)
    return text.decode()


def test_colours_only_on_a_terminal(stack, shop):
    sku = shop.put_on_sale(units=10)
    order = buy(shop, sku, "zoe")
    shop.until_settled(sku)
    assert "\x1b[32mthere" in on_a_terminal(stack, "report", "--order", order)
    assert "\x1b" not in on_a_terminal(stack, "report", "--order", order, NO_COLOR="1")
    assert "\x1b[" in on_a_terminal(stack, "report", "--order", order, NO_COLOR="")
    assert "\x1b" not in on_a_terminal(stack, "report", "--order", order, "--output", "json")


# ---- what is said and returned ----

def test_what_is_not_compared_is_not_clean(stack, shop):
    sku = shop.put_on_sale(units=10)
    assert verb(stack, "report", "--sku", sku)[0] == 0
    for name in ("report", "plan"):
        code, _, said = verb(stack, name, "--sku", "999999")
        assert code == 2 and "the ledger has no such SKU" in said
    dump = shop.redis.hgetall(shop.key(sku, "stock"))
    shop.redis.delete(shop.key(sku, "stock"))
    try:
        code, text, said = verb(stack, "report", "--sku", sku, "--output", "json")
        assert code == 1 and "1 SKUs were not compared" in said and json.loads(text)["pass"]["skus_skipped"] == 1
    finally:
        shop.redis.hset(shop.key(sku, "stock"), mapping=dump)
    assert verb(stack, "report", "--sku", sku)[0] == 0


@pytest.mark.parametrize("arguments", [["history", "--limit", "0"], ["history", "--limit", "x"], ["history", "no-uuid"],
                                       ["history", "--limit"], ["history", "--limit=1", "--limit=2"], ["history", "--what"],
                                       ["report", "--order", "42"], ["report", "--sku", "0"], ["report", "--cause", "bad_luck"],
                                       ["plan", "--sku", "-1"], ["plan", "--operator", ""], ["plan", "what"], ["apply"],
                                       ["apply", "7"], ["apply", "--force", "5"], ["apply", str(uuid.UUID(int=1)), "--force", "0"], ["report", "--output", "xml"],
                                       ["history", "--set", "mysql.port=0"], ["history", "--config", "nothing.ini"],
                                       ["nothing"], []])
def test_usage(stack, arguments):
    code, out, said = verb(stack, *arguments)
    assert (code, out) == (2, "") and said.startswith("flash-reconciler")


@pytest.mark.parametrize("name", ["report", "plan", "apply", "history"])
def test_help(stack, name):
    code, out, said = verb(stack, name, "--help")
    assert (code, said) == (0, "") and out.startswith(f"usage: flash-reconciler {name}")
    assert "examples:" in out and "exit codes: 0 clean, 1 findings, 2 usage, 3 unreachable" in out
    assert f"  {name} " in verb(stack, "--help")[1]


def test_unreachable(stack):
    nowhere = {"FLASH_MYSQL_HOST": "127.0.0.1", "FLASH_MYSQL_SOCKET": "", "FLASH_MYSQL_PORT": "1"}
    for settings, arguments in (({"FLASH_REDIS_PORT": "1"}, ["report", "--order", "42.x"]), (nowhere, ["report", "--order", "42.x"]),
                                (nowhere, ["history"])):
        code, _, said = verb(stack, *arguments, **settings)
        assert code == 3 and "127.0.0.1" in said and said.count("\n") == 1, said


# ---- the record, by the back office ----

RUN = ("INSERT INTO reconcile_run (run_id, mode, state, operator, generation, sku, started_at_ms, ended_at_ms, findings, exit_code, "
       "detail) VALUES (%s, %s, %s, 'zoë', 1, %s, %s, %s, %s, 1, %s)")
FINDING = ("INSERT INTO reconcile_finding (run_id, cause, state, sku, entry_id, order_id, partition_no, kafka_offset, quantity, detail, "
           "age_ms, found_at_ms, updated_at_ms) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, -2, %s, %s, %s, %s)")
T0 = 1763718000000


@pytest.fixture(scope="module")
def record(stack):
    """Twelve runs and forty findings of the first two, as rows; the runs' ids, youngest first."""
    ids = [uuid.UUID(int=(T0 + i << 80) | 7 << 76 | 2 << 62 | i) for i in range(12)]
    modes, states = ["audit", "plan", "run"], ["done", "planned", "failed"]
    for i, run in enumerate(ids):
        stack.query(RUN, run.bytes, modes[i % 3], states[i % 3], 42 if i == 3 else None, T0 + i, None if i == 5 else T0 + i + 1500,
                    20 if i < 2 else 0, 'odd, "quoted"\nand ü' if i == 1 else "")
    for i in range(40):
        stack.query(FINDING, ids[i // 20].bytes, ["lost", "drift_up"][i % 2], ["open", "applied"][i % 4 // 2], 7000 + i % 3,
                    ids[0].bytes if i % 2 else None, f"{7000 + i % 3}.o{i}" if i % 2 else None, 3 if i % 2 else None,
                    i if i % 2 else None, f"number {i}, \"q\"", 61_000 * (i % 2), T0 + i, T0 + i)
    return [str(run) for run in reversed(ids)]


def pages(admin, path, member, limit, **query):
    """All rows of a list by its cursor; the same by CSV and its links."""
    found, cursor = [], {}
    while True:
        words = "&".join(f"{name}={value}" for name, value in {"limit": limit, **query, **cursor}.items())
        status, _, page = admin.ask("GET", f"{path}?{words}")
        assert status == 200, page
        assert len(page[member]) <= limit
        found += page[member]
        if "next_cursor" not in page:
            break
        cursor = {"cursor": page["next_cursor"]}
    read, link = [], path + "?" + "&".join(f"{name}={value}" for name, value in {"limit": limit, **query}.items())
    while link:
        status, headers, text = admin.ask("GET", link, headers={"Accept": "text/csv"})
        assert status == 200 and headers["Content-Type"].startswith("text/csv")
        read += csv.DictReader(io.StringIO(text, newline=""))
        link = re.fullmatch(r'<(.*)>; rel="next"', headers["Link"])[1] if "Link" in headers else None
    assert read == [{name: in_csv(value) for name, value in row.items()} for row in found]
    return found


def test_runs_by_http(stack, shop, record):
    for limit in (1, 5, 12, 500):
        runs = [run for run in pages(shop.admin, "/v1/reconcile/runs", "runs", limit) if run["run_id"] in record]
        assert [run["run_id"] for run in runs] == record
    odd = runs[-2]
    assert (odd["mode"], odd["state"], odd["operator"], odd["detail"]) == ("plan", "planned", "zoë", 'odd, "quoted"\nand ü')
    assert (odd["started_at"], odd["ended_at"]) == ("2025-11-21T09:40:00.001Z", "2025-11-21T09:40:01.501Z")
    assert odd["findings"] == 20 and odd["sku"] is None and odd["plan_id"] is None
    assert [run["ended_at"] is None for run in runs] == [i == 6 for i in range(12)]
    only = [run["run_id"] for run in pages(shop.admin, "/v1/reconcile/runs", "runs", 2, mode="audit", state="done")]
    assert [run for run in only if run in record] == [record[2], record[5], record[8], record[11]]
    status, _, one = shop.admin.ask("GET", f"/v1/reconcile/runs/{record[-4]}")
    assert status == 200 and one["sku"] == "42" and one == runs[-4]


def test_findings_by_http(stack, shop, record):
    path = "/v1/reconcile/findings"
    for limit in (1, 7, 20, 500):
        found = pages(shop.admin, path, "findings", limit, run=record[-1])
        assert [row["detail"] for row in found] == [f'number {i}, "q"' for i in reversed(range(20))]
    bare, full = found[-1], found[-2]
    assert (bare["cause"], bare["entry_id"], bare["order_id"], bare["partition"], bare["offset"]) == ("lost", None, None, None, None)
    assert (full["cause"], full["entry_id"], full["order_id"], full["partition"], full["offset"]) == (
        "drift_up", record[-1], "7001.o1", 3, 1)
    assert (bare["age_ms"], full["age_ms"]) == (0, 61_000)
    assert full["sku"] == "7001" and full["quantity"] == -2 and full["found_at"] == "2025-11-21T09:40:00.001Z"
    assert len(pages(shop.admin, path, "findings", 3, sku=7001)) == 13
    assert len(pages(shop.admin, path, "findings", 3, sku=7001, cause="lost", state="open", run=record[-2])) == 1
    assert {row["cause"] for row in pages(shop.admin, path, "findings", 500, cause="drift_up")} == {"drift_up"}


def test_refused_by_http(shop, record):
    for path in ("/v1/reconcile/runs?limit=501", "/v1/reconcile/runs?cause=lost", "/v1/reconcile/findings?state=done",
                 "/v1/reconcile/findings?sku=x", "/v1/reconcile/findings?run=1"):
        status, _, problem = shop.admin.ask("GET", path)
        assert (status, problem["type"]) == (400, "/problems/bad-query"), path
    for path in ("/v1/reconcile/runs/" + str(uuid.uuid4()), "/v1/reconcile/runs/1", "/v1/reconcile/runs/01997a5c-0b7e-7c4a-9a51-3f6f3f0f9d11"):
        status, _, problem = shop.admin.ask("GET", path)
        assert (status, problem["type"]) == (404, "/problems/not-found"), path
    assert shop.admin.ask("PUT", "/v1/reconcile/findings", {})[0] == 405


# ---- the record, by the command line ----

def test_history(stack, shop, record):
    code, runs = rows(stack, "runs", "history", "--limit", "500")
    mine = [run for run in runs if run["run_id"] in record]
    assert code == 0 and [run["run_id"] for run in mine] == record
    by_http = {run["run_id"]: run for run in pages(shop.admin, "/v1/reconcile/runs", "runs", 500)}
    for run in mine:
        for name in ("mode", "state", "operator", "started_at", "findings", "exit_code", "detail"):
            assert run[name] == by_http[run["run_id"]][name], name
    assert [run["took_ms"] for run in mine] == [None if i == 6 else 1500 for i in range(12)]
    assert len(rows(stack, "runs", "history", "--limit=3")[1]) == 3
    code, found = rows(stack, "findings", "history", record[-1])
    assert code == 0 and [row["detail"] for row in found] == [f'number {i}, "q"' for i in range(20)]
    assert json.loads(verb(stack, "history", record[-1], "--output", "json")[1])["run"]["run_id"] == record[-1]
    code, out, said = verb(stack, "history", "01997a5c-0b7e-7c4a-9a51-3f6f3f0f9d11")
    assert code == 2 and "no run has this id" in said, (out, said)
    text = verb(stack, "history", record[-2])[1]
    assert 'odd, "quoted"' in text and re.search(r"^findings\n *finding id +cause", text, re.MULTILINE)


# ---- a pass on request ----

def test_a_pass_is_asked_for_by_http(stack, shop):
    """Its daemon would rest for an hour: it settles at once what the consumer could not, because it was asked to."""
    slow = {"FLASH_RECONCILER_INTERVAL": "1h", "FLASH_RECONCILER_SETTLE_AFTER": "10ms"}
    with running(stack, "reconciler", "run", **slow) as reconciler:
        until(lambda: reconciler.metric('flash_reconciler_reconcile_passes_total{end="complete"}') >= 1, reconciler.troubles)
        where = {"FLASH_RECONCILER_LISTEN": f"127.0.0.1:{reconciler.port}"}
        shop.stop("consumer")
        shop.start("consumer", ready=False, FLASH_REDIS_PORT="1")
        sku = shop.put_on_sale(units=10)
        order = buy(shop, sku, "zoe")
        until(lambda: stack.query("SELECT 1 FROM reservation WHERE order_id = %s", order), "the ledger does not get it")
        code, head, parts, steps = story(stack, order)
        assert (code, parts["redis", "settle"], parts["ledger", "verdict"]) == (0, "waiting", "there"), steps
        with running(stack, "admin", **where) as admin:
            assert admin.ask("POST", "/v1/reconcile/runs", {})[2]["type"] == "/problems/bad-body"
            assert shop.journal(sku) == 1
            status, headers, answer = admin.ask("POST", "/v1/reconcile/runs", headers={"X-User-Id": "zoe"})
            assert (status, answer, headers["Location"]) == (202, {"asked": True}, "/v1/reconcile/runs")
            shop.until_settled(sku)
            found = until(lambda: [row for row in admin.ask("GET", f"/v1/reconcile/findings?sku={sku}")[2]["findings"]], "no finding")
            assert [(row["cause"], row["state"], row["sku"]) for row in found] == [("unsettled", "applied", str(sku))]
            run = until(lambda: [run for run in admin.ask("GET", "/v1/reconcile/runs?mode=run&state=done")[2]["runs"]
                                 if run["run_id"] == found[0]["run_id"]], "the run does not end")[0]
            assert (run["settled"], run["findings"], run["operator"]) == (1, 1, "flash-reconciler")
            reconciler.stop()
            status, _, problem = admin.ask("POST", "/v1/reconcile/runs")
            assert (status, problem["type"]) == (503, "/problems/reconciler-unreachable")
        assert stack.query("SELECT operator, status FROM admin_log WHERE action = 'reconcile.pass'") == [(b"zoe", 202)]
    code, _, parts, steps = story(stack, order)
    assert (code, parts["ledger", "finding"]) == (0, "there") and "unsettled, applied" in str(steps)
    shop.stop("consumer")
    shop.start("consumer")
