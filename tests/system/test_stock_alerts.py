"""Alerts about stock, the summary of a day, and short messages: each told once, whoever sees it and whoever dies."""
import datetime
import json
import subprocess
import time
import urllib.parse
import zoneinfo

import pytest

from daemons import BUILD, Daemon, running, until
from receivers import SECRET, Mailbox, Webhook
from stack import Stack

FAST = {"FLASH_ALERTS_TIMEOUT": "1s", "FLASH_ALERTS_RETRY_FIRST": "50ms", "FLASH_ALERTS_RETRY_MAX": "400ms",
        "FLASH_ALERTS_STOCK_INTERVAL": "100ms", "FLASH_ALERTS_RESTOCK_AFTER": "24h", "FLASH_ALERTS_ALLOW_PRIVATE": "yes"}
ZONE = zoneinfo.ZoneInfo("Asia/Kathmandu")
TOKEN = "Bearer sms-token-0123456789"


@pytest.fixture(scope="module")
def whole_stack(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("stock-alerts") / "stack") as one:
        yield one


@pytest.fixture
def stack(whole_stack):
    for table in ("alert_outbox", "alert_state", "alert_summary", "stock"):
        whole_stack.query(f"DELETE FROM {table}")
    return whole_stack


@pytest.fixture
def hook():
    with Webhook() as one:
        yield one


def web(hook, **more):
    return {**FAST, "FLASH_ALERTS_WEBHOOK_URL": hook.url, "FLASH_ALERTS_WEBHOOK_SECRET": SECRET, **more}


def reconciler(stack, **settings):
    return running(stack, "reconciler", "run", **settings)


def put(stack, sku, units, threshold, title="A lamp"):
    """A SKU as the ledger has it; it is in no Redis, which these alerts do not ask."""
    stack.query("INSERT INTO stock (sku, title, base, available, low_stock_threshold, version, created_at_ms, updated_at_ms)"
                " VALUES (%s, %s, %s, %s, %s, 1, 1, 1)", sku, title, units, units, threshold)


def sell(stack, sku, units):
    """As the consumer does; units below 0 come back, as of orders that expired."""
    stack.query("UPDATE stock SET available = available - %s, reserved = reserved + %s WHERE sku = %s", units, units, sku)


def restock(stack, sku, units):
    stack.query("UPDATE stock SET base = base + %s, available = available + %s, version = version + 1 WHERE sku = %s",
                units, units, sku)


def stock_messages(hook):
    """["raised stock.low.17", …] as they were accepted."""
    return [f"{one.json['state']} {one.json['key']}" for one in hook.accepted if one.json["key"].startswith("stock.")]


def told(stack, sku):
    return stack.query("SELECT told_level, untold FROM stock WHERE sku = %s", sku)[0]


def until_told(stack, sku, level):
    until(lambda: told(stack, sku) == (level, 0), lambda: told(stack, sku))


# ---- low, sold out, restocked ----

def test_each_crossing_is_told_once(stack, hook):
    with reconciler(stack, **web(hook)) as daemon:
        put(stack, 17, 10, 3)
        sell(stack, 17, 6)  # 4 left
        put(stack, 18, 5, 9)  # low from its first day
        until_told(stack, 18, 1)
        assert stock_messages(hook) in ([], ["raised stock.low.18"])  # 17 is not low yet
        for units, level in ((1, 1), (1, 1), (2, 2)):  # 3, 2, 0 left
            sell(stack, 17, units)
            until_told(stack, 17, level)
        restock(stack, 17, 2)
        until_told(stack, 17, 1)
        sell(stack, 17, 1)
        restock(stack, 17, 10)
        until_told(stack, 17, 0)
        sell(stack, 17, 9)
        until_told(stack, 17, 1)
        until(lambda: len(stock_messages(hook)) == 6, lambda: (stock_messages(hook), daemon.lines))
        assert daemon.stop() == 0
    assert [text for text in stock_messages(hook) if text.endswith(".17")] == [
        "raised stock.low.17", "raised stock.sold_out.17",  # not low a second time at 2
        "cleared stock.sold_out.17",                       # restocked, still low
        "cleared stock.low.17", "raised stock.low.17"]     # it rose above, and fell again
    texts = {f"{one.json['state']} {one.json['key']}": one.json["text"] for one in hook.accepted}
    assert texts["cleared stock.sold_out.17"] == "SKU 17 is restocked: 2 available: A lamp"
    assert texts["raised stock.sold_out.17"] == "SKU 17 is sold out: A lamp"
    assert texts["raised stock.low.18"] == "SKU 18 is low: 5 available, the threshold is 9: A lamp"


def test_units_that_come_and_go_at_the_end_are_no_news(stack, hook):
    put(stack, 17, 3, 0)
    with reconciler(stack, **web(hook)):
        sell(stack, 17, 3)
        until_told(stack, 17, 2)
        for _ in range(3):
            sell(stack, 17, -1)
            assert told(stack, 17) == (2, 1)  # seen, and not said for the time being
            sell(stack, 17, 1)
            until_told(stack, 17, 2)
    with reconciler(stack, **web(hook, FLASH_ALERTS_RESTOCK_AFTER="0")) as daemon:  # long after, if you like
        sell(stack, 17, -2)
        until(lambda: "cleared stock.sold_out.17" in stock_messages(hook), lambda: daemon.lines)
    assert [text for text in stock_messages(hook) if "sold_out" in text] == ["raised stock.sold_out.17",
                                                                           "cleared stock.sold_out.17"]
    assert hook.accepted[-1].json["text"] == "SKU 17 has units again: 2 available: A lamp"


def test_two_reconcilers_tell_of_many_skus_once_each(stack, hook):
    skus = range(1, 251)  # three pages
    for sku in skus:
        put(stack, sku, 10, 3)
    with reconciler(stack, **web(hook)) as one, reconciler(stack, **web(hook)) as other:
        stack.query("UPDATE stock SET available = 0, reserved = base")
        until(lambda: len(stock_messages(hook)) >= len(skus), lambda: (one.lines[-5:], other.lines[-5:]))
        until(lambda: stack.query("SELECT COUNT(*) FROM stock WHERE untold = 1") == [(0,)], "some are untold")
    assert sorted(stock_messages(hook)) == sorted(f"raised stock.sold_out.{sku}" for sku in skus)
    assert stack.query("SELECT COUNT(*), COUNT(DISTINCT alert_id) FROM alert_outbox") == [(250, 250)]


def test_killed_before_the_commit_and_told_by_the_next(stack, hook):
    put(stack, 17, 10, 3)
    daemon = Daemon(stack, "reconciler", "run", **web(hook, FLASH_FAULT="stock.told"))
    try:
        sell(stack, 17, 10)
        until(lambda: daemon.process.poll() is not None, "it lives")
    finally:
        daemon.kill()
    until(lambda: told(stack, 17) == (0, 1), lambda: told(stack, 17))
    assert stack.query("SELECT * FROM alert_outbox WHERE alert_key LIKE 'stock.%%'") == []
    with reconciler(stack, **web(hook)) as daemon:
        until(lambda: stock_messages(hook), lambda: daemon.lines)
        until_told(stack, 17, 2)
    assert stock_messages(hook) == ["raised stock.sold_out.17"]


def test_switched_off(stack, hook):
    put(stack, 17, 10, 3)
    with reconciler(stack, **web(hook, FLASH_ALERTS_STOCK="off", **summary_before_now())) as daemon:
        sell(stack, 17, 10)
        until(lambda: summaries(hook), lambda: daemon.lines)  # the same duty went on
    assert told(stack, 17) == (0, 1) and stock_messages(hook) == ["notice stock.summary"]


# ---- the summary of a day ----

def local_now():
    return datetime.datetime.now(ZONE)


def summary_before_now():
    """The minute that began last, in a zone whose clocks show other hours than UTC's; none at midnight."""
    while local_now().strftime("%H:%M") in ("23:59", "00:00"):
        time.sleep(1)  # a summary of yesterday is none of today's
    return {"FLASH_ALERTS_SUMMARY_AT": local_now().strftime("%H:%M"), "FLASH_ALERTS_SUMMARY_ZONE": str(ZONE)}


def summaries(hook):
    return [one for one in hook.accepted if one.json["key"] == "stock.summary"]


def test_a_summary_a_day_however_many_reconcilers_and_restarts(stack, hook):
    put(stack, 17, 10, 3)
    put(stack, 18, 10, 3, "Ein Stück \"Glück\"")
    put(stack, 19, 10, 3)
    sell(stack, 17, 10)
    sell(stack, 18, 8)
    put(stack, 20, 0, 5)  # never had any
    with Mailbox() as box:
        settings = web(hook, **summary_before_now(), FLASH_ALERTS_SMTP_URL=box.url, FLASH_ALERTS_SMTP_STARTTLS="off",
                       FLASH_ALERTS_MAIL_FROM="flash@shop.example", FLASH_ALERTS_MAIL_TO="ops@shop.example")
        for _ in range(2):
            with reconciler(stack, **settings) as one, reconciler(stack, **settings) as other:
                until(lambda: summaries(hook), lambda: (one.lines, other.lines))
                until(lambda: stack.query("SELECT COUNT(*) FROM alert_outbox WHERE delivery = 'waiting'") == [(0,)], "waits")
                assert one.stop() == 0 and other.stop() == 0
        mails = [mail for mail in box.mails if "stock.summary" in mail["Subject"]]
    today = local_now().strftime("%Y-%m-%d")
    assert len(summaries(hook)) == 1 and len(mails) == 1
    message = summaries(hook)[0].json
    assert message["state"] == "notice" and message["severity"] == "info"
    assert message["text"] == f"{today}: 2 SKUs are at or under their threshold, 1 of them sold out"
    assert message["skus"] == [{"sku": 17, "title": "A lamp", "available": 0, "threshold": 3},
                               {"sku": 18, "title": "Ein Stück \"Glück\"", "available": 2, "threshold": 3}]
    assert "18: 2 left, threshold 3  Ein Stück \"Glück\"" in mails[0].get_content()
    assert stack.query("SELECT day, low, sold_out FROM alert_summary") == [(today.encode(), 2, 1)]
    assert stack.query("SELECT COUNT(*) FROM alert_state WHERE alert_key = 'stock.summary'") == [(0,)]


def test_a_summary_is_not_made_before_its_minute(stack, hook):
    if local_now().hour == 23:
        pytest.skip("there is no later minute today by that zone's clock")
    later = (local_now() + datetime.timedelta(minutes=45)).strftime("%H:%M")
    put(stack, 17, 10, 30)
    with reconciler(stack, **web(hook, FLASH_ALERTS_SUMMARY_AT=later, FLASH_ALERTS_SUMMARY_ZONE=str(ZONE))) as daemon:
        until(lambda: stock_messages(hook), lambda: daemon.lines)  # the duty has looked
    assert stock_messages(hook) == ["raised stock.low.17"]
    assert stack.query("SELECT * FROM alert_summary") == []


def test_a_long_summary_names_the_emptiest(stack, hook):
    for sku in range(1, 301):
        put(stack, sku, sku, 1000, "ü" * 200)
    settings = web(hook, FLASH_ALERTS_STOCK="off", **summary_before_now())
    with reconciler(stack, **settings) as daemon:
        until(lambda: summaries(hook), lambda: daemon.lines)
    message = summaries(hook)[0].json
    assert [one["sku"] for one in message["skus"]] == list(range(1, len(message["skus"]) + 1))
    assert 50 < len(message["skus"]) <= 200
    assert f"300 SKUs are at or under their threshold, 0 of them sold out; the {len(message['skus'])} with" in message["text"]


@pytest.mark.parametrize("settings, reason", [
    ({"SUMMARY_ZONE": "Europe/Atlantis"}, "alerts.summary_zone"), ({"SUMMARY_AT": "25:00"}, "alerts.summary_at"),
    ({"SMS_URL": "https://sms.example/x"}, "alerts.sms_body"),
    ({"SMS_URL": "https://sms.example/x", "SMS_BODY": "{\"m\":\"{txt}\"}"}, "no field {txt}"),
    ({"SMS_URL": "http://169.254.169.254/x", "SMS_BODY": "{\"m\":\"{text}\"}"}, "alerts.sms_url"),
], ids=["zone", "hour", "no-body", "field", "address"])
def test_a_wrong_setting_stops_the_start(stack, settings, reason):
    env = stack.daemon_env(FLASH_AUTH_MODE="off", **{f"FLASH_ALERTS_{name}": value for name, value in settings.items()})
    done = subprocess.run([BUILD / "reconciler" / "flash-reconciler", "run"], env=env, capture_output=True, text=True,
                          check=False, timeout=300)
    assert done.returncode == 2 and reason in done.stderr, done.stderr


# ---- short messages ----

@pytest.mark.parametrize("kind", ["json", "form"])
def test_short_messages_by_a_template(stack, hook, kind):
    body = {"json": '{"to":"+49151","message":"{source} {state}: {text}","ref":["{key}"]}',
            "form": "to=%2B49151&message={source}+{state}%3A+{text}&ref={key}"}[kind]
    hook.plan("500", "reset", "delay", "429")
    put(stack, 17, 10, 3, "100% \"ü\" & \\ {key}")
    with reconciler(stack, **FAST, FLASH_ALERTS_SMS_URL=hook.url, FLASH_ALERTS_SMS_BODY=body, FLASH_ALERTS_SMS_TYPE=kind,
                    FLASH_ALERTS_SMS_AUTHORIZATION=TOKEN, FLASH_ALERTS_SMS_SEVERITY="warning") as daemon:
        sell(stack, 17, 10)
        until(lambda: hook.accepted, lambda: daemon.lines)
        restock(stack, 17, 10)  # what is cleared is no warning
        until_told(stack, 17, 0)
        until(lambda: stack.query("SELECT COUNT(*) FROM alert_outbox WHERE delivery = 'waiting'") == [(0,)], "waits")
        assert TOKEN not in str(daemon.lines) and daemon.stop() == 0
    ours = [one for one in hook.seen if b"stock.sold_out.17" in one.body]
    assert len(ours) == 5 and len({one.id for one in ours}) == 1 and len({one.body for one in ours}) == 1
    assert all(one.headers["Authorization"] == TOKEN and one.headers["Idempotency-Key"] == one.id for one in ours)
    text = "flashgate raised: SKU 17 is sold out: 100% \"ü\" & \\ {key}"
    if kind == "json":
        assert json.loads(ours[0].body) == {"to": "+49151", "message": text, "ref": ["stock.sold_out.17"]}
    else:
        assert urllib.parse.parse_qs(ours[0].body.decode(), strict_parsing=True) == {
            "to": ["+49151"], "message": [text], "ref": ["stock.sold_out.17"]}
    assert stack.query("SELECT DISTINCT state, channel, delivery FROM alert_outbox WHERE alert_key LIKE 'stock.%%'") == [
        ("raised", "sms", "sent")]


def test_a_redirect_of_the_provider_is_not_followed(stack, hook):
    hook.plan("302")
    put(stack, 17, 10, 3)
    patient = {**FAST, "FLASH_ALERTS_TIMEOUT": "20s"}  # one that times out is tried again, and the plan is for the first alone
    with reconciler(stack, **patient, FLASH_ALERTS_SMS_URL=hook.url, FLASH_ALERTS_SMS_BODY='["{text}"]',
                    FLASH_ALERTS_SMS_SEVERITY="info") as daemon:
        sell(stack, 17, 10)
        until(lambda: daemon.said("alert.given_up"), lambda: daemon.lines)
    assert len(hook.seen) == 1 and set(hook.paths) == {"/alerts/token-of-the-path"}
