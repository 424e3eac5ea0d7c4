"""What the documents name is there: the tests of docs/SECURITY.md's table, and, step by step, the code that the models stand for
(tests/model/README.md)."""
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODELS = ROOT / "tests" / "model"
CODE = ("lua/*.lua", "engine/*.c", "consumer/*.c", "reconciler/*.c", "admin/*.c", "common/*/*.c")


def rows(text, heading):
    """The cells of the first table behind a heading, without its head."""
    table = re.search(r"^\|.*?\n\n", text[text.index(heading):] + "\n\n", re.DOTALL | re.MULTILINE).group()
    lines = [line.strip().strip("|").split(" | ") for line in table.strip().splitlines()]
    return [[cell.strip() for cell in line] for line in lines[2:]]


# ---- tests/model/README.md ----

STEPS = rows((MODELS / "README.md").read_text(), "## Which step is which code")


def defines(path, name):
    """Whether the file has the function."""
    text = path.read_text()
    pattern = rf"function {name}\(" if path.suffix == ".lua" else rf"^(?!\s).*\b{name}\([^;]*?\)\s*\{{"
    return re.search(pattern, text, re.MULTILINE | re.DOTALL) is not None


def missing(cell):
    """What a cell names and the tree has not. A function is the one of the file named before it, or of any if there is none."""
    file = None
    for word in re.findall(r"`([^`]+)`", cell):
        if "/" in word:
            file = ROOT / word
            if not file.exists():
                yield word
        elif not any(defines(path, word) for path in ([file] if file else [p for glob in CODE for p in ROOT.glob(glob)])):
            yield f"{word} in {file or 'any file'}"


@pytest.mark.parametrize("step, code", STEPS)
def test_a_models_step_names_code_that_is_there(step, code):
    assert "`" in code or "settings" in code
    assert list(missing(code)) == []


def test_a_step_is_in_a_model():
    """In the model that its row, or an earlier word of it, names; without one, in any."""
    texts = {file.stem: file.read_text() for file in MODELS.glob("*.pml")}
    for step, _ in STEPS:
        model = None
        for word in re.findall(r"`([^`]+)`|\b([A-Z][A-Z_]{2,})\b", step):
            name = word[0] or word[1]
            if name in texts:
                model = name
                continue
            places = [texts[model]] if model else texts.values()
            assert any(re.search(rf"\b{re.escape(name)}\b", text) for text in places), (step, name, model)


def test_the_mapping_is_a_mapping():
    assert len(STEPS) > 20 and all(len(row) == 2 for row in STEPS)
    assert list(missing("`lua/settle.lua` `adopt`, called by `consumer/settle.c`")) == []
    assert len(list(missing("`flash_no_such_thing`; `lua/settle.lua` `adapt`, `consumer/settled.c`"))) == 3


# ---- docs/SECURITY.md ----

ATTACKS = rows((ROOT / "docs" / "SECURITY.md").read_text(), "| attack")


@pytest.mark.parametrize("attack, answer, tests", ATTACKS, ids=lambda value: value[:40])
def test_an_attack_has_a_test_or_the_reason_why_not(attack, answer, tests):
    assert answer and tests
    named = re.findall(r"\btests/[\w/]+(?:\.\w+)?|\btest_\w+", tests)
    assert named or tests.startswith("none:"), f"{attack}: neither a test nor a reason"
    for name in named:
        path = ROOT / name if "/" in name else None
        found = path is not None and (path.exists() or list(path.parent.glob(path.name + ".*"))) or any(
            ROOT.glob(f"tests/*/{name}.*")) or any(name in file.read_text() for file in ROOT.glob("tests/*/test_*.py"))
        assert found, f"{attack}: there is no {name}"
