# SPDX-License-Identifier: MIT
"""What the tests in the container have in common: somebody who has installed the packages there."""

import json
import pathlib
import subprocess
import sys
import threading
import time

import container as box
from container import Trouble, check

WEB = """\
command   = ["roll-httpd", "--listen", "{{listen}}", "--root", "/srv/{app}/{{release}}", "--access-log", "-"]
listen    = ["127.0.0.1:{port}"]
instances = 2
{keys}
[ready]
kind = "http"
path = "/-/readyz"
{tables}"""


def version_of(file):
    return subprocess.run(["dpkg-deb", "-f", file, "Version"], check=True, capture_output=True, text=True,
                          timeout=60).stdout.strip()


class Admin:
    def __init__(self, tree, packages, container):
        self.tree, self.container, self.run = tree, container, container.run
        self.counted = []  # what clients saw, in words
        self.versions = {}
        for which in ("older", "newer"):
            folder = container.inside(f"/root/{which}")
            folder.mkdir()
            for name in ("rollctl", "roll-httpd", "libroll-dev"):
                file = next((packages / which).glob(f"{name}_[0-9]*.deb"))
                (folder / file.name).write_bytes(file.read_bytes())
                self.versions[which] = version_of(file).rsplit("-", 1)[0]

    def shell(self, command, **options):
        return self.run("bash", "-c", command, **options)

    def install(self):
        # As it is typed, in the folder where the files are.
        self.shell("cd /root/older && apt-get install -y ./rollctl_*.deb ./roll-httpd_*.deb ./libroll-dev_*.deb")

    def make_app(self, app, port, keys="", tables=""):
        """Of two instances, at v1. There is a v2, too."""
        for release in ("v1", "v2"):
            self.container.write(f"/srv/{app}/{release}/index.html", release + "\n")
        self.container.write(f"/etc/rollctl/{app}.toml", WEB.format(app=app, port=port, keys=keys, tables=tables))
        self.run("rollctl", "deploy", app, "v1")

    def instances(self, app):
        return json.loads(self.run("rollctl", "status", app, "--json", status=None))["instances"]

    def servers(self):
        return set(self.run("pgrep", "-x", "roll-httpd").split())

    def clients(self, port):
        """Which have begun."""
        from clients import Clients  # pylint: disable=import-outside-toplevel
        clients = Clients(port)
        clients.await_more()
        return clients

    def finish(self, clients, what):
        clients.await_more()
        clients.stop()
        self.counted.append(f"{what}: {clients}")
        print(self.counted[-1], flush=True)
        check(not clients.failures, f"clients saw errors: {clients}")


class Deploys:
    """Of v2 and v1 by turns, without a break."""

    def __init__(self, admin, app):
        self.admin, self.app = admin, app
        self.done, self.failed, self.stopping = 0, [], False
        self.more = threading.Condition()
        self.thread = threading.Thread(target=self._deploy, daemon=True)
        self.thread.start()

    def _deploy(self):
        while not self.stopping:
            release = "v1" if self.done % 2 else "v2"
            with self.admin.container.start("rollctl", "deploy", self.app, release, stdout=subprocess.PIPE,
                                            stderr=subprocess.STDOUT) as deploy:
                said = deploy.communicate(timeout=120)[0]
            if deploy.returncode != 0:
                self.failed.append(f"{deploy.returncode}: {said}")
            with self.more:
                self.done += 1
                self.more.notify()

    def await_more(self, count):
        with self.more:
            goal = self.done + count
            check(self.more.wait_for(lambda: self.done >= goal, timeout=120), "the deploys do not go on")

    def finish(self, what):
        self.stopping = True
        self.thread.join()
        self.admin.counted.append(f"{what}: {self.done} deploys, {len(self.failed)} failed")
        check(not self.failed, f"deploys failed: {self.failed}")


def main(make_steps):
    """Boots, does the steps that `make_steps` gives for an Admin, and powers off. The arguments of the script are
    TREE PACKAGES ROOT_ARCHIVE. Ends it with 0, 1, or 77 if it could not be run."""
    tree, packages, archive = (pathlib.Path(path).resolve() for path in sys.argv[1:4])
    box.enter_namespaces()
    for folder in ("tests/man", "packaging/debian/tests"):
        sys.path.insert(0, str(tree / folder))
    try:
        stage = box.Stage()
        container = box.Container(stage, stage.unpack(archive, "root"))
        begun = time.monotonic()
        container.boot()
        admin = Admin(tree, packages, container)
        admin.counted.append(f"boot: {time.monotonic() - begun:.1f} s")
        for step in make_steps(admin):
            begun = time.monotonic()
            print(f"\n==== {step.__name__}", flush=True)
            step()
            admin.counted.append(f"{step.__name__}: {time.monotonic() - begun:.1f} s")
        container.power_off()
    except (Trouble, TimeoutError, subprocess.SubprocessError) as problem:
        print("PROBLEM:", problem)
        sys.exit(1)
    print("", *admin.counted, sep="\n")
    sys.exit(0)
