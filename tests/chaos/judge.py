"""The checker: a history and what the three stores have, and whether any promise of DESIGN §2 was broken.

    violations = judge(case)        [(name of the check, what is wrong), …]

case is plain data: {"schedule", "skus", "history": [line, …], "faults": [report, …], "samples": [sample, …], "stores", "quiet_s",
"died", "poison"}. It believes nobody: knows the formats (docs/FORMATS.md, deploy/sql) and no line of Flashgate's code. Each check is a
function with @check, whose first sentence is the promise; test_judge.py plants what each must find.
"""
import collections
import json

CHECKS = {}
STATES = {1: "CREATED", 2: "PAID", 3: "CANCELLED", 4: "EXPIRED", 5: "RETURNED", 6: "FAILED", 7: "FAILED"}
LETTERS = {"A": "CREATED", "C": "CREATED", "P": "PAID", "X": "CANCELLED", "D": "EXPIRED", "T": "RETURNED", "L": "FAILED",
           "S": "FAILED", "K": "CANCELLING", "E": "EXPIRING", "R": "RETURNING"}
TYPES = {1: "reserve", 2: "pay", 3: "cancel", 4: "expire", 5: "return", 6: "take"}
OVER = {"CANCELLED", "EXPIRED", "RETURNED", "FAILED"}
HALF_WAY = {"QUEUED", "CANCELLING", "EXPIRING", "RETURNING"}
LATER = {
    "QUEUED": {"CREATED", "PAID", "CANCELLING", "EXPIRING", "RETURNING"} | OVER,
    "CREATED": {"PAID", "CANCELLING", "CANCELLED", "EXPIRING", "EXPIRED", "RETURNING", "RETURNED"},
    "PAID": {"RETURNING", "RETURNED"},
    "CANCELLING": {"CANCELLED"}, "EXPIRING": {"EXPIRED"}, "RETURNING": {"RETURNED"},
    **{state: set() for state in OVER},
}
REDIS_LOSS = {"redis_flush", "redis_rollback", "zombie", "power", "failover"}
SETTLES = {"CANCELLING": "CANCELLED", "EXPIRING": "EXPIRED", "RETURNING": "RETURNED"}
WRONG_BOOKS = {"drift_up", "drift_down", "phantom", "user_count", "counter", "log"}

Record = collections.namedtuple("Record", "state version quantity user payment due")


def check(function):
    CHECKS[function.__name__] = function
    return function


def holds(record):
    return 0 if record.state in OVER else record.quantity


def slug(call):
    if call["status"] is None or call["status"] >= 500 and not call["body"]:
        return "unknown"
    return "accepted" if call["status"] < 300 else (call["body"] or {}).get("type", "").rpartition("/")[2]


class Case:
    """The data, indexed."""

    def __init__(self, data):
        self.data, self.skus = data, [str(sku) for sku in data["skus"]]
        self.history, self.stores = data["history"], data["stores"]
        self.kinds = {report["kind"] for report in data["faults"]}
        self.redis_loss = bool(self.kinds & REDIS_LOSS)
        self.cached, self.rows, self.journal = {}, {}, {}
        for sku in self.skus:
            self._read_redis(sku, self.stores["redis"][sku])
        self.ledger = collections.defaultdict(lambda: collections.defaultdict(list))  # {table: {sku: rows}}
        for table, rows in self.stores["ledger"].items():
            for row in rows:
                self.ledger[table][str(row.get("sku", ""))].append(row)
        for row in self.stores["ledger"]["reservation"]:
            self.rows[row["order_id"]] = Record(STATES[row["state"]], row["version"], row["qty"], row["user_id"],
                                                row["payment_id"] or "", row["due"])
        self.verdicts = {row["entry_id"]: row for row in self.stores["ledger"]["verdict"]}
        self.orders = [line for line in self.history if line["op"] == "order"]
        self.messages = self.stores["kafka"]["messages"]
        self.logged = self._read_log()

    def _read_redis(self, sku, store):
        self.journal[sku] = {stream.split("-")[0]: json.loads(entry) for stream, entry in store["journal"]}
        for ref, text in store["orders"].items():
            head, *payments = text.split('"')
            first, quantity, at, due, user = head.split(":", 4)
            state = "QUEUED" if first[0] == "A" and at in self.journal[sku] else LETTERS[first[0]]
            self.cached[f"{sku}.{ref}"] = Record(state, int(first[1:]), int(quantity), user, payments[0] if payments else "", int(due))

    def _read_log(self):
        """{order: entry ids in the log that make it}."""
        found = collections.defaultdict(set)
        for message in self.messages:
            try:
                entry = json.loads(message["value"])
            except ValueError:
                continue
            if entry.get("type") == "reserve":
                for ref, *_ in entry["lines"]:
                    found[f"{message['sku']}.{ref}"].add(entry["id"])
        return found

    def stock(self, sku):
        return self.ledger["stock"][sku][0]

    def of(self, sku, records):
        return {order: record for order, record in records.items() if order.partition(".")[0] == sku}

    def told(self):
        """{order: its first accepted call}."""
        found = {}
        for call in sorted(self.orders, key=lambda call: call["t1"]):
            if slug(call) == "accepted":
                found.setdefault(call["body"]["order_id"], call)
        return found

    def terms(self, sku):
        return self.data["schedule"]["skus"][self.skus.index(sku)]

    def calls(self, op):
        return [line for line in self.history if line["op"] == op]


def judge(data):
    """[(check, what is wrong)]; at most a few of each."""
    if not data["stores"]["redis"]:
        return [(look.__name__.removesuffix("_at"), wrong) for look in (created_is_in_the_ledger_at, what_is_acked_is_known_at)
                for wrong in list(look(data["samples"]))[:3]]
    case = Case(data)
    return [(name, wrong) for name, function in CHECKS.items() for wrong in list(function(case))[:3]]


# ---- units ----

@check
def redis_units(case):
    """In Redis what is available and what orders hold is the base."""
    for sku in case.skus:
        stock, held = case.stores["redis"][sku]["stock"], sum(map(holds, case.of(sku, case.cached).values()))
        if int(stock["available"]) + held != int(stock["base"]):
            yield f"SKU {sku}: {stock['available']} available + {held} held, of {stock['base']}"


@check
def redis_users(case):
    """A user's count in Redis is what his orders hold."""
    for sku in case.skus:
        counts = collections.Counter()
        for record in case.of(sku, case.cached).values():
            counts[record.user] += holds(record)
        here = {user: int(units) for user, units in case.stores["redis"][sku]["users"].items()}
        if here != +counts:
            yield f"SKU {sku}: {dict(list((collections.Counter(here) - counts).items())[:3])} too much, " \
                  f"{dict(list((+counts - collections.Counter(here)).items())[:3])} missing"


@check
def never_oversold(case):
    """In the ledger 0 <= available <= base, and what orders hold is no more than the base."""
    for sku in case.skus:
        stock, held = case.stock(sku), sum(map(holds, case.of(sku, case.rows).values()))
        if held > stock["base"] or not 0 <= stock["available"] <= stock["base"]:
            yield f"SKU {sku}: {held} held, {stock['available']} available, of {stock['base']}"


@check
def ledger_units(case):
    """available + reserved + sold = base, and reserved and sold are the sums of the orders' units."""
    for sku in case.skus:
        stock, sums = case.stock(sku), collections.Counter()
        for record in case.of(sku, case.rows).values():
            sums[record.state] += record.quantity
        if stock["available"] + stock["reserved"] + stock["sold"] != stock["base"] or \
                (stock["reserved"], stock["sold"]) != (sums["CREATED"], sums["PAID"]):
            yield f"SKU {sku}: {stock['available']} + {stock['reserved']} + {stock['sold']} of {stock['base']}, orders: {dict(sums)}"


@check
def never_undersold(case):
    """At the end Redis has as many units to sell as the ledger."""
    for sku in case.skus:
        here, there = int(case.stores["redis"][sku]["stock"]["available"]), case.stock(sku)["available"]
        if here != there:
            yield f"SKU {sku}: {here} available in Redis, {there} in the ledger"


@check
def base_agrees(case):
    """The base is the sum of the ledger's inflows without gaps, in both; no take is left open."""
    for sku in case.skus:
        inflows, stock, here = case.ledger["inflow"][sku], case.stock(sku), case.stores["redis"][sku]
        if [row["number"] for row in inflows] != list(range(1, stock["version"] + 1)):
            yield f"SKU {sku}: inflow numbers {[row['number'] for row in inflows]}"
        if not sum(row["quantity"] for row in inflows) == stock["base"] == int(here["stock"]["base"]):
            yield f"SKU {sku}: inflows {sum(row['quantity'] for row in inflows)}, ledger {stock['base']}, Redis {here['stock']['base']}"
        if here["takes"] or int(here["stock"]["inflow"]) != stock["version"]:
            yield f"SKU {sku}: takes {here['takes']}, inflow {here['stock']['inflow']} of {stock['version']}"


# ---- the log ----

@check
def log_adds_up(case):
    """stock_log has no gap, from nothing to what is available."""
    for sku in case.skus:
        left = 0
        for row in case.ledger["stock_log"][sku]:
            if row["available_before"] != left or left + row["quantity"] != row["available_after"]:
                yield f"SKU {sku}: row {row['id']} goes from {row['available_before']}, and {left} was left"
            left = row["available_after"]
        if left != case.stock(sku)["available"]:
            yield f"SKU {sku}: the log ends at {left}, the stock has {case.stock(sku)['available']}"


@check
def log_has_every_step_once(case):
    """Each move of an order has one row, with its units; each reserve entry with units has one."""
    expected = {"CREATED": [], "PAID": [2], "CANCELLED": [3], "EXPIRED": [4], "RETURNED": [2, 5], "FAILED": []}
    for sku in case.skus:
        moves, reserved = collections.defaultdict(list), collections.Counter()
        for row in case.ledger["stock_log"][sku]:
            if row["order_id"]:
                moves[row["order_id"]].append(row["type"])
            elif row["type"] == 1:
                reserved[row["entry_id"]] += 1
        for order, record in case.of(sku, case.rows).items():
            if moves[order] != expected[record.state]:
                yield f"{order} is {record.state}, its log: {[TYPES[move] for move in moves[order]]}"
        units = collections.Counter()
        for row in case.ledger["reservation"][sku]:
            units[row["entry_id"]] += row["qty"] * (row["state"] not in (6, 7))
        for entry, number in units.items():
            if reserved[entry] != (1 if number else reserved[entry] if reserved[entry] <= 1 else 1):
                yield f"SKU {sku}: entry {entry} has {reserved[entry]} rows in the log"


@check
def log_units_of_entries(case):
    """What a reserve entry took is what its orders that did not fail have."""
    for sku in case.skus:
        units = collections.Counter()
        for row in case.ledger["reservation"][sku]:
            units[row["entry_id"]] += row["qty"] * (row["state"] not in (6, 7))
        for row in case.ledger["stock_log"][sku]:
            if row["type"] == 1 and -row["quantity"] != units[row["entry_id"]]:
                yield f"SKU {sku}: the log has {row['quantity']} for entry {row['entry_id']}, its orders {units[row['entry_id']]}"


# ---- entries and verdicts ----

@check
def everything_is_decided(case):
    """At the end no entry is open, no line is parked and no order is half-way: every 202 has come to a state."""
    for sku in case.skus:
        if case.journal[sku]:
            yield f"SKU {sku}: {len(case.journal[sku])} open entries: {[entry['type'] for entry in case.journal[sku].values()][:4]}"
        if case.ledger["parked"][sku]:
            yield f"SKU {sku}: parked: {case.ledger['parked'][sku][:2]}"
    for order, record in case.cached.items():
        if record.state in HALF_WAY:
            yield f"{order} is {record.state}"


@check
def an_entry_is_open_or_decided(case):
    """Never both."""
    for sku in case.skus:
        for entry in case.journal[sku].values():
            if entry["id"] in case.verdicts and not case.data.get("unsettled"):
                yield f"{entry['id']} is open and has a verdict"


@check
def every_row_has_its_verdict(case):
    """An order's entry has a verdict, clean if and only if all its lines took effect."""
    rows = collections.Counter()
    for row in case.stores["ledger"]["reservation"]:
        verdict = case.verdicts.get(row["entry_id"])
        if verdict is None or verdict["type"] != 1:
            yield f"{row['order_id']}: its entry has {'no verdict' if verdict is None else 'another type'}"
            continue
        rows[row["entry_id"]] += 1
        if (verdict["verdict"] == 2) != (row["state"] == 6):
            yield f"{row['order_id']} is {STATES[row['state']]}, its entry's verdict {verdict['verdict']}"
        if verdict["clean"] and row["state"] == 7:
            yield f"{row['order_id']} failed, its entry's verdict is clean"
    for entry, verdict in case.verdicts.items():
        if verdict["type"] == 1 and verdict["clean"] and rows[entry] != verdict["line_count"]:
            yield f"{entry} is clean with {verdict['line_count']} lines and {rows[entry]} orders"


@check
def only_orders_and_takes_are_given_up(case):
    """A fenced entry is a reserve or a take."""
    for entry, verdict in case.verdicts.items():
        if verdict["verdict"] == 2 and verdict["type"] not in (1, 6):
            yield f"{entry}, {TYPES[verdict['type']]}, is fenced"


@check
def the_log_of_kafka_is_applied(case):
    """Every readable entry in the log has a verdict, and every verdict of a place in the log is of the message there."""
    places = {(message["partition"], message["offset"]): message for message in case.messages}
    for message in case.messages:
        try:
            entry = json.loads(message["value"])
        except ValueError:
            continue
        if entry.get("v") == 1 and entry.get("type") in TYPES.values() and entry["id"] not in case.verdicts:
            yield f"{entry['type']} {entry['id']} at {message['partition']}:{message['offset']} has no verdict"
    for entry, verdict in case.verdicts.items():
        if verdict["verdict"] == 1 and verdict["partition_no"] >= 0:
            message = places.get((verdict["partition_no"], verdict["kafka_offset"]))
            if message is None or json.loads(message["value"])["id"] != entry:
                yield f"{entry} is said to be at {verdict['partition_no']}:{verdict['kafka_offset']}, and is not"


@check
def progress_is_within_the_log(case):
    """low <= acked <= applied <= high, and all is acked."""
    for row in case.stores["ledger"]["consumer_progress"]:
        low, high = case.stores["kafka"]["ends"][row["partition_no"]]
        if row["topic"] == "flash.orders" and not (row["acked"] <= row["applied"] <= high and (low <= row["acked"] or row["acked"] == 0)):
            yield f"partition {row['partition_no']}: {low} {row['acked']} {row['applied']} {high}"


@check
def nothing_is_dead_but_poison(case):
    """As many messages were put aside as were poison."""
    dead = len(case.stores["ledger"]["dead_letter"]) - case.data.get("dead_before", 0)
    if dead != case.data.get("poison", 0):
        yield f"{dead} dead letters for {case.data.get('poison', 0)} bad messages"


# ---- Redis and the ledger ----

@check
def copies_agree(case):
    """Redis has each order of the ledger, in its state, and no other."""
    for order in sorted(case.cached.keys() | case.rows.keys()):
        here, there = case.cached.get(order), case.rows.get(order)
        if here is None or there is None or here[:5] != there[:5]:
            yield f"{order}: Redis {here and here[:5]}, ledger {there and there[:5]}"


@check
def copies_agree_at_rest(case):
    """And before anybody asks again: so it was when all had come to rest, but for orders that are about to expire."""
    rest = case.data.get("rest")
    if not rest or not rest["redis"] or case.data["quiet_s"] is None:
        return
    then = Case({**case.data, "stores": rest, "history": [], "faults": []})
    for order in sorted(then.cached.keys() | then.rows.keys()):
        here, there = then.cached.get(order), then.rows.get(order)
        expires = here and there and {here.state, there.state} <= {"CREATED", "EXPIRING", "EXPIRED"} and 0 < here.due < case.data["ended_s"]
        if (here is None or there is None or here[:5] != there[:5]) and not expires:
            yield f"{order}, at rest: Redis {here and here[:5]}, ledger {there and there[:5]}"


@check
def created_orders_are_watched(case):
    """Every order that waits for its payment stands in the list of deadlines."""
    for sku in case.skus:
        waiting = {f"{sku}.{ref}" for member, _ in case.stores["redis"][sku]["due"] for ref in member.split(" ")[1:]}
        for order, record in case.of(sku, case.cached).items():
            if record.state == "CREATED" and record.due and order not in waiting:
                yield f"{order} is CREATED, due at {record.due}, and in no due member"


@check
def the_gate_is_open(case):
    """At the end every SKU is sold again, in the ledger's generation."""
    generation = case.stores["ledger"]["generation"][0]["generation"]
    for sku in case.skus:
        stock = case.stores["redis"][sku]["stock"]
        if int(stock["generation"]) != generation or not stock["gate"].startswith(f"open:{generation}:"):
            yield f"SKU {sku}: generation {stock['generation']} of {generation}, gate {stock['gate']}"


# ---- what buyers were told ----

@check
def every_acceptance_is_an_order(case):
    """Who was told 202 has an order as he asked for it; only a Redis that lost its last writes, before Kafka had them, may forget it."""
    for order, call in case.told().items():
        row = case.rows.get(order)
        if row is None:
            if not case.redis_loss or case.logged.get(order):
                yield f"{order} was accepted at {call['t1']} and is not in the ledger"
        elif (row.user, row.quantity) != (call["user"], call["quantity"]):
            yield f"{order}: {call['user']} asked for {call['quantity']}, the ledger has {row[:4]}"


@check
def nobody_has_an_order_he_did_not_ask_for(case):
    """Every order was asked for: one call, at least, with its user, SKU and quantity."""
    asked = {(call["sku"], call["user"], call["quantity"]) for call in case.orders}
    told = case.told()
    for order, row in case.rows.items():
        if (order.partition(".")[0], row.user, row.quantity) not in asked:
            yield f"{order}: nobody asked for {row[:4]}"
    for sku in case.skus:
        calls = [call for call in case.orders if call["sku"] == sku]
        doubtful = {(call["user"], call["key"]) for call in calls} - {(call["user"], call["key"]) for call in calls
                                                                      if slug(call) == "accepted"}
        extra = case.of(sku, case.rows).keys() - told.keys()
        if len(extra) > len(doubtful):
            yield f"SKU {sku}: {len(extra)} orders that nobody was told of, {len(doubtful)} buyers without an answer"


@check
def a_key_has_one_order(case):
    """All acceptances of one key name the same order, with the same content."""
    found = collections.defaultdict(set)
    for call in case.orders:
        if slug(call) == "accepted":
            found[call["sku"], call["user"], call["key"]].add((call["body"]["order_id"], call["body"]["quantity"]))
            if call["body"]["quantity"] != call["quantity"]:
                yield f"{call['key']} of {call['user']}: asked for {call['quantity']}, told {call['body']['quantity']}"
    for key, orders in found.items():
        if len(orders) > 1:
            yield f"{key}: {orders}"
    owners = collections.defaultdict(set)
    for key, orders in found.items():
        for order, _ in orders:
            owners[order].add(key)
    for order, keys in owners.items():
        if len(keys) > 1:
            yield f"{order} is the order of {sorted(keys)}"


@check
def an_acceptance_stands(case):
    """Who was told 202 is never told later that his key is sold out, over the limit or used: that would be a second first answer."""
    if case.redis_loss:
        return
    accepted = collections.defaultdict(lambda: float("inf"))
    for call in case.orders:
        if slug(call) == "accepted":
            key = call["sku"], call["user"], call["key"], call["quantity"]
            accepted[key] = min(accepted[key], call["t1"])
    for call in case.orders:
        key = call["sku"], call["user"], call["key"], call["quantity"]
        if slug(call) in ("sold-out", "limit-reached", "key-reused", "not-started", "ended") and call["t0"] > accepted[key]:
            yield f"{key}: accepted by {accepted[key]}, then {slug(call)} at {call['t0']}"


@check
def a_used_key_was_used(case):
    """422 key-reused only where the same buyer has used the key with another quantity."""
    used = collections.defaultdict(set)
    for call in case.orders:
        used[call["sku"], call["user"], call["key"]].add(call["quantity"])
    for call in case.orders:
        if slug(call) == "key-reused" and len(used[call["sku"], call["user"], call["key"]]) < 2:
            yield f"{call['key']} of {call['user']}: key-reused, and it never was"


@check
def answers_do_not_go_back(case):
    """What an answer says of an order still holds in every call begun after it: states and versions only move forward."""
    if case.redis_loss:
        return  # until the recovery has replayed, Redis may show what it was before
    seen = collections.defaultdict(list)
    for line in case.history:
        body = line.get("body") or {}
        if line["op"] in ("order", "get", "wait", "pay", "cancel", "return") and slug(line) == "accepted" and "status" in body:
            seen[body.get("order_id") or line.get("order")].append((line["t0"], line["t1"], body["status"]))
    for order, answers in seen.items():
        answers.sort(key=lambda answer: answer[1])
        for t0, _, state in answers:
            for _, before, old in answers:
                if before < t0 and state != old and state not in LATER[old]:
                    yield f"{order}: {old} at {before}, then {state} at {t0}"


@check
def created_never_fails(case):
    """CREATED never turns into FAILED: the ledger had it."""
    for line in case.history:
        body = line.get("body") or {}
        order = body.get("order_id")
        if order and body.get("status") in ("CREATED", "PAID") and order in case.rows and case.rows[order].state == "FAILED":
            yield f"{order} was {body['status']} at {line['t1']} and is FAILED"


@check
def a_failure_has_a_reason(case):
    """An order is FAILED only as lost, its entry fenced, or, when Redis lost writes, as refused by the ledger."""
    short = [row for row in case.stores["ledger"]["reservation"] if row["state"] == 7]
    if short and not case.redis_loss:
        yield f"{short[0]['order_id']}: shortage, and Redis lost nothing"
    for line in case.history:
        body = line.get("body") or {}
        if body.get("status") == "FAILED" and body.get("reason") not in ("lost", "shortage"):
            yield f"{body.get('order_id')}: FAILED without a reason"


@check
def last_words_are_true(case):
    """What each buyer is told at the very end is what the ledger has."""
    last = {line["order"]: line for line in case.history if line["op"] == "get" and line["n"] == -1}
    for line in last.values():
        row, body = case.rows.get(line["order"]), line["body"] or {}
        same = row and (body.get("status") == row.state or row.state == "EXPIRED" and row.state in LATER.get(body.get("status"), ()))
        if slug(line) != "accepted" or not same or body["quantity"] != row.quantity:
            yield f"{line['order']}: told {line['status']} {body.get('status')}, the ledger has {row and row.state}"


# ---- refusals ----

def most_held(case, sku, call, user=None):
    """No more units than this can have been held at any moment of the call; by one user, or by all."""
    total = 0
    for order, (start, end, quantity, whose) in case.spans[sku].items():
        if start < call["t1"] and end > call["t0"] and user in (None, whose):
            total += quantity
    return total


def spans(case):
    """{sku: {key: (from when, until when its units may be held at most, quantity, user)}} of every key that was ever asked for."""
    found = {sku: {} for sku in case.skus}
    for call in case.orders:
        key, old = (call["user"], call["key"]), found[call["sku"]].get((call["user"], call["key"]))
        quantity = max(call["quantity"], old[2] if old else 0)
        found[call["sku"]][key] = (min(call["t0"], old[0]) if old else call["t0"], float("inf"), quantity, call["user"])
    for sku in case.skus:
        for key, (start, end, quantity, user) in list(found[sku].items()):
            answers = [call for call in case.orders if call["sku"] == sku and (call["user"], call["key"]) == key]
            if all(slug(call) in ("sold-out", "limit-reached") for call in answers):
                del found[sku][key]  # all of them refused: it never held anything
    return found


@check
def sold_out_is_true(case):
    """Who was told sold-out asked at a moment when so many units were, or may have been, with others or taken out."""
    case.spans = spans(case)
    for sku in case.skus:
        least = case.terms(sku)["units"] - sum(act["quantity"] for act in case.data["schedule"]["office"]
                                               if act["what"] == "take" and case.skus[act["sku"]] == sku)
        for call in case.orders:
            if call["sku"] == sku and slug(call) == "sold-out" and least - most_held(case, sku, call) >= call["quantity"]:
                yield f"{call['key']}: sold-out at {call['t0']}, and no more than {most_held(case, sku, call)} of {least} can have been held"


@check
def the_limit_is_true(case):
    """Who was told limit-reached had, or may have had, that many units."""
    for call in case.orders:
        if slug(call) == "limit-reached":
            limit, own = case.terms(call["sku"])["limit"], most_held(case, call["sku"], call, call["user"])
            if own + call["quantity"] <= limit:
                yield f"{call['key']} of {call['user']}: limit-reached at {call['t0']}, with {own} at most, of {limit}"


@check
def nobody_has_more_than_the_limit(case):
    """No user holds more units of a SKU than its limit, in the ledger and in every sample."""
    for sku in case.skus:
        counts = collections.Counter()
        for record in case.of(sku, case.rows).values():
            counts[record.user] += holds(record)
        for user, units in counts.items():
            if units > case.terms(sku)["limit"] and not case.redis_loss:
                yield f"SKU {sku}: {user} has {units}, the limit is {case.terms(sku)['limit']}"


# ---- money ----

def payments(case):
    """{(order, payment): set of outcomes: PAID, LATE, NO, unknown}."""
    found = collections.defaultdict(set)
    for line in case.calls("pay"):
        body, word = line["body"] or {}, slug(line)
        outcome = "PAID" if word == "accepted" else "LATE" if body.get("refund_due") else \
            "NO" if word in ("not-created-yet", "wrong-state", "not-admitting", "unavailable") else "unknown"
        found[line["order"], line["payment"]].add(outcome)
    return found


@check
def a_payment_is_never_lost(case):
    """Who was told PAID has a paid order, by that payment; a payment that came too late has its refund, once."""
    refunds = collections.Counter((row["order_id"], row["payment_id"]) for row in case.stores["ledger"]["refund"])
    for (order, payment), outcomes in payments(case).items():
        row = case.rows.get(order)
        paid = row is not None and row.state in ("PAID", "RETURNED") and row.payment == payment
        due = refunds[order, payment] == 1
        if "PAID" in outcomes and not paid and not (case.redis_loss and (due or payment not in case.data.get("logged_payments", ()))):
            yield f"{order}: PAID by {payment}, and the ledger has {row and row[:5]}, {refunds[order, payment]} refunds"
        if "LATE" in outcomes and not due and not (case.redis_loss and payment not in case.data.get("logged_payments", ())):
            yield f"{order}: {payment} was late, and has {refunds[order, payment]} refunds"


@check
def nothing_is_refunded_that_paid(case):
    """A refund is for a payment that somebody made and that did not pay an order."""
    made = payments(case)
    for row in case.stores["ledger"]["refund"]:
        if row["order_id"].partition(".")[0] in case.skus:
            key, order = (row["order_id"], row["payment_id"]), case.rows.get(row["order_id"])
            if key not in made:
                yield f"{key}: a refund, and nobody paid"
            elif order and order.payment == row["payment_id"]:
                yield f"{key}: refunded, and it paid the order"


@check
def what_was_promised_was_done(case):
    """Who was told CANCELLING, RETURNING or EXPIRING has it; nobody paid, cancelled or returned for him."""
    if case.redis_loss:
        return
    for line in case.history:
        body = line.get("body") or {}
        if line["op"] in ("cancel", "return") and slug(line) == "accepted":
            state, order = body.get("status"), line["order"]
            wanted = SETTLES.get(state, state)
            if order not in case.rows or case.rows[order].state != wanted:
                yield f"{order}: told {state} at {line['t1']}, and is {case.rows.get(order) and case.rows[order].state}"
    asked = {op: {line["order"] for line in case.calls(op)} for op in ("pay", "cancel", "return")}
    for order, row in case.rows.items():
        wanted = {"PAID": "pay", "RETURNED": "return"}.get(row.state)
        if wanted and order not in asked[wanted] or row.state == "CANCELLED" and order not in asked["cancel"] | asked["return"]:
            yield f"{order} is {row.state}, and nobody asked"


@check
def a_version_is_its_steps(case):
    """An order's version is one more than its steps, those that were refused included."""
    least = {"CREATED": 1, "PAID": 2, "CANCELLED": 2, "EXPIRED": 2, "RETURNED": 3, "FAILED": 1}
    refused = collections.Counter(row["order_id"] for row in case.stores["ledger"]["refund"])
    for order, row in case.rows.items():
        if row.version < least[row.state]:
            yield f"{order} is {row.state} at version {row.version}"
        if row.version > least[row.state] + refused[order] and not (case.redis_loss or case.kinds):
            yield f"{order} is {row.state} at version {row.version}, with {refused[order]} refused payments"


# ---- the back office, expiry, the reports, and time ----

@check
def a_reference_counts_once(case):
    """A restock or adjustment has one inflow, with its units, if it was confirmed, and never two."""
    for sku in case.skus:
        found = collections.defaultdict(list)
        for row in case.ledger["inflow"][sku]:
            if row["reference"]:
                found[row["reference"]].append(row["quantity"])
        for line in case.calls("restock") + case.calls("adjust"):
            if line["sku"] != sku:
                continue
            rows = found[line["reference"]]
            if len(rows) > 1 or rows and rows[0] != line["delta"]:
                yield f"SKU {sku}: {line['reference']} of {line['delta']} has the inflows {rows}"
            if line["status"] == 200 and not rows:
                yield f"SKU {sku}: {line['reference']} was done at {line['t1']} and has no inflow"
        made = {line["reference"] for line in case.calls("restock") + case.calls("adjust") if line["sku"] == sku}
        for reference in found.keys() - made:
            yield f"SKU {sku}: an inflow {reference} that nobody made"


@check
def nothing_expires_early(case):
    """Only orders whose deadline has passed are EXPIRED."""
    if "clock" in case.kinds:
        return  # by whose clock?
    for row in case.stores["ledger"]["reservation"]:
        if row["state"] == 4 and row["updated_at_ms"] < row["due"] * 1000 - 1000:
            yield f"{row['order_id']}: expired {row['due'] * 1000 - row['updated_at_ms']} ms before its deadline"


@check
def what_is_due_expires(case):
    """At the end no order is left CREATED whose deadline is long over."""
    for order, record in case.rows.items():
        if record.state == "CREATED" and case.data.get("ended_s", 0) > record.due + 30 > 30:
            yield f"{order} was due at {record.due} and is still CREATED at {case.data['ended_s']}"


@check
def the_audit_saw_nothing(case):
    """The live audit never said that the books are wrong: they never were."""
    for row in case.stores["ledger"]["reconcile_finding"]:
        if row["cause"] in WRONG_BOOKS and not case.redis_loss:
            yield f"SKU {row['sku']}: {row['cause']}: {row['detail'][:150]}"


@check
def what_was_given_up_is_reported(case):
    """Every fenced entry has its finding, and no other entry is reported as given up."""
    fenced = {entry for entry, verdict in case.verdicts.items() if verdict["verdict"] == 2}
    given_up = {row["entry_id"] for row in case.stores["ledger"]["reconcile_finding"] if "given up" in row["detail"]}
    killed = case.kinds & {"power", "kill", "step", "term", "db_kill", "server_kill", "db_readonly", "link", "second", "freeze",
                           "server_freeze", "db_locks", "db_deadlocks", "files", "redis_disk"}
    if fenced - given_up and not killed:
        yield f"given up and not reported: {sorted(fenced - given_up)[:2]}"
    if given_up - fenced:
        yield f"reported as given up, and not fenced: {sorted(given_up - fenced)[:2]}"


@check
def samples_balance(case):
    """At every moment that was looked at, Redis' units added up to its base, and the ledger's to its own."""
    for sample in case.data["samples"]:
        for sku, (available, held, base) in sample["redis"].items():
            if available + held != base:
                yield f"SKU {sku} at {sample['t']}: {available} available + {held} held, of {base} in Redis"
            if available < 0 and not case.redis_loss:
                yield f"SKU {sku} at {sample['t']}: {available} available in Redis"
        for sku, (available, held, base) in sample["ledger"].items():
            if available + held != base or available < 0:
                yield f"SKU {sku} at {sample['t']}: {available} available + {held} held, of {base} in the ledger"


@check
def created_is_in_the_ledger(case):
    """At every moment that was looked at, an order that Redis showed as CREATED was in the ledger: it is told after the commit."""
    yield from created_is_in_the_ledger_at(case.data["samples"])


def created_is_in_the_ledger_at(samples):
    for sample in samples:
        if sample.get("missing"):
            yield f"CREATED at {sample['t']}, and not in the ledger: {sample['missing'][:3]}"


@check
def what_is_acked_is_known(case):
    """No difference without a witness: an order whose message lies before `acked` is known to the Redis whose gate is open."""
    yield from what_is_acked_is_known_at(case.data["samples"])


def what_is_acked_is_known_at(samples):
    for sample in samples:
        if sample.get("forgotten"):
            yield f"acked before {sample['t']}, and Redis does not know: {sample['forgotten'][:3]}"


@check
def it_comes_to_rest(case):
    """After the last fault everything is decided in the stated time, and every buyer has an answer."""
    if case.data["quiet_s"] is None:
        yield f"not quiet after {case.data['schedule']['quiet_limit_s']} s: {case.data.get('unquiet')}"
    if case.data.get("unanswered"):
        yield f"{case.data['unanswered']} buyers get no answer"


@check
def nobody_died_by_himself(case):
    """No daemon ends unless it is ended."""
    for name, code, lines in case.data["died"]:
        yield f"flash-{name} ended with {code}: {lines}"


@check
def nothing_odd_was_said(case):
    """Daemons write nothing but lines of their logs: a sanitizer's report is something else."""
    yield from case.data.get("odd", ())
