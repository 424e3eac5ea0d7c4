#!/usr/bin/python3
"""Ends what a rig has started when its harness was killed: waits for the end of its stdin, which is the harness' to close.

usage: watch.py FOLDER    a word that comes first means that the harness has seen to it
"""
import contextlib
import os
import pathlib
import signal
import subprocess
import sys

LOCAL = pathlib.Path(__file__).resolve().parents[2] / "deploy" / "local"


def belong_to(folder):
    """The processes whose clock is a file of this rig: our daemons, and Redis."""
    for entry in pathlib.Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and f"FLASH_SKEW_FILE={folder}/".encode() in (entry / "environ").read_bytes():
                yield int(entry.name)


def main():
    folder = pathlib.Path(sys.argv[1])
    if sys.stdin.buffer.read(1):
        return
    stack = folder / "stack"
    for pid in belong_to(folder):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    subprocess.run([LOCAL, "down", "--dir", stack], check=False)
    subprocess.run(["umount", "-l", stack / "mariadb"], check=False)
    subprocess.run([LOCAL, "down", "--purge", "--dir", stack], check=False)


if __name__ == "__main__":
    main()
