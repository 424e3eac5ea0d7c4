"""Seeds, one after the other, on one rig: the engine of soak, replay, mutants and the tests.

    with Seeds(folder, build) as seeds:
        result = seeds.run(schedule)        result.violations
"""
import collections
import json
import pathlib
import shutil
import time

from judge import judge
from play import Player
from rig import Rig

Result = collections.namedtuple("Result", "schedule violations case folder took_s")


class Seeds:
    """After a violation the rig is thrown away, so that nothing is carried into the next seed."""

    def __init__(self, folder, build, keep=False):
        self.folder, self.build, self.keep, self.rig, self.rigs = pathlib.Path(folder), pathlib.Path(build), keep, None, 0
        self.totals = collections.Counter()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.end_rig()

    def end_rig(self):
        if self.rig:
            self.rig.close()
            shutil.rmtree(self.rig.folder, ignore_errors=True)
            self.rig = None

    def new_rig(self):
        self.rigs += 1
        rig = Rig(self.folder / f"rig-{self.rigs}", self.build)
        rig.__enter__()
        self.rig = rig

    def run(self, schedule, name=None):
        if self.rig is None:
            self.new_rig()
        begun = time.monotonic()
        folder = self.folder / (name or f"seed-{schedule['seed']}")
        try:
            case = Player(self.rig, folder).play(schedule)
        except BaseException:
            self.end_rig()
            raise
        violations = judge(case)
        (folder / "violations.json").write_text(json.dumps(violations, indent=1))
        self.count(case, violations)
        for daemon in [*self.rig.ended, *self.rig.daemons.values()] if violations else []:
            with open(folder / f"{daemon.name}.log", "a") as log:
                log.writelines(json.dumps(line) + "\n" for line in daemon.lines)
        if violations:
            self.end_rig()
        elif not self.keep:
            shutil.rmtree(folder, ignore_errors=True)
        if self.rig:
            self.rig.ended.clear()
        return Result(schedule, violations, case, folder, time.monotonic() - begun)

    def count(self, case, violations):
        told = {line["body"]["order_id"] for line in case["history"] if line["op"] == "order" and line["status"] == 202}
        self.totals.update(seeds=1, orders=len(told), calls=len(case["history"]), violations=len(violations),
                           unknown=sum(line["status"] is None for line in case["history"]),
                           faults=len(case["faults"]),
                           fenced=sum(row["verdict"] == 2 for row in case["stores"]["ledger"]["verdict"]))
        for report in case["faults"]:
            self.totals[f"fault {report['kind']}"] += 1
