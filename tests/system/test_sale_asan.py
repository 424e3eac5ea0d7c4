"""A plain sale with the daemons of the build that has sanitizers, sold by flash-bench, judged from outside by deploy/prove.

Both daemons must end by SIGTERM with exit code 0 and no line in their logs that is no JSON: a report of a sanitizer is one.
"""
import json
import os
import subprocess
import time

import pytest

from daemons import BUILD, running
from stack import ROOT, Stack

SANITIZED = os.environ.get("FLASH_BUILD_ASAN") or BUILD
SKU, UNITS, ORDERS, LIMIT = 1001, 4000, 5000, 2
RUN_LIMIT_S = 120


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("asan") / "stack") as private:
        private.migrate("up")
        with running(private, "admin") as admin:
            at = [time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds)) for seconds in (-60, 3600)]
            assert admin.ask("POST", "/inventory", {"product_id": str(SKU), "quantity": UNITS})[0] == 201
            window = {"starts_at": at[0], "ends_at": at[1], "per_user_limit": LIMIT}
            assert admin.ask("PUT", f"/v1/sales/{SKU}", window)[0] == 201
        yield private


def run(stack, *command):
    return subprocess.run([str(word) for word in command], env=stack.daemon_env(), capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=RUN_LIMIT_S, check=False)


def sell(stack, engine, accepted):
    """flash-bench's report of 5,000 orders and their pages, of which the SKU has units for most."""
    done = run(stack, BUILD / "tools" / "flash-bench" / "flash-bench", "--url", f"http://127.0.0.1:{engine.port}", "--sku", SKU,
               "--buyers", 2500, "--orders", ORDERS, "--mix", "order=90,status=10", "--timeout", 60, "--poll-wait",
               "--accepted", accepted, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def end(daemon):
    """SIGTERM; what it has said is all it should."""
    assert daemon.stop() == 0, daemon.lines[-20:]
    odd = [line["text"] for line in daemon.lines if not line["event"]]
    assert not odd, "".join(odd[:60])
    assert daemon.said(f"{daemon.name}.stopped")


def test_a_sale_under_the_sanitizers(stack, tmp_path):
    accepted = tmp_path / "accepted.tsv"
    with running(stack, "consumer", build=SANITIZED) as consumer:
        with running(stack, "engine", build=SANITIZED, FLASH_ENGINE_WORKERS=2) as engine:
            report = sell(stack, engine, accepted)
            sold = report["orders"]["accepted_units"]
            assert sold == UNITS and report["orders"]["refused_by"].keys() == {"sold-out"}, report["orders"]
            end(engine)
        proof = run(stack, ROOT / "deploy" / "prove", "--sku", SKU, "--accepted", accepted, "--wait", 60)
        assert proof.returncode == 0, proof.stdout + proof.stderr
        end(consumer)
