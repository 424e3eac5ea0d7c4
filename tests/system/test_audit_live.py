"""Audits of a sale at full speed, while its servers and processes are frozen and killed: not one finding. With FLASH_AUDITS=1000
in the environment, a thousand of them:

    cd tests/system && FLASH_AUDITS=1000 FLASH_BUILD=…/build/release pytest -s test_audit_live.py

Buyers order, pay and cancel, orders expire, units are brought and taken; the daemon audits the units without a pause and every row every few seconds.
"""
import contextlib
import http.client
import itertools
import os
import re
import threading
import time

import pytest

from buyers import Crowd, Order
from daemons import exchange, until
from sale import Sale
from stack import Stack
from test_audit import audit

AUDITS = int(os.environ.get("FLASH_AUDITS", 250))
FULL = 3            # of all rows, at least
PATIENCE_S = 300 + AUDITS // 2 # for them, on a busy machine
RATE = 700          # orders a second on each SKU
HOLD_S = 4          # on one of them: what is not paid by then expires
FROZEN_S, BETWEEN_S = 3, 3
SETTINGS = {"FLASH_RECONCILER_AUDIT_INTERVAL": "10ms", "FLASH_RECONCILER_AUDIT_FULL_INTERVAL": "30s" if AUDITS < 1000 else "60s",
            "FLASH_RECONCILER_AUDIT_RATE": 200000}


@pytest.fixture
def sale(tmp_path):
    with Stack(tmp_path / "stack") as stack, Sale(stack, reconciler=SETTINGS) as shop:
        yield shop


def orders():
    """Some keys come twice."""
    for n in itertools.count():
        yield Order(f"u{n // 3}", f"k{n % 3 // 2}", 1 + n % 2)


class Payers(threading.Thread):
    """Go after the crowd, but never far behind: pay some orders, cancel some, whatever the answers are."""

    def __init__(self, sale, crowd):
        super().__init__()
        self.sale, self.crowd, self.over, self.done = sale, crowd, threading.Event(), 0

    def run(self):
        public, internal = (http.client.HTTPConnection("127.0.0.1", port, timeout=10)
                            for port in (self.sale.engine.port, self.sale.engine.internal_port))
        number = 0
        while True:
            number = max(number + 1, len(self.crowd.calls) - 500)
            while len(self.crowd.calls) <= number + 50 and not self.over.is_set():
                self.over.wait(0.02)
            if self.over.is_set():
                return
            call = self.crowd.calls[number]
            if call.status != 202 or number % 3 == 0:
                continue
            path = f"/v1/orders/{call.body['order_id']}/"
            try:
                if number % 3 == 1:
                    answer = exchange(internal, "POST", path + "pay", {"payment_id": f"p{number}"})
                else:
                    answer = exchange(public, "POST", path + "cancel", None, {"X-User-Id": call.order.user})
                self.done += answer[0] in (200, 202)
            except (OSError, http.client.HTTPException):
                public.close()
                internal.close()


class Storekeeper(threading.Thread):
    """Brings and takes units, whatever the answers are."""

    def __init__(self, sale, sku):
        super().__init__()
        self.sale, self.sku, self.over, self.done = sale, sku, threading.Event(), 0

    def run(self):
        for number in itertools.count():
            if self.over.wait(0.2):
                return
            kind, units = (("restock", {"quantity": 7}), ("adjust", {"delta": -3}))[number % 2]
            try:
                answer = self.sale.admin.ask("POST", f"/inventory/{kind}", {"product_id": str(self.sku), "reason": "test",
                                                                            "reference": f"r{number}", **units})
                self.done += answer[0] in (200, 201, 202)
            except (OSError, http.client.HTTPException):
                pass


@contextlib.contextmanager
def full_speed(sale, skus):
    with contextlib.ExitStack() as exits:
        crowds = [exits.enter_context(Crowd(sale.engine.port, orders(), sku, RATE)) for sku in skus]
        others = [*(Payers(sale, crowd) for crowd in crowds), *(Storekeeper(sale, sku) for sku in skus)]
        for other in others:
            other.start()
        try:
            yield crowds
        finally:
            for other in others:
                other.over.set()
            for other in others:
                other.join()
    assert all(other.done > 50 for other in others), [other.done for other in others]


def freeze(part):
    def strike(sale):
        sale.stack.stop(part)
        time.sleep(FROZEN_S)  # the fault itself: how long the server is frozen
        sale.stack.cont(part)
    return strike


def freeze_consumer(sale):
    sale.freeze("consumer")
    time.sleep(FROZEN_S)  # the fault itself: how long the process is frozen
    sale.thaw("consumer")


def restart(part):
    return lambda sale: sale.stack.restart(part)


def kill_consumer(sale):
    sale.kill("consumer")
    sale.start("consumer", ready=False)


FAULTS = [freeze("redis"), freeze_consumer, freeze("kafka"), freeze("mariadb"), kill_consumer, restart("redis"), restart("mariadb"),
          restart("kafka")]


def audits(daemon):
    """(audits that reached both stores, those of all rows)."""
    text = daemon.ask("GET", "/metrics", internal=True)[2]
    done = sum(float(number) for number in re.findall(r'audits_total\{end="(?:clean|findings)"\} (\S+)', text))
    return done, float(re.search(r"audit_full_seconds_count (\S+)", text).group(1))


def test_no_false_alarm(sale):
    skus = [sale.put_on_sale(units=10 ** 6, limit=3), sale.put_on_sale(units=10 ** 6, limit=3, hold_s=HOLD_S)]
    daemon = sale.daemons["reconciler"]
    with full_speed(sale, skus) as crowds:
        until(lambda: all(crowd.accepted() > 500 for crowd in crowds), "no sale under way")
        for strike in FAULTS:
            strike(sale)
            goal = audits(daemon)[0] + 20
            until(lambda: audits(daemon)[0] > goal, lambda: (audits(daemon), goal, daemon.troubles(), daemon.lines[-8:]), PATIENCE_S)
            time.sleep(BETWEEN_S)  # the sale goes on without a fault for a while
        enough = until(lambda: (now := audits(daemon))[0] >= AUDITS and now[1] >= FULL and now, lambda: audits(daemon), PATIENCE_S)
    expired = daemon.metric("flash_reconciler_expired_orders_total")
    gone = daemon.metric("flash_reconciler_audit_gone_total")
    print(f"{enough[0]:.0f} audits, {enough[1]:.0f} of all rows, {daemon.metric('flash_reconciler_audit_orders_total'):.0f} orders "
          f"compared; {[crowd.accepted() for crowd in crowds]} accepted, {expired:.0f} expired; {gone:.0f} "
          f"differences gone at the second look")
    assert daemon.said("reconciler.audit_found") == []
    assert expired > 500
    assert audit(sale.stack) == (0, [])
