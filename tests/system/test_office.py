"""The back office's lists and settings, on a whole shop: what they answer, that it is what the ledger has, and that it is as
docs/openapi.yaml says.
"""
import concurrent.futures
import csv
import http.client
import io
import json
import threading

import pytest

import contract
from books import read_quiet
from buyers import Order
from daemons import until
from sale import Sale
from stack import Stack


@pytest.fixture(scope="module")
def sale(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("office") / "stack") as stack:
        with Sale(stack) as running:
            yield running


def ask(sale, method, path, body=None, headers=None):
    """(status, headers, JSON or text), checked against the document."""
    answer = sale.admin.ask(method, path, body, headers)
    contract.check("admin", method, path, *answer)
    return answer


def pages(sale, path, name, limit=500):
    """All rows of a list, page by page."""
    rows, cursor = [], ""
    while True:
        status, _, body = ask(sale, "GET", f"{path}{'&' if '?' in path else '?'}limit={limit}{cursor}")
        assert status == 200, body
        rows += body[name]
        assert len(body[name]) <= limit
        if "next_cursor" not in body:
            return rows
        cursor = "&cursor=" + body["next_cursor"]


def csv_rows(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


# ---- stock ----

@pytest.fixture(scope="module")
def shelf(sale):
    """Twenty SKUs of their own, 500000 and on; those with an even number are low."""
    for n in range(20):
        status, _, body = ask(sale, "POST", "/inventory", {"product_id": str(500000 + n), "title": f'Shelf {n}, "ü"', "quantity": n,
                                                           "low_stock_threshold": n if n % 2 == 0 else 0})
        assert status == 201, body
    return [str(500000 + n) for n in range(20)]


def test_stock_by_pages(sale, shelf):
    rows = [row for row in pages(sale, "/inventory", "products", 3) if row["product_id"] in shelf]
    assert [row["product_id"] for row in rows] == shelf
    assert [(row["total"], row["available"], row["physical"], row["low_stock"]) for row in rows[:3]] == [
        (0, 0, 0, True), (1, 1, 1, False), (2, 2, 2, True)]
    assert ask(sale, "GET", "/inventory/product/500003")[2] == rows[3]


@pytest.mark.parametrize("query, wanted", [
    ("low_stock=true", lambda n: n % 2 == 0), ("low_stock=false", lambda n: n % 2), ("in_stock=false", lambda n: n == 0),
    ("in_stock=true&low_stock=true", lambda n: n and n % 2 == 0), ("flagged=true", lambda n: False),
    ("title=Shelf%201", lambda n: str(n)[0] == "1"), ("title=Shelf+1", lambda n: str(n)[0] == "1"), ("title=%22%C3%BC%22", lambda n: True), ("title=shelf", lambda n: False)])
def test_stock_filtered(sale, shelf, query, wanted):
    found = [row["product_id"] for row in pages(sale, "/inventory?" + query, "products", 4)]
    assert [sku for sku in found if sku in shelf] == [sku for n, sku in enumerate(shelf) if wanted(n)]


def test_low_stock(sale, shelf):
    found = pages(sale, "/inventory/low-stock", "products", 5)
    assert [row["product_id"] for row in found if row["product_id"] in shelf] == shelf[::2]
    assert found == pages(sale, "/inventory?low_stock=true", "products")


def test_stock_as_csv_and_json_lines(sale, shelf):
    path, rows = "/inventory?title=Shelf&limit=7", []
    while path:
        _, headers, text = ask(sale, "GET", path, headers={"Accept": "text/csv"})
        rows += csv_rows(text)
        path = headers["Link"] and headers["Link"].removeprefix("<").removesuffix('>; rel="next"')
    assert [row["product_id"] for row in rows] == shelf
    assert rows[5]["title"] == 'Shelf 5, "ü"' and rows[5]["low_stock"] == "false"
    _, headers, text = ask(sale, "GET", "/inventory?title=Shelf", headers={"Accept": "application/jsonl"})
    assert headers["Content-Type"] == "application/jsonl" and len(text.splitlines()) == 20


def test_physical_while_it_is_sold(sale):
    """available + reserved + sold is the total in every answer, and what is physically there never changes by orders."""
    sku, seen, stop = sale.put_on_sale(units=300, limit=1), [], threading.Event()

    def watch():
        while not stop.is_set():
            seen.append(ask(sale, "GET", f"/inventory/product/{sku}")[2])
            seen.append(next(row for row in ask(sale, "GET", f"/inventory?limit=1&cursor={sku - 1}")[2]["products"]))

    with concurrent.futures.ThreadPoolExecutor() as pool:
        watching = pool.submit(watch)
        sale.buy(sku, [Order(f"u{n}", f"k{n}", 1) for n in range(300)])
        sale.until_settled(sku)
        stop.set()
        watching.result()
    seen.append(ask(sale, "GET", f"/inventory/product/{sku}")[2])
    for row in seen:
        assert row["physical"] == row["available"] + row["reserved"] == 300
        assert row["available"] + row["reserved"] + row["sold"] == row["total"] == 300
    assert seen[-1]["available"] == 0


# ---- the threshold ----

def test_a_threshold(sale):
    sku = sale.put_on_sale(units=10)
    path = f"/inventory/{sku}/threshold"
    status, headers, body = ask(sale, "GET", path)
    assert (status, headers["ETag"], body) == (200, '"1"', {"product_id": str(sku), "low_stock_threshold": 0, "version": 1})
    assert ask(sale, "PUT", path, {"low_stock_threshold": 20}, {"If-Match": '"2"'})[0] == 412
    status, headers, body = ask(sale, "PUT", path, {"low_stock_threshold": 20}, {"If-Match": '"1"', "X-User-Id": "anna"})
    assert (status, headers["ETag"], body["version"]) == (200, '"2"', 2)
    assert ask(sale, "PUT", path, {"low_stock_threshold": 20}, {"If-Match": '"1"'})[0] == 200  # it is so already
    assert ask(sale, "PUT", path, {"low_stock_threshold": 21}, {"If-Match": '"1"'})[2]["type"] == "/problems/version-mismatch"
    stock = ask(sale, "GET", f"/inventory/product/{sku}")[2]
    assert (stock["low_stock_threshold"], stock["threshold_version"], stock["low_stock"], stock["version"]) == (20, 2, True, 1)
    # the engine says so at once, but for the 100 ms it may remember
    check = lambda: sale.engine.ask("GET", f"/inventory/check/{sku}")[2]  # noqa: E731
    until(lambda: check()["low_stock"], check)
    batch = sale.engine.ask("POST", "/inventory/check/batch", {"product_ids": [str(sku), "99"]})
    contract.check("engine", "POST", "/inventory/check/batch", *batch)
    assert [one["low_stock"] for one in batch[2]["products"]] == [True, False]
    assert sale.stack.query("SELECT operator, action, detail FROM admin_log WHERE sku = %s AND action = 'inventory.threshold'", sku) == [
        (b"anna", "inventory.threshold", "version 2, threshold 0 to 20")]


def test_a_threshold_while_redis_is_away(sale):
    sku = sale.put_on_sale(units=10)
    sale.stack.kill("redis")
    status, _, problem = ask(sale, "PUT", f"/inventory/{sku}/threshold", {"low_stock_threshold": 3})
    assert (status, problem["type"]) == (503, "/problems/not-applied-yet")
    sale.stack.restart("redis")
    until(lambda: sale.redis.hget(sale.key(sku, "stock"), "threshold") == "3", "Redis is not told of the threshold")
    assert ask(sale, "PUT", f"/inventory/{sku}/threshold", {"low_stock_threshold": 3})[2]["version"] == 2


def test_thresholds_at_once(sale):
    """Of those that rest on one version, one is made."""
    sku = sale.put_on_sale(units=10)
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda n: ask(sale, "PUT", f"/inventory/{sku}/threshold", {"low_stock_threshold": n},
                                              {"If-Match": '"1"'})[0], range(1, 17)))
    assert sorted(answers) == [200] + [412] * 15


# ---- the log ----

@pytest.fixture(scope="module")
def busy(sale):
    """A SKU with a life: orders in entries of several lines, cancels, payments, restocks, a take."""
    sku = sale.put_on_sale(units=100, limit=3)
    sale.buy(sku, [Order(f"u{n % 20}", f"k{n}", 1 + n % 2) for n in range(40)], connections=40)
    sale.until_settled(sku)
    anna, bert = {"X-User-Id": "anna"}, {"X-User-Id": "bert x"}
    for n, who in enumerate((anna, bert, anna)):
        made = ask(sale, "POST", "/inventory/restock", {"product_id": str(sku), "quantity": 5 + n, "reason": f"delivery, {n}", "reference": f"r-{n}"}, who)
        assert made[0] == 200, made
    made = ask(sale, "POST", "/inventory/adjust", {"product_id": str(sku), "delta": -2, "reason": "broken", "reference": "t-1"}, bert)
    assert made[0] == 202, made
    ids = [call.body["order_id"] for call in sale.calls if call.sku == sku and call.word == "accepted"]
    until(lambda: sale.engine.ask("POST", f"/v1/orders/{ids[0]}/pay", {"payment_id": "p-1"}, internal=True)[0] == 200, "the payment")
    for order in ids[:2]:
        status = sale.engine.ask("POST", "/inventory/release", {"product_id": str(sku), "order_id": order},
                                 {"X-User-Id": "cleo"}, internal=True)[0]
        assert status == 202
    sale.until_settled(sku)
    until(lambda: sale.stack.query("SELECT COUNT(*) FROM stock_log WHERE sku = %s AND type IN (3, 5, 6)", sku) == [(3,)], "the log")
    return sku, ids


def log_of(sale, sku, query="", limit=500):
    return pages(sale, f"/inventory/logs/{sku}{'?' if query else ''}{query}", "log", limit)


def test_the_log_is_a_chain(sale, busy):
    sku, _ = busy
    rows = log_of(sale, sku, limit=7)
    assert [int(row["log_id"]) for row in rows] == [one for one, in sale.stack.query(
        "SELECT id FROM stock_log WHERE sku = %s ORDER BY created_at_ms DESC, id DESC", sku)]
    assert rows[-1]["type"] == "create" and rows[-1]["available_before"] == 0
    for row in rows:
        assert row["available_before"] + row["quantity"] == row["available_after"]
    assert sum(row["quantity"] for row in rows) == sale.stack.query("SELECT available FROM stock WHERE sku = %s", sku)[0][0]


def test_the_log_by_lines(sale, busy):
    """Every order of every entry with its own before and after: what the view stock_log_lines has."""
    sku, ids = busy
    for limit in (500, 3):
        rows = log_of(sale, sku, "view=lines", limit)
        mine = sorted((int(row["log_id"]), row["line"] or 0, row["order_id"], row["quantity"], row["available_before"], row["available_after"])
                      for row in rows)
        view = sale.stack.query("SELECT id, COALESCE(line_no, 0), order_id, quantity, available_before, available_after"
                                " FROM stock_log_lines WHERE sku = %s ORDER BY id, line_no", sku)
        assert mine == sorted((log, line, order and order.decode(), int(n), int(a), int(b)) for log, line, order, n, a, b in view)
    assert {row["order_id"] for row in rows if row["type"] == "reserve"} >= set(ids)


@pytest.mark.parametrize("query, wanted", [
    ("type=restock", lambda row: row["type"] == "restock"), ("type=take", lambda row: row["type"] == "take"),
    ("operator=anna", lambda row: row["operator"] == "anna"), ("operator=bert%20x", lambda row: row["operator"] == "bert x"),
    ("operator=cleo", lambda row: row["operator"] == "cleo"),
    ("operator=anna&type=restock", lambda row: row["operator"] == "anna" and row["type"] == "restock"),
    ("operator=nobody", lambda row: False)])
def test_the_log_filtered(sale, busy, query, wanted):
    sku, _ = busy
    everything = log_of(sale, sku)
    assert log_of(sale, sku, query, 2) == [row for row in everything if wanted(row)]
    if "nobody" not in query and "cleo" not in query:
        assert any(map(wanted, everything))


def test_the_log_names_who_and_why(sale, busy):
    sku, ids = busy
    rows = {row["reference"]: row for row in log_of(sale, sku) if row["reference"]}
    assert (rows["r-1"]["operator"], rows["r-1"]["reason"], rows["r-1"]["version"], rows["r-1"]["quantity"]) == ("bert x", "delivery, 1", 3, 6)
    assert (rows["t-1"]["operator"], rows["t-1"]["reason"], rows["t-1"]["quantity"]) == ("bert x", "broken", -2)
    moved = [row for row in log_of(sale, sku) if row["type"] in ("cancel", "return")]
    assert len(moved) == 2 and all(row["operator"] for row in moved), moved


def test_lines_of_one_user_in_one_entry(sale):
    sku = sale.put_on_sale(units=100, limit=3)
    body = {"product_id": str(sku), "orders": [{"order_id": f"o{n}", "user_id": user, "quantity": 1}
                                               for n, user in enumerate(("twin", "other", "twin", "twin"))]}
    assert sale.engine.ask("POST", "/inventory/reserve/batch", body, internal=True)[0] == 200
    sale.until_settled(sku)
    for limit in (1, 2, 500):
        mine = [row for row in log_of(sale, sku, "user=twin", limit) if row["type"] == "reserve"]
        assert [(row["line"], row["order_id"]) for row in mine] == [(3, f"{sku}.o3"), (2, f"{sku}.o2"), (0, f"{sku}.o0")], limit
        lines = [row["line"] for row in log_of(sale, sku, "view=lines", limit) if row["type"] == "reserve"]
        assert lines == [3, 2, 1, 0], limit


def test_one_order_and_one_user(sale, busy):
    sku, ids = busy
    rows = log_of(sale, sku, f"order={ids[0]}")
    assert [row["type"] for row in rows] == ["return", "pay", "reserve"]
    assert {row["order_id"] for row in rows} == {ids[0]}
    lines = {(row["log_id"], row["line"], row["order_id"]): row for row in log_of(sale, sku, "view=lines")}
    reserve = rows[-1]
    assert lines[reserve["log_id"], reserve["line"], ids[0]] == reserve
    assert log_of(sale, sku, f"order={ids[0]}&type=pay") == rows[1:2]
    assert log_of(sale, sku, f"order={ids[0]}", 1) == rows
    user = reserve["user_id"]
    mine = log_of(sale, sku, f"user={user}", 1)
    assert {row["order_id"] for row in mine} >= {ids[0]} and {row["user_id"] for row in mine} == {user}
    assert sum(row["type"] == "reserve" for row in mine) == sale.stack.query(
        "SELECT COUNT(*) FROM reservation WHERE sku = %s AND user_id = %s", sku, user)[0][0]
    assert log_of(sale, sku, f"order={sku}.nobodys") == []
    assert log_of(sale, sku, f"order={ids[0]}&user={user}") == rows and log_of(sale, sku, f"order={ids[0]}&user=mallory") == []
    assert ask(sale, "GET", "/inventory/logs/99")[0] == 404


def test_the_log_by_time(sale, busy):
    sku, _ = busy
    everything = log_of(sale, sku)
    start, end = everything[-2]["at"], everything[1]["at"]
    assert log_of(sale, sku, f"from={start}&to={end}", 3) == [row for row in everything if start <= row["at"] < end]
    assert log_of(sale, sku, f"from={end}") == [row for row in everything if row["at"] >= end]


def test_a_page_stays_under_inserts(sale, busy):
    sku, _ = busy
    before = log_of(sale, sku)
    first = ask(sale, "GET", f"/inventory/logs/{sku}?limit=5")[2]
    ask(sale, "POST", "/inventory/restock", {"product_id": str(sku), "quantity": 1, "reason": "late", "reference": "r-late"})
    rest, cursor = [], first["next_cursor"]
    while cursor:
        body = ask(sale, "GET", f"/inventory/logs/{sku}?limit=5&cursor={cursor}")[2]
        rest, cursor = rest + body["log"], body.get("next_cursor")
    assert first["log"] + rest == before


# ---- exports ----

ROWS = 100000


@pytest.fixture(scope="module")
def long_log(sale):
    """A SKU whose log has 100,000 rows more."""
    sku = sale.put_on_sale(units=10)
    sale.stack.query("INSERT INTO stock_log (sku, type, quantity, available_before, available_after, inflow_number, operator, reason,"
                     " created_at_ms) SELECT %s, 13, 0, 10, 10, 1, 'anna', CONCAT('row ', seq), 1700000000000 + seq"
                     f" FROM seq_1_to_{ROWS}", sku)
    return sku


def memory_kb(pid):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def opened(sale, sku, accept):
    connection = http.client.HTTPConnection("127.0.0.1", sale.admin.port, timeout=300)
    connection.request("GET", f"/inventory/logs/{sku}", headers={"Accept": accept})
    return connection, connection.getresponse()


@pytest.mark.parametrize("accept", ["text/csv", "application/jsonl"])
def test_an_export_is_whole(sale, long_log, accept):
    connection, answer = opened(sale, long_log, accept)
    assert answer.status == 200 and answer.headers["Transfer-Encoding"] == "chunked"
    before, most, text = memory_kb(sale.admin.process.pid), 0, []
    while piece := answer.read(1 << 20):
        text.append(piece)
        most = max(most, memory_kb(sale.admin.process.pid))
    text = b"".join(text).decode()
    rows = csv_rows(text) if accept == "text/csv" else list(map(json.loads, text.splitlines()))
    assert len(rows) == ROWS + 1 and len({row["log_id"] for row in rows}) == ROWS + 1
    assert [row["reason"] for row in rows[1:4]] == [f"row {ROWS}", f"row {ROWS - 1}", f"row {ROWS - 2}"]
    assert most - before < 16384, (before, most)
    connection.close()


def test_a_slow_reader_costs_little(sale, long_log):
    """Eight who read nothing hold a piece each; the ninth is told to come again; others are served meanwhile."""
    until(lambda: sale.admin.metric("flash_admin_exports") == 0, "exports are left")
    slow = [opened(sale, long_log, "text/csv") for _ in range(8)]
    status, headers, problem = sale.admin.ask("GET", f"/inventory/logs/{long_log}", headers={"Accept": "text/csv"})
    assert (status, problem["type"]) == (503, "/problems/overloaded") and headers["Retry-After"]
    assert len(ask(sale, "GET", f"/inventory/logs/{long_log}")[2]["log"]) == 100
    for connection, answer in slow:
        answer.close()
        connection.close()
    until(lambda: sale.admin.metric("flash_admin_exports") == 0, "an export outlives its reader")


def test_an_export_that_fails_has_no_end(sale, long_log):
    _, answer = opened(sale, long_log, "text/csv")
    answer.read(1000)
    sale.stack.kill("mariadb")
    with pytest.raises((http.client.HTTPException, OSError)):
        while answer.read(1 << 16):
            pass
    sale.stack.restart("mariadb")
    until(lambda: ask(sale, "GET", f"/inventory/logs/{long_log}?limit=1")[0] == 200, "the ledger does not come back")


# ---- sales ----

def put_sale(sale, sku, version=None, starts_s=-60, ends_s=3600, limit=2, **more):
    import time
    starts, ends = (time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + s)) for s in (starts_s, ends_s))
    return ask(sale, "PUT", f"/v1/sales/{sku}", {"starts_at": starts, "ends_at": ends, "per_user_limit": limit, **more},
               {"If-Match": f'"{version}"'} if version else None)


def actions(sale, sku):
    return [action for action, in sale.stack.query("SELECT action FROM admin_log WHERE sku = %s ORDER BY id", sku)]


def test_sales_by_pages(sale):
    mine = [sale.put_on_sale(units=1) for _ in range(3)] + [sale.put_on_sale(units=1, window_s=(60, 120))]
    rows = {int(row["sku"]): row for row in pages(sale, "/v1/sales", "sales", 2)}
    assert [rows[sku]["state"] for sku in mine] == ["open", "open", "open", "upcoming"]
    assert sorted(rows) == [sku for sku, in sale.stack.query("SELECT sku FROM sale ORDER BY sku")]
    assert {int(row["sku"]) for row in pages(sale, "/v1/sales?state=upcoming", "sales", 1)} & set(mine) == {mine[3]}
    _, _, text = ask(sale, "GET", "/v1/sales?state=open", headers={"Accept": "text/csv"})
    assert {int(row["sku"]) for row in csv_rows(text)} >= set(mine[:3])


def test_a_change_during_a_sale_is_in_effect_at_once(sale):
    sku = sale.put_on_sale(units=100, limit=1)
    assert sale.order(sku, "u", "k1")[0] == 202 and sale.order(sku, "u", "k2")[2]["type"] == "/problems/limit-reached"
    assert put_sale(sale, sku, version=1, limit=3, hold_seconds=77)[2]["version"] == 2
    status, _, order = sale.order(sku, "u", "k3")
    assert status == 202
    until(lambda: sale.redis.hget(sale.key(sku, "stock"), "hold") == "77", "the hold")
    assert put_sale(sale, sku, version=1, limit=9)[0] == 412
    assert put_sale(sale, sku, version=2, starts_s=600, limit=3)[0] == 200
    assert sale.order(sku, "v", "k4")[2]["type"] == "/problems/not-started"
    assert put_sale(sale, sku, version=3, starts_s=-600, ends_s=-60, limit=3)[0] == 200
    assert sale.order(sku, "v", "k5")[2]["type"] == "/problems/ended"
    assert actions(sale, sku) == ["stock.create", "sale.put", "sale.put", "sale.put", "sale.put"]


def test_a_sale_is_closed(sale):
    """No engine admits an order after the answer; when the last one has settled is said."""
    sku = sale.put_on_sale(units=500, limit=1)
    sale.freeze("consumer")
    try:
        sale.buy(sku, [Order(f"u{n}", f"k{n}", 1) for n in range(50)])
        status, _, body = ask(sale, "POST", f"/v1/sales/{sku}/close")
        assert (status, body["state"], body["version"], body["settled"]) == (200, "closed", 2, False)
        later = sale.buy(sku, [Order(f"v{n}", f"k{n}", 1) for n in range(50)])
        assert {call.word for call in later} == {"ended"}
        assert ask(sale, "GET", f"/v1/sales/{sku}")[2]["settled"] is False
        assert ask(sale, "POST", f"/v1/sales/{sku}/close", headers={"Prefer": "wait=1"})[2]["settled"] is False
    finally:
        sale.thaw("consumer")
    status, _, body = ask(sale, "POST", f"/v1/sales/{sku}/close", headers={"Prefer": "wait=30"})
    assert status == 200 and body["settled"] and body["closed_at"] <= body["settled_at"] and body["version"] == 2
    assert not sale.journal(sku)
    assert ask(sale, "GET", f"/v1/sales/{sku}")[2]["settled_at"] == body["settled_at"]
    assert actions(sale, sku) == ["stock.create", "sale.put", "sale.close"]
    assert sale.stack.query("SELECT COUNT(*) FROM reservation WHERE sku = %s", sku) == [(50,)]
    read_quiet(sale.stack, [sku])[sku].check()
    # it is opened again by who knows its version
    assert put_sale(sale, sku, limit=1)[2]["type"] == "/problems/sale-closed"
    assert put_sale(sale, sku, version=1, limit=1)[0] == 412
    status, _, body = put_sale(sale, sku, version=2, limit=1)
    assert (status, body["state"], body["version"]) == (200, "open", 3) and "closed_at" not in body
    assert sale.order(sku, "w", "k")[0] == 202


def test_closing_while_it_floods(sale):
    """Orders that come while it is closed are in or out; none comes in behind the answer."""
    sku = sale.put_on_sale(units=100000, limit=1)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        bought = pool.submit(sale.buy, sku, [Order(f"u{n}", f"k{n}", 1) for n in range(2000)])
        until(lambda: sale.redis.hlen(sale.key(sku, "orders")) > 50, "nobody buys")
        status, _, body = ask(sale, "POST", f"/v1/sales/{sku}/close", headers={"If-Match": "*"})
        there = sale.redis.hlen(sale.key(sku, "orders"))
        words = {call.word for call in bought.result()}
    assert status == 200 and words <= {"accepted", "ended"}
    assert sale.redis.hlen(sale.key(sku, "orders")) == there
    until(lambda: ask(sale, "GET", f"/v1/sales/{sku}")[2]["settled"], "it never settles")
    read_quiet(sale.stack, [sku])[sku].check()


def test_an_upcoming_sale_is_closed(sale):
    sku = sale.put_on_sale(units=10, window_s=(600, 1200))
    assert ask(sale, "POST", f"/v1/sales/{sku}/close", headers={"If-Match": '"7"'})[0] == 412
    assert ask(sale, "POST", f"/v1/sales/{sku}/close", headers={"If-Match": '"1"'})[2]["settled"] is True
    assert sale.order(sku, "u", "k")[2]["type"] == "/problems/ended"
    assert ask(sale, "POST", "/v1/sales/99/close")[0] == 404


def test_closed_while_redis_is_away(sale):
    sku = sale.put_on_sale(units=10)
    sale.stack.kill("redis")
    status, _, problem = ask(sale, "POST", f"/v1/sales/{sku}/close")
    assert (status, problem["type"]) == (503, "/problems/not-applied-yet")
    assert ask(sale, "GET", f"/v1/sales/{sku}")[2]["settled"] is False
    sale.stack.restart("redis")
    until(lambda: ask(sale, "GET", f"/v1/sales/{sku}")[2]["settled"], "it never settles")
    until(lambda: sale.order(sku, "u", "k")[2]["type"] == "/problems/ended", lambda: sale.order(sku, "u", "k"))


# ---- orders ----

def test_orders_by_pages(sale, busy):
    sku, ids = busy
    rows = pages(sale, f"/v1/orders?sku={sku}", "orders", 7)
    assert [row["order_id"] for row in rows] == sorted(ids)
    assert {row["order_id"]: (row["user_id"], row["quantity"], row["status"]) for row in rows} == {
        order.decode(): (user.decode(), qty, {1: "CREATED", 3: "CANCELLED", 5: "RETURNED"}[state]) for order, user, qty, state
        in sale.stack.query("SELECT order_id, user_id, qty, state FROM reservation WHERE sku = %s", sku)}
    assert [row["order_id"] for row in pages(sale, f"/v1/orders?sku={sku}&status=RETURNED", "orders", 7)] == [ids[0]]
    assert [row["order_id"] for row in pages(sale, f"/v1/orders?sku={sku}&status=CANCELLED", "orders", 1)] == [ids[1]]
    user = rows[3]["user_id"]
    mine = [row for row in rows if row["user_id"] == user]
    assert pages(sale, f"/v1/orders?sku={sku}&user={user}", "orders", 1) == mine
    everywhere = pages(sale, f"/v1/orders?user={user}", "orders", 2)
    assert [row for row in everywhere if row["sku"] == str(sku)] == mine
    last = max(row["updated_at"] for row in rows)
    assert pages(sale, f"/v1/orders?sku={sku}&from={last}", "orders") == [row for row in rows if row["updated_at"] >= last]
    assert pages(sale, f"/v1/orders?sku={sku}&to={last}", "orders", 9) == [row for row in rows if row["updated_at"] < last]
    assert pages(sale, "/v1/orders?sku=99", "orders") == []
    _, headers, order = ask(sale, "GET", f"/v1/orders/{ids[0]}")
    status, again, body = ask(sale, "GET", f"/v1/orders/{ids[0]}", headers={"If-None-Match": headers["ETag"]})
    assert (order["order_id"], status, body, again["ETag"]) == (ids[0], 304, "", headers["ETag"])
    _, headers, text = ask(sale, "GET", f"/v1/orders?sku={sku}&limit=500", headers={"Accept": "text/csv"})
    assert [row["order_id"] for row in csv_rows(text)] == sorted(ids) and not headers["Link"]


@pytest.fixture
def indexes(sale):
    """The optional ones."""
    for version in ("101", "103"):
        sale.stack.migrate("up", version)
    yield
    for version in ("101", "103"):
        sale.stack.migrate("down", version)


def of_a_user(sale, sku, user):
    return [pages(sale, f"/v1/orders?user={user}", "orders", 3), pages(sale, f"/v1/orders?user={user}&sku={sku}&status=CREATED", "orders"),
            log_of(sale, sku, f"user={user}", 1), log_of(sale, sku, "view=lines")]


def test_a_users_orders_and_lines_are_the_same_by_the_optional_indexes(sale, busy, request):
    sku, _ = busy
    user = pages(sale, f"/v1/orders?sku={sku}", "orders")[0]["user_id"]
    before = of_a_user(sale, sku, user)
    request.getfixturevalue("indexes")
    assert of_a_user(sale, sku, user) == before and all(before)


def test_many_orders_in_short_stretches(sale):
    """A filter that hits nothing for a long time gives empty pages, each soon, and ends."""
    sku = sale.put_on_sale(units=10)
    sale.stack.query("INSERT INTO reservation (order_id, sku, user_id, qty, state, version, due, entry_id, line_no, updated_at_ms)"
                     " SELECT CONCAT(%s, '.r', LPAD(seq, 6, '0')), %s, CONCAT('u', seq), 1, IF(seq = 11000, 6, 1), 1, 0,"
                     " RIGHT(CONCAT(REPEAT('0', 16), seq), 16), 0, 1700000000000 + seq FROM seq_1_to_12000", sku, sku)
    try:
        first = ask(sale, "GET", f"/v1/orders?sku={sku}&status=FAILED")[2]
        assert first["orders"] == [] and first["next_cursor"]
        rows = pages(sale, f"/v1/orders?sku={sku}&status=FAILED", "orders")
        assert [(row["order_id"], row["reason"]) for row in rows] == [(f"{sku}.r011000", "lost")]
        assert len(pages(sale, f"/v1/orders?sku={sku}", "orders")) == 12000
        assert [row["order_id"] for row in pages(sale, "/v1/orders?user=u11500", "orders")] == [f"{sku}.r011500"]
        sale.stack.migrate("up", "101")
        one = ask(sale, "GET", "/v1/orders?user=u11500")[2]  # however many others there are
        sale.stack.migrate("down", "101")
        assert [row["order_id"] for row in one["orders"]] == [f"{sku}.r011500"] and "next_cursor" not in one
    finally:
        sale.stack.query("DELETE FROM reservation WHERE sku = %s", sku)


def test_the_story_of_an_order(sale, busy):
    sku, ids = busy
    status, _, story = ask(sale, "GET", f"/v1/orders/{ids[0]}/story")
    assert status == 200 and story["order"]["consistent"] and story["order"]["all_steps_shown"]
    assert (story["order"]["redis_status"], story["order"]["ledger_status"]) == ("RETURNED", "RETURNED")
    verdicts = [step for step in story["steps"] if step["step"] == "verdict"]
    assert len(verdicts) == 3
    for step in verdicts:
        partition, offset = sale.stack.query("SELECT partition_no, kafka_offset FROM verdict WHERE entry_id = UNHEX(REPLACE(%s, '-', ''))",
                                             step["entry_id"])[0]
        assert (step["partition"], step["offset"]) == (partition, offset)
    logged = {row["log_id"] for row in log_of(sale, sku, f"order={ids[0]}")}
    assert {step["log_id"] for step in story["steps"] if step["step"] == "log"} == logged and len(logged) == 3
    assert [step["at"] for step in story["steps"]] == sorted(step["at"] for step in story["steps"])
    status, _, problem = ask(sale, "GET", f"/v1/orders/{sku}.nobodys/story")
    assert (status, problem["type"]) == (404, "/problems/not-found")


def test_no_story_without_redis(sale, busy):
    _, ids = busy
    sale.stack.kill("redis")
    status, _, problem = ask(sale, "GET", f"/v1/orders/{ids[0]}/story")
    sale.stack.restart("redis")
    assert (status, problem["type"]) == (503, "/problems/redis-unavailable")
    until(lambda: ask(sale, "GET", f"/v1/orders/{ids[0]}/story")[0] == 200, "Redis does not come back")
