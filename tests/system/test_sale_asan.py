"""A plain sale with daemons of the builds that have sanitizers, sold by flash-bench, judged from outside by deploy/prove:
all four under ASan and UBSan, and flash-engine with four workers under TSan.

They must end by SIGTERM with exit code 0 and no line in their logs that is no JSON: a report of a sanitizer is one.
"""
import contextlib
import json
import os
import pathlib
import subprocess
import time

import pytest

from daemons import BUILD, running
from stack import ROOT, Stack

SANITIZED = os.environ.get("FLASH_BUILD_ASAN") or BUILD
RACES = os.environ.get("FLASH_BUILD_TSAN") or BUILD
UNITS, ORDERS, LIMIT = 4000, 5000, 2
RUN_LIMIT_S = 400


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("sanitized") / "stack") as private:
        private.migrate("up")
        yield private


def put_on_sale(admin, sku):
    at = [time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds)) for seconds in (-60, 3600)]
    assert admin.ask("POST", "/inventory", {"product_id": str(sku), "quantity": UNITS})[0] == 201
    assert admin.ask("PUT", f"/v1/sales/{sku}", {"starts_at": at[0], "ends_at": at[1], "per_user_limit": LIMIT})[0] == 201


def run(stack, *command):
    return subprocess.run([str(word) for word in command], env=stack.daemon_env(), capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=RUN_LIMIT_S, check=False)


def sell(stack, engine, sku, accepted):
    """flash-bench's report of 5,000 orders and their pages, of which the SKU has units for most."""
    done = run(stack, BUILD / "tools" / "flash-bench" / "flash-bench", "--url", f"http://127.0.0.1:{engine.port}", "--sku", sku,
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


def check_sale(stack, engine, sku, accepted):
    """All is sold, and proven once the consumer has recorded it."""
    report = sell(stack, engine, sku, accepted)
    assert report["orders"]["accepted_units"] == UNITS
    assert report["orders"]["refused_by"].keys() == {"sold-out"}, report["orders"]
    proof = run(stack, ROOT / "deploy" / "prove", "--sku", sku, "--accepted", accepted, "--wait", 60)
    assert proof.returncode == 0, proof.stdout + proof.stderr


def test_a_sale_under_asan_and_ubsan(stack, tmp_path):
    with contextlib.ExitStack() as all_of_them:
        daemons = {name: all_of_them.enter_context(running(stack, name, *verb, build=SANITIZED, **settings))
                   for name, verb, settings in (("consumer", (), {}), ("reconciler", ("run",), {}), ("admin", (), {}),
                                                ("engine", (), {"FLASH_ENGINE_WORKERS": 2}))}
        put_on_sale(daemons["admin"], 1001)
        check_sale(stack, daemons["engine"], 1001, tmp_path / "accepted.tsv")
        for name in ("engine", "admin", "reconciler", "consumer"):
            end(daemons[name])


# librdkafka and libevent are not built for TSan: what they do among themselves is not looked at.
TSAN = {"TSAN_OPTIONS": "ignore_noninstrumented_modules=1", "LD_PRELOAD": str(BUILD / "tests" / "system" / "libflash_thrd.so")}
RACE = """#include <threads.h>
static int shared;
static int count(void *arg) { for (int i = 0; i < 100000; i++) { shared++; } return arg != 0; }
int main(void) { thrd_t one; thrd_create(&one, count, 0); count(0); thrd_join(one, 0); return 0; }
"""


@pytest.mark.skipif(RACES == BUILD, reason="no build with -fsanitize=thread")
def test_a_race_would_be_seen(tmp_path):
    """The same way as the engine below: a race in a thread that C11's thrd_create began."""
    source, program = tmp_path / "race.c", tmp_path / "race"
    source.write_text(RACE)
    subprocess.run(["cc", "-fsanitize=thread", "-O1", "-g", source, "-o", program], check=True)
    done = subprocess.run([program], env={**os.environ, **TSAN}, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode != 0 and "data race" in done.stderr, done
    assert b"__tsan_init" in (pathlib.Path(RACES) / "engine" / "flash-engine").read_bytes()
    assert SANITIZED == BUILD or b"__asan_init" in (pathlib.Path(SANITIZED) / "consumer" / "flash-consumer").read_bytes()


def test_a_sale_under_tsan(stack, tmp_path):
    settings = {"FLASH_ENGINE_WORKERS": 4, **(TSAN if RACES != BUILD else {})}
    with running(stack, "consumer"), running(stack, "admin") as admin:
        put_on_sale(admin, 1002)
        with running(stack, "engine", build=RACES, **settings) as engine:
            check_sale(stack, engine, 1002, tmp_path / "accepted.tsv")
            end(engine)
