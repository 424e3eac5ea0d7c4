"""A whole shop for tests: a private stack, an engine, a consumer, a reconciler, SKUs on sale, and what every buyer was told.

    with Sale(stack) as sale:
        sku = sale.put_on_sale(units=1000, limit=2)
        sale.buy(sku, [Order("u1", "key-1", 2), …])
        sale.kill("engine"); sale.start("engine")
        sale.check(sku)

The daemons are stopped by their pids at the end, however that comes; after a failed test their last lines are printed.
"""
import itertools
import os
import signal
import time

from buyers import CONNECTIONS, buy
from checker import MAYBE, PUT_OFF, check
from daemons import BUILD, Daemon, until

NAMES = ("engine", "consumer", "reconciler")
VERBS = {"reconciler": ["run"]}
LINES_SHOWN = 25


class Sale:
    def __init__(self, stack, build=BUILD, engine=None, consumer=None, reconciler=None,
                 names=NAMES):
        self.stack, self.build, self.calls, self.daemons, self.ended = stack, build, [], {}, []
        self.settings = {"engine": {"FLASH_ENGINE_WORKERS": 2, **(engine or {})}, "consumer": dict(consumer or {}),
                         "reconciler": dict(reconciler or {})}
        self.names, self.skus = names, itertools.count(1001)
        self.redis = stack.redis(decode_responses=True)

    def __enter__(self):
        try:
            for name in self.names:
                self.start(name)
            self.admin = Daemon(self.stack, "admin", build=self.build)
            self.daemons["admin"] = self.admin
            until(self.admin.is_ready, self.admin.troubles)
            return self
        except BaseException:
            self.close()
            raise

    def __exit__(self, *exc):
        self.close()

    @property
    def engine(self):
        return self.daemons["engine"]

    @property
    def consumer(self):
        return self.daemons["consumer"]

    # ---- the daemons ----

    def start(self, name, ready=True, **settings):
        """Starts it, on the ports it had before; returns once it is ready. It must have ended before: nothing else would stop it."""
        assert name not in self.daemons, f"flash-{name} is running"
        daemon = Daemon(self.stack, name, *VERBS.get(name, ()), build=self.build, **{**self.settings[name], **settings})
        self.daemons[name] = daemon
        if name == "engine":
            self.settings[name] = {**self.settings[name], "FLASH_ENGINE_LISTEN": f"127.0.0.1:{daemon.port}",
                                   "FLASH_ENGINE_INTERNAL_LISTEN": f"127.0.0.1:{daemon.internal_port}"}
        if ready:
            until(daemon.is_ready, daemon.troubles)
        return daemon

    def kill(self, name):
        """SIGKILL."""
        self.ended.append(self.daemons[name])
        self.daemons.pop(name).kill()

    def stop(self, name):
        """SIGTERM; returns the exit code."""
        self.ended.append(self.daemons[name])
        return self.daemons.pop(name).stop()

    def freeze(self, name):
        """SIGSTOP: its connections stay open."""
        self.daemons[name].signal(signal.SIGSTOP)

    def thaw(self, name):
        self.daemons[name].signal(signal.SIGCONT)

    def close(self):
        for daemon in self.daemons.values():
            daemon.kill()
        if "FLASH_TEST_FAILED" in os.environ:
            for daemon in [*self.ended, *self.daemons.values()]:
                print(f"---- flash-{daemon.name}, its last lines", *daemon.lines[-LINES_SHOWN:], sep="\n")

    # ---- what is sold ----

    def put_on_sale(self, units=1000, limit=2, hold_s=1800, window_s=(-60, 3600)):
        """A new SKU with a sale, by flash-admin; returns its number."""
        sku = next(self.skus)
        starts, ends = (time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + s)) for s in window_s)
        made = self.admin.ask("POST", "/inventory", {"product_id": str(sku), "quantity": units})
        assert made[0] == 201, made
        made = self.admin.ask("PUT", f"/v1/sales/{sku}", {"starts_at": starts, "ends_at": ends, "per_user_limit": limit,
                                                          "hold_seconds": hold_s})
        assert made[0] == 201, made
        return sku

    def buy(self, sku, orders, connections=CONNECTIONS, port=None):
        """Sends the orders; returns their calls, which are remembered too."""
        calls = buy(port or self.engine.port, orders, sku, connections)
        self.calls += calls
        return calls

    def ask_again(self, sku):
        """Every order of the SKU once more, with the same key, by buyers who insist on an answer; returns the calls that had one."""
        left, answered = list(dict.fromkeys(call.order for call in self.calls if call.sku == sku)), []

        def all_answered():
            calls = self.buy(sku, left)
            answered.extend(call for call in calls if call.word not in MAYBE | PUT_OFF)
            left[:] = [call.order for call in calls if call.word in MAYBE | PUT_OFF]
            return not left

        until(all_answered, lambda: f"{len(left)} buyers get no answer")
        return answered

    def order(self, sku, user="u", key="k", quantity=1, **headers):
        """(status, headers, JSON) of one order; not remembered."""
        return self.engine.ask("POST", "/v1/orders", {"sku": str(sku), "quantity": quantity},
                               {"X-User-Id": user, "Idempotency-Key": key, **headers})

    # ---- what is left ----

    def key(self, sku, name):
        return f"flash:{{{sku}}}:{name}"

    def journal(self, sku):
        """Number of open entries."""
        return self.redis.xlen(self.key(sku, "journal"))

    def until_settled(self, *skus):
        until(lambda: not any(map(self.journal, skus)), lambda: {sku: self.journal(sku) for sku in skus})

    def check(self, sku, may_lose=False):
        return check(self.stack, sku, [call for call in self.calls if call.sku == sku], may_lose)
