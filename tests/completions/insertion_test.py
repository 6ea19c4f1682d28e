#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Usage: insertion_test.py TREE BIN_FOLDER

Presses Tab and Enter in bash, zsh and fish, on a terminal, behind names of files that are made to be evaluated: the command
gets exactly the name, or nothing of it, and nothing is evaluated.
"""

import json
import os
import pathlib
import pty
import select
import shutil
import sys
import tempfile
import time

from hostile_names import NAMES

TREE, BIN = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
COMPLETIONS = TREE / "packaging/completions"
PATIENCE = 60

# Stands for rollctl where one is started by Enter: tells what it was given.
RECORDER = """#!/usr/bin/env python3
import json, os, sys
if sys.argv[1:2] == ["complete"] or "--help" in sys.argv[1:]:
    os.execv({rollctl!r}, ["rollctl", *sys.argv[1:]])
with open({record!r}, "wb", buffering=0) as record:
    record.write(json.dumps([os.fsencode(word).hex() for word in sys.argv[1:]]).encode() + b"\\n")
"""

BEGIN = {
    "bash": (["bash", "--norc", "--noprofile", "-i"],
             "PS1=; bind 'set enable-bracketed-paste off'; bind 'set bell-style none'; source {completions}/rollctl.bash\n"),
    "zsh": (["zsh", "-f", "-i"],
            "PROMPT=; unsetopt zle_bracketed_paste prompt_cr prompt_sp 2>/dev/null; fpath=({completions} $fpath); "
            "autoload -Uz compinit && compinit -u -D\n"),
    "fish": (["fish", "--no-config", "-i"], "function fish_prompt; end; source {completions}/rollctl.fish\n"),
}


class Shell:
    """An interactive shell on a terminal of its own."""

    def __init__(self, name, env, record):
        argv, begin = BEGIN[name]
        os.mkfifo(record)
        self.record = os.open(record, os.O_RDWR | os.O_NONBLOCK)
        self.said = b""
        pid, self.terminal = pty.fork()
        if pid == 0:
            os.chdir(env["PWD"])
            os.execvpe(argv[0], argv, env)
        self.pid = pid
        self.type(begin.format(completions=COMPLETIONS).encode())
        self.type(b"rollctl begun\n")
        assert self.given() == [b"begun"]

    def type(self, text):
        while text:
            text = text[os.write(self.terminal, text):]

    def given(self):
        """What the next command is given. What the shell shows meanwhile is read, lest it waits for that."""
        deadline = time.monotonic() + PATIENCE
        line = b""
        while not line.endswith(b"\n"):
            ready, _, _ = select.select([self.terminal, self.record], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                raise RuntimeError(f"no command was run; the terminal shows {self.said[-2000:]!r}")
            if self.record in ready:
                line += os.read(self.record, 65536)
            if self.terminal in ready:
                self.said += os.read(self.terminal, 65536)
        return [bytes.fromhex(word) for word in json.loads(line)]

    def end(self):
        os.close(self.terminal)
        os.waitpid(self.pid, 0)


def lay_out(folder):
    (folder / "here").mkdir()
    for number, name in enumerate(NAMES):
        for ending, kind in ((b".toml", "file"), (b"", "folder")):
            parent = os.path.join(os.fsencode(folder), kind.encode(), b"%d" % number)
            os.makedirs(parent)
            path = os.path.join(parent, name + ending)
            if kind == "folder":
                os.mkdir(path)
            else:
                open(path, "wb").close()


def try_names(shell, folder):
    """A name in a folder of its own: Tab has one choice. A shell may also leave the line as it was typed."""
    wrong = completed = 0
    here = folder / "here"
    for kind, words in (("file", "check"), ("folder", "check"), ("file", "deploy web --")):
        for number, name in enumerate(NAMES):
            parent = os.fsencode(folder / kind / str(number)) + b"/"
            shell.type(b"rollctl %s %s\t\n" % (words.encode(), parent))
            given = shell.given()[len(words.split()):]
            whole = parent + name + (b".toml" if kind == "file" else b"")
            if given in ([whole], [whole + b"/"]):
                completed += 1
            elif given != [parent]:
                wrong += 1
                print(f"`rollctl {words}`: Tab and Enter behind {whole!r} give {given!r}")
            for found in here.iterdir():
                wrong += 1
                print(f"`rollctl {words}`: Tab and Enter behind {whole!r} made {found.name}")
                found.unlink()
    return wrong, completed


def main():
    failed = 0
    for name in BEGIN:
        if shutil.which(name) is None:
            failed += os.geteuid() == 0
            print(f"{name} is not installed: its completion was not tried")
            continue
        with tempfile.TemporaryDirectory(prefix="rollctl-insertion.") as scratch:
            folder = pathlib.Path(scratch)
            lay_out(folder)
            program = folder / "bin/rollctl"
            program.parent.mkdir()
            program.write_text(RECORDER.format(rollctl=str(BIN / "rollctl"), record=f"{scratch}/record"))
            program.chmod(0o755)
            env = {"PATH": f"{scratch}/bin:/usr/local/bin:/usr/bin:/bin", "HOME": scratch, "TMPDIR": scratch, "PWD": f"{scratch}/here",
                   "LC_ALL": "C.UTF-8", "TERM": "dumb", "HISTFILE": "/dev/null"}
            env |= {f"ROLLCTL_{kind.upper()}_DIR": f"{scratch}/{kind}" for kind in ("config", "runtime", "state", "log")}
            shell = Shell(name, env, f"{scratch}/record")
            wrong, completed = try_names(shell, folder)
            shell.end()
        print(f"{name}: {completed} names were completed")
        # One that never completes anything would pass without having been tried.
        if completed < len(NAMES):
            print(f"{name}: these are too few")
        failed += wrong + (completed < len(NAMES))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
