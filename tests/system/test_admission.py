"""The engine stops admitting before a queue grows, says which part is the cause, and admits again when the cause is gone.

Each case starts an engine of its own with one limit set very low. Also here: 202 only after Kafka has the order, where that is
asked for, and what SIGHUP changes.
"""
import contextlib
import itertools
import signal
import socket

import pytest

from buyers import Order, encode
from daemons import running, until
from sale import Sale
from stack import Stack

numbers = itertools.count(1)


@pytest.fixture(scope="module")
def sale(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("admission") / "stack") as stack:
        stack.migrate("up")
        with Sale(stack, engine={"FLASH_ENGINE_WORKERS": 1}) as everything:
            yield everything


@pytest.fixture(autouse=True)
def all_is_well_again(sale):
    yield
    for part in ("redis", "kafka"):
        sale.stack.cont(part)
    sale.thaw("consumer")
    sale.redis.config_set("maxmemory", 0)
    until(sale.stack.is_ready, sale.stack.status)


@contextlib.contextmanager
def engine_with(sale, **settings):
    """An engine of one worker with these settings; on the way out nothing is left in any journal."""
    with running(sale.stack, "engine", FLASH_ENGINE_WORKERS=1, **settings) as engine:
        yield engine


def order(engine, sku, user=None):
    return engine.ask("POST", "/v1/orders", {"sku": str(sku), "quantity": 1},
                      {"X-User-Id": user or f"u{next(numbers)}", "Idempotency-Key": "k"})


def is_put_off(answer, detail=None):
    """Whether it is the 503 that says: nothing happened, try again later."""
    status, headers, body = answer
    if status != 503:
        return False
    assert body["type"] == "/problems/not-admitting" and headers["Retry-After"] == "1", answer
    return detail is None or body["detail"] == detail


def admits_again(engine, sku):
    until(engine.is_ready, engine.troubles)
    until(lambda: order(engine, sku)[0] == 202, lambda: order(engine, sku))


def test_a_journal_that_is_too_long(sale):
    sku = sale.put_on_sale()
    with engine_with(sale, FLASH_ENGINE_MAX_JOURNAL_ENTRIES=3) as engine:
        sale.freeze("consumer")
        assert [order(engine, sku)[0] for _ in range(3)] == [202] * 3
        assert is_put_off(order(engine, sku), "the journal is too long")
        until(lambda: engine.troubles() == {"journal-depth": "the journal is too long"}, engine.troubles)
        assert sale.journal(sku) == 3
        assert engine.ask("GET", "/livez", internal=True)[0] == 200
        sale.thaw("consumer")
        admits_again(engine, sku)
        sale.until_settled(sku)


def test_a_journal_whose_oldest_entry_is_too_old(sale):
    sku = sale.put_on_sale()
    with engine_with(sale, FLASH_ENGINE_MAX_JOURNAL_AGE="1s") as engine:
        sale.freeze("consumer")
        assert order(engine, sku)[0] == 202
        until(lambda: engine.troubles() == {"journal-age": "the journal's oldest entry is too old"}, engine.troubles)
        assert is_put_off(order(engine, sku), "the journal's oldest entry is too old")
        sale.thaw("consumer")
        admits_again(engine, sku)
        sale.until_settled(sku)


def test_another_skus_journal_does_not_stop_this_one(sale):
    slow, other = sale.put_on_sale(), sale.put_on_sale()
    with engine_with(sale, FLASH_ENGINE_MAX_JOURNAL_ENTRIES=1) as engine:
        sale.freeze("consumer")
        assert order(engine, slow)[0] == 202
        assert is_put_off(order(engine, slow))
        assert order(engine, other)[0] == 202
        sale.thaw("consumer")
        sale.until_settled(slow, other)


def test_too_many_messages_wait_for_kafka(sale):
    sku = sale.put_on_sale()
    with engine_with(sale, FLASH_ENGINE_MAX_KAFKA_QUEUE=2) as engine:
        sale.stack.stop("kafka")
        answers = [order(engine, sku)[0] for _ in range(2)]
        assert answers == [202, 202]
        assert is_put_off(order(engine, sku), "too many messages wait for Kafka")
        assert engine.troubles() == {"kafka-queue": "too many messages wait for Kafka"}
        sale.stack.cont("kafka")
        admits_again(engine, sku)
        sale.until_settled(sku)


@contextlib.contextmanager
def asking(engine, sku, count):
    """So many orders on connections of their own, sent and not answered yet."""
    sockets = [socket.create_connection(("127.0.0.1", engine.port), timeout=120) for _ in range(count)]
    try:
        for connection in sockets:
            connection.sendall(encode(Order(f"u{next(numbers)}", "k", 1), sku))
        yield sockets
    finally:
        for connection in sockets:
            connection.close()


def status_of(connection):
    return int(connection.recv(4096).split()[1])


def test_too_many_orders_wait_for_redis(sale):
    sku = sale.put_on_sale()
    with engine_with(sale, FLASH_ENGINE_MAX_REDIS_LINES=3, FLASH_REDIS_REPLY_TIMEOUT="20s") as engine:
        assert order(engine, sku)[0] == 202
        sale.stack.stop("redis")
        with asking(engine, sku, 3) as sockets:
            until(lambda: engine.troubles() == {"redis-queue": "too many orders wait for Redis"}, engine.troubles)
            assert is_put_off(order(engine, sku), "too many orders wait for Redis")
            sale.stack.cont("redis")
            assert [status_of(connection) for connection in sockets] == [202] * 3
        admits_again(engine, sku)
        sale.until_settled(sku)


def test_a_redis_that_is_nearly_full(sale):
    sku = sale.put_on_sale()
    with engine_with(sale) as engine:
        used = int(sale.redis.info("memory")["used_memory"])
        sale.redis.config_set("maxmemory", used * 100 // 95)
        until(lambda: engine.troubles() == {"redis-memory": "Redis is nearly full"}, engine.troubles)
        assert is_put_off(order(engine, sku), "Redis is nearly full")
        sale.redis.config_set("maxmemory", 0)
        admits_again(engine, sku)


def test_a_redis_that_is_full_still_settles(sale):
    """The limit of the engine is past the point: Redis itself refuses. What was accepted before is settled all the same."""
    sku = sale.put_on_sale()
    with engine_with(sale, FLASH_ENGINE_MAX_MEMORY_PERCENT=100) as engine:
        sale.freeze("consumer")
        assert order(engine, sku)[0] == 202
        sale.redis.config_set("maxmemory", 1)
        assert is_put_off(order(engine, sku))
        assert engine.ask("GET", f"/v1/sales/{sku}")[0] == 200
        sale.thaw("consumer")
        sale.until_settled(sku)
        sale.redis.config_set("maxmemory", 0)
        admits_again(engine, sku)


@pytest.mark.parametrize("part, reason", [("redis", "Redis is away"), ("kafka", "Kafka is away")])
def test_a_server_that_is_away(sale, part, reason):
    sku = sale.put_on_sale()
    with engine_with(sale) as engine:
        assert order(engine, sku)[0] == 202
        sale.until_settled(sku)
        sale.stack.kill(part)
        until(lambda: engine.troubles().get(part, "").startswith(f"{reason}: "), engine.troubles)
        assert is_put_off(order(engine, sku), reason)
        status, headers, body = engine.ask("GET", f"/v1/orders/{sku}.{'x' * 22}", headers={"X-User-Id": "u"})
        assert (status, body["type"]) == ((503, "/problems/unavailable") if part == "redis" else (404, "/problems/not-found"))
        sale.stack.restart(part)
        admits_again(engine, sku)
        until(lambda: engine.said(f"engine.{part}_back"), engine.lines)
        assert all(line["error"] for line in engine.said(f"engine.{part}_away")) and engine.said(f"engine.{part}_away")
        until(sale.engine.is_ready, sale.engine.troubles)
        sale.until_settled(sku)


# ---- 202 only when Kafka has it ----

def test_accepted_only_when_kafka_has_it(sale):
    """A repeat does not get around it: it is told that nothing is sure yet, and later that the order is made."""
    sku = sale.put_on_sale()
    with engine_with(sale, FLASH_ENGINE_ACCEPT_AFTER="log") as engine:
        assert order(engine, sku)[0] == 202
        sale.until_settled(sku)
        sale.stack.stop("kafka")
        with asking(engine, sku, 5) as sockets:
            until(lambda: int(sale.redis.hlen(sale.key(sku, "orders"))) == 6, "the script did not run")
            for connection in sockets:
                connection.setblocking(False)
                with pytest.raises(BlockingIOError):
                    connection.recv(1)
            assert engine.metric("flash_engine_kafka_queue") >= 1
            user = f"u{next(numbers) - 1}"  # the last of the five
            status, _, body = order(engine, sku, user)
            assert (status, body["type"]) == (503, "/problems/outcome-unknown")
            sale.stack.cont("kafka")
            for connection in sockets:
                connection.settimeout(30)
                assert status_of(connection) == 202
        sale.until_settled(sku)
        until(lambda: order(engine, sku, user)[0] == 202, "a repeat is never told")
        assert sale.redis.hlen(sale.key(sku, "orders")) == 6


# ---- SIGHUP ----

def test_hup_reads_limits_and_log_level_again(sale, tmp_path):
    sku = sale.put_on_sale()
    file = tmp_path / "engine.conf"

    def write(entries, level):
        file.write_text(f"[log]\nlevel = {level}\n[engine]\nmax_journal_entries = {entries}\n")

    write(1000, "info")
    with running(sale.stack, "engine", "--config", str(file), FLASH_ENGINE_WORKERS=1) as engine:
        sale.freeze("consumer")
        assert order(engine, sku)[0] == 202
        write(1, "debug")
        engine.signal(signal.SIGHUP)
        until(lambda: engine.said("engine.reloaded"), lambda: engine.lines)
        assert is_put_off(order(engine, sku), "the journal is too long")
        file.write_text("[engine]\nmax_journal_entries = many\n")
        engine.signal(signal.SIGHUP)
        refused = until(lambda: engine.said("engine.reload_refused"), lambda: engine.lines)
        assert "engine.conf" in refused[0]["error"] and "max_journal_entries" in refused[0]["error"]
        assert is_put_off(order(engine, sku), "the journal is too long")
        write(1000, "error")
        engine.signal(signal.SIGHUP)
        until(lambda: order(engine, sku)[0] == 202, "the limit is not read again")
        assert len(engine.said("engine.reloaded")) == 1  # the second is below the level
        sale.thaw("consumer")
        sale.until_settled(sku)
