"""The house keeps its own rules: floors, sizes, calls, shape, build, words, scripts. Needs no server."""

from pathlib import Path

import pytest

import build  # noqa: F401 (the modules register their rules)
import calls  # noqa: F401
import floors  # noqa: F401
import scripts  # noqa: F401
import shape  # noqa: F401
import sizes  # noqa: F401
import words  # noqa: F401
from exemptions import EXEMPT
from findings import RULES
from tree import Tree

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def project():
    return Tree(ROOT)


def key(name, finding, subject):
    return (name, finding.path, subject)


@pytest.mark.parametrize("name", RULES)
def test_rule(project, name):
    findings = list(RULES[name](project))
    used = {k for f in findings for k in (key(name, f, f.subject), key(name, f, "*")) if k in EXEMPT}
    left = [str(f) for f in findings if key(name, f, f.subject) not in EXEMPT and key(name, f, "*") not in EXEMPT]
    stale = [k for k in EXEMPT if k[0] == name and k not in used]
    assert not left, "\n" + "\n".join(left)
    assert not stale, f"excuse nothing any more: {stale}"


def test_exemptions_name_rules_and_give_reasons():
    for (name, _, _), reason in EXEMPT.items():
        assert name in RULES
        assert len(reason) > 20
