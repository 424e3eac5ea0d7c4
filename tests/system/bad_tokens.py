"""The table of bad tokens, for auth.mode = jwt, in the rows of bad_requests.py: each would be a good order but for its token."""
import base64
import hashlib
import hmac
import json
import time

from bad_requests import EXISTING, GOOD, OTHER, SKU, USER, ask, broken, order, refused

SECRET = b"the shop's secret, 32 bytes or more"
NOW = int(time.time())
CLAIMS = {"sub": USER.decode(), "aud": "flashgate", "exp": NOW + 3600}
HEADER = {"alg": "HS256", "typ": "JWT"}


def encode(data):
    """base64url of the bytes, or of the JSON."""
    return base64.urlsafe_b64encode(data if isinstance(data, bytes) else json.dumps(data).encode()).rstrip(b"=")


def sign(header=None, claims=None, secret=SECRET, digest=hashlib.sha256):
    """A token of parts as they are given, whatever they are."""
    text = encode(HEADER if header is None else header) + b"." + encode(CLAIMS if claims is None else claims)
    return text + b"." + encode(hmac.new(secret, text, digest).digest())


def token(header=None, secret=SECRET, **claims):
    """A token with changes to the good claims; None leaves one out."""
    changed = {name: value for name, value in {**CLAIMS, **claims}.items() if value is not None}
    return sign({**HEADER, **(header or {})}, changed, secret)


def bearer(text):
    return b"Authorization: Bearer " + text


GOOD_TOKEN = token()


def headers():
    for name, line in (
            ("missing", None), ("empty", b"Authorization:"), ("Bearer alone", b"Authorization: Bearer"),
            ("no space", b"Authorization: Bearer" + GOOD_TOKEN),
            ("two spaces", b"Authorization: Bearer  " + GOOD_TOKEN), ("Basic", b"Authorization: Basic YW5uYTpzZWNyZXQ="),
            ("another scheme", b"Authorization: JWT " + GOOD_TOKEN), ("no scheme", b"Authorization: " + GOOD_TOKEN),
            ("quoted", b'Authorization: Bearer "' + GOOD_TOKEN + b'"'), ("something behind", bearer(GOOD_TOKEN + b" x")),
            ("a list", bearer(GOOD_TOKEN + b", Bearer " + GOOD_TOKEN)), ("X-User-Id instead", b"X-User-Id: " + USER),
            ("a cookie instead", b"Cookie: token=" + GOOD_TOKEN),
            ("another field", b"Proxy-Authorization: Bearer " + GOOD_TOKEN)):
        yield refused(401, "unauthorized", f"authorization {name}", order(user=line))
    yield broken("authorization twice, the same", order(GOOD, bearer(GOOD_TOKEN), user=bearer(GOOD_TOKEN)))
    yield broken("authorization twice, bad first", order(GOOD, bearer(GOOD_TOKEN), user=b"authorization: Basic eA=="))
    yield refused(401, "unauthorized", "token in the URL",
                  order(user=None, line=b"POST /v1/orders?access_token=" + GOOD_TOKEN + b" HTTP/1.1"))
    for method, path in ((b"GET", b""), (b"GET", b"/events"), (b"POST", b"/cancel")):
        yield refused(401, "unauthorized", f"no token, {method.decode()} {path.decode()}",
                      ask(method, b"/v1/orders/" + EXISTING + path, user=None))


def texts():
    """Tokens that are none by their form."""
    head, claims, mac = GOOD_TOKEN.split(b".")
    for name, text in (
            ("one part", head), ("two parts", head + b"." + claims), ("no signature", head + b"." + claims + b"."),
            ("four parts", GOOD_TOKEN + b"." + mac),
            ("five parts", b".".join([head] * 5)), ("dots", b".."), ("one character less", GOOD_TOKEN[:-1]),
            ("half", GOOD_TOKEN[:len(GOOD_TOKEN) // 2]),
            ("one character more", GOOD_TOKEN + b"A"), ("padded", GOOD_TOKEN + b"="),
            ("header padded", head + b"==." + claims + b"." + mac),
            ("parts exchanged", claims + b"." + head + b"." + mac), ("no claims", head + b".." + mac),
            ("no header", b"." + claims + b"." + mac),
            ("in capitals", GOOD_TOKEN.upper()), ("percent", GOOD_TOKEN.replace(b".", b"%2e")), ("0xff", GOOD_TOKEN + b"\xff"),
            ("quotes", b'{"sub":"anna"}'), ("2,049 characters", b"a" * 2049), ("7,000 characters", b"a." * 3500),
            ("longer than any", token(pad="x" * 2000)), ("a long header", token({"pad": "x" * 600}))):
        yield refused(401, "unauthorized", f"token {name}", order(user=bearer(text)))
    for at in range(0, len(GOOD_TOKEN), 7):
        flipped = GOOD_TOKEN[:at] + bytes([GOOD_TOKEN[at] ^ 1]) + GOOD_TOKEN[at + 1:]
        yield refused(401, "unauthorized", f"token with a bit flipped at {at}", order(user=bearer(flipped)))
    last = GOOD_TOKEN[:-1] + bytes([GOOD_TOKEN[-1] + 1])
    yield refused(401, "unauthorized", "token with unused bits set", order(user=bearer(last)))


def signatures():
    text = encode({"alg": "none"}) + b"." + encode(CLAIMS)
    of_another = token(secret=b"another secret of 32 bytes or more")
    for name, made in (
            ("none", text + b"."), ("none, signed", sign({"alg": "none"})),
            ("None", encode({"alg": "None"}) + b"." + encode(CLAIMS) + b"."),
            ("no alg", sign({"typ": "JWT"})), ("hs256", token({"alg": "hs256"})),
            ("HS512", sign({"alg": "HS512"}, digest=hashlib.sha512)),
            ("HS512, called HS256", sign(digest=hashlib.sha512)), ("RS256", token({"alg": "RS256"})),
            ("ES256", token({"alg": "ES256"})),
            ("alg is a list", token({"alg": ["HS256"]})), ("alg is null", token({"alg": None})),
            ("alg twice", sign(b'{"alg":"none","alg":"HS256"}')),
            ("another key", of_another), ("no key", token(secret=b"")),
            ("its own key", token({"jwk": {"kty": "oct", "k": "YQ"}}, secret=b"a")),
            ("a key by URL", token({"jku": "http://169.254.169.254/", "kid": "x"})),
            ("an unknown kid", token({"kid": "other"})), ("an empty kid", token({"kid": ""})),
            ("a path as kid", token({"kid": "../../../dev/null"}, secret=b"")), ("SQL as kid", token({"kid": "' OR 1=1 --"})),
            ("kid a number", token({"kid": 1})),
            ("crit", token({"crit": ["exp"]})), ("typ other", token({"typ": "JWE"})), ("typ a number", token({"typ": 1})),
            ("header an array", sign([HEADER])),
            ("header a text", sign(b"HS256")),
            ("header nested", sign(b'{"alg":"HS256","x":' + b"[" * 300 + b"]" * 300 + b"}")),
            ("claims an array", sign(claims=[CLAIMS])),
            ("claims no JSON", sign(claims=b"sub=anna")), ("claims nested", sign(claims=b"[" * 1200 + b"]" * 1200)),
            ("claims of another token", GOOD_TOKEN.split(b".")[0] +
             b"." + encode({**CLAIMS, "sub": "bert"}) + b"." + GOOD_TOKEN.split(b".")[2])):
        yield refused(401, "unauthorized", f"signature {name}", order(user=bearer(made)))


def claims():
    rows = [("aud", value) for value in (None, "", "other", "FLASHGATE", "flashgate ", ["other"], [], {"flashgate": 1},
                                         ["flashgate", 1], True)]
    rows += [("exp", value) for value in (None, NOW - 3600, NOW - 1, 0, -1, str(NOW + 3600), True, [], "", 1e300)]
    rows += [("nbf", value) for value in (NOW + 3600, str(NOW), [], True, 1e300)]
    rows += [("sub", value) for value in (None, "", 1, ["anna"], "u" * 65, "ä" * 33, "{4242}", "u}", 'an"na', "an\\na",
                                          "an\nna", "an\u007fna", True)]
    rows += [("role", value) for value in ("", "root", "Admin", 1, ["admin"], "admin ")]
    rows += [("sku", value) for value in ("", "0", "-1", "04242", "{4242}", "9223372036854775808", [], True, 4242.5)]
    for name, value in rows:
        yield refused(401, "unauthorized", f"claim {name}: {value!r:.24}", order(user=bearer(token(**{name: value}))))
    good = json.dumps(CLAIMS).encode()[:-1]
    for name, text in (("sub twice", b',"sub":"bert"}'), ("exp twice", b',"exp":9999999999}'), ("bytes behind", b"}x"),
                       ("NUL in sub", b"}"),
                       ("a surrogate", b',"x":"\\ud800"}'), ("0xff", b',"x":"\xff"}')):
        made = good.replace(b"anna", b"an\\u0000na") if name == "NUL in sub" else good
        yield refused(401, "unauthorized", f"claims with {name}", order(user=bearer(sign(claims=made + text))))
    yield refused(401, "unauthorized", "claim exp: 10^400",
                  order(user=bearer(sign(claims=b'{"sub":"anna","aud":"flashgate","exp":1' + b"0" * 400 + b"}"))))


def rights():
    """A good token, and still not this."""
    bert = bearer(token(sub="bert"))
    page = b"/v1/orders/" + EXISTING
    for sku in (str(OTHER), "1", "9223372036854775807"):
        yield refused(403, "wrong-sale", f"token of sale {sku}", order(user=bearer(token(sku=sku))))
    yield refused(403, "wrong-sale", f"token of sale {SKU}, of another order",
                  order(b'{"sku":"%d","quantity":1}' % OTHER, user=bearer(token(sku=str(SKU)))))
    for method, path in ((b"GET", page), (b"GET", page + b"/events"), (b"POST", page + b"/cancel")):
        yield refused(404, "not-found", f"somebody else's, {method.decode()} {path[-7:].decode()}",
                      ask(method, path, user=bert))
    yield refused(404, "not-found", "somebody else's, by X-User-Id", ask(b"GET", page, b"X-User-Id: " + USER, user=bert))
    yield refused(400, "bad-body", "user_id in the body", order(GOOD[:-1] + b',"user_id":"anna"}', user=bert))
    for role in ("internal", "ops", "admin"):
        strong = bearer(token(role=role))
        yield refused(404, "not-found", f"pay as {role}", ask(b"POST", page + b"/pay", user=strong))
        yield refused(404, "not-found", f"metrics as {role}", ask(b"GET", b"/metrics", user=strong))
        yield refused(404, "not-found", f"restock as {role}",
                      order(b"{}", user=strong, line=b"POST /inventory/restock HTTP/1.1"))
    yield refused(415, "unsupported-media-type", "a good token, no type", order(user=bearer(GOOD_TOKEN), type=None))
    yield refused(400, "missing-key", "a good token, no key", order(user=bearer(GOOD_TOKEN), key=None))
    yield refused(200, None, "a good token, its order", ask(b"GET", page, user=bearer(GOOD_TOKEN)))
    yield refused(400, "missing-key", "bearer in another case", order(user=b"authorization: bearer " + GOOD_TOKEN, key=None))


TOKENS = [row for section in (headers, texts, signatures, claims, rights) for row in section()]
