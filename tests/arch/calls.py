"""What may not be called, and where."""

import re
from pathlib import PurePosixPath

import tree as t
from findings import Finding, rule

UNSAFE = "strcpy strcat sprintf vsprintf gets atoi atol atoll strtok system popen rand srand sleep usleep".split()
PRINTING = "printf fprintf vprintf vfprintf dprintf puts fputs putchar putc fputc perror".split()
ENDING = "exit _exit _Exit quick_exit abort flash_log_write FLASH_LOG".split()
MAIN = re.compile(r"main\.c|verb(_\w+)?\.c")  # a program's main, and the verbs it hands over to
CLOCKS = "time clock gettimeofday clock_gettime timespec_get".split()
ADAPTERS = ("common/http/", "common/redis/", "common/kafka/", "common/mysql/", "common/notify/")


def calls(tree, path, names):
    code = t.without_directives(tree.code(path))
    own = {function.name for function in tree.functions(path)}
    for match in re.finditer(r"(?<![\w.>])(" + "|".join(names) + r")\s*\(", code):
        name = match.group(1)
        if name not in own:
            yield Finding(path, t.line_of(code, match.start()), name, f"calls {name}")


@rule
def no_unsafe_calls(tree):
    for path in tree.matching(".c", ".h"):
        yield from calls(tree, path, UNSAFE)


@rule
def only_mains_and_tools_print(tree):
    for path in tree.matching(".c"):
        if not path.startswith(("tools/", "tests/")) and not MAIN.fullmatch(PurePosixPath(path).name):
            yield from calls(tree, path, PRINTING)


@rule
def low_floors_never_log_or_exit(tree):
    for path in tree.matching(".c", under="common/"):
        yield from calls(tree, path, ENDING)


@rule
def clocks_are_read_at_the_edge(tree):
    for path in tree.matching(".c"):
        if not path.startswith(("tests/",) + ADAPTERS) and path != "common/core/time.c":
            yield from calls(tree, path, CLOCKS)


def arguments(code, start):
    """What stands between the parenthesis opened just before start and its end, without literals."""
    depth, end = 1, start
    while depth and end < len(code):
        depth += {"(": 1, ")": -1}.get(code[end], 0)
        end += 1
    return re.sub(r'"(\\.|[^"\\])*"', "", code[start:end])


EARLY = re.compile(r"(?<![\w.>])(memcmp|bcmp|strn?cmp|strn?casecmp)\s*\(")
SECRET = re.compile(r"(?i)mac\b|hmac|signature|secret|password|passwd|seal|\btoken")


@rule
def secrets_are_compared_in_constant_time(tree):
    """A comparison that ends at the first difference tells how much of a guess was right (CRYPTO_memcmp does not)."""
    for path in tree.matching(".c", ".h"):
        code = tree.code(path)
        for match in [] if path.startswith("tests/") else EARLY.finditer(code):
            if SECRET.search(arguments(code, match.end())):
                yield Finding(path, t.line_of(code, match.start()), match.group(1), f"compares a secret by {match.group(1)}")
