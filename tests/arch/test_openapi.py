"""docs/openapi.yaml: it is whole, and it has exactly the routes that the daemons have."""
import copy
import re

import jsonschema
import pytest

from openapi import DOCUMENT, ROLES, ROOT, differences, load, operations, routes_of_sources, sources_of


@pytest.fixture(scope="module")
def document():
    return load()


def references(node):
    if isinstance(node, dict):
        for name, value in node.items():
            if name == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def target(document, reference):
    node = document
    for name in reference.removeprefix("#/").split("/"):
        node = node[name]
    return node


def test_routes_and_document_are_the_same(document):
    assert list(differences(sources_of(ROOT), document)) == []


def test_there_are_routes():
    """The reader finds them: else the comparison says nothing."""
    routes = routes_of_sources(sources_of(ROOT))
    for listener in ("engine", "engine-internal", "admin", "reconciler", "consumer"):
        assert sum(key[0] == listener for key in routes) >= (2 if listener == "reconciler" else 4)
    assert routes["admin", "put", "/v1/sales/{}"] == "admin"
    assert ("engine-internal", "get", "/inventory/reservations/{}/{}") in routes
    assert ("engine", "post", "/v1/orders/{}/cancel") in routes


@pytest.mark.parametrize("planted, said", [
    (lambda s, d: s.update({"admin/routes.c": s["admin/routes.c"] + '{FLASH_METHOD_PUT, "/v1/new/*", FLASH_ROLE_OPS}'}),
     "admin put /v1/new/{} is not in docs/openapi.yaml"),
    (lambda s, d: s.update({"admin/pages.c": '{FLASH_METHOD_GET, "/", FLASH_ROLE_OPS, read, run},'}),
     "admin get / is not in docs/openapi.yaml"),
    (lambda s, d: d["paths"].pop("/v1/refunds"), "admin get /v1/refunds is not in docs/openapi.yaml"),
    (lambda s, d: d["paths"]["/inventory/deduct"]["post"]["x-listeners"].update(engine="buyer"),
     "engine post /inventory/deduct is in docs/openapi.yaml alone"),
    (lambda s, d: d["paths"]["/v1/refunds"]["get"]["x-listeners"].update(admin="admin"),
     "admin get /v1/refunds: ops may use it, docs/openapi.yaml says admin"),
])
def test_a_planted_difference_is_seen(document, planted, said):
    sources, document = dict(sources_of(ROOT)), copy.deepcopy(document)
    planted(sources, document)
    if '"/"' in sources.get("admin/pages.c", "") and said.startswith("admin get / "):
        document["paths"].pop("/", None)
    assert said in list(differences(sources, document))


def test_references_lead_somewhere(document):
    for reference in references(document):
        assert target(document, reference) is not None, reference


def test_every_component_is_used(document):
    used = set(references(document))
    for kind, parts in document["components"].items():
        for name in parts:
            assert kind == "securitySchemes" or f"#/components/{kind}/{name}" in used, name


def test_schemas_are_schemas(document):
    for name, schema in document["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema)
        if schema.get("type") == "object" and name != "Problem":
            assert schema["additionalProperties"] is False, name
            assert set(schema["required"]) <= set(schema["properties"]), name


def test_operations_are_whole(document):
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(names) == len(set(names))
    listeners = {server["description"].split(":")[0] for server in document["servers"]}
    for path, method, operation in operations(document):
        where = f"{method} {path}"
        assert operation["x-listeners"] and set(operation["x-listeners"]) <= listeners, where
        assert set(operation["x-listeners"].values()) <= set(ROLES), where
        given = document["paths"][path].get("parameters", []) + operation.get("parameters", [])
        given = [target(document, one["$ref"]) if "$ref" in one else one for one in given]
        assert {one["name"] for one in given if one["in"] == "path"} == set(re.findall(r"\{(.*?)\}", path)), where
        assert any(code[0] == "2" for code in operation["responses"]), where
        assert "default" in operation["responses"] or set(operation["x-listeners"].values()) == {"none"}, where


def test_api_md_names_every_path(document):
    """The prose tells of each route; it writes {id} for most variables."""
    prose = re.sub(r"\{[^}`]*\}", "{}", (DOCUMENT.parent / "API.md").read_text())
    for path in document["paths"]:
        plain = re.sub(r"\{[^}]*\}", "{}", path)
        assert plain in prose, f"docs/API.md does not tell of {path}"
