"""What test_random_transitions.py holds the scripts to: Redis' orders as docs/FORMATS.md has them, and the ledger's rows.

The ledger judges as DESIGN §5.1 says (first insert wins, a transition waits for its predecessor, a refused one lifts the
version), naively, one line after the other.
"""
HOLDS = "ACPKER"
BASE = 60


class Order:
    """One order in Redis. An `A` is QUEUED while its entry is open."""

    def __init__(self, user, quantity, due):
        self.user, self.quantity, self.due = user, quantity, due
        self.letter, self.version, self.entry, self.paid, self.late = "A", 1, None, "", ""

    def move(self, letter):
        self.letter, self.version = letter, self.version + 1


class Redis:
    def __init__(self):
        self.orders, self.open = {}, set()

    def held(self, user=None):
        return sum(o.quantity for o in self.orders.values() if o.letter in HOLDS and user in (None, o.user))

    def available(self):
        return BASE - self.held()

    def derived(self, ref):
        order = self.orders[ref]
        return order.letter if order.letter != "A" else "Q" if order.entry in self.open else "C"

    def reserve(self, ref, user, quantity, due):
        known = self.orders.get(ref)
        if known:
            return "replay" if (known.user, known.quantity) == (user, quantity) else "KEY_REUSED"
        if self.available() < quantity:
            return "SOLD_OUT"
        self.orders[ref] = Order(user, quantity, due)
        return "ACCEPTED"

    def pay(self, ref, payment):
        """The word, and the version a line of the entry starts from (None: no line)."""
        order = self.orders.get(ref)
        if not order:
            return "ABSENT", None
        letter, version = self.derived(ref), order.version
        if letter == "Q":
            return "MET", None
        if payment in (order.paid, order.late):
            return ("PAID" if payment == order.paid else "LATE"), None
        if letter == "C":
            order.move("P")
            order.paid = payment
            return "PAID", version
        order.version, order.late = version + 1, payment
        return "LATE", version

    def release(self, kind, ref, user):
        order = self.orders.get(ref)
        if not order or user not in ("", order.user):
            return "ABSENT", None
        letter, version = self.derived(ref), order.version
        source, target, done = ("C", "K", "KX") if kind == "cancel" else ("P", "R", "RT")
        if letter in done:
            return "DONE", None
        if letter != source:
            return "MET", None
        order.move(target)
        return "DONE", version

    def due(self, now):
        return [ref for ref, order in self.orders.items() if self.derived(ref) == "C" and order.due <= now]

    def adopt(self, ref, row):
        order = self.orders[ref]
        if row.version >= order.version:
            order.letter, order.version, order.paid, order.late = row.letter, row.version, row.payment, ""


class Row:
    def __init__(self, letter, user, quantity):
        self.letter, self.version, self.user, self.quantity, self.payment = letter, 1, user, quantity, ""


class Ledger:
    MOVES = {"pay": ("C", "P"), "cancel": ("C", "X"), "expire": ("C", "D"), "return": ("P", "T")}

    def __init__(self):
        self.rows, self.verdicts, self.parked, self.refunds = {}, {}, [], set()

    def available(self):
        return BASE - sum(row.quantity for row in self.rows.values() if row.letter in "CP")

    def line(self, kind, line):
        """applied, refused or parked."""
        row = self.rows.get(line[0])
        if not row or row.version < line[3]:
            return "parked"
        source, target = self.MOVES[kind]
        if (row.letter, row.version) == (source, line[3]):
            row.letter, row.version = target, row.version + 1
            row.payment = line[4] if kind == "pay" else row.payment
            return "applied"
        row.version = max(row.version, line[3] + 1)
        if kind == "pay" and line[4] != row.payment:
            self.refunds.add((line[0], line[4]))
        return "refused"

    def insert(self, line, fate):
        if line[0] not in self.rows:
            self.rows[line[0]] = Row(fate, line[1], line[2])
            return fate == "C"
        return False

    def take(self, entry, fates):
        """Judges an entry once (fates: C, L or S of its lines, when it reserves); true when it is clean."""
        kind, lines = entry["type"], entry["lines"]
        if kind == "reserve":
            clean = [self.insert(line, fate) for line, fate in zip(lines, fates)]
        else:
            outcomes = [self.line(kind, line) for line in lines]
            self.parked += [(entry, line) for line, outcome in zip(lines, outcomes) if outcome == "parked"]
            clean = [outcome == "applied" for outcome in outcomes]
        self.verdicts[entry["id"]] = all(clean)
        return all(clean)

    def unpark(self):
        """One parked line whose predecessor has come: (entry, line); None when there is none."""
        for place, (entry, line) in enumerate(self.parked):
            if self.line(entry["type"], line) != "parked":
                return self.parked.pop(place)
        return None
