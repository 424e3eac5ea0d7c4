"""flashctl with all daemons and the stores: what operators do in the course of a sale, and an import that is killed half-way."""
import csv
import io
import json
import os
import pathlib
import signal
import subprocess

import pytest

from buyers import Order
from daemons import Daemon, until
from sale import Sale
from stack import Stack

BUILD = pathlib.Path(os.environ["FLASH_BUILD"])
CTL = BUILD / "tools" / "flashctl" / "flashctl"


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("ctl") / "stack") as private:
        yield private


@pytest.fixture(scope="module")
def shop(stack):
    with Sale(stack) as sale:
        sale.stop("admin")  # another one, which knows where the reconciler is
        sale.admin = Daemon(stack, "admin", FLASH_RECONCILER_LISTEN=f"127.0.0.1:{sale.daemons['reconciler'].port}")
        sale.daemons["admin"] = sale.admin
        until(sale.admin.is_ready, sale.admin.troubles)
        yield sale


def environment(shop):
    port = {name: shop.daemons[name].port for name in ("admin", "consumer", "reconciler")}
    urls = {f"FLASHCTL_{name.upper()}": f"http://127.0.0.1:{number}" for name, number in port.items()}
    return {**os.environ, **urls, "FLASHCTL_ENGINE": f"http://127.0.0.1:{shop.engine.internal_port}", "FLASHCTL_OPERATOR": "otto",
            "HOME": "/nonexistent"}


def ctl(shop, *words, code=0):
    """Its stdout."""
    done = subprocess.run([CTL, *map(str, words)], capture_output=True, text=True, timeout=300, env=environment(shop), check=False)
    assert done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
    return done.stdout


def shown(shop, *words):
    return json.loads(ctl(shop, *words, "--output", "json"))


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_a_sale_from_its_creation_to_its_closing(shop):
    sku = next(shop.skus)
    made = shown(shop, "sale", "create", sku, "--quantity", 100, "--title", "Schuh ü", "--limit", 2, "--starts", "+1h")
    assert (made["state"], made["per_user_limit"]) == ("upcoming", 2)
    assert shown(shop, "sale", "change", sku, "--hold", "10m")["hold_seconds"] == 600
    assert shown(shop, "sale", "open", sku, "--for", "30m")["state"] == "open"
    calls = shop.buy(sku, [Order(f"u{i}", "k", 1) for i in range(30)])
    shop.until_settled(sku)
    order = next(call.body["order_id"] for call in calls if call.word == "accepted")
    assert shown(shop, "order", "show", order)["status"] == "CREATED"
    listed = rows(ctl(shop, "order", "list", "--sku", sku, "--rows", "all", "--output", "csv"))
    assert len(listed) == 30 and {row["status"] for row in listed} == {"CREATED"}
    story = shown(shop, "order", "story", order)
    assert order in json.dumps(story)
    closed = shown(shop, "sale", "close", sku, "--wait")
    assert (closed["state"], closed["settled"]) == ("closed", True)
    assert shop.order(sku, "late", "k")[0] == 409
    assert [row["state"] for row in rows(ctl(shop, "sale", "list", "--state", "closed", "--output", "csv")) if row["sku"] == str(sku)] == [
        "closed"]
    exported = rows(ctl(shop, "export", "orders", "--sku", sku))
    assert {row["order_id"] for row in exported} == {call.body["order_id"] for call in calls}
    assert shown(shop, "order", "expire")["complete"] is True


def test_stock_and_its_log(shop, tmp_path):
    sku = next(shop.skus)
    ctl(shop, "stock", "create", sku, 100, "--threshold", 7)
    for _ in range(2):
        ctl(shop, "stock", "restock", sku, 50, "--reason", "second delivery", "--reference", "note-7")
    taken = shown(shop, "stock", "adjust", sku, -5, "--reason", "broken", "--reference", "b-1", "--wait")
    assert (taken["change"]["status"], taken["total"]) == ("applied", 145)
    ctl(shop, "stock", "threshold", sku, 145)
    assert [row["product_id"] for row in rows(ctl(shop, "stock", "low", "--output", "csv"))].count(str(sku)) == 1
    found = [row for row in rows(ctl(shop, "stock", "list", "--output", "csv")) if row["product_id"] == str(sku)]
    assert [(row["total"], row["available"], row["low_stock_threshold"], row["low_stock"]) for row in found] == [("145", "145", "145", "true")]
    log = [json.loads(line) for line in ctl(shop, "log", sku, "--output", "jsonl").splitlines()]
    assert [(row["type"], row["available_before"], row["available_after"], row["operator"]) for row in log] == [
        ("take", 150, 145, "otto"), ("restock", 100, 150, "otto"), ("create", 0, 100, "otto")]
    assert [row["type"] for row in rows(ctl(shop, "log", sku, "--type", "restock", "--by", "otto", "--from", "-1h", "--output", "csv"))] == [
        "restock"]
    ctl(shop, "export", "log", sku, "--file", tmp_path / "log.csv")
    assert len(rows((tmp_path / "log.csv").read_text())) == 3
    assert len(ctl(shop, "export", "log", "--output", "jsonl").splitlines()) > 3


def totals(shop, skus):
    wanted = set(map(str, skus))
    return {row["product_id"]: (int(row["total"]), row["title"]) for row in rows(ctl(shop, "export", "stock")) if row["product_id"] in wanted}


def test_an_import_that_is_killed_goes_on(shop, tmp_path):
    skus = [next(shop.skus) for _ in range(150)]
    ctl(shop, "stock", "create", skus[7], 1000, "--title", "there")
    file = tmp_path / "delivery.csv"
    file.write_text("product_id,quantity,title,low_stock_threshold\n" +
                    "".join(f"{sku},{i % 5 + 1},{'there' if i == 7 else 'new'},3\n" for i, sku in enumerate(skus)))
    expected = {str(sku): ((1000 if i == 7 else 0) + i % 5 + 1, "there" if i == 7 else "new") for i, sku in enumerate(skus)}
    assert shown(shop, "import", file, "--check")["created"] == 149
    assert totals(shop, skus) == {str(skus[7]): (1000, "there")}
    for done in (10, 60, 110):
        running = subprocess.Popen([CTL, "import", file], stdout=subprocess.DEVNULL, env=environment(shop))
        until(lambda done=done: shop.stack.query(f"SELECT COUNT(*) FROM inflow WHERE sku >= {skus[0]} AND type = 12")[0][0] >= done,
              "nothing is imported")
        running.send_signal(signal.SIGKILL)
        running.wait()
    made = shown(shop, "import", file)
    assert made["restocked"] + made["already_there"] == 150 and made["restocked"] > 0 and made["already_there"] >= 110
    assert totals(shop, skus) == expected
    assert shown(shop, "import", file)["restocked"] == 0
    assert totals(shop, skus) == expected
    file.write_text(file.read_text() + "x,1,,\n")
    ctl(shop, "import", file, code=2)
    assert totals(shop, skus) == expected


def test_watching(shop):
    for name, daemon in shop.daemons.items():
        until(daemon.is_ready, lambda name=name, daemon=daemon: (name, daemon.troubles()))
    parts = rows(ctl(shop, "status", "--output", "csv"))
    assert {row["daemon"] for row in parts if row["part"] == "all"} == {"admin", "engine", "consumer", "reconciler"}
    assert {row["state"] for row in parts} == {"ready"} and all(row["version"] for row in parts if row["part"] == "all")
    views = [json.loads(line) for line in ctl(shop, "top", "--interval", "2s", "--frames", 2, "--output", "jsonl").splitlines()]
    assert len(views) == 2 and views[1]["at"] > views[0]["at"]
    assert all({"rates", "journal", "consumer", "settle", "findings", "skus"} <= view.keys() for view in views)
    ctl(shop, "reconcile", "run")
    run = next(iter(rows(ctl(shop, "reconcile", "runs", "--output", "csv"))), None)
    if run:
        assert shown(shop, "reconcile", "report", run["run_id"])["run"]["run_id"] == run["run_id"]
    assert ctl(shop, "reconcile", "findings", "--output", "csv").startswith("found_at,cause,")
    assert ctl(shop, "refund", "list", "--output", "jsonl") == ""
    known = environment(shop)
    shop.kill("consumer")
    done = subprocess.run([CTL, "status"], capture_output=True, text=True, env=known, timeout=300, check=False)
    assert done.returncode == 3 and "no answer" in done.stdout
