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
from stores import read_all, read_ledger, read_redis

SAMPLE_S = 0.25
QUIET_S = 60
ANSWER_S = 30
PROCESS_FAULTS = {"kill", "term", "step", "second", "rewind", "server_kill", "redis_rollback", "redis_disk"}
STOCK = ("stock", "reservation")


class Player:
    def __init__(self, rig, folder):
        self.rig, self.folder = rig, pathlib.Path(folder)
        self.reports, self.samples, self.lock = [], [], threading.Lock()

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
        found = {"redis": {}, "ledger": {}}
        try:
            client = self.rig.stack.redis(decode_responses=True, socket_timeout=1)
            stores = {str(sku): read_redis(client, sku) for sku in self.skus}
            for sku, store in stores.items():
                if "available" in store["stock"]:
                    held = sum(int(text.split(":")[1]) for text in store["orders"].values() if text[0] in "ACPKER")
                    found["redis"][sku] = [int(store["stock"]["available"]), held, int(store["stock"]["base"])]
        except (redis.RedisError, OSError):
            pass
        try:
            ledger, held = read_ledger(self.rig.stack, self.skus, STOCK), collections.Counter()
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
            await asyncio.sleep(SAMPLE_S)

    # ---- the end ----

    def unquiet(self):
        """What is under way: {} when nothing is."""
        if not self.rig.is_ready():
            return {"not ready": self.rig.troubles()}
        stores = read_all(self.rig, self.skus)
        case = Case({"skus": self.skus, "history": [], "stores": stores, "faults": [], "schedule": {}})
        behind = sum(row["applied"] - row["acked"] for row in stores["ledger"]["consumer_progress"])
        ends = {row["partition_no"]: row["applied"] for row in stores["ledger"]["consumer_progress"]}
        unread = sum(high > ends.get(partition, 0) for partition, (low, high) in enumerate(stores["kafka"]["ends"]))
        half = [order for order, record in case.cached.items() if record.state in HALF_WAY]
        now = time.time()
        due = [order for order, record in case.cached.items() if record.state == "CREATED" and 0 < record.due < now - 1]
        closed = [sku for sku in case.skus if not stores["redis"][sku]["stock"].get("gate", "").startswith("open")]
        takes = [sku for sku in case.skus if stores["redis"][sku]["takes"] or
                 int(stores["redis"][sku]["stock"].get("inflow", -1)) != case.stock(sku)["version"]]
        found = {"journal": sum(map(len, case.journal.values())), "parked": len(stores["ledger"]["parked"]), "behind": behind,
                 "unread": unread, "half way": half[:3], "due": due[:3], "closed": closed, "takes": takes}
        return {name: value for name, value in found.items() if value}

    async def until_quiet(self, history):
        """Seconds until nothing is under way, twice in a row; None: never."""
        begun, quiet, last = time.monotonic(), 0, None
        while time.monotonic() < begun + QUIET_S:
            try:
                last = await asyncio.to_thread(self.unquiet)
            except Exception as error:
                last = {"error": repr(error)[:300]}
            quiet = 0 if last else quiet + 1
            if quiet == 2:
                return time.monotonic() - begun, None
            await asyncio.sleep(0.15)
        return None, last

    async def run(self, schedule, history):
        shop = Shop(history, self.rig.port, self.skus)
        sampling = asyncio.create_task(self.take_samples(history))
        await asyncio.gather(shop.open(schedule), *(self.fault(spec, history) for spec in schedule["faults"]))
        sampling.cancel()
        died = await asyncio.to_thread(self.rig.heal)
        healed = history.now()
        quiet_s, unquiet = await self.until_quiet(history)
        for partition, key, value in self.rig.late:  # what was given up long ago arrives after all
            await asyncio.to_thread(self.rig.topic.put, partition, key, [value])
        unanswered = await shop.ask_all(schedule, ANSWER_S)
        again_s, unquiet_again = await self.until_quiet(history)
        stores = await asyncio.to_thread(read_all, self.rig, self.skus)
        orders = {row["order_id"]: row["user_id"] for row in stores["ledger"]["reservation"]}
        await shop.look_at_all(orders)
        stores = await asyncio.to_thread(read_all, self.rig, self.skus) if any(term["hold_s"] < 60 for term in schedule["skus"]) else stores
        return {"healed": healed, "died": died, "quiet_s": None if quiet_s is None or again_s is None else quiet_s,
                "unquiet": unquiet or unquiet_again, "unanswered": unanswered, "stores": stores}

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
                "poison": rig.poison, "dead_before": dead_before, "ended_s": time.time(), "fired": sorted(rig.fired),
                "logged_payments": payments_in(found["stores"]["kafka"]["messages"]), **found}
        (self.folder / "case.json").write_text(json.dumps(case))
        return case


def payments_in(messages):
    """The payments that Kafka has heard of."""
    found = []
    for message in messages:
        entry = json.loads(message["value"]) if message["value"].startswith('{"v":1') else {}
        if entry.get("type") == "pay":
            found += [line[4] for line in entry["lines"]]
    return found


assert PARTITIONS == 8
