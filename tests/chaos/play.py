"""One seed, played on a rig: buyers, faults, samples, then calm, and all that the checker needs.

    case = Player(rig, folder).play(schedule)       leaves history.jsonl, schedule.json and case.json in the folder
"""
import asyncio
import collections
import json
import pathlib
import threading
import time

import pymysql
import redis

from rig import PARTITIONS  # first: it knows where the others are
from faults import KINDS
from judge import HALF_WAY, Case
from shoppers import History, Shop
from stores import SAMPLE, is_under_way, read_all, read_ledger, read_redis

SAMPLE_S = 0.25
SHORT_HOLD_S = 60  # orders that are due sooner are waited for: what the last look shows does not change any more
PROCESS_FAULTS = {"kill", "term", "step", "second", "rewind", "server_kill", "redis_rollback", "redis_disk", "zombie", "power", "failover"}
NOTHING = {"redis": {}, "ledger": {}, "kafka": {"messages": [], "ends": []}}  # a hasty end looks at no more than the samples


class Player:
    """With hasty, the first sample in which something is wrong ends it: a mutant is found as soon as it shows."""

    def __init__(self, rig, folder, hasty=False):
        self.rig, self.folder, self.hasty, self.alarm = rig, pathlib.Path(folder), hasty, asyncio.Event()
        self.acked = set()  # orders that Redis has been told of, by the ledger, at the last look
        self.reports, self.samples, self.lock = [], [], threading.Lock()
        self.marks = {}  # when each part of it was over
        self.rest = NOTHING  # what the stores had at the last look for rest

    # ---- faults, each in a thread ----

    def guarded(self, fault, call):
        if fault.spec["kind"] in PROCESS_FAULTS:
            with self.lock:
                call()
        else:
            call()

    async def fault(self, spec, history):
        await asyncio.sleep(spec["at"])
        fault = KINDS[spec["kind"]](self.rig, spec, self.skus)
        report = {"kind": spec["kind"], "t0": history.now(), "error": None}
        self.reports.append(report)
        for call, pause in ((fault.begin, spec["for"]), (fault.end, 0)):
            try:
                await asyncio.to_thread(self.guarded, fault, call)
            except Exception as error:  # a fault that meets another one: it is reported, and heal mends what it left
                report["error"] = repr(error)[:300]
            await asyncio.sleep(pause)
        report["t1"] = history.now()

    # ---- samples ----

    def sample(self):
        found, created = {"redis": {}, "ledger": {}, "missing": [], "forgotten": []}, set()
        try:
            client = self.rig.stack.redis(decode_responses=True, socket_timeout=1)
            stores = {str(sku): read_redis(client, sku) for sku in self.skus}
            run_id = client.info("server")["run_id"]
            found["forgotten"] = forgotten(self.acked, stores, run_id)
            for sku, store in stores.items():
                created |= created_in(sku, store)
                if "available" in store["stock"]:
                    held = sum(int(text.split(":")[1]) for text in store["orders"].values() if text[0] in "ACPKER")
                    found["redis"][sku] = [int(store["stock"]["available"]), held, int(store["stock"]["base"])]
        except (redis.RedisError, OSError):
            pass
        try:
            ledger, held = read_ledger(self.rig.stack, self.skus, SAMPLE), collections.Counter()
            self.acked = acked_in(ledger)
            found["missing"] = sorted(created - {row["order_id"] for row in ledger["reservation"]})
            for row in ledger["reservation"]:
                held[row["sku"]] += row["qty"] * (row["state"] in (1, 2))
            found["ledger"] = {str(row["sku"]): [row["available"], held[row["sku"]], row["base"]] for row in ledger["stock"]}
        except (pymysql.MySQLError, OSError):
            pass
        return found

    async def take_samples(self, history):
        while True:
            t = history.now()
            self.samples.append({"t": t, **await asyncio.to_thread(self.sample)})
            if self.hasty and (self.samples[-1]["missing"] or self.samples[-1]["forgotten"]):
                self.alarm.set()
            await asyncio.sleep(SAMPLE_S)

    # ---- the end ----

    def unquiet(self, soon_s, short=True):
        """What is under way, or will be so soon: {} when nothing is; short: no more than that something is."""
        if not self.rig.is_ready():
            return {"not ready": self.rig.troubles()}
        if short and is_under_way(self.rig.stack, self.skus):
            return {"under way": True}
        stores = self.rest = read_all(self.rig, self.skus)
        case = Case({"skus": self.skus, "history": [], "stores": stores, "faults": [], "schedule": {}})
        behind = sum(row["applied"] - row["acked"] for row in stores["ledger"]["consumer_progress"])
        ends = {row["partition_no"]: row["applied"] for row in stores["ledger"]["consumer_progress"]}
        unread = sum(high > ends.get(partition, 0) for partition, (low, high) in enumerate(stores["kafka"]["ends"]))
        half = [order for order, record in case.cached.items() if record.state in HALF_WAY]
        now = time.time()
        due = [order for order, record in case.cached.items() if record.state == "CREATED" and 0 < record.due < now + soon_s]
        closed = [sku for sku in case.skus if not stores["redis"][sku]["stock"].get("gate", "").startswith("open")]
        takes = [sku for sku in case.skus if stores["redis"][sku]["takes"] or
                 int(stores["redis"][sku]["stock"].get("inflow", -1)) != case.stock(sku)["version"]]
        found = {"journal": sum(map(len, case.journal.values())), "parked": len(stores["ledger"]["parked"]), "behind": behind,
                 "unread": unread, "half way": half[:3], "due": due[:3], "closed": closed, "takes": takes}
        return {name: value for name, value in found.items() if value}

    async def until_quiet(self, soon_s, limit_s):
        """Seconds until nothing is under way, twice in a row; None: never."""
        begun, quiet, last = time.monotonic(), 0, None
        while time.monotonic() < begun + limit_s:
            try:
                last = await asyncio.to_thread(self.unquiet, soon_s)
            except Exception as error:
                last = {"error": repr(error)[:300]}
            quiet = 0 if last else quiet + 1
            if quiet == 2:
                return time.monotonic() - begun, None
            await asyncio.sleep(0.15)
        if last == {"under way": True}:
            last = await asyncio.to_thread(self.unquiet, soon_s, False)
        return None, last

    async def play_until_calm(self, shop, schedule, history):
        """(when all was mended, what had died, seconds until it was at rest, why it never was)."""
        await asyncio.gather(shop.open(schedule), *(self.fault(spec, history) for spec in schedule["faults"]))
        self.marks["played"] = history.now()
        died = await asyncio.to_thread(self.rig.heal)
        healed = history.now()
        self.marks["healed"] = healed
        quiet = await self.until_quiet(-1, schedule["quiet_limit_s"])
        self.marks["quiet"] = history.now()
        return healed, died, *quiet

    async def run(self, schedule, history):
        shop, limit_s = Shop(history, self.rig.port, self.skus), schedule["quiet_limit_s"]
        sampling = asyncio.create_task(self.take_samples(history))
        calming = asyncio.create_task(self.play_until_calm(shop, schedule, history))
        alarm = asyncio.create_task(self.alarm.wait())
        await asyncio.wait({calming, alarm}, return_when=asyncio.FIRST_COMPLETED)
        sampling.cancel()
        alarm.cancel()
        if self.alarm.is_set():
            calming.cancel()
            return {"healed": None, "died": [], "quiet_s": 0, "unquiet": None, "unanswered": 0, "rest": NOTHING, "stores": NOTHING}
        healed, died, quiet_s, unquiet = await calming
        rest = self.rest
        for partition, key, value in self.rig.late:  # what was given up long ago arrives after all
            await asyncio.to_thread(self.rig.topic.put, partition, key, [value])
        unanswered = await shop.ask_all(schedule, limit_s / 2)
        self.marks["asked"] = history.now()
        again_s, unquiet_again = await self.until_quiet(SHORT_HOLD_S, limit_s) if quiet_s is not None else (None, None)
        stores = await asyncio.to_thread(read_all, self.rig, self.skus)
        orders = {row["order_id"]: row["user_id"] for row in stores["ledger"]["reservation"]}
        self.marks["quiet again"] = history.now()
        await shop.look_at_all(orders)
        self.marks["over"] = history.now()
        return {"marks": self.marks, "healed": healed, "died": died, "quiet_s": None if quiet_s is None or again_s is None else quiet_s,
                "unquiet": unquiet or unquiet_again, "unanswered": unanswered, "rest": rest, "stores": stores}

    def play(self, schedule):
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "schedule.json").write_text(json.dumps(schedule, indent=1))
        rig = self.rig
        self.skus = [rig.put_on_sale(terms) for terms in schedule["skus"]]
        rig.starts, rig.late, rig.poison, rig.fired = rig.topic.ends(), [], 0, set()
        dead_before = rig.stack.query("SELECT COUNT(*) FROM dead_letter")[0][0]
        history = History(self.folder / "history.jsonl")
        found = asyncio.run(self.run(schedule, history))
        history.close()
        case = {"schedule": schedule, "skus": self.skus, "history": history.lines, "faults": self.reports, "samples": self.samples,
                "poison": rig.poison, "dead_before": dead_before, "ended_s": time.time(), "fired": sorted(rig.fired), "odd": rig.odd_lines(),
                "logged_payments": payments_in(found["stores"]["kafka"]["messages"]), **found}
        (self.folder / "case.json").write_text(json.dumps(case))
        return case


def acked_in(ledger):
    """The orders whose messages lie before `acked`: by the ledger, Redis has been told of them."""
    ends = {row["partition_no"]: row["acked"] for row in ledger["consumer_progress"]}
    told = {row["entry_id"] for row in ledger["verdict"]
            if row["partition_no"] >= 0 and row["kafka_offset"] < ends.get(row["partition_no"], 0)}
    return {row["order_id"] for row in ledger["reservation"] if row["entry_id"] in told}


def forgotten(acked, stores, run_id):
    """Those of them that Redis does not know, though it is the server whose gate is open."""
    known = {f"{sku}.{ref}" for sku, store in stores.items() for ref in store["orders"]}
    is_open = {sku for sku, store in stores.items()
               if store["stock"].get("gate") == f"open:{store['stock'].get('generation')}:{run_id}"}
    return sorted(order for order in acked - known if order.partition(".")[0] in is_open)


def created_in(sku, store):
    """The orders that Redis shows as CREATED: accepted, and their entry settled."""
    journal = {stream.partition("-")[0] for stream, _ in store["journal"]}
    return {f"{sku}.{ref}" for ref, text in store["orders"].items()
            if text[0] == "C" or text[0] == "A" and text.split(":")[2] not in journal}


def payments_in(messages):
    """The payments that Kafka has heard of."""
    found = []
    for message in messages:
        entry = json.loads(message["value"]) if message["value"].startswith('{"v":1') else {}
        if entry.get("type") == "pay":
            found += [line[4] for line in entry["lines"]]
    return found


assert PARTITIONS == 8
