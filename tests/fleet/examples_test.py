#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
"""Usage: examples_test.py BUILD

The examples in the documentation of the modules, with the real rollctl of BUILD, each module's in namespaces of their
own where an app `web` serves v1. Done twice: the second time what is the same already is not changed. And what diff and
check mode show.

Exit status: 0 all is right, 1 something is not, 77 it could not be run (it takes root).
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

import yaml

from fleet import TREE, Trouble, check, environment, link_collection

sys.path.insert(0, str(TREE / "tests/man"))
import examples as man  # pylint: disable=wrong-import-position

# Whether each task of the examples changes something, the first time and the second.
CHANGES = {
    "deploy": ([True, True], None), "rollback": ([True, False], None), "restart": ([True], [True]),
    "promote": ([True, True], None), "abort": ([True, True], [True, True]), "scale": ([True], [False]),
    "stop": ([True], [False]), "info": ([False, False], None),
    "app": ([True, True, True], None), "tally": None,  # a part of the playbook
}


def play(home, tasks, *more):
    """The result of each task that was not skipped."""
    (home / "play.yml").write_text(json.dumps([{"hosts": "localhost", "connection": "local", "gather_facts": False,
                                               "tasks": tasks}]))
    results = home / "results"
    results.unlink(missing_ok=True)
    done = subprocess.run(["ansible-playbook", "-i", "localhost,", home / "play.yml", *more], check=False, text=True,
                          env={**environment(home, home / "collections"), "ROLL_RESULTS": str(results),
                               "ANSIBLE_CALLBACKS_ENABLED": "results"},
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=200)
    return [json.loads(line) for line in results.read_text().splitlines()], done.stdout


def examples_of(module):
    text = (TREE / f"packaging/ansible/plugins/modules/{module}.py").read_text()
    space = {}
    exec(compile(text, module, "exec"), space)  # pylint: disable=exec-used
    return yaml.safe_load(space["EXAMPLES"])


def follow(home, module):
    for wanted in CHANGES[module]:
        if wanted is None:
            continue
        results, said = play(home, examples_of(module))
        check([result["changed"] for result in results] == wanted and not any(result["failed"] for result in results),
              f"{module}: {[(result['changed'], result.get('msg')) for result in results]}, not {wanted}\n{said}")
        print(f"ok  {module}: {[result['msg'] for result in results]}", flush=True)


def deploy(**arguments):
    return {"name": "Deploy", "rollctl.rollctl.deploy": {"app": "web", **arguments}}


def look_at_differences(home):
    """Release and specification before and after, also of what is only tried; a bad release; an app file that is
    wrong."""
    results, _ = play(home, [deploy(release="v2", instances=3)], "--check", "--diff")
    shown = results[0]["diff"]
    for mode, diff in (("check", shown), ("real", None)):
        if diff is None:
            results, _ = play(home, [deploy(release="v2", instances=3)], "--diff")
            diff = results[0]["diff"]
        check("release: v1" in diff["before"] and "release: v2" in diff["after"] and "instances: 2" in diff["before"]
              and "instances: 3" in diff["after"] and "roll-httpd" in diff["after"], f"{mode}: {diff}")
    results, _ = play(home, [deploy(release="v9")])
    check(results[0]["failed"] and not results[0]["changed"] and results[0]["exit"] == 1 and results[0]["log"]
          and "v2 serves with 3 of 3 instances" in results[0]["msg"], f"a bad release: {results[0]}")
    before = pathlib.Path("/etc/rollctl/web.toml").read_text()
    wrong = {"name": "Write it", "rollctl.rollctl.app": {"app": "web", "content": before + "\nports = 1\n"}}
    results, _ = play(home, [wrong], "--diff")
    check(results[0]["failed"] and results[0]["exit"] == 2 and "refuses" in results[0]["msg"] and
          pathlib.Path("/etc/rollctl/web.toml").read_text() == before, f"a wrong app file: {results[0]}")
    right = {"name": "Write it", "rollctl.rollctl.app": {"app": "web", "template": str(home / "web.toml.j2")}}
    template = before.replace("instances = 2", "instances = {{ 2 + 2 }}").replace("{listen}", "{{ '{' }}listen}")
    (home / "web.toml.j2").write_text(template)
    for more, changed in ((["--check"], True), ([], True), ([], False)):
        results, said = play(home, [right], "--diff", *more)
        check(results[0]["changed"] == changed and not results[0]["failed"], f"a template: {results[0]}\n{said}")
    check(pathlib.Path("/etc/rollctl/web.toml").read_text() == before.replace("instances = 2", "instances = 4"),
          "the template")
    check(not list(pathlib.Path("/etc/rollctl").glob(".new*")), "something is left in /etc/rollctl")


def run_inside(name):
    man.isolate()
    man.prepare("plain")
    with tempfile.TemporaryDirectory(prefix="rollctl-fleet.") as folder:
        home = pathlib.Path(folder)
        link_collection(home)
        try:
            if name == "differences":
                look_at_differences(home)
            else:
                if name == "rollback":
                    man.run_well("rollctl deploy web v2")
                follow(home, name)
        except (Trouble, man.Wrong) as trouble:
            print("WRONG:", trouble)
            return 1
    return 0


def main():
    if sys.argv[2:3] == ["--inside"]:
        return run_inside(sys.argv[3])
    if os.geteuid() != 0:
        print("skipped: the examples run in namespaces of their own, which takes root")
        return 77
    path = {**os.environ, "PATH": f"{pathlib.Path(sys.argv[1]).resolve()}/bin:{os.environ['PATH']}"}
    apart = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", sys.executable, "-B"]
    failed = 0
    for name in [name for name, wanted in CHANGES.items() if wanted] + ["differences"]:
        if not sys.argv[2:] or sys.argv[2] in name:
            inside = subprocess.run([*apart, __file__, sys.argv[1], "--inside", name], env=path, check=False)
            failed += inside.returncode != 0
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
