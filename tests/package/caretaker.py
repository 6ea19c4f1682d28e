#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Usage: caretaker.py STAGE, or caretaker.py --sweep

Makes a cgroup for the container of a test and says "ready". When its standard input ends, and with it the test,
whatever still runs in that cgroup is killed, and the cgroup and the empty folder STAGE are removed. Where test and
caretaker were killed together, cgroup and folder stay, both empty: --sweep removes these, and so does the next test.
Takes root and a mount namespace of its own. Exit status: 0, or 1 and what went wrong on standard output.
"""

import contextlib
import os
import pathlib
import select
import signal
import subprocess
import sys
import tempfile

PREFIX = "rollctl-container."


def mount_cgroups(on):
    """The cgroup2 hierarchy, and the place of this process in it."""
    subprocess.run(["mount", "-t", "cgroup2", "cgroup2", on], check=True)
    for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines():
        if line.startswith("0::/"):
            return on / line[len("0::/"):]
    raise OSError("this process is in no cgroup2")


def populated(cgroup):
    return "populated 1" in (cgroup / "cgroup.events").read_text()


def remove(cgroup):
    """With all below it, where nothing runs any more."""
    for folder, _, _ in os.walk(cgroup, topdown=False):
        with contextlib.suppress(FileNotFoundError):
            os.rmdir(folder)


def sweep(parent):
    """As long as a caretaker lives, its cgroup is populated."""
    for cgroup in parent.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            if not populated(cgroup):
                remove(cgroup)
                pathlib.Path(tempfile.gettempdir(), cgroup.name).rmdir()


def kill_all(cgroup):
    with open(cgroup / "cgroup.events", encoding="ascii") as events:
        changes = select.poll()
        changes.register(events, select.POLLPRI)
        (cgroup / "cgroup.kill").write_text("1")
        while "populated 1" in events.read():
            if not changes.poll(20000):
                raise OSError(f"what runs in {cgroup} does not end")
            events.seek(0)


def main():
    if sys.argv[1] == "--sweep":
        with tempfile.TemporaryDirectory() as folder:
            sweep(mount_cgroups(pathlib.Path(folder)))
            subprocess.run(["umount", folder], check=True)
        return
    os.setsid()
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    stage = pathlib.Path(sys.argv[1])
    parent = mount_cgroups(stage)
    cgroup = parent / stage.name
    (cgroup / "caretaker").mkdir(parents=True)
    (cgroup / "caretaker" / "cgroup.procs").write_text("0")
    (cgroup / "container").mkdir()
    sweep(parent)
    print("ready", flush=True)
    sys.stdin.read()
    kill_all(cgroup / "container")
    (parent / "cgroup.procs").write_text("0")
    remove(cgroup)
    subprocess.run(["umount", stage], check=True)
    stage.rmdir()


if __name__ == "__main__":
    try:
        main()
    except (OSError, subprocess.CalledProcessError) as problem:
        print(problem, flush=True)
        sys.exit(1)
