"""deploy/local as a person and as a fault test use it: side by side, killed, frozen, restarted, stopped."""
import concurrent.futures
import os
import pathlib
import signal
import subprocess
import time

import pytest
import redis as redis_py

from stack import LOCAL, ROOT, Stack, StackError, run_local

ENV_NAMES = {
    "FLASH_REDIS_HOST", "FLASH_REDIS_PORT", "FLASH_KAFKA_BROKERS", "FLASH_MYSQL_HOST", "FLASH_MYSQL_PORT",
    "FLASH_MYSQL_SOCKET", "FLASH_MYSQL_USER", "FLASH_MYSQL_PASSWORD", "FLASH_MYSQL_DATABASE",
}


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("one") / "stack") as one:
        yield one


def processes_of(folder):
    """Pids that work in the folder or name it in their command line."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/cmdline", encoding="utf-8", errors="replace") as file:
                if str(folder) in file.read() + os.readlink(f"/proc/{name}/cwd"):
                    found.append(int(name))
        except OSError:
            pass  # gone meanwhile, or not ours to look at
    return found


def kafka_metadata(stack, *words):
    """deploy/lib/kafka_admin.py, the probe the stack itself uses."""
    return subprocess.run(["/usr/bin/python3", "-I", str(ROOT / "deploy/lib/kafka_admin.py"), *words],
                          capture_output=True, text=True, timeout=30, check=False)


def test_two_stacks_side_by_side(stack, tmp_path):
    with Stack(tmp_path / "other") as other:
        assert set(stack.env) == set(other.env) == ENV_NAMES
        assert stack.is_ready() and other.is_ready()
        ports = [{port for _, port, _ in one.status().values()} for one in (stack, other)]
        assert not ports[0] & ports[1]
        stack.redis().set("whose", "mine")
        assert other.redis().get("whose") is None
        stack.query("INSERT INTO marker VALUES ('side by side', 't', 0, 0, 0)")
        assert other.query("SELECT * FROM marker") == []
    assert stack.is_ready()
    assert not (tmp_path / "other").exists()


def test_servers_are_configured_as_the_design_asks(stack):
    config = stack.redis().config_get("*")
    assert {name: config[name] for name in ("appendonly", "appendfsync", "maxmemory-policy", "save", "bind")} == {
        "appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction", "save": "", "bind": "127.0.0.1"}
    names = ("innodb_flush_log_at_trx_commit", "sync_binlog", "log_bin", "innodb_lock_wait_timeout", "tx_isolation")
    assert stack.query("SELECT " + ", ".join("@@" + name for name in names)) == [(1, 1, 1, 5, "READ-COMMITTED")]


def test_topics_are_there_and_making_them_again_is_fine(stack):
    assert kafka_metadata(stack, "create", stack.env["FLASH_KAFKA_BROKERS"], "--brokers", "1", "flash.orders",
                          "8").returncode == 0
    data = stack.folder / "kafka1" / "data"
    assert sorted(path.name for path in data.glob("flash.*-*")) == [
        "flash.dead-0", *(f"flash.orders-{number}" for number in range(8))]


def test_up_again_changes_nothing(stack):
    before, env = stack.status(), dict(stack.env)
    stack.up()
    assert stack.status() == before and stack.env == env


@pytest.mark.parametrize("kill_first", [True, False], ids=["kill", "graceful"])
def test_redis_keeps_its_data(stack, kill_first):
    stack.redis().set("kept", "yes")
    _restarted(stack, "redis", kill_first)
    assert stack.redis().get("kept") == b"yes"


@pytest.mark.parametrize("kill_first", [True, False], ids=["kill", "graceful"])
def test_mariadb_keeps_its_data(stack, kill_first):
    stack.query("INSERT INTO marker VALUES (%s, 't', 0, 0, 0)", f"kept {kill_first}".encode())
    _restarted(stack, "mariadb", kill_first)
    assert (f"kept {kill_first}".encode().ljust(16, b"\0"),) in stack.query("SELECT nonce FROM marker")


@pytest.mark.parametrize("kill_first", [True, False], ids=["kill", "graceful"])
def test_kafka_keeps_its_topics(stack, kill_first):
    stack_name = f"kept.{kill_first}"
    brokers = stack.env["FLASH_KAFKA_BROKERS"]
    assert kafka_metadata(stack, "create", brokers, "--brokers", "1", stack_name, "1").returncode == 0
    _restarted(stack, "kafka", kill_first)
    again = kafka_metadata(stack, "ready", brokers, "1")
    assert again.returncode == 0, again.stderr
    assert (stack.folder / "kafka1" / "data" / f"{stack_name}-0").is_dir()


def kafka_tool(stack, name, *words, text=""):
    """One of Kafka's own command-line tools."""
    cache = os.environ.get("FLASH_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "flashgate")
    done = subprocess.run(["java", "-XX:TieredStopAtLevel=1", "-cp", f"{cache}/kafka-4.1.1/*",
                           f"org.apache.kafka.tools.{name}", "--bootstrap-server", stack.env["FLASH_KAFKA_BROKERS"],
                           *words], input=text, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_kafka_keeps_acknowledged_messages(stack):
    kafka_tool(stack, "ConsoleProducer", "--topic", "flash.dead", "--producer-property", "acks=all",
               text="".join(f"{number}\n" for number in range(100)))
    stack.kill("kafka")
    stack.restart("kafka")
    assert kafka_tool(stack, "GetOffsetShell", "--topic", "flash.dead").strip() == "flash.dead:0:100"


def test_a_broker_that_is_measured_is_told_its_jvm(stack, monkeypatch):
    monkeypatch.setenv("KAFKA_JVM_PERFORMANCE_OPTS", "-XX:+UseSerialGC -XX:CompileThresholdScaling=0.2")
    stack.restart("kafka")
    words = pathlib.Path(f"/proc/{stack.pid('kafka1')}/cmdline").read_text().split("\0")
    assert words[2:4] == ["-XX:+UseSerialGC", "-XX:CompileThresholdScaling=0.2"]
    assert "-XX:TieredStopAtLevel=1" not in words


def test_the_orders_topic_has_the_settings_of_the_fence(stack):
    text = kafka_tool(stack, "TopicCommand", "--describe", "--topic", "flash.orders")
    for setting in ("message.timestamp.type=CreateTime", "message.timestamp.before.max.ms=25000",
                    "message.timestamp.after.max.ms=5000", "unclean.leader.election.enable=false",
                    "cleanup.policy=delete", "retention.ms=604800000"):
        assert setting in text
    assert "PartitionCount: 8" in text


def _restarted(stack, part, kill_first):
    name = "kafka1" if part == "kafka" else part
    before = stack.status()[name]
    if kill_first:
        stack.kill(part)
        assert stack.status()[name] == (None, before[1], "not running")
        assert not stack.is_ready()
    stack.restart(part)
    after = stack.status()[name]
    assert after[0] != before[0] and after[1:] == before[1:]
    assert stack.is_ready()


@pytest.mark.parametrize("part", ["redis", "mariadb", "kafka1"])
def test_a_frozen_part_thaws(stack, part):
    pid = stack.pid(part)
    stack.stop(part)
    assert "SIGSTOP" in stack.status()[part][2]
    if part == "redis":
        with pytest.raises(redis_py.TimeoutError):
            stack.redis(socket_timeout=0.3).ping()
    stack.cont(part)
    deadline = time.monotonic() + 60
    while not stack.is_ready():
        assert time.monotonic() < deadline, stack.status()
    assert stack.pid(part) == pid


def test_a_frozen_part_can_be_restarted(stack):
    stack.stop("redis")
    stack.restart("redis")
    assert stack.is_ready()


def test_somebody_elses_pid_is_left_alone(stack):
    """A recorded number that the kernel has given away since is not ours to signal."""
    stack.kill("redis")
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        record = stack.folder / "run" / "redis.pid"
        _, start, boot = record.read_text().split()
        record.write_text(f"{stranger.pid} {start} {boot}\n")
        assert stack.status()["redis"][2] == "not running"
        stack.kill("redis")
        with pytest.raises(StackError, match="not running"):
            stack.stop("redis")
        stack.restart("redis")
        assert stranger.poll() is None
        assert stack.is_ready()
    finally:
        stranger.send_signal(signal.SIGKILL)
        stranger.wait()


def test_up_starts_what_is_down(stack):
    pids = {part: row[0] for part, row in stack.status().items()}
    stack.kill("mariadb")
    stack.up()
    after = {part: row[0] for part, row in stack.status().items()}
    assert stack.is_ready() and after["redis"] == pids["redis"] and after["mariadb"] != pids["mariadb"]


def test_a_port_taken_while_down_is_replaced(tmp_path):
    with Stack(tmp_path / "stack") as one:
        one.redis().set("kept", "yes")
        one.down()
        port = int(one.env["FLASH_REDIS_PORT"])
        thief = subprocess.Popen(["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""],
                                 stdout=subprocess.DEVNULL, cwd=tmp_path)
        try:
            other = redis_py.Redis(port=port)
            deadline = time.monotonic() + 60
            while True:
                try:
                    other.ping()
                    break
                except redis_py.ConnectionError:
                    assert time.monotonic() < deadline
            one.up()
            assert int(one.env["FLASH_REDIS_PORT"]) != port
            assert one.redis().get("kept") == b"yes"
        finally:
            thief.terminate()
            thief.wait()


def test_stacks_start_at_the_same_time(tmp_path):
    stacks = [Stack(tmp_path / str(number)) for number in range(4)]
    try:
        with concurrent.futures.ThreadPoolExecutor() as pool:
            list(pool.map(Stack.up, stacks))
        assert all(one.is_ready() for one in stacks)
        assert len({port for one in stacks for _, port, _ in one.status().values()}) == 12
    finally:
        for one in stacks:
            one.down(purge=True)


def test_down_leaves_no_process(tmp_path):
    with Stack(tmp_path / "stack") as one:
        assert len(processes_of(one.folder)) == 3
        one.stop("kafka")
        one.down()
        assert processes_of(one.folder) == []
        assert (one.folder / "mariadb" / "data").is_dir()
        assert {row[2] for row in one.status().values()} == {"not running"}
        one.down()
        one.down(purge=True)
        assert not one.folder.exists()


def test_everysec_and_a_deep_folder(tmp_path):
    """A folder too deep for a socket's path works too, and its socket is gone after --purge."""
    with Stack(tmp_path / ("deep" * 20) / "stack", appendfsync="everysec") as one:
        assert one.redis().config_get("appendfsync") == {"appendfsync": "everysec"}
        socket = one.env["FLASH_MYSQL_SOCKET"]
        assert len(socket) < 108 and os.path.exists(socket)
        assert one.migrate("status").returncode == 0
    assert not os.path.exists(os.path.dirname(socket))


def test_three_brokers_survive_one(tmp_path):
    with Stack(tmp_path / "stack", brokers=3) as one:
        assert set(one.status()) == {"redis", "mariadb", "kafka1", "kafka2", "kafka3"}
        assert len(one.env["FLASH_KAFKA_BROKERS"].split(",")) == 3
        one.kill("kafka2")
        one.restart("kafka2")
        assert one.is_ready()
        one.restart("kafka")
        assert one.is_ready()
        with pytest.raises(StackError, match="3 broker"):
            run_local("up", "--brokers", "1", "--dir", one.folder)


@pytest.mark.parametrize("args, code, text", [
    ([], 2, "usage:"),
    (["frobnicate"], 2, "unknown command frobnicate"),
    (["up", "--brokers", "2"], 2, "--brokers is 1 or 3"),
    (["up", "--brokers"], 2, "--brokers needs a value"),
    (["up", "--appendfsync", "no"], 2, "always or everysec"),
    (["up", "--fast"], 2, "no option --fast"),
    (["up", "redis"], 2, "takes no argument redis"),
    (["up", "--dir", "with space"], 2, "no spaces"),
    (["kill"], 2, "needs a PART"),
    (["kill", "redis", "kafka"], 2, "one PART"),
    (["status", "--purge"], 2, "no option --purge"),
    (["status"], 1, "there is no stack"),
    (["env"], 1, "there is no stack"),
    (["restart", "redis"], 1, "there is no stack"),
    (["down"], 0, "no stack"),
])
def test_bad_use_is_explained(tmp_path, args, code, text):
    done = run_local(*args, check=False, cwd=tmp_path)
    assert done.returncode == code and text in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_part_is_explained(stack):
    done = run_local("kill", "kafka2", "--dir", stack.folder, check=False)
    assert done.returncode == 2 and "parts: redis mariadb kafka1" in done.stderr


def test_a_folder_with_other_things_is_refused(tmp_path):
    (tmp_path / "letters.txt").write_text("dear")
    for command in ("up", "down"):
        run_local(command, *(["--purge"] if command == "down" else []), "--dir", tmp_path, check=False)
    assert (tmp_path / "letters.txt").read_text() == "dear"
    assert run_local("up", "--dir", tmp_path, check=False).returncode == 1


def test_help_names_every_command():
    text = run_local("--help").stdout
    for word in ("install", "up", "status", "env", "down", "kill", "stop", "cont", "restart", "--purge", "--brokers"):
        assert word in text
    assert run_local("up", "--help").stdout == text


def test_install_has_nothing_to_do_and_is_quick():
    start = time.monotonic()
    assert subprocess.run([str(LOCAL), "install"], stdin=subprocess.DEVNULL, check=False).returncode == 0
    assert time.monotonic() - start < 10
