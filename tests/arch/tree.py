"""The project's files as the checks see them, and just enough of C's grammar to measure functions.

Comments and literals are blanked before anything is looked for, with every line and column kept, so a finding's line is
the file's line.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

SKIPPED = {".git", "build", ".stack", ".demo", ".bench", ".venv", "node_modules", "__pycache__", ".pytest_cache"}
BLANKED = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.S)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n\\]|\\\n|\\.)*", re.M)
INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[ \t]+([<\"])([^>\"]+)[>\"]", re.M)


@dataclass(frozen=True)
class Function:
    """A definition, or a prototype when depth is 0."""

    name: str
    line: int
    lines: int
    parameters: int
    depth: int
    static: bool


def blank(match):
    return re.sub(r"[^\n]", " ", match.group())


def without_comments_and_literals(text):
    return BLANKED.sub(blank, text)


def without_directives(code):
    return DIRECTIVE.sub(blank, code)


class Tree:
    def __init__(self, root):
        self.root = Path(root)
        self.files = sorted(self._walk())
        self._texts = {}
        self._code = {}

    def _walk(self):
        for folder, folders, files in os.walk(self.root):
            folders[:] = [name for name in folders if name not in SKIPPED]
            for name in files:
                path = Path(folder, name)
                if path.is_file() and not path.is_symlink():
                    yield path.relative_to(self.root).as_posix()

    def matching(self, *suffixes, under=""):
        return [path for path in self.files if path.endswith(suffixes) and path.startswith(under)]

    def text(self, path):
        """The file's text, or None if it is not text."""
        if path not in self._texts:
            data = (self.root / path).read_bytes()
            self._texts[path] = None if b"\0" in data else data.decode(errors="replace")
        return self._texts[path]

    def code(self, path):
        if path not in self._code:
            self._code[path] = without_comments_and_literals(self.text(path))
        return self._code[path]

    def includes(self, path):
        """(line, is_quoted, name) of every #include."""
        text = re.sub(r"/\*.*?\*/", blank, self.text(path), flags=re.S)
        return [(line_of(text, m.start(2)), m.group(1) == '"', m.group(2)) for m in INCLUDE.finditer(text)]

    def functions(self, path):
        return list(functions(self.code(path)))


def line_of(text, at):
    return text.count("\n", 0, at) + 1


def closing(code, at, opener="{", closer="}"):
    """Index of the bracket that closes the one at `at`."""
    depth = 0
    for i in range(at, len(code)):
        depth += (code[i] == opener) - (code[i] == closer)
        if depth == 0:
            return i
    return len(code) - 1


def opening(code, at):
    """Index of the `(` that belongs to the `)` at `at`, or -1."""
    depth = 0
    for i in range(at, -1, -1):
        depth += (code[i] == ")") - (code[i] == "(")
        if depth == 0:
            return i
    return -1


def count_parameters(inside):
    depth, count = 0, 1
    for char in inside:
        depth += (char in "([{") - (char in ")]}")
        count += char == "," and depth == 0
    return 0 if inside.strip() in ("", "void") else count


def starts_block(code, at):
    """Whether the `{` at `at` opens a block of statements, not an initialiser, literal or type."""
    before = code[:at].rstrip()
    if before.endswith(")"):
        return at > len(before)
    return bool(re.search(r"\b(else|do)$", before)) or before.endswith((";", "{", "}", ":"))


def deepest(code, start, end):
    """How many indents the deepest statement between the function's braces has; its own body is 1."""
    stack, most = [], 0
    for i in range(start, end):
        if code[i] == "{":
            stack.append(i == start or stack[-1] and starts_block(code[max(0, i - 200):i + 1], min(i, 200)))
            most = max(most, sum(stack))
        elif code[i] == "}" and stack:
            stack.pop()
    return most


def signature(head):
    """(name, parameters) if head, the text before `{` or `;`, is that of a function."""
    head = head.rstrip()
    at = opening(head, len(head) - 1) if head.endswith(")") else -1
    name = re.search(r"([A-Za-z_]\w*)\s*$", head[:at]) if at > 0 else None
    if not name or "=" in head[:at] or name.group(1) == "__attribute__" or "typedef" in head:
        return None
    return (name.group(1), head[at + 1:-1]) if head[:name.start()].strip() else None


def functions(code):
    code = without_directives(code)
    at = begin = 0
    while at < len(code):
        if code[at] == "(":
            at = closing(code, at, "(", ")")
        elif code[at] in "{;":
            head = code[begin:at]
            found = signature(head)
            start = begin + len(head) - len(head.lstrip())
            end = closing(code, at) if code[at] == "{" else at
            if found:
                line = line_of(code, start)
                yield Function(found[0], line, line_of(code, end) - line + 1, count_parameters(found[1]),
                               deepest(code, at, end) if code[at] == "{" else 0,
                               bool(re.search(r"\bstatic\b", head)))
            at = end
            # A type's or an initialiser's closing brace belongs to the declaration that goes on to `;`.
            begin = end + 1 if found or code[end] == ";" else begin
            if not found and code[end] == "}":
                code = code[:begin] + re.sub(r"[^\n]", " ", code[begin:end + 1]) + code[end + 1:]
        at += 1
