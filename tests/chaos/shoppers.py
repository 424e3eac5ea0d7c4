"""Buyers and the back office of a schedule, over HTTP, and the history: a line for every call, with its times and its answer.

A line: op (order, get, wait, pay, cancel, return, restock, adjust), what was sent, t0 and t1 (seconds since the beginning), status and
body of the answer; status null is an unknown outcome: no answer came, and the call may have had its effect, even after t1.
"""
import asyncio
import json
import time

PUT_OFF = {"not-admitting", "unavailable", "not-created-yet", "overloaded"}
UNKNOWN = {"outcome-unknown", "not-applied-yet", "needs-recovery", "stopping", "redis-unavailable", "ledger-unavailable"}
TRIES = 6


def slug(call):
    """accepted (any 2xx), unknown, or the last word of the problem's type."""
    if call["status"] is None or call["status"] >= 500 and not call["body"]:
        return "unknown"
    return "accepted" if call["status"] < 300 else (call["body"] or {}).get("type", "").rpartition("/")[2]


class History:
    """Lines in memory, and in a file as they come."""

    def __init__(self, file=None):
        self.begun, self.lines, self.file = time.monotonic(), [], open(file, "w") if file else None

    def now(self):
        return round(time.monotonic() - self.begun, 6)

    def add(self, line):
        self.lines.append(line)
        if self.file:
            self.file.write(json.dumps(line) + "\n")
            self.file.flush()
        return line

    def close(self):
        if self.file:
            self.file.close()


async def exchange(port, method, path, body, headers):
    """(status, JSON body), or raises what the network raised."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        data = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        if body is not None:
            head += f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n"
        writer.write(head.encode() + b"\r\n" + data)
        await writer.drain()
        answer = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in answer[1:] if line)}
        body = await reader.readexactly(int(fields.get("content-length", 0)))
        return int(answer[0].split()[1]), json.loads(body or b"null")
    finally:
        writer.transport.abort()


class Shop:
    """Everybody who calls; ports is a function: engine, internal or admin → where it listens now."""

    def __init__(self, history, ports, skus):
        self.history, self.ports, self.skus = history, ports, skus

    async def call(self, line, request, patience_s):
        where, method, path, body, headers = request
        line = {**line, "t0": self.history.now(), "t1": None, "status": None, "body": None}
        try:
            line["status"], line["body"] = await asyncio.wait_for(
                exchange(self.ports(where), method, path, body, headers), patience_s)
        except (OSError, EOFError, ValueError, IndexError, asyncio.TimeoutError):
            pass
        line["t1"] = self.history.now()
        return self.history.add(line)

    # ---- a buyer ----

    async def order(self, story, quantity=None, patience_s=None):
        sku, key = str(self.skus[story["sku"]]), f"k{story['n']}"
        quantity = quantity or story["quantity"]
        line = {"op": "order", "n": story["n"], "user": story["user"], "key": key, "sku": sku, "quantity": quantity}
        return await self.call(line, ("engine", "POST", "/v1/orders", {"sku": sku, "quantity": quantity},
                                      {"X-User-Id": story["user"], "Idempotency-Key": key}), patience_s or story["patience_s"])

    async def change(self, story, what, order):
        user = {"X-User-Id": story["user"]}
        line = {"op": what, "n": story["n"], "user": story["user"], "order": order}
        if what in ("pay", "pay_again"):
            line = {**line, "op": "pay", "payment": f"p{story['n']}{'b' if what == 'pay_again' else ''}"}
            request = ("internal", "POST", f"/v1/orders/{order}/pay", {"payment_id": line["payment"]}, user)
        elif what == "cancel":
            request = ("engine", "POST", f"/v1/orders/{order}/cancel", None, user)
        elif what == "return":
            sku, _, ref = order.partition(".")
            request = ("internal", "POST", "/inventory/release", {"product_id": sku, "order_id": ref}, user)
        else:
            wait = {"Prefer": "wait=2"} if what == "wait" else {}
            request = ("engine", "GET", f"/v1/orders/{order}", None, {**user, **wait})
        return await self.call(line, request, story["patience_s"] + (2 if what == "wait" else 0))

    async def insist(self, calling):
        """Again while it is put off or unknown, a few times."""
        for tries in range(TRIES):
            call = await calling()
            if slug(call) not in PUT_OFF | UNKNOWN | {"unknown"}:
                break
            await asyncio.sleep(0.1 * (tries + 1))
        return call

    async def live(self, story):
        await asyncio.sleep(story["at"])
        call = await self.insist(lambda: self.order(story))
        order = call["body"]["order_id"] if slug(call) == "accepted" else None
        for pause, what in story["steps"]:
            await asyncio.sleep(pause)
            if what == "repeat":
                call = await self.order(story)
                order = order or (call["body"]["order_id"] if slug(call) == "accepted" else None)
            elif what == "other":
                await self.order(story, quantity=story["quantity"] + 1)
            elif order:
                await self.insist(lambda what=what: self.change(story, what, order))

    # ---- the back office ----

    async def office(self, act):
        await asyncio.sleep(act["at"])
        sku = str(self.skus[act["sku"]])
        what = "restock" if act["what"] == "restock" else "adjust"
        delta = -act["quantity"] if act["what"] == "take" else act["quantity"]
        body = {"product_id": sku, "reason": "chaos", "reference": f"r{act['n']}",
                "quantity" if what == "restock" else "delta": delta}
        line = {"op": what, "n": act["n"], "sku": sku, "reference": body["reference"], "delta": delta}
        for _ in range(2 if act["twice"] else 1):
            await self.insist(lambda: self.call(line, ("admin", "POST", f"/inventory/{what}", body, {"X-User-Id": "ops"}), 3.0))

    async def open(self, schedule):
        """The whole schedule."""
        await asyncio.gather(*map(self.live, schedule["stories"]), *map(self.office, schedule["office"]))

    async def ask_all(self, schedule, seconds):
        """Every buyer once more, with the same key, until each has an answer; returns how many have none."""
        left, end = list(schedule["stories"]), time.monotonic() + seconds
        while left and time.monotonic() < end:
            calls = []
            for at in range(0, len(left), 32):
                calls += await asyncio.gather(*(self.order(story, patience_s=3.0) for story in left[at:at + 32]))
            again = {call["n"] for call in calls if slug(call) in PUT_OFF | UNKNOWN | {"unknown"}}
            left = [story for story in left if story["n"] in again]
            if left:
                await asyncio.sleep(0.2)
        return len(left)

    async def look_at_all(self, orders):
        """GET of every order, as its buyer sees it at the end; orders: {order: user}."""
        items = list(orders.items())
        for at in range(0, len(items), 32):
            await asyncio.gather(*(self.change({"n": -1, "user": user, "patience_s": 3.0}, "get", order)
                                   for order, user in items[at:at + 32]))
