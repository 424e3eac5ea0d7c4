"""flash-consumer when what it reads, or where it writes, is not as it should be: bad and repeated messages, a topic made anew,
another consumer beside it, a Redis that is away. The ledger has every order once, and the partition goes on."""
import contextlib
import itertools
import json
import threading
import time
import uuid

import pymysql
import pytest

from buyers import Order
from daemons import BUILD, running, until
from sale import Sale
from stack import Stack
from topic import Topic


@pytest.fixture(scope="module")
def sale(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("consumer") / "stack") as stack:
        stack.migrate("up")
        with Sale(stack) as everything:
            yield everything


@pytest.fixture
def topic(sale):
    return Topic(sale.stack)


@contextlib.contextmanager
def frozen(sale):
    """The consumer stands still: what is accepted meanwhile stays in the journal."""
    sale.freeze("consumer")
    try:
        yield
    finally:
        sale.thaw("consumer")


def orders(count, user="u", key="k"):
    return [Order(f"{user}{i}", key, 1) for i in range(count)]


def buy_apart(sale, sku, count, user="u"):
    """As many orders, an entry each."""
    sale.buy(sku, orders(count, user), connections=1)


def partition_of(sale, sku):
    """Known once an order of the SKU is in the ledger."""
    return sale.stack.query("SELECT partition_no FROM verdict WHERE sku = %s LIMIT 1", sku)[0][0]


def started_sale(sale, topic):
    """(SKU, its partition): a sale with one order in the ledger, and all that is in the topic has been read."""
    sku = sale.put_on_sale(units=100000)
    buy_apart(sale, sku, 1, "first")
    sale.until_settled(sku)
    until_read(sale, topic)
    return sku, partition_of(sale, sku)


def progress(sale):
    """{partition: (applied, acked)}."""
    return {row[0]: row[1:] for row in sale.stack.query("SELECT partition_no, applied, acked FROM consumer_progress")}


def until_read(sale, topic):
    """Everything sold has left the journals, and everything in the topic is applied and settled."""
    sale.until_settled(*{call.sku for call in sale.calls})

    def read():
        found = progress(sale)
        return all(found.get(p, (0, 0)) == (end, end) for p, end in enumerate(topic.ends()) if end)
    until(read, lambda: (progress(sale), topic.ends()))


def entries_in_journal(sale, sku):
    return [fields["e"].encode() for _, fields in sale.redis.xrange(sale.key(sku, "journal"))]


# ---- messages ----

def bad_messages(sku):
    def entry(**changes):
        plain = {"v": 1, "id": str(uuid.UUID(int=uuid.uuid4().int & ~(15 << 76) | 7 << 76)), "type": "reserve", "sku": str(sku),
                 "generation": 1, "stream": "", "due": 1, "lines": [["ref", "user", 1]]}
        plain["stream"] = f"1763718000123456-{uuid.UUID(plain['id']).int & (2 ** 64 - 1)}"
        return json.dumps({**plain, **changes}, separators=(",", ":")).encode()
    return {
        "no JSON": b"\xff\x00 neither text nor JSON",
        "empty": b"",
        "JSON, no entry": b"{}",
        "cut off": entry()[:-1],
        "with more behind it": entry() + b" ",
        "white space": entry().replace(b",", b", ", 1),
        "another version": entry(v=2),
        "an unknown type": entry(type="steal"),
        "a negative quantity": entry(lines=[["ref", "user", -1]]),
        "a quantity of 0": entry(lines=[["ref", "user", 0]]),
        "no lines": entry(lines=[]),
        "too many lines": entry(lines=[[f"r{i}", "user", 1] for i in range(257)]),
        "a stream id of another entry": entry(stream="1763718000123456-5"),
        "an unknown SKU": entry(sku="987654321"),
        "very long": b"x" * 200000,
    }


def test_bad_messages_are_put_aside_and_the_partition_goes_on(sale, topic):
    sku, partition = started_sale(sale, topic)
    before, messages = sale.consumer.metric("flash_consumer_dead_letters_total"), bad_messages(sku)
    first = topic.put(partition, str(sku).encode(), list(messages.values()))
    buy_apart(sale, sku, 3, "after")
    until_read(sale, topic)
    kept = {offset: value for offset, value in sale.stack.query(
        "SELECT kafka_offset, value FROM dead_letter WHERE topic = 'flash.orders' AND partition_no = %s", partition)}
    assert kept == {first + i: value for i, value in enumerate(messages.values())}
    assert sale.consumer.metric("flash_consumer_dead_letters_total") == before + len(messages)
    copies = Topic(sale.stack, "flash.dead")
    until(lambda: len(copies.values(0)) >= len(messages), lambda: len(copies.values(0)))
    assert [value for _, value in copies.values(0)] == list(messages.values())
    sale.consumer.ask("GET", "/readyz")
    assert sale.consumer.is_ready()
    assert len(sale.check(sku).rows) == 4


@contextlib.contextmanager
def small_packets(sale, size):
    """The ledger takes statements up to so many bytes; the consumer connects anew before and after."""
    with contextlib.closing(sale.stack.mysql("root")) as root, root.cursor() as cursor:
        cursor.execute("SELECT @@GLOBAL.max_allowed_packet")
        before, = cursor.fetchone()
        for most in (size, before):
            cursor.execute("SET GLOBAL max_allowed_packet = %s", most)
            assert sale.stop("consumer") == 0
            sale.start("consumer")
            if most == size:
                yield


def test_a_dead_letter_longer_than_a_packet_is_cut(sale, topic):
    """And the good messages of its batch are not stepped over."""
    sku, partition = started_sale(sale, topic)
    value = b"x" * 200000
    with small_packets(sale, 131072):
        with frozen(sale):
            buy_apart(sale, sku, 5, "ahead")
            until(lambda: topic.offset(partition) >= 6, topic.ends)
            offset = topic.put(partition, str(sku).encode(), [value])
            buy_apart(sale, sku, 5, "behind")
        until_read(sale, topic)
        assert len(sale.check(sku).rows) == 11
    (kept, reason), = sale.stack.query("SELECT value, reason FROM dead_letter WHERE topic = 'flash.orders' AND partition_no = %s "
                                       "AND kafka_offset = %s", partition, offset)
    assert kept == value[:65536] and "65536 of its 200000 bytes" in reason


def test_repeated_messages_have_one_effect(sale, topic):
    """Copies in the same batch, in the same topic later, and in another partition."""
    sku, partition = started_sale(sale, topic)
    duplicates = sale.consumer.metric("flash_consumer_duplicates_total")
    with frozen(sale):
        buy_apart(sale, sku, 20)
        entries = entries_in_journal(sale, sku)
        assert len(entries) == 20
        until(lambda: topic.offset(partition) >= 21, lambda: topic.ends())
        topic.put(partition, str(sku).encode(), entries * 2)
    sale.until_settled(sku)
    topic.put(partition, str(sku).encode(), entries)
    topic.put((partition + 1) % 8, str(sku).encode(), entries)
    until_read(sale, topic)
    assert sale.consumer.metric("flash_consumer_duplicates_total") == duplicates + 80
    books = sale.check(sku)
    assert len(books.rows) == 21 and len(books.log) == 1 + 21


# ---- Redis is away ----

def test_the_ledger_drains_while_redis_is_away(sale, topic):
    sku, partition = started_sale(sale, topic)
    acked = progress(sale)[partition][1]
    with frozen(sale):
        buy_apart(sale, sku, 30)
        until(lambda: topic.offset(partition) == acked + 30, topic.ends)
        sale.stack.kill("redis")
    until(lambda: progress(sale)[partition][0] == acked + 30, lambda: progress(sale))
    assert progress(sale)[partition][1] == acked
    until(lambda: set(sale.consumer.troubles()) == {"redis"}, sale.consumer.troubles)
    assert sale.stack.query("SELECT COUNT(*) FROM reservation WHERE sku = %s", sku)[0][0] == 31
    sale.stack.restart("redis")
    until_read(sale, topic)
    assert sale.consumer.is_ready()
    until(sale.engine.is_ready, sale.engine.troubles)
    assert len(sale.check(sku).rows) == 31


# ---- the ledger fell back ----

def test_a_ledger_that_lost_its_last_commit_is_noticed_without_a_message(sale, topic):
    """It is what a replica that was behind is after a failover; no generation is raised, and nobody buys."""
    sku, partition = started_sale(sale, topic)
    keep = ("UPDATE stock SET available = %s, reserved = %s WHERE sku = %s",
            "UPDATE consumer_progress SET applied = %s, acked = %s, applied_entry = %s, acked_entry = %s WHERE partition_no = %s")
    stock = sale.stack.query("SELECT available, reserved, sku FROM stock WHERE sku = %s", sku)[0]
    stood = sale.stack.query("SELECT applied, acked, applied_entry, acked_entry, partition_no FROM consumer_progress "
                             "WHERE partition_no = %s", partition)[0]
    buy_apart(sale, sku, 1)
    until_read(sale, topic)
    entry = sale.stack.query("SELECT entry_id FROM verdict WHERE sku = %s ORDER BY kafka_offset DESC LIMIT 1", sku)[0][0]
    with contextlib.closing(sale.stack.mysql("root", autocommit=False)) as root, root.cursor() as cursor:
        for table in ("verdict", "reservation", "stock_log"):
            assert cursor.execute(f"DELETE FROM {table} WHERE entry_id = %s", (entry,)) == 1
        cursor.execute(keep[0], stock)
        cursor.execute(keep[1], stood)
        root.commit()
    until_read(sale, topic)
    assert len(sale.check(sku).rows) == 2 and sale.consumer.said("consumer.outrun")


# ---- two consumers ----

def partitions(daemon):
    """Those it has now, by its log."""
    have = set()
    for line in list(daemon.lines):
        if line["event"] == "consumer.assigned":
            have.add(line["partition"])
        elif line["event"] == "consumer.revoked":
            have.discard(line["partition"])
    return have


@contextlib.contextmanager
def crowd(sale, skus):
    """Buyers of all the SKUs, one SKU after the other, until the end."""
    over = threading.Event()

    def shop():
        for turn in itertools.count():
            for sku in skus:
                if over.is_set():
                    return
                sale.buy(sku, orders(20, key=f"k{turn}"), connections=4)

    thread = threading.Thread(target=shop)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_consumers_share_and_a_frozen_one_that_comes_back_does_no_harm(sale, topic):
    """The first is frozen until the group has given its partitions to the second, and finds that out with messages in hand."""
    skus = [sale.put_on_sale(units=1000000, limit=1000000) for _ in range(10)]
    with crowd(sale, skus), running(sale.stack, "consumer", ready=False) as second:
        both = [sale.consumer, second]
        until(lambda: all(len(partitions(daemon)) == 4 for daemon in both), lambda: [partitions(d) for d in both])
        until(lambda: second.metric("flash_consumer_lines_applied_total") > 0, "it has nothing to do")
        with frozen(sale):
            until(lambda: len(partitions(second)) == 8, lambda: partitions(second))
        until(lambda: len(partitions(sale.consumer)) == 4, lambda: partitions(sale.consumer))
        before = sale.consumer.metric("flash_consumer_lines_applied_total")
        until(lambda: sale.consumer.metric("flash_consumer_lines_applied_total") > before, "it does not go on")
        assert second.stop() == 0
        until(lambda: len(partitions(sale.consumer)) == 8, lambda: partitions(sale.consumer))
    until_read(sale, topic)
    for sku in skus:
        assert len(sale.check(sku).rows) > 20


def test_one_frozen_in_its_transaction_lets_go_of_its_locks(sale, topic):
    """The ledger's server ends what is idle, on MariaDB the transaction, elsewhere the connection."""
    sku, _ = started_sale(sale, topic)
    lock = "SELECT sku FROM stock WHERE sku = %s FOR UPDATE"
    with contextlib.closing(sale.stack.mysql()) as mine, mine.cursor() as cursor:
        cursor.execute("SET innodb_lock_wait_timeout = 120")
        cursor.execute("BEGIN")
        cursor.execute(lock, sku)
        buy_apart(sale, sku, 1)
        time.sleep(2)  # it is in its transaction now, and waits for the row, 5 s at a time
        with frozen(sale):
            cursor.execute("COMMIT")
            with pytest.raises(pymysql.err.OperationalError):
                cursor.execute(f"{lock} NOWAIT", sku)
            cursor.execute(lock, sku)
    sale.until_settled(sku)


def test_it_stops_though_librdkafka_does_not(sale):
    """rd_kafka_destroy may wait for ever for a thread of its own."""
    with running(sale.stack, "consumer", LD_PRELOAD=BUILD / "tests" / "system" / "libflash_kafka_hang.so") as stuck:
        assert stuck.stop() == 0
        assert stuck.said("consumer.stopped")


# ---- the topic is made anew ----

def make_anew(sale, topic, sku, count):
    """Deletes the topic, makes it again, and fills it with so many entries of the SKU."""
    topic.delete()
    topic.create()
    until(sale.engine.is_ready, sale.engine.troubles)
    buy_apart(sale, sku, count, f"anew{count}-")
    until(lambda: sum(topic.ends()) >= count, topic.ends)


@pytest.mark.parametrize("length, restarted", [("shorter", False), ("shorter", True), ("longer", False), ("longer", True)])
def test_a_topic_made_anew_is_noticed_and_read_from_its_beginning(sale, topic, length, restarted):
    """One that is longer than the stored position is known by a message that was read before: the one before the position
    at each start, and the anchor of each partition again and again while it is read."""
    sku, partition = started_sale(sale, topic)
    buy_apart(sale, sku, 10, "before")
    until_read(sale, topic)
    count = 2 if length == "shorter" else progress(sale)[partition][1] + 5
    if restarted:
        assert sale.stop("consumer") == 0
    make_anew(sale, topic, sku, count)
    if restarted:
        sale.start("consumer", ready=False)
    until(lambda: sale.journal(sku) == 0, lambda: (sale.journal(sku), progress(sale), topic.ends()))
    changed = [line for line in sale.consumer.said("consumer.topic_changed") if line["partition"] == partition]
    assert changed, sale.consumer.lines[-20:]
    until_read(sale, topic)
    until(sale.consumer.is_ready, sale.consumer.troubles)
    assert len(sale.check(sku).rows) == 11 + count
