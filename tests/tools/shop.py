"""A small engine's double with faults, for test_flash_bench.py: one asyncio server on a free port, in a thread.

It keeps its orders as the engine does (a repeated key gets the first answer again), and a fault, a function of the
request and of how often its key was seen, may answer or act in its place."""

import asyncio
import base64
import hashlib
import json
import threading

CLOSE = object()  # a fault's answer: close the connection without one


def ref_of(user, key, sku):
    digest = hashlib.sha256(f"{user}\0{key}\0{sku}".encode()).digest()[:16]
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def answer(status, body, headers=(), kind="application/json"):
    text = json.dumps(body).encode() if body is not None else b""
    head = [f"HTTP/1.1 {status} X", f"Content-Length: {len(text)}"]
    if body is not None:
        head.append(f"Content-Type: {kind}")
    return "\r\n".join([*head, *headers, "", ""]).encode() + text


def problem(status, slug, headers=()):
    body = {"type": f"/problems/{slug}", "title": slug, "status": status}
    return answer(status, body, headers, "application/problem+json")


class Request:
    def __init__(self, head, body):
        lines = head.decode().split("\r\n")
        self.method, self.path, _ = lines[0].split(" ")
        self.headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines[1:] if line)}
        self.body = json.loads(body) if body else None
        self.key = self.headers.get("idempotency-key")
        self.user = self.headers.get("x-user-id")
        self.seen = 0  # how often this key was sent, this time included


class Shop:
    """with Shop(stock, fault) as shop: shop.url, shop.orders {key: order}, shop.requests."""

    def __init__(self, stock=10**9, fault=None, created_after_s=0.0):
        self.stock, self.fault, self.created_after_s = stock, fault, created_after_s
        self.orders, self.by_id, self.seen, self.requests = {}, {}, {}, []

    def __enter__(self):
        ready = threading.Event()

        async def serve():
            self.loop, self.stop = asyncio.get_running_loop(), asyncio.Event()
            server = await asyncio.start_server(self.connection, "127.0.0.1", 0)
            self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            ready.set()
            await self.stop.wait()
            server.close()

        self.thread = threading.Thread(target=asyncio.run, args=(serve(),))
        self.thread.start()
        ready.wait()
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.stop.set)
        self.thread.join()

    async def connection(self, reader, writer):
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                request = Request(head[:-4], b"")
                length = int(request.headers.get("content-length", 0))
                if length:
                    request.body = json.loads(await reader.readexactly(length))
                reply = await self.reply(request)
                if reply is CLOSE:
                    break
                writer.write(reply)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def reply(self, request):
        self.requests.append(request)
        if request.method == "GET":
            return await self.read(request)
        name = request.key or request.path
        request.seen = self.seen[name] = self.seen.get(name, 0) + 1
        if self.fault is not None:
            reply = self.fault(self, request)
            if asyncio.iscoroutine(reply):
                reply = await reply
            if reply is not None:
                return reply
        return self.change(request) if request.path != "/v1/orders" else self.order(request)

    def state_of(self, order):
        if "changed" in order:
            return order["changed"]
        return "CREATED" if self.loop.time() >= order["created_at"] else "QUEUED"

    def order(self, request):
        order = self.orders.get(request.key)
        if order is None:
            if self.stock < request.body["quantity"]:
                return problem(409, "sold-out")
            self.stock -= request.body["quantity"]
            sku = request.body["sku"]
            order = {
                "order_id": f"{sku}.{ref_of(request.user, request.key, sku)}",
                "sku": sku,
                "quantity": request.body["quantity"],
                "user": request.user,
                "created_at": self.loop.time() + self.created_after_s,
            }
            self.orders[request.key] = self.by_id[order["order_id"]] = order
            return answer(202, self.public(order, "QUEUED"), ["Retry-After: 1"])
        return answer(202, self.public(order, self.state_of(order)), ["Retry-After: 1"])

    def change(self, request):
        """POST /v1/orders/{id}/pay and /cancel: whoever comes first wins, and a repeat gets the same answer."""
        order_id, verb = request.path.split("/")[-2:]
        order, (status, changed) = self.by_id[order_id], {"pay": (200, "PAID"), "cancel": (202, "CANCELLING")}[verb]
        state = self.state_of(order)
        if state == "QUEUED":
            return problem(409, "not-created-yet")
        if state not in ("CREATED", changed) or order.get("payment") != (request.body or {}).get("payment_id") \
                and state == "PAID" or verb == "cancel" and request.user != order["user"]:
            return problem(409, "wrong-state")
        order["changed"], order["payment"] = changed, (request.body or {}).get("payment_id")
        return answer(status, self.public(order, changed))

    def public(self, order, status):
        return {"order_id": order["order_id"], "sku": order["sku"], "quantity": order["quantity"], "status": status}

    async def read(self, request):
        order = self.by_id[request.path.rsplit("/", 1)[1]]
        if "prefer" in request.headers and "if-none-match" in request.headers:
            while self.state_of(order) == "QUEUED":
                await asyncio.sleep(max(0.0, order["created_at"] - self.loop.time()))
        state = self.state_of(order)
        version = {"QUEUED": 1, "CREATED": 2}.get(state, 3)
        if request.headers.get("if-none-match") == f'"{version}"':
            return answer(304, None, [f'ETag: "{version}"'])
        return answer(200, {**self.public(order, state), "version": version}, [f'ETag: "{version}"'])
