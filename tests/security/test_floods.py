"""Floods from other network namespaces against a real engine: many connections, slow readers, endless pipelines. An honest
client of another address is answered meanwhile, and keeps his connection; from outside there is one port."""
import contextlib
import pathlib
import re
import threading

import pytest

from daemons import Daemon, until
from namespaces import ADDRESSES, HOST, network
from test_hardening import Nothing

CAP, ALL = 40, 120
ASK = b"GET /v1/orders/1.x HTTP/1.1\r\nHost: x\r\nX-User-Id: u\r\n\r\n"
HALF = b"GET /v1/orders/1.x HTTP/1.1\r\nHost: x\r\n"
GROWS_AT_MOST_KB = 24 * 1024
SETTINGS = {"FLASH_ENGINE_LISTEN": f"{HOST}:0", "FLASH_ENGINE_WORKERS": 1, "FLASH_HTTP_MAX_CONNECTIONS": ALL,
            "FLASH_HTTP_MAX_CONNECTIONS_PER_ADDRESS": CAP, "FLASH_HTTP_HEADER_TIMEOUT": "60s", "FLASH_HTTP_IDLE_TIMEOUT": "3s"}


@pytest.fixture(scope="module")
def spaces():
    with network(2) as made:
        yield made


@pytest.fixture(scope="module")
def engine(spaces):
    with spaces[0].inside():
        daemon = Daemon(Nothing(), "engine", **SETTINGS)
    try:
        yield daemon
    finally:
        daemon.kill()


@pytest.fixture
def attacker(spaces, engine):
    """opens(count, address) connections; all are closed in the end, and the engine has forgotten them."""
    opened = []

    def opens(count, index=0):
        for _ in range(count):
            opened.append(spaces[1].connect(engine.port, index))
        return opened[-count:]
    yield opens
    for client in opened:
        client.close()
    until(lambda: descriptors(engine) <= 30, lambda: f"{descriptors(engine)} descriptors are left")


def descriptors(daemon):
    return len(list(pathlib.Path(f"/proc/{daemon.process.pid}/fd").iterdir()))


def resident_kb(daemon):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{daemon.process.pid}/status").read_text())[1])


def is_answered(client):
    """One request on an open connection."""
    client.sendall(ASK)
    answer = client.recv(65536)
    return answer.startswith((b"HTTP/1.1 404 ", b"HTTP/1.1 503 "))


@contextlib.contextmanager
def honest(spaces, engine):
    with spaces[2].connect(engine.port) as client:
        assert is_answered(client)
        yield client


def said_to(client):
    """What a client that asked nothing was told; None: nothing yet."""
    client.settimeout(0.2)
    try:
        return client.recv(4096)
    except TimeoutError:
        return None


def test_an_address_has_its_cap_and_others_have_theirs(spaces, engine, attacker):
    told = [said_to(client) for client in attacker(CAP)[-1:] + attacker(10)]
    assert told[0] is None and all(text.startswith(b"HTTP/1.1 429 ") for text in told[1:]), told
    with honest(spaces, engine):
        assert said_to(attacker(1, index=1)[0]) is None


def test_idle_floods_from_many_addresses_keep_nobody_out(spaces, engine, attacker):
    for index in range(ADDRESSES):
        attacker(3, index)
    for _ in range(10):
        with honest(spaces, engine) as client:
            assert is_answered(client)


def test_who_knocks_at_his_cap_costs_nobody_his_connection(spaces, engine, attacker):
    """The listener is full of half heads, which are nobody's to drop; the one that idles is the honest one."""
    with honest(spaces, engine) as client:
        for index, count in ((0, CAP), (1, CAP), (2, ALL - 1 - 2 * CAP)):
            for busy in attacker(count, index):
                busy.sendall(HALF)
        until(lambda: descriptors(engine) > ALL, "the flood did not arrive")
        assert is_answered(client)
        for knocking in attacker(30):
            assert said_to(knocking).startswith(b"HTTP/1.1 429 ")
        assert is_answered(client)


def test_who_asks_and_never_reads_is_let_go(spaces, engine, attacker):
    before = resident_kb(engine)
    for client in attacker(CAP // 2):
        client.settimeout(0.05)
        with contextlib.suppress(OSError):  # full, or cut off
            for _ in range(200):
                client.sendall(ASK * 400)
    with honest(spaces, engine) as client:
        assert is_answered(client)
        assert resident_kb(engine) - before < GROWS_AT_MOST_KB
    until(lambda: descriptors(engine) <= 30, lambda: f"{descriptors(engine)} descriptors: who never reads was kept")


def test_an_endless_pipeline_takes_turns(spaces, engine, attacker):
    """Ten connections that always have a request waiting, and one that asks now and then."""
    ended, served = threading.Event(), []

    def pipeline(client):
        client.settimeout(5)
        with contextlib.suppress(OSError):
            while not ended.is_set():
                client.sendall(ASK * 64)
                served.append(len(client.recv(1 << 20)))
    greedy = [threading.Thread(target=pipeline, args=(client,)) for client in attacker(10)]
    for thread in greedy:
        thread.start()
    try:
        with honest(spaces, engine) as client:
            assert all(is_answered(client) for _ in range(50))
            assert any(thread.is_alive() for thread in greedy) and served
    finally:
        ended.set()
        for thread in greedy:
            thread.join()


def test_from_outside_there_is_one_port(spaces, engine):
    with spaces[2].connect(engine.port) as client:
        assert is_answered(client)
    with pytest.raises(OSError):
        spaces[2].connect(engine.internal_port)
