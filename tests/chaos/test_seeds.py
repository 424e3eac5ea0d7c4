"""The short set: seeds that together inject every kind of fault, on one rig; the checker finds no violation.

A failed seed leaves its folder (schedule, history, stores, logs) and is played again by the line in the message.
"""
import os
import pathlib

import pytest

from one import Seeds
from schedule import FAULTS, make

SANITIZED = os.environ.get("FLASH_BUILD_ASAN") or os.environ["FLASH_BUILD"]
UNDER_SANITIZERS = "6"  # of the list: played by daemons of that build
# The clock of the harness is preloaded, so the sanitizer's own library cannot come first.
OPTIONS = {"ASAN_OPTIONS": "verify_asan_link_order=0", "UBSAN_OPTIONS": "print_stacktrace=1"}
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
    assert UNDER_SANITIZERS in listed()
    assert FAULTS.keys() <= {fault["kind"] for name in listed() for fault in schedule_of(name)["faults"]}
    assert len(listed()) >= 10


@pytest.mark.parametrize("name", [name for name in listed() if name != UNDER_SANITIZERS])
def test_seed(seeds, name):
    result = seeds.run(schedule_of(name), f"seed-{name.replace('/', '-')}")
    assert not result.violations, f"tests/chaos/replay {name}    ({result.folder})"
    assert len(result.case["faults"]) == len(result.schedule["faults"])
    assert sum(line["status"] == 202 for line in result.case["history"]) > 20, "hardly anything was sold"


def test_a_seed_under_asan_and_ubsan(seeds, monkeypatch):
    """What a sanitizer reports is a violation (nothing_odd_was_said), and so is a leak when they are stopped."""
    for name, value in OPTIONS.items():
        monkeypatch.setenv(name, value)
    if seeds.rig is None:
        seeds.new_rig()
    seeds.rig.change_build(SANITIZED)
    result = seeds.run(schedule_of(UNDER_SANITIZERS), "sanitized")
    assert not result.violations, result.folder
    assert sum(line["status"] == 202 for line in result.case["history"]) > 20, "hardly anything was sold"
    daemons = seeds.rig.daemons
    assert {name: daemon.stop() for name, daemon in daemons.items()} == dict.fromkeys(daemons, 0), seeds.rig.odd_lines()
    assert seeds.rig.odd_lines() == []
