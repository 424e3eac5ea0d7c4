"""The table of bad restocks and adjustments: what is sent, and what flash-admin must answer.

    Row(name, path, body, status, problem, headers)     body: bytes, or None for none

SKU has UNITS units, all available. Every row but for what its name says is a change that would be made, so a check that is
missing moves the SKU's base.
"""
import collections
import json

SKU, UNITS = 4711, 10
RESTOCK, ADJUST = "/inventory/restock", "/inventory/adjust"

Row = collections.namedtuple("Row", "name path body status problem headers")


def body(amount="quantity", **changed):
    members = {"product_id": str(SKU), amount: 3, "reason": "a reason", "reference": "bad-1", **changed}
    return json.dumps({name: value for name, value in members.items() if value is not ...}).encode()


def bad(name, path, bytes_, status=400, problem="bad-body", **headers):
    return Row(name, path, bytes_, status, problem, headers)


def amounts():
    for text in ("0", "1.0", "1.5", "1e2", '"3"', "null", "true", "[]", "{}", "1000000001", "9223372036854775808", "-0", "NaN",
                 "03", "+3"):
        yield bad(f"quantity {text}", RESTOCK, body(quantity="@").replace(b'"@"', text.encode()))
        yield bad(f"delta {text}", ADJUST, body("delta", delta="@").replace(b'"@"', text.encode()))
    for number in (-1, -3, -1000000000):
        yield bad(f"quantity {number}", RESTOCK, body(quantity=number))
    yield bad("delta too low", ADJUST, body("delta", delta=-1000000001))


def texts():
    for path, amount in ((RESTOCK, "quantity"), (ADJUST, "delta")):
        for value in ("", "x" * 201, 'a "b"', "a\\b", "a\nb", "a\0b", "a{b}", "\x7f", 7, None, ["a"], "ü" * 101):
            yield bad(f"{path} reason {value!r:.20}", path, body(amount, reason=value))
        for value in ("", "x" * 65, "a b", 'a"b', "a\\b", "a\nb", "a{b", "ü", 7, None, ["a"]):
            yield bad(f"{path} reference {value!r:.20}", path, body(amount, reference=value))
        for value in ("", "0", "-1", "04711", "4711.0", " 4711", "4711}:stock{", "x", SKU, None, "9223372036854775808"):
            yield bad(f"{path} product_id {value!r}", path, body(amount, product_id=value))


def documents():
    for path, amount, other in ((RESTOCK, "quantity", "delta"), (ADJUST, "delta", "quantity")):
        whole = body(amount)
        for name in ("product_id", amount, "reason", "reference"):
            yield bad(f"{path} without {name}", path, body(amount, **{name: ...}))
        yield bad(f"{path} with the other's member", path, body(other))
        yield bad(f"{path} with both", path, body(amount, **{other: 1}))
        for name in ("price", "operator", "version", "type", "", "Reason"):
            yield bad(f"{path} with {name!r}", path, body(amount, **{name: 1}))
        yield bad(f"{path} a member twice", path, whole[:-1] + b', "reason": "b"}')
        for name, bytes_ in (("nothing", b""), ("a list", b"[" + whole + b"]"), ("two", whole + whole), ("cut off", whole[:-1]),
                             ("not UTF-8", whole.replace(b"a reason", b"\xff")), ("deep", b'{"a":' * 9 + b"1" + b"}" * 9),
                             ("a text", b'"x"'), ("null", b"null")):
            yield bad(f"{path} {name}", path, bytes_)
        yield bad(f"{path} no type", path, whole, 415, "unsupported-media-type", **{"Content-Type": None})
        yield bad(f"{path} another type", path, whole, 415, "unsupported-media-type", **{"Content-Type": "text/plain"})
        yield bad(f"{path} too large", path, body(amount, reason="x" * 70000), 413, "payload-too-large")


def refused():
    yield bad("more than a SKU may have", RESTOCK, body(quantity=1000000000), 409, "too-many-units")
    yield bad("adjusted to more than a SKU may have", ADJUST, body("delta", delta=999999991), 409, "too-many-units")
    yield bad("one fewer than there are", ADJUST, body("delta", delta=-UNITS - 1), 409, "sold-out")
    yield bad("far fewer", ADJUST, body("delta", delta=-1000000000), 409, "sold-out")
    for path, amount, delta in ((RESTOCK, "quantity", 3), (ADJUST, "delta", 3), (ADJUST, "delta", -3)):
        name = f"{path} {delta}"
        yield bad(f"{name} of no SKU", path, body(amount, product_id="99", **{amount: delta}), 404, "unknown-sku")
        for match in ('"2"', '"0"', '"01"', "1", 'W/"1"', '"1", "2"', "", "x"):
            yield bad(f"{name} if-match {match}", path, body(amount, **{amount: delta}), 412, "version-mismatch",
                      **{"If-Match": match})


def callers():
    for path, amount in ((RESTOCK, "quantity"), (ADJUST, "delta")):
        whole = body(amount)
        yield bad(f"{path} without a token", path, whole, 401, "unauthorized", Authorization=None)
        yield bad(f"{path} with a wrong one", path, whole, 401, "unauthorized", Authorization="Bearer x.y.z")
        for role in ("buyer", "internal", "ops"):
            yield bad(f"{path} as {role}", path, whole, 403, "forbidden", role=role)
        yield bad(f"{path} with a token of another sale", path, whole, 403, "wrong-sale", sku="99")


ROWS = [row for section in (amounts, texts, documents, refused, callers) for row in section()]
