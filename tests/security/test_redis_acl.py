"""Redis' users as shipped (deploy/redis): each role may run its own scripts on our keys, and nothing else; nobody else may
do anything. Asked of a server of its own by ACL DRYRUN, and of connections that try."""
import pathlib
import re
import subprocess

import pytest
import redis

from daemons import until
from ports import free_port

ROOT = pathlib.Path(__file__).resolve().parents[2]
# The scripts each daemon runs (engine/, consumer/, reconciler/, admin/ and what they use of common/redis).
SCRIPTS = {
    "engine": "reserve status pay release beat",
    "consumer": "settle gate",
    "reconciler": "journal settle expire snapshot page look sight gate beacon load sale inflow status muster",
    "admin": "take taken inflow load sale status gate sight pulse threshold journal",
}
CONNECTING = [("PING",), ("INFO", "server", "memory"), ("EVALSHA", "0" * 40, "1", "flash:{1}:stock"),
              ("EVAL", "return 1", "1", "flash:{1}:stock"), ("SCRIPT", "LOAD", "return 1")]
FORBIDDEN = [("CONFIG", "GET", "*"), ("CONFIG", "SET", "maxmemory", "1"), ("DEBUG", "SLEEP", "0"), ("RESTORE", "flash:{1}:stock", "0", "x"),
             ("FLUSHALL",), ("FLUSHDB",), ("KEYS", "*"), ("SCAN", "0"), ("SCRIPT", "FLUSH"), ("SCRIPT", "KILL"),
             ("FUNCTION", "LOAD", "x"), ("FUNCTION", "FLUSH"), ("MODULE", "LOAD", "/x"), ("SHUTDOWN",), ("REPLICAOF", "a", "1"),
             ("MONITOR",), ("ACL", "SETUSER", "x"), ("ACL", "WHOAMI"), ("CLIENT", "KILL", "ID", "1"), ("DEL", "flash:{1}:stock"),
             ("UNLINK", "flash:{1}:stock"), ("RENAME", "flash:{1}:stock", "flash:{1}:x"), ("EXPIRE", "flash:{1}:stock", "1"),
             ("SET", "flash:{1}:stock", "x"), ("DUMP", "flash:{1}:stock"), ("MIGRATE", "h", "1", "flash:{1}:stock", "0", "1"),
             ("SAVE",), ("BGREWRITEAOF",), ("SLAVEOF", "NO", "ONE"), ("SWAPDB", "0", "1"), ("SUBSCRIBE", "x"), ("PUBLISH", "x", "y")]
KEYS = {"HGET": ("f",), "HMGET": ("f",), "HSET": ("f", "v"), "HDEL": ("f",), "HGETALL": (), "HLEN": (), "HVALS": (), "HSCAN": ("0",), "XADD": ("*", "e", "x"),
        "XDEL": ("1-1",), "XLEN": (), "XRANGE": ("-", "+"), "ZADD": ("1", "m"), "ZCARD": (), "ZREM": ("m",),
        "ZRANGEBYSCORE": ("-inf", "1")}


def commands_of(script):
    text = (ROOT / "lua" / f"{script}.lua").read_text()
    return set(re.findall(r"redis\.call\('([A-Z]+)'", text)) - {"INFO"}  # which CONNECTING has


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """(port, folder of the passwords) of a server with the shipped file, and an operator for the test's own questions."""
    folder = tmp_path_factory.mktemp("acl")
    made = subprocess.run([ROOT / "deploy" / "redis" / "acl", folder], capture_output=True, text=True, check=True).stdout
    (folder / "users.acl").write_text(made + "user operator on >operator ~* &* +@all\n")
    port = free_port()
    process = subprocess.Popen(["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", folder, "--save", "",
                                "--aclfile", folder / "users.acl"], stdout=subprocess.DEVNULL)
    try:
        operator = redis.Redis(port=port, username="operator", password="operator")

        def answers():
            try:
                return operator.ping()
            except redis.ConnectionError:
                return False
        until(answers, "redis-server does not answer")
        yield port, folder
    finally:
        process.kill()
        process.wait()


@pytest.fixture()
def operator(server):
    return redis.Redis(port=server[0], username="operator", password="operator", decode_responses=True)


def allowed(operator, role, command):
    return operator.execute_command("ACL", "DRYRUN", f"flash-{role}", *command) == "OK"


@pytest.mark.parametrize("role", SCRIPTS)
def test_what_a_role_needs_it_may(operator, role):
    needs = {name for script in SCRIPTS[role].split() for name in commands_of(script)}
    commands = CONNECTING + [(name, *(() if name == "TIME" else ("flash:{1}:orders", *KEYS[name]))) for name in sorted(needs)]
    assert [command for command in commands if not allowed(operator, role, command)] == []


@pytest.mark.parametrize("role", SCRIPTS)
def test_nothing_else(operator, role):
    assert [command for command in FORBIDDEN if allowed(operator, role, command)] == []
    needs = {name for script in SCRIPTS[role].split() for name in commands_of(script)}
    spare = [name for name, more in KEYS.items() if name not in needs and allowed(operator, role, (name, "flash:{1}:orders", *more))]
    assert spare == [], "the file allows what no script of the role uses"


@pytest.mark.parametrize("role", SCRIPTS)
def test_only_our_keys(operator, role):
    for key in ("x", "flash:1:stock", "flashes:{1}:stock", "session:{1}"):
        assert not allowed(operator, role, ("HGET", key, "f"))
        assert not allowed(operator, role, ("EVALSHA", "0" * 40, "1", key))


def test_nobody_without_a_password(server):
    for login in ({}, {"username": "flash-engine", "password": ""}, {"username": "flash-engine", "password": "x"}):
        with pytest.raises(redis.RedisError):
            redis.Redis(port=server[0], **login).ping()


@pytest.mark.parametrize("role", SCRIPTS)
def test_a_role_logs_in_with_its_own_password_and_runs_a_script(server, role):
    port, folder = server
    client = redis.Redis(port=port, username=f"flash-{role}", password=(folder / role).read_text(), decode_responses=True)
    script, names, arguments = ("gate", "stock journal", ("1", "", "x")) if role == "consumer" else ("status", "stock orders journal", ("0",))
    keys = ["flash:{1}:" + name for name in names.split()]
    assert client.eval((ROOT / "lua" / f"{script}.lua").read_text(), len(keys), *keys, *arguments)[0] == "ABSENT"
    for command in FORBIDDEN:
        with pytest.raises(redis.RedisError):
            client.execute_command(*command)
    other = next(name for name in SCRIPTS if name != role)
    with pytest.raises(redis.RedisError):
        redis.Redis(port=port, username=f"flash-{other}", password=(folder / role).read_text()).ping()


def test_passwords_are_their_owners(server):
    for role in SCRIPTS:
        assert (server[1] / role).stat().st_mode & 0o077 == 0
        assert (server[1] / role).read_text() not in (server[1] / "users.acl").read_text()
