"""The checks themselves, on planted trees: each rule flags what it is for, where it is, and lets the good twin pass."""

import pytest

import test_arch  # noqa: F401 (registers the rules)
from findings import RULES
from tree import Tree

C = "/* Does one thing. */\n"
BODY = "static int f(int a)\n{\n    return a;\n}\n"
LUA = "-- Does.\n-- KEYS: a\n-- ARGV: b\n-- Returns: OK\n"
LINKS = "target_link_libraries(%s PUBLIC %s)\n"


def nested(levels):
    heads = "".join("    " * (i + 1) + "if (a) {\n" for i in range(levels))
    tails = "".join("    " * (i + 1) + "}\n" for i in reversed(range(levels)))
    return C + "static int f(int a)\n{\n" + heads + tails + "    return a;\n}\n"


# rule: ([(files, line and path of the one finding)…], [files that pass…])
PLANTED = {
    "files_are_short": (
        [({"engine/a.c": C + "\n" * 400}, "engine/a.c:401"), ({"engine/a.h": C + "\n" * 150}, "engine/a.h:151")],
        [{"engine/a.c": C + "\n" * 399, "engine/a.h": C + "\n" * 149}],
    ),
    "lines_are_short": (
        [({"engine/a.c": C + "/* " + "x" * 98 + " */\n"}, "engine/a.c:2")],
        [{"engine/a.c": C + "/* " + "§" * 94 + " */\n"}],
    ),
    "functions_are_short": (
        [({"a/a.c": C + "static void f(void)\n{\n" + "    ;\n" * 58 + "}\n"}, "a/a.c:2")],
        [{"a/a.c": C + "static void f(void)\n{\n" + "    ;\n" * 57 + "}\n"},
         {"a/a.c": C + "static const int table[] = {\n" + "    1,\n" * 90 + "};\n"}],
    ),
    "parameters_are_few": (
        [({"a/a.h": C + "int f(int a, int b, int c, void (*d)(int, int), int e);\n"}, "a/a.h:2"),
         ({"a/a.c": C + "\nint f(int a, int b, int c, int d,\n      int e)\n{\n    return a;\n}\n"}, "a/a.c:3"),
         ({"a/a.h": C + "__attribute__((format(printf, 3, 4))) int f(int a, int b, int c, int d, int e);\n"}, "a/a.h:2")],
        [{"a/a.h": C + "int f(int a, int b, int c, void (*d)(int, int, int));\nint g(void);\n"
                       "typedef int (*h)(int a, int b, int c, int d, int e);\n"},
         {"a/a.c": C + "static int x = CALL(1, 2, 3, 4, 5);\n"}],
    ),
    "nesting_is_flat": (
        [({"a/a.c": nested(4)}, "a/a.c:2")],
        [{"a/a.c": nested(3)},
         {"a/a.c": nested(3).replace("    return a;", "    struct s t[] = {{{{{1}}}}};\n    return g((struct s){{{{1}}}});")}],
    ),
    "braces_always": (
        [({"a/a.c": C + "static void f(int a)\n{\n    if (a)\n        g();\n}\n"}, "a/a.c:4"),
         ({"a/a.c": C + "static void f(int a)\n{\n    for (;;)\n        g((a));\n}\n"}, "a/a.c:4"),
         ({"a/a.c": C + "static void f(int a)\n{\n    if (a) {\n    } else\n        g();\n}\n"}, "a/a.c:5")],
        [{"a/a.c": C + "static void f(int a)\n{\n    if (a) {\n    } else if (g(a)) {\n    }\n    do {\n    } while (a);\n}\n"},
         {"a/a.c": C + "/* if (a) g(); */\n#define IF(a) if (a) g()\nstatic const char *f = \"if (a) g();\";\n"}],
    ),
    "files_open_with_their_job": (
        [({"a/a.c": BODY}, "a/a.c:1"), ({"a/a.c": "\n" + C + BODY}, "a/a.c:1"),
         ({"a/a.h": "#ifndef A\n" + C + "#endif\n"}, "a/a.h:1")],
        [{"a/a.c": C + BODY}],
    ),
    "no_conditional_compilation": (
        [({"a/a.c": C + "#ifdef A\n#endif\n"}, "a/a.c:2"), ({"a/a.c": C + "\n# if A\n#endif\n"}, "a/a.c:3")],
        [{"a/a.c": C + "/*\n#ifdef A\n*/\n#define A 1\n", "a/a.h": C + "#ifndef A\n#endif\n"}],
    ),
    "no_struct_typedefs": (
        [({"a/a.h": C + "typedef struct a a;\n"}, "a/a.h:2"), ({"a/a.c": C + "typedef\nstruct { int b; } a;\n"}, "a/a.c:2")],
        [{"a/a.h": C + "/* typedef struct a a; */\ntypedef void (*a)(struct b *);\ntypedef enum b (*c)(int);\n"}],
    ),
    "outside_names_have_their_prefix": (
        [({"common/core/a.c": C + BODY.replace("static ", "")}, "common/core/a.c:2")],
        [{"common/core/a.c": C + BODY + BODY.replace("static int f", "int flash_f")}, {"engine/a.c": C + BODY}],
    ),
    "secrets_are_compared_in_constant_time": (
        [({"a/a.c": C + f"static bool f(void)\n{{\n    return {call} == 0;\n}}\n"}, "a/a.c:4")
         for call in ("memcmp(given, right_mac, 32)", "strcmp(key->secret, text)", "memcmp(known->token, token.at, token.len)",
                      "strncmp(a,\n            config->password, 3)")],
        [{"a/a.c": C + "static bool f(void)\n{\n    return CRYPTO_memcmp(mac, right, 32) == 0 && memcmp(a, machine, 4) == 0;\n}\n",
          "tests/a.c": C + "static bool f(void)\n{\n    return memcmp(mac, right, 32) == 0;\n}\n"}],
    ),
    "no_unsafe_calls": (
        [({"a/a.c": C + f"static void f(void)\n{{\n    {name} (x);\n}}\n"}, "a/a.c:4")
         for name in "strcpy strcat sprintf gets atoi strtok system popen rand sleep usleep".split()],
        [{"a/a.c": C + "/* strcpy(x) */\nstatic const char *f = \"gets(\";\nstatic int g(void)\n{\n"
                       "    return my_rand(x.rand(1)) + a->sleep(2) + snprintf(b, 1, c);\n}\n"}],
    ),
    "only_mains_and_tools_print": (
        [({"engine/a.c": C + "static void f(void)\n{\n    fprintf(stderr, \"x\");\n}\n"}, "engine/a.c:4")],
        [{path: C + "static void f(void)\n{\n    printf(\"x\");\n}\n"}
         for path in ("engine/main.c", "tools/x/a.c", "tests/engine/a.c")]
        + [{"engine/a.c": C + "static void f(void)\n{\n    snprintf(x, 1, y);\n}\n"}],
    ),
    "low_floors_never_log_or_exit": (
        [({"common/core/a.c": C + f"static void f(void)\n{{\n    {call};\n}}\n"}, "common/core/a.c:4")
         for call in ("exit(1)", "abort()", "_exit(1)", "FLASH_LOG(WARN, \"x\", y)", "flash_log_write(a, b, c, d)")],
        [{"engine/a.c": C + "static void f(void)\n{\n    exit(1);\n}\n"},
         {"common/core/log.c": C + "void flash_log_write(int a)\n{\n}\n"}],
    ),
    "clocks_are_read_at_the_edge": (
        [({path: C + f"static void f(void)\n{{\n    {call};\n}}\n"}, f"{path}:4")
         for path, call in (("engine/a.c", "clock_gettime(a, b)"), ("common/core/a.c", "time(NULL)"))],
        [{path: C + "static void f(void)\n{\n    clock_gettime(a, b);\n}\n"}
         for path in ("common/core/time.c", "common/redis/a.c", "tests/core/a.c")]
        + [{"engine/a.c": C + "static void f(void)\n{\n    flash_time(a.time(b));\n}\n"}],
    ),
    "floors_by_include": (
        [({"engine/a.c": C + '#include "flash/mysql.h"\n', "include/flash/mysql.h": C}, "engine/a.c:2"),
         ({"common/redis/a.c": C + '#include "flash/kafka.h"\n'}, "common/redis/a.c:2"),
         ({"common/core/a.c": C + '#include "flash/http_ops.h"\n'}, "common/core/a.c:2"),
         ({"include/flash/ids.h": C + '#include "flash/redis_sync.h"\n'}, "include/flash/ids.h:2"),
         ({"consumer/a.c": C + '#include "../engine/b.h"\n', "engine/b.h": C}, "consumer/a.c:2"),
         ({"consumer/a.c": C + '#include "b.h"\n', "engine/b.h": C}, "consumer/a.c:2"),
         ({"common/core/a.c": C + '#include "flash/mailbox.h"\n', "common/http/mailbox.c": C}, "common/core/a.c:2")],
        [{"engine/a.c": C + '#include "b.h"\n#include "flash/redis.h"\n#include <stdio.h>\n', "engine/b.h": C},
         {"consumer/a.c": C + '#include "flash/mysql.h"\n#include "flash/http_ops.h"\n'},
         {"common/mysql/a.c": C + '#include "flash/mysql.h"\n#include "flash/ids.h"\n'},
         {"engine/a.c": C + '/*\n#include "flash/mysql.h"\n*/\n'}],
    ),
    "client_headers_stay_in_their_adapter": (
        [({f"{folder}/a.c": C + f"#include <{header}>\n"}, f"{folder}/a.c:2")
         for folder, header in (("consumer", "mysql.h"), ("engine", "hiredis/async.h"), ("tests/engine", "mysql/mysql.h"),
                                ("common/http", "librdkafka/rdkafka.h"), ("engine", "http_parser.h"),
                                ("common/core", "event2/event.h"), ("common/core", "mariadb/mysql.h"))],
        [{"common/mysql/a.c": C + "#include <mysql.h>\n", "common/redis/a.c": C + "#include <hiredis/async.h>\n",
          "common/kafka/a.c": C + "#include <librdkafka/rdkafka.h>\n", "common/http/a.c": C + "#include <http_parser.h>\n",
          "engine/a.c": C + "#include <event2/event.h>\n", "tests/mysql/a.c": C + "#include <mysql.h>\n"}],
    ),
    "floors_by_link": (
        [({"engine/CMakeLists.txt": LINKS % ("flash_engine", "flash_mysql")}, "engine/CMakeLists.txt:1"),
         ({"engine/CMakeLists.txt": LINKS % ("flash-engine", "flash_mysql")}, "engine/CMakeLists.txt:1"),
         ({"common/core/CMakeLists.txt": "\n" + LINKS % ("flash_core", "flash_http")}, "common/core/CMakeLists.txt:2"),
         ({"common/http/CMakeLists.txt": LINKS % ("flash_http", "flash_redis")}, "common/http/CMakeLists.txt:1"),
         ({"consumer/CMakeLists.txt": LINKS % ("flash_consumer", "flash_engine")}, "consumer/CMakeLists.txt:1"),
         ({"consumer/CMakeLists.txt": LINKS % ("flash_consumer", "PkgConfig::MARIADB")}, "consumer/CMakeLists.txt:1")],
        [{"consumer/CMakeLists.txt": LINKS % ("flash-consumer", "flash_consumer flash_mysql PkgConfig::LIBEVENT"),
          "common/mysql/CMakeLists.txt": LINKS % ("flash_mysql", "flash_core\n    PRIVATE PkgConfig::MARIADB"),
          "tests/engine/CMakeLists.txt": LINKS % ("t", "flash_engine flash_fake_redis")},
         {"engine/CMakeLists.txt": "# " + LINKS % ("flash_engine", "flash_mysql")}],
    ),
    "sources_are_listed": (
        [({"engine/a.c": C, "engine/CMakeLists.txt": "add_library(x b.c)", "engine/b.c": C}, "engine/a.c:1"),
         ({"engine/CMakeLists.txt": "\nadd_library(x\n  b.c)"}, "engine/CMakeLists.txt:3"),
         ({"engine/CMakeLists.txt": "file(GLOB x *.h)"}, "engine/CMakeLists.txt:1"),
         ({"engine/CMakeLists.txt": "# b.c", "engine/b.c": C}, "engine/b.c:1"),
         ({"engine/CMakeLists.txt": "x(test_${name}.c) a", "engine/test_b.c": C}, "engine/test_b.c:1")],
        [{"engine/CMakeLists.txt": "add_library(x a.c ../tools/b.c ${PROJECT_SOURCE_DIR}/tools/c.c)", "engine/a.c": C,
          "tools/b.c": C, "tools/c.c": C},
         {"engine/CMakeLists.txt": "foreach(name a)\n  x(test_${name}.c)\nendforeach()", "engine/test_a.c": C},
         {"engine/CMakeLists.txt": "set(core ${PROJECT_SOURCE_DIR}/common)\nx(${core}/a.c)", "common/a.c": C}],
    ),
    "public_headers_stand_alone": (
        [({"include/flash/a.h": C + "uint8_t f(void);\n"}, "include/flash/a.h:1"),
         ({"include/flash/a.h": C + '#include "flash/missing.h"\n'}, "include/flash/a.h:1")],
        [{"include/flash/a.h": C + '#include "flash/b.h"\n', "include/flash/b.h": C + "#include <stdint.h>\n"}],
    ),
    "clang_format_agrees": (
        [({"a/a.c": C + "static int  f;\n", ".clang-format": "BasedOnStyle: LLVM\n"}, "a/a.c:2")],
        [{"a/a.c": C + "static int f;\n", ".clang-format": "BasedOnStyle: LLVM\n"}],
    ),
    "nothing_is_left_over": (
        [({"docs/a.md": "one\n" + word + ": two\n"}, "docs/a.md:2") for word in ("TO" "DO", "FIX" "ME", "XX" "X")],
        [{"a/a.c": C + 'static char f[] = "/tmp/x-' + "X" * 6 + '";\n', "a/b.bin": "TO" "DO\0"}],
    ),
    "no_machine_paths": (
        [({"deploy/a": "one\ncd /" + "ho" "me/somebody\n"}, "deploy/a:2"), ({"a/a.c": C + '"/' "wo" 'rk/x"\n'}, "a/a.c:2")],
        [{"deploy/a": "cd $DIR/work/x /tmp/work a/home/b https://x.org/home/y\n"}],
    ),
    "decisions_are_numbered": (
        [({"docs/adr/0002-a.md": "# 0002. A\n"}, "docs/adr/0002-a.md:1"), ({"docs/adr/a.md": "# 0001 A\n"}, "docs/adr/a.md:1"),
         ({"docs/adr/0001-a.md": "# A\n"}, "docs/adr/0001-a.md:1")],
        [{"docs/adr/0001-a.md": "# 0001. A\n", "docs/adr/0002-b.md": "# 0002. B\n"}],
    ),
    "scripts_are_short": (
        [({"lua/a.lua": LUA + "\n" * 77}, "lua/a.lua:81")],
        [{"lua/a.lua": LUA + "\n" * 76, "tests/lua/a.lua": "\n" * 99}],
    ),
    "scripts_have_their_header": (
        [({"lua/a.lua": LUA.replace("ARGV: ", "")}, "lua/a.lua:1"), ({"lua/a.lua": "local a\n" + LUA}, "lua/a.lua:1")],
        [{"lua/a.lua": LUA}, {"lua/a.lua": "#!lua flags=no-writes\n" + LUA}],
    ),
    "scripts_answer_status_words": (
        [({"lua/a.lua": LUA + "return redis.error_reply('x')\n"}, "lua/a.lua:5"),
         ({"lua/a.lua": LUA + "if a then\n    return nil\nend\nreturn {'OK'}\n"}, "lua/a.lua:6"),
         ({"lua/a.lua": LUA + "local reply = {1}\nreturn reply\n"}, "lua/a.lua:6"),
         ({"lua/a.lua": LUA + "for i = 1, 2 do if i then return {i} end end\n"}, "lua/a.lua:5")],
        [{"lua/a.lua": LUA + "local function f(x)\n    if x then return 1 end\n    return x\nend\nreturn {'OK', f(1)}\n"},
         {"lua/a.lua": LUA + "local reply = {a and 'OK' or 'ABSENT', 1}\nif a then return {'OLD'} end\nreturn reply\n"}],
    ),
}


def plant(folder, files):
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return Tree(folder)


def test_every_rule_is_tested():
    assert set(PLANTED) == set(RULES)


@pytest.mark.parametrize("name", PLANTED)
def test_flags_what_was_planted(tmp_path, name):
    for number, (files, place) in enumerate(PLANTED[name][0]):
        findings = [str(finding) for finding in RULES[name](plant(tmp_path / str(number), files))]
        assert [text.rsplit(": ", 1)[0].split(": ")[0] for text in findings][:1] == [place], (files, findings)


@pytest.mark.parametrize("name", PLANTED)
def test_lets_the_good_twin_pass(tmp_path, name):
    for number, files in enumerate(PLANTED[name][1]):
        assert [str(finding) for finding in RULES[name](plant(tmp_path / str(number), files))] == [], files
