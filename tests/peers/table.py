#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Usage: table.py ROWS

Prints what the last run of the tests load.peer_* measured: one line for each file in the folder ROWS, which they write.
"""

import json
import pathlib
import sys

HEADINGS = ("PROGRAM", "WAY", "HANDOVER", "DEPLOYS", "REQUESTS", "FAILED", "BEGUN", "FAILED",
            "KEPT ALIVE", "FAILED", "WORST WAIT")


def count(row, of):
    return (str(row[of]), str(row[of + "_failed"])) if row.get(of) else ("-", "-")


def cells(path):
    row = json.loads(path.read_text())
    name = path.name.replace("_as_an_ordinary_user", " (no root)")
    if "absent" in row:
        return (name, "not here: " + row["absent"])
    return (name, row["way"], row["handover"], f"{row['deploys']} + broken, rollback, stop", str(row["requests"]),
            str(row["failed"]), *count(row, "begun"), *count(row, "kept"), f"{row['worst_ms']:.0f} ms")


def main():
    rows = [cells(path) for path in sorted(pathlib.Path(sys.argv[1]).glob("*"))]
    full = [row for row in rows if len(row) == len(HEADINGS)]
    widths = [max(len(row[i]) for row in [HEADINGS, *full]) for i in range(len(HEADINGS))]
    for row in ([HEADINGS] if rows else []) + rows:
        print("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths)).rstrip())


if __name__ == "__main__":
    main()
