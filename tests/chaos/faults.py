"""What breaks: a class per kind of schedule.FAULTS, each with begin and end, on a rig.

begin and end run in a thread and may block; end comes `for` seconds after begin has come back and leaves everything healed as far as
this fault goes. Rig.heal afterwards mends what is left. A fault that finds its victim gone already does nothing: others are at it.
"""
import contextlib
import os
import random
import resource
import signal
import threading
import time

import pymysql
import redis

from daemons import until
from failover import Replica
from schedule import DAEMONS
from topic import KafkaError, Topic

GONE = (OSError, redis.RedisError, pymysql.MySQLError, KafkaError, ProcessLookupError, AssertionError)
THAWED_S = 1.0
MOMENT_S, SETTLED = 10.0, 8  # a fault waits for its moment no longer; so many entries are worth losing
NARROW, WIDE = 360, 2097152  # bytes: a marker with its headers fits, an entry does not


class Fault:
    def __init__(self, rig, spec, skus):
        self.rig, self.spec, self.skus = rig, spec, skus
        self.rng = random.Random(spec["seed"])

    def begin(self):
        pass

    def end(self):
        pass


# ---- our processes ----

class Kill(Fault):
    how = "kill"

    def begin(self):
        self.rig.end(self.spec["daemon"], self.how)

    def end(self):
        if self.spec["daemon"] not in self.rig.daemons:
            self.rig.start(self.spec["daemon"])


class Term(Kill):
    how = "term"


class Freeze(Fault):
    def _signal(self, number):
        if self.rig.alive(self.spec["daemon"]):
            self.rig.daemons[self.spec["daemon"]].signal(number)

    def begin(self):
        self._signal(signal.SIGSTOP)

    def end(self):
        self._signal(signal.SIGCONT)


class Step(Fault):
    """Killed, or frozen, when it comes to a named step (flash/fault.h)."""

    def begin(self):
        name = self.spec["daemon"]
        self.rig.end(name, "kill")
        freezes = {"FLASH_FAULT_FREEZES": 1} if self.spec["freezes"] else {}
        if name not in self.rig.daemons:
            self.rig.start(name, FLASH_FAULT=f"{self.spec['point']}:{self.spec['times']}", **freezes)

    def end(self):
        name = self.spec["daemon"]
        if name in self.rig.daemons and not self.rig.alive(name):
            self.rig.fired.add(self.spec["point"])
        elif name in self.rig.daemons and self.spec["freezes"]:
            with contextlib.suppress(OSError), open(f"/proc/{self.rig.daemons[name].process.pid}/stat") as stat:
                if stat.read().rpartition(")")[2].split()[0] in "Tt":
                    self.rig.fired.add(self.spec["point"])
            self.rig.daemons[name].signal(signal.SIGCONT)
            time.sleep(THAWED_S)  # it goes on from there, before it is started anew without the step
        self.rig.end(name, "kill")
        self.rig.start(name)


class Files(Fault):
    """No more descriptors than it has, and two."""

    def _limit(self, spare):
        if self.rig.alive(self.spec["daemon"]):
            pid = self.rig.daemons[self.spec["daemon"]].process.pid
            hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)[1]
            soft = len(os.listdir(f"/proc/{pid}/fd")) + spare if spare is not None else hard
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (min(soft, hard), hard))

    def begin(self):
        self._limit(self.rng.choice([0, 2]))

    def end(self):
        self._limit(None)


class Clock(Fault):
    def begin(self):
        self.rig.set_clock(self.spec["daemon"], self.spec["step_s"])

    def end(self):
        self.rig.set_clock(self.spec["daemon"], 0)


class Second(Fault):
    """Another one beside it: of the same group, or without the lease."""

    def begin(self):
        more = {"FLASH_RECONCILER_LEASE": "off"} if self.spec["daemon"] == "reconciler" else {}
        self.daemon = self.rig.launch(self.spec["daemon"], **more)
        self.rig.extra.append(self.daemon)

    def end(self):
        self.rig.end_extra(self.daemon, self.spec["ending"])


class Engines(Fault):
    """A second engine; buyers come to both in turn, with the same keys. In the end it goes, by SIGKILL or in peace."""

    def links(self):
        return {self.rig.network.links["buyers", "engine"]: self.second.port,
                self.rig.network.links["buyers", "internal"]: self.second.internal_port}

    def begin(self):
        self.second = self.rig.launch("engine", FLASH_ENGINE_LISTEN="127.0.0.1:0", FLASH_ENGINE_INTERNAL_LISTEN="127.0.0.1:0")
        self.rig.extra.append(self.second)
        for link, port in self.links().items():
            link.targets.append(port)

    def end(self):
        for link, port in self.links().items():
            link.targets.remove(port)
        self.rig.end_extra(self.second, self.rng.choice(["kill", "term"]))


# ---- the servers ----

class Power(Fault):
    """Everything ends at once, and Redis has lost its end."""

    def begin(self):
        self.rollback = RedisRollback(self.rig, self.spec, self.skus)
        self.rollback.begin()

    def end(self):
        for name in DAEMONS:
            self.rig.end(name, "kill")
        for part in ("kafka", "mariadb"):
            self.rig.stack.kill(part)
        self.rollback.end()
        for part in ("mariadb", "kafka"):
            self.rig.server_up(part)
        for name in DAEMONS:
            self.rig.start(name)


class ServerKill(Fault):
    def begin(self):
        self.rig.stack.kill(self.spec["server"])

    def end(self):
        self.rig.server_up(self.spec["server"])


class ServerFreeze(Fault):
    def begin(self):
        self.rig.stack.stop(self.spec["server"])

    def end(self):
        self.rig.stack.cont(self.spec["server"])


class NetworkLink(Fault):
    def links(self):
        if self.spec["daemon"] == "buyers":
            return [self.rig.network.links["buyers", where] for where in ("engine", "internal")]
        return [self.rig.network.links[self.spec["daemon"], self.spec["server"]]]

    def begin(self):
        for link in self.links():
            link.set(self.spec["mode"], self.spec["delay_s"], self.spec["bytes"])

    def end(self):
        for link in self.links():
            link.heal(abort=self.spec["abort"])


# ---- Redis ----

class RedisFault(Fault):
    @property
    def redis(self):
        return self.rig.stack.redis(socket_timeout=5)


    def number(self, query):
        return int(self.rig.stack.query(query)[0][0])

    def wait_for(self, condition):
        end = time.monotonic() + MOMENT_S
        while not condition() and time.monotonic() < end:
            time.sleep(0.02)

    def wait_until_settled(self):
        """Until some entries more are in the ledger and Redis knows."""
        acked = "SELECT SUM(acked) FROM consumer_progress"
        enough = self.number(acked) + SETTLED
        self.wait_for(lambda: self.number(acked) >= enough)


class RedisFlush(RedisFault):
    def begin(self):
        self.redis.flushall()


class RedisRollback(RedisFault):
    """It comes back as it was when the fault began."""

    def begin(self):
        self.size = self.rig.aof().stat().st_size

    def end(self):
        self.rig.stack.kill("redis")
        aof = self.rig.aof()
        os.truncate(aof, min(self.size, aof.stat().st_size))  # another one may have set it back further
        self.rig.server_up("redis")


class Zombie(RedisRollback):
    """It comes back without what the consumer had settled already, while the consumer hangs in a transaction; that goes on as soon as the
    recovery has raised the generation and set the positions back."""

    RAISED = "SELECT generation FROM generation"

    @property
    def link(self):
        return self.rig.network.links["consumer", "mariadb"]

    def begin(self):
        super().begin()
        before = self.number(self.RAISED)
        self.wait_until_settled()
        self.link.set("stall_up")
        self.wait_for(lambda: self.link.waiting)
        super().end()
        self.wait_for(lambda: self.number(self.RAISED) > before)

    def end(self):
        self.link.heal(abort=False)


class Failover(RedisFault):
    """A replica whose link has stalled becomes the master, and later the old one again."""

    def begin(self):
        self.replica = Replica(self.rig)
        self.replica.link.set("stall_down")
        self.wait_until_settled()

    def end(self):
        self.replica.take_over()
        self.replica.wait(lambda: self.replica.is_sold_at(self.skus), "the new master sells nothing")
        self.replica.give_way()


class RedisFull(RedisFault):
    def begin(self):
        self.redis.config_set("maxmemory", "1mb")

    def end(self):
        self.redis.config_set("maxmemory", "2gb")


class RedisSleep(RedisFault):
    """It does not answer; then somebody's script runs as long, and everybody is told BUSY."""

    SCRIPT = """local function now() local t = redis.call('TIME') return t[1] * 1000000 + t[2] end
        local over = now() + ARGV[1] * 1000000
        while now() < over do end"""

    def begin(self):
        seconds = self.rng.choice([0.3, 1.2])
        self.redis.execute_command("DEBUG", "SLEEP", seconds)
        self.redis.config_set("busy-reply-threshold", 20)
        self.redis.eval(self.SCRIPT, 0, seconds)

    def end(self):
        self.redis.config_set("busy-reply-threshold", 5000)


class RedisScripts(RedisFault):
    def begin(self):
        self.redis.script_flush()


class RedisDisk(RedisFault):
    """Its log cannot grow: with appendfsync always Redis ends itself at the next write."""

    def begin(self):
        pid = self.rig.stack.pid("redis")
        size = self.rig.aof().stat().st_size
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
        self.pid = pid

    def end(self):
        if self.rig.stack.pid("redis") == self.pid:
            with contextlib.suppress(OSError):
                resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        self.rig.server_up("redis")


# ---- the ledger ----

class LedgerFault(Fault):
    """work is called again and again, in a thread, until the end."""

    def root(self, **options):
        return self.rig.stack.mysql(user="root", **options)

    def begin(self):
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.over.is_set():
            try:
                self.work()
            except GONE:
                time.sleep(0.05)

    def end(self):
        self.over.set()
        self.thread.join(20)


class DbReadonly(LedgerFault):
    def begin(self):
        self.set(1)

    def end(self):
        self.set(0)

    def set(self, value):
        with contextlib.closing(self.root()) as root, root.cursor() as cursor:
            cursor.execute(f"SET GLOBAL read_only = {value}")


class DbLocks(LedgerFault):
    """A rival has the rows of stock, as long as it likes."""

    def work(self):
        with contextlib.closing(self.root(autocommit=False)) as root, root.cursor() as cursor:
            cursor.execute("SELECT sku FROM stock WHERE sku IN %s FOR UPDATE", (self.skus,))
            self.over.wait(self.rng.choice([0.2, 1.0, 5.0]))
            root.rollback()
        self.over.wait(0.02)


class DbDeadlocks(LedgerFault):
    """A rival who takes the rows the wrong way round, and two who insert verdicts' keys."""

    def work(self):
        with contextlib.closing(self.root(autocommit=False)) as root, root.cursor() as cursor:
            for sku in sorted(self.skus, reverse=True):
                cursor.execute("SELECT sku FROM stock WHERE sku = %s FOR UPDATE", sku)
                self.over.wait(0.02)
            cursor.execute("SELECT COUNT(*) FROM reservation WHERE sku IN %s FOR UPDATE", (self.skus,))
            root.rollback()
        self.over.wait(0.01)


class DbKill(LedgerFault):
    """Connections are killed, those that commit first of all."""

    def work(self):
        with contextlib.closing(self.root()) as root, root.cursor() as cursor:
            cursor.execute("SELECT id, info FROM information_schema.processlist WHERE user = 'flash'")
            found = cursor.fetchall()
            committing = [number for number, info in found if info and "COMMIT" in info.upper()]
            for number in committing or [number for number, _ in found if self.rng.random() < 0.3]:
                with contextlib.suppress(pymysql.MySQLError):
                    cursor.execute(f"KILL CONNECTION {number}")
        self.over.wait(self.rng.choice([0.005, 0.05, 0.2]))


class DbDisk(Fault):
    """The ledger's disk is full; commits wait for room, and MariaDB looks for it once a minute."""

    def begin(self):
        self.ballast = self.rig.disk / "ballast" if self.rig.disk else None
        if self.ballast:
            with open(self.ballast, "wb", buffering=0) as file:
                for size in (1 << 20, 1 << 12):  # to the last page
                    with contextlib.suppress(OSError):
                        while file.write(bytes(size)) == size:
                            pass
        assert self.ballast, "no disk of its own: nothing may be mounted here"

    def end(self):
        if self.ballast:
            self.ballast.unlink(missing_ok=True)


# ---- Kafka ----

class Narrow(Fault):
    """The topic takes markers and no entries: what is sent is lost."""

    def begin(self):
        self.rig.topic.set("max.message.bytes", NARROW)

    def end(self):
        until(self.widened, "the topic stays narrow")

    def widened(self):
        """False while another fault keeps Kafka away."""
        try:
            Topic(self.rig.stack).set("max.message.bytes", WIDE)
        except (OSError, KafkaError):
            return False
        return True


class Messages(Fault):
    """Messages of the log once more."""

    def found(self):
        """[(partition, key, value)] of our SKUs' entries, oldest first."""
        wanted = {str(sku).encode() for sku in self.skus}
        return [(partition, message.key, message.value) for partition in range(8)
                for message in self.rig.topic.messages(partition, self.rig.starts[partition]) if message.key in wanted]

    def put(self, messages):
        for partition, key, value in messages:
            self.rig.topic.put(partition, key, [value])


class Copies(Messages):
    """Some of them, in any order."""

    def begin(self):
        messages = self.found()
        self.put(self.rng.sample(messages, min(len(messages), 12)))


class OldCopies(Messages):
    """What is open in the journals or was fenced, now and again later: the late message, before and after it was given up."""

    def begin(self):
        self.kept = self.open()
        self.put(self.kept)

    def open(self):
        store = self.rig.stack.redis(socket_timeout=5)
        partitions = {key: partition for partition, key, _ in self.found()}
        found = []
        for sku in self.skus:
            key = str(sku).encode()
            if key in partitions:
                found += [(partitions[key], key, fields[b"e"]) for _, fields in store.xrange(f"flash:{{{sku}}}:journal")]
        return found

    def end(self):
        self.put(self.kept)
        self.rig.late += self.kept + self.open()  # and once more when all is over


class Poison(Messages):
    def begin(self):
        values = [b"", b"{", b'{"v":99,"id":"x"}', b"\xff" * 40, b'{"v":1,"id":"00000000-0000-7000-8000-000000000000","type":"reserve"}']
        self.put([(self.rng.randrange(8), b"1", value) for value in self.rng.sample(values, 3)])
        self.rig.poison += 3


class Rewind(LedgerFault):
    """A consumer is killed and finds itself further back, as after a crash between commit and settle."""

    def begin(self):
        self.rig.end("consumer", "kill")
        with contextlib.closing(self.root()) as root, root.cursor() as cursor:
            cursor.execute("UPDATE consumer_progress SET acked = GREATEST(0, acked - %s), acked_entry = NULL", self.rng.choice([1, 5, 50]))
        if "consumer" not in self.rig.daemons:
            self.rig.start("consumer")

    def end(self):
        pass


KINDS = {
    "kill": Kill, "freeze": Freeze, "term": Term, "step": Step, "server_kill": ServerKill, "server_freeze": ServerFreeze,
    "link": NetworkLink, "redis_flush": RedisFlush, "redis_rollback": RedisRollback, "zombie": Zombie, "power": Power, "engines": Engines, "failover": Failover,
    "redis_full": RedisFull,
    "redis_sleep": RedisSleep, "redis_scripts": RedisScripts, "redis_disk": RedisDisk, "db_readonly": DbReadonly,
    "db_locks": DbLocks, "db_deadlocks": DbDeadlocks, "db_kill": DbKill, "db_disk": DbDisk, "narrow": Narrow, "copies": Copies,
    "old_copies": OldCopies, "poison": Poison, "rewind": Rewind, "clock": Clock, "files": Files, "second": Second,
}
