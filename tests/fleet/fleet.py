# SPDX-License-Identifier: MIT
"""Many hosts that are folders of this one, with a stand-in for rollctl, and the collection as it stands in the tree."""

import json
import os
import pathlib
import resource
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
TREE = HERE.parent.parent


class Trouble(Exception):
    """A rollout did something else than it is to do."""


def check(right, problem):
    if not right:
        raise Trouble(problem)


def environment(home, collections):
    """Of Ansible, without anything of the user or the system."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    return {**kept, "HOME": str(home), "ANSIBLE_COLLECTIONS_PATH": str(collections), "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_CONNECTION_PLUGINS": str(HERE / "plugins/connection"),
            "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "plugins/callback"),
            "ANSIBLE_LOCALHOST_WARNING": "False",
            "ANSIBLE_RETRY_FILES_ENABLED": "False", "LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}


def link_collection(home):
    """The tree's own, where Ansible looks for it."""
    folder = home / "collections/ansible_collections/rollctl"
    folder.mkdir(parents=True)
    (folder / "rollctl").symlink_to(TREE / "packaging/ansible")
    return home / "collections"


def children_time():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Fleet:
    def __init__(self, count, flaky=()):
        self.folder = tempfile.TemporaryDirectory(prefix="rollctl-fleet.")  # pylint: disable=consider-using-with
        self.home = pathlib.Path(self.folder.name)
        self.collections = link_collection(self.home)
        self.names = [f"h{number:03}" for number in range(1, count + 1)]
        lines = []
        for name in self.names:
            self.host(name).mkdir(parents=True)
            (self.host(name) / "rollctl").symlink_to(HERE / "stand_in")
            self.tell(name, "release", "v1")
            connection = "flaky" if name in flaky else "local"
            lines.append(f"{name} ansible_connection={connection} flaky_folder={self.host(name)} "
                         f"rollctl_program={self.host(name)}/rollctl")
        (self.home / "hosts").write_text("\n".join(lines) + "\n")
        self.said = ""

    def __enter__(self):
        return self

    def __exit__(self, *problem):
        self.folder.cleanup()

    def host(self, name):
        return self.home / "hosts.d" / name

    def tell(self, name, what, value):
        (self.host(name) / what).write_text(f"{value}\n")

    def forget(self, name, what):
        (self.host(name) / what).unlink()

    def serve(self):
        """{host: the release that serves there}"""
        return {name: (self.host(name) / "release").read_text().strip() for name in self.names}

    def serving(self, release):
        return [name for name, one in self.serve().items() if one == release]

    def calls(self, name, file="log"):
        path = self.host(name) / file
        return path.read_text().splitlines() if path.exists() else []

    @property
    def report_file(self):
        return self.home / "report.json"

    @property
    def report(self):
        return json.loads(self.report_file.read_text())

    def outcomes(self):
        """{outcome: hosts}"""
        found = {}
        for name, record in self.report["hosts"].items():
            found.setdefault(record["outcome"], []).append(name)
        return found

    def command(self, release, *more, forks=20, **settings):
        settings = {"app": "web", "release": release, "rollctl_become": False, "rollctl_min_free_mb": 1,
                    "rollctl_report": str(self.report_file), **settings}
        return ["ansible-playbook", "-i", self.home / "hosts", "-f", str(forks), "rollctl.rollctl.rollout",
                "-e", json.dumps(settings), *more]

    def start(self, *words, **options):
        return subprocess.Popen(self.command(*words, **options), env=environment(self.home, self.collections),
                                cwd=self.home, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, start_new_session=True)

    def roll_out(self, *words, status=0, **options):
        """The report. `status` is what the playbook is to end with."""
        with self.start(*words, **options) as playbook:
            self.said = playbook.communicate(timeout=400)[0]
        check(playbook.returncode == status, f"it ended with {playbook.returncode}, not {status}:\n{self.said}")
        return self.report
