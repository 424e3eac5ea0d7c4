"""How the released programs are built, and what a process of theirs shows of its secrets."""
import contextlib
import os
import pathlib
import re
import resource
import signal
import subprocess

import pytest

from daemons import BUILD, running, until

PROGRAMS = [*(f"{name}/flash-{name}" for name in ("engine", "consumer", "reconciler", "admin")),
            "tools/flash-bench/flash-bench", "tools/flashctl/flashctl"]
SECRET = "s3cret-of-the-test-4711"


def readelf(program, *options):
    return subprocess.run(["readelf", "-W", *options, BUILD / program], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_is_hardened(program):
    head, segments, dynamic, symbols = (readelf(program, option) for option in ("-h", "-l", "-d", "--dyn-syms"))
    assert "DYN (Position-Independent Executable file)" in head
    assert re.search(r"GNU_RELRO", segments) and re.search(r"FLAGS.*NOW", dynamic)
    stack = re.search(r"GNU_STACK\s+\S+ \S+ \S+ \S+ \S+ (\S+)", segments)
    assert stack and "E" not in stack.group(1), "an executable stack"
    assert not re.search(r"LOAD.* RWE ", segments) and "TEXTREL" not in dynamic
    assert "__stack_chk_fail" in symbols, "no stack protector"
    assert re.search(r"__\w+_chk\b(?<!__stack_chk)", symbols), "not fortified"
    assert not re.search(r"RPATH|RUNPATH", dynamic)


class Nothing:
    """No stack: every port is closed."""
    folder = pathlib.Path("/nonexistent")

    def daemon_env(self, **more):
        closed = {"FLASH_REDIS_PORT": "1", "FLASH_KAFKA_BROKERS": "127.0.0.1:1", "FLASH_MYSQL_PORT": "1"}
        return {**os.environ, **closed, **{name: str(value) for name, value in more.items()}}

    def ledger_account(self, _):
        return {}


def settings(folder):
    secret = folder / "secret"
    secret.write_text(SECRET + "\n")
    secret.chmod(0o600)
    key = folder / "key"
    key.write_text("k" * 16 + SECRET)
    return {"FLASH_REDIS_USER": "u", "FLASH_REDIS_PASSWORD": f"@{secret}", "FLASH_MYSQL_PASSWORD": SECRET,
            "FLASH_AUTH_MODE": "jwt", "FLASH_AUTH_KEY_1": f"@{key}", "FLASH_LOG_LEVEL": "debug"}


def readable(pid):
    """What anybody may read of a process: its command line, and its threads' names."""
    yield pathlib.Path(f"/proc/{pid}/cmdline").read_text()
    for thread in pathlib.Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError):
            yield (thread / "comm").read_text()


VERBS = {"reconciler": ["run"]}
DAEMONS = ["engine", "consumer", "reconciler", "admin"]


def listening(pid):
    """{(address, port)} of a process, as /proc has them."""
    sockets = set()
    for number in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(FileNotFoundError):
            sockets.add(os.readlink(f"/proc/{pid}/fd/{number}"))
    found = set()
    for table in ("tcp", "tcp6", "udp", "udp6", "raw"):
        for line in pathlib.Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if f"socket:[{fields[9]}]" in sockets and (fields[3] == "0A" or not table.startswith("tcp")):
                host, port = fields[1].split(":")
                found.add((table, host, int(port, 16)))
    return found


@pytest.mark.parametrize("name", DAEMONS)
def test_secrets_are_neither_seen_nor_said(name, tmp_path):
    with running(Nothing(), name, *VERBS.get(name, ()), ready=False, **settings(tmp_path)) as daemon:
        assert listening(daemon.process.pid) == {("tcp", "0100007F", port) for port in (daemon.port, daemon.internal_port)}
        until(lambda: daemon.troubles(), "all its parts cannot be ready")
        assert daemon.process.poll() is None, daemon.lines
        assert not any(SECRET in text for text in readable(daemon.process.pid))
        for path in ("/metrics", "/readyz"):
            assert SECRET not in str(daemon.ask("GET", path, internal=True)[2])
    assert daemon.lines and not any(SECRET in str(line) for line in daemon.lines)


def dumps_core(pid):
    """Ends the process as a crash would; whether the kernel wrote what it had in memory."""
    os.kill(pid, signal.SIGABRT)
    return os.WCOREDUMP(os.waitpid(pid, 0)[1])


@pytest.fixture
def cores(tmp_path, monkeypatch):
    """Cores are allowed here, as far as they may be; skips where no process leaves one."""
    before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
    monkeypatch.chdir(tmp_path)
    try:
        if not dumps_core(subprocess.Popen(["sleep", "100"]).pid):
            pytest.skip("nothing leaves a core here")
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, before)


@pytest.mark.parametrize("name", DAEMONS)
def test_a_crash_leaves_no_core(name, tmp_path, cores):
    with running(Nothing(), name, *VERBS.get(name, ()), ready=False, **settings(tmp_path)) as daemon:
        assert not dumps_core(daemon.process.pid)


@pytest.mark.parametrize("name", DAEMONS)
def test_a_printed_configuration_has_no_secret(name, tmp_path):
    printed = subprocess.run([BUILD / name / f"flash-{name}", *VERBS.get(name, ()), "--check-config"], env=Nothing().daemon_env(**settings(tmp_path)),
                             capture_output=True, text=True, check=True)
    assert "***" in printed.stdout and SECRET not in printed.stdout + printed.stderr


def test_a_secret_on_the_command_line_is_refused():
    done = subprocess.run([BUILD / "engine" / "flash-engine", "--set", f"mysql.password={SECRET}"], capture_output=True,
                          text=True, check=False, timeout=20)
    assert done.returncode == 2 and SECRET not in done.stdout + done.stderr
