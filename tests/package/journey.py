#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Usage: journey.py TREE PACKAGES ROOT_ARCHIVE

What an operator does, in a clean Debian 12 with a real systemd and nothing of this project but the packages:
installs them, follows rollctl-runbook(7) word for word, upgrades in the middle of deploys, removes, purges; and
clients that ask all the time see no error. build makes PACKAGES, fetch_root the archive.

Exit status: 0 all is right, 1 something is not, 77 it could not be run (it takes root).
"""

import re
import subprocess

import admin as base
from container import Trouble, check

OURS = "^roll-"  # all that may be started


def runbook(tree, wanted):
    """The blocks that are wanted, in the order in which they stand in the page."""
    import mdoc  # pylint: disable=import-outside-toplevel
    found = [example for example in mdoc.read_page(tree / "man" / "rollctl-runbook.7").examples if wanted(example)]
    check(found, "what is looked for in the runbook is not there")
    return found


def of(scenario):
    return lambda example: example.words[0] == scenario


def needs_systemd(example):
    return example.kind == "none" and "systemd" in example.words


class Journey:
    def __init__(self, admin):
        self.admin, self.container, self.run, self.shell = admin, admin.container, admin.run, admin.shell
        self.tree = admin.tree

    def steps(self):
        return (self.install, self.read, self.follow_runbook, self.follow_canary, self.run_their_own_test,
                self.upgrade, self.remove)

    def install(self):
        self.shell("! type rollctl roll-shim roll-httpd")
        self.admin.install()
        version = self.admin.versions["older"]
        for program in ("rollctl", "roll-httpd"):
            check(version in self.run(program, "--version").split(), f"{program} has another version than its package")
        check(self.run("pkg-config", "--modversion", "libroll").strip() == version, "libroll has another version")
        check(self.run("sysctl", "-n", "net.ipv4.tcp_migrate_req") == "0\n", "a sysctl was set")
        check(not any("/etc/" in line and line != "/etc/rollctl"
                      for line in self.run("dpkg", "-L", "rollctl").split()), "there is configuration")
        check(self.run("pgrep", OURS, status=None) == "", "something was started")
        check(self.run("find", "/etc/systemd", "-name", "*roll*") == "", "something would be started at boot")
        self.run("systemctl", "is-system-running")

    def read(self):
        """The pages and the examples that came along."""
        pages = self.run("man", "-k", "rollctl")
        for page in (self.tree / "man").glob("*.[1-8]"):
            check(re.search(rf"(?m)^{re.escape(page.stem)} \({page.suffix[1:]}\)", pages),
                  f"man -k knows no {page.name}")
        check("ROLLCTL(1)" in self.run("man", "rollctl"), "man shows no rollctl(1)")
        for example in self.container.inside("/usr/share/doc/rollctl/examples").glob("*.toml"):
            said = self.run("rollctl", "check", "-q", f"/usr/share/doc/rollctl/examples/{example.name}", status=None)
            # Most of their servers are not installed.
            check(all(re.search(r"is not in PATH$|No such file or directory$|^hint: ", line)
                      for line in said.splitlines()), f"{example.name} is not right")

    # The runbook.

    def follow_runbook(self):
        parts, clients = [], None  # one part before the reboot of the page, one from there to the end of the app
        for example in runbook(self.tree, lambda example: of("runbook")(example) or needs_systemd(example)):
            if "systemctl reboot" in example.text or "systemctl disable" in example.text:
                self.admin.finish(clients, "the runbook")
                parts.append(set(clients.seen))
            self.follow(example)
            if "rollctl deploy web v1" in example.text or "systemctl reboot" in example.text:
                clients = self.admin.clients(8080)
        check(parts == [{"I am v1", "I am v2"}, {"I am v1"}], f"clients saw {parts}")
        check(self.run("pgrep", OURS, status=None) == "", "the end of the app in the runbook leaves processes")
        self.container.reboot()

    def follow_canary(self):
        self.admin.make_app("web", 8080)
        clients = self.admin.clients(8080)
        for example in runbook(self.tree, of("canary")):
            self.follow(example)
            clients.await_more()
        self.admin.finish(clients, "the runbook's canary")
        check({"v1", "v2"} == set(clients.seen) and clients.seen[-1] == "v1", "clients did not see the canary")
        self.run("rollctl", "stop", "web")

    def follow(self, example):
        import examples  # pylint: disable=import-outside-toplevel
        if example.kind == "file":
            self.container.write(example.words[1], example.text)
            return
        try:
            examples.try_shell(example, self.run_and_tell)
        except examples.Wrong as wrong:
            raise Trouble(f"{example}: {wrong}") from wrong

    def run_and_tell(self, command):
        if command == "systemctl reboot":
            self.container.reboot()
            return "", 0
        print("#", command, flush=True)
        with self.container.start("bash", "-c", command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as shell:
            said = shell.communicate(timeout=120)[0]
        print(said, end="", flush=True)
        return said, shell.returncode

    def run_their_own_test(self):
        """That of the packages, for autopkgtest."""
        for file in (self.tree / "packaging/debian/tests").iterdir():
            if file.is_file():
                self.container.write(f"/root/tests/{file.name}", file.read_text(), 0o755)
        self.admin.counted.append("their own test: " + self.run("/root/tests/deploy-under-load").splitlines()[-1])

    # Later versions, and none.

    def upgrade(self):
        """While deploys go on; then the newer rollctl speaks with the shims of the older one, and replaces them."""
        self.admin.make_app("own", 8098)
        self.admin.make_app("kept", 8099)
        clients, others = self.admin.clients(8098), self.admin.clients(8099)
        deploys = base.Deploys(self.admin, "own")
        deploys.await_more(3)
        self.offer("newer")
        command, = runbook(self.tree, lambda example: "--only-upgrade" in example.text)
        for line in command.text.splitlines():
            self.shell(line.removeprefix("# "))
        deploys.await_more(3)
        deploys.finish("beside the upgrade")
        check(self.admin.versions["newer"] in self.run("rollctl", "--version").split(), "it was not upgraded")
        clients.await_more()

        for instance in self.admin.instances("kept"):
            check(instance["supervised"] and instance["state"] == "serving", f"a shim does not answer: {instance}")
            check("(deleted)" in self.program_of(instance["shim_pid"]), "the shim is not one of the older version")
        self.run("rollctl", "deploy", "kept", "v2")
        self.run("rollctl", "restart", "own")
        for instance in self.admin.instances("kept") + self.admin.instances("own"):
            check("(deleted)" not in self.program_of(instance["shim_pid"]), "a shim of the older version is left")

        before = self.admin.servers()
        self.shell("cd /root/older && apt-get install -y --allow-downgrades ./rollctl_*.deb ./roll-httpd_*.deb")
        check(self.admin.servers() == before, "the return to the older version touched servers")
        self.run("rollctl", "status", "own")
        self.admin.finish(clients, "the upgrade, the app that is deployed all the time")
        self.admin.finish(others, "the upgrade, the other app")

    def program_of(self, pid):
        return self.run("readlink", f"/proc/{pid}/exe")

    def offer(self, which):
        """As an archive, and the only one, since it has no way out to another."""
        folder = self.container.inside(f"/root/{which}")
        with open(folder / "Packages", "w", encoding="utf-8") as index:
            subprocess.run(["dpkg-scanpackages", "-m", "."], cwd=folder, check=True, stdout=index, timeout=60)
        self.container.write("/etc/apt/sources.list", f"deb [trusted=yes] copy:/root/{which} ./\n")
        self.container.write("/etc/apt/apt.conf.d/yes", 'APT::Get::Assume-Yes "true";\n')  # which is typed else
        self.run("apt-get", "update")

    def remove(self):
        self.run("systemctl", "enable", "rollctl@own")
        clients = self.admin.clients(8098)
        before = self.admin.servers()
        self.run("apt-get", "remove", "-y", "rollctl", "roll-httpd")
        check(self.admin.servers() == before, "the removal touched servers")
        clients.await_more()
        journal, app_file = map(self.container.inside, ("/var/lib/rollctl/own/journal.jsonl", "/etc/rollctl/own.toml"))
        check(journal.exists(), "the removal deleted the state")
        written = app_file.read_text()

        self.run("apt-get", "purge", "-y", "rollctl", "roll-httpd")
        check(self.admin.servers() == before, "the purge touched servers")
        clients.await_more()
        for folder in ("/var/lib/rollctl", "/var/log/rollctl", "/run/rollctl"):
            self.run("ls", "-d", folder, status=2)
        check(app_file.read_text() == written, "the purge touched the user's app file")
        check("rc " not in self.run("dpkg", "-l", "rollctl", "roll-httpd", status=None), "the purge left something")
        self.admin.finish(clients, "removal and purge")
        # What was enabled by hand is still named there; nobody minds.
        self.container.reboot()
        check(self.run("pgrep", OURS, status=None) == "", "something is left after a reboot")


if __name__ == "__main__":
    base.main(lambda admin: Journey(admin).steps())
