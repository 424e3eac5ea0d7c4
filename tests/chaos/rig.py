"""A whole shop that can be broken: a private stack, our four daemons, a proxy on every link, another clock for each process.

    with Rig(folder, build) as rig:
        rig.start("engine"); rig.kill("engine"); rig.link("engine", "redis").set("stall")

The daemons' endpoints are the proxies'; the test's own clients (rig.stack) go straight to the servers. Kafka has a listener for each
daemon, so that what it advertises is that daemon's proxy. One rig serves many seeds: each has SKUs of its own.
"""
import contextlib
import os
import pathlib
import signal
import struct
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests" / "system"))

from daemons import Daemon, until  # noqa: E402
from ports import free_port  # noqa: E402
from proxy import Network  # noqa: E402
from schedule import DAEMONS, LINKS  # noqa: E402
from stack import Stack, StackError, run_local  # noqa: E402
from topic import PARTITIONS, Topic  # noqa: E402

VERBS = {"reconciler": ["run"]}
# A tenth of the defaults and less: what takes a minute in a shop takes seconds here.
TOPIC_MS = {"message.timestamp.before.max.ms": 1200, "message.timestamp.after.max.ms": 500}
THRESHOLDS = {
    "reconciler": {"FLASH_RECONCILER_INTERVAL": "300ms", "FLASH_RECONCILER_SETTLE_AFTER": "500ms",
                   "FLASH_RECONCILER_PROOF_AFTER": "2s", "FLASH_RECONCILER_COMPENSATE_AFTER": "3s",
                   "FLASH_RECONCILER_STUCK_AFTER": "4s", "FLASH_RECONCILER_GUARD_FLOOR": "100000",
                   "FLASH_RECONCILER_EXPIRY_INTERVAL": "300ms", "FLASH_RECONCILER_RECOVER_INTERVAL": "300ms",
                   "FLASH_RECONCILER_OPEN_AFTER": "3s", "FLASH_RECONCILER_LOSS_WINDOW": "10s",
                   "FLASH_RECONCILER_AUDIT_INTERVAL": "300ms", "FLASH_RECONCILER_AUDIT_FULL_INTERVAL": "2s"},
    "engine": {"FLASH_ENGINE_WORKERS": 2},
    "consumer": {}, "admin": {},
}
ALL = {"FLASH_MYSQL_QUERY_TIMEOUT": "3s", "FLASH_MYSQL_CONNECT_TIMEOUT": "1s", "FLASH_LOG_LEVEL": "info"}
ONE_BY_ONE = ["--set", "kafka.producer.batch.num.messages=1"]  # each message is judged alone when the topic refuses some
RESTART_S = 180
DISK = "900m"


class View:
    """The stack as one daemon sees it: through its proxies."""

    def __init__(self, rig, name):
        self.rig, self.name = rig, name

    def daemon_env(self, **more):
        ports = {server: self.rig.network.links[self.name, server].port for server in ("redis", "kafka", "mariadb")
                 if (self.name, server) in self.rig.network.links}
        env = {"FLASH_REDIS_PORT": ports["redis"], "FLASH_KAFKA_BROKERS": f"127.0.0.1:{ports['kafka']}",
               "FLASH_MYSQL_PORT": ports.get("mariadb", 1), "FLASH_MYSQL_SOCKET": "", **self.rig.clock_env(self.name)}
        return self.rig.stack.daemon_env(**env, **more)

    def ledger_account(self, name):
        return self.rig.stack.ledger_account(name)


class Rig:
    def __init__(self, folder, build):
        self.folder, self.build = pathlib.Path(folder).resolve(), pathlib.Path(build)
        self.stack, self.network = Stack(self.folder / "stack"), Network()
        self.daemons, self.extra, self.ports, self.wanted, self.ended = {}, [], {}, {}, []
        self.skew, self.replicas = {}, []
        self.next_sku, self.disk, self.watch = 1000, None, None

    def __enter__(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        self.watch = subprocess.Popen([ROOT / "tests" / "chaos" / "watch.py", self.folder], stdin=subprocess.PIPE,
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        self.network.__enter__()
        try:
            self.up()
            return self
        except BaseException:
            self.close()
            raise

    def __exit__(self, *exc):
        self.close()

    def make_disk(self):
        """The ledger's own small disk, where this process may make one: without it, it cannot be full."""
        folder = self.stack.folder
        for name in ("log", "run", "ports", "mariadb"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / "stack.conf").write_text("BROKERS=1\nAPPENDFSYNC=always\n")
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "chaos", folder / "mariadb"], capture_output=True, check=False)
        self.disk = folder / "mariadb" if done.returncode == 0 else None

    def up(self):
        self.make_disk()
        self.stack.up()
        for name in (*DAEMONS, "redis"):
            self.skew[name] = self.folder / f"clock-{name}"
            self.skew[name].write_bytes(struct.pack("<q", 0))
        self.make_listeners()
        self.restart_server("redis")  # now with a clock of its own
        self.topic = Topic(self.stack)
        for name, value in TOPIC_MS.items():
            self.topic.set(name, value)
        for name in DAEMONS:
            self.start(name)
        for where in ("engine", "internal"):
            self.network.link("buyers", where, self.ports[where])
        for name in DAEMONS:
            until(self.daemons[name].is_ready, self.daemons[name].troubles, RESTART_S)

    def make_listeners(self):
        """A listener of the broker for each daemon, advertised as that daemon's proxy."""
        part = self.stack.folder / "kafka1" / "server.properties"
        text = part.read_text()
        old = next(line for line in text.splitlines() if line.startswith("listeners="))[len("listeners="):]
        names, advertised = [], [piece for piece in old.split(",") if piece.startswith("PLAINTEXT")]
        for daemon, server in LINKS:
            target = {"redis": "FLASH_REDIS_PORT", "mariadb": "FLASH_MYSQL_PORT"}.get(server)
            port = int(self.stack.env[target]) if target else free_port()
            link = self.network.link(daemon, server, port)
            if server == "kafka":
                names.append(f"{daemon.upper()}://127.0.0.1:{port}")
                advertised.append(f"{daemon.upper()}://127.0.0.1:{link.port}")
        protocols = ",".join(f"{piece.partition(':')[0]}:PLAINTEXT" for piece in [*old.split(","), *names])
        part.write_text(f"{text}\nlisteners={','.join([old, *names])}\nadvertised.listeners={','.join(advertised)}\n"
                        f"listener.security.protocol.map={protocols}\ninter.broker.listener.name=PLAINTEXT\n"
                        "message.max.bytes=2097252\n")
        self.stack.restart("kafka")

    # ---- clocks ----

    def clock_env(self, name):
        library = pathlib.Path(os.environ["FLASH_BUILD"]) / "tests" / "chaos" / "libflash_skew.so"  # Redis gets it too: no sanitizer
        return {"LD_PRELOAD": library, "FLASH_SKEW_FILE": self.skew[name]}

    def set_clock(self, name, seconds):
        with open(self.skew[name], "r+b") as file:
            file.write(struct.pack("<q", int(seconds * 1000000)))

    # ---- servers ----

    def restart_server(self, name):
        if name != "redis":
            return self.stack.restart(name)
        old = dict(os.environ)
        os.environ.update({key: str(value) for key, value in self.clock_env(name).items()})
        try:
            run_local("restart", "redis", "--dir", self.stack.folder)
        finally:
            os.environ.clear()
            os.environ.update(old)

    def server_up(self, name, statuses=None):
        """Thawed, and running."""
        part = {"kafka": "kafka1"}.get(name, name)
        status = (statuses or self.stack.status())[part]
        if status[0] is None:
            self.restart_server(name)
        elif "SIGSTOP" in status[2]:
            self.stack.cont(part)

    def aof(self):
        return max((self.stack.folder / "redis" / "appendonlydir").glob("*.incr.aof"))

    # ---- daemons ----

    def settings(self, name):
        ports = {"engine": {"FLASH_ENGINE_LISTEN": self.ports.get("engine"), "FLASH_ENGINE_INTERNAL_LISTEN": self.ports.get("internal")},
                 "admin": {"FLASH_ADMIN_LISTEN": self.ports.get("admin")}}.get(name, {})
        return {**ALL, **THRESHOLDS[name], **{key: f"127.0.0.1:{port}" for key, port in ports.items() if port}}

    def launch(self, name, **more):
        """A daemon, not one of the four: a second one, or one of them that is kept track of by start."""
        arguments = [*VERBS.get(name, ()), *(ONE_BY_ONE if name in ("engine", "reconciler", "admin") else [])]
        return Daemon(View(self, name), name, *arguments, build=self.build, **{**self.settings(name), **more})

    def start(self, name, **more):
        daemon = self.launch(name, **more)
        self.daemons[name] = daemon
        if name == "engine":
            self.ports.update(engine=daemon.port, internal=daemon.internal_port)
        elif name == "admin":
            self.ports["admin"] = daemon.port
        return daemon

    def change_build(self, build):
        """All four anew, of another build."""
        self.build = pathlib.Path(build)
        for name in DAEMONS:
            self.end(name, "kill")
            self.start(name)
        for name in DAEMONS:
            until(self.daemons[name].is_ready, self.daemons[name].troubles, RESTART_S)

    def alive(self, name):
        return name in self.daemons and self.daemons[name].process.poll() is None

    def end(self, name, how):
        """SIGKILL, or SIGTERM and its exit code."""
        daemon = self.daemons.pop(name, None)
        if daemon is None:
            return None
        self.ended.append(daemon)
        daemon.signal(signal.SIGCONT)
        if how == "term":
            try:
                return daemon.stop()
            except subprocess.TimeoutExpired:
                pass
        daemon.kill()
        return None

    def end_extra(self, daemon, how):
        """One that was launched."""
        if daemon in self.extra:
            self.extra.remove(daemon)
            self.ended.append(daemon)
            if how == "term":
                with contextlib.suppress(subprocess.TimeoutExpired):
                    daemon.stop()
            daemon.kill()

    def heal(self):
        """Everything runs, untouched by any fault; returns what had died by itself."""
        died = []
        self.network.heal()
        for name in self.skew:
            self.set_clock(name, 0)
        statuses = self.stack.status()
        for name in ("redis", "mariadb", "kafka"):
            self.server_up(name, statuses)
        for daemon in list(self.extra):
            self.end_extra(daemon, "kill")
        for name in DAEMONS:
            if name in self.daemons and not self.alive(name):
                died.append((name, self.daemons[name].process.returncode, self.daemons[name].lines[-3:]))
                self.end(name, "kill")
            if name not in self.daemons:
                self.start(name)
            self.daemons[name].signal(signal.SIGCONT)
        return died

    def odd_lines(self):
        """What daemons have said that is no line of their logs: a sanitizer's report, an abort; a line cut off by SIGKILL is not meant."""
        return [f"flash-{daemon.name}: {line['text'][:200]}" for daemon in [*self.ended, *self.daemons.values()]
                for line in daemon.said("") if line.get("text", "").endswith("\n")]

    def port(self, where):
        """Where buyers and the back office call."""
        return self.ports["admin"] if where == "admin" else self.network.links["buyers", where].port

    def is_ready(self):
        return all(self.daemons[name].is_ready() for name in DAEMONS)

    def troubles(self):
        return {name: self.daemons[name].troubles() for name in DAEMONS}

    def close(self):
        for daemon in [*self.daemons.values(), *self.extra]:
            daemon.signal(signal.SIGCONT)
            daemon.kill()
        for process in self.replicas:
            process.kill()
            process.wait()
        self.stack.down()
        if self.disk:
            subprocess.run(["umount", "-l", self.disk], check=False)
        if "FLASH_TEST_FAILED" not in os.environ:
            self.stack.down(purge=True)
        self.network.__exit__()
        if self.watch:
            self.watch.communicate(b".")

    # ---- what is sold ----

    def put_on_sale(self, terms):
        sku, self.next_sku = self.next_sku, self.next_sku + 1
        admin = self.daemons["admin"]
        made = admin.ask("POST", "/inventory", {"product_id": str(sku), "quantity": terms["units"]}, {"X-User-Id": "ops"})
        assert made[0] == 201, made
        starts, ends = (time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + s)) for s in (-100000, 100000))
        made = admin.ask("PUT", f"/v1/sales/{sku}", {"starts_at": starts, "ends_at": ends, "per_user_limit": terms["limit"],
                                                     "hold_seconds": terms["hold_s"]}, {"X-User-Id": "ops"})
        assert made[0] == 201, made
        return sku


__all__ = ["PARTITIONS", "Rig", "StackError", "until"]
