"""docs/RELIABILITY.md is held to the tests that exist: all 134 points, each with tests that are there, or a reason."""
import pathlib
import re
import subprocess

from schedule import FAULTS, FLAVOURS

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "RELIABILITY.md"
POINTS = 134


def rows():
    """{number: (what fails, injected by, what happened)}."""
    found = {}
    for line in PAGE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| ") and cells[0].isdigit():
            assert int(cells[0]) not in found, f"{cells[0]} is there twice"
            found[int(cells[0])] = cells[1:]
    return found


def files():
    """{name, and folder/name: text} of the tests; a name that two folders have means nothing by itself."""
    paths = [path for suffix in ("py", "c") for path in (ROOT / "tests").rglob(f"test_*.{suffix}")]
    names = [path.name for path in paths]
    return {name: path.read_text() for path in paths
            for name in (f"{path.parent.name}/{path.name}", *([path.name] if names.count(path.name) == 1 else []))}


def defines(text, name):
    """Whether a test, or what a test is given, of this name is there."""
    bare = name.removeprefix("test_")
    return re.search(rf"^\s*(?:def|static void) (?:test_)?{bare}\(", text, re.MULTILINE)


def test_every_point_has_a_row():
    assert sorted(rows()) == list(range(1, POINTS + 1))


def test_every_row_is_injected_or_says_why_not():
    for number, (_, injected, happened) in rows().items():
        assert re.search(r"`chaos:\w+`|`(\w+/)?test_\w+\.(py|c)::\w+`", injected) or "**not injected**" in injected, number
        assert happened or "**not injected**" in injected, number


def test_every_test_that_is_named_is_there():
    there = files()
    named = re.findall(r"`((?:\w+/)?test_\w+\.(?:py|c))::(\w+)`", PAGE.read_text())
    assert len(named) > POINTS
    assert not [f"{name}::{test}" for name, test in named if name not in there or not defines(there[name], test)]


def test_every_fault_that_is_named_is_there_and_every_fault_is_named():
    named = set(re.findall(r"`chaos:(\w+)`", PAGE.read_text()))
    assert named <= FAULTS.keys() | FLAVOURS.keys(), named - FAULTS.keys() - FLAVOURS.keys()
    assert FAULTS.keys() <= named, FAULTS.keys() - named


def test_mutants_and_their_patches():
    patches = {path.stem for path in (ROOT / "tests" / "chaos" / "mutants").glob("*.patch")}
    assert patches == set(re.findall(r"^\| ([a-z]+(?:-[a-z]+)+) \|", PAGE.read_text(), re.MULTILINE))


def test_every_patch_still_applies():
    for patch in (ROOT / "tests" / "chaos" / "mutants").glob("*.patch"):
        done = subprocess.run(["patch", "-p1", "--dry-run", "-s", "-f", "-i", patch], cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{patch.name}: {done.stdout}"
