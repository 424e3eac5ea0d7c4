"""TCP proxies between every daemon and every server, and what a network can do to a connection.

    with Network() as network:
        link = network.link("engine", "redis", port)     link.port is where the daemon connects to
        link.set("stall_down"); …; link.heal(abort=True)

delay       every piece is this late, both ways             refuse      new connections are reset
stall       nothing gets through any more, either way: half-open; stall_up, stall_down: towards the server, the client
cut         all connections are reset, once                 cut_after   after so many more bytes from the server
cut_word    when a word that decides passes to the server: it is delivered, and the answer is not
late_word   such a word is delayed, and nothing else
What was held back arrives after heal(abort=False), however late; after heal(abort=True) its connection is reset.
"""
import asyncio
import socket
import threading

CHUNK = 65536
UP, DOWN = "up", "down"
STALLS = {"stall": (UP, DOWN), "stall_up": (UP,), "stall_down": (DOWN,)}
WORDS = (b"COMMIT", b"EVALSHA")


class Link:
    def __init__(self, network, target):
        self.network, self.targets, self.pairs = network, [target], set()  # connections go to them in turn
        self.delay_s, self.late_s, self.held, self.left, self.words, self.refuses = 0.0, 0.0, (), None, False, False
        self.moved = asyncio.Event()
        self.port = None
        self.server = None
        self.bytes, self.waiting = {UP: 0, DOWN: 0}, 0

    async def open(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]

    async def serve(self, reader, writer):
        if self.refuses:
            writer.transport.abort()
            return
        try:
            self.targets.append(self.targets.pop(0))
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.targets[-1])
        except OSError:
            writer.transport.abort()
            return
        for stream in (writer, up_writer):
            stream.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        pair = (writer, up_writer)
        self.pairs.add(pair)
        try:
            await asyncio.gather(self.pump(reader, up_writer, UP, pair), self.pump(up_reader, writer, DOWN, pair))
        finally:
            self.abort(pair)

    async def pump(self, reader, writer, way, pair):
        try:
            while data := await reader.read(CHUNK):
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                if self.late_s and way == UP and any(word in data for word in WORDS):
                    await asyncio.sleep(self.late_s)
                self.waiting += way in self.held
                while way in self.held and pair in self.pairs:
                    await self.moved.wait()
                self.bytes[way] += len(data)
                if way == DOWN and self.left is not None:
                    data, self.left = data[:max(0, self.left)], self.left - len(data)
                writer.write(data)
                await writer.drain()
                if way == UP and self.words and any(word in data for word in WORDS) or way == DOWN and (self.left or 0) < 0:
                    self.left = None
                    await asyncio.sleep(0)
                    self.abort(pair)
        except (OSError, asyncio.IncompleteReadError):
            pass
        self.abort(pair)

    def abort(self, pair):
        self.pairs.discard(pair)
        for writer in pair:
            writer.transport.abort()

    def abort_all(self):
        for pair in list(self.pairs):
            self.abort(pair)
        self.touch()

    def touch(self):
        self.moved.set()
        self.moved = asyncio.Event()

    def is_broken(self):
        return bool(self.delay_s or self.late_s or self.held or self.words or self.refuses or self.left is not None)

    def _set(self, mode, delay_s, size):
        self.waiting = 0  # pieces held back since
        self.delay_s = delay_s if mode == "delay" else 0.0
        self.late_s = delay_s if mode == "late_word" else 0.0
        self.held = STALLS.get(mode, ())
        self.left = size if mode == "cut_after" else None
        self.words, self.refuses = mode == "cut_word", mode == "refuse"
        if mode in ("cut", "refuse"):
            self.abort_all()
        self.touch()

    def set(self, mode, delay_s=0.1, size=1000):
        self.network.run(lambda: self._set(mode, delay_s, size))

    def heal(self, abort=True):
        self.network.run(lambda: (self._set("", 0, 0), self.abort_all() if abort else None))


class Network:
    """All proxies, in one thread of their own."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.links = {}
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exc):
        self.run(lambda: [link.abort_all() for link in self.links.values()])
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()

    def run(self, call):
        async def calling():
            return call()
        return asyncio.run_coroutine_threadsafe(calling(), self.loop).result(10)

    def link(self, client, server, target):
        link = Link(self, target)
        asyncio.run_coroutine_threadsafe(link.open(), self.loop).result(10)
        self.links[client, server] = link
        return link

    def heal(self):
        """What some fault has left; connections of the others go on."""
        for link in self.links.values():
            if link.is_broken():
                link.heal(abort=True)
