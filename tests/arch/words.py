"""What may not stand in any file, and how decisions are numbered."""

import re
from pathlib import PurePosixPath

import tree as t
from findings import Finding, rule

LEFT_OVER = re.compile(r"\b(%s)\b" % "|".join(("TO" "DO", "FIX" "ME", "XX" "X")))
MACHINE_PATH = re.compile(r"(?<![\w.$}/-])/(?:%s)/[\w.-]+" % "|".join(("wo" "rk", "ho" "me", "ro" "ot", "Use" "rs", "mn" "t")))


@rule
def nothing_is_left_over(tree):
    for path in tree.files:
        text = tree.text(path) or ""
        for match in LEFT_OVER.finditer(text):
            yield Finding(path, t.line_of(text, match.start()), match.group(), f"{match.group()} in the tree")


@rule
def no_machine_paths(tree):
    for path in tree.files:
        text = tree.text(path) or ""
        for match in MACHINE_PATH.finditer(text):
            yield Finding(path, t.line_of(text, match.start()), match.group(), f"names {match.group()}")


@rule
def decisions_are_numbered(tree):
    for expected, path in enumerate(tree.matching(".md", under="docs/adr/"), 1):
        number = re.match(r"(\d{4})-[a-z0-9-]+\.md$", PurePosixPath(path).name)
        title = re.match(r"# (\d{4})\b", tree.text(path))
        if not number or int(number.group(1)) != expected:
            yield Finding(path, 1, path, f"expected {expected:04d}-….md")
        elif not title or title.group(1) != number.group(1):
            yield Finding(path, 1, path, f"its title does not begin with {number.group(1)}")
