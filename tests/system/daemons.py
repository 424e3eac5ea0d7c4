"""One of our daemons as a Python object, on free ports, for tests on a private stack (stack.py).

    with running(stack, "reconciler", "run", FLASH_RECONCILER_EXPIRY_RATE=1000) as daemon:
        daemon.ask("POST", "/v1/expiry/pass")
"""
import contextlib
import http.client
import json
import os
import pathlib
import signal
import subprocess
import threading
import time

BUILD = pathlib.Path(os.environ["FLASH_BUILD"])
PATIENCE_S = 120 # on a busy machine; a wait ends when what it waits for has come
LISTENERS = {"engine": ("FLASH_ENGINE_LISTEN", "FLASH_ENGINE_INTERNAL_LISTEN"), "consumer": ("FLASH_CONSUMER_LISTEN",),
             "admin": ("FLASH_ADMIN_LISTEN",), "reconciler": ("FLASH_RECONCILER_LISTEN",)}


def until(condition, what, seconds=PATIENCE_S):
    """Waits for condition() to be true and returns what it is; what, a text or a function that makes one, says what failed."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, what() if callable(what) else what
        time.sleep(0.02)
    return value


class Daemon:
    """Authentication is off unless the settings say otherwise. With FLASH_FAULT among them it is the build that dies at that
    point (flash/fault.h). lines has its log, parsed."""

    def __init__(self, stack, name, *arguments, build=BUILD, **settings):
        ports = {listener: "127.0.0.1:0" for listener in LISTENERS[name]}
        env = stack.daemon_env(**{**ports, **stack.ledger_account(name), "FLASH_AUTH_MODE": "off", **settings})
        self.name, self.lines = name, []
        program = f"flash-{name}" + (".faults" if "FLASH_FAULT" in settings else "")
        self.process = subprocess.Popen([pathlib.Path(build) / name / program, *arguments], env=env,
                                        stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        try:
            started = until(lambda: self.said(f"{name}.started") or self.process.poll() is not None, lambda: self.lines)
            assert self.said(f"{name}.started"), (self.process.poll(), self.lines)
        except BaseException:
            self.kill()
            raise
        self.port = started[0]["port"]
        self.internal_port = started[0].get("internal_port", self.port)

    def _read(self):
        for line in self.process.stderr:
            try:
                self.lines.append(json.loads(line))
            except ValueError:
                self.lines.append({"event": "", "text": line})

    def said(self, event):
        """The log lines of this event."""
        return [line for line in list(self.lines) if line["event"] == event]

    def ask(self, method, path, body=None, headers=None, internal=False):
        """(status, headers, JSON or text)."""
        port = self.internal_port if internal else self.port
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
        try:
            return exchange(connection, method, path, body, headers)
        finally:
            connection.close()

    def is_ready(self):
        return self.ask("GET", "/readyz", internal=True)[0] == 200

    def troubles(self):
        """{part: reason} of the parts that are not ready."""
        parts = self.ask("GET", "/readyz", internal=True)[2]["parts"]
        return {part["name"]: part.get("reason", "") for part in parts if not part["ready"]}

    def metric(self, name):
        """The value of one line of /metrics, by its name with labels."""
        for line in self.ask("GET", "/metrics", internal=True)[2].splitlines():
            if line.startswith(name + " "):
                return float(line.split()[-1])
        raise KeyError(name)

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self):
        """SIGTERM; returns the exit code."""
        self.signal(signal.SIGTERM)
        code = self.process.wait(PATIENCE_S)
        self.reader.join(PATIENCE_S)
        return code

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.reader.join(PATIENCE_S)
        self.process.stderr.close()


def exchange(connection, method, path, body=None, headers=None):
    """One request on an open connection: (status, headers, JSON or text)."""
    sent = dict(headers or {})
    if body is not None and not isinstance(body, (str, bytes)):
        body = json.dumps(body)
        sent.setdefault("Content-Type", "application/json")
    connection.request(method, path, body, sent)
    answer = connection.getresponse()
    text = answer.read().decode()
    if not text or answer.headers.get("Content-Type", "").split(";")[0] not in ("application/json", "application/problem+json"):
        return answer.status, answer.headers, text
    return answer.status, answer.headers, json.loads(text)


@contextlib.contextmanager
def running(stack, name, *arguments, ready=True, **settings):
    """The daemon, once it is ready; it is killed on the way out, however that is."""
    daemon = Daemon(stack, name, *arguments, **settings)
    try:
        if ready:
            until(daemon.is_ready, daemon.troubles)
        yield daemon
    finally:
        daemon.kill()
