"""Redis or the ledger loses something in the middle of a sale: nothing is sold beyond the base, every buyer keeps one answer, the
books balance, and the sale goes on by itself.

Buyers order all the time. When the sale goes on, each of them asks again with the same key until there is an answer, and it must be
the one they had; then what they were told, Redis and the ledger are compared order by order (checker.py). Every loss has a SKU of
its own.
"""
import contextlib
import csv
import io
import itertools
import json
import os
import re
import shutil
import subprocess

import pytest

from books import read_quiet
from buyers import Crowd, Order
from checker import MAYBE, PUT_OFF
from daemons import BUILD, until
from sale import Sale
from stack import ROOT, Stack

RATE, LIMIT = 1000, 3
SOME = 400  # orders accepted before a loss, in what is lost, and after it
WINDOW_S = 3  # older losses are swept


@pytest.fixture(scope="module")
def sale(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("recover") / "stack") as stack:
        stack.migrate("up")
        with Sale(stack, reconciler={"FLASH_RECONCILER_LOSS_WINDOW": f"{WINDOW_S}s"}) as everything:
            yield everything


def orders():
    """Each user has four, of one unit and of two, and the limit lets two of them pass."""
    for n in itertools.count():
        yield Order(f"u{n // 4}", f"k{n % 4}", 1 + n % 2)


def more(crowd, count=SOME):
    """Waits until so many more orders are accepted."""
    before = crowd.accepted()
    until(lambda: crowd.accepted() >= before + count, lambda: f"{crowd.accepted() - before} more orders accepted")


def ask_again(sale, sku):
    """Everybody repeats until there is an answer, with the same key; returns the last call of each."""
    asked = list(dict.fromkeys(call.order for call in sale.calls if call.sku == sku))
    final = {}
    until(lambda: not sale.engine.troubles(), sale.engine.troubles)
    while asked:
        answers = sale.buy(sku, asked)
        final.update((call.order, call) for call in answers)
        asked = [call.order for call in answers if call.word in MAYBE | PUT_OFF]
    return list(final.values())


def accepted(calls):
    return {call.body["order_id"] for call in calls if call.word == "accepted"}


def recoveries(sale):
    return sale.daemons["reconciler"].said("recover.done")


@contextlib.contextmanager
def crowd_of(sale, sku):
    with Crowd(sale.engine.port, orders(), sku, RATE) as crowd:
        yield crowd
    sale.calls += crowd.calls


# ---- what may be lost ----

def emptied(sale, crowd):
    sale.redis.flushall()


def aof(stack):
    return max((stack.folder / "redis" / "appendonlydir").glob("*.incr.aof"))


def last_second_lost(sale, crowd):
    """The end of the AOF is gone, though it was written before buyers were answered."""
    kept = aof(sale.stack).stat().st_size
    more(crowd)
    sale.stack.kill("redis")
    assert aof(sale.stack).stat().st_size > kept
    os.truncate(aof(sale.stack), kept)
    sale.stack.restart("redis")


def old_copy(sale, crowd):
    copy = sale.stack.folder / "redis.old"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(sale.stack.folder / "redis", copy)
    until_older = sale.redis.time()[0] + WINDOW_S + 1
    until(lambda: sale.redis.time()[0] > until_older, "time does not pass")
    more(crowd)
    sale.stack.kill("redis")
    shutil.rmtree(sale.stack.folder / "redis")
    copy.rename(sale.stack.folder / "redis")
    sale.stack.restart("redis")


def restarted(sale, crowd):
    sale.stack.kill("redis")
    sale.stack.restart("redis")


def ledger_beacon(sale):
    return sale.stack.query("SELECT beacon FROM generation")[0][0]


@contextlib.contextmanager
def ledger_falls_back(stack):
    """To where it was when this began."""
    data = stack.folder / "mariadb" / "data"
    stack.kill("mariadb")
    shutil.copytree(data, data.with_name("data.old"))
    stack.restart("mariadb")
    yield
    stack.kill("mariadb")
    shutil.rmtree(data)
    data.with_name("data.old").rename(data)
    stack.restart("mariadb")


def ledger_restored(sale, crowd):
    """A copy some seconds old; Redis and Kafka have gone on."""
    with ledger_falls_back(sale.stack):
        beacon = ledger_beacon(sale)
        more(crowd)
        until(lambda: ledger_beacon(sale) > beacon + 1, "no beacon")


LOSSES = {
    "redis restarted": (restarted, False),
    "redis emptied": (emptied, True),
    "the last second of the aof lost": (last_second_lost, None),  # swept if the consumer met a forgotten order first
    "an old copy of redis": (old_copy, True),
    "the ledger restored": (ledger_restored, False),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_the_sale_goes_on(sale, loss):
    lose, swept = LOSSES[loss]
    sku = sale.put_on_sale(units=100_000, limit=LIMIT)
    before = len(recoveries(sale))
    with crowd_of(sale, sku) as crowd:
        more(crowd)
        until(lambda: sale.stack.query("SELECT 1 FROM reservation WHERE sku = %s LIMIT 1", sku), "the ledger has none of its orders")
        lose(sale, crowd)
        until(lambda: len(recoveries(sale)) > before, sale.daemons["reconciler"].troubles)
        more(crowd)
    done = recoveries(sale)[-1]
    assert done["end"] == "done" and done["opened"] == done["in_need"] > 0, done
    assert swept is None or (done["orders_swept"] > 0) == swept, done
    until(lambda: sale.stack.query("SELECT 1 FROM reconcile_run WHERE mode = 'recover' AND state = 'done' AND settled = %s"
                                   " AND generation = %s", done["orders_swept"], done["generation"]), "it is not in the record")
    ask_again(sale, sku)
    sale.check(sku)


def test_a_sold_out_sku_stays_sold_out(sale):
    """Redis comes back to a moment when half was left: the ledger's orders are there before anybody can buy again."""
    sku = sale.put_on_sale(units=SOME, limit=LIMIT)
    with crowd_of(sale, sku) as crowd:
        until(lambda: crowd.accepted() > SOME // 4, "nobody buys")
        kept = aof(sale.stack).stat().st_size
        until(lambda: any(call.word == "sold-out" for call in list(crowd.calls)), "never sold out")
        sale.until_settled(sku)
        before = len(recoveries(sale))
        sale.stack.kill("redis")
        os.truncate(aof(sale.stack), kept)
        sale.stack.restart("redis")
        until(lambda: len(recoveries(sale)) > before, sale.daemons["reconciler"].troubles)
        refused = len(crowd.calls)
        until(lambda: any(call.word == "sold-out" for call in list(crowd.calls)[refused:]), "no answer")
    assert recoveries(sale)[-1]["entries_lost"] > 0
    ask_again(sale, sku)
    books = sale.check(sku)
    assert books.available == 0 and sum(row.quantity for row in books.rows.values()) == SOME


def test_an_order_that_redis_forgot_closes_the_gate(sale):
    """Not a prefix of its history: one accepted order is gone from a Redis that never restarted (rule 5)."""
    sku = sale.put_on_sale(limit=LIMIT)
    before = len(recoveries(sale))
    sale.freeze("consumer")
    ref = sale.order(sku, "u", "k")[2]["order_id"].partition(".")[2]
    pipe = sale.redis.pipeline()
    pipe.hdel(sale.key(sku, "orders"), ref)
    pipe.delete(sale.key(sku, "journal"), sale.key(sku, "due"), sale.key(sku, "users"))
    pipe.hincrby(sale.key(sku, "stock"), "available", 1)
    pipe.execute()
    sale.thaw("consumer")
    until(lambda: sale.consumer.said("consumer.gate_closed"), lambda: sale.consumer.lines[-5:])
    until(lambda: len(recoveries(sale)) > before, sale.daemons["reconciler"].troubles)
    status, _, body = until(lambda: (answer := sale.order(sku, "u", "k"))[0] == 202 and answer, "no answer")
    assert (status, body["order_id"], body["status"]) == (202, f"{sku}.{ref}", "CREATED")
    read_quiet(sale.stack, [sku])[sku].check()


# ---- by hand ----

def begin(sale, *options, verb="recover", **settings):
    program = "flash-reconciler" + (".faults" if "FLASH_FAULT" in settings else "")
    return subprocess.Popen([BUILD / "reconciler" / program, verb, *options], env=sale.stack.daemon_env(**settings),
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def awaiting(sale, *options):
    """A recovery that has come to its last stage."""
    process = begin(sale, "--yes", *options)
    until(lambda: "recover: await" in process.stderr.readline(), "it did not come so far")
    return process


def recover(sale, *options, kill_at=None, **settings):
    """(exit code, stdout, stderr) of the command; killed when it says that it begins the stage kill_at."""
    process = begin(sale, *options, **settings)
    said = []
    for line in process.stderr:
        said.append(line)
        if kill_at and line.startswith(f"recover: {kill_at}"):
            process.kill()
    out = process.stdout.read()
    return process.wait(), out, "".join(said)


@pytest.fixture(scope="module")
def by_hand(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("by_hand") / "stack") as stack:
        stack.migrate("up")
        with Sale(stack, reconciler={"FLASH_RECONCILER_RECOVER": "off"}) as everything:
            yield everything


def generation(sale):
    return sale.stack.query("SELECT generation FROM generation")[0][0]


def test_without_a_need_it_does_nothing(by_hand):
    by_hand.put_on_sale()
    before = generation(by_hand)
    for verb in ("recover", "audit"):
        process = begin(by_hand, "--sku", "4711", verb=verb)
        out, said = process.communicate()
        assert process.returncode == 2 and "no such SKU" in said, (out, said)
    code, out, said = recover(by_hand, "--yes", "--output", "json")
    assert code == 0 and "nothing indicates a need" in said, said
    document = json.loads(out)
    assert document["skus"] == document["findings"] == [] and document["recovery"]["ended"] == "nothing"
    assert generation(by_hand) == before


@pytest.mark.parametrize("options", [["--sku"], ["--sku", "x"], ["--sku", "-1"], ["--bogus"], ["--yes=x"], ["--output", "xml"]])
def test_wrong_usage(by_hand, options):
    code, out, said = recover(by_hand, *options)
    assert code == 2 and out == "" and said


def test_it_asks_first(by_hand):
    sku = by_hand.put_on_sale()
    by_hand.redis.delete(by_hand.key(sku, "stock"))
    code, out, said = recover(by_hand, "--output", "jsonl")
    assert code == 1 and "1 of " in said and "--yes" in said
    assert [(int(row["sku"]), row["need"], row["gate"]) for row in map(json.loads, out.splitlines())] == [(sku, "absent", None)]
    until(lambda: "recovery" in by_hand.daemons["reconciler"].troubles(), "not said in readiness")
    code, out, _ = recover(by_hand, "--yes")
    assert code == 0 and by_hand.order(sku)[0] == 202, out


@pytest.mark.parametrize("stage", ["raise", "lift", "sweep", "await"])
def test_killed_in_the_middle_and_run_again(by_hand, stage):
    sku = by_hand.put_on_sale(units=10_000, limit=LIMIT)
    calls = by_hand.buy(sku, list(itertools.islice(orders(), 2000)))
    by_hand.until_settled(sku)
    before = generation(by_hand)
    by_hand.redis.flushall()
    code, _, said = recover(by_hand, "--yes", kill_at=stage)
    assert code == -9, said
    assert by_hand.order(sku, "new", "new")[0] in (503, 202)  # it may have come to its end in the time of the kill
    code, out, said = recover(by_hand, "--yes")
    assert code == 0, (out, said)
    assert generation(by_hand) > before
    until(lambda: by_hand.order(sku, "new", "new")[0] == 202, by_hand.engine.troubles)
    assert accepted(ask_again(by_hand, sku)) == accepted(calls)
    read_quiet(by_hand.stack, [sku])[sku].check()


def test_a_generation_that_the_ledger_lost_is_not_used_again(by_hand):
    """A recovery raises the ledger and dies, and the ledger loses that very commit. What still speaks for the lost generation,
    e.g. a settle on its way, means another history, and is refused under the one that the next recovery chooses."""
    sku = by_hand.put_on_sale(units=100, limit=LIMIT)
    calls = by_hand.buy(sku, list(itertools.islice(orders(), 20)))
    by_hand.until_settled(sku)
    before = generation(by_hand)
    by_hand.redis.hset(by_hand.key(sku, "stock"), "gate", f"closed:{before}:forgotten")
    with ledger_falls_back(by_hand.stack):
        code, _, said = recover(by_hand, "--yes", FLASH_FAULT="recover.raised")
        lost = generation(by_hand)
        assert code == -9 and lost > before, said
    assert generation(by_hand) == before
    code, out, said = recover(by_hand, "--yes")
    assert code == 0, (out, said)
    assert generation(by_hand) not in (before, lost)
    settle = (ROOT / "lua" / "settle.lua").read_text(encoding="utf-8")
    keys = [by_hand.key(sku, name) for name in ("stock", "orders", "users", "due", "journal", "takes")]
    assert by_hand.redis.eval(settle, len(keys), *keys, lost, 0) == ["GENERATION", str(generation(by_hand))]
    assert accepted(ask_again(by_hand, sku)) >= accepted(calls)
    read_quiet(by_hand.stack, [sku])[sku].check()


def test_force_sweeps_one_sku_and_leaves_the_others_open(by_hand):
    sku, other = by_hand.put_on_sale(limit=LIMIT), by_hand.put_on_sale()
    by_hand.buy(sku, list(itertools.islice(orders(), 100)))
    by_hand.until_settled(sku)
    gate = by_hand.redis.hget(by_hand.key(other, "stock"), "gate").split(":")
    code, out, _ = recover(by_hand, "--yes", "--force", "--sku", str(sku), "--output", "csv")
    (row,) = csv.DictReader(io.StringIO(out, newline=""))
    assert code == 0 and (row["sku"], row["need"], row["gate"]) == (str(sku), "forced", "open"), out
    assert (row["orders_told"], row["orders_adopted"], row["entries_replayed"], row["shortages"]) == ("50", "0", "0", "0")
    word, number, run_id = by_hand.redis.hget(by_hand.key(other, "stock"), "gate").split(":")
    assert (word, int(number), run_id) == ("open", generation(by_hand), gate[2])
    assert by_hand.order(other)[0] == 202
    read_quiet(by_hand.stack, [sku])[sku].check()


def test_the_gates_wait_for_the_consumer(by_hand):
    """With the consumer away nothing is proven; entries of the old generation keep their SKU closed until it is back."""
    sku = by_hand.put_on_sale(limit=LIMIT)
    by_hand.kill("consumer")
    by_hand.buy(sku, list(itertools.islice(orders(), 100)))
    by_hand.stack.kill("redis")
    by_hand.stack.restart("redis")
    process = awaiting(by_hand)
    assert by_hand.order(sku, "new", "new")[2]["type"].endswith("not-admitting")
    by_hand.start("consumer")
    _, said = process.communicate(timeout=300)
    assert process.returncode == 0, said
    until(lambda: by_hand.order(sku, "new", "new")[0] == 202, by_hand.engine.troubles)
    read_quiet(by_hand.stack, [sku])[sku].check()


def gate_of(sale, sku):
    return sale.redis.hget(sale.key(sku, "stock"), "gate").split(":")[0]


def test_the_marker_waits_for_an_engine_that_hangs(by_hand):
    """It was noted while all was well, and may hold what it has not sent: no marker goes out, so no gate opens, until it answers."""
    sku = by_hand.put_on_sale(limit=LIMIT)
    workers = by_hand.settings["engine"]["FLASH_ENGINE_WORKERS"]
    until(lambda: len(by_hand.stack.query("SELECT 1 FROM engine WHERE seen_at_ms > UNIX_TIMESTAMP() * 1000 - 6000")) >= workers,
          "nobody noted the engine's workers")
    by_hand.freeze("engine")
    by_hand.redis.delete(by_hand.key(sku, "stock"))
    markers = by_hand.stack.query("SELECT COUNT(*) FROM marker")
    process = awaiting(by_hand, "--set", "reconciler.open_after=1h")
    until(lambda: by_hand.redis.hget("flash:{0}:engines", "?"), "no question was put")
    until(lambda: "recover: await 0 of" in process.stderr.readline(), "it does not wait")
    assert gate_of(by_hand, sku) == "closed" and by_hand.stack.query("SELECT COUNT(*) FROM marker") == markers
    by_hand.thaw("engine")
    out, said = process.communicate(timeout=300)
    assert process.returncode == 0, (out, said)
    assert gate_of(by_hand, sku) == "open" and by_hand.order(sku)[0] == 202


def test_what_an_engine_had_not_sent_arrives_before_the_gate_opens(by_hand):
    """Redis forgets an order that only its engine still has: its buyer keeps it, and nobody else gets its units."""
    sku = by_hand.put_on_sale(units=1, limit=LIMIT)
    by_hand.stack.stop("kafka")
    try:
        status, _, body = by_hand.order(sku, "u", "k")
        assert status == 202
        by_hand.redis.flushall()
        process = awaiting(by_hand)
        assert gate_of(by_hand, sku) == "closed"
    finally:
        by_hand.stack.cont("kafka")
    out, said = process.communicate(timeout=300)
    assert process.returncode == 0 and gate_of(by_hand, sku) == "open", (out, said)
    again = until(lambda: (answer := by_hand.order(sku, "u", "k"))[0] == 202 and answer[2], by_hand.engine.troubles)
    assert (again["order_id"], again["status"]) == (body["order_id"], "CREATED")
    assert by_hand.order(sku, "other", "k")[2]["type"].endswith("sold-out")
    read_quiet(by_hand.stack, [sku])[sku].check()


def test_what_the_ledger_refuses_is_found_with_its_age(by_hand):
    """Redis lost what it had sold, unnoticed, and sells it again: the ledger refuses, and everybody is told so, how much and since when."""
    sku = by_hand.put_on_sale(units=4, limit=LIMIT)
    for user in "abcd":
        assert by_hand.order(sku, user, user)[0] == 202
    by_hand.until_settled(sku)
    by_hand.redis.hincrby(by_hand.key(sku, "stock"), "available", 3)
    refused = [by_hand.order(sku, user, user)[2]["order_id"] for user in "xyz"]
    by_hand.until_settled(sku)
    assert by_hand.stack.query("SELECT COUNT(*) FROM reservation WHERE sku = %s AND state = 7", sku)[0][0] == len(refused)
    report = begin(by_hand, "--sku", str(sku), "--output", "json", verb="report")
    (sums,) = [row for row in json.load(report.stdout)["sums"] if row["cause"] == "shortage"]
    assert report.wait() == 1 and (sums["sku"], sums["units"]) == (sku, 3) and sums["oldest_age_ms"] > 0
    code, out, said = recover(by_hand, "--yes", "--force", "--sku", str(sku), "--output", "json")
    document = json.loads(out)
    (row,), (finding,) = document["skus"], document["findings"]
    assert code == 1 and (row["gate"], row["shortages"]) == ("open", 3), (out, said)
    assert (finding["cause"], finding["sku"]) == ("shortage", sku) and finding["age_ms"] >= sums["oldest_age_ms"]
    ((run, age),) = by_hand.stack.query("SELECT LOWER(HEX(run_id)), age_ms FROM reconcile_finding WHERE cause = 'shortage' AND sku = %s "
                                        "AND run_id IN (SELECT run_id FROM reconcile_run WHERE mode = 'recover')", sku)
    history = begin(by_hand, f"{run[:8]}-{run[8:12]}-{run[12:16]}-{run[16:20]}-{run[20:]}", "--output", "json", verb="history")
    (kept,) = json.load(history.stdout)["findings"]
    assert history.wait() == 0 and (kept["cause"], kept["age_ms"]) == ("shortage", age) and age == finding["age_ms"]


@pytest.mark.parametrize("away", [{"FLASH_MYSQL_SOCKET": "", "FLASH_MYSQL_HOST": "127.0.0.1", "FLASH_MYSQL_PORT": 1},
                                  {"FLASH_REDIS_PORT": 1}], ids=["ledger", "redis"])
def test_a_part_that_cannot_be_reached(by_hand, away):
    by_hand.put_on_sale()
    before = generation(by_hand)
    code, out, said = recover(by_hand, "--yes", "--output", "json", **away)
    assert code == 3 and said and json.loads(out)["recovery"]["ended"].startswith("no_"), (out, said)
    assert generation(by_hand) == before


def test_another_recovery_holds_the_lease(by_hand):
    sku = by_hand.put_on_sale()
    by_hand.redis.delete(by_hand.key(sku, "stock"))
    before = generation(by_hand)
    with contextlib.closing(by_hand.stack.mysql()) as other, other.cursor() as cursor:
        cursor.execute("SELECT GET_LOCK('flash.recover.flashgate', 0)")
        assert cursor.fetchone()[0] == 1
        code, out, said = recover(by_hand, "--yes")
        assert code == 4 and "lease" in said and generation(by_hand) == before, (out, said)
    until(lambda: recover(by_hand, "--yes")[0] == 0, "the lease was not given back")


# ---- a SKU made anew, as docs/OPERATIONS.md says it ----

def unlink_as_written(sale, sku):
    """The command of the page, with this SKU's number."""
    page = (ROOT / "docs" / "OPERATIONS.md").read_text()
    (keys,) = re.findall(r"`UNLINK (flash:\{N\}:[^`]*)`", page)
    named = [key.replace("{N}", f"{{{sku}}}") for key in keys.split()]
    assert set(named) >= set(sale.redis.keys(f"flash:{{{sku}}}:*")), "the page forgets a key"
    assert sale.redis.unlink(*named) > 1


def audit(sale, *options):
    process = begin(sale, *options, "--output", "json", verb="audit")
    out, said = process.communicate(timeout=300)
    return process.returncode, out + said


def spoil(sale, sku):
    """Units that nobody has, an order that nobody made, and a buyer who is said to have more than he has."""
    sale.redis.hincrby(sale.key(sku, "stock"), "available", -7)
    sale.redis.hincrby(sale.key(sku, "users"), "stranger", 1)  # not a buyer: the phantom may have the record of any
    refs = sale.redis.hkeys(sale.key(sku, "orders"))
    sale.redis.hset(sale.key(sku, "orders"), "phantom", sale.redis.hget(sale.key(sku, "orders"), refs[0]))


@pytest.mark.parametrize("by_itself", [True, False], ids=["by the daemon", "by hand"])
def test_a_sku_is_rebuilt_from_the_ledger(request, by_itself):
    sale = request.getfixturevalue("sale" if by_itself else "by_hand")
    sku, before = sale.put_on_sale(limit=LIMIT), len(recoveries(sale))
    told = sale.buy(sku, list(itertools.islice(orders(), 100)))
    sale.until_settled(sku)
    spoil(sale, sku)
    code, said = audit(sale, "--sku", str(sku))
    assert code == 1 and "phantom" in said and "user_count" in said, said
    noted = sale.admin.ask("GET", f"/v1/sales/{sku}")[2]
    status, _, closed = sale.admin.ask("POST", f"/v1/sales/{sku}/close", headers={"Prefer": "wait=30"})
    assert status == 200 and closed["settled"] and sale.journal(sku) == 0
    unlink_as_written(sale, sku)
    if by_itself:
        until(lambda: len(recoveries(sale)) > before, sale.daemons["reconciler"].troubles)
    else:
        code, _, said = recover(sale, "--yes", "--sku", str(sku))
        assert code == 0, said
    assert audit(sale, "--sku", str(sku))[0] == 0
    window = {key: noted[key] for key in ("starts_at", "ends_at", "per_user_limit", "hold_seconds")}
    assert sale.admin.ask("PUT", f"/v1/sales/{sku}", window, {"If-Match": f'"{closed["version"]}"'})[0] == 200
    until(lambda: sale.order(sku, *told[0].order)[0] != 503, sale.engine.troubles)  # an engine looks at a gate every so often
    for call in told[:10]:
        again = sale.order(sku, *call.order)
        assert again[2].get("order_id") == call.body.get("order_id"), again
    answer = sale.order(sku, "newcomer")
    assert answer[0] == 202, answer
    read_quiet(sale.stack, [sku])[sku].check()
