#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Usage: table.py FOLDER RUN...

Prints one table of the runs that are in FOLDER (RUN.out, RUN.console): a row for each check, a column for each run;
below it what failed, and what a kernel cannot do. Exit status: 0 nothing failed, 1 something did, or a run has not
come to its end.
"""

import pathlib
import re
import sys

VERDICT = re.compile(r"^RESULT (ok|FAIL|none) (\S+): (.*)$")
COMPLAINT = re.compile(r"WARNING|BUG:|Oops|stall|lockup|Call Trace|general protection|Kernel panic")
RANK = ["none", "ok", "FAIL"]
SHOWN = {"none": "-", "ok": "ok", "FAIL": "FAIL"}


def read(folder, run):
    """{check: verdict} of a run, and its failures and gaps as lines."""
    verdicts, remarks = {}, []
    out, console = folder / f"{run}.out", folder / f"{run}.console"
    said = out.read_text(errors="replace") if out.exists() else ""

    def add(verdict, check, text):
        verdicts[check] = max(verdict, verdicts.get(check, "none"), key=RANK.index)
        if verdict != "ok":
            remarks.append(f"{SHOWN[verdict]:4}  {run}  {check}: {text}")

    for line in said.splitlines():
        if match := VERDICT.match(line):
            add(*match.groups())
    add("ok" if "\n=== end" in said else "FAIL", "end", "the checks have not come to their end")
    complaints = [line for line in (console.read_text(errors="replace") if console.exists() else "").splitlines()
                  if COMPLAINT.search(line)]
    if complaints:
        add("FAIL", "kernel-log", complaints[0])
    return verdicts, remarks


def main():
    folder, runs = pathlib.Path(sys.argv[1]), sys.argv[2:]
    found = {run: read(folder, run) for run in runs}
    checks = list(dict.fromkeys(check for verdicts, _ in found.values() for check in verdicts))
    checks.sort(key=lambda check: check in ("kernel-log", "end"))
    width = max(map(len, checks))
    columns = [max(len(run), 4) for run in runs]
    print(" " * width, *(f"{run:>{column}}" for run, column in zip(runs, columns)), sep="  ")
    for check in checks:
        cells = (SHOWN.get(found[run][0].get(check), "") for run in runs)
        print(f"{check:{width}}", *(f"{cell:>{column}}" for cell, column in zip(cells, columns)), sep="  ")
    remarks = [remark for _, lines in found.values() for remark in lines]
    if remarks:
        print("", *remarks, sep="\n")
    return 1 if any("FAIL" in verdicts.values() for verdicts, _ in found.values()) else 0


sys.exit(main())
