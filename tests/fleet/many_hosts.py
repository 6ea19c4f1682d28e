#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
"""Usage: many_hosts.py [--all]

Rollouts over 300 hosts that are folders here, with a stand-in for rollctl. One goes over its budget in the third wave:
the order of the waves, the budget, the way back and the report are right, and the controller needs at most 0.15 s of
processor time for a host, the stand-in's included. --all: also good ones over 3, 30 and 300 hosts.

Exit status: 0 all is right, 1 something is not.
"""

import json
import sys
import time

from fleet import Fleet, Trouble, check, children_time

HOSTS = 300
MOST_SECONDS = 0.15  # of a processor, a host
FAILING, BUDGET = ("h040", "h077", "h123", "h150"), 3


def measure(fleet, *words, **options):
    """Processor seconds a host."""
    before, begun = children_time(), time.monotonic()
    fleet.roll_out(*words, **options)
    used = (children_time() - before) / len(fleet.names)
    print(f"{len(fleet.names):4} hosts: {used:.3f} processor-seconds a host, {time.monotonic() - begun:.1f} s in all, "
          f"{fleet.report['outcome']:16} {'#' * round(used * 100)}", flush=True)
    return used


def goes_over_its_budget():
    with Fleet(HOSTS, flaky=FAILING[:1]) as fleet:
        fleet.tell(FAILING[0], "unreachable", 2)
        for name in FAILING[1:]:
            fleet.tell(name, "deploy", 1)
        used = measure(fleet, "v2", status=2, rollctl_max_failed=BUDGET)
        report = fleet.report
        check([len(wave["hosts"]) for wave in report["waves"]] == [1, 30, 150], "the waves have other sizes")
        check([name for wave in report["waves"] for name in wave["hosts"]] == fleet.names[:181],
              "the waves have other hosts")
        begun = [min((fleet.host(name) / "calls").stat().st_mtime_ns for name in wave["hosts"] if fleet.calls(name))
                 for wave in report["waves"]]
        check(begun == sorted(begun), "the waves are not in their order")
        wanted = {"rolled_back": [name for name in fleet.names[:181] if name not in FAILING],
                  "unreachable": [FAILING[0]], "failed": list(FAILING[1:]), "skipped": fleet.names[181:]}
        check(fleet.outcomes() == wanted, json.dumps(fleet.outcomes()))
        check(fleet.serving("v1") == fleet.names, "not all serve v1")
        check(not any(fleet.calls(name) for name in wanted["skipped"]), "a host that is skipped was deployed to")
        check(report["connections_cut"] == 177, f"{report['connections_cut']} connections cut")
        check(used <= MOST_SECONDS, f"{used:.3f} processor-seconds a host, {MOST_SECONDS} at most")


def is_good():
    for count in (3, 30, HOSTS):
        with Fleet(count) as fleet:
            used = measure(fleet, "v2")
            check(fleet.outcomes() == {"deployed": fleet.names}, json.dumps(fleet.outcomes()))
            check(count < HOSTS or used <= MOST_SECONDS, f"{used:.3f} processor-seconds a host, {MOST_SECONDS} at most")


if __name__ == "__main__":
    try:
        goes_over_its_budget()
        if sys.argv[1:] == ["--all"]:
            is_good()
    except Trouble as trouble:
        print("WRONG:", trouble)
        sys.exit(1)
