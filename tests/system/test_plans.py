"""Plans of flash-reconciler: written, applied, applied again, killed half-way, refused as stale; and what report says meanwhile.

Entries are left open for real: by a consumer that cannot reach Redis (unsettled), by an engine that speaks to another topic
or by a topic that takes none (late, and lost).
"""
import contextlib
import json
import signal
import subprocess
import threading

import pytest

from books import Books
from buyers import Order
from daemons import BUILD, until
from stack import Stack
from test_reconciler import UNITS, Shop, make_topic, narrow_shop
from test_reports import rows, story, verb

FAULTS = BUILD / "reconciler" / "flash-reconciler.faults"
NO_REDIS = {"FLASH_REDIS_PORT": "1"}


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("plans") / "stack") as private:
        private.migrate("up")
        yield private


@pytest.fixture(scope="module")
def open_shop(stack):
    with Shop(stack, make_topic(stack, "plans")) as shop:
        yield shop


@pytest.fixture
def shop(open_shop):
    """One for all tests whose messages come through; each leaves it with nothing open and a consumer."""
    yield open_shop
    if "consumer" not in open_shop.daemons:
        open_shop.start("consumer")
    until(lambda: not any(open_shop.redis.xlen(key) for key in open_shop.redis.keys("flash:*:journal")), "entries stay open")


def settings(shop, **more):
    return {**shop.fast, "FLASH_RECONCILER_SETTLE_AFTER": "10ms", "FLASH_KAFKA_TOPIC": shop.topic, **more}


@contextlib.contextmanager
def deaf_consumer(shop):
    """The ledger gets its verdicts, Redis is not told: entries stay, unsettled. Nobody consumes afterwards."""
    shop.stop("consumer")
    shop.start("consumer", ready=False, **NO_REDIS)
    yield
    shop.stop("consumer")


def leave_unsettled(shop, *counts):
    """SKUs with that many entries each that have their verdict and are still open."""
    with deaf_consumer(shop):
        skus = [shop.sell(count) for count in counts]
        for sku, count in zip(skus, counts):
            until(lambda sku=sku, count=count: len(shop.verdicts(sku)) == count, lambda sku=sku: shop.verdicts(sku))
    assert [shop.journal(sku) for sku in skus] == list(counts)
    return skus


def plan(shop, *arguments):
    """(exit code, plan, findings)."""
    code, text, said = verb(shop.stack, "plan", *arguments, "--output", "json", "--operator", "otto", **settings(shop))
    document = json.loads(text)
    assert "entries compared" in said
    return code, document["plan"], document["findings"]


def apply(shop, plan_id, *arguments, **more):
    """(exit code, what it says it did, stderr)."""
    code, text, said = verb(shop.stack, "apply", plan_id, *arguments, "--output", "json", **settings(shop, **more))
    return code, (json.loads(text) or {}).get("apply"), said


def runs(shop, mode):
    """[(state, findings, exit code)] of that mode, oldest first."""
    return shop.stack.query("SELECT state, findings, exit_code FROM reconcile_run WHERE mode = %s ORDER BY run_id", mode)


def states(shop, plan_id):
    """{state: findings} of the plan."""
    return dict(shop.stack.query("SELECT f.state, COUNT(*) FROM reconcile_finding f WHERE f.run_id = UNHEX(REPLACE(%s, '-', '')) "
                                 "GROUP BY f.state", plan_id))


def assert_sound(shop, sku, count):
    """The orders are CREATED in both stores, each once, and the books add up."""
    books = Books(shop.stack, sku)
    books.check()
    assert {row.state for row in books.rows.values()} == {"CREATED"} and len(books.rows) == count
    assert shop.verdicts(sku) == [(1, 1)] * count and shop.available(sku) == UNITS - count == books.available


# ---- what is lost: before the shop of all others, for these shops forget everything when they begin ----

def test_a_lost_entry_is_sent_again_by_apply(stack):
    with Shop(stack, make_topic(stack, "wide"), deaf=True) as shop:
        sku = shop.sell(3)
        until(lambda: verb(stack, "report", "--sku", sku, **settings(shop))[0] == 1, "the entries are not old enough")
        _, made, _ = plan(shop, "--sku", sku)
        code, applied, _ = apply(shop, made["plan_id"])
        assert (code, applied["applied"], shop.journal(sku)) == (0, 3, 0)
        assert_sound(shop, sku, 3)


def test_the_guard_and_force(stack):
    """Three are lost for good, more than this guard lets through: refused, exit 5; planned again and forced: given back."""
    strict = {"FLASH_RECONCILER_GUARD_FLOOR": "1", "FLASH_RECONCILER_GUARD_PERCENT": "1"}
    with narrow_shop(stack) as shop:
        sku = shop.sell(3)
        until(lambda: verb(stack, "report", "--sku", sku, **settings(shop))[0] == 1, "the entries are not old enough")
        _, made, _ = plan(shop, "--sku", sku)
        code, applied, said = apply(shop, made["plan_id"], **strict)
        assert code == 5 and applied["refused"] > 0 and "guard" in said, (applied, said)
        _, made, _ = plan(shop, "--sku", sku)
        code, applied, _ = apply(shop, made["plan_id"], "--force", "10", **strict)
        assert (code, applied["left"]) == (0, 0)
        shop.assert_given_back(sku, 3, UNITS)
        order = next(iter(Books(stack, sku).rows))
        code, head, parts, steps = story(stack, order, **settings(shop))
        assert (code, head["redis_status"], head["ledger_status"]) == (0, "FAILED", "FAILED")
        assert "FENCED" in str(steps) and "never met in Kafka" in str(steps) and parts["ledger", "finding"] == "there"


# ---- what is open ----

def test_nothing_is_open(stack, shop):
    sku = shop.sell(3)
    shop.until_settled(sku)
    code, found = rows(stack, "findings", "report", "--sku", sku, **settings(shop))
    assert (code, found) == (0, [])
    code, made, found = plan(shop, "--sku", sku)
    assert (code, made["planned"], made["state"], found) == (0, 0, "planned", [])
    code, applied, _ = apply(shop, made["plan_id"])
    assert (code, applied["ended"], applied["planned"]) == (0, "done", 0)


def test_report_of_unsettled_and_late(stack, shop):
    unsettled, = leave_unsettled(shop, 4)
    late = shop.sell(2)
    more = settings(shop)
    until(lambda: verb(stack, "report", "--sku", late, **more)[0] == 1, "the entries are not old enough")
    code, found = rows(stack, "findings", "report", **more)
    mine = [row for row in found if row["sku"] in (unsettled, late)]
    assert code == 1 and sorted((row["sku"], row["cause"], row["quantity"], row["state"]) for row in mine) == sorted(
        [(unsettled, "unsettled", 1, "open")] * 4 + [(late, "late", 1, "open")] * 2)
    assert {row["entry_id"] for row in mine} == {json.loads(entry)["id"] for sku in (unsettled, late)
                                                 for entry in shop.entries(sku)}
    sums = {(row["cause"], row["sku"]): row for row in json.loads(verb(stack, "report", "--output", "json", **more)[1])["sums"]}
    assert (sums["unsettled", unsettled]["findings"], sums["unsettled", unsettled]["units"]) == (4, 4)
    assert (sums["late", late]["findings"], sums["late", late]["units"]) == (2, 2)
    assert sums["late", late]["oldest_age_ms"] >= 2500
    assert {row["cause"] for row in rows(stack, "findings", "report", "--cause", "late", **more)[1]} == {"late"}
    code, found = rows(stack, "findings", "report", "--sku", unsettled, "--cause", "late", **more)
    assert (code, found) == (0, [])
    code, text, said = verb(stack, "report", "--sku", unsettled, **more)
    assert code == 1 and text.count("unsettled") == 5 and "entries compared in" in said
    assert stack.query("SELECT COUNT(*) FROM reconcile_run WHERE mode = 'report'") == [(0,)] or list(
        stack.query("SELECT COUNT(*) FROM reconcile_run WHERE mode = 'report'")) == [(0,)], "a report reads only"
    assert shop.journal(unsettled) == 4
    shop.start("consumer")
    shop.until_settled(unsettled, late)


# ---- plans ----

def test_a_plan_is_applied_once(stack, shop):
    one, other = leave_unsettled(shop, 3, 2)
    code, made, found = plan(shop, "--sku", one)
    assert (code, made["planned"], made["state"]) == (1, 3, "planned")
    assert {(row["cause"], row["state"], row["action"], row["sku"]) for row in found} == {("unsettled", "planned", "settle", one)}
    assert states(shop, made["plan_id"]) == {"planned": 3} and shop.journal(one) == 3
    code, applied, said = apply(shop, made["plan_id"], "--operator", "anna")
    assert (code, applied["ended"], applied["planned"], applied["applied"], applied["left"]) == (0, "done", 3, 3, 0)
    assert "3 planned findings done in" in said
    assert (shop.journal(one), shop.journal(other)) == (0, 2), "what is not planned stays"
    assert states(shop, made["plan_id"]) == {"applied": 3}
    before = len(runs(shop, "apply"))
    code, applied, _ = apply(shop, made["plan_id"])
    assert (code, applied["applied"], applied["run_id"]) == (0, 3, None)
    assert len(runs(shop, "apply")) == before
    state, operator = stack.query("SELECT state, operator FROM reconcile_run WHERE run_id = UNHEX(REPLACE(%s, '-', ''))",
                                  made["plan_id"])[0]
    assert (state, operator) == ("applied", b"otto")
    shop.start("consumer")
    shop.until_settled(other)
    assert_sound(shop, one, 3)
    assert_sound(shop, other, 2)


def test_what_was_settled_meanwhile_is_gone(stack, shop):
    sku, = leave_unsettled(shop, 3)
    _, made, _ = plan(shop, "--sku", sku)
    shop.start("consumer")
    shop.until_settled(sku)
    code, applied, _ = apply(shop, made["plan_id"])
    assert (code, applied["gone"], applied["applied"]) == (0, 3, 0)
    assert states(shop, made["plan_id"]) == {"gone": 3}


def test_a_stale_plan_is_refused(stack, shop):
    """Planned as late; then the verdicts came: the entries are not what they were."""
    shop.stop("consumer")
    sku = shop.sell(2)
    until(lambda: verb(stack, "report", "--sku", sku, **settings(shop))[0] == 1, "the entries are not old enough")
    _, made, found = plan(shop, "--sku", sku)
    assert {(row["cause"], row["action"]) for row in found} == {("late", "prove, mend")}
    shop.start("consumer", ready=False, **NO_REDIS)
    until(lambda: len(shop.verdicts(sku)) == 2, "no verdicts")
    shop.stop("consumer")
    code, applied, said = apply(shop, made["plan_id"])
    assert (code, applied["ended"]) == (1, "stale") and "plan again" in said
    assert shop.journal(sku) == 2 and states(shop, made["plan_id"]) == {"refused": 2}
    assert apply(shop, made["plan_id"])[0] == 1, "and stays stale"
    code, made, _ = plan(shop, "--sku", sku)
    assert (code, apply(shop, made["plan_id"])[0], shop.journal(sku)) == (1, 0, 0)


def test_a_plan_of_another_generation_is_stale(stack, shop):
    sku, = leave_unsettled(shop, 2)
    _, made, _ = plan(shop, "--sku", sku)
    stack.query("UPDATE generation SET generation = generation + 1")
    try:
        code, applied, said = apply(shop, made["plan_id"])
        assert (code, applied["ended"]) == (1, "stale") and "generation" in said
        assert shop.journal(sku) == 2
    finally:
        stack.query("UPDATE generation SET generation = generation - 1")
    shop.start("consumer")
    shop.until_settled(sku)


def test_what_is_no_plan(stack, shop):
    code, _, said = apply(shop, "01997a5c-0b7e-7c4a-9a51-3f6f3f0f9d11")
    assert code == 2 and "no plan has this id" in said
    sku, = leave_unsettled(shop, 1)
    _, made, _ = plan(shop, "--sku", sku)
    run = apply(shop, made["plan_id"])[1]["run_id"]
    assert apply(shop, run)[0] == 2, "a run that is no plan"
    stack.query("UPDATE reconcile_run SET state = 'running' WHERE run_id = UNHEX(REPLACE(%s, '-', ''))", made["plan_id"])
    code, _, said = apply(shop, made["plan_id"])
    assert code == 2 and "never finished" in said


@pytest.mark.parametrize("point", ["apply.acted", "apply.acted:2", "apply.acted:4", "apply.saved:3", "apply.saved:4"])
def test_killed_half_way_and_resumed(stack, shop, point):
    counts = (2, 2, 2)
    skus = leave_unsettled(shop, *counts)
    _, made, _ = plan(shop)
    planned = made["planned"]
    killed = subprocess.run([FAULTS, "apply", made["plan_id"]], env=stack.daemon_env(**settings(shop, FLASH_FAULT=point)),
                            capture_output=True, stdin=subprocess.DEVNULL, timeout=300, check=False)
    assert killed.returncode == -signal.SIGKILL, killed
    code, applied, _ = until(lambda: (answer := apply(shop, made["plan_id"]))[0] != 4 and answer, "its lease outlives it")
    assert (code, applied["ended"], applied["left"]) == (0, "done", 0)
    assert applied["applied"] + applied["gone"] == planned >= 6
    assert [shop.journal(sku) for sku in skus] == [0, 0, 0]
    assert apply(shop, made["plan_id"])[0] == 0
    shop.start("consumer")
    for sku, count in zip(skus, counts):
        assert_sound(shop, sku, count)


def test_two_at_once(stack, shop):
    """One holds the lease; the other is told so, or comes when there is nothing left to do."""
    counts = (5, 5)
    skus = leave_unsettled(shop, *counts)
    _, made, _ = plan(shop)
    answers = []
    both = [threading.Thread(target=lambda: answers.append(apply(shop, made["plan_id"]))) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert sorted(answer[0] for answer in answers) in ([0, 0], [0, 4])
    assert [shop.journal(sku) for sku in skus] == [0, 0]
    shop.start("consumer")
    for sku, count in zip(skus, counts):
        assert_sound(shop, sku, count)


def test_a_daemon_has_the_lease(stack, shop):
    sku, = leave_unsettled(shop, 1)
    _, made, _ = plan(shop, "--sku", sku)
    with shop.reconciler():
        until(lambda: shop.journal(sku) == 0, "the daemon settles nothing")
        code, _, said = apply(shop, made["plan_id"])
        assert code == 4 and "lease" in said
    code, applied, _ = apply(shop, made["plan_id"])
    assert (code, applied["gone"]) == (0, 1)


# ---- without a proof ----

def test_an_operator_gives_up_what_nothing_proves(stack, shop):
    """The consumer stays away: two of three by the operator's number, then the third; their messages come later and change nothing."""
    shop.stop("consumer")
    sku = shop.sell(3)
    more = settings(shop)
    until(lambda: [row["age_ms"] >= 5000 for row in plan(shop, "--sku", sku)[2]] == [True] * 3, "the entries are not old enough")
    _, made, found = plan(shop, "--sku", sku)
    assert {row["cause"] for row in found} == {"late"} and made["planned"] == 3
    code, _, said = verb(stack, "apply", made["plan_id"], "--unproven", "2", "--force", "2", **more)
    assert (code, shop.journal(sku)) == (2, 3) and "do not go together" in said
    code, applied, said = apply(shop, made["plan_id"], "--unproven", "2")
    assert (code, applied["applied"], applied["refused"], shop.journal(sku)) == (5, 2, 1, 1), (applied, said)
    assert "plan the others again" in said
    _, made, _ = plan(shop, "--sku", sku)
    code, applied, _ = apply(shop, made["plan_id"], "--unproven", "9", FLASH_KAFKA_BROKERS="127.0.0.1:1")  # needs no Kafka
    assert (code, applied["applied"], applied["left"], shop.journal(sku)) == (0, 1, 0, 0)
    shop.assert_given_back(sku, 3)
    shop.start("consumer")
    assert [call.status for call in shop.buy(sku, [Order("later", "k", 1)], connections=1)] == [202]
    shop.until_settled(sku)  # it is behind the three in the same partition
    Books(stack, sku).check()
    assert shop.verdicts(sku) == [(1, 1)] + [(2, 0)] * 3 and shop.states(sku) == ["CREATED", "FAILED"]
    assert shop.available(sku) == UNITS - 1


# ---- away ----

def test_unreachable(stack, shop):
    nowhere = {"FLASH_MYSQL_HOST": "127.0.0.1", "FLASH_MYSQL_SOCKET": "", "FLASH_MYSQL_PORT": "1"}
    sku, = leave_unsettled(shop, 1)
    _, made, _ = plan(shop, "--sku", sku)
    for away in (nowhere, NO_REDIS):
        for arguments in (["report"], ["plan"], ["apply", made["plan_id"]]):
            code, _, said = verb(stack, *arguments, **settings(shop, **away))
            assert code == 3 and "127.0.0.1" in said, (arguments, code, said)
    assert ("failed", 3) in [(state, code) for state, _, code in runs(shop, "plan")]
    assert states(shop, made["plan_id"]) == {"planned": 1} and shop.journal(sku) == 1
    code, applied, _ = apply(shop, made["plan_id"])
    assert (code, applied["applied"]) == (0, 1)
