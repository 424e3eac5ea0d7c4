"""The short set: seeds that together inject every kind of fault, on one rig; the checker finds no violation.

A failed seed leaves its folder (schedule, history, stores, logs) and is played again by the line in the message.
"""
import os
import pathlib

import pytest

from one import Seeds
from schedule import FAULTS, make

LIST = pathlib.Path(__file__).with_name("seeds.txt")


def listed():
    return [line.split()[0] for line in LIST.read_text().splitlines() if line.strip() and not line.startswith("#")]


def schedule_of(name):
    seed, _, flavour = name.partition("/")
    return make(int(seed), flavour or None)


@pytest.fixture(scope="module")
def seeds(tmp_path_factory):
    with Seeds(tmp_path_factory.mktemp("seeds"), os.environ["FLASH_BUILD"]) as playing:
        yield playing
        print(dict(playing.totals))


def test_every_kind_of_fault_is_played():
    assert FAULTS.keys() <= {fault["kind"] for name in listed() for fault in schedule_of(name)["faults"]}
    assert len(listed()) >= 10


@pytest.mark.parametrize("name", listed())
def test_seed(seeds, name):
    result = seeds.run(schedule_of(name), f"seed-{name.replace('/', '-')}")
    assert not result.violations, f"tests/chaos/replay {name}    ({result.folder})"
    assert len(result.case["faults"]) == len(result.schedule["faults"])
    assert sum(line["status"] == 202 for line in result.case["history"]) > 20, "hardly anything was sold"
