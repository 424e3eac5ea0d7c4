"""What a measurement runs on: a private stack, the daemons of a release build, flash-bench, and their CPU by /proc."""
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "release"
TICKS = os.sysconf("SC_CLK_TCK")
DAEMONS = ("engine", "consumer", "reconciler", "admin")
SERVERS = ("redis", "kafka1", "mariadb")


class Failed(RuntimeError):
    """A step of the measurement failed, or its result is not proven."""


def run(*command, env=None):
    done = subprocess.run([str(word) for word in command], env=env, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        raise Failed(f"{' '.join(map(str, command))}: exit {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout


def wait_until(condition, seconds, what):
    """Asks every 5 ms until condition() is true; returns when it was, by the monotonic clock."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise Failed(f"waited {seconds} s in vain: {what}")
        time.sleep(0.005)
    return time.monotonic()


def spent(before, after, orders):
    """{part: CPU µs an order} between two looks at cpu_s."""
    return {part: (after[part] - before[part]) * 1e6 / orders for part in before}


def at_rate(rate):
    """flash-bench's options for so many orders/s offered."""
    return ["--mode", "rate", "--rate", int(rate), "--arrivals", "poisson"]


class Rig:
    """with Rig(folder, settings) as rig: everything runs but the reconciler, which is started for what needs it.

    A fresh stack each time; it goes at the end, unless that is an error's."""

    def __init__(self, folder, *settings):
        self.folder = pathlib.Path(folder)
        self.settings = [word for setting in settings for word in ("--set", setting)]
        self.env, self.sku, self.lists = {}, 1000, {}

    def __enter__(self):
        try:
            self.remove()
            self.daemons("up", "engine", "consumer", "admin")
            text = run(ROOT / "deploy" / "local", "env", "--dir", self.folder / "stack")
            self.env = dict(re.findall(r"^export (\w+)=(.*)$", text, re.MULTILINE))
        except BaseException:
            self.__exit__(Failed)
            raise
        return self

    def __exit__(self, kind, *_):
        run(ROOT / "deploy" / "daemons", "down", "--dir", self.folder)
        if kind is None:
            self.remove()

    def remove(self):
        if self.folder.exists():
            run(ROOT / "deploy" / "daemons", "down", "--dir", self.folder)
            shutil.rmtree(self.folder)

    def daemons(self, command, *names, settings=()):
        more = ["--build", BUILD, *self.settings] if command == "up" else []
        more += [word for setting in settings for word in ("--set", setting)]
        run(ROOT / "deploy" / "daemons", command, *names, "--dir", self.folder, *more)

    def port(self, name):
        return int((self.folder / "ports" / name).read_text())

    def pid(self, part):
        folder = self.folder if part in DAEMONS else self.folder / "stack"
        return int((folder / "run" / f"{part}.pid").read_text().split()[0])

    def cpu_s(self, parts):
        """{part: user and system seconds of its process so far}."""
        used = {}
        for part in parts:
            fields = pathlib.Path(f"/proc/{self.pid(part)}/stat").read_text().rpartition(")")[2].split()
            used[part] = (int(fields[11]) + int(fields[12])) / TICKS
        return used

    def metric(self, daemon, name):
        port = self.port("engine-internal" if daemon == "engine" else daemon)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            return float(re.search(rf"^{name} (\S+)$", answer.read().decode(), re.MULTILINE).group(1))

    def drain(self, sku, orders, parts=("consumer", "mariadb", "redis", "kafka1")):
        """Starts the consumer on so many orders that nobody has drained. Returns (orders/s, from the first committed batch to
        the last settled one, {part: CPU µs an order})."""
        self.daemons("up", "consumer")
        applied = "flash_consumer_lines_applied_total"
        start = wait_until(lambda: self.metric("consumer", applied) > 0, 60, "the first batch")
        first, before = self.metric("consumer", applied), self.cpu_s(parts)
        end = wait_until(lambda: self.open_entries(sku) == 0, 600, "the journal to become empty")
        if self.metric("consumer", applied) != orders:
            raise Failed(f"{orders} orders were sold, {self.metric('consumer', applied):.0f} applied")
        counted = max(orders - first, 1)
        after = self.cpu_s(parts)
        return counted / (end - start), spent(before, after, counted)

    def redis(self):
        import redis
        return redis.Redis(port=int(self.env["FLASH_REDIS_PORT"]))

    def open_entries(self, sku):
        return self.redis().xlen(f"flash:{{{sku}}}:journal")

    def sale(self, units, hold="30m"):
        """A new sale of so many units, without a limit that matters; returns its SKU."""
        self.sku += 1
        self.lists[self.sku] = []
        run(BUILD / "tools" / "flashctl" / "flashctl", "sale", "create", "--sku", self.sku, "--quantity", units,
            "--limit", 1_000_000, "--hold", hold, "--config", self.folder / "flashgate.conf")
        return self.sku

    def new_list(self, sku):
        """A file for what one run of flash-bench is told about orders of this SKU."""
        self.lists[sku].append(self.folder / f"told-{sku}-{len(self.lists[sku]) + 1}.tsv")
        return self.lists[sku][-1]

    def command(self, sku, *options):
        return [str(word) for word in (
            BUILD / "tools" / "flash-bench" / "flash-bench", "--url", f"http://127.0.0.1:{self.port('engine')}",
            "--internal-url", f"http://127.0.0.1:{self.port('engine-internal')}", "--sku", sku, "--key-file",
            self.folder / "key", "--accepted", self.new_list(sku), "--json", *options)]

    def bench(self, sku, *options):
        """flash-bench's report; what its buyers were told is kept for the proof."""
        return json.loads(run(*self.command(sku, *options)))

    def bench_until(self, condition, seconds, sku, *options):
        """The same, of a run that is ended once condition() is true, after so many seconds at the latest."""
        bench = subprocess.Popen(self.command(sku, "--duration", 3600, *options), stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            end = time.monotonic() + seconds
            while bench.poll() is None and not condition() and time.monotonic() < end:
                time.sleep(0.005)
            bench.send_signal(signal.SIGINT)
            out, err = bench.communicate(timeout=60)
        finally:
            bench.kill()
        if bench.returncode != 0:
            raise Failed(f"flash-bench: exit {bench.returncode}\n{err[-3000:]}")
        return json.loads(out)

    @contextlib.contextmanager
    def frozen(self, daemon):
        os.kill(self.pid(daemon), signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.pid(daemon), signal.SIGCONT)

    def prove(self, sku):
        """Fails unless deploy/prove finds every order of this sale where it must be; {state: orders}."""
        lists = [word for file in self.lists[sku] for word in ("--accepted", file)]
        done = subprocess.run([ROOT / "deploy" / "prove", "--sku", str(sku), *lists, "--json"],
                              env={**os.environ, **self.env}, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Failed(f"SKU {sku} is not proven:\n{done.stdout}{done.stderr}")
        return json.loads(done.stdout)["states"]
