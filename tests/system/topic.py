"""A Kafka topic by hand: bytes into a partition, bytes out of it, the topic deleted and made again.

Speaks the oldest versions that Kafka 4 answers, to a single broker: Produce v3, Fetch v4, ListOffsets v1, DeleteTopics v1, and
record batches of format 2 without compression (the engine compresses nothing).
"""
import pathlib
import struct
import sys
import time

from daemons import until

LIB = pathlib.Path(__file__).resolve().parents[2] / "deploy" / "lib"
sys.path.append(str(LIB))
import kafka_admin  # noqa: E402  (the local stack's own small client)

PRODUCE, FETCH, LIST_OFFSETS, DELETE_TOPICS = 0, 1, 2, 20
EARLIEST, LATEST = -2, -1
PARTITIONS = 8
BATCH_HEAD = ">qiibIhiqqqhii"
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


def values_of(batches):
    """[(offset, value)] of whole batches."""
    found, at, head = [], 0, struct.calcsize(BATCH_HEAD)
    while at + head <= len(batches):
        base, length, _, _, _, attributes, *_, count = struct.unpack_from(BATCH_HEAD, batches, at)
        assert attributes & 7 == 0, "compressed"
        place = at + head
        for _ in range(count):
            _, place = take_varint(batches, place)
            _, place = take_varint(batches, place + 1)  # past the attributes: the time
            offset, place = take_varint(batches, place)
            fields = []
            for _ in range(2):
                length_of, place = take_varint(batches, place)
                fields.append(None if length_of < 0 else batches[place:place + length_of])
                place += max(length_of, 0)
            headers, place = take_varint(batches, place)
            for _ in range(headers * 2):
                length_of, place = take_varint(batches, place)
                place += max(length_of, 0)
            found.append((base + offset, fields[1]))
        at += 12 + length
    return found


class KafkaError(RuntimeError):
    """What Kafka answered, as a number."""


def check(error):
    if error:
        raise KafkaError(f"error {error}")


class Topic:
    def __init__(self, stack, name="flash.orders"):
        self.address, self.name = stack.env["FLASH_KAFKA_BROKERS"], name

    def _call(self, api, version, body):
        return kafka_admin.call(self.address, api, version, body, 15.0)

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
                           + struct.pack(">i", len(data)) + data)
        self._skip_to_partition(reply)
        return reply.number("q")

    def offset(self, partition, which=LATEST):
        reply = self._call(LIST_OFFSETS, 1, struct.pack(">i", -1) + self._one(partition) + struct.pack(">q", which))
        self._skip_to_partition(reply)
        reply.number("q")
        return reply.number("q")

    def ends(self):
        return [self.offset(partition) for partition in range(PARTITIONS)]

    def values(self, partition, start=0):
        """[(offset, value)] from start on."""
        found, end = [], self.offset(partition)
        while start < end:
            reply = self._call(FETCH, 4, struct.pack(">iiiib", -1, 1000, 1, 2**24, 0) + self._one(partition)
                               + struct.pack(">qi", start, 2**24))
            reply.number("i")
            self._skip_to_partition(reply)
            reply.number("q"), reply.number("q"), reply.array(lambda: (reply.number("q"), reply.number("q")))
            size = reply.number("i")
            found += values_of(reply.data[reply.at:reply.at + size])
            start = found[-1][0] + 1
        return found

    def delete(self):
        reply = self._call(DELETE_TOPICS, 1, struct.pack(">i", 1) + kafka_admin.string(self.name) + struct.pack(">i", 15000))
        reply.number("i")
        reply.array(lambda: (reply.string(), check(reply.number("h"))))
        until(lambda: all(found[0] != self.name for found in kafka_admin.metadata(self.address)[1]), "the topic does not go")

    def create(self):
        kafka_admin.create([self.address], 1, self.name, PARTITIONS, CONFIG)
        until(self._answers, "no leaders")

    def _answers(self):
        try:
            return self.ends()
        except KafkaError:
            return None
