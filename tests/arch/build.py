"""What the build needs: listed sources, headers that stand alone, one format."""

import re
import shutil
import subprocess
from pathlib import PurePosixPath

import tree as t
from findings import Finding, rule

CODE_FOLDERS = ("common/", "engine/", "consumer/", "reconciler/", "admin/", "tools/", "tests/")


def expand(folder, text):
    """The .c files a CMakeLists names, as paths in the tree."""
    names = {"PROJECT_SOURCE_DIR": "", "CMAKE_SOURCE_DIR": "", "CMAKE_CURRENT_SOURCE_DIR": folder}
    for name, value in re.findall(r"\bset\((\w+)\s+([^\s)]+)\)", text):
        names[name] = value
    for match in re.finditer(r"[^\s()\"]+\.c\b", re.sub(r"#[^\n]*", t.blank, text)):
        word, rooted = match.group(), False
        while re.search(r"\$\{(\w+)\}", word):
            name = re.search(r"\$\{(\w+)\}", word).group(1)
            rooted |= name.endswith("SOURCE_DIR")
            if name not in names:
                break
            word = word.replace("${%s}" % name, names[name])
        parts = []
        for part in (word if rooted else f"{folder}/{word}").split("/"):
            parts = parts[:-1] if part == ".." else parts + [part] if part not in ("", ".") else parts
        yield t.line_of(text, match.start()), "/".join(parts)


def named_by_loop(tree, folder, text, source):
    """The files a name like test_${name}.c stands for: what takes the variable's place is a word of the same file."""
    pattern = re.sub(r"\\\$\\\{\w+\\\}", r"([\\w-]+)", re.escape(source))
    words = set(re.findall(r"[\w-]+", text))
    for path in tree.matching(".c", under=f"{folder}/"):
        match = re.fullmatch(pattern, path)
        if match and words.issuperset(match.groups()):
            yield path


@rule
def sources_are_listed(tree):
    listed = set()
    for path in tree.matching("CMakeLists.txt"):
        folder, text = PurePosixPath(path).parent.as_posix(), tree.text(path)
        for line, source in expand(folder, text):
            listed.update(named_by_loop(tree, folder, text, source) if "${" in source else [source])
            if source not in tree.files and "${" not in source:
                yield Finding(path, line, source, f"{source} does not exist")
        for match in re.finditer(r"\bfile\s*\(\s*GLOB|\baux_source_directory\b", text):
            yield Finding(path, t.line_of(text, match.start()), "glob", "sources are listed by hand")
    for path in tree.matching(".c"):
        if path.startswith(CODE_FOLDERS) and path not in listed:
            yield Finding(path, 1, path, "is in no CMakeLists.txt")


@rule
def public_headers_stand_alone(tree):
    for path in tree.matching(".h", under="include/"):
        run = subprocess.run(["cc", "-std=c17", "-D_GNU_SOURCE", "-Wall", "-Werror", "-fsyntax-only", "-Iinclude", "-x", "c",
                              path], cwd=tree.root, capture_output=True, text=True, check=False)
        if run.returncode != 0:
            yield Finding(path, 1, path, run.stderr.strip().splitlines()[0])


@rule
def clang_format_agrees(tree):
    files = tree.matching(".c", ".h")
    program = shutil.which("clang-format-14")
    if program is None:
        yield Finding(".clang-format", 1, "clang-format-14", "clang-format-14 is not installed")
    elif files:
        run = subprocess.run([program, "--dry-run", "-Werror", "--style=file", *files], cwd=tree.root,
                             capture_output=True, text=True, check=False)
        for path, line in dict(re.findall(r"^(\S+?):(\d+):\d+: error", run.stderr, re.M)[::-1]).items():
            yield Finding(path, int(line), path, "clang-format-14 would change it")
