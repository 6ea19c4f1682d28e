#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Usage: install.py TREE PACKAGES

Installs the packages in PACKAGES, deploys, upgrades and removes them while clients ask, and purges them. All of it
happens above this system's root, in an overlay that is gone afterwards, in namespaces of its own.

Exit status: 0 all is right, 1 something is not, 77 it could not be run (it takes root).
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading

OWN = """\
command   = ["roll-httpd", "--listen", "{listen}", "--root", "/srv/own/{release}"]
listen    = ["127.0.0.1:8098"]
instances = 2

[ready]
kind = "http"
path = "/-/readyz"
"""
# Where both are seen from within.
TREE, PACKAGES = pathlib.Path("/mnt/tree"), pathlib.Path("/mnt/packages")


def check(right, problem):
    if not right:
        raise AssertionError(problem)


def run(*command, status=0):
    print("$", *command, flush=True)
    done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=300, check=False)
    print(done.stdout, end="", flush=True)
    check(done.returncode == status, f"{command[0]} ended with {done.returncode}, not {status}")
    return done.stdout


# The root.

def mount(*words):
    subprocess.run(["mount", *[str(word) for word in words]], check=True)


def enter_root(stage, tree, packages):
    """A root above the real one that knows nothing of rollctl."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    mount("-t", "tmpfs", "none", stage)
    root = stage / "root"
    for folder in ("upper", "work", "root"):
        (stage / folder).mkdir()
    mount("-t", "overlay", "none", "-o", f"lowerdir=/,upperdir={stage}/upper,workdir={stage}/work", root)
    for folder in ("dev", "sys"):
        mount("--rbind", f"/{folder}", root / folder)
    mount("-t", "proc", "none", root / "proc")
    for folder in ("run", "tmp", "mnt"):
        mount("-t", "tmpfs", "none", root / folder)
    for source, target in ((tree, TREE), (packages, PACKAGES)):
        (root / "mnt" / target.name).mkdir()
        mount("--bind", source, root / "mnt" / target.name)
    os.chroot(root)
    os.chdir("/")
    for name in [name for name in os.environ if name.startswith(("ROLL", "XDG_", "NOTIFY_", "LISTEN_"))]:
        del os.environ[name]
    os.environ.update(PATH="/usr/sbin:/usr/bin:/sbin:/bin", HOME="/root", LC_ALL="C.UTF-8",
                      DEBIAN_FRONTEND="noninteractive")
    run("rm", "-rf", "/etc/rollctl", "/var/lib/rollctl", "/var/log/rollctl")


# Packages.

def package(name):
    return next(PACKAGES.glob(f"{name}_[0-9]*.deb"))


def install(*files):
    """With the documentation also where this system leaves it out."""
    run("dpkg", "--path-include=/usr/share/doc/*", "--path-include=/usr/share/man/*", "-i", *files)


def next_version(name):
    """The same package with a later version."""
    work = pathlib.Path("/tmp/next") / name
    work.parent.mkdir(exist_ok=True)
    run("dpkg-deb", "--raw-extract", package(name), work)
    control = work / "DEBIAN" / "control"
    control.write_text(re.sub(r"(?m)^(Version: .*)$", r"\1+next", control.read_text()))
    file = work.with_suffix(".deb")
    run("dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "--build", work, file)
    return file


def version_of(name):
    return run("dpkg-query", "-W", "-f", "${Version}\\n", name).strip()


# What is tried.

def try_fresh():
    """What an installed system shows before anything is deployed."""
    install(package("rollctl"), package("roll-httpd"), package("libroll-dev"))
    upstream = version_of("rollctl").rsplit("-", 1)[0]
    for program in ("rollctl", "roll-httpd"):
        check(upstream in run(program, "--version"), f"{program} has another version than its package")
    check(run("pkg-config", "--modversion", "libroll").strip() == upstream, "libroll has another version")
    check(pathlib.Path("/proc/sys/net/ipv4/tcp_migrate_req").read_text() == "0\n", "a sysctl was set")
    check(not any("/etc/" in line and line != "/etc/rollctl"
                  for line in run("dpkg", "-L", "rollctl").split()), "there is configuration")
    pages = run("man", "-k", "rollctl")
    for page in (TREE / "man").glob("*.[1-8]"):
        check(re.search(rf"(?m)^{re.escape(page.stem)} \({page.suffix[1:]}\)", pages), f"man -k knows no {page.name}")
    for example in pathlib.Path("/usr/share/doc/rollctl/examples").glob("*.toml"):
        run("rollctl", "check", example)


def servers():
    return set(run("pgrep", "-x", "roll-httpd").split())


def start_own():
    for release in ("v1", "v2"):
        folder = pathlib.Path("/srv/own") / release
        folder.mkdir(parents=True)
        (folder / "index.html").write_text(release + "\n")
    pathlib.Path("/etc/rollctl/own.toml").write_text(OWN)
    run("rollctl", "deploy", "own", "v1")


class Deploys:
    """Of own, v2 and v1 by turns, without a break."""

    def __init__(self):
        self.done, self.failed, self.stopping = 0, [], False
        self.begun, self.more = threading.Event(), threading.Condition()
        self.thread = threading.Thread(target=self.deploy, daemon=True)
        self.thread.start()

    def deploy(self):
        while not self.stopping:
            release = "v1" if self.done % 2 else "v2"
            with subprocess.Popen(["rollctl", "deploy", "own", release], stdin=subprocess.DEVNULL, text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as deploy:
                self.begun.set()
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

    def stop(self):
        self.stopping = True
        self.thread.join()


def try_upgrade(clients):
    """While deploys go on; then the newer rollctl takes over what the older one started."""
    later = [next_version("rollctl"), next_version("roll-httpd")]
    deploys = Deploys()
    deploys.await_more(2)
    install(*later)
    deploys.await_more(2)
    deploys.stop()
    check(not deploys.failed, f"deploys failed during the upgrade: {deploys.failed}")
    check(version_of("rollctl").endswith("+next"), "it was not upgraded")
    print(f"{deploys.done} deploys")
    clients.await_more()

    before = servers()
    install(package("rollctl"), package("roll-httpd"))
    check(servers() == before, "the return to the earlier version touched servers")
    run("rollctl", "status", "own")
    clients.await_more()


def try_removal(clients):
    before = servers()
    run("dpkg", "--remove", "rollctl", "roll-httpd")
    check(servers() == before, "the removal touched servers")
    clients.await_more()
    kept = [pathlib.Path("/var/lib/rollctl/own/journal.jsonl"), pathlib.Path("/etc/rollctl/own.toml")]
    for file in kept:
        check(file.exists(), f"the removal deleted {file}")

    run("dpkg", "--purge", "rollctl", "roll-httpd")
    check(servers() == before, "the purge touched servers")
    clients.await_more()
    for folder in ("/var/lib/rollctl", "/var/log/rollctl", "/run/rollctl"):
        check(not os.path.exists(folder), f"the purge left {folder}")
    check(pathlib.Path("/etc/rollctl/own.toml").read_text() == OWN, "the purge touched the user's app file")


def try_all():
    tests = TREE / "packaging" / "debian" / "tests"
    try_fresh()
    run(tests / "deploy-under-load")

    sys.path.insert(0, str(tests))
    from clients import Clients  # pylint: disable=import-outside-toplevel
    start_own()
    clients = Clients(8098)
    clients.await_more()
    try_upgrade(clients)
    try_removal(clients)
    clients.stop()
    print(clients)
    check(not clients.failures, "clients saw errors")


def main():
    tree, packages = (pathlib.Path(path).resolve() for path in sys.argv[1:3])
    if sys.argv[3:4] == ["--inside"]:
        enter_root(pathlib.Path(sys.argv[4]), tree, packages)
        try:
            try_all()
        except (AssertionError, TimeoutError, subprocess.TimeoutExpired) as problem:
            print("PROBLEM:", problem)
            return 1
        return 0
    if os.geteuid() != 0:
        print("skipped: packages are installed in namespaces of their own, which takes root")
        return 77
    with tempfile.TemporaryDirectory(prefix="rollctl-install.") as stage:
        return subprocess.run(["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
                               sys.executable, "-B", __file__, tree, packages, "--inside", stage],
                              check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
