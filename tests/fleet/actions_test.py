#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
"""Usage: actions_test.py

The modules that change an app, with a stand-in for rollctl: each exit status becomes a result that says what serves;
busy is waited for. And what the modules take is what their documentation says.
"""

import importlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import tomllib
import unittest

from fleet import TREE, Fleet, environment, link_collection

MODULES = ("abort", "app", "deploy", "info", "promote", "restart", "rollback", "scale", "stop", "tally")
STATUSES = (0, 1, 2, 3, 4, 5, 6, 7, 127, 130, 143)


def run_module(fleet, module, arguments, *more):
    """{host: result}"""
    results = fleet.home / "results"
    results.unlink(missing_ok=True)
    subprocess.run(["ansible", "all", "-i", fleet.home / "hosts", "-f", "4", "-m", f"rollctl.rollctl.{module}", "-a",
                    json.dumps({"app": "web", "program": "{{ rollctl_program }}", **arguments}), *more],
                   env={**environment(fleet.home, fleet.collections), "ROLL_RESULTS": str(results),
                        "ANSIBLE_CALLBACKS_ENABLED": "results", "ANSIBLE_LOAD_CALLBACK_PLUGINS": "True"},
                   cwd=fleet.home, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                   timeout=200, check=False)
    return {line["host"]: line for line in map(json.loads, results.read_text().splitlines())}


class Results(unittest.TestCase):
    def test_each_exit_status_says_what_serves(self):
        with Fleet(len(STATUSES)) as fleet:
            hosts = dict(zip(STATUSES, fleet.names))
            for status, host in hosts.items():
                if status not in (0, 127):
                    fleet.tell(host, "deploy", status)
            (fleet.host(hosts[127]) / "rollctl").unlink()
            results = run_module(fleet, "deploy", {"release": "v2", "wait_lock": 0})
            for status, host in hosts.items():
                with self.subTest(status=status):
                    result = results[host]
                    self.assertEqual(result["exit"], status)
                    self.assertEqual(result["failed"], status != 0)
                    self.assertEqual(result["changed"], status in (0, 3, 4))
                    if status != 127:
                        serves = "v2" if status == 0 else "v1"
                        self.assertIn(f"{serves} serves with 2 of 2 instances", result["msg"])
                        self.assertEqual(result["serves"]["release"], serves)
                        self.assertEqual(result["from"], "v1")
            self.assertEqual(results[hosts[0]]["outcome"], "deployed")
            self.assertEqual(results[hosts[0]]["connections_cut"], 1)
            self.assertIn("told so", results[hosts[1]]["msg"])
            self.assertIn("rollctl.rollctl.install", results[hosts[127]]["msg"])

    def test_the_same_release_again_changes_nothing(self):
        with Fleet(1) as fleet:
            self.assertTrue(run_module(fleet, "deploy", {"release": "v2"})["h001"]["changed"])
            result = run_module(fleet, "deploy", {"release": "v2"})["h001"]
            self.assertEqual((result["changed"], result["outcome"]), (False, "unchanged"))

    def test_check_mode_is_a_dry_run(self):
        with Fleet(1) as fleet:
            result = run_module(fleet, "deploy", {"release": "v2"}, "--check")["h001"]
            self.assertEqual((result["changed"], result["plan"]), (True, [{"launch": 1, "leave": [1]}]))
            self.assertEqual(fleet.calls("h001", "calls"), [])

    def test_busy_is_waited_for(self):
        with Fleet(3) as fleet:
            for host in fleet.names:
                fleet.tell(host, "busy", 2)
            fleet.tell("h002", "busy", 1000)
            fleet.tell("h003", "canary", "")
            results = run_module(fleet, "deploy", {"release": "v2", "wait_lock": 3})
            self.assertEqual({host: result["exit"] for host, result in results.items()},
                             {"h001": 0, "h002": 5, "h003": 5})
            self.assertEqual(fleet.calls("h002", "busy"), ["996"])
            self.assertEqual(fleet.calls("h003", "busy"), ["1"])  # a canary is not waited for

    def test_a_rollback_goes_only_from_where_it_is_to(self):
        with Fleet(2) as fleet:
            run_module(fleet, "deploy", {"release": "v2"}, "-l", "h001")
            results = run_module(fleet, "rollback", {"only_from": "v2"})
            self.assertEqual({host: result["changed"] for host, result in results.items()},
                             {"h001": True, "h002": False})
            self.assertIn("v2 does not serve; v1 serves", results["h002"]["msg"])
            self.assertEqual(fleet.calls("h002"), [])

    def test_info_tells_what_is_in_the_way(self):
        with Fleet(4) as fleet:
            fleet.tell("h001", "plan", 2)
            fleet.tell("h002", "canary", "")
            fleet.tell("h003", "lossy", "")
            results = run_module(fleet, "info", {"release": "v2", "doctor": True})
            self.assertFalse(any(result["failed"] for result in results.values()))
            for host, words in (("h001", "told so"), ("h002", "a canary of v9 stands"), ("h003", "run it as root")):
                self.assertIn(words, results[host]["problems"][0])
            self.assertEqual((results["h004"]["problems"], results["h004"]["releases"]), ([], []))
            self.assertIn("/", "".join(results["h004"]["disk"]))

    def test_a_connection_that_dies_is_no_result(self):
        with Fleet(1, flaky=["h001"]) as fleet:
            fleet.tell("h001", "unreachable", 1)
            self.assertTrue(run_module(fleet, "deploy", {"release": "v2"})["h001"]["unreachable"])


APP_FILE = {
    "command": ["/srv/web/{release}/web", "--name=\"a\\b\"", "\x7f\t"], "instances": 2,
    "env": {"LOG": "info", "a.b": "ä"},
    "ready": {"kind": "http", "path": "/"}, "rollout": {"canary": "10%"},
    "hooks": {"after_shift": {"command": ["true"], "timeout": "1s"}, "before_deploy": []},
    "steps": [{"share": "10%", "bake": "1m"}, {"share": "50%"}], "flag": True, "ratio": 0.5,
}


class AppFiles(unittest.TestCase):
    def test_a_dict_becomes_the_same_toml(self):
        sys.path.insert(0, str(TREE / "packaging/ansible/plugins/plugin_utils"))
        toml = importlib.import_module("toml")
        self.assertEqual(tomllib.loads(toml.write(APP_FILE)), APP_FILE)
        self.assertEqual(tomllib.loads(toml.write({"ready": {"kind": "tcp"}})), {"ready": {"kind": "tcp"}})
        with self.assertRaisesRegex(ValueError, r"ready\.path: TOML has no NoneType"):
            toml.write({"ready": {"path": None}})


class Documentation(unittest.TestCase):
    def test_modules_take_what_their_documentation_says(self):
        with tempfile.TemporaryDirectory() as home:
            collections = link_collection(pathlib.Path(home))
            said = subprocess.run(["ansible-doc", "-j", *(f"rollctl.rollctl.{name}" for name in MODULES)],
                                  check=True, timeout=200,
                                  env=environment(home, collections), stdout=subprocess.PIPE).stdout
            os.environ["ANSIBLE_COLLECTIONS_PATH"] = str(collections)
            from ansible.plugins.loader import action_loader  # it looks at the environment only once
            for name in MODULES:
                with self.subTest(module=name):
                    doc = json.loads(said)[f"rollctl.rollctl.{name}"]["doc"]
                    action = action_loader.get(f"rollctl.rollctl.{name}", class_only=True)
                    spec = action.spec() if hasattr(action, "spec") else action.SPEC

                    def shape(options):
                        return {option: {key: one[key] for key in ("type", "required", "default", "choices", "elements")
                                         if one.get(key) not in (None, False)} for option, one in options.items()}
                    self.assertEqual(shape(doc["options"]), shape(spec))


if __name__ == "__main__":
    unittest.main()
