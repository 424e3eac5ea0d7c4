"""The table of bad requests of the back office: what is sent, and what flash-admin must answer.

    Row(name, path, body, status, problem, headers, method)     body: bytes, or None for none

SKU has UNITS units, all available. Every row but for what its name says is a change that would be made, so a check that is
missing moves the SKU's base.
"""
import collections
import json

SKU, UNITS = 4711, 10
RESTOCK, ADJUST = "/inventory/restock", "/inventory/adjust"

Row = collections.namedtuple("Row", "name path body status problem headers method")


def body(amount="quantity", **changed):
    members = {"product_id": str(SKU), amount: 3, "reason": "a reason", "reference": "bad-1", **changed}
    return json.dumps({name: value for name, value in members.items() if value is not ...}).encode()


def bad(name, path, bytes_, status=400, problem="bad-body", method="POST", **headers):
    return Row(name, path, bytes_, status, problem, headers, method)


def bad_query(path, query):
    return bad(f"GET {path}?{query:.60}", f"{path}?{query}", None, 400, "bad-query", "GET")


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


def lists():
    for path, queries in {
            "/inventory": ("low_stock=1", "in_stock=yes", "flagged=", "title=", "title=a%00", "limit=0", "limit=501", "limit=x",
                           "limit=5&limit=5", "cursor=0", "cursor=x", "sku=5", "page=2", "low_stock", "title=" + "x" * 201, "title=" + "%41" * 500),
            "/inventory/low-stock": ("low_stock=true", "limit=-1", "cursor=1.5", "title=a"),
            f"/inventory/logs/{SKU}": ("type=marker", "type=1", "order=x", "order=5", "user=", "user=%22", "operator=", "operator=a%00",
                                       "from=yesterday", "from=1969-01-01T00:00:00Z", "to=2026-13-01T00:00:00Z", "view=all", "cursor=1-2",
                                       "cursor=a-b-c", "cursor=1-2-3-4", "limit=501", "sku=5", "from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z"),
            "/v1/sales": ("state=OPEN", "state=", "limit=0", "cursor=abc", "sku=5"),
            "/v1/orders": ("sku=05", "sku=-5", "user=", "user=%7B", "status=QUEUED", "status=created", "status=", "from=now", "to=1",
                           "cursor=zz", "cursor=3", "cursor=41", "limit=0", "order=5.a"),
            "/v1/refunds": ("state=open", "sku=x", "limit=501", "cursor=zz"),
            "/v1/reconcile/runs": ("mode=fast", "state=x", "limit=0", "cursor=1"),
            "/v1/reconcile/findings": ("cause=A", "state=x", "sku=0", "run=1", "cursor=x")}.items():
        for query in queries:
            yield bad_query(path, query)


def settings():
    path = f"/inventory/{SKU}/threshold"
    for text in ("-1", "1.5", '"3"', "null", "true", "[]", "1000000001", "03"):
        yield bad(f"threshold {text}", path, b'{"low_stock_threshold": %s}' % text.encode(), method="PUT")
    for name, bytes_ in (("nothing", b""), ("no member", b"{}"), ("another", b'{"low_stock_threshold": 3, "a": 1}'),
                         ("twice", b'{"low_stock_threshold": 3, "low_stock_threshold": 3}'), ("a list", b"[3]"), ("cut off", b'{"low')):
        yield bad(f"threshold {name}", path, bytes_, method="PUT")
    good = b'{"low_stock_threshold": 3}'
    yield bad("threshold no type", path, good, 415, "unsupported-media-type", "PUT", **{"Content-Type": None})
    yield bad("threshold too large", path, good + b" " * 65536, 413, "payload-too-large", "PUT")
    yield bad("threshold of no SKU", "/inventory/99/threshold", good, 404, "unknown-sku", "PUT")
    yield bad("threshold of a word", "/inventory/x/threshold", good, 404, "unknown-sku", "PUT")
    yield bad("threshold as ops", path, good, 403, "forbidden", "PUT", role="ops")
    yield bad("threshold of another sale", path, good, 403, "wrong-sale", "PUT", sku="99")
    for match in ('"2"', '"0"', "1", 'W/"1"', "x"):
        yield bad(f"threshold if-match {match}", path, good, 412, "version-mismatch", "PUT", **{"If-Match": match})


def sales():
    window = {"starts_at": "2026-11-27T08:00:00Z", "ends_at": "2036-11-27T08:00:00Z", "per_user_limit": 2}
    path, close = f"/v1/sales/{SKU}", f"/v1/sales/{SKU}/close"
    for name, value in (("starts_at", "today"), ("starts_at", None), ("starts_at", 5), ("ends_at", "2026-11-27T08:00:00Z"), ("ends_at", ""),
                        ("ends_at", "1960-01-01T00:00:00Z"), ("per_user_limit", 0), ("per_user_limit", "2"), ("per_user_limit", 1.5),
                        ("hold_seconds", 0), ("hold_seconds", 2592001), ("closed", True), ("version", 1)):
        yield bad(f"sale {name} {value}", path, json.dumps({**window, name: value}).encode(), method="PUT")
    for name in window:
        yield bad(f"sale without {name}", path, json.dumps({key: window[key] for key in window if key != name}).encode(), method="PUT")
    yield bad("sale of no SKU", "/v1/sales/99", json.dumps(window).encode(), 404, "unknown-sku", "PUT")
    yield bad("sale that is not there", path, json.dumps(window).encode(), 412, "version-mismatch", "PUT", **{"If-Match": '"1"'})
    yield bad("close what has no sale", close, None, 404, "no-sale")
    yield bad("close no SKU", "/v1/sales/99/close", None, 404, "unknown-sku")
    yield bad("close with a body", close, b"{}")
    for prefer in ("wait=", "wait=x", "wait=31", "wait=-1", "wait=1.5", "wait=0001", "wait=5s"):
        yield bad(f"close, {prefer}", close, None, 400, "bad-prefer", Prefer=prefer)
    yield bad("close as ops", close, None, 403, "forbidden", role="ops")
    yield bad("close another sale", close, None, 403, "wrong-sale", sku="99")


def things():
    for path, problem in ((f"/inventory/product/99", "unknown-sku"), ("/inventory/product/x", "unknown-sku"), ("/inventory/99/threshold", "unknown-sku"),
                          ("/inventory/logs/99", "unknown-sku"), ("/inventory/logs/x", "unknown-sku"), (f"/v1/sales/{SKU}", "no-sale"),
                          ("/v1/sales/99", "unknown-sku"), (f"/v1/orders/{SKU}.x", "not-found"), ("/v1/orders/x", "not-found"),
                          (f"/v1/orders/{SKU}.x/story", "not-found"), ("/v1/orders/x/story", "not-found"),
                          ("/v1/reconcile/runs/x", "not-found"), ("/inventory/", "not-found"), ("/v1/orders/", "not-found"), ("/v1", "not-found"),
                          ("/inventory/logs/", "not-found"), (f"/inventory/logs/{SKU}/x", "not-found")):
        yield bad(f"GET {path}", path, None, 404, problem, "GET")
    for path in ("/v1/orders/%zz", "/inventory?title=%zz"):
        yield bad(f"GET {path}", path, None, 400, "bad-request", "GET")
    for method, path in (("DELETE", "/inventory"), ("PUT", "/inventory/low-stock"), ("POST", f"/inventory/logs/{SKU}"), ("POST", f"/inventory/{SKU}/threshold"),
                         ("POST", "/v1/sales"), ("GET", f"/v1/sales/{SKU}/close"), ("PUT", f"/v1/sales/{SKU}/close"), ("POST", "/v1/orders"),
                         ("POST", f"/v1/orders/{SKU}.x/story"), ("DELETE", f"/v1/sales/{SKU}")):
        yield bad(f"{method} {path}", path, None, 405, "method-not-allowed", method)


ROWS = [row for section in (amounts, texts, documents, refused, callers, lists, settings, sales, things) for row in section()]
