"""Who may do what: roles on every route, the trail of every change, the rate of every caller, the accounts in the ledger.

The routes come from docs/openapi.yaml, which tests/arch holds to the daemons' tables: a new route is tested here by itself,
but for a change, whose request must be added to CHANGES.
"""
import http.client
import json
import pathlib
import re
import subprocess
import threading

import pymysql
import pytest

import contract
from daemons import BUILD, Daemon, until
from stack import ROOT, Stack
from test_admin import KEY, token

JWT = {"FLASH_AUTH_MODE": "jwt", "FLASH_AUTH_KEY_1": KEY}
ROLES = ("buyer", "internal", "ops", "admin")
GRANTS = ROOT / "deploy" / "sql" / "grants"
ACCOUNTS = ("flash_admin", "flash_consumer", "flash_reconciler")


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("rights") / "stack") as private:
        yield private


@pytest.fixture(scope="module")
def daemons(stack):
    running = {}
    try:
        running["reconciler"] = Daemon(stack, "reconciler", "run", **JWT)
        url = f"http://127.0.0.1:{running['reconciler'].port}"
        running["engine"] = Daemon(stack, "engine", **JWT)
        running["admin"] = Daemon(stack, "admin", FLASH_RECONCILER_LISTEN=url.removeprefix("http://"), **JWT)
        running["consumer"] = Daemon(stack, "consumer", **JWT)
        for daemon in running.values():
            until(daemon.is_ready, daemon.troubles)
        yield running
    finally:
        for daemon in running.values():
            daemon.kill()


def bearer(role, sub="anna", **claims):
    return {"Authorization": f"Bearer {token(role, sub, **claims)}"}


# ---- roles ----

def may(least, role):
    """The roles a route admits, by the lowest: internal is that role or admin, on the engine's internal listener."""
    if least == "internal":
        return role in ("internal", "admin")
    return ROLES.index(role) >= ROLES.index(least)


def concrete(path):
    values = {"sku": "7", "product_id": "7", "order_id": "7.a", "payment_id": "p", "name": "x.js", "run_id": "01997a5c-0b7e-7c4a-9a51-3f6f3f0f9d11"}
    return re.sub(r"\{(\w+)\}", lambda match: values[match.group(1)], path)


ROUTES = [(listener, method, path, role) for path, method, operation in contract.openapi.operations(contract.document())
          for listener, role in operation["x-listeners"].items()]


STREAMS = {"/v1/live"}  # answers without an end


def head_of(daemon, path, headers):
    """As ask: status, headers, and the body if there is a refusal."""
    connection = http.client.HTTPConnection("127.0.0.1", daemon.port, timeout=120)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, json.loads(answer.read()) if answer.status != 200 else None
    finally:
        connection.close()


@pytest.mark.parametrize("listener, method, path, least", ROUTES, ids=[" ".join(route[:3]) for route in ROUTES])
def test_roles(daemons, listener, method, path, least):
    """Each role at each route: refused below the lowest that may, not refused from there on."""
    daemon = daemons[listener.split("-")[0]]
    internal = listener == "engine-internal"
    body = b"{" if method in ("post", "put") else None  # nothing is changed by it

    def ask(headers):
        if path in STREAMS:
            return head_of(daemon, concrete(path), headers)
        sent = {**headers, **({"Content-Type": "application/json"} if body else {})}
        return daemon.ask(method.upper(), concrete(path), body, sent, internal=internal)

    status, _, problem = ask({})
    if least == "none":
        assert status not in (401, 403), problem
        return
    assert (status, problem["type"]) == (401, "/problems/unauthorized")
    assert ask({"Authorization": "Bearer x.y.z"})[0] == 401
    for role in ROLES:
        status, _, problem = ask(bearer(role))
        if listener == "engine" and role != "buyer":
            assert status != 401  # whose orders these are is another question
        elif may(least, role):
            assert status not in (401, 403), (role, problem)
        else:
            assert (status, problem["type"]) == (403, "/problems/forbidden"), role


def test_every_role_is_met_both_ways():
    """The table has routes that refuse and routes that admit, for each role but the highest."""
    lowest = {role for listener, _, _, role in ROUTES if listener == "admin"}
    assert lowest == {"none", "ops", "admin"}
    assert sum(listener == "admin" for listener, *_ in ROUTES) >= 25


# ---- the paper trail ----

WINDOW = {"starts_at": "2020-11-27T08:00:00Z", "ends_at": "2036-11-27T08:00:00Z", "per_user_limit": 2}
SKU = "4242"
# (method, path with variables, path, body, the action in admin_log), in an order that works
CHANGES = [
    ("post", "/inventory", "/inventory", {"product_id": SKU, "quantity": 10}, "stock.create"),
    ("post", "/inventory/restock", None, {"product_id": SKU, "quantity": 1, "reason": "r", "reference": "a"}, "inventory.restock"),
    ("post", "/inventory/adjust", None, {"product_id": SKU, "delta": 1, "reason": "r", "reference": "b"}, "inventory.adjust"),
    ("post", "/inventory/adjust", None, {"product_id": SKU, "delta": -1, "reason": "r", "reference": "c"}, "inventory.adjust"),
    ("put", "/inventory/{product_id}/threshold", f"/inventory/{SKU}/threshold", {"low_stock_threshold": 3}, "inventory.threshold"),
    ("put", "/v1/sales/{sku}", f"/v1/sales/{SKU}", WINDOW, "sale.put"),
    ("put", "/v1/sales/{sku}", f"/v1/sales/{SKU}", {**WINDOW, "per_user_limit": 3}, "sale.put"),
    ("post", "/v1/sales/{sku}/close", f"/v1/sales/{SKU}/close", None, "sale.close"),
    ("post", "/inventory/cleanup-expired", None, None, "expiry.pass"),
    ("post", "/v1/reconcile/runs", None, None, "reconcile.pass"),
    ("post", "/v1/refunds/{order_id}/{payment_id}/done", f"/v1/refunds/{SKU}.a/p-1/done", {"reference": "bank-1"}, "refund.done"),
]


def trail(stack):
    return stack.query("SELECT operator, role, action, request_id FROM admin_log ORDER BY id")


def test_every_change_is_signed(stack, daemons):
    """One row a change, with the token's subject and the request's id; none for a repeat or a refusal."""
    changing = {(method, path) for listener, method, path, _ in ROUTES if listener == "admin" and method != "get"}
    assert {(method, path) for method, path, *_ in CHANGES} == changing, "a changing route is not in CHANGES"
    stack.query("INSERT INTO refund (order_id, payment_id, entry_id, state_met, created_at_ms) VALUES (%s, 'p-1', REPEAT('e', 16), 3, 1)",
                f"{SKU}.a")
    for n, (method, path, target, body, action) in enumerate(CHANGES):
        before = trail(stack)
        status, headers, answer = daemons["admin"].ask(method.upper(), target or path, body, bearer("admin", f"user-{n}"))
        assert status in (200, 201, 202), (path, answer)
        new = trail(stack)[len(before):]
        assert new == [(f"user-{n}".encode(), "admin", action, headers["X-Request-Id"].encode())], path
        refused = daemons["admin"].ask(method.upper(), target or path, body, bearer("ops", "eve"))
        assert refused[0] == 403
        if action not in ("expiry.pass", "reconcile.pass"):
            assert daemons["admin"].ask(method.upper(), target or path, body, bearer("admin", "again"))[0] in (200, 201, 202, 409), path
        assert [row for row in trail(stack)[len(before) + 1:] if row[0] == b"eve" or action not in row[2]] == []
        assert len(trail(stack)) == len(before) + 1 or action in ("expiry.pass", "reconcile.pass"), path


# ---- rates ----

def test_rates(stack):
    daemon = Daemon(stack, "admin", FLASH_ADMIN_RATE=2, FLASH_ADMIN_BURST=5, **JWT)
    try:
        def ask(headers):
            return daemon.ask("GET", "/v1/sales/1", None, headers)

        answers = [ask(bearer("ops", "anna")) for _ in range(40)]
        limited = [answer for answer in answers if answer[0] == 429]
        assert len(limited) >= 5 and answers[0][0] == 404
        assert limited[0][2]["type"] == "/problems/too-many-requests" and 1 <= int(limited[0][1]["Retry-After"]) <= 2
        assert ask(bearer("ops", "bert"))[0] == 404  # another caller
        assert {ask({})[0] for _ in range(40)} == {401, 429}  # without a token the address counts
        assert all(daemon.ask("GET", "/livez")[0] == 200 for _ in range(20))  # probes do not
        until(lambda: ask(bearer("ops", "anna"))[0] == 404, "the limit never ends")
    finally:
        daemon.kill()


# ---- accounts in the ledger ----

def rights_of(text):
    """Sorted, and so the columns of each."""
    def columns(match):
        return "(" + ", ".join(sorted(match.group(1).split(", "))) + ")"
    return sorted(re.sub(r"\((.*?)\)", columns, one) for one in re.split(r", (?![^(]*\))", text.replace("`", "")))


def wanted(account, tables):
    """{table: rights} of the account's file."""
    found = {}
    for rights, table in re.findall(r"^GRANT (.*) ON (\w+) TO (?:\w+);$", (GRANTS / f"{account}.sql").read_text(), re.MULTILINE):
        if table in tables:
            found[table] = rights_of(rights)
    return found


def granted(stack, account):
    connection = stack.mysql(user="root")
    with connection.cursor() as cursor:
        cursor.execute(f"SHOW GRANTS FOR {account}")
        lines = [line for line, in cursor.fetchall()]
    connection.close()
    found = {}
    for line in lines:
        match = re.match(r"GRANT (.*) ON (\S+) TO .*$", line)
        rights, where = match.group(1), match.group(2).replace("`", "")
        if where == "*.*":
            assert rights == "USAGE", line
            continue
        assert where.startswith("flashgate."), line
        found[where.removeprefix("flashgate.")] = rights_of(rights)
    return found


def tables_of(stack):
    return {table for table, in stack.query("SELECT table_name FROM information_schema.tables WHERE table_schema = 'flashgate'")}


@pytest.mark.parametrize("account", ACCOUNTS)
def test_rights_are_those_of_the_file(stack, account):
    assert granted(stack, account) == wanted(account, tables_of(stack))


def test_every_table_is_somebodys(stack):
    tables = tables_of(stack) - {"schema_migrations", "schema_migrations_open"}
    assert {table for account in ACCOUNTS for table in wanted(account, tables)} == tables
    users = {user.decode() if isinstance(user, bytes) else user for user, in root(stack, "SELECT user FROM mysql.user WHERE user LIKE 'flash%'")}
    assert users == {"flash", *ACCOUNTS}  # flash-engine has none


def root(stack, sql):
    connection = stack.mysql(user="root")
    with connection.cursor() as cursor:
        cursor.execute(sql)
        rows = cursor.fetchall()
    connection.close()
    return rows


DENIED = {1142, 1143, 1044, 1045, 1227, 1370, 1410}  # a table, a column, a schema, an account, more than that


@pytest.mark.parametrize("account, sql", [
    *[(account, sql) for account in ACCOUNTS for sql in (
        "DELETE FROM verdict", "UPDATE verdict SET clean = 1", "UPDATE stock_log SET quantity = 0", "DELETE FROM stock_log",
        "DELETE FROM stock", "DELETE FROM reservation", "DELETE FROM inflow", "UPDATE inflow SET quantity = 1", "DELETE FROM admin_log",
        "UPDATE admin_log SET operator = 'x'", "DELETE FROM refund", "DROP TABLE stock", "CREATE TABLE mine (a INT)",
        "ALTER TABLE stock ADD COLUMN a INT", "TRUNCATE TABLE verdict", "SELECT * FROM mysql.user", "CREATE USER eve",
        "GRANT SELECT ON stock TO eve", "SET GLOBAL max_connections = 1", "SELECT * FROM schema_migrations")],
    ("flash_admin", "UPDATE reservation SET state = 2"), ("flash_admin", "INSERT INTO verdict (type) VALUES (1)"),
    ("flash_admin", "UPDATE consumer_progress SET acked = 0"), ("flash_admin", "UPDATE generation SET generation = 9"),
    ("flash_admin", "UPDATE refund SET payment_id = 'x'"), ("flash_admin", "DELETE FROM sale"),
    ("flash_consumer", "UPDATE sale SET version = 9"), ("flash_consumer", "UPDATE generation SET generation = 9"),
    ("flash_consumer", "SELECT * FROM admin_log"), ("flash_consumer", "UPDATE refund SET done_at_ms = 1"),
    ("flash_consumer", "SELECT * FROM reconcile_run"), ("flash_reconciler", "UPDATE reservation SET state = 2"),
    ("flash_reconciler", "INSERT INTO stock_log (sku) VALUES (1)"), ("flash_reconciler", "UPDATE sale SET version = 9"),
    ("flash_reconciler", "INSERT INTO admin_log (operator) VALUES ('x')"), ("flash_reconciler", "SELECT * FROM admin_log")])
def test_what_is_forbidden_fails(stack, account, sql):
    connection = stack.mysql(user=account)
    with connection.cursor() as cursor, pytest.raises(pymysql.MySQLError) as caught:
        cursor.execute(sql)
    connection.close()
    assert caught.value.args[0] in DENIED, caught.value


TOO_MUCH = ("DELETE ON flashgate.stock", "UPDATE ON flashgate.refund", "INSERT (sku) ON flashgate.verdict", "SELECT ON flashgate.*",
            "INSERT ON `flash%`.*", "PROCESS ON *.*", "SELECT ON mysql.user")


def grants(stack):
    done = subprocess.run([ROOT / "deploy" / "grants", "--passwords", stack.folder / "mariadb" / "passwords"],
                          env=stack.daemon_env(FLASH_MYSQL_USER="root"), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_grants_give_what_is_missing_and_take_what_is_too_much(stack):
    before = {account: granted(stack, account) for account in ACCOUNTS}
    for number, right in enumerate(TOO_MUCH):
        root(stack, f"GRANT {right} TO flash_admin{' WITH GRANT OPTION' if number % 2 else ''}")
    root(stack, "REVOKE SELECT ON flashgate.stock_log FROM flash_admin")
    root(stack, "DROP USER flash_consumer")
    grants(stack)
    assert {account: granted(stack, account) for account in ACCOUNTS} == before
    assert not any("GRANT OPTION" in line for line, in root(stack, "SHOW GRANTS FOR flash_admin"))
    for arguments in ([], ["--passwords"], ["--help-me"]):
        assert subprocess.run([ROOT / "deploy" / "grants", *arguments], capture_output=True, check=False).returncode == 2


def test_a_running_daemon_is_never_without_its_rights(stack):
    ended, asked, refused = threading.Event(), [], []

    def work():
        connection = stack.mysql(user="flash_admin")
        with connection.cursor() as cursor:
            while not ended.is_set():
                try:
                    cursor.execute("SELECT COUNT(*) FROM stock_log")
                    cursor.execute("UPDATE refund SET done_at_ms = 1, done_reference = 'x' WHERE order_id = 'none'")
                    asked.append(1)
                except pymysql.MySQLError as error:
                    refused.append(error)
        connection.close()
    worker = threading.Thread(target=work)
    worker.start()
    try:
        for _ in range(3):
            until(lambda before=len(asked): len(asked) > before or refused, "nothing is asked")
            root(stack, "GRANT DELETE ON flashgate.stock_log TO flash_admin")
            grants(stack)
    finally:
        ended.set()
        worker.join()
    assert asked and not refused


# ---- the engine knows no ledger ----

def test_the_engine_refuses_a_ledger(tmp_path):
    file = pathlib.Path(tmp_path, "flashgate.conf")
    file.write_text("[mysql]\npassword = hunter-2\n")
    engine = BUILD / "engine" / "flash-engine"
    for arguments in (["--config", file], ["--set", "mysql.host=127.0.0.1"]):
        done = subprocess.run([engine, "--check-config", *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 2 and "mysql." in done.stderr and "no such section" in done.stderr, done
        assert "hunter-2" not in done.stderr
    done = subprocess.run([engine, "--check-config"], env={"FLASH_MYSQL_PASSWORD": "hunter-2"}, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "[mysql]" not in done.stdout and "hunter-2" not in done.stdout
    linked = subprocess.run(["ldd", engine], capture_output=True, text=True, check=True).stdout
    assert "mariadb" not in linked and "mysql" not in linked
