"""GET /v1/pipeline and /v1/live with all daemons: the numbers follow a sale, and what is away is said to be away."""
import concurrent.futures
import http.client
import json
import time

import pytest

from buyers import Order
from daemons import running, until
from sale import Sale
from stack import Stack

ORDERS = 300
PARTITION = {"partition", "end", "applied", "acked", "lag"}


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("pipeline") / "stack") as stack:
        stack.migrate("up")
        with Sale(stack, names=("engine", "consumer")) as sale:  # nobody repairs what the tests write by hand
            yield sale


@pytest.fixture(scope="module")
def sku(shop):
    """What is sold by the tests, one after the other."""
    return shop.put_on_sale(units=5000, limit=5)


def look(shop):
    status, headers, view = shop.admin.ask("GET", "/v1/pipeline")
    assert status == 200 and headers["Cache-Control"] == "no-store", view
    return view


def parts(view):
    return {part["name"]: part["ready"] for part in view["parts"]}


def of(view, sku):
    return next(row for row in view["skus"] if row["sku"] == str(sku))


def until_view(shop, wanted, seconds=30):
    """The first view for which wanted(view) holds."""
    seen = []

    def met():
        seen[:] = [look(shop)]
        return wanted(seen[0])

    until(met, lambda: seen, seconds)
    return seen[0]


def is_quiet(view):
    return view["journal"]["entries"] == 0 and view["consumer"]["lag"] == 0 and view["settle"]["lag"] == 0


def orders(first, count=ORDERS):
    return [Order(f"u{number}", f"k{number}", 1) for number in range(first, first + count)]


def test_a_sale_is_seen_from_its_order_to_its_end(shop, sku):
    shop.buy(sku, orders(0))
    view = until_view(shop, lambda view: is_quiet(view) and of(view, sku)["available"] == 4700)
    row = of(view, sku)
    assert (row["state"], row["total"], row["reserved"], row["sold"], row["low_stock"]) == ("open", 5000, ORDERS, 0, False)
    assert row["redis"] == {"available": 4700, "orders": ORDERS, "accepted_per_s": row["redis"]["accepted_per_s"],
                            "journal": 0, "oldest_ms": None, "gate": "open"}
    assert parts(view) == {"ledger": True, "redis": True, "kafka": True}
    assert (view["journal"], view["generation"], view["more_skus"]) == ({"entries": 0, "oldest_ms": None}, 1, False)
    partitions = view["consumer"]["partitions"]
    assert all(set(partition) == PARTITION for partition in partitions)
    assert [partition["partition"] for partition in partitions] == list(range(len(partitions)))
    applied = dict(shop.stack.query("SELECT partition_no, applied FROM consumer_progress"))
    for partition in partitions:
        assert partition["lag"] == 0 and partition["end"] == applied.get(partition["partition"], 0)
    assert sum(partition["end"] for partition in partitions) > 0


def test_rates_are_of_what_came_between_two_views(shop, sku):
    before = until_view(shop, is_quiet)
    shop.buy(sku, orders(1000))
    counted = {"accepted": 0.0, "created": 0.0}

    def add(view):  # each interval is counted once: a view is known by its time
        if view["at"] not in seen:
            seen.add(view["at"])
            for name in counted:
                per_s = view["rates"][f"{name}_per_s"]
                assert per_s is not None and per_s >= 0
                counted[name] += per_s * view["interval_ms"] / 1000
        return is_quiet(view) and of(view, sku)["redis"]["orders"] == of(before, sku)["redis"]["orders"] + ORDERS

    seen = {before["at"]}
    until_view(shop, add)
    for name, count in counted.items():
        assert count == pytest.approx(ORDERS, rel=0.02), (name, counted)


def test_however_many_ask_the_stores_are_asked_once_a_second(shop):
    before, start = shop.admin.metric("flash_admin_views_total"), time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        views = list(pool.map(lambda _: look(shop), range(400)))
    made = shop.admin.metric("flash_admin_views_total") - before
    assert made <= time.monotonic() - start + 1
    assert len({view["at"] for view in views}) <= made + 1


def test_what_the_consumer_leaves_lying_is_counted(shop, sku):
    until_view(shop, is_quiet)
    shop.freeze("consumer")
    try:
        shop.buy(sku, orders(2000))
        entries = shop.journal(sku)
        assert entries > 0
        view = until_view(shop, lambda view: view["consumer"]["lag"] == entries == view["journal"]["entries"])
        assert view["journal"]["oldest_ms"] == of(view, sku)["redis"]["oldest_ms"] > 0
        older = until_view(shop, lambda later: later["at"] != view["at"])
        assert older["journal"]["oldest_ms"] > view["journal"]["oldest_ms"]
    finally:
        shop.thaw("consumer")
    until_view(shop, is_quiet)


class Live:
    """One listener of GET /v1/live."""

    def __init__(self, admin, headers=None):
        self.connection = http.client.HTTPConnection("127.0.0.1", admin.port, timeout=120)
        self.connection.request("GET", "/v1/live", headers=headers or {})
        self.answer = self.connection.getresponse()

    def lines(self):
        """Until the server ends it."""
        while line := self.answer.readline():
            yield line.decode().rstrip("\n")

    def views(self, count):
        found, lines = [], self.lines()
        while len(found) < count:
            line = next(lines)
            assert line in ("", "retry: 1000", "event: pipeline", ":") or line.startswith("data: "), line
            if line.startswith("data: "):
                found.append(json.loads(line[6:]))
        return found

    def close(self):
        self.answer.close()
        self.connection.close()


def test_live_tells_each_view_once(shop, sku):
    live = Live(shop.admin)
    assert live.answer.status == 200 and live.answer.headers["Content-Type"] == "text/event-stream"
    first, *others = views = live.views(3)
    assert set(first) == set(look(shop)) and len({view["at"] for view in views}) == 3
    assert all(other["interval_ms"] >= 900 for other in others)
    left = of(first, sku)["redis"]["available"]
    shop.buy(sku, orders(4000, 7))
    until(lambda: of(live.views(1)[0], sku)["redis"]["available"] == left - 7, "the stream does not follow")
    live.close()
    until(lambda: shop.admin.metric("flash_admin_live_streams") == 0, "it is still counted")


def test_live_has_a_limit_and_gives_places_back(shop):
    listeners = [Live(shop.admin) for _ in range(64)]
    assert {live.answer.status for live in listeners} == {200}
    status, _, problem = shop.admin.ask("GET", "/v1/live")
    assert (status, problem["type"]) == (503, "/problems/overloaded")
    assert [len(live.views(2)) for live in listeners] == [2] * 64
    for live in listeners:
        live.close()
    until(lambda: shop.admin.metric("flash_admin_live_streams") == 0, "streams stay open")
    again = Live(shop.admin)
    assert len(again.views(1)) == 1
    again.close()


def test_live_ends_with_its_token_and_with_the_daemon(shop):
    from test_refunds import JWT, bearer
    with running(shop.stack, "admin", **JWT) as admin:
        assert admin.ask("HEAD", "/v1/live", headers=bearer("ops"))[0] == 200
        short = Live(admin, bearer("ops", exp=int(time.time()) + 3))
        long = Live(admin, bearer("ops"))
        assert sum(line == "event: pipeline" for line in short.lines()) >= 1  # read to its end
        assert long.views(1)
        assert admin.stop() == 0
        list(long.lines())


def test_findings_audits_and_alerts_are_shown(shop):
    stack, run = shop.stack, b"\x01" * 16
    view = look(shop)
    assert view["findings"] == {"open": 0, "by_cause": {}} and view["audit"] is None and view["alerts"] == []
    stack.query("INSERT INTO reconcile_run (run_id, mode, state, operator, generation, started_at_ms, ended_at_ms, findings) "
                  "VALUES (%s, 'audit', 'done', 'x', 1, 1000, 2000, 3)", run)
    for cause, state in (("lost", "open"), ("lost", "open"), ("late", "open"), ("late", "applied")):
        stack.query("INSERT INTO reconcile_finding (run_id, cause, state, sku, found_at_ms, updated_at_ms) "
                      "VALUES (%s, %s, %s, 1, 1, 1)", run, cause, state)
    stack.query("INSERT INTO alert_state (alert_key, state, severity, detail, since_ms) VALUES "
                  "('test.on', 'raised', 'warning', 'why', 5000), ('test.off', 'cleared', 'info', '', 1)")
    view = until_view(shop, lambda view: view["findings"]["open"] == 3)
    assert view["findings"]["by_cause"] == {"lost": 2, "late": 1}
    assert view["audit"] == {"run_id": "01010101-0101-0101-0101-010101010101", "state": "done", "findings": 3,
                             "started_at": "1970-01-01T00:00:01.000Z", "ended_at": "1970-01-01T00:00:02.000Z"}
    assert view["alerts"] == [{"key": "test.on", "severity": "warning", "detail": "why", "since": "1970-01-01T00:00:05.000Z"}]


def test_the_sales_on_now_come_first_and_not_too_many(shop, sku):
    now_ms = int(time.time() * 1000)
    sales = {2001: (now_ms + 7_200_000, now_ms + 9_000_000, 0), 2002: (now_ms + 3_600_000, now_ms + 9_000_000, 0),
             2003: (now_ms - 9_000_000, now_ms - 1_000_000, 0), 2004: (now_ms - 9_000_000, now_ms - 4_000_000, 0),
             2005: (now_ms - 1_000, now_ms + 9_000_000, 1)}
    for number, (starts, ends, closed) in sales.items():
        shop.stack.query("INSERT INTO stock (sku, title, base, available, version, loaded_generation, created_at_ms, "
                           "updated_at_ms) VALUES (%s, '', 1, 1, 1, 1, 1, 1)", number)
        shop.stack.query("INSERT INTO sale (sku, starts_at_ms, ends_at_ms, per_user_limit, hold_seconds, closed, "
                           "updated_at_ms) VALUES (%s, %s, %s, 1, 1, %s, 1)", number, starts, ends, closed)
    view = until_view(shop, lambda view: len(view["skus"]) > 1)
    states = [(row["sku"], row["state"], row["redis"] is None) for row in view["skus"]]
    assert states == [(str(sku), "open", False), ("2002", "upcoming", True), ("2001", "upcoming", True),
                      ("2005", "closed", True), ("2003", "ended", True)]
    for number in range(3001, 3121):
        shop.stack.query("INSERT INTO stock (sku, title, base, available, version, created_at_ms, updated_at_ms, "
                           "loaded_generation) VALUES (%s, '', 1, 1, 1, 1, 1, 1)", number)
        shop.stack.query("INSERT INTO sale (sku, starts_at_ms, ends_at_ms, per_user_limit, hold_seconds, updated_at_ms) "
                           "VALUES (%s, %s, %s, 1, 1, 1)", number, now_ms + 86_400_000, now_ms + 90_000_000)
    view = until_view(shop, lambda view: view["more_skus"])
    assert len(view["skus"]) == 100 and view["skus"][0]["sku"] == str(sku)
    for table in ("sale", "stock"):
        shop.stack.query(f"DELETE FROM {table} WHERE sku BETWEEN 2000 AND 3999")


@pytest.mark.parametrize("part,told", [("redis", lambda view: view["journal"] == {"entries": None, "oldest_ms": None}),
                                       ("kafka", lambda view: view["consumer"]["lag"] is None),
                                       ("mariadb", lambda view: view["skus"])])
def test_a_part_that_is_away_is_said_to_be(shop, sku, part, told):
    name = "ledger" if part == "mariadb" else part
    until_view(shop, lambda view: all(parts(view).values()))
    shop.stack.kill(part)
    try:
        view = until_view(shop, lambda view: not parts(view)[name])
        assert told(view), view
        assert [ready for other, ready in parts(view).items() if other != name] == [True, True]
        assert next(row["reason"] for row in view["parts"] if row["name"] == name)
    finally:
        shop.stack.restart(part)
    until_view(shop, lambda view: all(parts(view).values()) and of(view, sku)["redis"])


def test_questions_that_are_not_ones(shop):
    assert shop.admin.ask("GET", "/v1/pipeline?sku=1")[2]["type"] == "/problems/bad-query"
    assert shop.admin.ask("POST", "/v1/pipeline", {})[0] == 405


def test_only_ops_may_look(shop):
    from test_refunds import JWT, bearer
    with running(shop.stack, "admin", **JWT) as admin:
        for role, status in (("buyer", 403), ("internal", 403), ("ops", 200), ("admin", 200)):
            assert admin.ask("GET", "/v1/pipeline", headers=bearer(role))[0] == status
        assert admin.ask("GET", "/v1/pipeline")[0] == 401
        assert admin.ask("GET", "/v1/pipeline", headers=bearer("ops", sku="1"))[2]["type"] == "/problems/wrong-sale"
