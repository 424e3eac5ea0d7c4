"""A private Redis for the scripts' contract tests, and one SKU in it.

The server is started once a file, in a folder of its own, on a free port of 127.0.0.1; each test starts empty.
"""
import hashlib
import pathlib
import socket
import subprocess
import tempfile

import pytest
import redis

ROOT = pathlib.Path(__file__).resolve().parents[2]
LUA = ROOT / "lua"
UUID = "019a9999-0000-7000-8000-000000000001"
KEY_NAMES = ("stock", "orders", "users", "due", "journal", "takes", "engines")


def header(name):
    """The leading comment of lua/<name>.lua as {word: text}: KEYS, ARGV, Returns; and 'job', its first line."""
    found, word = {}, None
    for line in (LUA / f"{name}.lua").read_text().splitlines()[1:]:
        if not line.startswith("--"):
            return found
        text = line[2:].strip()
        start, _, rest = text.partition(":")
        if start in ("KEYS", "ARGV", "Returns"):
            word, found[start] = start, rest.strip()
        elif word:
            found[word] += " " + text
        else:
            found["job"] = (found.get("job", "") + " " + text).strip()
    return found


class Refused(Exception):
    """Redis answered with an error reply."""


class Sku:
    """One SKU's keys and the scripts on them, called by EVALSHA as the adapter does."""

    def __init__(self, server, number=42):
        self.redis = server
        self.number = number

    def key(self, name):
        return f"flash:{{{self.number}}}:{name}"

    def run(self, script, *argv):
        text = (LUA / f"{script}.lua").read_bytes()
        keys = [self.key(name) for name in header(script)["KEYS"].split()]
        try:
            return self.redis.evalsha(hashlib.sha1(text).hexdigest(), len(keys), *keys, *argv)
        except redis.exceptions.NoScriptError:
            self.redis.script_load(text)
            return self.run(script, *argv)
        except redis.exceptions.RedisError as error:
            raise Refused(str(error)) from error

    def run_id(self):
        return self.redis.info("server")["run_id"]

    def now_us(self):
        seconds, micros = self.redis.time()
        return seconds * 1000000 + micros

    def open(self, base=100, limit=0, hold=900, generation=1):
        """Loads the SKU and opens its sale, from an hour ago until in an hour."""
        now_ms = self.now_us() // 1000
        assert self.run("load", generation, base, 0, "A thing", 5, self.run_id()) == ["LOADED"]
        assert self.run("sale", generation, 1, now_ms - 3600000, now_ms + 3600000, limit, hold) == ["SET"]

    def reserve(self, *orders, generation=1, uuid=UUID, r=1):
        """orders are (ref, user, quantity); returns the whole answer, with a word for each of them."""
        answer = self.reserve_once(*orders, generation=generation, uuid=uuid, r=r)
        return answer[:5] + answer[5:] * len(orders) if len(answer) == 6 else answer

    def reserve_once(self, *orders, generation=1, uuid=UUID, r=1):
        """The same as the script gives it."""
        lines = ",".join(f'["{ref}","{user}",{quantity}]' for ref, user, quantity in orders)
        return self.run("reserve", generation, uuid, r, lines, *(text for order in orders for text in order))

    def words(self, *orders, **kwargs):
        answer = self.reserve(*orders, **kwargs)
        assert answer[0] == "OK"
        return answer[5:]

    def created(self, *orders):
        """Reserves orders and settles their entry as clean; returns its µs."""
        answer = self.reserve(*orders, r=7)
        assert answer[5:] == ["ACCEPTED"] * len(orders)
        assert self.settle(clean=[f"{answer[2]}-7"]) == ["OK", 0]
        return answer[2]

    def pay(self, *lines, generation=1, uuid=UUID, r=1):
        """lines are (ref, payment); returns the whole answer."""
        return self.run("pay", generation, uuid, r, *[text for line in lines for text in line])

    def release(self, kind, *lines, generation=1, uuid=UUID, r=1):
        """kind is cancel or return; lines are (ref, user); returns the whole answer."""
        return self.run("release", generation, uuid, r, kind, *[text for line in lines for text in line])

    def expire(self, most=256, offset=0, generation=1, uuid=UUID, r=1):
        return self.run("expire", generation, uuid, r, most, offset)

    def make_due(self):
        """From now on orders are due the moment they are made."""
        self.redis.hset(self.key("stock"), "hold", -1000)

    def take(self, reference="t", quantity=1, rests_on="", generation=1, r=1, **more):
        """A negative adjustment; returns the whole answer."""
        return self.run("take", generation, more.get("uuid", UUID), r, reference, more.get("operator", "ops"), quantity,
                        more.get("reason", "broken"), rests_on)

    def inflow(self, number, quantity, reference="", r="", generation=1):
        return self.run("inflow", generation, number, quantity, reference, r)

    def settle(self, clean=(), adopt=(), generation=1):
        """adopt: (id, [(ref, letter, version, quantity, user, due), …]) each."""
        argv = [generation, len(clean), *clean]
        for entry, lines in adopt:
            argv += [entry, len(lines)]
            for line in lines:
                argv += line
        return self.run("settle", *argv)

    def status(self, *refs, sale=0):
        return self.run("status", sale, *refs)

    def record(self, ref):
        return self.redis.hget(self.key("orders"), ref)

    def available(self):
        return int(self.redis.hget(self.key("stock"), "available"))

    def held(self, user):
        return self.redis.hget(self.key("users"), user)

    def due(self):
        return self.redis.zrange(self.key("due"), 0, -1, withscores=True)

    def units_held(self):
        """What all orders hold, summed by the record's letters."""
        records = [record.split(":", 2) for record in self.redis.hgetall(self.key("orders")).values()]
        return sum(int(quantity) for head, quantity, _ in records if head[0] in "ACPKER")

    def snapshot(self, after="-", most=100, ids=(), refs=()):
        return self.run("snapshot", after, most, len(ids), *ids, *refs)

    def journal(self):
        return self.redis.xrange(self.key("journal"))

    def dump(self):
        """Everything there is, for "nothing was changed"."""
        raw = redis.Redis(connection_pool=self.redis.connection_pool.binary)
        return {key: raw.dump(key) for key in raw.keys("*")}


@pytest.fixture(scope="module")
def server():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="flash-lua-") as folder:
        process = subprocess.Popen(
            ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", folder, "--save", ""],
            stdout=subprocess.PIPE, text=True)
        try:
            while "Ready to accept connections" not in (line := process.stdout.readline()):
                assert line, "redis-server did not start"
            client = redis.Redis("127.0.0.1", port, decode_responses=True)
            client.connection_pool.binary = redis.ConnectionPool(host="127.0.0.1", port=port)
            yield client
        finally:
            process.kill()
            process.wait()


@pytest.fixture
def sku(server):
    server.flushall()
    server.config_set("maxmemory", 0)
    return Sku(server)


@pytest.fixture
def full(server):
    """A switch: full(True) puts maxmemory below what is used."""
    yield lambda on: server.config_set("maxmemory", "400kb" if on else 0)
    server.config_set("maxmemory", 0)
