"""How C is written here: braces, opening comments, no conditional compilation, names."""

import re

import tree as t
from findings import Finding, rule

PUBLIC_PREFIX = {"common/": "flash_"}
TYPEDEF = re.compile(r"\btypedef\s+(struct|union|enum)\b\s*\w*\s*(\{|\**\s*\w+\s*;)")
NEEDS_BRACE = re.compile(r"\b(if|for|while|switch|else|do)\b")


@rule
def braces_always(tree):
    for path in tree.matching(".c", ".h"):
        code = t.without_directives(tree.code(path))
        for match in NEEDS_BRACE.finditer(code):
            if not is_braced(code, match):
                yield Finding(path, t.line_of(code, match.start()), path, f"{match.group(1)} without braces")


def is_braced(code, match):
    rest = code[match.end():].lstrip()
    if match.group(1) in ("else", "do"):
        return rest.startswith("{") or bool(re.match(r"if\b", rest))
    at = code.find("(", match.end())
    after = code[t.closing(code, at, "(", ")") + 1:].lstrip()
    ends_do = match.group(1) == "while" and code[:match.start()].rstrip().endswith("}")
    return after.startswith("{") or (ends_do and after.startswith(";"))


@rule
def files_open_with_their_job(tree):
    for path in tree.matching(".c", ".h"):
        comment = re.match(r"/\*.*?\*/", tree.text(path), re.S)
        lines = comment.group().count("\n") + 1 if comment else 0
        if not 1 <= lines <= 40:
            yield Finding(path, 1, path, f"opens with a comment of {lines} lines")


@rule
def no_conditional_compilation(tree):
    for path in tree.matching(".c"):
        for match in re.finditer(r"^[ \t]*#[ \t]*(if|ifdef|ifndef|elif)\b", tree.code(path), re.M):
            yield Finding(path, t.line_of(tree.code(path), match.start()), path, f"#{match.group(1)}")


@rule
def no_struct_typedefs(tree):
    for path in tree.matching(".c", ".h"):
        for match in TYPEDEF.finditer(tree.code(path)):
            yield Finding(path, t.line_of(tree.code(path), match.start()), path, f"typedef {match.group(1)}")


@rule
def outside_names_have_their_prefix(tree):
    for path in tree.matching(".c"):
        prefix = next((p for folder, p in PUBLIC_PREFIX.items() if path.startswith(folder)), "")
        for function in tree.functions(path):
            if function.depth > 0 and not function.static and not function.name.startswith(prefix):
                yield Finding(path, function.line, function.name, f"{function.name} lacks {prefix}")
