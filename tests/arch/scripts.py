"""How the Lua scripts are written (STYLE, "Lua")."""

import re

import tree as t
from findings import Finding, rule

LUA_LINES = 80
TOKEN = re.compile(r"'(?:\\.|[^'\\])*'|\b(?:function|if|do|repeat|end|until|return)\b")
WORD_FIRST = re.compile(r"return\s+(\{\s*'[A-Z_]+'|reply\b)")
REPLY = re.compile(r"\breply\s*=\s*\{[^,]*'[A-Z_]+'")


@rule
def scripts_are_short(tree):
    for path in tree.matching(".lua", under="lua/"):
        lines = tree.text(path).count("\n")
        if lines > LUA_LINES:
            yield Finding(path, lines, path, f"{lines} lines, {LUA_LINES} allowed")


@rule
def scripts_have_their_header(tree):
    for path in tree.matching(".lua", under="lua/"):
        head = re.match(r"(?:#![^\n]*\n)?((?:--[^\n]*\n)+)", tree.text(path))
        for word in ("KEYS:", "ARGV:", "Returns:"):
            if not head or f"-- {word}" not in head.group(1):
                yield Finding(path, 1, path, f"no {word} in its header")


def answers(text):
    """Where the script itself returns: not inside one of its functions."""
    inside = []
    for match in TOKEN.finditer(text):
        word = match.group()
        if word in ("function", "if", "do", "repeat"):
            inside.append(word)
        elif word in ("end", "until") and inside:
            inside.pop()
        elif word == "return" and "function" not in inside:
            yield match.start()


@rule
def scripts_answer_status_words(tree):
    for path in tree.matching(".lua", under="lua/"):
        text = re.sub(r"--[^\n]*", t.blank, tree.text(path))
        for match in re.finditer(r"redis\.(error_reply|status_reply)|\berror\s*\(", text):
            yield Finding(path, t.line_of(text, match.start()), path, f"answers by {match.group()}")
        for at in answers(text):
            answer = WORD_FIRST.match(text, at)
            if not answer or (answer.group(1) == "reply" and not REPLY.search(text)):
                yield Finding(path, t.line_of(text, at), path, "an answer that does not begin with a word")
