"""The table of bad requests: bytes, and what the engine's public listener must answer (docs/SECURITY.md).

    Row(name, bytes, answers, closes)     answers: (status, problem or None) of each answer; closes: whether the connection ends

Every row but for what its name says is an order that would be accepted, so a check that is missing takes a unit from SKU.
Rows of OPEN are for auth.mode = off; those about tokens are in bad_tokens.py. EXISTING is an order of anna's under OTHER.
"""
import base64
import collections
import hashlib

SKU, OTHER, USER, KEY = 4242, 4243, b"anna", b"k-1"
GOOD = b'{"sku":"4242","quantity":1}'

Row = collections.namedtuple("Row", "name bytes answers closes")


def order_id(user, key, sku):
    digest = hashlib.sha256(b"%s\0%s\0%d" % (user, key, sku)).digest()[:16]
    return b"%d.%s" % (sku, base64.urlsafe_b64encode(digest).rstrip(b"="))


EXISTING = order_id(USER, KEY, OTHER)


# ---- making requests ----

def request(line, *fields, body=b""):
    return b"\r\n".join([line, *fields, b"", b""]) + body


def order(body=GOOD, *more, **changed):
    """An order; a line given by name takes the place of its own, None leaves it out."""
    fields = {"line": b"POST /v1/orders HTTP/1.1", "host": b"Host: shop", "user": b"X-User-Id: " + USER,
              "key": b"Idempotency-Key: " + KEY, "type": b"Content-Type: application/json",
              "length": b"Content-Length: %d" % len(body), **changed}
    return request(*(field for field in fields.values() if field is not None), *more, body=body)


def ask(method, path, *more, user=b"X-User-Id: " + USER):
    """A request without a body."""
    return request(b"%s %s HTTP/1.1" % (method, path), b"Host: shop", *([user] if user else []), *more)


def refused(status, problem, name, raw):
    """Answered, and the connection goes on."""
    return Row(name, raw, ((status, problem),), False)


def ended(status, problem, name, raw):
    """Answered, and the connection closed."""
    return Row(name, raw, ((status, problem),), True)


def broken(name, raw):
    """The framing is in doubt."""
    return ended(400, "bad-request", name, raw)


# ---- framing ----

def lengths():
    for name, text in (
            ("twice, the same", b" 27\r\nContent-Length: 27"), ("twice, different", b" 27\r\nContent-Length: 0"),
            ("twice, in another case", b" 27\r\ncontent-length: 27"), ("a list", b" 27, 27"), ("two words", b" 27 27"),
            ("with plus", b" +27"), ("with minus", b" -27"), ("minus one", b" -1"), ("a space inside", b" 2 7"),
            ("hexadecimal", b" 0x1b"), ("an exponent", b" 27e0"), ("a fraction", b" 27.0"), ("grouped", b" 2_7"),
            ("quoted", b' "27"'), ("empty", b""), ("a no-break space", b" \xa027"), ("wide digits", "２７".encode()),
            ("2^64 + 27", b" 18446744073709551643"), ("2^63", b" 9223372036854775808"),
            ("a hundred digits", b" " + b"9" * 100)):
        yield broken(f"content-length {name}", order(length=b"Content-Length:" + text))
    yield broken("content-length space before the colon", order(length=b"Content-Length : 27"))
    yield broken("content-length folded", order(length=b"Content-Length:\r\n 27"))
    for name, size in (("one too many", b"4097"), ("100 MiB", b"104857600"), ("18 digits", b"999999999999999999")):
        yield ended(413, "payload-too-large", f"content-length {name}", order(length=b"Content-Length: " + size))


def encodings():
    chunked = b"1b\r\n" + GOOD + b"\r\n0\r\n\r\n"
    length = b"Content-Length: %d\r\n" % len(chunked)
    for name, text in (("chunked", b" chunked"), ("in capitals", b" CHUNKED"), ("identity", b" identity"), ("gzip", b" gzip"),
                       ("xchunked", b" xchunked"), ("a list", b" chunked, identity"), ("quoted", b' "chunked"'),
                       ("empty", b"")):
        yield ended(501, "not-implemented", f"transfer-encoding {name}", order(chunked, length=b"Transfer-Encoding:" + text))
    yield ended(501, "not-implemented", "transfer-encoding in 1.0",
                order(chunked, line=b"POST /v1/orders HTTP/1.0", length=b"Transfer-Encoding: chunked"))
    for name, lines in (
            ("after a length", length + b"Transfer-Encoding: chunked"),
            ("before a length", b"Transfer-Encoding: chunked\r\n" + length[:-2]),
            ("identity and a length", length + b"Transfer-Encoding: identity"),
            ("twice", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
            ("twice, different", b"Transfer-Encoding: chunked\r\ntransfer-encoding: identity"),
            ("space before the colon", length + b"Transfer-Encoding : chunked"),
            ("tab before the colon", length + b"Transfer-Encoding\t: chunked"),
            ("folded", length + b"Transfer-Encoding:\r\n chunked"),
            ("vertical tab", length + b"Transfer-Encoding: \x0bchunked"),
            ("behind a bare CR", length + b"X: a\rTransfer-Encoding: chunked"),
            ("behind a bare LF", length + b"X: a\nTransfer-Encoding: chunked"),
            ("NUL", length + b"Transfer-Encoding: chunked\0")):
        yield broken(f"transfer-encoding {name}", order(chunked, length=lines))
    yield refused(400, "missing-key", "transfer_encoding is another field",
                  order(GOOD, b"Transfer_Encoding: chunked", key=None))


def lines():
    good = order()
    for name, raw in (
            ("bare LFs", good.replace(b"\r\n", b"\n")), ("bare LF after a field", order(host=b"Host: shop\nX: y")),
            ("bare LF ends the head", good.replace(b"\r\n\r\n", b"\r\n\n")),
            ("bare CRs", good.replace(b"\r\n", b"\r") + b"\r\n"),
            ("CR in a value", order(GOOD, b"X: a\rb")), ("two CRs", order(GOOD, b"X: a\r")),
            ("folded by a space", order(GOOD, b"X: a\r\n b")), ("folded by a tab", order(GOOD, b"X: a\r\n\tb")),
            ("fold first", order(host=b" Host: shop")), ("empty line first", b"\r\n" + good),
            ("no colon", order(GOOD, b"Nonsense")),
            ("no name", order(GOOD, b": v")), ("space before the colon", order(GOOD, b"X : v")),
            ("space in a name", order(GOOD, b"X Y: v")),
            ("NUL in a name", order(GOOD, b"X\0: v")), ("NUL in a value", order(GOOD, b"X: a\0b")),
            ("control", order(GOOD, b"X: \x01")),
            ("escape sequence", order(GOOD, b"X: \x1b[31m")), ("DEL", order(GOOD, b"X: \x7f")),
            ("UTF-8 in a name", order(GOOD, "Ä: v".encode())), ("brackets in a name", order(GOOD, b"X[]: v")),
            ("NUL in the method", order(line=b"PO\0ST /v1/orders HTTP/1.1")),
            ("NUL in the path", order(line=b"POST /v1/orders\0 HTTP/1.1")),
            ("NULs", bytes(1000) + b"\n"), ("TLS hello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n\x8a"),
            ("SSH hello", b"SSH-2.0-OpenSSH_9.2\r\n"), ("RESP", b"*1\r\n$8\r\nFLUSHALL\r\n"),
            ("PROXY", b"PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\n" + good)):
        yield broken(f"line {name}", raw)
    for name, line in (
            ("missing", None), ("twice", b"Host: shop\r\nHost: shop"), ("twice, different", b"Host: shop\r\nhost: other"),
            ("empty", b"Host:"),
            ("a list", b"Host: a, b"), ("with a path", b"Host: shop/x"), ("with a user", b"Host: u@shop"),
            ("with a space", b"Host: a b"),
            ("with quotes", b'Host: "shop"'), ("with 0xff", b"Host: \xff")):
        yield broken(f"host {name}", order(host=line))


def request_lines():
    for name, line in (
            ("HTTP/0.9, no version", b"POST /v1/orders"), ("method only", b"POST"), ("HTTP/1", b"POST /v1/orders HTTP/1"),
            ("HTTP/1.10", b"POST /v1/orders HTTP/1.10"), ("http/1.1", b"POST /v1/orders http/1.1"),
            ("HTTP/x.y", b"POST /v1/orders HTTP/x.y"),
            ("HTTPS/1.1", b"POST /v1/orders HTTPS/1.1"), ("two spaces", b"POST  /v1/orders HTTP/1.1"),
            ("tab", b"POST\t/v1/orders HTTP/1.1"),
            ("trailing space", b"POST /v1/orders HTTP/1.1 "), ("leading space", b" POST /v1/orders HTTP/1.1"),
            ("four words", b"POST /v1/orders x HTTP/1.1"), ("bracket in the method", b"PO(ST /v1/orders HTTP/1.1"),
            ("absolute-form", b"POST http://shop/v1/orders HTTP/1.1"),
            ("absolute-form, another host", b"GET http://169.254.169.254/ HTTP/1.1"),
            ("asterisk-form", b"OPTIONS * HTTP/1.1"), ("authority-form", b"CONNECT shop:80 HTTP/1.1"),
            ("HTTP/2 preface", b"PRI * HTTP/2.0"),
            ("no slash", b"POST v1/orders HTTP/1.1"), ("fragment", b"POST /v1/orders#x HTTP/1.1"),
            ("half an escape", b"POST /v1/orders%2 HTTP/1.1"),
            ("escape of letters", b"POST /v1/%zz HTTP/1.1"), ("UTF-8", "POST /v1/örders HTTP/1.1".encode()),
            ("0xff", b"POST /v1/\xff HTTP/1.1"),
            ("backslash", b"POST \\v1\\orders HTTP/1.1"), ("braces", b"GET /v1/sales/{4242} HTTP/1.1"),
            ("quote", b'GET /v1/sales/"4242" HTTP/1.1'),
            ("control", b"POST /v1/orders\x01 HTTP/1.1"), ("bare CR", b"POST /v1/orders\rX HTTP/1.1")):
        yield broken(f"request line {name}", order(line=line))
    for version in (b"HTTP/0.9", b"HTTP/1.2", b"HTTP/2.0", b"HTTP/3.0", b"HTTP/9.9"):
        yield ended(505, "http-version", f"request line {version.decode()}", order(line=b"POST /v1/orders " + version))


def sizes():
    long = b"POST /v1/orders?" + b"a" * 2024 + b" HTTP/1.1"
    yield ended(414, "uri-too-long", "size: request line of 2049", order(line=long))
    yield ended(414, "uri-too-long", "size: request line without end", b"GET /" + b"a" * 9000)
    yield ended(431, "headers-too-large", "size: a field of 9000", order(GOOD, b"X: " + b"a" * 9000))
    yield ended(431, "headers-too-large", "size: a field without end", b"GET / HTTP/1.1\r\nX: " + b"a" * 9000)
    yield ended(431, "headers-too-large", "size: 65 fields", order(GOOD, *[b"X: y"] * 60))
    yield ended(431, "headers-too-large", "size: 10,000 fields", order(GOOD, *[b"X: y"] * 10000))
    yield ended(431, "headers-too-large", "size: a head of short fields", order(GOOD, *[b"X: " + b"y" * 200] * 45))


def bodies():
    bad = order(key=None)
    bad_answer = (400, "missing-key")
    late = (408, "timeout")
    yield Row("body: shorter than declared", order()[:-1], (late,), True)
    yield Row("body: none of it", order(b"", length=b"Content-Length: 27"), (late,), True)
    yield Row("head: without end", order()[:60], (late,), True)
    yield Row("body: garbage after it", bad + b"}}}}\r\n", (bad_answer, (400, "bad-request")), True)
    yield Row("body: garbage without a line's end", bad + b"}}}}", (bad_answer, late), True)
    yield Row("body: longer than declared", order(b"", length=b"Content-Length: 26") + GOOD, ((400, "bad-body"), late), True)
    yield Row("body: declared empty", order(b"", length=b"Content-Length: 0") + GOOD + b"\r\n",
              ((400, "bad-body"), (400, "bad-request")), True)
    yield Row("body: no length", order(b"", length=None) + GOOD + b"\r\n", ((400, "bad-body"), (400, "bad-request")), True)
    yield Row("body: a request inside", order(order(), key=None), (bad_answer,), False)
    yield Row("body: a request behind", bad + ask(b"GET", b"/metrics"), (bad_answer, (404, "not-found")), False)
    yield Row("body: 20 requests at once", bad * 20, (bad_answer,) * 20, False)
    yield ended(417, "expectation-failed", "expect tea", order(GOOD, b"Expect: tea"))
    yield ended(417, "expectation-failed", "expect a list", order(GOOD, b"Expect: 100-continue, tea"))
    yield broken("expect twice", order(GOOD, b"Expect: 100-continue", b"Expect: 100-continue"))
    yield refused(400, "missing-key", "expect, the body at once", order(GOOD, b"Expect: 100-continue", key=None))
    yield Row("expect, and no body", order(b"", b"Expect: 100-continue", length=b"Content-Length: 27"), ((100, None), late),
              True)
    yield ended(413, "payload-too-large", "expect, too large",
                order(b"", b"Expect: 100-continue", length=b"Content-Length: 4097"))
    yield Row("closed as asked", order(GOOD, b"Connection: close", key=None), (bad_answer,), True)
    yield Row("closed in 1.0", order(line=b"POST /v1/orders HTTP/1.0", key=None), (bad_answer,), True)
    yield refused(400, "missing-key", "upgrade to h2c", order(GOOD, b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c",
                                                              key=None))


# ---- methods and paths ----

def methods():
    for method in (b"GET", b"HEAD", b"PUT", b"DELETE", b"PATCH", b"OPTIONS", b"TRACE", b"CONNECT", b"BREW", b"post", b"POSTS"):
        yield refused(405, "method-not-allowed", f"method {method.decode()}", order(line=method + b" /v1/orders HTTP/1.1"))
    for method, path in ((b"PUT", b"/v1/sales/4242"), (b"DELETE", b"/v1/sales/4242"), (b"POST", b"/v1/orders/" + EXISTING),
                         (b"DELETE", b"/v1/orders/" + EXISTING), (b"GET", b"/v1/orders/" + EXISTING + b"/cancel"),
                         (b"POST", b"/v1/orders/" + EXISTING + b"/events"), (b"POST", b"/inventory/check/4242")):
        yield refused(405, "method-not-allowed", f"method {method.decode()} {path.decode()}", ask(method, path))


def paths():
    admin = (b"GET /inventory", b"POST /inventory", b"GET /inventory/product/4242", b"GET /inventory/low-stock",
             b"POST /inventory/restock",
             b"POST /inventory/adjust", b"PUT /inventory/4242/threshold", b"GET /inventory/logs/4242",
             b"POST /inventory/cleanup-expired",
             b"GET /v1/sales", b"POST /v1/sales/4242/close", b"GET /v1/reconcile/runs", b"GET /v1/reconcile/findings",
             b"GET /v1/pipeline",
             b"GET /v1/live", b"POST /v1/expiry/pass")
    internal = (b"POST /inventory/reserve", b"POST /inventory/reserve/batch", b"POST /inventory/release",
                b"POST /inventory/deduct",
                b"POST /v1/orders/" + EXISTING + b"/pay", b"GET /inventory/reservations/4243/" + EXISTING, b"GET /livez",
                b"GET /readyz",
                b"GET /metrics", b"GET /version", b"HEAD /metrics")
    guessed = (b"GET /debug", b"GET /debug/pprof/", b"GET /admin", b"GET /.env", b"GET /server-status", b"GET /favicon.ico",
               b"GET /v2/orders")
    spelt = (b"POST /v1%2forders", b"POST /v1/%6frders", b"POST /v1/orders%00", b"POST /v1/orders%20", b"POST /v1/orders/",
             b"POST //v1/orders",
             b"POST /v1//orders", b"POST /v1/./orders", b"POST /x/../v1/orders", b"POST /V1/ORDERS", b"POST /v1/orders;a=b",
             b"POST /v1/orders/.",
             b"GET /../../etc/passwd", b"GET /%2e%2e/%2e%2e/etc/passwd", b"GET /v1/orders/../../metrics",
             b"GET /v1/orders/a/b",
             b"POST /v1/orders//cancel", b"GET /v1/sales/", b"GET /v1/sales/4242/")
    for kind, lines in (("admin", admin), ("internal", internal), ("guessed", guessed)):
        for line in lines:
            yield refused(404, "not-found", f"{kind} path {line.decode()}", ask(*line.split(b" ")))
    for line in spelt:
        status, slug = (405, "method-not-allowed") if line.endswith(b"/.") else (404, "not-found")
        yield refused(status, slug, f"path {line.decode()}", order(line=line + b" HTTP/1.1"))


# ---- fields ----

def keys():
    yield refused(400, "missing-key", "key missing", order(key=None))
    for name, key in (("empty", b""), ("of 65", b"k" * 65), ("of 4000", b"k" * 4000), ("a b", b"a b"), ("with a tab", b"a\tb"),
                      ("quoted", b'"k-1"'),
                      ("with a colon", b"a:b"), ("with a dot", b"a.b"), ("with a slash", b"a/b"), ("with a plus", b"a+b"),
                      ("with braces", b"{4242}"),
                      ("UTF-8", "ключ".encode()), ("0xff", b"\xff"), ("with percent", b"%6b"), ("a list", b"k-1, k-2"),
                      ("a format", b"%s%n")):
        yield refused(400, "bad-key", f"key {name}", order(key=b"Idempotency-Key: " + key))
    yield broken("key twice, the same", order(GOOD, b"Idempotency-Key: " + KEY))
    yield broken("key twice, different", order(GOOD, b"idempotency-key: k-2"))


def types():
    yield refused(415, "unsupported-media-type", "type missing", order(type=None))
    for text in (b"", b"text/plain", b"text/json", b"json", b"application/jsonp", b"application/json-patch+json",
                 b"application/problem+json",
                 b"application/x-www-form-urlencoded", b"multipart/form-data; boundary=x", b"application/json, text/html",
                 b"application/json text/html", b"application /json", b"text/html; application/json", b"*/*"):
        yield refused(415, "unsupported-media-type", f"type {text.decode()}", order(type=b"Content-Type: " + text))
    for text in (b"application/json; charset=utf-8", b"APPLICATION/JSON", b"application/json ;charset=utf-8"):
        yield refused(400, "missing-key", f"type {text.decode()} is taken", order(type=b"Content-Type: " + text, key=None))
    yield broken("type twice", order(GOOD, b"Content-Type: application/json"))


def users():
    yield refused(400, "bad-user", "user missing", order(user=None))
    for name, user in (("empty", b""), ("of 65", b"u" * 65), ("with braces", b"{4242}"), ("with a brace", b"u}"),
                       ("quoted", b'"anna"'),
                       ("with a backslash", b"a\\b"), ("with a tab", b"a\tb"), ("0xff", b"\xff"), ("overlong", b"\xc0\xaf"),
                       ("a surrogate", b"\xed\xa0\x80"), ("half a character", b"\xc3"),
                       ("above U+10FFFF", b"\xf4\x90\x80\x80")):
        yield refused(400, "bad-user", f"user {name}", order(user=b"X-User-Id: " + user))
    yield broken("user twice", order(GOOD, b"X-User-Id: bert"))
    yield refused(400, "bad-user", "user missing, to cancel", ask(b"POST", b"/v1/orders/" + EXISTING + b"/cancel", user=None))


# ---- JSON ----

def documents():
    order_of = b'{"sku":"4242","quantity":1'
    for name, body in (
            ("empty", b""), ("white space", b" \r\n\t "), ("not JSON", b"sku=4242&quantity=1"),
            ("XML", b"<order sku='4242'/>"), ("a string", b'"4242"'),
            ("a number", b"1"), ("null", b"null"), ("true", b"true"), ("an array", b"[" + GOOD + b"]"),
            ("an empty array", b"[]"),
            ("an empty object", b"{}"), ("1,000 arrays", b"[" * 1000 + b"]" * 1000), ("4,096 brackets", b"[" * 4096),
            ("4,096 braces", b"{" * 4096), ("4,096 closing brackets", b"]" * 4096),
            ("600 objects", b'{"a":' * 600 + b"1" + b"}" * 600),
            ("depth 5", b'{"sku":[[[["4242"]]]],"quantity":1}'), ("quantity twice", order_of + b',"quantity":1}'),
            ("sku twice", order_of + b',"sku":"4242"}'),
            ("quantity twice, escaped", order_of + b',"\\u0071uantity":2}'), ("comma at the end", order_of + b",}"),
            ("bytes behind", GOOD + b"x"), ("NUL behind", GOOD + b"\0"), ("brace behind", GOOD + b"}"),
            ("two documents", GOOD + GOOD),
            ("two lines", GOOD + b"\n" + GOOD), ("BOM", b"\xef\xbb\xbf" + GOOD), ("UTF-16", GOOD.decode().encode("utf-16")),
            ("UTF-16 without BOM", GOOD.decode().encode("utf-16-le")), ("0xff", b'{"sku":"4242\xff","quantity":1}'),
            ("overlong", b'{"sku":"\xc0\xb44242","quantity":1}'),
            ("surrogate bytes", b'{"sku":"4242\xed\xa0\x80","quantity":1}'),
            ("high surrogate", b'{"sku":"4242\\ud800","quantity":1}'),
            ("low surrogate", b'{"sku":"4242\\udc00","quantity":1}'),
            ("surrogates reversed", b'{"sku":"4242\\udc00\\ud800","quantity":1}'),
            ("NUL in a value", b'{"sku":"4242\\u0000","quantity":1}'),
            ("NUL in a name", b'{"sku\\u0000":"4242","quantity":1}'), ("NUL byte", b'{"sku":"4242\0","quantity":1}'),
            ("control in a string", b'{"sku":"4242\n","quantity":1}'), ("line comment", b"// an order\n" + GOOD),
            ("comment", b"/* */" + GOOD),
            ("single quotes", GOOD.replace(b'"', b"'")), ("names without quotes", b'{sku:"4242",quantity:1}'),
            ("not closed", GOOD[:-1]),
            ("no sku", b'{"quantity":1}'), ("no quantity", b'{"sku":"4242"}'),
            ("names in capitals", b'{"SKU":"4242","Quantity":1}'),
            ("XSSI prefix", b")]}'," + GOOD), ("bad escape", b'{"sku":"\\x34242","quantity":1}'),
            ("4,096 bytes", order_of + b',"x":"' + b"a" * 4062 + b'"}')):
        yield refused(400, "bad-body", f"json {name}", order(body))
    for member in (b'"price":0', b'"status":"PAID"', b'"user_id":"bert"', b'"discount":100', b'"order_id":"4242.x"',
                   b'"limit":999', b'"hold_seconds":0',
                   b'"generation":2', b'"__proto__":{}', b'"":1', b'"sku ":"4243"'):
        yield refused(400, "bad-body", f"json with {member.decode()}", order(order_of + b"," + member + b"}"))
    for name, body in (("4,097 bytes", GOOD + b" " * 4070), ("10^5 brackets", b"[" * 100000)):
        yield ended(413, "payload-too-large", f"json {name}", order(body))


def numbers():
    for text in (b"-3", b"-1", b"-0", b"0", b"0.0", b"1e3", b"1E0", b"1e-1", b"1e400", b"0x10", b"010", b"+1", b".5", b"1.",
                 b"1.0", b"1.5", b"10000", b"65537",
                 b"2147483648", b"4294967297", b"9223372036854775807", b"-9223372036854775808", b"9223372036854775808",
                 b"18446744073709551617",
                 b"99999999999999999999", b"9" * 3000, b"NaN", b"Infinity", b"-Infinity", b'"1"', b'"1.0"', b'""', b"true",
                 b"false", b"null", b"[]", b"[1]",
                 b"{}", b'{"$gt":0}', b"1 1", b"1_0", b"1,0", b"\xef\xbc\x91"):
        yield refused(400, "bad-body", f"quantity {text[:30].decode()}", order(b'{"sku":"4242","quantity":%s}' % text))


def skus():
    for text in (b"4242", b"4242.0", b"null", b"true", b"[]", b"{}", b'["4242"]', b'""', b'"0"', b'"04242"', b'"-1"',
                 b'"+4242"', b'" 4242"', b'"4242 "', b'"4242\\n"',
                 b'"4242\\t"', b'"4242.0"', b'"4e3"', b'"0x1092"', b'"4_242"', b'"4,242"', b'"9223372036854775808"',
                 b'"18446744073709555858"', b'"{4242}"',
                 b'"4242}:stock{"', b'"4242\\"', b'"4242\\""', b'"4242\\r\\nFLUSHALL\\r\\n"', b'"4242\';DROP TABLE stock;--"',
                 b'"*"', b'"../4242"', b'"%34242"',
                 b'"4242\\u202e"', '"４２４２"'.encode(), b'"' + b"4" * 3000 + b'"', b'"\xff"', b'"abc"'):
        yield refused(400, "bad-body", f"sku {text[:40].decode(errors='replace')}", order(b'{"sku":%s,"quantity":1}' % text))
    for text in (b"1", b"9223372036854775807"):
        yield refused(404, "unknown-sku", f"sku unknown {text.decode()}", order(b'{"sku":"%s","quantity":1}' % text))


# ---- reads ----

def reads():
    strange = (b"nonsense", b"4242", b"4242.", b"." + b"x" * 22, b"04243." + EXISTING[5:], b"-1.x", b"0.x",
               b"9223372036854775808.x", b"4242.." + b"x" * 21,
               b"4242." + b"x" * 65, b"4242." + b"x" * 1500, b"4242." + b"x" * 22, b"99." + b"x" * 22, EXISTING[:-1],
               EXISTING + b"x", EXISTING.swapcase(),
               b"4243.%7Bx%7D", b"4243.'or'1'='1", b"4243.*", b"4243.%00", b"..%2f..%2fmetrics")
    for made in strange:
        name = f"{made[:24].decode()} of {len(made)}"
        yield refused(404, "not-found", f"order {name}", ask(b"GET", b"/v1/orders/" + made))
        yield refused(404, "not-found", f"cancel {name}", ask(b"POST", b"/v1/orders/" + made + b"/cancel"))
    page = b"/v1/orders/" + EXISTING
    for what, line in (("page", (b"GET", page)), ("events", (b"GET", page + b"/events")),
                       ("cancel", (b"POST", page + b"/cancel"))):
        yield refused(404, "not-found", f"somebody else's order, {what}", ask(*line, user=b"X-User-Id: bert"))
    yield refused(400, "bad-body", "cancel with a body", order(b"{}", line=b"POST %s/cancel HTTP/1.1" % page))
    for text in (b"wait=31", b"wait=-1", b"wait=+1", b"wait=x", b"wait=", b"wait=1.5", b"wait=0x5", b"wait=1e1",
                 b"wait=99999999999999999999", b"wait=100",
                 b'wait="5"', b"respond-async, wait=31", b"wait=5x", b"WAIT=60"):
        yield refused(400, "bad-prefer", f"prefer {text.decode()}", ask(b"GET", page, b"Prefer: " + text))
    for text in (b"", b"wait", b"nonsense", b";;;,,,===", b"\xff\xfe", b"await=31", b"=" * 2000, b"wait=0"):
        yield refused(200, None, f"prefer is ignored {text[:20]!r}", ask(b"GET", page, b"Prefer: " + text))
    for text in (b"", b"nonsense", b'"', b'""', b"W/", b'W/"', b'"77"', b"77", b'"77', b'"\xff"', b"**", b'"' * 3000,
                 b"," * 3000, b'"99999999999999999999"', b'"-1"'):
        yield refused(200, None, f"if-none-match {text[:24]!r}", ask(b"GET", page, b"If-None-Match: " + text))
    yield refused(200, None, "prefer and if-none-match", ask(b"GET", page, b"Prefer: wait=30", b'If-None-Match: "77"'))
    for path in (b"0", b"-1", b"x", b"04242", b"9223372036854775808", b"%34242", b"4242%00", b"9223372036854775807", b"*",
                 b".."):
        yield refused(404, "unknown-sku", f"sale {path.decode()}", ask(b"GET", b"/v1/sales/" + path))
        yield refused(404, "unknown-sku", f"check {path.decode()}", ask(b"GET", b"/inventory/check/" + path))


def batches():
    line = b"POST /inventory/check/batch HTTP/1.1"
    many = b",".join([b'"4242"'] * 101)
    for name, body in (("empty", b""), ("no list", b'{"product_ids":"4242"}'), ("empty list", b'{"product_ids":[]}'),
                       ("101", b'{"product_ids":[%s]}' % many),
                       ("a number", b'{"product_ids":["4242",4242]}'), ("null", b'{"product_ids":[null]}'),
                       ("no member", b"{}"), ("bare list", b'["4242"]'),
                       ("another member", b'{"product_ids":["4242"],"quantity":-1}'),
                       ("a list in it", b'{"product_ids":[["4242"]]}')):
        yield refused(400, "bad-body", f"batch {name}", order(body, line=line))
    yield refused(415, "unsupported-media-type", "batch without a type",
                  order(b'{"product_ids":["4242"]}', line=line, type=None))


OPEN = [row for section in (lengths, encodings, lines, request_lines, sizes, bodies, methods, paths, keys, types, users,
                            documents, numbers, skus, reads,
                            batches) for row in section()]
