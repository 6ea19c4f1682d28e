#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
"""Usage: hosts_test.py PACKAGES ROOT_ARCHIVE [PATTERN]

The playbook rollout on three real systems: installed from the packages, reached by ssh as an ordinary user with sudo,
each with two instances that clients ask all the time from outside. No client sees an error, whatever happens to a
rollout, and the report is right. tests/package/build makes PACKAGES, fetch_root the archive. PATTERN: only the steps
whose name has it.

Exit status: 0 all is right, 1 something is not, 77 it could not be run (it takes root).
"""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time

from fleet import Trouble, check
from hosts import PORT, Hosts, box

NAMES = ["one", "two", "three"]
CONFIG = {
    "command": ["roll-httpd", "--listen", "{listen}", "--root", "/srv/web/{release}"],
    "listen": [f"0.0.0.0:{PORT}"], "instances": 2, "ready": {"kind": "http", "path": "/-/readyz"},
}
WAVES = [1, 1, 1]


class Rollouts:
    def __init__(self, packages, hosts, home):
        self.packages, self.hosts, self.home = packages, hosts, home
        self.inventory = hosts.inventory(app="web")
        # The collection as its package has it.
        subprocess.run(["dpkg-deb", "-x", self.package("rollctl-ansible"), home / "package"], check=True)
        self.environment = hosts.environment(home / "package/usr/share/ansible/collections")
        self.clients, self.said = {}, ""
        self.report_file = home / "report.json"

    def steps(self):
        return (self.install, self.good, self.bad_on_the_third, self.stopped_sshd, self.gone_in_the_middle,
                self.killed_controller, self.failing_gate, self.withdrawn_canary)

    # Small words.

    def package(self, name):
        return next(self.packages.glob(f"{name}_[0-9]*.deb"))

    def release(self, name):
        """An archive of it."""
        archive = self.home / f"{name}.tar.gz"
        if not archive.exists():
            with tempfile.NamedTemporaryFile("w") as page, tarfile.open(archive, "w:gz") as tar:
                page.write(name + "\n")
                page.flush()
                os.chmod(page.name, 0o644)
                tar.add(page.name, "index.html")
        return archive

    def start(self, *words):
        return subprocess.Popen(["ansible-playbook", "-i", self.inventory, *map(str, words)], env=self.environment,
                                cwd=self.home, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, start_new_session=True)

    def play(self, *words, status=0):
        with self.start(*words) as playbook:
            self.said = playbook.communicate(timeout=200)[0]
        check(playbook.returncode == status, f"{words} ended with {playbook.returncode}, not {status}:\n{self.said}")

    def play_tasks(self, tasks):
        (self.home / "play.yml").write_text(json.dumps([{"hosts": "all", "become": True, "gather_facts": False,
                                                         "tasks": tasks}]))
        self.play(self.home / "play.yml")
        return self.said

    def unpack(self, release):
        """By the role."""
        self.play_tasks([{"name": "Unpack", "ansible.builtin.include_role": {"name": "rollctl.rollctl.release"},
                          "vars": {"release": release, "rollctl_release_archive": str(self.release(release)),
                                   "rollctl_release_keep": 1}}])

    def prepare(self, release):
        """The same, in no time."""
        for host in self.hosts.all.values():
            host.write(f"/srv/web/{release}/index.html", f"{release}\n")

    def settings(self, release, **settings):
        return ["rollctl.rollctl.rollout", "-e", json.dumps(
            {"app": "web", "release": release, "rollctl_report": str(self.report_file), "rollctl_waves": WAVES,
             **settings})]

    def roll_out(self, release, status=0, **settings):
        self.play(*self.settings(release, **settings), status=status)
        return json.loads(self.report_file.read_text())

    def outcomes(self):
        return [json.loads(self.report_file.read_text())["hosts"][name]["outcome"] for name in NAMES]

    def serves(self):
        """What `rollctl status` says on each."""
        found = []
        for name in NAMES:
            status = json.loads(self.hosts.all[name].look("rollctl", "status", "web", "--json"))
            found.append(status["release"] if status["serving"] == status["wanted"] == 2 and status["deploy"] is None
                         else status)
        return found

    def await_event(self, name, event, count):
        """So many in the journal of the host."""
        deadline = time.monotonic() + 60
        while self.events(name, event) < count:
            check(time.monotonic() < deadline, f"{name}: no {event} in the journal")
            time.sleep(0.02)

    def journal(self, name, event):
        text = self.hosts.all[name].inside("/var/lib/rollctl/web/journal.jsonl").read_text()
        # Its last line may be half written.
        return [json.loads(line) for line in text.split("\n")[:-1] if f'"event":"{event}"' in line]

    def events(self, name, event):
        return len(self.journal(name, event))

    def no_client_noticed(self, *wanted):
        """`wanted`: what each host answers in the end."""
        for (name, clients), release in zip(self.clients.items(), wanted):
            clients.await_more(20)
            check(not clients.failures, f"clients of {name} saw errors: {clients}")
            check(clients.seen[-1] == release, f"{name} answers {clients.seen[-1]}, not {release}")

    def expect(self, found, wanted, what):
        check(found == wanted, f"{what}: {found}, not {wanted}\n{self.said}")

    # What is tried.

    def install(self):
        """By the roles and modules, from nothing to a first release; and once more, which changes nothing."""
        files = [str(self.package(name)) for name in ("rollctl", "roll-httpd")]
        self.offer("three", files)
        tasks = [
            {"name": "Install", "ansible.builtin.include_role": {"name": "rollctl.rollctl.install"},
             "vars": {"rollctl_install_files": "{{ [] if inventory_hostname == 'three' else files }}", "files": files,
                      "rollctl_install_packages": ["rollctl", "roll-httpd"]}},
            {"name": "Configure", "rollctl.rollctl.app": {"app": "web", "config": CONFIG}},
        ]
        self.play_tasks(tasks)
        check("changed=0" not in self.said, f"nothing was installed:\n{self.said}")
        self.unpack("v1")
        report = self.roll_out("v1", rollctl_waves=["100%"])
        self.expect((report["outcome"], self.outcomes(), self.serves()), ("done", ["deployed"] * 3, ["v1"] * 3),
                    "the first release")
        said = self.play_tasks(tasks)
        check(said.count("changed=0") == 3, f"the second time something was changed:\n{said}")
        self.clients = self.hosts.clients()
        # A connection that dies in the middle of a deploy is noticed, though nobody asked for that.
        self.close_connections()
        said = subprocess.run(
            ["ansible", "one", "-i", self.inventory, "-b", "-vvv", "-m", "rollctl.rollctl.info", "-a", "app=web"],
            env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, timeout=100,
            check=True).stdout
        check("ServerAliveInterval=15" in said and "v1 serves with 2 of 2 instances" in said, said)

    def offer(self, name, files):
        """The packages, as the only repository of a host."""
        repository = self.hosts.all[name].inside("/root/repository")
        repository.mkdir()
        for file in files:
            shutil.copy(file, repository)
        with open(repository / "Packages", "w", encoding="utf-8") as index:
            subprocess.run(["dpkg-scanpackages", "-m", "."], cwd=repository, check=True, stdout=index,
                           stderr=subprocess.DEVNULL)
        self.hosts.all[name].write("/etc/apt/sources.list", "deb [trusted=yes] copy:/root/repository ./\n")

    def good(self):
        """And the role removes what it has unpacked and no rollback could name: not v1, also when nobody runs it any
        more."""
        for host in self.hosts.all.values():
            host.write("/srv/web/v0/index.html", "v0\n")
            host.write("/srv/web/.releases/v0", "\n")
            host.write("/srv/web/uploads/file", "\n")
            host.run("touch", "--date=2020-01-01",
                     *(f"/srv/web/{name}" for name in ("uploads", "v0", ".releases/v0", ".releases/v1")))
        self.unpack("v2")
        self.expect_folders("v1", "v2")
        report = self.roll_out("v2")
        self.expect((report["outcome"], self.outcomes(), self.serves()), ("done", ["deployed"] * 3, ["v2"] * 3),
                    "a good release")
        self.expect(report["connections_cut"], 0, "connections cut")
        self.expect([wave["hosts"] for wave in report["waves"]], [[name] for name in NAMES], "waves")
        self.no_client_noticed("v2", "v2", "v2")
        self.unpack("v3")
        self.expect_folders("v1", "v2", "v3")
        # From here on Python is not needed there.
        for host in self.hosts.all.values():
            host.run("sh", "-c", "rm /usr/bin/python3*")

    def expect_folders(self, *releases):
        for host in self.hosts.all.values():
            self.expect(sorted(path.name for path in host.inside("/srv/web").iterdir()),
                        [".releases", "uploads", *releases], "folders")
            self.expect(sorted(path.name for path in host.inside("/srv/web/.releases").iterdir()), [*releases], "marks")

    def bad_on_the_third(self):
        self.hosts.all["three"].run("rm", "-r", "/srv/web/v3")
        report = self.roll_out("v3", status=2)
        self.expect((report["outcome"], self.outcomes(), self.serves()),
                    ("rolled_back", ["rolled_back", "rolled_back", "failed"], ["v2"] * 3), "a bad release")
        check("cannot serve /srv/web/v3" in report["hosts"]["three"]["msg"],
              "the log of the server is not in the report")
        self.no_client_noticed("v2", "v2", "v2")

    def stopped_sshd(self):
        """Nothing begins; and with sshd back, all goes."""
        self.prepare("v4")
        two = self.hosts.all["two"]
        self.close_connections()
        two.run("systemctl", "stop", "ssh")
        report = self.roll_out("v4", status=2)
        self.expect((report["outcome"], self.outcomes(), self.serves()),
                    ("not_started", ["skipped", "unreachable", "skipped"], ["v2"] * 3), "without sshd")
        two.run("systemctl", "start", "ssh")
        self.roll_out("v4")
        self.expect(self.serves(), ["v4"] * 3, "who serves")
        self.no_client_noticed("v4", "v4", "v4")

    def close_connections(self):
        """Those that ssh keeps between two plays."""
        for socket in (self.home / ".ansible/cp").glob("*"):
            subprocess.run(["ssh", "-O", "exit", "-o", f"ControlPath={socket}", "any"], check=False,
                           stderr=subprocess.DEVNULL)

    def let_bake(self, name):
        """So that a deploy takes its time there. The app file as it was."""
        config = self.hosts.all[name].inside("/etc/rollctl/web.toml").read_text()
        self.hosts.all[name].write("/etc/rollctl/web.toml", config + '[rollout]\nbake = "2s"\n')
        return config

    def gone_in_the_middle(self):
        """rollctl there goes on alone; the others go back; with the host back, the next run finishes."""
        self.prepare("v5")
        self.close_connections()
        before = self.events("two", "deploy.finished")
        config = self.let_bake("two")
        shifted = self.events("two", "traffic.shifted")
        self.inventory = self.hosts.inventory(
            app="web", ansible_ssh_extra_args="'-o ServerAliveInterval=1 -o ServerAliveCountMax=2 -o ConnectTimeout=3'")
        with self.start(*self.settings("v5")) as playbook:
            self.await_event("two", "traffic.shifted", shifted + 1)
            self.hosts.go_away("two")
            self.said = playbook.communicate(timeout=200)[0]
        self.expect(playbook.returncode, 2, "the exit status")
        self.await_event("two", "deploy.finished", before + 1)
        report = json.loads(self.report_file.read_text())
        self.expect((report["outcome"], self.outcomes(), self.serves()),
                    ("needs_attention", ["rolled_back", "unreachable", "skipped"], ["v4", "v5", "v4"]),
                    "a host that went away")
        self.hosts.all["two"].write("/etc/rollctl/web.toml", config)
        self.hosts.come_back("two")
        self.inventory = self.hosts.inventory(app="web")
        report = self.roll_out("v5")
        self.expect((self.outcomes(), self.serves()), (["deployed"] * 3, ["v5"] * 3), "with the host back")
        self.no_client_noticed("v5", "v5", "v5")

    def killed_controller(self):
        """In wave two. The host finishes or undoes it alone, and the next run goes on there: no host twice."""
        self.prepare("v6")
        config = self.let_bake("two")
        begun = self.events("two", "deploy.started")
        with self.start(*self.settings("v6")) as playbook:
            self.await_event("two", "deploy.started", begun + 1)
            os.killpg(playbook.pid, signal.SIGKILL)
        report = self.roll_out("v6")
        self.expect((report["runs"], report["outcome"], self.outcomes(), self.serves()),
                    (2, "done", ["deployed"] * 3, ["v6"] * 3), "the second run")
        for name in NAMES:
            changes = json.loads(self.hosts.all[name].look("rollctl", "history", "web", "--json"))["changes"]
            outcomes = [change["outcome"] for change in changes if change["release"] == "v6"]
            undone = ["interrupted"] if name == "two" and len(outcomes) == 2 else []
            self.expect(outcomes, ["deployed", *undone], f"deploys of {name}")
        self.hosts.all["two"].write("/etc/rollctl/web.toml", config)
        self.no_client_noticed("v6", "v6", "v6")

    def failing_gate(self):
        """After wave two; the old instances are still there, on standby."""
        self.prepare("v7")
        gate = f"sh -c 'echo . >>{self.home}/asked; [ $(wc -l <{self.home}/asked) != 2 ]'"
        report = self.roll_out("v7", status=2, rollctl_gate_command=gate, rollctl_hold="5m")
        self.expect((report["outcome"], self.outcomes(), self.serves()),
                    ("rolled_back", ["rolled_back", "rolled_back", "skipped"], ["v6"] * 3), "a gate that fails")
        for name in NAMES[:2]:
            check("returns" in self.journal(name, "deploy.started")[-1], f"{name} did not go back by a flip")
        self.no_client_noticed("v6", "v6", "v6")

    def withdrawn_canary(self):
        """While it bakes, somebody on the first host ends its deploy: that host alone was touched, and is as before."""
        self.prepare("v8")
        begun = {name: self.events(name, "deploy.started") for name in NAMES}
        shifted = self.events("one", "traffic.shifted")
        with self.start(*self.settings("v8", rollctl_canary="30%", rollctl_bake="60s")) as playbook:
            self.await_event("one", "traffic.shifted", shifted + 1)
            status = json.loads(self.hosts.all["one"].look("rollctl", "status", "web", "--json"))
            self.expect([one["release"] for one in status["instances"] if one["state"] == "canary"], ["v8"],
                        "the canary")
            self.hosts.all["one"].run("pkill", "-TERM", "-x", "rollctl")
            self.said = playbook.communicate(timeout=200)[0]
        self.expect(playbook.returncode, 2, "the exit status")
        report = json.loads(self.report_file.read_text())
        self.expect((report["outcome"], self.outcomes(), self.serves()),
                    ("stopped", ["failed", "skipped", "skipped"], ["v6"] * 3),
                    "a canary that is withdrawn")
        self.expect([self.events(name, "deploy.started") - begun[name] for name in NAMES], [1, 0, 0], "deploys")
        self.no_client_noticed("v6", "v6", "v6")


def main():
    packages, archive = (pathlib.Path(path).resolve() for path in sys.argv[1:3])
    box.enter_namespaces()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="rollctl-fleet.") as folder:
        home = pathlib.Path(folder)
        try:
            hosts = Hosts(archive, NAMES, home)
            print(f"{len(NAMES)} hosts booted, {time.monotonic() - begun:.1f} s", flush=True)
            rollouts = Rollouts(packages, hosts, home)
            for step in rollouts.steps():
                if step.__name__ != "install" and not any(pattern in step.__name__ for pattern in sys.argv[3:] or [""]):
                    continue
                begun = time.monotonic()
                step()
                print(f"ok  {step.__name__}, {time.monotonic() - begun:.1f} s", flush=True)
            for name, clients in rollouts.clients.items():
                clients.stop()
                print(f"clients of {name}: {clients}")
                check(not clients.failures, "clients saw errors")
            hosts.power_off()
        except (Trouble, box.Trouble, TimeoutError, subprocess.SubprocessError) as trouble:
            print("WRONG:", trouble)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
