"""Whose order it is, by the token, with real servers; and one unit that a hundred buyers want at once."""
import base64
import concurrent.futures
import hashlib
import hmac
import json
import time

import pytest

from daemons import running
from stack import Stack

KEY = "k" * 40
SKU = "5001"


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("tokens") / "stack") as private:
        private.migrate("up")
        yield private


@pytest.fixture(scope="module")
def engine(stack):
    """An engine that asks for tokens, and a sale of one unit."""
    at = [time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds)) for seconds in (-60, 3600)]
    with running(stack, "admin") as admin:
        assert admin.ask("POST", "/inventory", {"product_id": SKU, "quantity": 1})[0] == 201
        window = {"starts_at": at[0], "ends_at": at[1], "per_user_limit": 5, "hold_seconds": 1800}
        assert admin.ask("PUT", f"/v1/sales/{SKU}", window)[0] == 201
    with running(stack, "engine", FLASH_AUTH_MODE="jwt", FLASH_AUTH_KEY_1=KEY, FLASH_ENGINE_WORKERS=4) as daemon:
        yield daemon


def token(**claims):
    def part(data):
        return base64.urlsafe_b64encode(json.dumps(data).encode()).rstrip(b"=")
    signed = part({"alg": "HS256", "typ": "JWT"}) + b"." + part({"aud": "flashgate", "exp": int(time.time()) + 60, **claims})
    seal = hmac.new(KEY.encode(), signed, hashlib.sha256).digest()
    return {"Authorization": f"Bearer {(signed + b'.' + base64.urlsafe_b64encode(seal).rstrip(b'=')).decode()}"}


def order(engine, key, headers):
    return engine.ask("POST", "/v1/orders", {"sku": SKU, "quantity": 1}, {"Idempotency-Key": key, **headers})


@pytest.fixture(scope="module")
def winner(engine, stack):
    """(user, order id) of the one who got the unit."""
    users = [f"u-{number}" for number in range(100)]
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda user: order(engine, "k", token(sub=user)), users))
    assert sorted(answer[0] for answer in answers) == [202] + 99 * [409]
    assert stack.redis().hget(f"flash:{{{SKU}}}:stock", "available") == b"0"
    return next((user, answer[2]["order_id"]) for user, answer in zip(users, answers) if answer[0] == 202)


def test_another_users_order_and_an_absent_one_are_the_same(engine, winner):
    user, mine = winner
    assert engine.ask("GET", f"/v1/orders/{mine}", headers=token(sub=user))[0] == 200
    others, absent = (engine.ask("GET", f"/v1/orders/{order_id}", headers=token(sub="else"))
                      for order_id in (mine, f"{SKU}.{'x' * 22}"))
    assert others[0] == absent[0] == 404
    assert {**others[2], "request_id": ""} == {**absent[2], "request_id": ""}
    assert engine.ask("POST", f"/v1/orders/{mine}/cancel", headers=token(sub="else"))[0] == 404


def test_roles_and_sales(engine, winner):
    user, mine = winner
    assert order(engine, "a", {})[0] == 401
    assert order(engine, "a", token(sub=user, sku="77"))[2]["type"] == "/problems/wrong-sale"
    body = {"payment_id": "p"}
    assert engine.ask("POST", f"/v1/orders/{mine}/pay", body, token(sub=user), internal=True)[0] == 403
    assert engine.ask("POST", f"/v1/orders/{mine}/pay", body, token(sub=user))[0] == 404
