"""Buyers: many orders over many keep-alive connections, and the record of every call and its answer.

    calls = buy(engine.port, [Order("u1", "key-1", 2), …], sku=42)
    with Crowd(engine.port, orders(), sku=42, rate=1000) as crowd: …     in the background; then crowd.calls

A call whose answer did not come has status None: whether the order was made is unknown, and a repeat with the same key tells.
Nothing here repeats by itself.
"""
import asyncio
import collections
import dataclasses
import json
import threading
import time

CONNECTIONS = 64
PATIENCE_S = 60
RECONNECT_S = 0.05

Order = collections.namedtuple("Order", "user key quantity")


@dataclasses.dataclass
class Call:
    """One request as its sender saw it; times are of time.monotonic()."""
    sku: int
    order: Order
    started: float
    ended: float = 0.0
    status: int = None
    headers: dict = dataclasses.field(default_factory=dict)
    body: dict = dataclasses.field(default_factory=dict)

    @property
    def word(self):
        """accepted, unknown, or the slug of the refusal."""
        if self.status is None:
            return "unknown"
        return "accepted" if self.status == 202 else self.body["type"].rpartition("/")[2]


def encode(order, sku):
    body = json.dumps({"sku": str(sku), "quantity": order.quantity}).encode()
    return (f"POST /v1/orders HTTP/1.1\r\nHost: shop\r\nX-User-Id: {order.user}\r\nIdempotency-Key: {order.key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n").encode() + body


async def read_answer(reader):
    """(status, headers in lower case, body) of one answer."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return int(head[0].split()[1]), headers, json.loads(body or b"null")


class Shoppers:
    """One run: connections take the orders one by one, each waits for its answer."""

    def __init__(self, port, orders, sku):
        self.port, self.sku, self.waiting, self.calls = port, sku, collections.deque(orders), []

    async def call(self, streams, order):
        call = Call(self.sku, order, time.monotonic())
        self.calls.append(call)
        try:
            streams[1].write(encode(order, self.sku))
            call.status, call.headers, call.body = await asyncio.wait_for(read_answer(streams[0]), PATIENCE_S)
        except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError):
            pass  # unknown
        call.ended = time.monotonic()
        return call.status is not None and call.headers.get("connection") != "close"

    async def shop(self):
        """Ends when no order waits, or when nobody listens any more: then the orders left are not sent."""
        streams = None
        while self.waiting:
            try:
                streams = streams or await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                return
            if not self.waiting or not await self.call(streams, self.waiting.popleft()):
                streams[1].transport.abort()
                streams = None
        if streams:
            streams[1].close()

    async def run(self, connections):
        await asyncio.gather(*(self.shop() for _ in range(min(connections, len(self.waiting)))))
        return self.calls


def buy(port, orders, sku, connections=CONNECTIONS):
    """[Call], in the order they were begun."""
    return asyncio.run(Shoppers(port, orders, sku).run(connections))


class Crowd(Shoppers):
    """Buyers in a thread of their own: an endless row of orders at a pace, for as long as the with block lasts. Whether the engine
    is there or not, they go on."""

    def __init__(self, port, orders, sku, rate):
        super().__init__(port, (), sku)
        self.orders, self.pause_s, self.over = orders, CONNECTIONS / rate, threading.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self.all_shop()))

    async def shop(self):
        streams = None
        while not self.over.is_set():
            begun = time.monotonic()
            try:
                streams = streams or await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                await asyncio.sleep(RECONNECT_S)
                continue
            if not await self.call(streams, next(self.orders)):
                streams[1].transport.abort()
                streams = None
            await asyncio.sleep(max(0, self.pause_s - (time.monotonic() - begun)))
        if streams:
            streams[1].close()

    async def all_shop(self):
        await asyncio.gather(*(self.shop() for _ in range(CONNECTIONS)))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exc):
        self.over.set()
        self.thread.join()

    def accepted(self):
        """How many orders so far."""
        return sum(call.status == 202 for call in list(self.calls))
