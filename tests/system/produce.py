"""Messages into Kafka, one by one and in the order the test wants: Produce v3 with record batches of format 2, acks of all.

    Topic(stack).send(sku, value)
"""
import importlib.util
import pathlib
import struct
import time
import zlib

ADMIN = pathlib.Path(__file__).resolve().parents[2] / "deploy" / "lib" / "kafka_admin.py"
PRODUCE, VERSION = 0, 3
CASTAGNOLI = 0x82F63B78


def load_admin():
    spec = importlib.util.spec_from_file_location("kafka_admin", ADMIN)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


admin = load_admin()


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ CASTAGNOLI * (crc & 1)
    return crc ^ 0xFFFFFFFF


def varint(number):
    """Zigzag, seven bits a byte."""
    number, out = number << 1 ^ number >> 63, b""
    while number > 0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def record_batch(key, value):
    record = b"\0" + varint(0) + varint(0) + varint(len(key)) + key + varint(len(value)) + value + varint(0)
    now_ms = time.time_ns() // 1_000_000
    body = struct.pack(">hiqqqhii", 0, 0, now_ms, now_ms, -1, -1, -1, 1) + varint(len(record)) + record
    checked = struct.pack(">ibI", -1, 2, crc32c(body)) + body
    return struct.pack(">qi", 0, len(checked)) + checked


class Topic:
    def __init__(self, stack, name="flash.orders"):
        self.address, self.name = stack.env["FLASH_KAFKA_BROKERS"], name
        self.partitions = sum(entry[0] == name for entry in admin.metadata(self.address)[1])

    def send(self, sku, value):
        """To the partition where the daemons' producer puts this SKU; returns the offset once the broker has it."""
        key = str(sku).encode()
        batch = record_batch(key, value if isinstance(value, bytes) else value.encode())
        body = struct.pack(">hhii", -1, -1, 10000, 1) + admin.string(self.name)
        body += struct.pack(">iii", 1, zlib.crc32(key) % self.partitions, len(batch)) + batch
        reply = admin.call(self.address, PRODUCE, VERSION, body, 10.0)
        answers = reply.array(lambda: (reply.string(), reply.array(lambda: (
            reply.number("i"), reply.number("h"), reply.number("q"), reply.number("q")))))
        (_, ((_, error, offset, _),)), = answers
        assert error == 0, f"Kafka refuses the message: error {error}"
        return offset
