"""A backup made while a sale runs, restored to an empty machine: Redis is rebuilt, the audit is clean, and every order that was in
the ledger before the backup began is proven to be there. What is no backup, or would overwrite, is refused."""
import json
import os
import pathlib
import shutil
import subprocess

import pytest

from books import read_quiet
from buyers import Crowd, Order
from daemons import BUILD, running, until
from sale import Sale
from stack import ROOT, Stack

UNITS, BEFORE = 100000, 300


def run(program, *arguments, env, expected=0):
    done = subprocess.run([ROOT / "deploy" / program, *map(str, arguments)], env=env, capture_output=True, text=True,
                          check=False, timeout=300)
    assert done.returncode == expected, done.stdout + done.stderr
    return done.stdout + done.stderr


def orders(first):
    return (Order(f"u{n}", "k", 1 + n % 2) for n in range(first, 1 << 30))


@pytest.fixture(scope="module")
def backup(tmp_path_factory):
    """(folder, SKU, the calls that had settled before it began); the machine it is of is gone afterwards."""
    folder = tmp_path_factory.mktemp("backup")
    with Stack(folder / "old") as stack, Sale(stack) as sale:
        sku = sale.put_on_sale(units=UNITS)
        early = [Order(f"u{n}", "k", 1 + n % 2) for n in range(BEFORE)]
        settled = sale.buy(sku, early)
        sale.until_settled(sku)
        with Crowd(sale.engine.port, orders(BEFORE), sku=sku, rate=300) as crowd:
            until(lambda: crowd.accepted() > 50, "nobody buys")
            said = run("backup", "--to", folder / "kept", env=stack.daemon_env())
            at_its_end = crowd.accepted()
            until(lambda: crowd.accepted() > at_its_end + 50, "nobody buys any more")
        assert "binary log binlog." in said
        run("backup", "--to", folder / "kept", env=stack.daemon_env(), expected=1)  # it is there
        refused = run("restore", "--from", folder / "kept", env=stack.daemon_env(), expected=1)
        assert "--overwrite" in refused
        sale.until_settled(sku)  # nothing was harmed
    return folder / "kept", sku, settled


def test_the_manifest(backup):
    kept, _, _ = backup
    manifest = json.loads((kept / "manifest.json").read_text())
    assert set(manifest["files"]) == {"ledger.sql.gz"} == {path.name for path in kept.iterdir()} - {"manifest.json"}
    assert manifest["ledger"]["binlog"]["position"] > 0 and "008" in manifest["ledger"]["schema"]
    assert all(path.stat().st_mode & 0o077 == 0 for path in [kept, *kept.iterdir()])


def test_restored_to_an_empty_machine(backup, tmp_path):
    kept, sku, settled = backup
    with Stack(tmp_path / "new") as stack:
        said = run("restore", "--from", kept, env=stack.daemon_env())
        assert "restored the ledger as of" in said
        in_ledger = stack.query("SELECT COUNT(*) FROM reservation")[0][0]
        assert in_ledger >= BEFORE
        with running(stack, "consumer"):
            recovered = subprocess.run([BUILD / "reconciler" / "flash-reconciler", "recover", "--yes"], env=stack.daemon_env(),
                                       capture_output=True, text=True, check=False, timeout=300)
            assert recovered.returncode in (0, 1), recovered.stdout + recovered.stderr
        with Sale(stack) as sale:
            until(sale.engine.is_ready, sale.engine.troubles)
            sale.until_settled(sku)
            books = read_quiet(stack, [sku])[sku]
            assert len(books.rows) >= in_ledger
            audited = subprocess.run([BUILD / "reconciler" / "flash-reconciler", "audit"], env=stack.daemon_env(),
                                     capture_output=True, text=True, check=False, timeout=300)
            assert audited.returncode == 0, audited.stdout + audited.stderr
            every = [(order.decode(), user.decode(), units) for order, user, units in
                     stack.query("SELECT order_id, user_id, qty FROM reservation")]
            ids = {order for order, _, _ in every}
            assert all(call.body["order_id"] in ids for call in settled if call.word == "accepted")
            accepted = tmp_path / "accepted.tsv"
            accepted.write_text("outcome\torder_id\tuser\tquantity\tkey\n" + "".join(
                f"accepted\t{order}\t{user}\t{units}\tk\n" for order, user, units in every))
            proven = subprocess.run([ROOT / "deploy" / "prove", "--sku", str(sku), "--accepted", accepted],
                                    env=stack.daemon_env(), capture_output=True, text=True, check=False, timeout=300)
            assert proven.returncode == 0, proven.stdout + proven.stderr
            again = sale.buy(sku, [call.order for call in settled])  # every buyer has the answer that he had
            assert [call.body.get("order_id") for call in again] == [call.body.get("order_id") for call in settled]
            assert sale.buy(sku, [Order("new", "k", 1)])[0].word == "accepted"


@pytest.mark.parametrize("harm, reason", [
    (lambda kept: (kept / "ledger.sql.gz").write_bytes((kept / "ledger.sql.gz").read_bytes()[:-1]), "checksum"),
    (lambda kept: (kept / "ledger.sql.gz").unlink(), "ledger.sql.gz"),
    (lambda kept: (kept / "manifest.json").write_text("{}"), "no backup"),
    (lambda kept: (kept / "manifest.json").write_text('{"format": 2}'), "format 2"),
], ids=["cut", "missing", "manifest", "format"])
def test_a_harmed_backup_is_refused_before_anything_is_written(backup, tmp_path, harm, reason):
    kept = shutil.copytree(backup[0], tmp_path / "kept")
    harm(pathlib.Path(kept))
    said = run("restore", "--from", kept, env={**os.environ, "FLASH_MYSQL_HOST": "127.0.0.1", "FLASH_MYSQL_PORT": "1",
                                               "FLASH_MYSQL_USER": "x", "FLASH_MYSQL_DATABASE": "x"}, expected=1)
    assert reason in said  # it came before any server was asked: there is none


def test_no_server(backup, tmp_path):
    env = {**os.environ, "FLASH_MYSQL_HOST": "127.0.0.1", "FLASH_MYSQL_PORT": "1", "FLASH_MYSQL_USER": "x", "FLASH_MYSQL_DATABASE": "x"}
    run("restore", "--from", backup[0], env=env, expected=3)
    run("backup", "--to", tmp_path / "kept", env=env, expected=3)
    assert list(tmp_path.iterdir()) == []
