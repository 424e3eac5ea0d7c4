"""The whole system with Redis' users as shipped, and what an onlooker of Redis then sees: a sale, a cancel, a recovery;
user data only as arguments of constant scripts."""
import re
import time

import pytest

from daemons import running, until
from stack import Stack

SKU, TAKEN = 2001, 2002
MARK = "u-mark-51"  # of the buyer: nowhere but in arguments


def login(stack, name):
    return {"FLASH_REDIS_USER": f"flash-{name}", "FLASH_REDIS_PASSWORD": f"@{stack.folder}/redis/passwords/{name}"}


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("acl") / "stack") as private:
        private.migrate("up")
        yield private


def window():
    at = [time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds)) for seconds in (-60, 3600)]
    return {"starts_at": at[0], "ends_at": at[1], "per_user_limit": 9}


def order(engine, key, sku=SKU):
    headers = {"X-User-Id": MARK, "Idempotency-Key": key}
    status, answered, _ = engine.ask("POST", "/v1/orders", {"sku": str(sku), "quantity": 1}, headers)
    assert status == 202
    return answered["Location"]


def state(engine, location):
    return engine.ask("GET", location, headers={"X-User-Id": MARK})[2].get("status")


def test_a_sale_from_warm_up_to_recovery(stack):
    seen = []
    with running(stack, "admin", **login(stack, "admin")) as admin, running(stack, "consumer", **login(stack, "consumer")), \
            running(stack, "reconciler", "run", **login(stack, "reconciler")), \
            running(stack, "engine", **login(stack, "engine")) as engine:
        monitor = stack.redis(decode_responses=True).monitor()
        with monitor:
            assert admin.ask("POST", "/inventory", {"product_id": str(SKU), "quantity": 10})[0] == 201
            assert admin.ask("PUT", f"/v1/sales/{SKU}", window())[0] == 201
            kept, cancelled = order(engine, "k-1"), order(engine, "k-2")
            until(lambda: state(engine, kept) == "CREATED" and state(engine, cancelled) == "CREATED", "not settled")
            assert engine.ask("POST", cancelled + "/cancel", headers={"X-User-Id": MARK})[0] in (200, 202)
            until(lambda: state(engine, cancelled) == "CANCELLED", "not cancelled")
            stack.redis().ping()
            monitor.connection.send_command("PING")
            while (line := monitor.connection.read_response()) not in ("PONG", b"PONG"):
                seen.append(line if isinstance(line, str) else line.decode(errors="replace"))
        stack.restart("redis")
        until(lambda: engine.is_ready(), engine.troubles)
        until(lambda: state(engine, kept) == "CREATED", "not there after Redis came back")
        until(lambda: engine.ask("POST", "/v1/orders", {"sku": str(SKU), "quantity": 1},
                                 {"X-User-Id": MARK, "Idempotency-Key": "k-3"})[0] == 202, "does not sell after the recovery", 60)
    check_monitor(seen)
    denied = [line for line in stack.redis(decode_responses=True).execute_command("ACL", "LOG")]
    assert denied == []


def check_monitor(seen):
    """Of each call with the buyer's name: a script by its digest, keys built of the SKU, then arguments."""
    ours = [line for line in seen if MARK in line and " lua] " not in line]
    assert ours
    for line in ours:
        words = re.findall(r'"((?:[^"\\]|\\.)*)"', line)
        assert words[0].upper() in ("EVALSHA", "EVAL"), line
        keys = words[3:3 + int(words[2])]
        assert all(re.fullmatch(r"flash:\{\d+\}:\w+", key) for key in keys), line
        assert MARK not in words[1] and not any(MARK in key for key in keys)
