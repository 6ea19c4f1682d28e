#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Usage: examples.py TREE BUILD [PATTERN]

Runs the examples of the man pages as they stand there; mdoc.py says how they are marked. Those of one page and
scenario run one after the other in mount, pid and network namespaces of their own, where /etc, /srv, /run, /var/lib
and /var/log may be written without the host noticing. PATTERN: only those whose name has it.

Exit status: 0 all that were run are right, 1 one is not, 77 nothing could be run (it takes root).
"""

import http.client
import itertools
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

import mdoc

WEB = """\
command   = ["roll-httpd", "--listen", "{listen}", "--root", "/srv/web/{release}"]
listen    = ["127.0.0.1:8080"]
instances = 2

[ready]
kind = "http"
path = "/-/readyz"
"""
PROGRAM = "#!/bin/sh\nexec sleep 1000\n"


class Wrong(Exception):
    """An example does not do what its page says."""


class NotRun(Exception):
    """It could not be tried here; why."""


def write(path, text, mode=0o644):
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


def run(command):
    """Standard output and error as they came, and the exit status."""
    done = subprocess.run(["bash", "-c", command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=120, check=False, cwd="/")
    return done.stdout, done.returncode


def run_well(command):
    said, status = run(command)
    if status != 0:
        raise Wrong(f"`{command}` ended with {status}:\n{said}")
    return said


# Shell.

def commands_of(text):
    """The commands of a block, each with the lines that it is to print."""
    lines = text.rstrip("\n").split("\n")
    result = []
    while lines:
        line = lines.pop(0)
        if not line.startswith("# "):
            if not result:
                raise Wrong(f'a block begins with a command, behind "# ", and not with "{line}"')
            result[-1][1].append(line)
            continue
        command = line[2:]
        while command.endswith("\\"):
            command += "\n" + lines.pop(0)
        here = re.search(r"<< '(\w+)'$", command)
        while here and not command.endswith("\n" + here[1]):
            command += "\n" + lines.pop(0)
        result.append((command, []))
    return result


def plain(line):
    """Without what differs from run to run, and from host to host: numbers, times, widths of columns, the caller, the launcher."""
    line = re.sub(r"[,;] launcher: (direct|systemd)$", "", line)
    line = re.sub(r" (root|alice)( \((pts/\d+|tty\w+|\S+\.(service|scope))\))?(?= |$)", " USER", line)
    line = re.sub(r"\b(just now|\d+ (ms|s|min|h) ago)", "WHEN", line)
    line = re.sub(r"\b\d+(\.\d+)?(%| ?(ms|s|min|m|h))?(?!\w)", "N", line)
    return " ".join(line.split())


def compare(said, wanted):
    left = [plain(line) for line in said.split("\n")]
    for line in wanted:
        if line == "...":
            continue
        if plain(line) not in left:
            raise Wrong(f'"{line}" is not what it prints. It printed:\n{said}')
        del left[: left.index(plain(line)) + 1]


def try_shell(example, run_command=run):
    commands = commands_of(example.text)
    status_wanted = int(example.words[2]) if example.words[1:2] == ["exit"] else 0
    for index, (command, wanted) in enumerate(commands):
        said, status = run_command(command)
        last = index + 1 == len(commands)
        if status != (status_wanted if last else 0):
            raise Wrong(f"`{command}` ended with {status}:\n{said}")
        compare(said, wanted)


# JSON: the same members everywhere.

def same_shape(shown, real, where):
    if isinstance(shown, dict) and isinstance(real, dict):
        if shown.keys() - mdoc.COMING_MEMBERS != real.keys() - mdoc.COMING_MEMBERS:
            raise Wrong(f"{where} has {sorted(real)}, the page shows {sorted(shown)}")
        for key in shown.keys() & real.keys():
            same_shape(shown[key], real[key], f"{where}.{key}")
    elif isinstance(shown, list) and isinstance(real, list):
        if shown and not real:
            raise Wrong(f"{where} is empty")
        for one, other in zip(shown, itertools.cycle(real)):
            same_shape(one, other, f"{where}[]")
    elif isinstance(shown, (dict, list)) != isinstance(real, (dict, list)) and None not in (shown, real):
        raise Wrong(f"{where} is {real!r}, the page shows {shown!r}")


def try_json(example):
    said = run_well(" ".join(example.words[1:]))
    same_shape(json.loads(example.text), json.loads(said.strip().split("\n")[-1]), "it")


# App files.

def try_app(example):
    for program in ("bin/web", "v1/bin/web", "migrate-database"):
        write(f"/srv/web/{program}", PROGRAM, 0o755)
    write("/srv/web/v1/nginx.conf", "")
    write("/usr/local/sbin/nginx", PROGRAM, 0o755)
    write("/etc/rollctl/web.toml", example.text)
    run_well("rollctl check web")
    run_well("rollctl deploy web v1 --dry-run")


# Servers: rolled to the next release while clients ask.

FLAGS = "$(pkg-config --cflags --libs libroll)"
SERVERS = {
    "c++": {"tool": "c++", "file": "web.cpp", "build": f"c++ -std=c++20 -Wall -Werror web.cpp -o web {FLAGS}",
            "command": ["{here}/web", "{listen}"], "ready": "notify"},
    "c": {"tool": "cc", "file": "web.c", "build": "cc -Wall -Wextra -Werror -O1 web.c -o web",
          "command": ["{here}/web", "{port}"], "ready": "notify"},
    "python": {"tool": "python3", "file": "web.py", "build": "true",
               "command": ["/usr/bin/env", "python3", "{here}/web.py", "{port}"], "ready": "notify"},
    "node": {"tool": "node", "file": "web.js", "build": "true",
             "command": ["node", "{here}/web.js"], "ready": "http", "keys": 'socket = "inherit"\n'},
    "go": {"tool": "go", "file": "web.go",
           "build": "GO111MODULE=off GOCACHE=/srv/cache go build -o web web.go",
           "command": ["{here}/web", "{listen}"], "ready": "notify"},
}


class Clients:
    """Ask one after the other and try nothing twice: half of them each time on a new connection, the others on one
    that they keep until the server says that it closes it."""

    def __init__(self, count=8):
        self.answered, self.failures, self.stopping = 0, [], False
        self.threads = [threading.Thread(target=self.ask, args=[number % 2 == 0]) for number in range(count)]
        for thread in self.threads:
            thread.start()

    def ask(self, keeps):
        headers = {} if keeps else {"Connection": "close"}
        connection = None
        while not self.stopping:
            connection = connection or http.client.HTTPConnection("127.0.0.1", 8080, timeout=20)
            try:
                connection.request("GET", "/", headers=headers)
                answer = connection.getresponse()
                answer.read()
                self.answered += 1
                if not answer.will_close:
                    continue
            except (OSError, http.client.HTTPException) as failure:
                self.failures.append(repr(failure))
            connection.close()
            connection = None
        if connection:
            connection.close()

    def await_more(self, count):
        goal, deadline = self.answered + count, time.monotonic() + 60
        while self.answered < goal and time.monotonic() < deadline:
            time.sleep(0.01)

    def stop(self):
        self.stopping = True
        for thread in self.threads:
            thread.join()


def try_server(example):
    server = SERVERS[example.words[0]]
    if shutil.which(server["tool"]) is None:
        raise NotRun(f"there is no {server['tool']} on this host")
    for release in ("r1", "r2"):
        write(f"/srv/web/{release}/{server['file']}", example.text)
        run_well(f"cd /srv/web/{release} && {server['build']}")
    command = json.dumps([word.replace("{here}", "/srv/web/{release}") for word in server["command"]])
    write("/etc/rollctl/web.toml",
          f'command = {command}\nlisten = ["127.0.0.1:8080"]\ninstances = 2\n{server.get("keys", "")}'
          f'[ready]\nkind = "{server["ready"]}"\n')
    run_well("rollctl deploy web r1")
    clients = Clients()
    try:
        for release in ("r2", "r1", "r2"):
            clients.await_more(200)
            run_well(f"rollctl deploy web {release}")
        clients.await_more(200)
    finally:
        clients.stop()
    if clients.failures or clients.answered < 800:
        raise Wrong(f"{clients.answered} answered, {len(clients.failures)} failed: {clients.failures[:3]}")
    run_well("rollctl stop web")
    for line in pathlib.Path("/var/lib/rollctl/web/journal.jsonl").read_text().split("\n"):
        event = json.loads(line) if line else {}
        if event.get("event") == "instance.drained" and event["exit"] != {"code": 0}:
            raise Wrong(f"an instance ended otherwise than by draining: {line}")


# Scenarios.

def prepare(scenario):
    pathlib.Path("/etc/rollctl").mkdir(parents=True, exist_ok=True)
    if scenario == "adhoc":
        write("/srv/files/index.html", "a file\n")
    if scenario not in ("plain", "canary"):
        return
    for release in ("v1", "v2", "v3", "v4"):
        write(f"/srv/web/{release}/index.html", release + "\n")
    write("/etc/rollctl/web.toml", WEB)
    run_well("rollctl deploy web v1")


class NotBuilt(NotRun):
    """Nor what comes after it."""


def try_one(example):
    if example.kind == "none":
        raise NotRun(" ".join(example.words))
    known = run("rollctl --help; rollctl deploy --help")[0]
    for coming in mdoc.COMING_COMMANDS | mdoc.COMING_OPTIONS:
        word = coming if coming.startswith("-") else f"rollctl {coming}"
        if word in example.text and not re.search(rf"^  {coming}\b", known, re.MULTILINE):
            raise NotBuilt(f"this rollctl does not know {coming} yet")
    if example.kind == "file":
        write(example.words[1], example.text)
    else:
        {"shell": try_shell, "json": try_json, "app": try_app, "server": try_server}[example.kind](example)


def scenario_of(example):
    if example.kind in ("shell", "file", "json"):
        return f"{example.page} {example.words[0]}"
    return f"{example.page} {example.kind} {example.words[0]}"


def isolate():
    """In the namespaces already: makes what examples write to writable, and the host's own untouched."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "none", "/run"], check=True)
    for folder in ("/etc", "/srv", "/var/lib", "/var/log", "/usr/local"):
        upper = pathlib.Path("/run/upper") / folder[1:].replace("/", "-")
        for part in ("new", "work"):
            (upper / part).mkdir(parents=True)
        subprocess.run(["mount", "-t", "overlay", "none", "-o",
                        f"lowerdir={folder},upperdir={upper}/new,workdir={upper}/work", folder], check=True)


def run_scenario(tree, name):
    isolate()
    prepare(name.split()[-1])
    wrong = 0
    for example in [e for page in mdoc.read_pages(tree / "man").values() for e in page.examples]:
        if scenario_of(example) != name:
            continue
        try:
            try_one(example)
            print(f"ok       {example}")
        except NotRun as reason:
            print(f"not run  {example}: {reason}")
            if isinstance(reason, NotBuilt):
                break
        except (Wrong, subprocess.TimeoutExpired, ValueError) as reason:
            wrong += 1
            print(f"WRONG    {example}: {reason}")
            break
    return wrong


def main():
    tree, build = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    if sys.argv[3:4] == ["--inside"]:
        return 1 if run_scenario(tree, sys.argv[4]) else 0
    if os.geteuid() != 0:
        print("skipped: the examples run in namespaces of their own, which takes root")
        return 77
    pattern = sys.argv[3] if len(sys.argv) > 3 else ""
    examples = [e for page in mdoc.read_pages(tree / "man").values() for e in page.examples]
    failed = []
    with tempfile.TemporaryDirectory(prefix="rollctl-examples.") as stage:
        if any(e.kind == "server" for e in examples):
            subprocess.run(["cmake", "--install", build, "--prefix", f"{stage}/usr", "--component", "libroll-dev"],
                           check=True, stdout=subprocess.DEVNULL)
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith(("ROLL", "XDG_", "NOTIFY_", "LISTEN_"))}
        environment["PATH"] = f"{build}/bin:{environment['PATH']}"
        environment["PKG_CONFIG_PATH"] = ":".join(str(p) for p in pathlib.Path(stage).rglob("pkgconfig"))
        for name in dict.fromkeys(scenario_of(e) for e in examples):
            if pattern not in name:
                continue
            inside = subprocess.run(["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
                                     sys.executable, __file__, tree, build, "--inside", name],
                                    env=environment, check=False)
            if inside.returncode != 0:
                failed.append(name)
    print(f"{len(examples)} examples", *[f"WRONG: {name}" for name in failed], sep="\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
