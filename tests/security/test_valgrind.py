"""Start and stop of each daemon under valgrind's memcheck, with no server to be had: no error, nothing lost."""
import json
import os
import pathlib
import shutil
import signal
import subprocess

import pytest

from daemons import LISTENERS, until
from test_hardening import Nothing

DEBUG = pathlib.Path(os.environ.get("FLASH_BUILD_DEBUG", ""))
FOUND = 99
PATIENCE_S = 150


def events(log):
    for line in log.read_text(errors="replace").splitlines():
        try:
            yield json.loads(line).get("event")
        except ValueError:
            pass


@pytest.mark.skipif(not shutil.which("valgrind"), reason="valgrind is not installed")
@pytest.mark.parametrize("name", ["engine", "consumer", "admin", "reconciler"])
def test_start_and_stop_are_clean(name, tmp_path):
    env = Nothing().daemon_env(FLASH_AUTH_MODE="off", **{listener: "127.0.0.1:0" for listener in LISTENERS[name]})
    log, report = tmp_path / "log", tmp_path / "valgrind"
    with log.open("w") as errors:
        process = subprocess.Popen(["valgrind", "--leak-check=full", "--show-leak-kinds=definite,indirect", "--num-callers=20",
                                    "--errors-for-leak-kinds=definite,indirect", f"--error-exitcode={FOUND}", f"--log-file={report}",
                                    DEBUG / name / f"flash-{name}", *(["run"] if name == "reconciler" else [])],
                                   env=env, stdin=subprocess.DEVNULL, stderr=errors)
    try:
        until(lambda: f"{name}.started" in events(log) or process.poll() is not None, log.read_text, PATIENCE_S)
        assert process.poll() is None, log.read_text() + report.read_text()
        process.send_signal(signal.SIGTERM)
        code = process.wait(PATIENCE_S)
    finally:
        process.kill()
        process.wait()
    assert code == 0, report.read_text()[-6000:]
    assert "ERROR SUMMARY: 0 errors" in report.read_text()
