"""A random history of restocks, takes, orders and losses, against a ledger in memory: at every step the two equations of
docs/FORMATS.md hold, and in the end Redis and the ledger have the same units.

FLASH_SEED=n repeats one history; FLASH_ROUNDS=n makes it longer.
"""
import os
import random

import pytest

SEEDS = [int(os.environ["FLASH_SEED"])] if "FLASH_SEED" in os.environ else [1, 2, 3, 4, 5, 6]
ROUNDS = int(os.environ.get("FLASH_ROUNDS", 300))
BASE = 50


class Ledger:
    """inflows are (quantity, reference, r); takes that were lost or refused have no row."""

    def __init__(self):
        self.rows, self.entries = [], {}
        self.sent, self.settled = [], []  # entries on their way here; decided, and not yet told to Redis

    def base(self):
        return BASE + sum(quantity for quantity, _, _ in self.rows)

    def references(self):
        return {reference for _, reference, _ in self.rows}

    def take(self, entry, held):
        """The verdict on a take's entry: whether it is clean."""
        reference, quantity, r = self.entries[entry]
        enough = self.base() - held >= quantity
        if reference in self.references() or not enough:
            return False
        self.rows.append((-quantity, reference, r))
        return True


class History:
    def __init__(self, sku, seed):
        self.sku, self.rng, self.ledger, self.serial, self.held = sku, random.Random(seed), Ledger(), 0, 0
        sku.open(base=BASE)

    def next(self):
        self.serial += 1
        return self.serial

    def restock(self):
        self.ledger.rows.append((self.rng.randint(1, 9), f"more-{self.next()}", ""))

    def take(self):
        """A new reference, or one that was used before."""
        reference, r = f"t{self.rng.randrange(12)}", self.next()
        quantity = self.rng.randint(1, 6)
        word, *more = self.sku.take(reference, quantity, r=r)
        if word == "OK":
            entry = f"{more[1]}-{r}"
            self.ledger.entries[entry] = (reference, quantity, r)
            self.ledger.sent.append(entry)
        else:
            assert word in ("TAKEN", "SOLD_OUT"), word

    def decide(self):
        """Messages come in any order; some never do, and are fenced."""
        if self.ledger.sent:
            entry = self.ledger.sent.pop(self.rng.randrange(len(self.ledger.sent)))
            fenced = self.rng.random() < 0.2
            self.ledger.settled.append((entry, not fenced and self.ledger.take(entry, self.held)))

    def settle(self):
        """Now and then again, of what was settled before."""
        if self.ledger.settled:
            entry, clean = self.ledger.settled[-1] if self.rng.random() < 0.3 else self.ledger.settled.pop(0)
            reference = self.ledger.entries[entry][0]
            if clean:
                assert self.sku.settle(clean=[entry])[:2] == ["OK", 0]
            else:
                assert self.sku.settle(adopt=[(entry, [(reference, "G", 1, 1, "-", 0)])]) == ["OK", 0]

    def number(self):
        """The next number, or one of any distance."""
        if self.ledger.rows:
            here = int(self.sku.redis.hget(self.sku.key("stock"), "inflow"))
            n = here + 1 if self.rng.random() < 0.6 else self.rng.randint(1, len(self.ledger.rows))
            if n <= len(self.ledger.rows):
                quantity, reference, r = self.ledger.rows[n - 1]
                word = self.sku.inflow(n, quantity, reference if r else "", r)[0]
                assert word == ("DONE" if n <= here else "APPLIED" if n == here + 1 else "GAP")

    def order(self):
        """An order, CREATED at once: it holds in both."""
        units = self.rng.randint(1, 3)
        if self.held < BASE // 3:
            answer = self.sku.reserve((f"o{self.next()}", "u", units), r=1)
            if answer[5] == "ACCEPTED":
                assert self.sku.settle(clean=[f"{answer[2]}-1"]) == ["OK", 0]
                self.held += units

    def check(self):
        available, base, inflow = map(int, self.sku.redis.hmget(self.sku.key("stock"), "available", "base", "inflow"))
        taken = sum(int(took.split(":")[1]) for took in self.sku.redis.hgetall(self.sku.key("takes")).values())
        assert available + self.held == base
        assert base + taken == BASE + sum(quantity for quantity, _, _ in self.ledger.rows[:inflow])

    def finish(self):
        while self.ledger.sent:
            self.decide()
        while self.ledger.settled:
            self.settle()
        for n, (quantity, reference, r) in enumerate(self.ledger.rows, 1):
            self.sku.inflow(n, quantity, reference if r else "", r)
        self.check()
        assert self.sku.redis.hgetall(self.sku.key("takes")) == {} and self.sku.journal() == []
        assert int(self.sku.redis.hget(self.sku.key("stock"), "base")) == self.ledger.base()


@pytest.mark.parametrize("seed", SEEDS)
def test_random_history(sku, seed):
    history = History(sku, seed)
    steps = [history.restock, history.take, history.take, history.decide, history.settle, history.number, history.number,
             history.order]
    for _ in range(ROUNDS):
        history.rng.choice(steps)()
        history.check()
    history.finish()
    assert history.ledger.rows and history.held


@pytest.mark.parametrize("seed", SEEDS)
def test_random_history_of_a_redis_that_forgets(sku, seed):
    """Half-way Redis goes back to an earlier moment; what it lost comes back with the numbers and the verdicts."""
    history = History(sku, seed)
    steps = [history.restock, history.take, history.take, history.decide, history.settle, history.number]
    kept = {}
    for n in range(ROUNDS):
        history.rng.choice(steps)()
        if n == ROUNDS // 3:
            kept = sku.dump()
        if n == 2 * ROUNDS // 3:
            sku.redis.flushall()
            for key, value in kept.items():
                sku.redis.restore(key, 0, value)
    for entry in list(history.ledger.entries):  # everything is read again, whatever was settled before
        if entry not in history.ledger.sent and entry not in dict(history.ledger.settled):
            clean = any(r == history.ledger.entries[entry][2] for _, _, r in history.ledger.rows)
            history.ledger.settled.append((entry, clean))
    history.finish()
