"""The floors of STYLE, "The house": arrows point down only, by include and by link."""

import re
from pathlib import PurePosixPath

import tree as t
from findings import Finding, rule

ADAPTER_UNITS = ("http", "redis", "kafka", "mysql", "notify")
DAEMONS = ("engine", "consumer", "reconciler", "admin")
MAY_USE = {
    "core": {"core"},
    **{unit: {unit, "core"} for unit in ADAPTER_UNITS},
    "engine": {"core", "http", "redis", "kafka"},  # no ledger: the hot path never waits for a database
    **{unit: {"core", *ADAPTER_UNITS} for unit in ("consumer", "reconciler", "admin", "tools")},
}
# Headers of client libraries, by how they begin, and the units that may include them.
CLIENT_HEADERS = {
    "mysql": {"mysql"},
    "mariadb": {"mysql"},
    "errmsg.h": {"mysql"},
    "hiredis/": {"redis"},
    "librdkafka/": {"kafka"},
    "http_parser.h": {"http"},
    "event2/": {"http", "redis", "kafka", "engine", "consumer", "reconciler", "admin", "tools"},
    "event.h": set(),
    "curl/": {"tools", "admin", "notify"},
    "libsmartcols/": {"reconciler"},
}
CLIENT_LIBRARIES = {
    "PkgConfig::MARIADB": "mysql",
    "PkgConfig::HIREDIS": "redis",
    "PkgConfig::RDKAFKA": "kafka",
    "${HTTP_PARSER_LIBRARY}": "http",
}


def unit_of_header(tree, name):
    """Of include/flash/<name>.h: the adapter that has the name or a source of it, else core."""
    for unit in ADAPTER_UNITS:
        if name == unit or name.startswith(unit + "_") or f"common/{unit}/{name}.c" in tree.files:
            return unit
    return "core"


def unit_of(tree, path):
    """core, http, …, engine, …, tools; for a test the unit it tests; None for anything else."""
    parts = PurePosixPath(path).parts
    if parts[:2] == ("include", "flash"):
        return unit_of_header(tree, PurePosixPath(path).stem)
    if parts[0] in ("common", "tests") and len(parts) > 2:
        return parts[1]
    return parts[0] if parts[0] in DAEMONS + ("tools",) else None


@rule
def floors_by_include(tree):
    for path in tree.matching(".c", ".h"):
        unit = unit_of(tree, path)
        if path.startswith("tests/") or unit not in MAY_USE:
            continue
        for line, quoted, name in tree.includes(path):
            text = forbidden_include(tree, path, quoted, name)
            if text:
                yield Finding(path, line, name, text)


def forbidden_include(tree, path, quoted, name):
    if name.startswith("flash/"):
        other = unit_of_header(tree, PurePosixPath(name).stem)
        return None if other in MAY_USE[unit_of(tree, path)] else f"{unit_of(tree, path)} may not use {other}"
    folder = PurePosixPath(path).parent
    if quoted and (".." in name or (folder / name).as_posix() not in tree.files):
        return f"{name} is not of this folder"
    return None


@rule
def client_headers_stay_in_their_adapter(tree):
    for path in tree.matching(".c", ".h"):
        for line, _, name in tree.includes(path):
            for start, units in CLIENT_HEADERS.items():
                in_test = path.startswith("tests/") and start == "event2/"
                if name.startswith(start) and not in_test and unit_of(tree, path) not in units:
                    yield Finding(path, line, name, f"{name} in {unit_of(tree, path)}")


def commands(text, name):
    """(line, words) of each call of a CMake command."""
    text = re.sub(r"#[^\n]*", t.blank, text)
    for match in re.finditer(r"\b" + name + r"\s*\(([^)]*)\)", text):
        yield t.line_of(text, match.start()), match.group(1).split()


def unit_of_target(target):
    unit = target.replace("-", "_").removeprefix("flash_")
    return unit if unit in MAY_USE else None


@rule
def floors_by_link(tree):
    for path in tree.matching("CMakeLists.txt"):
        for line, words in commands(tree.text(path), "target_link_libraries"):
            unit = unit_of_target(words[0]) or unit_of(tree, path)
            for library in words[1:]:
                text = forbidden_link(path, unit, library)
                if text:
                    yield Finding(path, line, library, f"{words[0]}: {text}")


def forbidden_link(path, unit, library):
    if CLIENT_LIBRARIES.get(library, unit) != unit:
        return f"{library} is {CLIENT_LIBRARIES[library]}'s"
    other = unit_of_target(library) if library.startswith("flash") else None
    if path.startswith("tests/") or other is None or unit not in MAY_USE or other == unit:
        return None
    return None if other in MAY_USE[unit] else f"{unit} may not link {library}"
