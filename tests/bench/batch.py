"""Orders through POST /inventory/reserve/batch, 256 a request, to CREATED.

The requests are made before the clock starts and the answers are read after it stopped, so that what is measured is the
server; then every outcome is looked at, and what was accepted goes to deploy/prove as flash-bench's list does."""
import json
import selectors
import socket
import time

from ledger import seconds_to_created
from rig import Failed, spent, wait_until

LINES = 256
CONNECTIONS = 8
UNITS = 100_000_000
HEAD = "POST /inventory/reserve/batch HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


def request(sku, first, last):
    """The orders of these numbers, the last not among them."""
    orders = ",".join(f'{{"order_id":"b-{n}","user_id":"u-{n % 100_000 + 1}","quantity":1}}' for n in range(first, last))
    body = f'{{"product_id":"{sku}","orders":[{orders}]}}'
    return (HEAD % len(body) + body).encode()


class Connection:
    """One request in flight; keeps every answer's bytes."""

    def __init__(self, port, requests):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.requests, self.answers, self.bytes, self.whole = requests, [], bytearray(), 0

    def send(self):
        if self.requests:
            self.socket.sendall(self.requests.pop())
            return True
        return False

    def receive(self):
        """True when the answer is whole."""
        got = self.socket.recv(1 << 20)
        if not got:
            raise Failed("the engine closed a connection")
        self.bytes += got
        if not self.whole and b"\r\n\r\n" in self.bytes:
            head = bytes(self.bytes).split(b"\r\n\r\n", 1)[0]
            self.whole = len(head) + 4 + int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        if not self.whole or len(self.bytes) < self.whole:
            return False
        self.answers.append(bytes(self.bytes))
        self.bytes, self.whole = bytearray(), 0
        return True


def send_all(port, requests):
    """The answers."""
    connections = [Connection(port, requests) for _ in range(min(CONNECTIONS, len(requests)))]
    with selectors.DefaultSelector() as selector:
        for connection in connections:
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.send()
        busy = len(connections)
        while busy:
            for key, _ in selector.select():
                if key.data.receive() and not key.data.send():
                    selector.unregister(key.data.socket)
                    busy -= 1
    for connection in connections:
        connection.socket.close()
    return [answer for connection in connections for answer in connection.answers]


def write_list(path, sku, answers):
    """What was accepted, as flash-bench lists it; returns how many."""
    accepted = 0
    with path.open("w") as out:
        out.write("outcome\torder_id\tuser\tquantity\tkey\tattempts\tat\n")
        for answer in answers:
            head, body = answer.split(b"\r\n\r\n", 1)
            if not head.startswith(b"HTTP/1.1 200"):
                raise Failed(f"a batch was answered {head[:100]!r} {body[:300]!r}")
            for order in json.loads(body)["orders"]:
                if order.get("status") != "QUEUED":
                    raise Failed(f"a new order is {order}")
                number = int(order["order_id"].removeprefix(f"{sku}.b-"))
                out.write(f"accepted\t{order['order_id']}\tu-{number % 100_000 + 1}\t1\tb-{number}\t1\t0\n")
                accepted += 1
    return accepted


def requests_of(sku, first, last):
    """For these orders, the last not among them, LINES a request, in the order in which pop() sends them."""
    return [request(sku, number, min(number + LINES, last)) for number in reversed(range(first, last, LINES))]


def measure_batch(rig, seconds):
    sku, parts = rig.sale(UNITS), ("engine", "redis", "kafka1", "consumer", "mariadb")
    orders = 100_000 * seconds
    requests = requests_of(sku, 0, orders)
    before, start = rig.cpu_s(parts), time.monotonic()
    answers = send_all(rig.port("engine-internal"), requests)
    sent = time.monotonic()
    wait_until(lambda: rig.open_entries(sku) == 0, 600, "the journal to become empty")
    after = rig.cpu_s(parts)
    accepted = write_list(rig.new_list(sku), sku, answers)
    if accepted != orders:
        raise Failed(f"{accepted} of {orders} orders of batches were accepted")
    rig.prove(sku)
    return {"batch_sold": orders / (sent - start), "batch_created": orders / seconds_to_created(rig, sku),
            "batch_created_cpu": spent(before, after, orders)}
