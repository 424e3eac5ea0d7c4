"""Many HTTP requests at the same moment, from one asyncio loop over many connections.

    answers = volley(engine, [Request(True, "POST", "/v1/orders/7.a/pay", {"payment_id": "p-1"}), …])

One request is in flight on each connection, the next one goes out when its answer is in; each listener's requests go out in
the order given, so neighbours in the list race. An answer that never came has status 0.
"""
import asyncio
import collections
import itertools
import json

Request = collections.namedtuple("Request", "internal method path body user", defaults=(None, "tester"))
CONNECTIONS = 48 # to each listener
LOST = (0, {})


def encode(request):
    body = b"" if request.body is None else json.dumps(request.body).encode()
    kind = "Content-Type: application/json\r\n" if body else ""
    return (f"{request.method} {request.path} HTTP/1.1\r\nHost: t\r\nX-User-Id: {request.user}\r\n{kind}"
            f"Content-Length: {len(body)}\r\n\r\n").encode() + body


class Line(asyncio.Protocol):
    """One connection: takes the next of the waiting requests whenever it is free."""

    def __init__(self, flight, waiting):
        self.flight, self.waiting, self.buffer, self.current, self.transport = flight, waiting, b"", None, None

    def connection_made(self, transport):
        self.transport = transport

    def take(self):
        self.current = self.waiting.popleft() if self.waiting else None
        if self.current is not None:
            self.transport.write(encode(self.flight.requests[self.current]))

    def data_received(self, data):
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        at = self.buffer.lower().find(b"content-length:", 0, end)
        whole = end + 4 + int(self.buffer[at + 15:self.buffer.find(b"\r", at)])
        if len(self.buffer) >= whole:
            status, body, index = int(self.buffer[9:12]), self.buffer[end + 4:whole], self.current
            self.buffer = self.buffer[whole:]
            self.take()
            self.flight.answered(index, (status, json.loads(body)))

    def connection_lost(self, error):
        self.flight.lost(self)
        if self.current is not None:
            self.flight.answered(self.current, LOST)


class Flight:
    """The requests of one volley and what became of them."""

    def __init__(self, requests, follow):
        self.requests, self.follow, self.answers, self.parents = list(requests), follow, [None] * len(requests), {}
        self.waiting = {internal: collections.deque(i for i, r in enumerate(requests) if r.internal == internal)
                        for internal in (False, True)}
        self.open, self.lines, self.over = len(requests), [], asyncio.get_running_loop().create_future()

    def answered(self, index, answer):
        parent = self.parents.get(index)
        more = self.follow(index, answer) if self.follow and parent is None else None
        self.answers[index if parent is None else parent] = answer
        if more:
            asyncio.get_running_loop().call_later(more[0], self.add, more[1], index)
        else:
            self.open -= 1
        if not self.open and not self.over.done():
            self.over.set_result(None)

    def add(self, request, parent):
        """One request more, as the next one."""
        self.waiting[request.internal].appendleft(len(self.requests))
        self.parents[len(self.requests)] = parent
        self.requests.append(request)
        for line in self.lines:
            if line.current is None and line.waiting is self.waiting[request.internal]:
                line.take()
                return

    def lost(self, line):
        """With its last connection a listener's other requests are lost too."""
        self.lines.remove(line)
        if not any(other.waiting is line.waiting for other in self.lines):
            for index in list(line.waiting):
                self.answered(index, LOST)
            line.waiting.clear()

    async def go(self, ports):
        loop = asyncio.get_running_loop()
        for internal, waiting in self.waiting.items():
            wanted = CONNECTIONS if self.follow else min(CONNECTIONS, len(waiting))
            for _ in range(wanted):
                line = Line(self, waiting)
                self.lines.append(line)
                try:
                    await loop.create_connection(lambda line=line: line, "127.0.0.1", ports[internal])
                except OSError:
                    self.lost(line)
        for pair in itertools.zip_longest(*([line for line in self.lines if line.waiting is each] for each in self.waiting.values())):
            for line in filter(None, pair):
                line.take()
        if self.open:
            await self.over
        for line in list(self.lines):
            line.current = None
            line.transport.abort()
        return self.answers


async def volley_async(engine, requests, follow=None):
    """As volley, within a loop that does other things too."""
    requests = list(requests)
    return await Flight(requests, follow).go((engine.port, engine.internal_port)) if requests else []


def volley(engine, requests, follow=None):
    """[(status, JSON)] in the order of the requests. follow(index, answer) may return (seconds, request): one request more, so
    much later, whose answer takes the place of the first."""
    return asyncio.run(volley_async(engine, requests, follow))
