#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
"""Usage: collection_test.py

The collection as somebody gets it: its archive is installed without a network into an empty home, where Ansible finds
the modules, the roles and the playbook; and ansible-lint has nothing to say.
"""

import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

from actions_test import MODULES
from fleet import TREE, environment, link_collection


def run(*words, home, collections, **options):
    return subprocess.run([str(word) for word in words], env=environment(home, collections), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=250,
                          check=False, **options)


class Collection(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="rollctl-collection.")  # pylint: disable=consider-using-with
        self.addCleanup(self.folder.cleanup)
        self.home = pathlib.Path(self.folder.name)

    def test_the_archive_installs_into_an_empty_home(self):
        # Without the network of the test's own caller.
        apart = ["unshare", "--net"] if os.geteuid() == 0 else []
        built = run(TREE / "packaging/build-collection", "-o", self.home / "out", home=self.home, collections="")
        self.assertEqual(built.returncode, 0, built.stdout)
        archive = built.stdout.strip()
        home = self.home / "home"
        home.mkdir()
        where = home / ".ansible/collections"
        installed = run(*apart, "ansible-galaxy", "collection", "install", "--offline", archive, home=home,
                        collections=where)
        self.assertEqual(installed.returncode, 0, installed.stdout)
        listed = run("ansible-doc", "-j", "-l", "rollctl.rollctl", home=home, collections=where)
        self.assertEqual(sorted(json.loads(listed.stdout)), sorted(f"rollctl.rollctl.{name}" for name in MODULES))
        for role in ("install", "release"):
            shown = run("ansible-doc", "-t", "role", f"rollctl.rollctl.{role}", home=home, collections=where)
            self.assertIn("OPTIONS", shown.stdout)
        syntax = run("ansible-playbook", "--syntax-check", "rollctl.rollctl.rollout", "-e", "app=web", "-e",
                     "release=v2",
                     home=home, collections=where)
        self.assertEqual(syntax.returncode, 0, syntax.stdout)

    def test_each_module_shows_its_documentation(self):
        collections = link_collection(self.home)
        for name in MODULES:
            with self.subTest(module=name):
                shown = run("ansible-doc", f"rollctl.rollctl.{name}", home=self.home, collections=collections)
                self.assertEqual(shown.returncode, 0, shown.stdout)
                for section in ("OPTIONS", "EXAMPLES:", "RETURN VALUES:"):
                    self.assertIn(section, shown.stdout)
                self.assertNotIn("WARNING", shown.stdout)

    def test_the_manual_has_the_settings_of_the_playbook(self):
        page = (TREE / "man/rollctl-fleet.7").read_text().split(".Sh SETTINGS")[1].split(".Sh ")[0]
        described = set(re.findall(r"\brollctl_\w+",
                                   " ".join(line for line in page.split("\n") if line.startswith(".It "))))
        playbook = (TREE / "packaging/ansible/playbooks/rollout.yml").read_text()
        own = {"rollctl_plan", "rollctl_deploy", "rollctl_back", "rollctl_failure", "rollctl_rollout",
               "rollctl_prometheus",
               "rollctl_answer"}
        self.assertEqual(described, set(re.findall(r"\brollctl_\w+", playbook)) - own)

    def test_ansible_lint_is_quiet(self):
        collections = link_collection(self.home)
        linted = run("ansible-lint", "--nocolor", "--offline", "--profile", "production", "-q", home=self.home,
                     collections=collections, cwd=collections / "ansible_collections/rollctl/rollctl")
        self.assertEqual((linted.returncode, linted.stdout.strip()), (0, ""))


if __name__ == "__main__":
    unittest.main()
