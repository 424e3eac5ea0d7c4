"""What Redis and the ledger have of one SKU, order by order, and the equations that hold between them (docs/DESIGN.md §9.3).

Knows the keys and tables by docs/FORMATS.md and deploy/sql, and no line of Flashgate's code.
"""
import collections

from daemons import until

TYPES = {1: "reserve", 2: "pay", 3: "cancel", 4: "expire", 5: "return", 6: "take", 11: "create", 12: "restock", 13: "adjust"}
STATES = {1: "CREATED", 2: "PAID", 3: "CANCELLED", 4: "EXPIRED", 5: "RETURNED", 6: "FAILED", 7: "FAILED"}
LETTERS = {"A": "CREATED", "C": "CREATED", "P": "PAID", "X": "CANCELLED", "D": "EXPIRED", "T": "RETURNED", "L": "FAILED",
           "S": "FAILED", "K": "CANCELLING", "E": "EXPIRING", "R": "RETURNING"}
HALF_WAY = {"QUEUED", "CANCELLING", "EXPIRING", "RETURNING"}
OVER = {"CANCELLED", "EXPIRED", "RETURNED", "FAILED"}  # hold nothing

Order = collections.namedtuple("Order", "state version quantity user payment")
LogRow = collections.namedtuple("LogRow", "type quantity before after entry order lines inflow operator reason reference")
Inflow = collections.namedtuple("Inflow", "type quantity reference operator reason")


def holds(order):
    return 0 if order.state in OVER else order.quantity


def sums(pairs):
    total = collections.Counter()
    for name, number in pairs:
        total[name] += number
    return +total


def read_records(sku, records, journal):
    """{order: Order} of what Redis has of a SKU's orders; journal: the first halves of its stream ids."""
    found = {}
    for ref, record in records.items():
        record, *payments = record.split('"')
        head, quantity, at, _, user = record.split(":", 4)
        state = "QUEUED" if head[0] == "A" and at in journal else LETTERS[head[0]]
        found[f"{sku}.{ref}"] = Order(state, int(head[1:]), int(quantity), user, payments[0] if payments else "")
    return found


class Books:
    """One look: Redis first, then the ledger."""

    def __init__(self, stack, sku):
        self.sku = sku
        self._read_redis(stack.redis(decode_responses=True))
        self._read_ledger(stack)

    def _read_redis(self, redis):
        def key(name):
            return f"flash:{{{self.sku}}}:{name}"
        pipe = redis.pipeline(transaction=True)
        for call, name in ((pipe.hgetall, "stock"), (pipe.hgetall, "orders"), (pipe.hgetall, "users"), (pipe.hgetall, "takes")):
            call(key(name))
        pipe.xrange(key("journal"))
        self.stock, orders, users, takes, journal = pipe.execute()
        self.takes = {reference: int(took.split(":")[1]) for reference, took in takes.items()}
        self.users = {user: int(units) for user, units in users.items()}
        self.journal = {stream.split("-")[0]: fields["e"] for stream, fields in journal}
        self.cached = read_records(self.sku, orders, self.journal)

    def _read_ledger(self, stack):
        (self.base, self.available, self.reserved, self.sold, self.flagged, self.version), = stack.query(
            "SELECT base, available, reserved, sold, flagged, version FROM stock WHERE sku = %s", self.sku)
        inflows = stack.query("SELECT number, type, quantity, reference, operator, reason FROM inflow WHERE sku = %s"
                              " ORDER BY number", self.sku)
        self.inflows = {number: Inflow(TYPES[kind], quantity, (reference or b"").decode(), operator.decode(), reason)
                        for number, kind, quantity, reference, operator, reason in inflows}
        self.limit = dict(stack.query("SELECT 1, per_user_limit FROM sale WHERE sku = %s", self.sku)).get(1, 0)
        self.rows, self.entries = {}, collections.defaultdict(int)
        for order, user, quantity, state, version, payment, entry in stack.query(
                "SELECT order_id, user_id, qty, state, version, payment_id, entry_id FROM reservation WHERE sku = %s", self.sku):
            self.rows[order.decode()] = Order(STATES[state], version, quantity, user.decode(), (payment or b"").decode())
            self.entries[entry] += quantity * (state not in (6, 7))
        self.log = [LogRow(TYPES[kind], quantity, before, after, entry, order and order.decode(), lines, inflow,
                           (operator or b"").decode(), reason or "", (reference or b"").decode())
                    for kind, quantity, before, after, entry, order, lines, inflow, operator, reason, reference in stack.query(
                        "SELECT type, quantity, available_before, available_after, entry_id, order_id, line_count,"
                        " inflow_number, operator, reason, reference FROM stock_log WHERE sku = %s ORDER BY id", self.sku)]
        self.moves = collections.defaultdict(list) # {order: the types of its own log rows}
        for row in self.log:
            if row.order:
                self.moves[row.order].append(row.type)
        self.refunds = collections.defaultdict(list)
        for order, payment in stack.query("SELECT order_id, payment_id FROM refund WHERE order_id > %s AND order_id < %s",
                                          f"{self.sku}.", f"{self.sku}/"):
            self.refunds[order.decode()].append(payment.decode())

    def half_way(self):
        return {order: record.state for order, record in self.cached.items() if record.state in HALF_WAY}

    # ---- the equations ----

    def check(self, open_orders=frozenset()):
        """All of them; open_orders may still differ between the stores (they have an entry in the journal)."""
        self.check_units()
        self.check_inflows()
        self.check_log()
        assert self.half_way().keys() <= set(open_orders), f"left half-way: {dict(list(self.half_way().items())[:5])}"
        apart = {order for order in self.cached.keys() | self.rows.keys() if self.cached.get(order) != self.rows.get(order)}
        some = [(order, self.cached.get(order), self.rows.get(order)) for order in sorted(apart - set(open_orders))[:5]]
        assert not some, f"Redis and the ledger differ: {some}"
        difference = sum(holds(self.cached[o]) - (holds(self.rows[o]) if o in self.rows else 0) for o in open_orders)
        assert self.available - int(self.stock["available"]) == difference + self.base - int(self.stock["base"])
        assert not self.flagged

    def check_units(self):
        held = sum(map(holds, self.cached.values()))
        assert int(self.stock["available"]) + held == int(self.stock["base"]), (self.stock, held)
        assert self.users == sums((record.user, holds(record)) for record in self.cached.values())
        assert not self.limit or max(self.users.values(), default=0) <= self.limit
        per_user = sums((row.user, holds(row)) for row in self.rows.values())
        assert not self.limit or max(per_user.values(), default=0) <= self.limit
        assert self.available + self.reserved + self.sold == self.base and self.available >= 0
        assert self.reserved == sum(row.quantity for row in self.rows.values() if row.state == "CREATED")
        assert self.sold == sum(row.quantity for row in self.rows.values() if row.state == "PAID")

    def check_inflows(self):
        """docs/FORMATS.md, "Inflows and takes": the base is the sum of its numbers, on both sides; each is in the log once."""
        assert list(self.inflows) == list(range(1, self.version + 1))
        assert sum(inflow.quantity for inflow in self.inflows.values()) == self.base
        here = int(self.stock["inflow"])
        assert int(self.stock["base"]) + sum(self.takes.values()) == sum(
            inflow.quantity for number, inflow in self.inflows.items() if number <= here), (self.stock, self.takes)
        assert {row.inflow: (row.quantity, row.operator, row.reason, row.reference) for row in self.log if row.inflow} == {
            number: (inflow.quantity, inflow.operator, inflow.reason, inflow.reference)
            for number, inflow in self.inflows.items()}
        assert sum(row.inflow is not None for row in self.log) == self.version
        for row in self.log:
            assert (row.type in ("create", "restock", "adjust", "take")) == (row.inflow is not None), row
            assert row.type != "take" or row.quantity < 0 and row.entry, row

    def check_log(self):
        """No gap from the first row to the stock; a reserve row an entry, with its orders' units; each order's moves once."""
        left, reserved = 0, []
        for row in self.log:
            assert row.before == left and row.before + row.quantity == row.after, row
            left = row.after
            if row.type == "reserve":
                reserved.append(row.entry)
                assert -row.quantity == self.entries[row.entry], row
            elif row.order:
                order = self.rows[row.order]
                assert row.quantity == (0 if row.type == "pay" else order.quantity), row
                assert row.operator == ("flash-reconciler" if row.type == "expire" else order.user), row
        assert left == self.available
        assert len(set(reserved)) == len(reserved)
        assert {entry for entry, units in self.entries.items() if units} <= set(reserved)
        expected = {"CREATED": [[]], "PAID": [["pay"]], "CANCELLED": [["cancel"]], "EXPIRED": [["expire"]],
                    "RETURNED": [["pay", "return"]], "FAILED": [[]]}
        wrong = [(order, row.state, self.moves[order]) for order, row in self.rows.items()
                 if self.moves[order] not in expected[row.state]]
        assert not wrong, wrong[:5]


def read_quiet(stack, skus, seconds=180):
    """{sku: Books} once nothing is under way: journals and the table of parked lines are empty, nothing is half-way.

    A take's number may have yet to come to Redis."""
    redis = stack.redis()

    def open_work():
        journal = sum(redis.xlen(f"flash:{{{sku}}}:journal") for sku in skus)
        return {"journal": journal, "parked": stack.query("SELECT COUNT(*) FROM parked")[0][0],
                "behind": sum(row[0] for row in stack.query("SELECT applied - acked FROM consumer_progress"))}

    def read():
        if any(open_work().values()):
            return None
        found = {sku: Books(stack, sku) for sku in skus}
        return None if any(books.half_way() for books in found.values()) else found

    books = until(read, lambda: (open_work(), {sku: list(Books(stack, sku).half_way().items())[:3] for sku in skus}), seconds)
    assert stack.query("SELECT COUNT(*) FROM dead_letter")[0][0] == 0
    return books
