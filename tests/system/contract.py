"""Answers as docs/openapi.yaml says they are.

    contract.check("admin", "GET", "/inventory?limit=5", status, headers, body)
"""
import functools
import pathlib
import re
import sys

import jsonschema

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "arch"))
import openapi  # noqa: E402 (the document and its reader are the house's own test's)


@functools.cache
def document():
    return openapi.load()


@functools.cache
def patterns():
    """(compiled path, path), those without variables first."""
    rows = [(re.compile(re.sub(r"\\\{.*?\\\}", "[^/]+", re.escape(path)) + "$"), path) for path in document()["paths"]]
    return sorted(rows, key=lambda row: row[1].count("{"))


def operation_of(listener, method, target):
    """The operation of a request, or None."""
    for pattern, path in patterns():
        operation = document()["paths"][path].get(method.lower())
        if pattern.match(target.split("?")[0]) and operation and listener in operation["x-listeners"]:
            return operation
    return None


def resolve(node):
    while "$ref" in node:
        found = document()
        for name in node["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        node = found
    return node


def check(listener, method, target, status, headers, body):
    """Asserts that the document knows this answer to this request."""
    operation = operation_of(listener, method, target)
    assert operation, f"{listener} {method} {target} is not in docs/openapi.yaml"
    response = operation["responses"].get(str(status))
    if response is None:
        assert status >= 400, f"{method} {target}: {status} is not in docs/openapi.yaml"
        response = operation["responses"]["default"]
    content = resolve(response).get("content", {})
    media_type = (headers["Content-Type"] or "").split(";")[0]
    if not content:
        assert not body, (target, body)
        return
    assert media_type in content, f"{method} {target}: {media_type} is not in docs/openapi.yaml"
    if "json" in media_type and media_type != "application/jsonl":
        schema = {**content[media_type]["schema"], "components": document()["components"]}
        jsonschema.Draft202012Validator(schema).validate(body)
