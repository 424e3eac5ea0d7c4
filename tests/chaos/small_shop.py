"""A small sale in which all went well, as the checker is given it: the ground for planted violations (test_judge.py).

Nine orders of SKU 7 (base 20 + 5 restocked - 2 taken out, limit 3), one in every state, and what their buyers were told.
"""
import copy
import json
import uuid

SKU, LIMIT, UNITS, DUE = "7", 3, 20, 2000
LETTERS = {"CREATED": "A", "PAID": "P", "CANCELLED": "X", "EXPIRED": "D", "RETURNED": "T", "FAILED": "L"}
NUMBERS = {"CREATED": 1, "PAID": 2, "CANCELLED": 3, "EXPIRED": 4, "RETURNED": 5, "FAILED": 6}
MOVES = {"PAID": [2], "CANCELLED": [3], "EXPIRED": [4], "RETURNED": [2, 5]}
TYPES = {1: "reserve", 2: "pay", 3: "cancel", 4: "expire", 5: "return"}
ORDERS = [("a", "u1", 2, "CREATED"), ("b", "u2", 1, "PAID"), ("c", "u3", 3, "CANCELLED"), ("d", "u4", 1, "EXPIRED"),
          ("e", "u5", 2, "RETURNED"), ("f", "u6", 1, "FAILED"), ("g", "u7", 1, "CREATED"), ("h", "u1", 1, "CREATED"),
          ("i", "u8", 1, "CANCELLED")]


def entry_id(number):
    return str(uuid.UUID(int=number + (7 << 76)))


class SmallShop:
    def __init__(self):
        self.history, self.log, self.verdicts, self.messages, self.rows, self.orders = [], [], [], [], [], {}
        self.left, self.t, self.entries = 0, 0.0, 0
        self.inflow(11, UNITS)
        for ref, user, quantity, state in ORDERS:
            self.order(ref, user, quantity, state)
        self.inflow(12, 5, "r0")
        self.tell("restock", None, 200, {}, n=0, reference="r0", delta=5, sku=SKU)
        self.inflow(13, -2, "r1")
        self.tell("adjust", None, 202, {}, n=1, reference="r1", delta=-2, sku=SKU)

    # ---- what happened ----

    def tell(self, op, order, status, body, **more):
        self.t += 0.1
        if op == "order":
            more = {"n": 0, "sku": SKU, **more}
        elif order:
            more = {"n": 0, "order": f"{SKU}.{order}", **more}
        self.history.append({"op": op, "t0": self.t, "t1": self.t + 0.05, "status": status, "body": body, **more})

    def move_log(self, kind, quantity, **more):
        self.log.append({"id": len(self.log) + 1, "sku": int(SKU), "type": kind, "quantity": quantity, "available_before": self.left,
                         "available_after": self.left + quantity, "entry_id": None, "inflow_number": None, "order_id": None,
                         "reference": None, **more})
        self.left += quantity

    def inflow(self, kind, quantity, reference=None):
        number = sum(row["type"] in (11, 12, 13) for row in self.log) + 1
        self.move_log(kind, quantity, inflow_number=number, reference=reference)

    def entry(self, kind, refs, verdict=1):
        self.entries += 1
        entry, offset = entry_id(self.entries), len(self.messages)
        if verdict == 1:
            value = {"v": 1, "id": entry, "type": TYPES[kind], "sku": SKU, "lines": [[ref, "u", 1, 1, "p"] for ref in refs]}
            self.messages.append({"partition": 0, "offset": offset, "sku": SKU, "value": json.dumps(value, separators=(",", ":")),
                                  "source": "flash-engine"})
        self.verdicts.append({"entry_id": entry, "type": kind, "verdict": verdict, "clean": int(verdict == 1), "sku": int(SKU),
                              "line_count": len(refs), "partition_no": 0 if verdict == 1 else -1, "kafka_offset": offset,
                              "generation": 1})
        return entry

    def order(self, ref, user, quantity, state):
        order, failed = f"{SKU}.{ref}", state == "FAILED"
        body = {"order_id": order, "sku": SKU, "quantity": quantity, "status": "QUEUED", "version": 1}
        self.tell("order", ref, 202, body, user=user, key=f"k{ref}", quantity=quantity)
        entry = self.entry(1, [ref], 2 if failed else 1)
        if not failed:
            self.move_log(1, -quantity, entry_id=entry)
            self.tell("get", ref, 200, {**body, "status": "CREATED"}, user=user)
        for move in MOVES.get(state, ()):
            if move == 2:
                self.tell("pay", ref, 200, {**body, "status": "PAID", "version": 2}, user=user, payment=f"p{ref}")
            elif move in (3, 5):
                half = {3: "CANCELLING", 5: "RETURNING"}[move]
                self.tell({3: "cancel", 5: "return"}[move], ref, 202, {**body, "status": half}, user=user)
            self.move_log(move, 0 if move == 2 else quantity, entry_id=self.entry(move, [ref]), order_id=order)
        version = 1 + len(MOVES.get(state, ()))
        late = ref == "d"
        if late:
            self.tell("pay", ref, 409, {"type": "/problems/wrong-state", "state": "EXPIRED", "refund_due": True}, user=user, payment="late")
            version += 1
        payment = f"p{ref}" if state in ("PAID", "RETURNED") else None
        self.rows.append({"order_id": order, "sku": int(SKU), "user_id": user, "qty": quantity, "state": NUMBERS[state],
                          "version": version, "due": DUE, "entry_id": entry, "line_no": 0, "payment_id": payment,
                          "updated_at_ms": DUE * 1000 + 5000})
        self.orders[ref] = f"{LETTERS[state]}{version}:{quantity}:{1000 + len(self.rows)}:{DUE}:{user}" + (f'"{payment}' if payment else "")

    # ---- what the checker gets ----

    def stores(self):
        counts = {}
        for ref, user, quantity, state in ORDERS:
            if state in ("CREATED", "PAID"):
                counts[user] = counts.get(user, 0) + quantity
        base = UNITS + 5 - 2
        inflows = [{"sku": int(SKU), "number": row["inflow_number"], "type": row["type"], "quantity": row["quantity"],
                    "reference": row["reference"]} for row in self.log if row["inflow_number"]]
        sums = {state: sum(quantity for _, _, quantity, other in ORDERS if other == state) for state in NUMBERS}
        stock = {"sku": int(SKU), "base": base, "available": self.left, "reserved": sums["CREATED"], "sold": sums["PAID"],
                 "version": len(inflows), "flagged": 0}
        cached = {"available": str(self.left), "base": str(base), "generation": "1", "inflow": str(len(inflows)), "gate": "open:1:ab"}
        given_up = [{"cause": "lost", "state": "applied", "sku": int(SKU), "entry_id": verdict["entry_id"], "order_id": None,
                     "quantity": 1, "detail": "proven lost twice: given up"} for verdict in self.verdicts if verdict["verdict"] == 2]
        refund = {"order_id": f"{SKU}.d", "payment_id": "late", "entry_id": entry_id(99), "state_met": 4}
        return {
            "redis": {SKU: {"stock": cached, "orders": dict(self.orders), "users": {user: str(n) for user, n in counts.items()},
                            "due": [["1001 a", DUE], ["1007 g", DUE], ["1008 h", DUE]], "takes": {}, "journal": []}},
            "ledger": {"stock": [stock], "sale": [], "inflow": inflows, "reservation": self.rows, "verdict": self.verdicts,
                       "stock_log": self.log, "parked": [], "reconcile_finding": given_up, "refund": [refund],
                       "consumer_progress": [{"topic": "flash.orders", "partition_no": 0, "applied": len(self.messages),
                                              "acked": len(self.messages)}],
                       "dead_letter": [], "generation": [{"generation": 1}]},
            "kafka": {"messages": self.messages, "ends": [[0, len(self.messages)]]}}

    def case(self):
        stores = self.stores()
        for ref, user, quantity, state in ORDERS:
            self.tell("get", ref, 200, {"order_id": f"{SKU}.{ref}", "quantity": quantity, "status": state,
                                        **({"reason": "lost"} if state == "FAILED" else {})}, user=user, n=-1)
        self.tell("order", "z", 409, {"type": "/problems/limit-reached"}, user="u1", key="kz", quantity=1)
        terms, rest = {"units": UNITS, "limit": LIMIT, "hold_s": 1800}, copy.deepcopy(stores)
        samples = [{"t": 1.0, "redis": {SKU: [18, 5, 23]}, "ledger": {SKU: [18, 5, 23]}}]
        return {"schedule": {"skus": [terms], "office": [{"what": "take", "sku": 0, "quantity": 2}],
                             "quiet_limit_s": 60}, "skus": [int(SKU)],
                "history": self.history, "faults": [{"kind": "narrow", "t0": 0.1, "t1": 0.2, "error": None}], "samples": samples,
                "rest": rest, "stores": stores, "quiet_s": 1.0, "died": [], "poison": 0, "ended_s": DUE + 10, "unanswered": 0}
