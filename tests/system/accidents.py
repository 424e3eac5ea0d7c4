"""The ground for accidents: a sale with flash-reconciler, and witnesses who are asked afterwards what became of each order.

    with Place(folder, brokers=1) as place:
        sku = place.put_on_sale(units=40, limit=1)
        with place.narrow(): place.buy(sku, orders)
        place.judge(sku); place.check_report(sku)

The reconciler's thresholds and the topic's limits are a sixth of their defaults, so ten minutes are a hundred seconds here.
The witnesses know formats and no line of Flashgate's code: the log (who sent which entry, by the messages' headers), the
buyers (each asks again with his key), both stores, and somebody who looks at every order all the time (watch.py).
"""
import collections
import contextlib
import json
import pathlib
import subprocess
import threading
import uuid

from books import read_quiet
from checker import check_history
from daemons import Daemon, until
from races import new_entry
from sale import Sale
from stack import ROOT, Stack
from topic import PARTITIONS, KafkaError, Topic
from watch import Watch

PART = 6  # of the defaults
TOPIC_LIMITS_MS = {"message.timestamp.before.max.ms": 24000 // PART, "message.timestamp.after.max.ms": 6000 // PART}
PROOF_AFTER_MS = 30000 // PART
BEHIND_S = 600 // PART  # the consumer's ten minutes
THRESHOLDS = {"FLASH_RECONCILER_INTERVAL": "300ms", "FLASH_RECONCILER_SETTLE_AFTER": f"{10000 // PART}ms",
              "FLASH_RECONCILER_PROOF_AFTER": f"{PROOF_AFTER_MS}ms", "FLASH_RECONCILER_COMPENSATE_AFTER": f"{60 // PART}s",
              "FLASH_RECONCILER_STUCK_AFTER": f"{60 // PART}s", "FLASH_RECONCILER_GUARD_FLOOR": "100000",
              "FLASH_RECONCILER_AUDIT_INTERVAL": "300ms", "FLASH_RECONCILER_AUDIT_FULL_INTERVAL": "3s"}
ONE_BY_ONE = ["--set", "kafka.producer.batch.num.messages=1"]  # so that each message is judged alone by narrow()
NARROW, WIDE = 360, 2097152  # bytes: a marker with its headers fits, an entry does not; the stack's own limit
PATIENCE_S = 240             # several thresholds, on a busy machine
STARTING = threading.Lock()  # stacks that start at the same time choose the same ports now and then
ENGINE, RECONCILER = "flash-engine", "flash-reconciler"
BROKEN = ("shortage", "drift_up", "drift_down", "forgotten", "phantom", "user_count", "counter", "log", "inflow")
FENCED = 2
CAUSES = ("lost", "late", "unsettled", "shortage", "duplicate", "parked", "dead")


class Place(Sale):
    """Everything runs, the reconciler too; watch sees every order from its beginning."""

    def __init__(self, folder, brokers=1):
        self.private = Stack(folder, brokers=brokers)
        self.on_sale, self.topic, self.reconcilers = [], None, []
        self.ending = contextlib.ExitStack()

    def __enter__(self):
        with contextlib.ExitStack() as ending:
            with STARTING:
                stack = ending.enter_context(self.private)
            stack.migrate("up")
            super().__init__(stack, names=("engine", "consumer"))
            self.topic = Topic(stack)
            for name, value in TOPIC_LIMITS_MS.items():
                self.topic.set(name, value)
            ending.callback(self.close)
            self.start_reconciler()
            super().__enter__()
            self.watch = ending.enter_context(Watch(stack, self.on_sale))
            self.ending = ending.pop_all()
        return self

    def __exit__(self, *exc):
        return self.ending.__exit__(*exc)

    def start_reconciler(self, **settings):
        """One more."""
        daemon = Daemon(self.stack, "reconciler", "run", *ONE_BY_ONE, **{**THRESHOLDS, **settings})
        self.reconcilers.append(daemon)
        self.daemons[f"reconciler {len(self.reconcilers)}"] = daemon
        return daemon

    def put_on_sale(self, **terms):
        self.on_sale.append(super().put_on_sale(**terms))
        return self.on_sale[-1]

    def change(self, order, verb, **body):
        """Pays, cancels: (status, JSON)."""
        user = {"X-User-Id": self.watch.user_of(order)}
        status, _, answer = self.engine.ask("POST", f"/v1/orders/{order}/{verb}", body or None, user, internal=verb == "pay")
        return status, answer

    @contextlib.contextmanager
    def narrow(self):
        """The topic refuses every entry, whoever sends it, and takes markers: what is sent is lost."""
        self.topic.set("max.message.bytes", NARROW)
        until(lambda: not any(map(self.takes_much, range(PARTITIONS))), "it still takes more")
        try:
            yield
        finally:
            self.topic.set("max.message.bytes", WIDE)
            until(lambda: all(map(self.takes_much, range(PARTITIONS))), "it still takes no more")

    def takes_much(self, partition):
        """Whether more bytes than NARROW get in; tried with markers that mean nothing to anybody."""
        markers = [json.dumps({"v": 1, "id": str(new_entry()), "type": "marker"}, separators=(",", ":")).encode() for _ in range(5)]
        try:
            return self.topic.put(partition, b"0", markers) >= 0
        except KafkaError:
            return False

    def entries(self, sku):
        """{uuid: value} of the open ones."""
        values = [fields["e"] for _, fields in self.redis.xrange(self.key(sku, "journal"))]
        return {uuid.UUID(json.loads(value)["id"]): value.encode() for value in values}

    def partition(self, sku):
        """Where its messages go; known once the ledger has one."""
        return self.stack.query("SELECT partition_no FROM verdict WHERE sku = %s AND partition_no >= 0 LIMIT 1", sku)[0][0]

    def put(self, partition, sku, values):
        """Messages of the test's own, each with this moment's time."""
        for value in values:
            self.topic.put(partition, str(sku).encode(), [value])

    # ---- what became of it ----

    def judge(self, *skus):
        """{SKU: (Books, fenced entries)}: each unit once, each answer final and true. Buyers who got none ask first."""
        for sku in skus:
            self.ask_again(sku)
        books = read_quiet(self.stack, skus, PATIENCE_S)
        self.watch.look()
        self.watch.check()
        found = {}
        for sku, of_sku in books.items():
            of_sku.check()
            found[sku] = of_sku, self.check_verdicts(of_sku)
            self.check_buyers(of_sku, found[sku][1])
            if not found[sku][1]:
                self.prove(of_sku)
        wrong = self.stack.query("SELECT cause, sku, detail FROM reconcile_finding WHERE cause IN %s LIMIT 5", BROKEN)
        assert not wrong, f"the books were never wrong, and the audit says they were: {wrong}"
        return found

    def verdicts(self, sku):
        """{entry: (type, verdict, clean)}."""
        return {uuid.UUID(bytes=entry): rest for entry, *rest in self.stack.query(
            "SELECT entry_id, type, verdict, clean FROM verdict WHERE sku = %s", sku)}

    def check_verdicts(self, books):
        """An order is FAILED exactly when its entry is fenced, and only reserve entries are; returns these."""
        verdicts = self.verdicts(books.sku)
        fenced = {entry for entry, (kind, verdict, _) in verdicts.items() if verdict == FENCED}
        assert all(verdicts[entry][0] == 1 for entry in fenced), "something else than an order was given up"
        rows = collections.defaultdict(set)
        for entry, order in self.stack.query("SELECT entry_id, order_id FROM reservation WHERE sku = %s", books.sku):
            rows[uuid.UUID(bytes=entry)].add(books.rows[order.decode()].state == "FAILED")
        assert all(states == {entry in fenced} for entry, states in rows.items())
        assert fenced <= rows.keys()
        return fenced

    def check_buyers(self, books, fenced):
        """Each asks again with his key: the order he had, in the state it has; what was given up says that it was lost."""
        asked = self.ask_again(books.sku)
        check_history([call for call in self.calls if call.sku == books.sku])
        for call in asked:
            if call.word == "accepted":
                order = call.body["order_id"]
                assert call.body["status"] == books.rows[order].state, (call.body, books.rows[order])
                assert (call.body.get("reason") == "lost") == (call.body["status"] == "FAILED"), call.body
        told = {call.body["order_id"] for call in asked if call.word == "accepted"}
        assert told == books.rows.keys(), "orders that nobody has, or that nobody was told of"
        assert bool(fenced) == any(row.state == "FAILED" for row in books.rows.values())

    def prove(self, books):
        """deploy/prove, with the buyers' own list."""
        told = {call.body["order_id"]: call.order for call in self.calls if call.word == "accepted" and call.sku == books.sku}
        words = {"PAID": "paid", "CANCELLED": "cancelled"}
        lines = [("accepted", order, asked.user, asked.quantity, asked.key, "") for order, asked in told.items()]
        lines += [(words[row.state], order, row.user, row.quantity, row.payment, "") for order, row in books.rows.items()
                  if row.state in words]
        file = pathlib.Path(self.stack.folder) / f"accepted-{books.sku}.tsv"
        file.write_text("".join("\t".join(map(str, line)) + "\n" for line in [
            ("outcome", "order_id", "user", "quantity", "key", "…"), *lines]))
        done = subprocess.run([ROOT / "deploy" / "prove", "--sku", str(books.sku), "--accepted", file], text=True,
                              env=self.stack.daemon_env(), capture_output=True, timeout=PATIENCE_S, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    # ---- what the log and the reports say ----

    def read_log(self):
        """{entry: {sender: copies}}; messages of the test's own have the sender test."""
        found = collections.defaultdict(collections.Counter)
        for partition in range(PARTITIONS):
            for message in self.topic.messages(partition):
                entry = json.loads(message.value)
                if entry["type"] != "marker":
                    found[uuid.UUID(entry["id"])][message.headers.get("ce_source", b"test").decode()] += 1
        return found

    def lost(self, sku):
        """The entries of the SKU that no engine ever got into the log."""
        log = self.read_log()
        return {entry for entry in self.verdicts(sku) if not log[entry][ENGINE]}

    def findings(self, sku):
        """{cause: {entry: times}}, of what was mended of it, in the ledger's record."""
        found = collections.defaultdict(collections.Counter)
        for cause, entry, detail in self.stack.query(
                "SELECT cause, entry_id, detail FROM reconcile_finding WHERE sku = %s", sku):
            word = "given up" if "given up" in detail else cause
            found[word][uuid.UUID(bytes=entry)] += 1
        return found

    def done(self, action):
        """By the metrics of the reconcilers that run."""
        name = f'flash_reconciler_reconcile_entries_total{{action="{action}"}}'
        return sum(daemon.metric(name) for daemon in self.reconcilers if daemon.process.poll() is None)

    def check_report(self, sku, lost):
        """The record says of the SKU what the log, the ledger and the test say: these were lost, and nothing else."""
        until(lambda: self.findings(sku)["lost"].keys() == lost, lambda: (self.findings(sku), lost))
        found, log = self.findings(sku), self.read_log()
        fenced = {entry for entry, (_, verdict, _) in self.verdicts(sku).items() if verdict == FENCED}
        assert found["given up"] == dict.fromkeys(fenced, 1)
        print(f"SKU {sku}: {len(self.verdicts(sku))} entries,", {word: len(entries) for word, entries in found.items()})
        for entry in lost - fenced:
            assert log[entry] and log[entry][RECONCILER] <= found["lost"][entry], (entry, log[entry], found["lost"][entry])

    def check_totals(self):
        """Runs, findings and metrics agree over all SKUs; of a place whose reconcilers all still run."""
        def recorded():
            runs, = self.stack.query("SELECT SUM(settled), SUM(resent), SUM(compensated) FROM reconcile_run")
            of_findings, = self.stack.query("SELECT SUM(detail LIKE '%%: sent again'), SUM(detail LIKE '%%: given up%%') FROM reconcile_finding")
            causes = [self.stack.query("SELECT COUNT(*) FROM reconcile_finding WHERE cause = %s", cause)[0][0] for cause in CAUSES]
            return [*map(int, runs), *causes], list(map(int, of_findings))

        def counted():
            return [self.done(action) for action in ("settled", "sent_again", "compensated")] + [
                sum(daemon.metric(f'flash_reconciler_findings_total{{cause="{cause}"}}') for daemon in self.reconcilers)
                for cause in CAUSES]

        until(lambda: recorded()[0] == counted(), lambda: (recorded(), counted()))
        (_, sent_again, given_up, *_), of_findings = recorded()
        assert [sent_again, given_up] == of_findings
        print(dict(zip(("settled", "sent again", "given up", *CAUSES), recorded()[0])))
