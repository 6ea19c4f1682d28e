# SPDX-License-Identifier: MIT
"""A clean Debian 12 with a real systemd as process 1, of which nothing is left afterwards, however the test ends."""

import ctypes
import os
import pathlib
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
STAGE = "ROLL_CONTAINER_STAGE"
SKIPPED = 77


# As a login has one: what a command leaves running goes on.
IN_A_SESSION = ("systemd-run", "--quiet", "--scope", "--collect")


class Trouble(Exception):
    """The container does not do what it is to do."""


def check(right, problem):
    if not right:
        raise Trouble(problem)


# The namespaces of the test.

def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def start_caretaker(stage):
    caretaker = subprocess.Popen(  # pylint: disable=consider-using-with
        ["unshare", "--mount", "--propagation=private", sys.executable, "-B", HERE / "caretaker.py", stage],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    said = caretaker.stdout.readline().strip()
    if said != "ready":
        caretaker.wait()
        stage.rmdir()
        sys.exit(f"PROBLEM: a systemd cannot be booted here: no cgroup can be made for it: {said}")
    return caretaker


def enter_namespaces():
    """Begins the script anew in namespaces of its own, and ends with its exit status; in these it returns."""
    if os.environ.get(STAGE):
        return
    if os.geteuid() != 0:
        print("skipped: a systemd is booted in namespaces of its own, which takes root")
        sys.exit(SKIPPED)
    stage = pathlib.Path(tempfile.mkdtemp(prefix="rollctl-container."))
    caretaker = start_caretaker(stage)
    try:
        status = subprocess.run(["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
                                 sys.executable, "-B", *sys.argv], env={**os.environ, STAGE: str(stage)},
                                preexec_fn=die_with_parent, check=False).returncode
    finally:
        caretaker.stdin.close()
        if caretaker.wait(timeout=60) != 0:
            print("PROBLEM:", caretaker.stdout.read())
            status = 1
    sys.exit(status)


def mount(*words):
    subprocess.run(["mount", *[str(word) for word in words]], check=True)


class Stage:
    """Where containers stand: the folder and the cgroup of the test. `lo` is up. Made once per test."""

    def __init__(self):
        self.folder = pathlib.Path(os.environ[STAGE])
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        mount("-t", "tmpfs", "-o", "mode=755", "none", self.folder)
        cgroups = self.folder / "cgroups"
        cgroups.mkdir()
        mount("-t", "cgroup2", "none", cgroups)
        own = next(line[4:] for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines()
                   if line.startswith("0::/"))
        self.cgroup = cgroups / own / self.folder.name / "container"

    def unpack(self, archive, name):
        """The tar of a root, as a folder of the stage."""
        check(archive.exists(), f"there is no {archive}: tests/package/fetch_root makes it")
        folder = self.folder / name
        folder.mkdir()
        mount("-t", "tmpfs", "-o", "mode=755", "none", folder)
        subprocess.run(["tar", "--numeric-owner", "--exclude=./dev/*", "-C", folder, "-xf", archive], check=True)
        return folder

    def layer(self, lower, name):
        """A folder of the stage with what is in `lower`, which stays as it is."""
        folder, own = self.folder / name, self.folder / f"{name}.layer"
        for path in (folder, own / "new", own / "work"):
            path.mkdir(parents=True)
        mount("-t", "overlay", "none", "-o", f"lowerdir={lower},upperdir={own}/new,workdir={own}/work", folder)
        return folder


# What is in the container.

class Container:
    """Shares the network of the test, or has the one of a file, and shares nothing else."""

    def __init__(self, stage, root, name="debian", network=None):
        """`root`: a folder of the stage. `network`: the file of a network namespace. Several have names of their own."""
        self.root, self.name, self.network = root, name, network
        self.cgroup = stage.cgroup / name
        self.cgroup.mkdir()
        self.write("/etc/machine-id", f"{name.encode().hex():0>32.32}\n")
        self.write("/etc/hostname", f"{name}\n")
        self.write("/etc/resolv.conf", "")
        # It has no console, and would be `degraded` for that.
        (self.root / "etc/systemd/system/console-getty.service").symlink_to("/dev/null")
        self.process = self.leader = None

    def inside(self, path):
        """The same file as this system names it."""
        return self.root / str(path).lstrip("/")

    def write(self, path, text, mode=0o644):
        file = self.inside(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)

    def boot(self):
        """Until all is started that is to be started at boot. `running` it is only if all of that did start."""
        # A file: an abstract address would be one of the test's own network.
        address = "/.booted"
        self.inside(address).unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready:
            ready.bind(str(self.inside(address)))
            network = ["nsenter", f"--net={self.network}"] if self.network else []
            self.process = subprocess.Popen([*network, HERE / "boot", self.root, self.cgroup, f"NOTIFY_SOCKET={address}"])
            self._await_ready(ready)
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        self.leader = int(children[0])
        self.run("systemctl", "is-system-running", "--wait")

    def _await_ready(self, ready):
        ready.settimeout(0.1)
        deadline = time.monotonic() + 60
        while True:
            try:
                if b"READY=1" in ready.recv(4096):
                    return
            except TimeoutError:
                check(self.process.poll() is None, f"systemd ended at boot with {self.process.returncode}")
                check(time.monotonic() < deadline, "systemd has not booted within a minute")

    def _enter(self, words, environment=()):
        # Below the root of its systemd, which may move nothing else; nsenter itself, a stranger there, stays outside.
        procs = self.cgroup / "init.scope" / "cgroup.procs"
        target = ["nsenter", "-t", str(self.leader)]
        return [*target, "--pid", "sh", "-c", 'echo 0 >"$0" && exec "$@"', procs,
                *target, "--mount", "--uts", "--ipc", "--net", "--cgroup", "--root", "--wd",
                "env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root",
                "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive", *environment, *[str(word) for word in words]]

    def start(self, *words, environment=(), **options):
        """A Popen of a command that an administrator types."""
        return subprocess.Popen(self._enter([*IN_A_SESSION, *words], environment), stdin=subprocess.DEVNULL, text=True,
                                **options)

    def run(self, *words, status=0, timeout=300, environment=()):
        """Standard output and error as they came. `status` None: whatever it ends with."""
        print("$", shlex.join(str(word) for word in words), flush=True)
        with self.start(*words, environment=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as command:
            try:
                said = command.communicate(timeout=timeout)[0]
            except subprocess.TimeoutExpired:
                command.kill()
                raise Trouble(f"`{shlex.join(map(str, words))}` has not ended after {timeout} s") from None
        print(said, end="", flush=True)
        check(status is None or command.returncode == status,
              f"`{shlex.join(map(str, words))}` ended with {command.returncode}, not {status}")
        return said

    def look(self, *command):
        """What a command says that only looks, also during a shutdown."""
        return subprocess.run(self._enter(command), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=60, check=False).stdout

    def await_words(self, words, *command):
        """Until the command, asked again and again, says so."""
        deadline = time.monotonic() + 60
        while words not in (said := self.look(*command)):
            check(time.monotonic() < deadline, f'`{shlex.join(command)}` does not say "{words}" but:\n{said}')

    def ended(self, number, timeout=120):
        """Waits until it has ended by the signal that says why."""
        status = self.process.wait(timeout=timeout)
        check(status == -number, f"systemd ended with {status}, not by {signal.Signals(number).name}")
        self.process = self.leader = None

    def reboot(self):
        """As an administrator does it."""
        self.run("systemctl", "reboot", status=None)
        self.ended(signal.SIGHUP)
        self.boot()

    def power_off(self):
        os.kill(self.leader, signal.SIGRTMIN + 4)
        self.ended(signal.SIGINT)
