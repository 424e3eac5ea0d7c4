"""What buyers were told against what Redis and the ledger have: the promises of docs/DESIGN.md §2, judged by somebody who
knows the formats and no line of Flashgate's code.

    check(stack, sku, calls)     waits until nothing is under way, then asserts everything

Stock and records are judged by books.py; here stand entries and verdicts, and the history of the calls. Calls are of a sale
whose units never come back, so a buyer refused for sold-out or limit-reached stays refused.
"""
import collections
import json
import time
import uuid

from books import Books, holds
from daemons import until

NO = {"sold-out", "limit-reached"}  # decided: nothing was made
MAYBE = {"unknown", "outcome-unknown"}  # may have been made
PUT_OFF = {"not-admitting"}  # nothing was made, this time
STILL_S = 4  # so long nothing moves, and some entries are left: their messages were lost


def check(stack, sku, calls, may_lose=False):
    """The books, after all has been checked. Entries left in the journal are a failure unless the fault may lose messages."""
    books = read_still(stack, sku)
    open_lines = lines_in_journal(books)
    assert may_lose or not open_lines, f"{len(open_lines)} orders are still in the journal"
    check_entries(stack, books, open_lines)
    books.check(open_lines.keys())
    check_history(calls)
    check_answers(books, open_lines, calls)
    return books


def read_still(stack, sku, seconds=60):
    """The books once all that is applied is settled, and what is left in the journal does not move."""
    redis, seen = stack.redis(), {"state": None, "since": 0.0}

    def state():
        progress = stack.query("SELECT SUM(applied), SUM(acked) FROM consumer_progress")[0]
        return progress, redis.xlen(f"flash:{{{sku}}}:journal")

    def still():
        now = state()
        if now != seen["state"]:
            seen.update(state=now, since=time.monotonic())
        (applied, acked), left = now
        return applied == acked and (left == 0 or time.monotonic() - seen["since"] > STILL_S)

    while True:
        until(still, lambda: f"still moving: {state()}", seconds)
        books = Books(stack, sku)
        if state() == seen["state"]:
            return books  # and not of two moments: a consumer that was away may come back after STILL_S


def lines_in_journal(books):
    """{order: (entry's UUID, user, quantity)}; an order may stand in one open entry only."""
    found = {}
    for text in books.journal.values():
        entry = json.loads(text)
        if entry["type"] == "take":
            continue
        for ref, user, quantity, *_ in entry["lines"]:
            order = f"{books.sku}.{ref}"
            assert order not in found, f"{order} is in two open entries"
            found[order] = (entry["id"], user, quantity)
    return found


def check_entries(stack, books, open_lines):
    """An entry is in the journal or has a verdict, never both; an order is in one entry only."""
    verdicts = {uuid.UUID(bytes=entry): (word, clean, lines) for entry, word, clean, lines in stack.query(
        "SELECT entry_id, verdict, clean, line_count FROM verdict WHERE sku = %s AND type = 1", books.sku)}
    left = {uuid.UUID(entry) for entry, _, _ in open_lines.values()}
    assert not left & verdicts.keys(), f"open, and decided: {left & verdicts.keys()}"
    rows = collections.Counter(uuid.UUID(bytes=entry) for entry, in stack.query(
        "SELECT entry_id FROM reservation WHERE sku = %s", books.sku))
    assert rows.keys() <= verdicts.keys(), f"rows without a verdict: {rows.keys() - verdicts.keys()}"
    odd = {entry: found for entry, found in verdicts.items() if found != (1, 1, rows[entry])}
    assert not odd, f"verdicts that are not: applied, clean, all lines: {odd}"
    twice = open_lines.keys() & books.rows.keys()
    assert not twice, f"in the ledger, and in an open entry: {sorted(twice)[:5]}"


def check_history(calls):
    """A key has one answer, whenever it is asked for. Calls with other content under a used key are the buyer's mistake."""
    by_key = collections.defaultdict(list)
    for call in calls:
        assert call.word in NO | MAYBE | PUT_OFF | {"accepted", "key-reused"}, (call.status, call.body)
        by_key[call.sku, call.order.user, call.order.key].append(call)
    for key, asked in by_key.items():
        orders = {(call.body["order_id"], call.body["quantity"]) for call in asked if call.word == "accepted"}
        assert len(orders) <= 1, f"{key}: one key, several orders: {orders}"
        assert not any(call.order.quantity != call.body["quantity"] for call in asked if call.word == "accepted"), key
        for call in asked:
            check_later(key, call, [later for later in asked if later.started > call.ended])


def check_later(key, call, later):
    """What call was told still holds for those that were begun after its answer, with the same content."""
    same = {other.word for other in later if other.order == call.order}
    if call.word == "accepted":
        assert not same & (NO | {"key-reused"}), f"{key}: accepted, then {same}"
    elif call.word in NO:
        assert "accepted" not in same, f"{key}: {call.word}, then accepted"


def check_answers(books, open_lines, calls):
    """Each 202 is one order, as it was asked for; no order is there that nobody asked for or knows of."""
    told = {call.body["order_id"]: call.order for call in calls if call.word == "accepted" and call.sku == books.sku}
    for order, asked in told.items():
        assert order in books.cached, f"{order}: accepted, and Redis has no such order"
        known = books.cached[order]
        assert (known.user, known.quantity) == (asked.user, asked.quantity), (order, known, asked)
        assert order in books.rows or order in open_lines, f"{order}: accepted, and neither in the ledger nor in the journal"
    final = {}
    for call in sorted((call for call in calls if call.sku == books.sku), key=lambda call: call.ended):
        final[call.order] = call.word
    doubtful = [asked for asked, word in final.items() if word in MAYBE]
    extra = books.cached.keys() - told.keys()
    assert len(extra) <= len(doubtful), f"orders that nobody was told of: {sorted(extra)[:5]}"
    unasked = [order for order in extra if not any(
        (asked.user, asked.quantity) == (books.cached[order].user, books.cached[order].quantity) for asked in doubtful)]
    assert not unasked, f"orders that nobody asked for: {unasked[:5]}"
    units = sum(asked.quantity for asked in told.values()) + sum(holds(books.cached[order]) for order in extra)
    assert units == sum(map(holds, books.cached.values())) == int(books.stock["base"]) - int(books.stock["available"])
