#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Usage: completions_test.py TREE BIN_FOLDER

Asks bash, zsh and fish what they offer behind `rollctl ...`.
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

TREE, BIN = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
COMPLETIONS = TREE / "packaging/completions"


def run(argv, env):
    done = subprocess.run(argv, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                          check=False)
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


def main():
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="rollctl-completions.") as name:
        folder = pathlib.Path(name)
        lay_out(folder)
        env = {"PATH": f"{BIN}:/usr/local/bin:/usr/bin:/bin", "HOME": name, "TMPDIR": name, "LC_ALL": "C.UTF-8",
               "TERM": "dumb"}
        env |= {f"ROLLCTL_{kind.upper()}_DIR": f"{name}/{kind}" for kind in ("config", "runtime", "state", "log")}
        for shell, ask in SHELLS.items():
            if shutil.which(shell) is None:
                if os.geteuid() == 0:
                    wrong += 1
                print(f"{shell} is not installed: its completion was not tried")
                continue
            for line, wanted in [*CASES, (EQUALS[0], EQUALS[1][shell])]:
                offered = ask(line, env)
                if offered != wanted:
                    wrong += 1
                    print(f"{shell}: `{line}` offers {sorted(offered)}, not {sorted(wanted)}")
            print(f"{shell}: {len(CASES) + 1} lines tried")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
