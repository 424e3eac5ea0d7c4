"""A private stack of Redis, Kafka and MariaDB for tests, by deploy/local.

    with Stack(tmp_path / "stack") as stack:
        subprocess.run([daemon], env=stack.daemon_env())
        stack.kill("redis"); stack.restart("redis")

Parts: redis, mariadb, kafka (all brokers), kafka1, kafka2, kafka3. With FLASH_TEST_LEDGER=mysql the ledger is a MySQL
server beside them (mysql_server.py), and the test is skipped where that is not to be had.
"""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
LOCAL = ROOT / "deploy" / "local"
MIGRATE = ROOT / "deploy" / "migrate"
COMMAND_LIMIT_S = 600


class StackError(RuntimeError):
    """deploy/local failed; the text is what it said."""


def run_local(*args, check=True, cwd=None):
    """Runs deploy/local with these arguments; returns the CompletedProcess."""
    done = subprocess.run([str(LOCAL), *map(str, args)], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                          timeout=COMMAND_LIMIT_S, cwd=cwd, check=False)
    if check and done.returncode != 0:
        raise StackError(f"deploy/local {' '.join(map(str, args))}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return done


class Stack:
    """One stack in one folder. env holds the FLASH_* endpoints once it is up."""

    def __init__(self, folder=None, brokers=1, appendfsync="always"):
        self.folder = pathlib.Path(folder or tempfile.mkdtemp(prefix="flash-stack-"))
        self.brokers = brokers
        self.appendfsync = appendfsync
        self.env = {}
        self.other_ledger = None  # instead of MariaDB

    def __enter__(self):
        try:
            return self.up()
        except BaseException:
            self.down()
            raise

    def __exit__(self, *exc):
        self.down(purge=exc[0] is None and "FLASH_TEST_FAILED" not in os.environ)

    def _local(self, command, *args, check=True):
        return run_local(command, *args, "--dir", self.folder, check=check)

    def up(self):
        """Starts what is down of the stack; returns when every part answers."""
        self._local("up", "--brokers", self.brokers, "--appendfsync", self.appendfsync)
        self.env = dict(re.findall(r"^export (\w+)=(.*)$", self._local("env").stdout, re.MULTILINE))
        if os.environ.get("FLASH_TEST_LEDGER") == "mysql" and not self.other_ledger:
            self._start_mysql()
        return self

    def _start_mysql(self):
        import pytest
        from mysql_server import MySqlServer, NotToBeHad
        try:
            self.other_ledger = MySqlServer(self.folder / "mysql")
        except NotToBeHad as error:
            pytest.skip(f"no MySQL to be had: {error}")
        self.other_ledger.start()
        self.env.update(self.other_ledger.env)
        self.migrate("up")

    def down(self, purge=False):
        """Stops everything; with purge the folder goes too. Logs stay otherwise, in folder/log."""
        if self.other_ledger:
            self.other_ledger.stop()
        self._local("down", *(["--purge"] if purge else []))
        if purge:
            shutil.rmtree(self.folder, ignore_errors=True)

    def kill(self, part):
        """SIGKILL; returns when it is dead."""
        self._local("kill", part)

    def stop(self, part):
        """SIGSTOP: frozen, its connections stay open."""
        self._local("stop", part)

    def cont(self, part):
        """SIGCONT."""
        self._local("cont", part)

    def restart(self, part):
        """Stops the part if it runs, starts it on the same ports and data, returns when it answers."""
        self._local("restart", part)

    def status(self):
        """{part: (pid or None, port, "ready" or the reason)}."""
        rows = re.findall(r"^(\w+) +pid (\S+) +port (\d+) +(.*)$", self._local("status", check=False).stdout,
                          re.MULTILINE)
        return {name: (None if pid == "-" else int(pid), int(port), word) for name, pid, port, word in rows}

    def is_ready(self):
        return all(word == "ready" for _, _, word in self.status().values())

    def pid(self, part):
        return self.status()[part][0]

    def log(self, part):
        """The part's own log, as text."""
        return (self.folder / "log" / f"{part}.log").read_text(errors="replace")

    def daemon_env(self, **more):
        """The environment for one of our processes: this one's, the endpoints, and more."""
        return {**os.environ, **self.env, **{name: str(value) for name, value in more.items()}}

    def ledger_account(self, name):
        """The environment of flash-NAME's own account in the ledger, with the rights of deploy/sql/grants."""
        has_one = name != "engine" and not self.other_ledger
        return {"FLASH_MYSQL_USER": f"flash_{name}"} if has_one else {}

    def redis(self, **options):
        """A redis-py client (Debian's python3-redis)."""
        import redis
        return redis.Redis(host=self.env["FLASH_REDIS_HOST"], port=int(self.env["FLASH_REDIS_PORT"]), **options)

    def mysql(self, user=None, **options):
        """A pymysql connection with autocommit; user="root" may do anything."""
        import pymysql
        return pymysql.connect(host=self.env["FLASH_MYSQL_HOST"], port=int(self.env["FLASH_MYSQL_PORT"]),
                               user=user or self.env["FLASH_MYSQL_USER"], password=self.env["FLASH_MYSQL_PASSWORD"],
                               database=self.env["FLASH_MYSQL_DATABASE"], charset="utf8mb4",
                               **{"autocommit": True, **options})

    def query(self, sql, *params):
        """All rows of one statement, on a connection of its own."""
        connection = self.mysql()
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql, params or None)
                return list(cursor.fetchall())
        finally:
            connection.close()

    def migrate(self, *args, check=True):
        """Runs deploy/migrate against this stack; returns the CompletedProcess."""
        done = subprocess.run([str(MIGRATE), *args], env=self.daemon_env(), capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=COMMAND_LIMIT_S, check=False)
        if check and done.returncode != 0:
            raise StackError(f"deploy/migrate {' '.join(args)}: exit {done.returncode}\n{done.stderr}")
        return done
