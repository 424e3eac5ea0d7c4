"""What a rule is and what it finds: a function from a tree to findings, registered under its name.

An empty list is a pass. What a finding is about (its subject) is what an exemption names.
"""

from dataclasses import dataclass

RULES = {}


@dataclass(frozen=True)
class Finding:
    path: str
    line: int
    subject: str
    text: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.text}"


def rule(check):
    RULES[check.__name__] = check
    return check
