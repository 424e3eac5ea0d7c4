"""One seed with all daemons under ASan and UBSan: what a sanitizer reports is a violation, and so is a leak when they are stopped."""
import os

import pytest

from one import Seeds
from schedule import make

SEED = 6  # killed, killed at a step, frozen, two of a kind, messages that are lost
# The clock of the harness is preloaded, so the sanitizer's own library cannot come first.
OPTIONS = {"ASAN_OPTIONS": "verify_asan_link_order=0", "UBSAN_OPTIONS": "print_stacktrace=1"}


@pytest.fixture
def seeds(tmp_path, monkeypatch):
    for name, value in OPTIONS.items():
        monkeypatch.setenv(name, value)
    with Seeds(tmp_path, os.environ.get("FLASH_BUILD_ASAN") or os.environ["FLASH_BUILD"]) as playing:
        yield playing


def test_a_seed_under_asan_and_ubsan(seeds):
    result = seeds.run(make(SEED))
    assert not result.violations, result.folder
    assert sum(line["status"] == 202 for line in result.case["history"]) > 20, "hardly anything was sold"
    rig = seeds.rig
    assert {name: daemon.stop() for name, daemon in rig.daemons.items()} == dict.fromkeys(rig.daemons, 0), rig.odd_lines()
    assert rig.odd_lines() == []
