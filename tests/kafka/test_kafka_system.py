"""flash_kafka against a real broker: reports, positions, rebalances, and a broker that freezes or dies.

Run by ctest; by hand: FLASH_BUILD=build/debug python3 -m pytest -q tests/kafka/test_kafka_system.py -s
"""
import itertools
import pathlib
import signal
import subprocess
import sys
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "system"), str(pathlib.Path(__file__).resolve().parent)]

from kafka_tools import Consumer, Producer  # noqa: E402
from stack import Stack  # noqa: E402

PARTITIONS = 8
names = itertools.count()


class Kafka:
    """The stack's broker, a new topic per test, and the tools started on it."""

    def __init__(self, stack):
        self.stack = stack
        self.brokers = stack.env["FLASH_KAFKA_BROKERS"]
        self.topic = f"test.{next(names)}"
        self.tools = []
        self.create(self.topic)

    def create(self, topic):
        subprocess.run([sys.executable, "-I", str(ROOT / "deploy/lib/kafka_admin.py"), "create", self.brokers,
                        "--brokers", "1", topic, str(PARTITIONS), "message.timestamp.before.max.ms=25000"], check=True)

    def producer(self, count, **options):
        self.tools.append(Producer(self.brokers, self.topic, count, **options))
        return self.tools[-1]

    def consumer(self, *commands, group="g"):
        self.tools.append(Consumer(self.brokers, self.topic, f"{self.topic}.{group}", commands))
        return self.tools[-1]


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("kafka") / "stack") as running:
        yield running


@pytest.fixture
def kafka(stack):
    on = Kafka(stack)
    yield on
    for tool in on.tools:
        tool.stop()
    if not stack.is_ready():
        if stack.pid("kafka1"):
            stack.cont("kafka")
        stack.restart("kafka")


def all_acked(result, count):
    assert (result["acked"], result["not_sent"], result["unknown"], result["twice"], result["queued"]) == \
        (count, 0, 0, 0, 0), result


def partitions_of(lines):
    return sorted(int(words[0]) for words in lines)


def test_each_of_100000_messages_is_reported_once_and_read_once(kafka):
    result = kafka.producer(100_000).result()
    all_acked(result, 100_000)
    assert (result["partitions"], result["low"], result["high"]) == (PARTITIONS, 0, 100_000)
    consumer = kafka.consumer()
    consumer.until(lambda: len(consumer.messages) >= 100_000)
    consumer.quit()
    assert len(consumer.messages) == 100_000
    assert consumer.numbers == set(range(100_000))
    of_key, offsets = {}, {}
    for partition, offset, _, key in consumer.messages:
        assert of_key.setdefault(key, partition) == partition  # a key stays in its partition
        assert offset == offsets.get(partition, 0)  # in order, without a gap
        offsets[partition] = offset + 1
    assert partitions_of(consumer.said("assigned")) == list(range(PARTITIONS))
    assert partitions_of(consumer.said("revoked")) == list(range(PARTITIONS))


def test_reading_starts_at_the_positions_given(kafka):
    all_acked(kafka.producer(8_000).result(), 8_000)
    marks = kafka.consumer("hold", *(f"watermarks {p}" for p in range(PARTITIONS)))
    high = {int(p): int(high) for p, low, high in marks.until_said("watermarks", times=PARTITIONS)}
    assert sum(high.values()) == 8_000
    marks.quit()
    start = {p: high[p] // 2 for p in high}
    consumer = kafka.consumer(*(f"at {p} {start[p]}" for p in start))
    expected = sum(high[p] - start[p] for p in high)
    consumer.until(lambda: len(consumer.messages) >= expected)
    for partition in high:
        assert [o for p, o, _, _ in consumer.messages if p == partition] == \
            list(range(start[partition], high[partition]))


def test_nothing_is_fetched_until_every_position_is_known(kafka):
    all_acked(kafka.producer(100).result(), 100)
    consumer = kafka.consumer("hold")
    consumer.until_said("held", times=5)  # asked again, at each poll
    consumer.tell("give")
    consumer.until(lambda: len(consumer.messages) >= 100)
    assert partitions_of(consumer.said("assigned")) == list(range(PARTITIONS))
    consumer.quit()
    assert len(consumer.messages) == 100


def test_reposition_drops_the_buffer_and_reads_again(kafka):
    all_acked(kafka.producer(20_000).result(), 20_000)
    consumer = kafka.consumer()
    consumer.until(lambda: len(consumer.messages) >= 1_000)
    consumer.tell("reposition")  # thousands are buffered in librdkafka now
    consumer.until_said("repositioned")
    consumer.messages.clear()
    consumer.until(lambda: len(consumer.messages) >= 20_000)
    for partition in range(PARTITIONS):
        offsets = [o for p, o, _, _ in consumer.messages if p == partition]
        assert offsets == list(range(len(offsets)))
    consumer.tell("hold", "reposition")
    consumer.until_said("held", times=3)
    consumer.forget()
    consumer.tell("give")
    consumer.until(lambda: len(consumer.messages) >= 20_000)
    assert not consumer.said("revoked")
    assert consumer.numbers == set(range(20_000))


def test_a_position_outside_the_log_is_noticed_and_can_be_mended(kafka):
    all_acked(kafka.producer(1_000).result(), 1_000)
    consumer = kafka.consumer("at 3 1000000")
    assert consumer.until_said("range") == [["3"]]
    consumer.tell(*(f"at {p} -2" for p in range(PARTITIONS)), "reposition")
    consumer.until_said("repositioned")
    consumer.forget()  # what was read before
    consumer.until(lambda: len(consumer.messages) >= 1_000)
    consumer.quit()
    assert consumer.numbers == set(range(1_000))
    assert not consumer.said("range")


def test_a_topic_that_is_not_there_is_an_error_not_a_position(kafka):
    kafka.topic = "no.such.topic"
    consumer = kafka.consumer("watermarks 0")
    assert consumer.until_said("error")[0][0] == "retry"
    assert not consumer.said("watermarks") and not consumer.said("assigned")


def test_a_second_consumer_takes_half_and_gives_it_back(kafka):
    all_acked(kafka.producer(1_000).result(), 1_000)
    first = kafka.consumer()
    first.until_said("assigned", times=PARTITIONS)
    first.until(lambda: len(first.messages) >= 1_000)
    first.tell(*(f"note {p} 1" for p in range(PARTITIONS)))  # must not move anybody's position
    first.forget()
    second = kafka.consumer()
    second.until_said("assigned", times=PARTITIONS // 2)
    first.until(lambda: len(first.said("revoked")) == PARTITIONS and len(first.said("assigned")) >= PARTITIONS // 2)
    assert all(words[1] == "kept" for words in first.said("revoked"))
    halves = [partitions_of(tool.said("assigned")) for tool in (first, second)]
    assert sorted(halves[0] + halves[1]) == list(range(PARTITIONS))
    second.until(lambda: {p for p, *_ in second.messages} == set(halves[1]))
    assert {o for _, o, _, _ in second.messages} >= {0}  # the hooks' word, not the group's
    first.forget()
    second.quit()
    first.until_said("assigned", times=PARTITIONS)


def test_a_consumer_that_holds_does_not_keep_the_group_waiting(kafka):
    all_acked(kafka.producer(100).result(), 100)
    holding = kafka.consumer("hold")
    holding.until_said("held", times=2)
    start = time.monotonic()
    other = kafka.consumer()
    other.until_said("assigned", times=PARTITIONS // 2)
    assert time.monotonic() - start < 60 # max.poll.interval.ms is five minutes
    assert not holding.said("revoked")  # it never had them
    holding.tell("give")
    holding.until_said("assigned", times=PARTITIONS // 2)


@pytest.mark.parametrize("fault,away_s", [("freeze", 10), ("kill", 6)])
def test_a_broker_that_is_away_loses_nothing(kafka, fault, away_s):
    count = 40_000
    consumer = kafka.consumer()
    consumer.until_said("assigned", times=PARTITIONS)
    producer = kafka.producer(count, rate=2_000)
    producer.progress(lambda report: report["acked"] > 2_000)
    start = time.monotonic()
    kafka.stack.stop("kafka") if fault == "freeze" else kafka.stack.kill("kafka")
    producer.progress(lambda report: report["lost_ready"])  # seen well before messages time out
    producer.progress(lambda report: time.monotonic() - start > away_s)
    kafka.stack.cont("kafka") if fault == "freeze" else kafka.stack.restart("kafka")
    was_away_s = time.monotonic() - start
    result = producer.result()
    assert result["acked"] + result["not_sent"] + result["unknown"] == count  # one report each
    if was_away_s < 15:  # messages time out after 20 s; a busy machine may take longer to start a broker
        all_acked(result, count)
    assert result["ready"]
    consumer.until(lambda: len(consumer.numbers) >= result["acked"])
    assert not consumer.said("range")


def test_a_consumer_that_was_frozen_learns_that_it_lost_its_partitions(kafka):
    all_acked(kafka.producer(1_000).result(), 1_000)
    frozen = kafka.consumer()
    frozen.until(lambda: len(frozen.messages) >= 1_000)
    frozen.process.send_signal(signal.SIGSTOP)
    other = kafka.consumer()
    other.until_said("assigned", times=PARTITIONS)  # after session.timeout.ms
    frozen.forget()
    frozen.process.send_signal(signal.SIGCONT)
    assert [words[1] for words in frozen.until_said("revoked", times=PARTITIONS)] == ["lost"] * PARTITIONS
    frozen.until_said("assigned", times=PARTITIONS // 2)  # and it is a member again


def test_leaving_does_not_wait_for_a_frozen_broker(kafka):
    consumer = kafka.consumer()
    consumer.until_said("assigned", times=PARTITIONS)
    kafka.stack.stop("kafka")
    try:
        seconds = consumer.quit()
    finally:
        kafka.stack.cont("kafka")
    assert seconds < 60, seconds
    assert len(consumer.said("revoked")) == PARTITIONS


def test_throughput(kafka, capsys):
    count = 100_000
    produced = kafka.producer(count, size=2048).result()
    all_acked(produced, count)
    consumer = kafka.consumer("hold", f"bench {count}")
    consumer.until_said("held")
    consumer.tell("give")
    _, seconds, cpu_us = consumer.until_said("bench")[0]
    with capsys.disabled():
        print(f"\nkafka, 2 KB values: produced {count / produced['seconds']:,.0f}/s, "
              f"{produced['send_cpu_us']:.2f} µs CPU a send; consumed {count / float(seconds):,.0f}/s, "
              f"{float(cpu_us):.2f} µs CPU a poll")
    assert count / produced["seconds"] > 5_000
    assert count / float(seconds) > 5_000
