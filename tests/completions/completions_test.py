#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Usage: completions_test.py TREE BIN_FOLDER

Asks bash, zsh and fish what they offer behind `rollctl ...`, in the midst of files and folders whose names are made to be
evaluated, and with files that cannot be read.
"""

import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

from hostile_names import NAMES

TREE, BIN = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
COMPLETIONS = TREE / "packaging/completions"


def run(argv, env):
    done = subprocess.run(argv, env=env, cwd=env["PWD"], stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False,
                          encoding="utf-8", errors="surrogateescape")
    if done.returncode != 0 or done.stderr:
        raise RuntimeError(f"{argv[0]} ended with {done.returncode}: {done.stderr}{done.stdout}")
    return {line for line in done.stdout.split("\n") if line}


def ask_bash(line, env):
    # As readline cuts it: `=` is a word of its own.
    words = [part for word in line.split(" ") for part in re.split(r"(=)", word) if part or not word]
    script = (f"source {COMPLETIONS}/rollctl.bash; COMP_WORDS=({shlex.join(words)}); COMP_CWORD={len(words) - 1}; "
              '_rollctl; printf "%s\\n" "${COMPREPLY[@]}"')
    return run(["bash", "--norc", "-c", script], env)


def ask_zsh(line, env):
    return run(["zsh", "-f", f"{TREE}/tests/completions/ask.zsh", str(COMPLETIONS), line], env)


def ask_fish(line, env):
    script = f"source {COMPLETIONS}/rollctl.fish; complete -C {shlex.quote(line)}"
    return {offer.split("\t")[0] for offer in run(["fish", "--no-config", "-c", script], env)}


SHELLS = {"bash": ask_bash, "zsh": ask_zsh, "fish": ask_fish}


def commands():
    text = subprocess.run([f"{BIN}/rollctl", "--help"], check=True, capture_output=True, text=True).stdout
    return {line.split()[0] for line in text.split("Subcommands:\n")[1].split("\n\n")[0].split("\n")}


def options(command):
    text = subprocess.run([f"{BIN}/rollctl", command, "--help"], check=True, capture_output=True, text=True).stdout
    return {name for names in re.findall(r"^  (-\S*)", text, re.M) for name in names.split(",")}


# Behind the line: exactly these are offered.
CASES = [
    ("rollctl ", commands() | {"--help", "--version"}),
    ("rollctl rol", {"rollback"}),
    ("rollctl deploy ", {"api", "web", "adhoc"}),
    ("rollctl status w", {"web"}),
    ("rollctl deploy --strict ", {"api", "web", "adhoc"}),
    ("rollctl deploy web --batch 1 v1", {"v1"}),
    ("rollctl deploy web ", {"v1", "v2", "v4"}),
    ("rollctl scale web ", {"cpus"}),
    ("rollctl deploy web --handover ", {"auto", "steer", "migrate", "plain"}),
    ("rollctl stop web --handover m", {"migrate"}),
    ("rollctl rollback web --to ", {"v1", "v2"}),
    ("rollctl rollback web --to-generation ", {"1", "2"}),
    ("rollctl logs web --instance ", {"1", "2", "17"}),
    ("rollctl logs web --f", {"--follow"}),
    ("rollctl restart web ", set()),
    ("rollctl deploy web -- roll-htt", {"roll-httpd"}),
    *[(f"rollctl {command} -", options(command)) for command in sorted(commands())],
]
# What is typed is not evaluated either.
TYPED = [(line, set()) for line in (
    "rollctl deploy web v9", "rollctl deploy web v9$(touch${IFS}PWNED)", "rollctl deploy `touch${IFS}PWNED` ",
    "rollctl status $(touch${IFS}PWNED)", "rollctl $(touch${IFS}PWNED) web ", "rollctl rollback a[$(touch${IFS}PWNED)] --to ",
    "rollctl logs ../$(touch${IFS}PWNED) --instance ", "rollctl restart web --x[$(touch${IFS}PWNED)]=v")]
# A shell writes these its own way.
EQUALS = ("rollctl deploy web --handover=st",
          {"bash": {"steer"}, "zsh": {"steer"}, "fish": {"--handover=steer"}})


def event(name, generation, **fields):
    return json.dumps({"v": 1, "time": "2026-01-31T12:00:00.000Z", "app": "web", "generation": generation,
                       "event": name, **fields})


def lay_out(folder):
    """Apps of all kinds, without a single process."""
    (folder / "config").mkdir()
    for release in ("v2", "v4"):
        (folder / "srv" / release).mkdir(parents=True)
    (folder / "config/web.toml").write_text(f'command = ["{folder}/srv/{{release}}/web", "{{listen}}"]\n'
                                            'listen = ["127.0.0.1:8080"]\n')
    (folder / "config/api.toml").write_text('command = ["api"]\nlisten = ["127.0.0.1:8081"]\n')
    (folder / "config/notes.txt").touch()
    for app in ("web", "adhoc", "empty"):
        (folder / "state" / app).mkdir(parents=True)
    journal = []
    for generation, release, outcome in ((1, "v1", "deployed"), (2, "v2", "deployed"), (3, "v3", "rolled_back")):
        journal += [event("deploy.started", generation, release=release, command="deploy", instances=1,
                          handover="steer", note='{"outcome":"deployed"}', **{"from": None}),
                    event("deploy.finished", generation, outcome=outcome, duration_ms=1, connections_cut=0,
                          reason="")]
    for app in ("web", "adhoc"):
        (folder / "state" / app / "journal.jsonl").write_text("\n".join(journal) + "\n")
    (folder / "log/web").mkdir(parents=True)
    for instance in (1, 2, 17):
        (folder / f"log/web/{instance}.log").touch()


def add_hostile_names(folder):
    """Wherever names are looked for."""
    for name in NAMES:
        os.makedirs(os.path.join(os.fsencode(folder / "srv"), name), exist_ok=True)
        app = os.path.join(os.fsencode(folder / "state"), name)
        os.makedirs(app, exist_ok=True)
        open(os.path.join(app, b"journal.jsonl"), "wb").close()
        for place in ("config/%s.toml", "log/web/%s.log"):
            path = os.fsencode(folder / place) % name
            if len(os.path.basename(path)) <= 255:
                open(path, "wb").close()


# Nothing of these is ever read to its end; deploys are offered what was deployed before.
def put_fifo(file):
    file.unlink()
    os.mkfifo(file)


def put_endless_text(file):
    text = file.read_text()
    with file.open("w") as out:
        out.write(text)
        out.truncate(8 << 30)


def put_folder(file):
    file.unlink()
    file.mkdir()


def put_link_to_terminal(file):
    file.unlink()
    file.symlink_to("/dev/tty")


UNREADABLE = [put_fifo, put_endless_text, put_folder, put_link_to_terminal]
MANY_FOLDERS = 20_000


def ask_about_files(shell, ask, env):
    """What no app file should be, in its place; and a folder with more entries than anybody deploys."""
    wrong = 0
    folder = pathlib.Path(env["HOME"])
    file = folder / "config/web.toml"
    good = file.read_text()
    for put in UNREADABLE:
        put(file)
        offered = ask("rollctl deploy web v", env)
        if offered != {"v1", "v2"}:
            wrong += 1
            print(f"{shell}: {put.__name__}: deploy offers {sorted(offered)}")
        if file.is_dir() and not file.is_symlink():
            file.rmdir()
        else:
            file.unlink()
        file.write_text(good)

    many = folder / "many"
    if not many.exists():
        many.mkdir()
        for number in range(MANY_FOLDERS):
            os.symlink(".", many / f"v{number}")
    file.write_text(good.replace("/srv/", "/many/"))
    offered = ask("rollctl deploy web v9", env)
    file.write_text(good)
    if not offered or not all(word.startswith("v9") for word in offered):
        wrong += 1
        print(f"{shell}: of many folders {len(offered)} are offered")
    return wrong


def main():
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="rollctl-completions.") as name:
        folder = pathlib.Path(name)
        lay_out(folder)
        add_hostile_names(folder)
        (folder / "here").mkdir()
        env = {"PWD": f"{name}/here", "PATH": f"{BIN}:/usr/local/bin:/usr/bin:/bin", "HOME": name, "TMPDIR": name, "LC_ALL": "C.UTF-8",
               "TERM": "dumb"}
        env |= {f"ROLLCTL_{kind.upper()}_DIR": f"{name}/{kind}" for kind in ("config", "runtime", "state", "log")}
        for shell, ask in SHELLS.items():
            if shutil.which(shell) is None:
                if os.geteuid() == 0:
                    wrong += 1
                print(f"{shell} is not installed: its completion was not tried")
                continue
            for line, wanted in [*CASES, *TYPED, (EQUALS[0], EQUALS[1][shell])]:
                offered = ask(line, env)
                if offered != wanted:
                    wrong += 1
                    print(f"{shell}: `{line}` offers {sorted(offered)}, not {sorted(wanted)}")
                for found in (folder / "here").iterdir():
                    wrong += 1
                    print(f"{shell}: `{line}` evaluated a name and made {found.name}")
                    found.unlink()
            wrong += ask_about_files(shell, ask, env)
            print(f"{shell}: {len(CASES) + len(TYPED) + 1} lines tried")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
