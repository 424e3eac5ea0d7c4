"""pytest plugin: the session's folder (--basetemp) goes when all tests have passed and stays, with its logs, when not."""
import os
import shutil


def pytest_runtest_logreport(report):
    if report.failed:
        os.environ["FLASH_TEST_FAILED"] = report.nodeid  # stack.py then leaves its folder alone


def pytest_sessionfinish(session, exitstatus):
    folder = session.config.option.basetemp
    if exitstatus == 0 and folder:
        shutil.rmtree(folder, ignore_errors=True)


def pytest_terminal_summary(terminalreporter, exitstatus, config):
    if exitstatus != 0 and config.option.basetemp:
        terminalreporter.write_line(f"kept, with the logs: {config.option.basetemp}")
