"""Alerts: one message per change of state, by webhook and mail, whatever fails on the way; and nothing of a secret
anywhere it does not belong."""
import os
import pathlib
import subprocess
import time
import uuid

import pytest

from daemons import BUILD, running, until
from receivers import SECRET, Mailbox, Webhook, certificate
from sale import Sale
from stack import Stack

PASSWORD = "mail-password-0123456789"
FAST = {"FLASH_ALERTS_TIMEOUT": "1s", "FLASH_ALERTS_RAISE_AFTER": "2s", "FLASH_ALERTS_CLEAR_AFTER": "500ms",
        "FLASH_ALERTS_RETRY_FIRST": "50ms", "FLASH_ALERTS_RETRY_MAX": "400ms"}
ASAN = os.environ.get("FLASH_BUILD_ASAN")
both_builds = pytest.mark.parametrize("build", [BUILD, *([pathlib.Path(ASAN)] if ASAN else [])],
                                      ids=["plain", "sanitizers"][:2 if ASAN else 1])


@pytest.fixture(scope="module")
def whole_stack(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("alerts") / "stack") as one:
        yield one


@pytest.fixture
def stack(whole_stack):
    for table in ("alert_outbox", "alert_state"):
        whole_stack.query(f"DELETE FROM {table}")
    return whole_stack


@pytest.fixture
def hook():
    with Webhook() as one:
        yield one


@pytest.fixture
def box():
    with Mailbox() as one:
        yield one


def web(hook, **more):
    return {**FAST, "FLASH_ALERTS_WEBHOOK_URL": hook.url, "FLASH_ALERTS_WEBHOOK_SECRET": SECRET,
            "FLASH_ALERTS_ALLOW_PRIVATE": "yes", **more}


def mail(box, **more):
    return {**FAST, "FLASH_ALERTS_SMTP_URL": box.url, "FLASH_ALERTS_SMTP_STARTTLS": "off",
            "FLASH_ALERTS_MAIL_FROM": "flash@shop.example", "FLASH_ALERTS_MAIL_TO": "a@x.example, b@y.example", **more}


def reconciler(stack, **settings):
    return running(stack, "reconciler", "run", **settings)


def plant(stack, key, channel="webhook", state="raised"):
    """A message as a change of state would leave it; returns its id as text."""
    now, name = int(time.time() * 1000), uuid.uuid4()
    stack.query("INSERT INTO alert_outbox (alert_id, alert_key, state, severity, detail, at_ms, channel, delivery,"
                " next_try_ms) VALUES (%s, %s, %s, 'warning', 'a text with ü', %s, %s, 'waiting', %s)",
                name.bytes, key, state, now, channel, now)
    return str(name)


def outbox(stack, key):
    """[(state, channel, delivery)] in the order they were written."""
    return list(stack.query("SELECT state, channel, delivery FROM alert_outbox WHERE alert_key = %s ORDER BY id", key))


def until_ended(stack, key, count=1):
    until(lambda: [row[2] != "waiting" for row in outbox(stack, key)] == [True] * count, lambda: outbox(stack, key))


# ---- changes of state ----

def test_a_change_is_told_once_by_each_channel(stack, hook, box):
    with reconciler(stack, **{**mail(box), **web(hook)}) as daemon:
        stack.kill("redis")
        until(lambda: hook.changes("redis.away"), lambda: daemon.lines)
        stack.restart("redis")
        until(lambda: len(hook.changes("redis.away")) == 2, lambda: daemon.lines)
        until_ended(stack, "redis.away", 4)
        assert daemon.stop() == 0
    assert hook.changes("redis.away") == ["raised", "cleared"]
    assert all(message.is_signed() for message in hook.seen)
    assert not any(message.is_signed("another" + SECRET) for message in hook.seen)
    subjects = [one["Subject"] for one in box.mails if "redis.away" in one["Subject"]]
    assert subjects == ["[flashgate] raised: redis.away (critical)", "[flashgate] cleared: redis.away (info)"]
    ids = {message.json["key"] + message.json["state"]: message.id for message in hook.accepted}
    for one in box.mails:
        assert one.envelope == ("flash@shop.example", ["a@x.example", "b@y.example"])
        assert one["X-Flash-Alert-Id"] in ids.values() and one["Message-ID"].startswith("<" + one["X-Flash-Alert-Id"])
        assert one["X-Flash-Alert-Id"] in one.get_content()


def test_two_reconcilers_make_one_message(stack, hook):
    with reconciler(stack, **web(hook)) as one, reconciler(stack, **web(hook)) as other:
        stack.kill("redis")
        until(lambda: hook.changes("redis.away"), lambda: (one.lines, other.lines))
        for daemon in (one, other):
            until(lambda d=daemon: d.metric("flash_reconciler_alerts_raised") >= 1, lambda d=daemon: d.lines)
        stack.restart("redis")
        until(lambda: len(hook.changes("redis.away")) == 2, lambda: (one.lines, other.lines))
        assert one.stop() == 0 and other.stop() == 0
    assert hook.changes("redis.away") == ["raised", "cleared"]
    assert len(outbox(stack, "redis.away")) == 2


def test_two_senders_share_what_waits(stack, hook):
    ids = [plant(stack, f"test.{number}") for number in range(60)]
    with reconciler(stack, **web(hook)) as one, reconciler(stack, **web(hook)) as other:
        until(lambda: stack.query("SELECT COUNT(*) FROM alert_outbox WHERE delivery = 'waiting'") == [(0,)],
              lambda: (one.lines, other.lines))
    assert sorted(message.id for message in hook.seen if message.json["key"].startswith("test.")) == sorted(ids)


def test_what_an_earlier_process_raised_is_cleared(stack, hook):
    stack.query("INSERT INTO alert_state VALUES ('redis.away', 'raised', 'critical', 'long ago', 1, 1)")
    with reconciler(stack, **web(hook)) as daemon:
        until(lambda: hook.changes("redis.away") == ["cleared"], lambda: daemon.lines)


def test_without_channels_the_state_is_kept(stack):
    with reconciler(stack, **FAST) as daemon:
        stack.kill("redis")
        until(lambda: stack.query("SELECT state FROM alert_state WHERE alert_key = 'redis.away'") == [("raised",)],
              lambda: daemon.lines)
        stack.restart("redis")
        until(lambda: stack.query("SELECT state, changes FROM alert_state WHERE alert_key = 'redis.away'")
              == [("cleared", 2)], lambda: daemon.lines)
    assert outbox(stack, "redis.away") == []


def test_the_ledger_itself_is_away(stack, hook, box):
    with reconciler(stack, **{**mail(box), **web(hook)}) as daemon:
        stack.kill("mariadb")
        until(lambda: hook.changes("ledger.away"), lambda: daemon.lines)
        until(lambda: box.mails, lambda: daemon.lines)
        stack.restart("mariadb")
        until(lambda: len(hook.changes("ledger.away")) == 2, lambda: daemon.lines)
        until_ended(stack, "ledger.away", 4)
        assert daemon.stop() == 0
    assert hook.changes("ledger.away") == ["raised", "cleared"]
    assert [one["Subject"] for one in box.mails if "ledger.away" in one["Subject"]] == [
        "[flashgate] raised: ledger.away (critical)", "[flashgate] cleared: ledger.away (info)"]
    assert outbox(stack, "ledger.away") == [(state, channel, "sent") for state in ("raised", "cleared")
                                            for channel in ("webhook", "mail")]


def test_orders_that_do_not_reach_the_ledger(tmp_path, hook):
    """On a stack of its own: the others count all messages there are."""
    settings = web(hook, FLASH_ALERTS_MAX_UNSETTLED_AGE="1s", FLASH_RECONCILER_SETTLE_AFTER="200ms",
                   FLASH_RECONCILER_INTERVAL="200ms", FLASH_ALERTS_MAX_CONSUMER_LAG=0)
    with Stack(tmp_path / "stack") as stack, Sale(stack, names=("engine", "consumer")) as sale, \
            reconciler(stack, **settings) as daemon:
        sku = sale.put_on_sale()
        sale.freeze("consumer")
        assert sale.order(sku)[0] == 202 and sale.order(sku, key="k2")[0] == 202
        until(lambda: hook.changes("reconcile.unsettled_age") == ["raised"], lambda: daemon.lines)
        until(lambda: hook.changes("consumer.lag") == ["raised"], lambda: daemon.lines)
        assert daemon.metric("flash_reconciler_consumer_lag_messages") >= 2  # markers count too
        sale.thaw("consumer")
        for key in ("reconcile.unsettled_age", "consumer.lag"):
            until(lambda key=key: hook.changes(key) == ["raised", "cleared"], lambda: daemon.lines)


# ---- receivers that fail ----

@both_builds
def test_a_message_gets_through_in_the_end(stack, hook, build):
    hook.plan("500", "429", "reset", "delay", "408", "503", "reset", "425")
    name = plant(stack, "test.key")
    with reconciler(stack, build=build, **web(hook)) as daemon:
        until(lambda: hook.accepted, lambda: daemon.lines)
        until_ended(stack, "test.key")
        assert daemon.stop() == 0
    seen = [message for message in hook.seen if message.json["key"] == "test.key"]
    assert len(seen) == 9 and {message.id for message in seen} == {name} and all(message.is_signed() for message in seen)
    assert len({message.body for message in seen}) == 1
    assert seen[-1].json["text"] == "a text with ü"
    assert hook.changes("test.key") == ["raised"]


@pytest.mark.parametrize("answer", ["404", "400", "410", "302", "307", "304"])
def test_what_is_refused_is_given_up_and_the_next_one_sent(stack, hook, answer):
    hook.plan(answer)
    plant(stack, "test.one")
    plant(stack, "test.two")
    with reconciler(stack, **web(hook)) as daemon:
        until_ended(stack, "test.two")
        assert daemon.said("alert.given_up")[0]["error"] == f"webhook: the receiver answers {answer}"
    assert outbox(stack, "test.one") == [("raised", "webhook", "given_up")]
    assert hook.changes("test.one") == [] and hook.changes("test.two") == ["raised"]
    assert set(hook.paths) == {"/alerts/token-of-the-path"}  # no redirect was followed


def test_messages_of_one_alert_stay_in_order(stack, hook):
    hook.plan("500", "500", "500")
    states = ["raised", "cleared"] * 5
    for state in states:
        plant(stack, "test.key", state=state)
    with reconciler(stack, **web(hook)) as daemon:
        until(lambda: len(hook.changes("test.key")) == 10, lambda: daemon.lines)
    assert hook.changes("test.key") == states


def test_too_old_a_message_is_given_up(stack):
    plant(stack, "test.key")
    with reconciler(stack, **{**FAST, "FLASH_ALERTS_WEBHOOK_URL": "http://localhost:1/", "FLASH_ALERTS_GIVE_UP_AFTER": "1s",
                              "FLASH_ALERTS_WEBHOOK_SECRET": SECRET}) as daemon:
        until(lambda: daemon.said("alert.given_up"), lambda: daemon.lines)
        until(lambda: outbox(stack, "test.key") == [("raised", "webhook", "given_up")], lambda: outbox(stack, "test.key"))


# ---- kill -9 ----

def test_killed_before_it_could_say_that_it_sent(stack, hook):
    name = plant(stack, "test.key")
    lock = stack.mysql(autocommit=False)

    def hold_the_row():
        hook.before_answer = lambda: None
        with lock.cursor() as cursor:
            cursor.execute("SELECT id FROM alert_outbox WHERE alert_key = 'test.key' FOR UPDATE")

    def marks():  # prepared statements have their values in the list of processes
        return stack.query("SELECT id FROM information_schema.processlist WHERE info LIKE"
                           " 'UPDATE alert\\_outbox SET delivery%%'")

    hook.before_answer = hold_the_row
    with reconciler(stack, **web(hook)) as daemon:
        until(marks, lambda: daemon.lines)  # it was accepted, and is about to be marked
        daemon.kill()
    for row in marks():
        stack.query(f"KILL {row[0]}")
    until(lambda: not marks(), "the ledger still works for a dead daemon")
    lock.rollback()
    lock.close()
    assert outbox(stack, "test.key") == [("raised", "webhook", "waiting")]
    with reconciler(stack, **web(hook)) as daemon:
        until_ended(stack, "test.key")
    assert [message.id for message in hook.accepted if message.json["key"] == "test.key"] == [name, name]


def test_killed_again_and_again_none_is_lost(stack, hook):
    keys = [f"test.{number}" for number in range(12)]
    ids = {plant(stack, key) for key in keys}
    hook.plan(*["503", "reset"] * 4)
    for number in range(4):
        with reconciler(stack, **web(hook)) as daemon:
            until(lambda n=number: len(hook.seen) > 3 * n, lambda: daemon.lines)
            daemon.kill()
    with reconciler(stack, **web(hook)) as daemon:
        until(lambda: {message.id for message in hook.accepted} >= ids, lambda: daemon.lines)
        for key in keys:
            until_ended(stack, key)


# ---- mail ----

@pytest.mark.parametrize("implicit", [False, True], ids=["starttls", "smtps"])
def test_mail_with_tls_and_a_password(stack, tmp_path, implicit):
    cert, key = certificate(tmp_path)
    with Mailbox(tls=(cert, key), login=("ops", PASSWORD), implicit=implicit) as box:
        plant(stack, "test.key", "mail")
        settings = {**mail(box), "FLASH_ALERTS_SMTP_STARTTLS": "required", "FLASH_ALERTS_SMTP_USER": "ops",
                    "FLASH_ALERTS_SMTP_PASSWORD": PASSWORD, "FLASH_ALERTS_CA_FILE": cert}
        with reconciler(stack, **settings) as daemon:
            until_ended(stack, "test.key")
            assert daemon.stop() == 0
        assert [one["To"] for one in box.mails] == ["a@x.example, b@y.example"]
        assert implicit or box.mails[0].is_encrypted  # the other one cannot be talked to but by TLS
        assert "a text with ü" in box.mails[0].get_content()
        assert set(box.logins) == {("ops", PASSWORD)}


@pytest.mark.parametrize("wrong", [{"FLASH_ALERTS_SMTP_PASSWORD": "not-" + PASSWORD}, {"FLASH_ALERTS_CA_FILE": ""}],
                         ids=["password", "certificate"])
def test_mail_is_not_sent_but_to_the_right_server(stack, tmp_path, wrong):
    cert, key = certificate(tmp_path)
    with Mailbox(tls=(cert, key), login=("ops", PASSWORD)) as box:
        plant(stack, "test.key", "mail")
        settings = {**mail(box), "FLASH_ALERTS_SMTP_STARTTLS": "required", "FLASH_ALERTS_SMTP_USER": "ops",
                    "FLASH_ALERTS_SMTP_PASSWORD": PASSWORD, "FLASH_ALERTS_CA_FILE": cert, **wrong}
        with reconciler(stack, **settings) as daemon:
            until(lambda: daemon.metric('flash_reconciler_alert_attempts_total{channel="mail",outcome="not_taken"}') >= 2,
                  lambda: daemon.lines)
        assert box.mails == [] and outbox(stack, "test.key") == [("raised", "mail", "waiting")]
        if "FLASH_ALERTS_CA_FILE" in wrong:
            assert box.logins == []  # the password went nowhere
        assert PASSWORD not in str(daemon.lines)


def test_mail_never_falls_back_to_plain_text(stack, box):
    plant(stack, "test.key", "mail")
    with reconciler(stack, **{**mail(box), "FLASH_ALERTS_SMTP_STARTTLS": "required"}) as daemon:
        until(lambda: daemon.said("alert.not_taken"), lambda: daemon.lines)
    assert box.mails == []


@both_builds
def test_mail_is_sent_again_when_the_server_says_later(stack, box, build):
    box.answers += ["451 later", "421 busy"]
    plant(stack, "test.key", "mail")
    with reconciler(stack, build=build, **mail(box)):
        until_ended(stack, "test.key")
    assert len(box.mails) == 1 and outbox(stack, "test.key") == [("raised", "mail", "sent")]


def test_mail_that_is_refused_is_given_up(stack, box):
    box.answers += ["554 no"]
    plant(stack, "test.key", "mail")
    with reconciler(stack, **mail(box)) as daemon:
        until_ended(stack, "test.key")
        assert daemon.said("alert.given_up")[0]["error"] == "mail: the server answers 554"
    assert box.mails == [] and outbox(stack, "test.key") == [("raised", "mail", "given_up")]


# ---- where it may go, and secrets ----

def test_a_name_that_leads_inside_is_not_connected_to(stack, hook):
    plant(stack, "test.key")
    inside = f"http://localhost:{hook.port}/alerts/token-of-the-path"
    with reconciler(stack, **{**web(hook), "FLASH_ALERTS_WEBHOOK_URL": inside, "FLASH_ALERTS_ALLOW_PRIVATE": "no"}) as daemon:
        until(lambda: daemon.metric('flash_reconciler_alert_attempts_total{channel="webhook",outcome="not_taken"}') >= 2,
              lambda: daemon.lines)
        assert "private" in daemon.said("alert.not_taken")[0]["error"]
    assert hook.seen == [] and outbox(stack, "test.key") == [("raised", "webhook", "waiting")]


def test_nothing_of_a_secret_is_shown(stack, hook):
    hook.plan("500", "404")
    plant(stack, "test.one")
    plant(stack, "test.two")
    with reconciler(stack, **web(hook)) as daemon:
        until_ended(stack, "test.two")
        shown = "\n".join([daemon.ask("GET", "/metrics")[2], str(daemon.ask("GET", "/readyz")), str(daemon.lines),
                           pathlib.Path(f"/proc/{daemon.process.pid}/cmdline").read_text(),
                           str(stack.query("SELECT * FROM alert_outbox"))])
    assert "token-of-the-path" not in shown and SECRET not in shown


def check_config(*lines, folder, name="flash.ini"):
    path = folder / name
    path.write_text("\n".join(["[alerts]", *lines, "[auth]", "mode = off", ""]))
    return subprocess.run([BUILD / "reconciler" / "flash-reconciler", "run", "--config", path, "--check-config"],
                          capture_output=True, text=True, check=False)


def test_check_config_masks(tmp_path):
    done = check_config(f"webhook_secret = {SECRET}", "webhook_url = https://hooks.example.org/services/T0K3N?x=y",
                        f"smtp_password = {PASSWORD}", "smtp_url = smtps://mail.example:465", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "webhook_url = https://hooks.example.org/***\n" in done.stdout
    assert "webhook_secret = ***\n" in done.stdout and "smtp_password = ***\n" in done.stdout
    assert "smtp_url = smtps://mail.example:465\n" in done.stdout
    assert "T0K3N" not in done.stdout and SECRET not in done.stdout and PASSWORD not in done.stdout


@pytest.mark.parametrize("line, reason", [
    ("webhook_url = hooks.example.org/x", "scheme"),
    ("webhook_url = ftp://hooks.example.org/x", "https or http"),
    ("webhook_url = gopher://127.0.0.1/x", "https or http"),
    ("webhook_url = https://user@hooks.example.org/T0K3N", "user"),
    ("webhook_url = https://2130706433/T0K3N", "host"),
    ("webhook_url = https://0177.0.0.1/T0K3N", "host"),
    ("smtp_url = https://mail.example", "smtp or smtps"),
    ("mail_to = ops@shop.example; evil@x.example", "name@domain"),
    ("mail_from = a@x.example, b@x.example", "name@domain"),
    ("allow_private = true", "no | yes"),
    ("raise_after = 10", "no unit"),
])
def test_a_wrong_line_stops_the_start(tmp_path, line, reason):
    done = check_config("source = shop", line, folder=tmp_path)
    assert done.returncode == 2
    assert ":3: alerts." in done.stderr and reason in done.stderr and "T0K3N" not in done.stderr


@pytest.mark.parametrize("settings, reason", [
    ({"WEBHOOK_URL": "https://hooks.example.org/x"}, "webhook_secret"),
    ({"WEBHOOK_URL": "https://hooks.example.org/x", "WEBHOOK_SECRET": "short"}, "webhook_secret"),
    ({"WEBHOOK_URL": "http://127.0.0.1/x", "WEBHOOK_SECRET": SECRET}, "allow_private"),
    ({"WEBHOOK_URL": "http://169.254.169.254/x", "WEBHOOK_SECRET": SECRET, "ALLOW_PRIVATE": "yes"}, "reserved"),
    ({"SMTP_URL": "smtp://mail.example"}, "mail_from"),
    ({"SMTP_URL": "smtp://mail.example", "MAIL_FROM": "a@x", "MAIL_TO": "b@y", "SMTP_USER": "u"}, "password"),
    ({"SMTP_URL": "smtp://mail.example", "MAIL_FROM": "a@x", "MAIL_TO": "b@y", "SMTP_USER": "u", "SMTP_PASSWORD": PASSWORD,
      "SMTP_STARTTLS": "off"}, "never without TLS"),
    ({"RETRY_FIRST": "1h", "RETRY_MAX": "1min"}, "retry_first"),
])
def test_settings_that_do_not_go_together_stop_the_start(stack, settings, reason):
    env = stack.daemon_env(FLASH_AUTH_MODE="off", **{f"FLASH_ALERTS_{name}": value for name, value in settings.items()})
    done = subprocess.run([BUILD / "reconciler" / "flash-reconciler", "run"], env=env, capture_output=True, text=True,
                          check=False, timeout=300)
    assert done.returncode == 2 and reason in done.stderr, done.stderr
    assert SECRET not in done.stderr and PASSWORD not in done.stderr
