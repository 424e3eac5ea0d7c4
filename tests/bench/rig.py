"""What a measurement runs on: a private stack, the daemons of a release build, flash-bench, and their CPU by /proc."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "release"
TICKS = os.sysconf("SC_CLK_TCK")
DAEMONS = ("engine", "consumer", "admin")
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


class Rig:
    """with Rig(folder, settings) as rig: everything runs. A fresh stack each time; it goes at the end, unless that is an error's."""

    def __init__(self, folder, *settings):
        self.folder = pathlib.Path(folder)
        self.settings = [word for setting in settings for word in ("--set", setting)]
        self.env, self.sku = {}, 1000

    def __enter__(self):
        try:
            self.remove()
            self.daemons("up", *DAEMONS)
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

    def daemons(self, command, *names):
        more = ["--build", BUILD, *self.settings] if command == "up" else []
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

    def redis(self):
        import redis
        return redis.Redis(port=int(self.env["FLASH_REDIS_PORT"]))

    def open_entries(self, sku):
        return self.redis().xlen(f"flash:{{{sku}}}:journal")

    def sale(self, units):
        """A new sale of so many units, without a limit that matters; returns its SKU."""
        self.sku += 1
        run(BUILD / "tools" / "flashctl" / "flashctl", "sale", "create", "--sku", self.sku, "--quantity", units,
            "--limit", 1_000_000, "--config", self.folder / "flashgate.conf")
        return self.sku

    def accepted_file(self, sku):
        return self.folder / f"accepted-{sku}.tsv"

    def bench(self, sku, *options):
        """flash-bench's report; its 202s are kept for the proof."""
        return json.loads(run(BUILD / "tools" / "flash-bench" / "flash-bench", "--url",
                              f"http://127.0.0.1:{self.port('engine')}", "--sku", sku, "--key-file", self.folder / "key",
                              "--accepted", self.accepted_file(sku), "--json", *options))

    def prove(self, sku):
        """Fails unless deploy/prove finds every order of this sale where it must be."""
        done = subprocess.run([ROOT / "deploy" / "prove", "--sku", str(sku), "--accepted", self.accepted_file(sku),
                               "--quiet"], env={**os.environ, **self.env}, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Failed(f"SKU {sku} is not proven:\n{done.stdout}{done.stderr}")
