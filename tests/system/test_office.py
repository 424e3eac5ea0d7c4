"""The back office's lists and settings, on a whole shop: what they answer, that it is what the ledger has, and that it is as
docs/openapi.yaml says.
"""
import concurrent.futures
import csv
import io
import threading

import pytest

import contract
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
    ("title=Shelf%201", lambda n: str(n)[0] == "1"), ("title=%22%C3%BC%22", lambda n: True), ("title=shelf", lambda n: False)])
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
