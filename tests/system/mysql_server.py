"""MySQL beside the stack's MariaDB, so that tests can run on either: FLASH_TEST_LEDGER=mysql (stack.py).

Debian's stable suite has no MySQL, its development suite has: the package and all it needs, down to the C library, are
unpacked into the cache, never installed, and started by the loader that came with them.
"""
import fcntl
import os
import pathlib
import shutil
import subprocess
import time

from ports import free_port

CACHE = pathlib.Path(os.environ.get("FLASH_CACHE")
                     or pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "flashgate")
SUITE = "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian sid main\n"
PACKAGE = "mysql-server-core"
APT_LIMIT_S = 300
START_LIMIT_S = 300
PASSWORD = "ledger"
ACCOUNTS = f"""CREATE DATABASE IF NOT EXISTS flashgate CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE USER IF NOT EXISTS 'flashgate'@'%' IDENTIFIED BY '{PASSWORD}';
GRANT ALL ON flashgate.* TO 'flashgate'@'%';
"""


class NotToBeHad(RuntimeError):
    """The packages cannot be fetched here."""


def _apt(folder, *arguments):
    options = {"Dir::Etc::sourcelist": folder / "sources.list", "Dir::Etc::sourceparts": "-", "Dir::State": folder / "state",
               "Dir::State::status": folder / "status", "Dir::Cache": folder / "cache", "APT::Install-Recommends": "0",
               "APT::Sandbox::User": "root"}
    command = ["apt-get", "-q", "-y", *(f"-o{name}={value}" for name, value in options.items()), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=APT_LIMIT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotToBeHad(str(error)) from error
    if done.returncode != 0:
        raise NotToBeHad(f"{' '.join(arguments)}: {done.stderr[-500:]}")


def _unpack(folder):
    """The packages and what they need, into folder/root."""
    for name in ("state/lists/partial", "cache/archives/partial", "root"):
        (folder / name).mkdir(parents=True)
    (folder / "sources.list").write_text(SUITE)
    (folder / "status").write_text("")
    _apt(folder, "update")
    _apt(folder, "install", "--download-only", PACKAGE)
    for package in sorted((folder / "cache" / "archives").glob("*.deb")):
        subprocess.run(["dpkg-deb", "-x", package, folder / "root"], check=True)
    for name in ("state", "cache"):
        shutil.rmtree(folder / name)


def install():
    """Fetches what is not in the cache yet; returns the folder with MySQL's files. Raises NotToBeHad."""
    CACHE.mkdir(parents=True, exist_ok=True)
    home = CACHE / "mysql"
    with open(CACHE / "mysql.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not home.exists():
            fresh = CACHE / f"mysql.new.{os.getpid()}"
            try:
                _unpack(fresh)
                fresh.rename(home)
            finally:
                shutil.rmtree(fresh, ignore_errors=True)
    return home / "root"


class MySqlServer:
    """One server in one folder, durable, with the schema's account; env has its endpoints."""

    def __init__(self, folder):
        self.root, self.folder, self.port, self.process = install(), pathlib.Path(folder), free_port(), None
        self.socket = self.folder / "s"
        self.env = {"FLASH_MYSQL_HOST": "127.0.0.1", "FLASH_MYSQL_PORT": str(self.port), "FLASH_MYSQL_USER": "flashgate",
                    "FLASH_MYSQL_PASSWORD": PASSWORD, "FLASH_MYSQL_DATABASE": "flashgate", "FLASH_MYSQL_SOCKET": ""}

    def _command(self, *options):
        libraries = [self.root / "usr/lib/x86_64-linux-gnu", self.root / "lib/x86_64-linux-gnu"]
        loader = next(path for folder in libraries if (path := folder / "ld-linux-x86-64.so.2").exists())
        return [str(argument) for argument in (
            loader, "--library-path", ":".join(map(str, libraries)), self.root / "usr/sbin/mysqld", "--no-defaults",
            f"--user={'root' if os.geteuid() == 0 else ''}", f"--basedir={self.root}/usr", f"--datadir={self.folder}/data",
            f"--lc-messages-dir={self.root}/usr/share/mysql", "--secure-file-priv=NULL", *options)]

    def start(self):
        log = self.folder / "mysqld.log"
        (self.folder / "data").mkdir(parents=True)
        (self.folder / "accounts.sql").write_text(ACCOUNTS)
        subprocess.run(self._command("--initialize-insecure", f"--log-error={log}"), check=True, stdin=subprocess.DEVNULL,
                       timeout=START_LIMIT_S, capture_output=True)
        self.process = subprocess.Popen(
            self._command(f"--port={self.port}", "--bind-address=127.0.0.1", f"--socket={self.socket}", "--mysqlx=OFF",
                          f"--init-file={self.folder}/accounts.sql", f"--pid-file={self.folder}/pid", f"--log-error={log}"),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + START_LIMIT_S
        while b"ready for connections" not in log.read_bytes():
            assert self.process.poll() is None and time.monotonic() < end, log.read_text(errors="replace")[-2000:]
            time.sleep(0.05)

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
