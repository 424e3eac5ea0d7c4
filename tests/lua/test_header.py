"""One truth in four places: the scripts' headers, the keys their bodies use, the C registry and docs/FORMATS.md."""
import re

import pytest

from conftest import KEY_NAMES, LUA, ROOT, header

SCRIPTS = sorted(path.stem for path in LUA.glob("*.lua"))


def body(name):
    return (LUA / f"{name}.lua").read_text()


def registry():
    """The rows of common/redis/scripts.c: {name: keys}."""
    text = (ROOT / "common/redis/scripts.c").read_text()
    rows = re.findall(r'\[FLASH_SCRIPT_(\w+)\] = ROW\((\w+), "([^"]*)"\)', text)
    assert all(member == name.upper() for member, name, _ in rows)
    return {name: keys.split() for _, name, keys in rows}


def test_registry_and_files_are_the_same_set():
    header_h = (ROOT / "include/flash/redis.h").read_text()
    members = re.findall(r"^    FLASH_SCRIPT_(\w+),", header_h, re.MULTILINE)
    assert sorted(registry()) == SCRIPTS
    assert sorted(name.lower() for name in members if name != "COUNT") == SCRIPTS


def test_documented_keys():
    text = (ROOT / "docs/FORMATS.md").read_text()
    documented = {name: keys.split() for name, keys in re.findall(r"^\*\*(\w+)\*\* — KEYS ([a-z ]+)", text, re.MULTILINE)}
    for keys in documented.values():
        while keys and keys[-1] not in KEY_NAMES:
            keys.pop()
    assert documented == {name: header(name)["KEYS"].split() for name in SCRIPTS}


@pytest.mark.parametrize("name", SCRIPTS)
def test_header_is_whole(name):
    found = header(name)
    assert body(name).startswith("#!lua")
    assert set(found) == {"job", "KEYS", "ARGV", "Returns"}
    assert found["KEYS"].split() == registry()[name]
    assert set(found["KEYS"].split()) <= set(KEY_NAMES)


@pytest.mark.parametrize("name", SCRIPTS)
def test_body_uses_its_keys(name):
    keys, text = header(name)["KEYS"].split(), body(name)
    binding = "local " + ", ".join(f"{key}_key" for key in keys) + " = " + \
        ", ".join(f"KEYS[{i + 1}]" for i in range(len(keys)))
    assert binding in text
    rest = text.replace(binding, "")
    assert "KEYS[" not in rest and "#KEYS" not in rest
    for key in keys:
        assert re.search(rf"\b{key}_key\b", rest), f"{key} is declared and not used"
    used = set(re.findall(r"\b(\w+)_key\b", rest))
    assert used == set(keys)
    for command, first in re.findall(r"redis\.call\('(\w+)'(?:, ([^,)]+))?", rest):
        assert command in ("TIME", "INFO") or re.fullmatch(r"\w+_key", first), f"{command} on {first}"


@pytest.mark.parametrize("name", SCRIPTS)
def test_house_rules(name):
    text = body(name)
    assert len(text.splitlines()) <= 80
    assert text.count("'TIME'") <= 1
    assert not re.search(r"os\.|math\.random|redis\.pcall|error_reply|loadstring", text)


@pytest.mark.parametrize("name,flags", [("settle", "allow-oom"), ("status", "no-writes"), ("journal", "no-writes"), ("snapshot", "no-writes"),
                                        ("page", "no-writes"), ("look", "no-writes"),
                                        ("release", "allow-oom"), ("expire", "allow-oom"), ("reserve", ""), ("pay", ""),
                                        ("load", "allow-oom"), ("sale", "allow-oom"), ("inflow", "allow-oom"), ("take", ""),
                                        ("gate", "allow-oom"), ("sight", "no-writes"), ("pulse", "no-writes"),
                                        ("beacon", "allow-oom"), ("beat", "allow-oom"),
                                        ("muster", "allow-oom")])
def test_flags(name, flags):
    assert name in SCRIPTS
    first = body(name).splitlines()[0]
    assert first == "#!lua" + (f" flags={flags}" if flags else "")
