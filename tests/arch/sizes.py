"""How large things may be (STYLE, "The rules")."""

from findings import Finding, rule

LIMITS = {".c": 400, ".h": 150}
FUNCTION_LINES, PARAMETERS, INDENTS, COLUMNS = 60, 4, 4, 100


@rule
def files_are_short(tree):
    for path in tree.matching(".c", ".h"):
        lines = tree.text(path).count("\n")
        if lines > LIMITS[path[-2:]]:
            yield Finding(path, lines, path, f"{lines} lines, {LIMITS[path[-2:]]} allowed")


@rule
def lines_are_short(tree):
    for path in tree.matching(".c", ".h"):
        for number, line in enumerate(tree.text(path).splitlines(), 1):
            if len(line) > COLUMNS:
                yield Finding(path, number, path, f"{len(line)} columns, {COLUMNS} allowed")


@rule
def functions_are_short(tree):
    for path in tree.matching(".c", ".h"):
        for function in tree.functions(path):
            if function.lines > FUNCTION_LINES:
                yield Finding(path, function.line, function.name,
                              f"{function.name} has {function.lines} lines, {FUNCTION_LINES} allowed")


@rule
def parameters_are_few(tree):
    for path in tree.matching(".c", ".h"):
        for function in tree.functions(path):
            if function.parameters > PARAMETERS:
                yield Finding(path, function.line, function.name,
                              f"{function.name} takes {function.parameters} parameters, {PARAMETERS} allowed")


@rule
def nesting_is_flat(tree):
    for path in tree.matching(".c", ".h"):
        for function in tree.functions(path):
            if function.depth > INDENTS:
                yield Finding(path, function.line, function.name,
                              f"{function.name} nests {function.depth - 1} levels, {INDENTS - 1} allowed")
