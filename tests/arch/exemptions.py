"""What is allowed to differ, and why: (rule, path, subject) to a reason.

The subject is a function, a call or an include as the finding names it, or "*" for all of the file. A row that excuses
nothing any more fails the test, so the table cannot outlive its reasons.
"""

HELP = "--help, --version and --check-config are answered on stdout, once for all daemons"
STREAM = "formats into a memory stream, not onto the terminal"
CONTRACT = "one call, not an object: a request struct would be filled and used on adjacent lines by every caller"
CURL = "the signature is libcurl's"
ARGV = "argc and argv belong together, as main has them"

EXEMPT = {
    ("parameters_are_few", "admin/reconciler.c", "look_up"): CURL,
    ("only_mains_and_tools_print", "common/core/config.c", "printf"): HELP,
    ("only_mains_and_tools_print", "common/core/config_args.c", "fprintf"): HELP,
    ("only_mains_and_tools_print", "common/core/config_format.c", "fprintf"): HELP,
    ("only_mains_and_tools_print", "common/core/metrics.c", "fprintf"): STREAM,
    ("secrets_are_compared_in_constant_time", "common/core/config_keys.c", "strcmp"): "a table of names of settings",
    ("parameters_are_few", "common/core/config.c", "flash_config_load"): ARGV,
    ("parameters_are_few", "include/flash/config.h", "flash_config_load"): ARGV,
    ("parameters_are_few", "common/mysql/statement.c", "flash_mysql_exec"): CONTRACT,
    ("parameters_are_few", "include/flash/mysql.h", "flash_mysql_exec"): CONTRACT,
    ("parameters_are_few", "tests/admin/fake_mysql.c", "flash_mysql_exec"): CONTRACT,
    ("parameters_are_few", "tests/consumer/fake_mysql.c", "flash_mysql_exec"): CONTRACT,
    ("parameters_are_few", "tests/fuzz/fuzz_plan.c", "flash_mysql_exec"): CONTRACT,
    ("parameters_are_few", "tests/reconciler/fake_ledger.c", "flash_mysql_exec"): CONTRACT,
    ("parameters_are_few", "tests/reconciler/fake_record.c", "flash_mysql_exec"): CONTRACT,
    ("parameters_are_few", "tests/reconciler/test_muster.c", "flash_mysql_exec"): CONTRACT,
}
