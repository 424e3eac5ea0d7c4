"""A Kafka topic by hand: bytes into a partition, bytes out of it, its settings changed, the topic deleted and made again.

Speaks the oldest versions that Kafka 4 answers, to a partition's leader: Produce v3, Fetch v4, ListOffsets v1, DeleteTopics v1,
IncrementalAlterConfigs v0, and record batches of format 2 without compression (the engine compresses nothing).
"""
import collections
import pathlib
import struct
import sys
import time

from daemons import until

LIB = pathlib.Path(__file__).resolve().parents[2] / "deploy" / "lib"
sys.path.append(str(LIB))
import kafka_admin  # noqa: E402  (the local stack's own small client)

PRODUCE, FETCH, LIST_OFFSETS, DELETE_TOPICS, ALTER_CONFIGS = 0, 1, 2, 20, 44
OF_TOPIC, SET = 2, 0 # a resource's type, and what is done with a setting
EARLIEST, LATEST = -2, -1
PARTITIONS = 8
BATCH_HEAD = ">qiibIhiqqqhii"
Message = collections.namedtuple("Message", "offset key value headers")
CONFIG = ["message.timestamp.type=CreateTime", "message.timestamp.before.max.ms=25000", "message.timestamp.after.max.ms=5000"]


def crc32c_table():
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


TABLE = crc32c_table()


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def varint(number):
    number = number << 1 ^ number >> 63
    out = b""
    while number & ~0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def take_varint(data, at):
    number = shift = 0
    while True:
        byte = data[at]
        at, number, shift = at + 1, number | (byte & 0x7F) << shift, shift + 7
        if not byte & 0x80:
            return number >> 1 ^ -(number & 1), at


def record(offset, key, value):
    body = b"\0" + varint(0) + varint(offset) + varint(len(key)) + key + varint(len(value)) + value + varint(0)
    return varint(len(body)) + body


def batch(key, values):
    """One record batch, of now."""
    now_ms = int(time.time() * 1000)
    records = b"".join(record(i, key, value) for i, value in enumerate(values))
    body = struct.pack(">hiqqqhii", 0, len(values) - 1, now_ms, now_ms, -1, -1, -1, len(values)) + records
    return struct.pack(">qiibI", 0, len(body) + 9, -1, 2, crc32c(body)) + body


def take_bytes(data, at):
    length, at = take_varint(data, at)
    return (None, at) if length < 0 else (data[at:at + length], at + length)


def messages_of(batches):
    """[Message] of whole batches."""
    found, at, head = [], 0, struct.calcsize(BATCH_HEAD)
    while at + head <= len(batches):
        base, length, _, _, _, attributes, *_, count = struct.unpack_from(BATCH_HEAD, batches, at)
        assert attributes & 7 == 0, "compressed"
        place = at + head
        for _ in range(count):
            _, place = take_varint(batches, place)
            _, place = take_varint(batches, place + 1)  # past the attributes: the time
            offset, place = take_varint(batches, place)
            key, place = take_bytes(batches, place)
            value, place = take_bytes(batches, place)
            number, place = take_varint(batches, place)
            headers = {}
            for _ in range(number):
                name, place = take_bytes(batches, place)
                headers[name.decode()], place = take_bytes(batches, place)
            found.append(Message(base + offset, key, value, headers))
        at += 12 + length
    return found


class KafkaError(RuntimeError):
    """What Kafka answered, as a number."""


def check(error):
    if error:
        raise KafkaError(f"error {error}")


class Topic:
    def __init__(self, stack, name="flash.orders"):
        self.addresses, self.name = stack.env["FLASH_KAFKA_BROKERS"].split(","), name

    def _call(self, api, version, body, partition=None):
        address = self.addresses[0] if partition is None else self.leader(partition)
        return kafka_admin.call(address, api, version, body, 15.0)

    def leader(self, partition):
        """The address of the broker that leads it, by the word of the first that answers."""
        if len(self.addresses) == 1:
            return self.addresses[0]
        for address in self.addresses:
            try:
                brokers, partitions = kafka_admin.metadata(address)
            except OSError:
                continue
            for name, number, _, leader, *_ in partitions:
                if (name, number) == (self.name, partition) and leader in brokers:
                    return brokers[leader]
        raise KafkaError("no leader")

    def _one(self, partition):
        """A list of one topic with one partition, in a request."""
        return struct.pack(">i", 1) + kafka_admin.string(self.name) + struct.pack(">ii", 1, partition)

    def _skip_to_partition(self, reply):
        reply.number("i")
        reply.string()
        reply.number("i")
        reply.number("i")
        check(reply.number("h"))

    def put(self, partition, key, values):
        """Appends the values; returns the offset of the first."""
        data = batch(key, values)
        reply = self._call(PRODUCE, 3, struct.pack(">hhi", -1, -1, 15000) + self._one(partition)
                           + struct.pack(">i", len(data)) + data, partition)
        self._skip_to_partition(reply)
        return reply.number("q")

    def offset(self, partition, which=LATEST):
        reply = self._call(LIST_OFFSETS, 1, struct.pack(">i", -1) + self._one(partition) + struct.pack(">q", which), partition)
        self._skip_to_partition(reply)
        reply.number("q")
        return reply.number("q")

    def ends(self):
        return [self.offset(partition) for partition in range(PARTITIONS)]

    def messages(self, partition, start=0):
        """[Message] from start on, as far as they are committed."""
        found, end = [], self.offset(partition)
        while start < end:
            reply = self._call(FETCH, 4, struct.pack(">iiiib", -1, 1000, 1, 2**24, 0) + self._one(partition)
                               + struct.pack(">qi", start, 2**24), partition)
            reply.number("i")
            self._skip_to_partition(reply)
            reply.number("q"), reply.number("q"), reply.array(lambda: (reply.number("q"), reply.number("q")))
            size = reply.number("i")
            found += messages_of(reply.data[reply.at:reply.at + size])
            start = found[-1].offset + 1
        return found

    def values(self, partition, start=0):
        """[(offset, value)] from start on."""
        return [(message.offset, message.value) for message in self.messages(partition, start)]

    def set(self, name, value):
        """Changes one of its settings; returns once the broker goes by it."""
        body = struct.pack(">ib", 1, OF_TOPIC) + kafka_admin.string(self.name) + struct.pack(">i", 1)
        body += kafka_admin.string(name) + struct.pack(">b", SET) + kafka_admin.string(str(value)) + b"\0"
        reply = self._call(ALTER_CONFIGS, 0, body)
        reply.number("i")
        reply.array(lambda: (check(reply.number("h")), reply.string(), reply.number("b"), reply.string()))

    def delete(self):
        reply = self._call(DELETE_TOPICS, 1, struct.pack(">i", 1) + kafka_admin.string(self.name) + struct.pack(">i", 15000))
        reply.number("i")
        reply.array(lambda: (reply.string(), check(reply.number("h"))))
        until(self._gone, "the topic does not go")

    def _gone(self):
        try:
            return all(found[0] != self.name for found in kafka_admin.metadata(self.addresses[0])[1])
        except OSError:
            return False

    def create(self, config=tuple(CONFIG)):
        until(lambda: self._created(config), "it is not made")
        until(self._answers, "no leaders")

    def _created(self, config):
        try:
            return kafka_admin.create(self.addresses, len(self.addresses), self.name, PARTITIONS, list(config))
        except (OSError, kafka_admin.NotReady):
            return False

    def _answers(self):
        try:
            return self.ends()
        except (OSError, KafkaError):
            return None
