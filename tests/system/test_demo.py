"""deploy/demo as a newcomer runs it: it proves its sale, leaves nothing running, and --keep leaves what it says."""
import configparser
import json
import re
import subprocess

import pytest

from stack import ROOT

DEMO = ROOT / "deploy" / "demo"


def run(*command):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                          timeout=1000, check=False)


def running(folder):
    """The parts that run, ours and the servers."""
    found = run(ROOT / "deploy" / "daemons", "status", "--dir", folder).stdout
    found += run(ROOT / "deploy" / "local", "status", "--dir", folder / "stack").stdout
    return re.findall(r"^(\w+) +pid \d+", found, re.MULTILINE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    one = tmp_path_factory.mktemp("demo") / "demo"
    yield one
    run(DEMO, "--stop", "--dir", one)


def test_the_sale_is_proven_and_nothing_stays(folder):
    done = run(DEMO, "--dir", folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "oversold 0   lost 0   proven" in done.stdout
    assert re.search(r"units sold: .* 10,000 = 10,000 = 10,000\n", done.stdout)
    assert "BROKEN" not in done.stdout
    assert "\033" not in done.stdout + done.stderr
    assert running(folder) == []


def test_keep_leaves_what_it_says(folder):
    done = run(DEMO, "--keep", "--dir", folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert running(folder) == ["engine", "consumer", "reconciler", "admin", "redis", "mariadb", "kafka1"]
    lines = re.search(r"^  TOKEN=\S+\n  curl -i \S+/v1/orders -H .*\\\n.*$", done.stdout, re.MULTILINE).group()
    answer = run("bash", "-c", lines)
    assert answer.stdout.startswith("HTTP/1.1 202 "), lines + answer.stdout + answer.stderr
    assert json.loads(answer.stdout.split("\n\n")[1])["quantity"] == 1
    assert run(DEMO, "--stop", "--dir", folder).returncode == 0
    assert running(folder) == []


def test_other_peoples_folders_are_left_alone(tmp_path):
    letters = tmp_path / "letters.txt"
    letters.write_text("dear")
    for words in ([], ["--keep"], ["--purge"]):
        done = run(DEMO, *words, "--dir", tmp_path)
        assert done.returncode == 1 and "not" in done.stderr, (words, done.stderr)
    assert [*tmp_path.iterdir()] == [letters]
    assert run(DEMO, "--purge", "--dir", tmp_path / "none").returncode == 0


def test_a_purge_leaves_nothing(folder):
    assert run(DEMO, "--purge", "--dir", folder).returncode == 0
    assert not folder.exists()


def test_usage():
    assert run(DEMO, "--no-such").returncode == 2
    assert run(DEMO, "--help").returncode == 0


def test_settings_become_sections_and_keys():
    """librdkafka's names have dots of their own."""
    given = "kafka.producer.linger.ms=5\nengine.workers=2\nkafka.brokers=x\nengine.workers=3\n"
    script = f"ROOT={ROOT} LIB={ROOT}/deploy/lib; source $LIB/process.sh; source $LIB/daemons.sh; settings_to_ini"
    made = subprocess.run(["bash", "-c", script], input=given, capture_output=True, text=True, check=True).stdout
    parser = configparser.ConfigParser()
    parser.read_string(made)
    assert {name: dict(parser[name]) for name in parser.sections()} == {
        "kafka.producer": {"linger.ms": "5"}, "engine": {"workers": "3"}, "kafka": {"brokers": "x"}}
