"""Bad requests of the back office get a clear no, and everything stays as it was."""
import pytest

from bad_changes import ADJUST, RESTOCK, ROWS, SKU, UNITS
from stack import Stack
from test_admin import running, token


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("changes") / "stack") as private:
        yield private


@pytest.fixture(scope="module")
def admin(stack):
    with running(stack) as daemon:
        assert daemon.create(SKU, UNITS)[0] == 201
        yield daemon


def state(stack):
    keys = sorted(set(stack.redis().keys("*")) - {b"flash:{0}:engines"}) # its heartbeats
    return ([stack.redis().dump(key) for key in keys],
            [stack.query(f"SELECT * FROM {table} ORDER BY 1, 2") for table in ("stock", "inflow", "stock_log", "sale")],
            stack.query("SELECT action, sku, detail FROM admin_log GROUP BY action, sku, detail"
                        " HAVING SUM(status < 400) > SUM(status >= 400) ORDER BY 1, 2, 3")) # a refused take is logged as refused


def test_there_are_enough():
    assert len(ROWS) >= 300 and len({row.name for row in ROWS}) == len(ROWS)


def test_each_is_refused(stack, admin):
    before, wrong = state(stack), []
    for row in ROWS:
        headers = dict(row.headers)
        claims = {name: headers.pop(name) for name in ("role", "sku") if name in headers}
        status, answered, problem = admin.ask(row.method, row.path, row.body, headers, token(**claims) if claims else None)
        if (status, (problem or {}).get("type")) != (row.status, f"/problems/{row.problem}") or not problem["detail"]:
            wrong.append((row.name, status, problem))
        assert answered["Content-Type"] == "application/problem+json"
        if state(stack) != before:
            wrong.append((row.name, "something was changed"))
            before = state(stack)
    assert not wrong, wrong[:10]


@pytest.mark.parametrize("path", [RESTOCK, ADJUST])
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_other_methods(admin, path, method):
    status, headers, problem = admin.ask(method, path, b"{}" if method == "PUT" else None)
    assert (status, problem["type"], headers["Allow"]) == (405, "/problems/method-not-allowed", "POST")
