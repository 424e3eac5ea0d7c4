"""The race table of docs/ORDER-STATES.md as Python objects, and the ground it is run on: a stack, the daemons, two SKUs.

Orders of the SKU `slow` have half an hour to be paid, those of `brief` a second; reconcilers expire only when told to.
"""
import collections
import contextlib
import itertools
import pathlib
import re
import signal
import time
import uuid

from daemons import running, until
from volley import Request, volley

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "ORDER-STATES.md"
COLUMNS = ["race", "begins as", "first", "then", "first is told", "then is told", "ends as", "version", "units", "log", "refunds"]
HTTP = {"order", "cancel", "release", "pay p1", "pay p2", "pay p8", "pay p9"}
SERVERS = {"expire", "fence", "apply"}
BASE = 1_000_000
LIMIT = 2

Cell = collections.namedtuple("Cell", "race begins first then first_told then_told ends version units log refunds")


def read_table():
    """The rows of the page's table of races, in order."""
    lines = PAGE.read_text().splitlines()
    start = lines.index("| " + " | ".join(COLUMNS) + " |")
    rows = itertools.takewhile(lambda line: line.startswith("|"), lines[start + 2:])
    return [Cell(*(word.strip() for word in line.strip("|").split(" | "))) for line in rows]


def listed(text):
    return [] if text == "–" else text.split(", ")


def choices(text):
    """What `409 CANCELLING / CANCELLED, refund due` allows: (before the ledger has met the first, after)."""
    match = re.fullmatch(r"(.*?)(\w+) / (\w+)(.*)", text)
    return (match[1] + match[2] + match[4], match[1] + match[3] + match[4]) if match else (text, text)


class Placed:
    """One order of a test: the cell or the race it is in, and what its two sides were told."""

    def __init__(self, sku, ref, user, cell):
        self.sku, self.ref, self.user, self.cell = sku, ref, user, cell
        self.id = f"{sku}.{ref}"
        self.entry = None  # of a lost one: (uuid, stream id)
        self.told = [None, None]

    def request(self, verb):
        word, _, payment = verb.partition(" ")
        if word == "pay":
            return Request(True, "POST", f"/v1/orders/{self.id}/pay", {"payment_id": payment})
        if word == "cancel":
            return Request(False, "POST", f"/v1/orders/{self.id}/cancel", None, self.user)
        body = {"product_id": str(self.sku), "order_id": self.ref}
        if word == "release":
            return Request(True, "POST", "/inventory/release", body)
        assert word == "order", verb
        return Request(True, "POST", "/inventory/reserve", {**body, "user_id": self.user, "quantity": 1})


def spoken(answer):
    """An answer in the table's words."""
    status, body = answer
    if status in (200, 202):
        return f"{status} {body['status']}"
    assert status == 409, answer
    assert body["type"] == "/problems/" + ("not-created-yet" if body["state"] == "QUEUED" else "wrong-state"), body
    return f"409 {body['state']}{', refund due' if body['refund_due'] else ''}"


class Ground:
    """Everything runs; slow and brief are on sale."""

    def __init__(self, stack, start):
        self.stack, self.start, self.numbers = stack, start, itertools.count(1)
        self.engine, self.consumer, admin = start("engine"), start("consumer"), start("admin")
        self.reconcilers = [start("reconciler", "run", ready=False, FLASH_RECONCILER_EXPIRY_INTERVAL="1h",
                                  FLASH_RECONCILER_EXPIRY_RATE=5000, FLASH_RECONCILER_RECOVER="off") for _ in range(2)]
        self.redis = stack.redis(decode_responses=True)
        self.slow, self.brief = 501, 502
        for sku, hold in ((self.slow, 1800), (self.brief, 1)):
            put_sale(admin, sku, hold)
        self.skus = [self.slow, self.brief]
        for daemon in self.reconcilers:
            until(lambda daemon=daemon: daemon.metric("flash_reconciler_skus") == 2, "the sales are not known")
            self.expire(daemon)

    def send(self, requests):
        """Answers; whoever was told 503 (Redis had just gone) asks again until there is an answer, as a client does."""
        requests = list(requests)
        answers = volley(self.engine, requests)

        def settled():
            again = [i for i, (status, _) in enumerate(answers) if status == 503]
            for i, answer in zip(again, volley(self.engine, [requests[i] for i in again])):
                answers[i] = answer
            return not again
        until(settled, "503 for ever")
        return answers

    def place(self, cells, sku):
        """An order for each of the cells, not sent; two to a user, so that each is at the limit."""
        return [Placed(sku, f"o{n}", f"u{(n - 1) // LIMIT}", cell) for n, cell in zip(self.numbers, cells)]

    def create(self, orders):
        answers = self.send(order.request("order") for order in orders)
        assert {status for status, _ in answers} <= {202}, answers[:3]

    def until_created(self, orders):
        """The ledger has them all and Redis knows."""
        skus = {order.sku for order in orders}
        until(lambda: not any(self.redis.xlen(f"flash:{{{sku}}}:journal") for sku in skus), "the journal does not become empty")

    def run(self, script, sku, *arguments):
        return self.prepare(script, self.redis)(sku, *arguments)

    def prepare(self, script, redis):
        """The script by its file as a function of SKU and ARGV, as the adapter calls it."""
        text = (ROOT / "lua" / f"{script}.lua").read_text()
        names = text.split("-- KEYS: ", 1)[1].split("\n", 1)[0].split()
        sha = self.redis.script_load(text)
        return lambda sku, *arguments: redis.evalsha(sha, len(names), *(f"flash:{{{sku}}}:{name}" for name in names), *arguments)

    def lose(self, orders):
        """Accepts orders as an engine does that dies before it publishes: an entry each, in the journal only."""
        with self.redis.pipeline(transaction=False) as pipe:
            reserve = self.prepare("reserve", pipe)
            for order in orders:
                name = new_entry()
                order.entry = (name, f"{name.int & (2 ** 64 - 1)}")
                reserve(order.sku, 1, str(name), order.entry[1], f'["{order.ref}","{order.user}",1]', order.ref, order.user, 1)
            for order, answer in zip(orders, pipe.execute()):
                assert answer[0] == "OK" and answer[5] == "ACCEPTED", answer
                order.entry = (name_of(answer[1]), f"{answer[2]}-{order.entry[1]}")

    def fence(self, orders):
        """The ledger's half of a compensation (DESIGN §9.1), committed; its settles are returned, to be called one by one."""
        now_ms = time.time_ns() // 1_000_000
        connection = self.stack.mysql(autocommit=False)
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO verdict (entry_id, type, verdict, clean, sku, stream_us, generation, due, line_count, partition_no,"
                " kafka_offset, owner, applied_at_ms) VALUES (%s, 1, 2, 0, %s, %s, 1, 0, 1, -1, -1, 0, %s)",
                [(order.entry[0].bytes, order.sku, order.entry[1].split("-")[0], now_ms) for order in orders])
            cursor.executemany(
                "INSERT INTO reservation (order_id, sku, user_id, qty, state, version, due, entry_id, line_no, updated_at_ms)"
                " VALUES (%s, %s, %s, 1, 6, 1, 0, %s, 0, %s)",
                [(order.id, order.sku, order.user, order.entry[0].bytes, now_ms) for order in orders])
        connection.commit()
        connection.close()
        settle = self.prepare("settle", self.redis)
        return [lambda order=order: settle(order.sku, 1, 0, order.entry[1], 1, order.ref, "L", 1, 1, order.user, 0)
                for order in orders]

    def compensate(self, orders):
        for settle in self.fence(orders):
            assert settle() == ["OK", 0]

    def until_due(self, orders):
        last = max(int(record.split(":")[3]) for record in self.redis.hmget(
            f"flash:{{{self.brief}}}:orders", [order.ref for order in orders])) if orders else 0
        until(lambda: self.redis.time()[0] >= last, "time stands still")

    def expire(self, daemon=None):
        """One whole pass; returns how many orders it took."""
        def passed():
            status, _, answer = (daemon or self.reconcilers[0]).ask("POST", "/v1/expiry/pass")
            return [answer["expired"]] if status == 200 and answer["complete"] else None
        return until(passed, "no pass is complete")[0]

    @contextlib.contextmanager
    def frozen_consumer(self, frozen=True):
        """The ledger meets nothing meanwhile."""
        if frozen:
            self.consumer.signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.consumer.signal(signal.SIGCONT)

    def replace_consumer(self):
        """SIGKILL, and another one."""
        self.consumer.kill()
        self.consumer = self.start("consumer")

    def restart_redis(self):
        self.stack.kill("redis")
        self.stack.restart("redis")
        run_id = self.redis.info("server")["run_id"]
        for sku in self.skus:  # nothing was lost: the races are not to wait for a recovery
            assert self.run("gate", sku, 1, run_id, "") == ["OPEN"]
        until(self.engine.is_ready, self.engine.troubles)


def new_entry():
    """A UUIDv7, as an engine names its entries."""
    return uuid.UUID(int=(time.time_ns() // 1_000_000 << 80) | 7 << 76 | (uuid.uuid4().int & ((1 << 76) - 1)) & ~(3 << 62) | 2 << 62)


def name_of(entry):
    return uuid.UUID(re.search(r'"id":"([^"]+)"', entry)[1])


def put_sale(admin, sku, hold, units=BASE, limit=LIMIT):
    """A new SKU on sale for years."""
    made = admin.ask("POST", "/inventory", {"product_id": str(sku), "quantity": units})
    assert made[0] == 201, made
    made = admin.ask("PUT", f"/v1/sales/{sku}", {"starts_at": "2020-01-01T00:00:00Z", "ends_at": "2090-01-01T00:00:00Z",
                                                 "per_user_limit": limit, "hold_seconds": hold})
    assert made[0] == 201, made


@contextlib.contextmanager
def ground(stack):
    with contextlib.ExitStack() as all_of_them:
        def start(name, *arguments, **settings):
            return all_of_them.enter_context(running(stack, name, *arguments, **settings))

        yield Ground(stack, start)
