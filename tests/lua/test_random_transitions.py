"""Random histories of reserve, pay, cancel, return, expire and settle, with entries that reach the ledger late, twice, in any
order or never: at every step units and users add up, and at the end Redis and the ledger say the same.

FLASH_SEED=n repeats one history; FLASH_ROUNDS=n makes it longer.
"""
import json
import os
import random

import pytest

from model import BASE, Ledger, Redis

SEEDS = [int(os.environ["FLASH_SEED"])] if "FLASH_SEED" in os.environ else [1, 2, 3, 4, 5, 6]
ROUNDS = int(os.environ.get("FLASH_ROUNDS", 200))
USERS = [f"u{i}" for i in range(12)]


class World:
    """The scripts, what they should do, and the entries between them: sent, judged, settled."""

    def __init__(self, sku, seed):
        self.sku, self.rng = sku, random.Random(seed)
        self.redis, self.ledger = Redis(), Ledger()
        self.sent, self.judged, self.settled = [], [], []
        self.words = set()

    def refs(self, most):
        return [f"r{self.rng.randrange(80)}" for _ in range(self.rng.randint(1, most))]

    def publish(self, answer, lines):
        """Keeps the entry an answer brought; its lines are those the model expects."""
        assert bool(answer[1]) == bool(lines)
        if lines:
            entry = json.loads(answer[1])
            assert entry["lines"] == lines
            entry["id"] = entry["stream"]  # the tests use one UUID for all
            self.redis.open.add(entry["stream"])
            self.sent.append(entry)

    def reserve(self):
        late = self.rng.random() < 0.5  # due at once, or in a day
        self.sku.redis.hset(self.sku.key("stock"), "hold", -1000 if late else 86400)
        orders = [(ref, self.rng.choice(USERS), self.rng.randint(1, 3)) for ref in self.refs(6)]
        r = self.rng.randrange(1, 2**64)
        answer, lines = self.sku.reserve(*orders, r=r), []
        for order, word in zip(orders, answer[5:]):
            expected = self.redis.reserve(*order, int(answer[3]))
            assert word == expected or expected == "replay" and ":" in word, (order, word, expected)
            self.words.add(expected)
            if word == "ACCEPTED":
                self.redis.orders[order[0]].entry = f"{answer[2]}-{r}"
                lines.append(list(order))
        self.publish(answer, lines)

    def compare(self, answer, expected, refs):
        """Words and records of a transition's answer."""
        lines = []
        for ref, word, record, (wanted, line) in zip(refs, answer[4::2], answer[5::2], expected):
            assert word == wanted, (ref, word, wanted)
            self.words.add(word)
            if word != "ABSENT":
                assert record[0] in "QCPKXEDRTLS"
            if line:
                lines.append(line)
        self.publish(answer, lines)

    def pay(self):
        asked = [(ref, self.rng.choice([f"{ref}-p", f"{ref}-p", f"{ref}-q", f"{ref}-s"])) for ref in self.refs(6)]
        answer, expected = self.sku.pay(*asked, r=self.rng.randrange(1, 2**64)), []
        for ref, payment in asked:
            word, version = self.redis.pay(ref, payment)
            order = self.redis.orders.get(ref)
            expected.append((word, version and [ref, order.user, order.quantity, version, payment]))
        self.compare(answer, expected, [ref for ref, _ in asked])

    def release(self):
        kind = self.rng.choice(["cancel", "cancel", "return"])
        asked = []
        for ref in self.refs(6):
            order = self.redis.orders.get(ref)
            asked.append((ref, self.rng.choice(["", order.user if order else "u1", "u1"])))
        answer, expected = self.sku.release(kind, *asked, r=self.rng.randrange(1, 2**64)), []
        for ref, user in asked:
            word, version = self.redis.release(kind, ref, user)
            order = self.redis.orders.get(ref)
            expected.append((word, version and [ref, order.user, order.quantity, version]))
        self.compare(answer, expected, [ref for ref, _ in asked])

    def expire(self):
        due = self.redis.due(self.sku.now_us() // 1000000)
        most = self.rng.choice([1, 3, 256])
        answer = self.sku.expire(most=most, r=self.rng.randrange(1, 2**64))
        lines = json.loads(answer[1])["lines"] if answer[1] else []
        assert len(lines) == answer[4] <= most
        assert {line[0] for line in lines} <= set(due)
        assert len(lines) == min(most, len(due)) or answer[6] == 1
        for line in lines:
            order = self.redis.orders[line[0]]
            assert line == [line[0], order.user, order.quantity, order.version]
            order.move("E")
        self.publish(answer, lines)

    def judge(self):
        """The ledger takes some entries: in any order, some twice, some reservations fenced or short of stock."""
        for entry in self.rng.sample(self.sent, min(len(self.sent), self.rng.randint(1, 4))):
            if self.rng.random() < 0.2:
                continue  # overtaken by others
            fate = self.rng.choice(["C", "C", "C", "L", "mixed"])
            fates = [self.rng.choice("CS") if fate == "mixed" else fate for _ in entry["lines"]]
            self.ledger.take(entry, fates)
            self.sent.remove(entry)
            self.judged.append((entry, [line[0] for line in entry["lines"]], self.ledger.verdicts[entry["id"]]))
        while (found := self.ledger.unpark()):
            self.judged.append((found[0], [found[1][0]], False))

    def settle(self):
        """What is judged goes back to Redis, and now and then once more what was settled before."""
        chosen = [item for item in self.judged if self.rng.random() < 0.6]
        again = self.rng.sample(self.settled, min(len(self.settled), 2)) if self.rng.random() < 0.4 else []
        clean, gone, adopt = [], [], []
        for entry, refs, is_clean in chosen + again:
            if is_clean and entry["type"] in ("reserve", "pay"):
                (clean if entry["stream"] in self.redis.open else gone).append(entry["stream"])
                self.redis.open.discard(entry["stream"])
            else:
                adopt.append((entry["stream"], [self.line_of(ref) for ref in refs if ref in self.ledger.rows]))
        answer = self.sku.settle(clean=clean + gone, adopt=adopt)
        assert answer == ["OK", 0, *gone]
        for stream, lines in adopt:
            for line in lines:
                self.redis.adopt(line[0], self.ledger.rows[line[0]])
            self.redis.open.discard(stream)
        self.judged = [item for item in self.judged if item not in chosen]
        self.settled += chosen

    def line_of(self, ref):
        row = self.ledger.rows[ref]
        user = row.user + (f'"{row.payment}' if row.payment else "")
        due = self.redis.orders[ref].due if row.letter not in "LS" else 0
        return (ref, row.letter, row.version, row.quantity, user, due)

    def check(self):
        sku, redis = self.sku, self.redis
        refs = sorted(redis.orders)
        answer = sku.snapshot()
        assert int(answer[2][0]) == redis.available() == BASE - sku.units_held()
        assert redis.available() <= self.ledger.available()  # never more than the ledger can honour
        held = {user: redis.held(user) for user in USERS}
        assert sku.redis.hgetall(sku.key("users")) == {user: str(count) for user, count in held.items() if count}
        assert {found[0] for found in sku.journal()} == redis.open
        listed = {ref for member, _ in sku.due() for ref in member.split()[1:]}
        for ref, record in zip(refs, sku.status(*refs)[6:] if refs else []):
            order = redis.orders[ref]
            assert record[0] == redis.derived(ref), (ref, record)
            assert record[1:].startswith(f"{order.version}:{order.quantity}:"), (ref, record)
            payments = f'"{order.paid}' + (f'"{order.late}' if order.late else "") if order.paid or order.late else ""
            assert record.endswith(f":{order.user}{payments}"), (ref, record)
            assert record[0] not in "QC" or ref in listed, ref

    def drain(self):
        """Everything that is under way arrives."""
        while self.sent or self.judged:
            self.judge()
            self.settle()
            self.check()
        assert not self.ledger.parked and not self.redis.open
        for ref, order in self.redis.orders.items():
            row = self.ledger.rows[ref]
            letter = self.redis.derived(ref)
            assert (letter, order.version, order.quantity, order.user) == (row.letter, row.version, row.quantity, row.user)
        assert self.redis.available() == self.ledger.available()


@pytest.mark.parametrize("seed", SEEDS)
def test_random_history(sku, seed):
    world = World(sku, seed)
    sku.open(base=BASE)
    steps = [world.reserve] * 4 + [world.pay] * 3 + [world.release] * 2 + [world.expire, world.judge, world.judge, world.settle]
    for _ in range(ROUNDS):
        world.rng.choice(steps)()
        world.check()
    world.drain()
    for ref, payment in world.ledger.refunds:
        assert world.ledger.rows[ref].payment != payment
    if ROUNDS >= 200:  # each word has been met: the history was not a poor one
        assert world.words >= {"ACCEPTED", "replay", "KEY_REUSED", "PAID", "LATE", "MET", "ABSENT", "DONE"}
