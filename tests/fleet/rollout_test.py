#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
"""Usage: rollout_test.py [PATTERN]

The playbook rollout over hosts that are folders here, with a stand-in for rollctl: what it does, and what its report
says. PATTERN: only the tests whose name has it. Exit status: 0 all is right, 1 something is not.
"""

import contextlib
import http.server
import json
import os
import signal
import sys
import threading
import time
import traceback

from fleet import Fleet, Trouble, check

WAVES = [1, 2, "100%"]


def equal(found, wanted, what):
    check(found == wanted, f"{what}: {found}, not {wanted}")


def untouched(fleet):
    equal(fleet.serving("v1"), fleet.names, "who serves v1")
    equal([name for name in fleet.names if fleet.calls(name)], [], "who was deployed to")


def await_true(condition, what):
    deadline = time.monotonic() + 120
    while not condition():
        check(time.monotonic() < deadline, f"waited too long: {what}")
        time.sleep(0.02)


def goes_in_waves():
    """Each host once, one wave after the other; each deploy has the note of the rollout."""
    with Fleet(6) as fleet:
        report = fleet.roll_out("v2", rollctl_waves=WAVES)
        equal(fleet.serving("v2"), fleet.names, "who serves v2")
        equal([wave["hosts"] for wave in report["waves"]], [["h001"], ["h002", "h003"], ["h004", "h005", "h006"]],
              "waves")
        equal((report["outcome"], report["open"], report["connections_cut"]), ("done", False, 6), "the report")
        equal(fleet.outcomes(), {"deployed": fleet.names}, "outcomes")
        begun = [(fleet.host(name) / "log").stat().st_mtime_ns for name in ("h001", "h003", "h004")]
        equal(begun, sorted(begun), "the order")
        check(all(fleet.calls(name, "calls") == [f"deploy deploy web v2 --json --note rollout {report['id']}"]
                  for name in fleet.names), f"calls: {fleet.calls('h001', 'calls')}")
        check("rollout of web v2: done" in fleet.said, "it does not print the report")
        # The same again.
        report = fleet.roll_out("v2", rollctl_waves=["100%"])
        equal(fleet.outcomes(), {"unchanged": fleet.names}, "outcomes of the same again")


def goes_back():
    """Past the budget: later waves are left out, all that had changed return."""
    with Fleet(6) as fleet:
        fleet.tell("h003", "deploy", 1)
        report = fleet.roll_out("v2", status=2, rollctl_waves=WAVES)
        equal(fleet.serving("v1"), fleet.names, "who serves v1")
        equal(fleet.outcomes(),
              {"rolled_back": ["h001", "h002"], "failed": ["h003"], "skipped": ["h004", "h005", "h006"]},
              "outcomes")
        equal((report["outcome"], len(report["waves"]), report["connections_cut"]), ("rolled_back", 2, 2), "the report")
        check("told so" in report["hosts"]["h003"]["msg"] and "v1 serves" in report["hosts"]["h003"]["msg"],
              "no reason")
        equal([fleet.calls(name) for name in ("h003", "h004")], [["deploy v2 begins"], []], "what ran")


def counts_both():
    """Failed and unreachable hosts count alike, over all waves."""
    with Fleet(6, flaky=["h002"]) as fleet:
        fleet.tell("h002", "unreachable", 2)
        fleet.tell("h004", "deploy", 3)
        report = fleet.roll_out("v2", status=2, rollctl_waves=[1, 1, 1, 1, 1], rollctl_max_failed=1)
        equal((report["outcome"], len(report["waves"])), ("needs_attention", 4), "the report")
        equal(fleet.outcomes(), {"rolled_back": ["h001", "h003"], "unreachable": ["h002"], "failed": ["h004"],
                                 "skipped": ["h005", "h006"]}, "outcomes")
        equal(fleet.serving("v1"), fleet.names, "who serves v1")
        # With one more in the budget the others get it, and the exit status still tells.
        fleet.forget("h002", "unreachable")
        fleet.tell("h002", "deploy", 1)
        report = fleet.roll_out("v2", status=2, rollctl_waves=["50%"], rollctl_max_failed="34%")
        equal((report["outcome"], fleet.outcomes()), ("incomplete", {"deployed": ["h001", "h003", "h005", "h006"],
                                                                  "failed": ["h002", "h004"]}), "within the budget")


def plans_first():
    """One host that could not, and nothing starts: a dry run that fails, a host that is down, doctor, no disk space."""
    with Fleet(4, flaky=["h004"]) as fleet:
        fleet.tell("h002", "plan", 2)
        fleet.tell("h003", "lossy", "")
        fleet.tell("h004", "unreachable", 1)
        report = fleet.roll_out("v2", status=2)
        untouched(fleet)
        equal((report["outcome"], report["open"], report["waves"]), ("not_started", False, []), "the report")
        equal(fleet.outcomes(), {"skipped": ["h001"], "refused": ["h002", "h003"], "unreachable": ["h004"]}, "outcomes")
        check("told so" in report["hosts"]["h002"]["msg"] and "run it as root" in report["hosts"]["h003"]["msg"],
              "no reasons")
        for name, what in (("h002", "plan"), ("h004", "unreachable")):
            fleet.forget(name, what)
        fleet.roll_out("v2", status=2, rollctl_allow_lossy=True, rollctl_min_free_mb=1 << 40)
        untouched(fleet)
        equal(fleet.outcomes(), {"refused": fleet.names}, "outcomes without space")
        fleet.roll_out("v2", rollctl_allow_lossy=True)
        equal(fleet.serving("v2"), fleet.names, "who serves v2")


def asks_a_command():
    """The gate's own check, between two waves and after the last."""
    with Fleet(3) as fleet:
        gate = f"sh -c 'echo . >>{fleet.home}/asked; [ $(wc -l <{fleet.home}/asked) != 2 ]'"
        report = fleet.roll_out("v2", status=2, rollctl_waves=[1], rollctl_gate_command=gate)
        equal((report["outcome"], [wave["check"] for wave in report["waves"]]), ("rolled_back", ["passed", "failed"]),
              "gate")
        check("Gate command: non-zero return code" in report["why"], report["why"])
        equal(fleet.serving("v1"), fleet.names, "who serves v1")
        report = fleet.roll_out("v2", rollctl_waves=[1], rollctl_gate_command=gate, rollctl_pause=1)
        equal([wave["check"] for wave in report["waves"]], ["passed"] * 3, "gate")
        equal(fleet.said.count("Pausing for 1 seconds"), 2, "pauses")


class Answers(http.server.BaseHTTPRequestHandler):
    status, samples = 200, [{"value": [0, "0"]}]

    def do_GET(self):  # pylint: disable=invalid-name
        prometheus = self.path.startswith("/api/v1/query?query=up%20%3C%201")
        body = json.dumps({"status": "success", "data": {"result": self.samples}} if prometheus else {}).encode()
        self.send_response(200 if prometheus else self.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):  # pylint: disable=arguments-differ
        pass


@contextlib.contextmanager
def answering(**attributes):
    handler = type("Handler", (Answers,), attributes)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def asks_the_web():
    """A URL that must answer 200, a Prometheus query that must have a result."""
    with Fleet(2) as fleet:
        def settings(url):
            return {"rollctl_waves": [1], "rollctl_gate_url": f"{url}/good", "rollctl_prometheus_url": url,
                    "rollctl_prometheus_query": "up < 1"}
        with answering(status=503) as url:
            report = fleet.roll_out("v2", status=2, **settings(url))
            check("Gate URL: Status code was 503" in report["why"], report["why"])
        with answering(samples=[]) as url:
            report = fleet.roll_out("v2", status=2, **settings(url))
            check("Prometheus query" in report["why"], report["why"])
        equal(fleet.serving("v1"), fleet.names, "who serves v1")
        with answering() as url:
            fleet.roll_out("v2", **settings(url))
        # Nobody answers a prompt here: that is not a yes.
        report = fleet.roll_out("v3", status=2, rollctl_waves=[1], rollctl_prompt=True)
        check("Question" in report["why"] and fleet.serving("v2") == fleet.names, report["why"])


def goes_on():
    """The controller killed in wave two, and run again: no host twice. What fails then takes back the first run's
    too."""
    for fails, settings in ((False, {}), (True, {}), (True, {"rollctl_id": "ci-7"})):
        with Fleet(5) as fleet:
            for name in ("h002", "h003"):
                fleet.tell(name, "hangs", "")
            with fleet.start("v2", rollctl_waves=[1, 2, 2], **settings) as playbook:
                await_true(lambda: "deploy v2 begins" in fleet.calls("h002"), "wave two")
                os.killpg(playbook.pid, signal.SIGKILL)
            equal((fleet.report["open"], fleet.serving("v2")), (True, ["h001"]), "after the kill")
            first = fleet.report["id"]
            for name in ("h002", "h003"):
                fleet.forget(name, "hangs")
            if fails:
                fleet.tell("h004", "deploy", 1)
            if settings:  # another controller, which has no report
                fleet.report_file.unlink()
            report = fleet.roll_out("v2", status=2 if fails else 0, rollctl_waves=[1, 2, 2], **settings)
            equal((report["id"], report["runs"]), (first, 1 if settings else 2), "the rollout")
            equal(len(fleet.calls("h001", "calls")), 2, "calls of the first host")
            equal(fleet.calls("h001").count("deploy v2 begins"), 1, "deploys of the first host")
            equal(fleet.serving("v1" if fails else "v2"), fleet.names, "who serves it")
            equal(fleet.outcomes(), {"rolled_back": ["h001", "h002", "h003", "h005"], "failed": ["h004"]} if fails else
                  {"deployed": fleet.names}, "outcomes")


def keeps_a_rollout_open():
    """A second run that may not begin leaves the first one to be continued; another release is another rollout."""
    with Fleet(3) as fleet:
        fleet.tell("h002", "hangs", "")
        with fleet.start("v2", rollctl_waves=[1]) as playbook:
            await_true(lambda: "deploy v2 begins" in fleet.calls("h002"), "wave two")
            os.killpg(playbook.pid, signal.SIGKILL)
        first = fleet.report["id"]
        fleet.tell("h003", "plan", 7)
        report = fleet.roll_out("v2", status=2)
        equal((report["id"], report["open"], report["outcome"]), (first, True, "not_started"), "the rollout")
        fleet.forget("h003", "plan")
        fleet.forget("h002", "hangs")
        fleet.tell("h003", "deploy", 1)
        report = fleet.roll_out("v3", status=2, rollctl_waves=[1])
        check(report["id"] != first and report["runs"] == 1, "another release goes on with the old rollout")
        equal(fleet.serve(), {"h001": "v2", "h002": "v1", "h003": "v1"}, "who serves")


def tries_a_canary():
    """Only the first host, and only once."""
    with Fleet(3) as fleet:
        fleet.roll_out("v2", rollctl_waves=[1, 2], rollctl_canary="10%", rollctl_bake="5m", rollctl_hold="10m")
        calls = [fleet.calls(name, "calls")[0] for name in fleet.names]
        equal([[word in call for word in ("--canary 10%", "--bake 5m", "--hold 10m")] for call in calls],
              [[True, True, True], [False, False, True], [False, False, True]], "canary and hold")


def refuses_a_canary_for_ever():
    """One that is not promoted by itself, since nobody would end it."""
    with Fleet(2) as fleet:
        with fleet.start("v2", rollctl_canary="10%") as playbook:
            said = playbook.communicate(timeout=200)[0]
        check(playbook.returncode != 0 and "rollctl_canary needs rollctl_bake" in said, said)
        untouched(fleet)


def runs_other_tasks():
    """Before and behind each deploy; a host on which they fail is not deployed to, and counts."""
    with Fleet(3) as fleet:
        (fleet.home / "before.yml").write_text(
            "- name: Take it out\n  ansible.builtin.command: sh -c '[ {{ inventory_hostname }} != h002 ]'\n"
            "  changed_when: true\n")
        (fleet.home / "after.yml").write_text(
            f"- name: Take it in\n  ansible.builtin.command: touch {fleet.home}/in.{{{{ inventory_hostname }}}}\n")
        report = fleet.roll_out("v2", status=2, rollctl_waves=[1, 1, 1], rollctl_before=str(fleet.home / "before.yml"),
                                rollctl_after=str(fleet.home / "after.yml"))
        equal(fleet.outcomes(), {"rolled_back": ["h001"], "failed": ["h002"], "skipped": ["h003"]}, "outcomes")
        check(report["hosts"]["h002"]["msg"].startswith("Take it out: "), report["hosts"]["h002"]["msg"])
        equal((fleet.calls("h002"), [path.name for path in fleet.home.glob("in.*")]), ([], ["in.h001"]), "what ran")


def says_who_is_stuck():
    """A host that does not go back; one that is gone when it is to go back; and no rollback at all if none is
    wanted."""
    with Fleet(4, flaky=["h002"]) as fleet:
        fleet.tell("h001", "rollback", 3)
        fleet.tell("h002", "unreachable", 3)
        fleet.tell("h003", "deploy", 1)
        report = fleet.roll_out("v2", status=2, rollctl_waves=[1])
        equal((report["outcome"], fleet.outcomes()),
              ("needs_attention", {"stuck": ["h001", "h002"], "failed": ["h003"], "skipped": ["h004"]}), "stuck")
        check("told so" in report["hosts"]["h001"]["msg"] and "not reached" in report["hosts"]["h002"]["msg"],
              "no reasons")
    with Fleet(3) as fleet:
        fleet.tell("h002", "deploy", 1)
        report = fleet.roll_out("v2", status=2, rollctl_waves=[1], rollctl_rollback=False)
        equal((report["outcome"], fleet.serve()), ("stopped", {"h001": "v2", "h002": "v1", "h003": "v1"}),
              "no rollback")


def keeps_to_a_limit():
    """Hosts of --limit alone; and the exit status still tells."""
    with Fleet(4) as fleet:
        fleet.tell("h002", "deploy", 1)
        report = fleet.roll_out("v2", "--limit", "h001,h002", status=2, rollctl_waves=[1])
        equal((report["outcome"], fleet.outcomes()), ("rolled_back", {"rolled_back": ["h001"], "failed": ["h002"]}),
              "the limit")
        fleet.roll_out("v2", "--limit", "h003,h004")
        equal(fleet.serving("v2"), ["h003", "h004"], "who serves v2")


def needs_its_books():
    """Where the report cannot be written nothing begins, or the rollout ends where it is; and it can go on elsewhere."""
    with Fleet(3) as fleet:
        def play(**settings):
            with fleet.start("v2", rollctl_waves=[1], rollctl_id="r1", **settings) as playbook:
                return playbook.communicate(timeout=200)[0], playbook.returncode
        (fleet.home / "file").touch()
        said, status = play(rollctl_report=f"{fleet.home}/file/report.json")
        check(status != 0 and "cannot be kept" in said, said)
        untouched(fleet)
        books = fleet.home / "books"
        (fleet.home / "after.yml").write_text(
            f"- name: Lose it\n  ansible.builtin.raw: rm -r {books} && touch {books}\n")
        said, status = play(rollctl_report=f"{books}/report.json", rollctl_after=str(fleet.home / "after.yml"))
        check(status != 0 and "cannot be kept" in said, said)
        equal(fleet.serving("v2"), ["h001"], "who serves v2")
        fleet.roll_out("v2", rollctl_waves=[1], rollctl_id="r1")
        equal(fleet.outcomes(), {"deployed": fleet.names}, "outcomes")


def waits_only_so_long():
    """For a deploy that hangs; what it did is not known then, so the host is looked at when the others go back."""
    with Fleet(2) as fleet:
        fleet.tell("h002", "hangs", "")
        report = fleet.roll_out("v2", status=2, rollctl_waves=[1],
                                rollctl_deploy_timeout="{{ 5 if inventory_hostname == 'h002' else 300 }}")
        equal((report["outcome"], report["hosts"]["h002"]["unknown"]), ("rolled_back", True), "the report")
        check("v2 does not serve; v1 serves" in report["hosts"]["h002"]["msg"], report["hosts"]["h002"]["msg"])


def only_looks():
    """--check plans, touches nothing, and leaves the report of a real rollout alone."""
    with Fleet(2) as fleet:
        fleet.start("v2", "--check").communicate(timeout=200)
        equal((fleet.serving("v1"), [fleet.calls(name) for name in fleet.names]), (fleet.names, [[], []]), "a dry run")
        check(not fleet.report_file.exists(), "a dry run wrote the report")
        check(json.loads((fleet.home / "report.json.check").read_text())["dry"], "the report of the dry run")


TESTS = [goes_in_waves, goes_back, counts_both, plans_first, asks_a_command, asks_the_web, goes_on,
         keeps_a_rollout_open,
         tries_a_canary, refuses_a_canary_for_ever, runs_other_tasks, says_who_is_stuck, keeps_to_a_limit, needs_its_books,
         waits_only_so_long, only_looks]


def main():
    failed = 0
    for test in TESTS:
        if not any(pattern in test.__name__ for pattern in sys.argv[1:] or [""]):
            continue
        begun = time.monotonic()
        try:
            test()
            print(f"ok     {test.__name__}, {time.monotonic() - begun:.1f} s", flush=True)
        except Trouble as trouble:
            failed += 1
            print(f"WRONG  {test.__name__}: {trouble}", flush=True)
        except Exception:  # pylint: disable=broad-except
            failed += 1
            print(f"WRONG  {test.__name__}:", flush=True)
            traceback.print_exc()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
