"""deploy/systemd: every daemon has a unit, systemd understands it, it is hardened, and its settings and secrets are ones that
the daemon takes."""
import re
import shutil
import subprocess

import pytest

from daemons import BUILD
from stack import ROOT

UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
EXPOSED_AT_MOST = 15  # of 100, by systemd's own reckoning
needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")


def name_of(unit):
    return unit.stem.removeprefix("flash-")


def settings(unit, key):
    return re.findall(rf"^{key}=(.*)$", unit.read_text(), re.MULTILINE)


def with_program(unit, folder):
    """The unit with the program of this build: systemd looks whether it is there."""
    copy = folder / unit.name
    program = BUILD / name_of(unit) / unit.stem
    copy.write_text(unit.read_text().replace(f"ExecStart=/usr/bin/{unit.stem} ", f"ExecStart={program} "))
    assert str(program) in copy.read_text()
    return copy


def test_there_is_one_for_each_daemon():
    assert [name_of(unit) for unit in UNITS] == ["admin", "consumer", "engine", "reconciler"]


@pytest.mark.parametrize("unit", UNITS, ids=name_of)
@needs_systemd
def test_systemd_understands_it(unit, tmp_path):
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", with_program(unit, tmp_path)], capture_output=True, text=True,
                          check=False, timeout=300)
    assert done.returncode == 0 and unit.name not in done.stderr, done.stderr


@pytest.mark.parametrize("unit", UNITS, ids=name_of)
@needs_systemd
def test_it_is_hardened(unit, tmp_path):
    done = subprocess.run(["systemd-analyze", "security", "--offline=yes", f"--threshold={EXPOSED_AT_MOST}",
                           with_program(unit, tmp_path)], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("unit", UNITS, ids=name_of)
def test_the_least_that_each_has(unit):
    assert settings(unit, "User") == ["flashgate"]
    for key, value in {"NoNewPrivileges": "yes", "ProtectSystem": "strict", "Restart": "always", "LimitCORE": "0",
                       "RestartPreventExitStatus": "2", "CapabilityBoundingSet": ""}.items():
        assert settings(unit, key) == [value], key


@pytest.mark.parametrize("unit", UNITS, ids=name_of)
def test_the_daemon_takes_its_settings_and_secrets(unit, tmp_path):
    credentials = dict(line.split(":") for line in settings(unit, "LoadCredential"))
    for name in credentials:
        (tmp_path / name).write_text(f"secret-of-{name}-0123456789-0123456789\n")
    env = dict(word.split("=", 1) for line in settings(unit, "Environment") for word in line.replace("%d", str(tmp_path)).split())
    used = {path.rpartition("/")[2] for path in env.values() if path.startswith("@")}
    assert used == credentials.keys()
    assert all(path.startswith("/etc/flashgate/secrets/") for path in credentials.values())
    config = tmp_path / "flash.conf"
    config.write_text("[log]\nlevel = info\n")
    verb = ["run"] if name_of(unit) == "reconciler" else []
    done = subprocess.run([BUILD / name_of(unit) / unit.stem, *verb, "--config", config, "--check-config"], env=env,
                          capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "secret-of-" not in done.stdout + done.stderr
    for name in env:
        section, _, key = name.removeprefix("FLASH_").lower().partition("_")
        value = env[name]
        assert re.search(rf"^{key} = {'[*][*][*]' if value.startswith('@') else re.escape(value)}$", done.stdout, re.MULTILINE), (section, key)
    expected = f"ExecStart=/usr/bin/{unit.stem} {'run ' if verb else ''}--config /etc/flashgate/flash.conf\n"
    assert expected in unit.read_text()
