"""docs/openapi.yaml and the route tables of the daemons' sources say the same, both ways.

A row is found by what it looks like: {FLASH_METHOD_GET, "/path", …}. In flash-engine a path that ends in '/' has a variable
part, and a suffix and a number of slashes in it may follow; elsewhere '*' stands for one segment and a role may follow.
"""

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "openapi.yaml"
METHODS = ("get", "post", "put", "delete")
ROLES = ("none", "buyer", "internal", "ops", "admin")
ROW = re.compile(r'\{\s*FLASH_METHOD_(GET|POST|PUT|DELETE),\s*"(/[^"]*)"\s*,?([^{}]*)\}')
ENGINE_REST = re.compile(r'\s*(NULL|"[^"]*"),\s*(\d+)')
ADMIN_ROLE = re.compile(r"FLASH_ROLE_([A-Z]+)")
OPS = ("/livez", "/readyz", "/metrics", "/version")
# listener -> (file, the table's name; None: all rows of the file)
TABLES = {
    "engine": [("engine/routes.c", "public_routes"), ("engine/pages.c", None)],
    "engine-internal": [("engine/routes.c", "internal_routes")],
    "admin": [("admin/routes.c", None), ("admin/pages.c", None)],
}
WITH_OPS = {"engine-internal", "admin", "reconciler", "consumer"}


def table_of(text, name):
    """The text of `name[] = { … };`, or all of it."""
    if name is None:
        return text
    start = text.index(name + "[]")
    return text[start:text.index("};", start)]


def engine_path(path, rest):
    match = ENGINE_REST.match(rest)
    suffix, slashes = (match.group(1), int(match.group(2))) if match else ("NULL", 0)
    if path.endswith("/") and path != "/":
        path += "/".join(["{}"] * (slashes + 1))
    return path + ("" if suffix == "NULL" else suffix.strip('"'))


def rows(listener, sources):
    """{(method, path): role or None} of the listener, by the sources; variable parts are {}."""
    found = {}
    for file, name in TABLES[listener]:
        if file not in sources:
            continue
        for method, path, rest in ROW.findall(table_of(sources[file], name)):
            role = ADMIN_ROLE.search(rest)
            path = path.replace("*", "{}") if listener == "admin" else engine_path(path, rest)
            found[method.lower(), path] = role.group(1).lower() if role else None
    return found


def reconciler_rows(sources):
    text = sources["reconciler/routes.c"]
    paths = re.findall(r'\{"(/v1/[^"]+)",', text[text.index("passes[]"):])
    return {("post", path): "admin" for path in paths}


def routes_of_sources(sources):
    """{(listener, method, path): role or None}."""
    every = {("admin" if listener == "admin" else listener, *key): role
             for listener in TABLES for key, role in rows(listener, sources).items()}
    every |= {("reconciler", *key): role for key, role in reconciler_rows(sources).items()}
    return every | {(listener, "get", path): "none" for listener in WITH_OPS for path in OPS}


def load():
    return yaml.safe_load(DOCUMENT.read_text())


def operations(document):
    """(path, method, operation) of all."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def routes_of_document(document):
    return {(listener, method, re.sub(r"\{[^}]*\}", "{}", path)): role
            for path, method, operation in operations(document)
            for listener, role in operation["x-listeners"].items()}


def sources_of(root):
    files = [file for tables in TABLES.values() for file, _ in tables] + ["reconciler/routes.c"]
    return {file: (root / file).read_text() for file in files if (root / file).is_file()}


def differences(sources, document):
    """Sentences; none when both say the same."""
    there, told = routes_of_sources(sources), routes_of_document(document)
    for key in sorted(there.keys() - told.keys()):
        yield f"{' '.join(key)} is not in docs/openapi.yaml"
    for key in sorted(told.keys() - there.keys()):
        yield f"{' '.join(key)} is in docs/openapi.yaml alone"
    for key in sorted(there.keys() & told.keys()):
        if there[key] and there[key] != told[key]:
            yield f"{' '.join(key)}: {there[key]} may use it, docs/openapi.yaml says {told[key]}"
