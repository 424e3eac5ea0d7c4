"""The ledger's schema: applied, undone and applied again, and what its CHECKs refuse."""
import os
import re

import pymysql
import pytest

from stack import ROOT, Stack

SQL = ROOT / "deploy" / "sql"
MIGRATIONS = sorted(path.name[:3] for path in SQL.glob("*.sql"))
FILES = sorted([*SQL.glob("*.sql"), *SQL.glob("optional/*.sql")])
TABLES = {
    "generation", "stock", "sale", "inflow", "verdict", "reservation", "stock_log", "stock_log_lines", "parked",
    "consumer_progress", "marker", "dead_letter", "refund", "reconcile_run", "reconcile_finding", "admin_log",
    "alert_state", "alert_outbox", "alert_summary", "engine",
    "schema_migrations", "schema_migrations_open",
}
# Words that one of MariaDB 10.11, MySQL 8 and MySQL 9 does not understand, or that read the database's clock.
NOT_PORTABLE = [
    r"RETURNING", r"CREATE\s+OR\s+REPLACE\s+TABLE", r"\bUUID\b(?!v7)", r"\bINET[46]\b", r"\bSEQUENCE\b", r"\bNEXTVAL\b",
    r"\bPERSISTENT\b", r"\bINVISIBLE\b", r"SYSTEM\s+VERSIONING", r"\bARIA\b", r"PAGE_COMPRESSED", r"IF\s+NOT\s+EXISTS",
    r"DROP\s+INDEX\s+IF\s+EXISTS", r"DELIMITER", r"\bJSON\b", r"\bNOW\s*\(", r"CURRENT_TIMESTAMP", r"\bTIMESTAMP\b",
    r"\bDATETIME\b", r"UNIX_TIMESTAMP", r"uca1400", r"utf8mb4_0900", r"\bTINYINT\s*\(", r"INSERT\s+IGNORE",
    # reserved in MySQL only, as a bare name
    r"(?m)^\s+(rank|groups|lines|system|lateral|window|rows|row_number|function|of|empty|manual|parallel|qualify|"
    r"tablesample|cube|recursive)\s",
]


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("schema") / "stack") as one:
        yield one


@pytest.fixture
def ledger(stack):
    """A cursor in a transaction that is undone."""
    connection = stack.mysql(autocommit=False)
    with connection.cursor() as cursor:
        yield cursor
    connection.rollback()
    connection.close()


def tables(stack):
    return {row[0] for row in stack.query("SHOW TABLES")}


def stock(cursor, sku=1, base=10, available=10, reserved=0, sold=0):
    cursor.execute("INSERT INTO stock (sku, base, available, reserved, sold, created_at_ms, updated_at_ms)"
                   " VALUES (%s, %s, %s, %s, %s, 1, 1)", (sku, base, available, reserved, sold))


def reservation(cursor, order_id="1.a", **values):
    row = {"order_id": order_id, "sku": 1, "user_id": "u", "qty": 1, "state": 1, "version": 1, "due": 0,
           "entry_id": bytes(16), "line_no": 0, "updated_at_ms": 1, **values}
    cursor.execute(f"INSERT INTO reservation ({', '.join(row)}) VALUES ({', '.join(['%s'] * len(row))})",
                   tuple(row.values()))


def refused(code, action):
    """Runs action; it must fail with this error code."""
    with pytest.raises(pymysql.MySQLError) as caught:
        action()
    assert caught.value.args[0] == code, caught.value


CHECK_FAILED = 3819 if os.environ.get("FLASH_TEST_LEDGER") == "mysql" else 4025
DUPLICATE, TOO_LONG, NOT_NULL = 1062, 1406, 1048


def test_up_made_the_tables_and_is_idempotent(stack):
    assert tables(stack) == TABLES
    assert stack.migrate("up").stderr == ""
    assert stack.query("SELECT version FROM schema_migrations ORDER BY 1") == [(version,) for version in MIGRATIONS]
    assert stack.query("SELECT id, generation FROM generation") == [(1, 1)]


def test_down_and_up_again(stack):
    before = stack.query("SELECT table_name, column_name, column_type, is_nullable FROM information_schema.columns"
                         " WHERE table_schema = DATABASE() ORDER BY table_name, ordinal_position")
    for _ in MIGRATIONS:
        stack.migrate("down")
    assert tables(stack) == {"schema_migrations", "schema_migrations_open"}
    assert stack.migrate("down", check=False).returncode == 1
    status = stack.migrate("status", check=False)
    assert status.returncode == 1 and "pending   001_stock" in status.stdout
    stack.migrate("up")
    assert tables(stack) == TABLES
    assert before == stack.query(
        "SELECT table_name, column_name, column_type, is_nullable FROM information_schema.columns"
        " WHERE table_schema = DATABASE() ORDER BY table_name, ordinal_position")


def test_optional_migrations_are_applied_one_by_one(stack):
    for version in ("101", "103"):
        stack.migrate("up", version)
        assert re.search(rf"applied   {version}_", stack.migrate("status").stdout)
        stack.migrate("down", version)
    assert stack.migrate("up", "001", check=False).returncode == 2


def test_an_interrupted_or_unknown_migration_is_refused(stack):
    for table in ("schema_migrations_open", "schema_migrations"):
        stack.query(f"INSERT INTO {table} VALUES ('999')")
        try:
            for command in ("up", "down", "status"):
                done = stack.migrate(command, check=False)
                assert done.returncode == 1 and "999" in done.stderr
        finally:
            stack.query(f"DELETE FROM {table} WHERE version = '999'")


def test_a_hole_is_refused(stack):
    stack.query("DELETE FROM schema_migrations WHERE version = '002'")
    try:
        done = stack.migrate("up", check=False)
        assert done.returncode == 1 and "002 before it is not" in done.stderr
    finally:
        stack.query("INSERT INTO schema_migrations VALUES ('002')")


def test_no_password_no_access(stack):
    assert "denied" in _migrate_with(stack, FLASH_MYSQL_PASSWORD="wrong").stderr
    assert _migrate_with(stack, FLASH_MYSQL_SOCKET="").returncode == 0  # over TCP


def _migrate_with(stack, **env):
    kept = dict(stack.env)
    stack.env.update(env)
    try:
        return stack.migrate("status", check=False)
    finally:
        stack.env = kept


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_files_are_in_dbmates_format(file):
    lines = file.read_text().splitlines()
    assert re.fullmatch(r"\d{3}_[a-z_]+\.sql", file.name)
    assert lines[0] == "-- migrate:up"
    assert [line for line in lines if line.startswith("-- migrate:")] == ["-- migrate:up", "-- migrate:down"]
    up, down = file.read_text().split("-- migrate:down")
    made = re.findall(r"^CREATE (?:SQL SECURITY INVOKER )?(TABLE|VIEW|INDEX) (\w+)", up, re.MULTILINE)
    assert made[::-1] == re.findall(r"^DROP (TABLE|VIEW|INDEX) (\w+)", down, re.MULTILINE)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_files_use_only_what_mariadb_and_mysql_share(file):
    text = re.sub(r"--.*", "", file.read_text())
    for pattern in NOT_PORTABLE:
        assert not re.search(pattern, text, re.IGNORECASE), pattern


def test_check_names_are_unique_in_the_schema():
    """MySQL wants them unique per schema, MariaDB only per table."""
    there = []
    for file in FILES:
        for dropped, name in re.findall(r"(DROP )?CONSTRAINT (\w+)", file.read_text().split("-- migrate:down")[0]):
            assert bool(dropped) == (name in there), name
            (there.remove if dropped else there.append)(name)
    assert len(there) > 30


@pytest.mark.parametrize("values", [
    {"available": -1, "reserved": 11},            # negative available
    {"available": 11, "reserved": 0},             # more than base
    {"available": 11, "reserved": -1},            # adds up, but out of range
    {"available": 9},                             # a unit is nowhere
    {"available": 5, "reserved": 5, "sold": 1},   # a unit is in two places
    {"available": 11, "sold": -1},
    {"base": -1, "available": -1},
    {"base": 1000000001, "available": 1000000001},
    {"sku": 0},
])
def test_stock_refuses(ledger, values):
    refused(CHECK_FAILED, lambda: stock(ledger, **values))


def test_stock_accepts_the_edges_and_refuses_to_leave_them(ledger):
    stock(ledger, sku=2**63 - 1, base=1000000000, available=0, reserved=1, sold=999999999)
    stock(ledger, sku=1, base=0, available=0)
    stock(ledger, sku=2)
    ledger.execute("UPDATE stock SET available = available - 10, reserved = reserved + 10 WHERE sku = 2")
    refused(CHECK_FAILED, lambda: ledger.execute(
        "UPDATE stock SET available = available - 1, reserved = reserved + 1 WHERE sku = 2"))
    refused(CHECK_FAILED, lambda: ledger.execute("UPDATE stock SET reserved = reserved - 1 WHERE sku = 2"))
    refused(CHECK_FAILED, lambda: ledger.execute("UPDATE stock SET available = 1 WHERE sku = 2"))


def test_there_is_one_generation(ledger):
    refused(CHECK_FAILED, lambda: ledger.execute("INSERT INTO generation VALUES (2, 1, 0)"))
    refused(DUPLICATE, lambda: ledger.execute("INSERT INTO generation VALUES (1, 2, 0)"))
    refused(CHECK_FAILED, lambda: ledger.execute("UPDATE generation SET generation = 0"))


@pytest.mark.parametrize("code, values", [
    (CHECK_FAILED, {"qty": 0}), (CHECK_FAILED, {"qty": -3}), (CHECK_FAILED, {"qty": 10000}),
    (CHECK_FAILED, {"state": 0}), (CHECK_FAILED, {"state": 8}), (CHECK_FAILED, {"version": 0}),
    (CHECK_FAILED, {"line_no": 256}), (TOO_LONG, {"order_id": "1." + "a" * 83}), (TOO_LONG, {"user_id": "u" * 65}),
    (NOT_NULL, {"user_id": None}), (TOO_LONG, {"entry_id": bytes(17)}),
])
def test_reservation_refuses(ledger, code, values):
    refused(code, lambda: reservation(ledger, **values))


def test_order_ids_are_bytes(ledger):
    """Case counts, trailing blanks count, and the longest id fits."""
    for order_id in ("1.a", "1.A", "1.a ", f"{2**63 - 1}." + "z" * 64):
        reservation(ledger, order_id)
    refused(DUPLICATE, lambda: reservation(ledger, "1.a"))


def test_hot_tables_have_no_secondary_index(stack):
    rows = stack.query("SELECT table_name, index_name FROM information_schema.statistics WHERE table_schema ="
                       " DATABASE() AND table_name IN ('verdict', 'reservation') AND index_name <> 'PRIMARY'")
    assert rows == []


def verdict(cursor, entry_id=bytes(16), type_=1, word=1, clean=1, line_count=1, owner=2**64 - 1):
    cursor.execute("INSERT INTO verdict VALUES (%s, %s, %s, %s, 1, 1, 1, 0, %s, 0, 0, %s, 1)",
                   (entry_id, type_, word, clean, line_count, owner))


def test_the_first_verdict_wins(ledger):
    verdict(ledger)
    refused(DUPLICATE, lambda: verdict(ledger, word=2, clean=0))


@pytest.mark.parametrize("values", [
    {"word": 0}, {"word": 3}, {"word": 2, "clean": 1}, {"clean": 2}, {"type_": 0}, {"type_": 8}, {"line_count": 257},
])
def test_verdict_refuses(ledger, values):
    refused(CHECK_FAILED, lambda: verdict(ledger, **values))


@pytest.mark.parametrize("applied, acked", [(1, 2), (0, -1), (-1, -1)])
def test_progress_refuses_acked_ahead_of_applied(ledger, applied, acked):
    refused(CHECK_FAILED, lambda: ledger.execute(
        "INSERT INTO consumer_progress VALUES ('t', 0, %s, %s, 1, NULL, NULL, 1)", (applied, acked)))


def test_other_checks_refuse(ledger):
    bad = [
        "INSERT INTO sale VALUES (1, 5, 5, 1, 60, 1, 0, 1, NULL, NULL, NULL)",
        "INSERT INTO sale VALUES (1, 5, 6, 0, 60, 1, 0, 1, NULL, NULL, NULL)",
        "INSERT INTO sale VALUES (1, 5, 6, 1, 0, 1, 0, 1, NULL, NULL, NULL)",
        "INSERT INTO inflow VALUES (1, 0, 11, 5, NULL, 'op', '', 1, NULL)",
        "INSERT INTO inflow VALUES (1, 1, 1, 5, NULL, 'op', '', 1, NULL)",
        "INSERT INTO inflow VALUES (1, 1, 13, -5, NULL, 'op', '', 1, NULL)",
        "INSERT INTO inflow VALUES (1, 1, 13, 5, NULL, 'op', '', 1, 'e')",
        "INSERT INTO refund VALUES ('1.a', 'p', 'e', 0, 1, NULL, NULL)",
        "INSERT INTO refund VALUES ('1.a', 'p', 'e', 3, 1, 7, NULL)",
        "INSERT INTO stock_log VALUES (NULL, 1, 1, -2, 10, 9, 'e', NULL, NULL, 1, NULL, NULL, NULL, 1)",
        "INSERT INTO stock_log VALUES (NULL, 1, 1, -2, 1, -1, 'e', NULL, NULL, 1, NULL, NULL, NULL, 1)",
        "INSERT INTO stock_log VALUES (NULL, 1, 1, -2, 10, 8, NULL, NULL, NULL, 1, NULL, NULL, NULL, 1)",
    ]
    for sql in bad:
        refused(CHECK_FAILED, lambda sql=sql: ledger.execute(sql))


@pytest.mark.parametrize("code, values", [
    (CHECK_FAILED, {"state": "open"}), (CHECK_FAILED, {"severity": "bad"}), (CHECK_FAILED, {"channel": "fax"}),
    (CHECK_FAILED, {"delivery": "lost"}), (CHECK_FAILED, {"delivery": "sent"}), (CHECK_FAILED, {"ended_at_ms": 5}),
    (CHECK_FAILED, {"delivery": "given_up"}), (CHECK_FAILED, {"attempts": -1}), (TOO_LONG, {"alert_id": bytes(17)}),
    (TOO_LONG, {"alert_key": "k" * 65}), (NOT_NULL, {"next_try_ms": None}),
])
def test_the_outbox_refuses(ledger, code, values):
    good = {"alert_id": bytes(16), "alert_key": "a.b", "state": "raised", "severity": "info", "detail": "", "at_ms": 1,
            "channel": "mail", "delivery": "waiting", "attempts": 0, "next_try_ms": 1, "ended_at_ms": None}
    insert = f"INSERT INTO alert_outbox ({', '.join(good)}) VALUES ({', '.join(['%s'] * len(good))})"
    refused(code, lambda: ledger.execute(insert, tuple({**good, **values}.values())))
    ledger.execute(insert, tuple(good.values()))
    refused(DUPLICATE, lambda: ledger.execute(insert, tuple(good.values())))
    ledger.execute(insert, tuple({**good, "channel": "webhook", "delivery": "sent", "ended_at_ms": 5}.values()))
    refused(CHECK_FAILED, lambda: ledger.execute(
        "INSERT INTO alert_state (alert_key, state, severity, since_ms) VALUES ('a', 'open', 'info', 1)"))


def test_an_inflow_reference_counts_once(ledger):
    ledger.execute("INSERT INTO inflow VALUES (1, 1, 11, 5, 'r', 'op', '', 1, NULL), (1, 2, 12, 5, NULL, 'op', '', 1, NULL),"
                   " (1, 3, 12, 5, NULL, 'op', '', 1, NULL), (2, 1, 11, 5, 'r', 'op', '', 1, NULL)")
    refused(DUPLICATE, lambda: ledger.execute("INSERT INTO inflow VALUES (1, 4, 12, 5, 'r', 'op', '', 1, NULL)"))


def test_the_log_expands_into_lines(ledger):
    """An entry of three lines, one refused for shortage, between an inflow and a cancel."""
    entry, cancel = b"e" * 16, b"c" * 16
    for line, (qty, state) in enumerate([(2, 1), (9, 7), (3, 3)]):
        reservation(ledger, f"1.{line}", qty=qty, state=state, entry_id=entry, line_no=line)
    reservation(ledger, "11.x", sku=11, entry_id=entry)  # another SKU: its range of keys must not be met
    rows = [(11, 10, 0, 10, None, 1, 0), (1, -5, 10, 5, entry, None, 3), (3, 3, 5, 8, cancel, None, 1)]
    for type_, quantity, before, after, entry_id, number, lines in rows:
        ledger.execute("INSERT INTO stock_log (sku, type, quantity, available_before, available_after, entry_id,"
                       " inflow_number, line_count, created_at_ms) VALUES (1, %s, %s, %s, %s, %s, %s, %s, 1)",
                       (type_, quantity, before, after, entry_id, number, lines))
    ledger.execute("SELECT type, order_id, line_no, quantity, available_before, available_after FROM stock_log_lines"
                   " WHERE sku = 1 ORDER BY id, line_no")
    assert [tuple(row) for row in ledger.fetchall()] == [
        (11, None, None, 10, 0, 10),
        (1, b"1.0", 0, -2, 10, 8), (1, b"1.1", 1, 0, 8, 8), (1, b"1.2", 2, -3, 8, 5),
        (3, None, None, 3, 5, 8),
    ]
