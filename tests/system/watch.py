"""Somebody who looks at every order of some SKUs all the time, as a buyer's page does, and keeps which states each was seen in.

    with Watch(stack, skus) as watch:    skus may grow meanwhile
        …
        watch.check()
"""
import collections
import threading

import redis

from books import OVER, read_records

PAUSE_S = 0.1
LATER = {
    "QUEUED": {"CREATED", "PAID", "CANCELLING", "EXPIRING", "RETURNING"} | OVER,
    "CREATED": {"PAID", "CANCELLING", "CANCELLED", "EXPIRING", "EXPIRED", "RETURNING", "RETURNED"},
    "PAID": {"RETURNING", "RETURNED"},
    "CANCELLING": {"CANCELLED"},
    "EXPIRING": {"EXPIRED"},
    "RETURNING": {"RETURNED"},
    **{state: set() for state in OVER},
}


class Watch:
    def __init__(self, stack, skus):
        self.client, self.skus, self.over = stack.redis(decode_responses=True, socket_timeout=5), skus, threading.Event()
        self.seen, self.users = collections.defaultdict(list), {}
        self.lock, self.thread = threading.Lock(), threading.Thread(target=self._run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exc):
        self.over.set()
        self.thread.join()

    def _run(self):
        while not self.over.wait(PAUSE_S):
            try:
                self.look()
            except redis.RedisError:
                continue  # it is away: part of the accident

    def look(self):
        """Once."""
        with self.lock:
            for sku in list(self.skus):
                pipe = self.client.pipeline(transaction=True)
                pipe.hgetall(f"flash:{{{sku}}}:orders")
                pipe.xrange(f"flash:{{{sku}}}:journal")
                orders, journal = pipe.execute()
                for order, record in read_records(sku, orders, {stream.split("-")[0] for stream, _ in journal}).items():
                    self.users[order] = record.user
                    if not self.seen[order] or self.seen[order][-1] != record.state:
                        self.seen[order].append(record.state)

    def user_of(self, order):
        if order not in self.users:
            self.look()
        return self.users[order]

    def check(self):
        """No order was ever seen to go a way that there is not: CREATED never turned FAILED, and FAILED stayed."""
        with self.lock:
            odd = {order: states for order, states in self.seen.items()
                   if any(after not in LATER[before] for before, after in zip(states, states[1:]))}
        assert not odd, dict(list(odd.items())[:5])
