"""Clients that drip, against a real engine: whom they keep waiting, and what they leave behind.

slowhttptest opens connections that send a header line (-H), a body byte (-B) or read an answer byte (-X) at a time. Meanwhile
an honest client is answered, and afterwards the engine has the descriptors it began with."""
import os
import pathlib
import shutil
import socket
import subprocess
import time

import pytest

from daemons import running, until
from test_hardening import Nothing

CONNECTIONS, CAP = 150, 100
ATTACKS = {"headers": ["-H"], "bodies": ["-B"], "reads": ["-X", "-w", "1", "-y", "2", "-z", "1", "-n", "1"]}


@pytest.fixture(scope="module")
def engine():
    with running(Nothing(), "engine", ready=False, FLASH_ENGINE_WORKERS=1,
                 FLASH_HTTP_MAX_CONNECTIONS_PER_ADDRESS=CAP) as daemon:
        yield daemon


def descriptors(daemon):
    return len(os.listdir(f"/proc/{daemon.process.pid}/fd"))


def served_while(attack, engine):
    """How often an honest client of another address was answered while it went on."""
    served = 0
    while attack.poll() is None:
        with socket.create_connection(("127.0.0.1", engine.port), timeout=5, source_address=("127.0.0.2", 0)) as client:
            client.sendall(b"GET /v1/orders/1.x HTTP/1.1\r\nHost: x\r\nX-User-Id: u\r\nConnection: close\r\n\r\n")
            assert client.recv(65536).startswith(b"HTTP/1.1 "), "an honest client was not answered"
        served += 1
        time.sleep(0.05)  # its own pace: nothing is waited for
    return served


@pytest.mark.skipif(not shutil.which("slowhttptest"), reason="slowhttptest is not installed")
@pytest.mark.parametrize("kind", ATTACKS)
def test_who_drips_harms_nobody(engine, kind, tmp_path):
    before = descriptors(engine)
    command = ["slowhttptest", *ATTACKS[kind], "-c", str(CONNECTIONS), "-r", "100", "-i", "1", "-l", "6", "-p", "2", "-x", "16",
               "-u", f"http://127.0.0.1:{engine.port}/v1/orders"]
    with (tmp_path / "said").open("w") as said:
        attack = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, cwd=tmp_path)
        try:
            assert served_while(attack, engine) > 5
        finally:
            attack.kill()
            attack.wait()
    until(lambda: descriptors(engine) <= before, lambda: f"{descriptors(engine)} descriptors, {before} before")
    assert "slow" in (tmp_path / "said").read_text()


def test_a_head_that_drips_is_cut_off_at_its_deadline(engine):
    with socket.create_connection(("127.0.0.1", engine.port), timeout=20) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
        client.settimeout(0.2)
        answer, began = b"", time.monotonic()
        while True:
            try:
                if not (got := client.recv(4096)):
                    break
                answer += got
            except TimeoutError:
                client.sendall(b"X: y\r\n")
            except OSError:
                break
            assert time.monotonic() - began < 90
    assert b" 408 " in answer.split(b"\r\n")[0], answer


def test_one_address_has_its_cap(engine):
    clients = []
    try:
        for _ in range(CAP + 20):
            clients.append(socket.create_connection(("127.0.0.1", engine.port), timeout=5, source_address=("127.0.0.3", 0)))
        refused = clients[-1].recv(4096)
        assert b" 503 " in refused.split(b"\r\n")[0] or b" 429 " in refused.split(b"\r\n")[0], refused
        assert engine.ask("GET", "/v1/orders/1.x", headers={"X-User-Id": "u"})[0] in (401, 404, 503)
    finally:
        for client in clients:
            client.close()


@pytest.mark.parametrize("path", ["/metrics", "/readyz", "/inventory", "/v1/sales", "/v1/expiry/pass", "/v1/refunds", "/admin",
                                  "/inventory/reserve", "/debug", "/v1/findings", "/v1/runs"])
def test_the_public_port_has_nothing_of_the_others(engine, path):
    for method in ("GET", "POST", "PUT", "DELETE"):
        status, _, text = engine.ask(method, path, body={} if method in ("POST", "PUT") else None)
        assert status in (404, 405), (method, path, status, text)


def test_only_loopback_and_its_own_ports(engine):
    listening = set()
    for table, own in (("tcp", "0100007F"), ("tcp6", None)):
        for line in pathlib.Path(f"/proc/{engine.process.pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in sockets(engine):
                host, port = fields[1].split(":")
                assert host == own, line
                listening.add(int(port, 16))
    assert listening == {engine.port, engine.internal_port}


def sockets(daemon):
    found = set()
    for number in os.listdir(f"/proc/{daemon.process.pid}/fd"):
        try:
            found.add(os.readlink(f"/proc/{daemon.process.pid}/fd/{number}"))
        except FileNotFoundError:
            pass
    return found
