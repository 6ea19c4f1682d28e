# SPDX-License-Identifier: MIT
"""Runs commands on a host by one command of its shell, so that the host needs no Python."""

import json
import os
import shlex

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

# A connection that died in the middle of a command is noticed after a minute. Given to the connection only where the
# user gave nothing.
KEEP_ALIVE = "-o ServerAliveInterval=15 -o ServerAliveCountMax=3"


class Part:
    """What one command printed, and its exit status."""

    def __init__(self, lines, status):
        self.lines, self.status = lines, status

    def objects(self):
        """The JSON objects among the lines; hooks and wrappers may print others."""
        found = []
        for line in self.lines:
            if line.startswith("{"):
                try:
                    found.append(json.loads(line))
                except ValueError:
                    continue
        return found

    def object(self):
        objects = self.objects()
        return objects[-1] if objects else {}


class Script:
    """Commands for sh, each a part with a name. The lines between them carry a word that nobody can guess."""

    def __init__(self):
        self.word = "#" + os.urandom(6).hex()
        self.lines = [f"p() {{ printf '\\n{self.word} %s\\n' \"$*\"; }}",
                      'r() { p begin "$1"; shift; "$@"; s=$?; p end "$s"; }']

    def run(self, name, argv):
        self.lines.append(f"r {name} {shlex.join(argv)}")

    def run_until_free(self, name, argv, status_argv, seconds):
        """Again while it ends with 5, for so many seconds. A canary stays until somebody ends it: there is no use in
        waiting for that."""
        self.lines.append(
            f"n=0\nwhile r {name} {shlex.join(argv)}; [ $s = 5 ] && [ $n -lt {seconds} ]; do\n"
            f"case $({shlex.join(status_argv)} 2>/dev/null) in *'\"phase\":\"canary\"'*) break ;; esac\n"
            "sleep 1; n=$((n + 1))\ndone")

    def text(self):
        """A function that is called in the last line: where the connection goes before that, nothing runs."""
        return "\n".join(["m() {", *self.lines, "}", "m </dev/null", "exit 0", ""])

    def parts(self, output):
        """The last one of each name."""
        parts, name, lines = {}, None, []
        for line in output.splitlines():
            if not line.startswith(self.word):
                lines.append(line)
                continue
            words = line.split()[1:]
            if words[0] == "begin":
                name, lines = words[1], []
            elif name:
                parts[name] = Part(lines, int(words[1]))
        return parts


class TargetAction(ActionBase):
    """An action that runs on the controller and sends scripts."""

    TRANSFERS_FILES = False

    def arguments(self, spec, **rules):
        return self.validate_argument_spec(spec, **rules)[1]

    def send(self, script, expected):
        """The parts of a script, of which the one named `expected` must have run to its end."""
        self._keep_alive()
        # By standard input, since Ansible then asks ssh for no terminal: with one, sudo would tell rollctl to end when
        # the connection does.
        words = [self._compute_environment_string(), "sh"]
        done = self._low_level_execute_command(" ".join(word for word in words if word), in_data=script.text().encode())
        parts = script.parts(done["stdout"])
        if expected not in parts:
            said = (done["stderr"].strip() or done["stdout"].strip()).splitlines()
            raise AnsibleActionFail(
                f"the command did not run to its end: its shell ended with {done['rc']}"
                + (f" and said: {said[-1]}" if said else "")
                + "; the next rollctl command on the host finishes or undoes what it began",
                result={"exit": None, "stdout": done["stdout"], "stderr": done["stderr"]})
        self.stderr = done["stderr"]
        return parts

    def _keep_alive(self):
        if getattr(self._connection, "transport", "") != "ssh":
            return
        given = self._connection.get_option("ssh_extra_args") or ""
        others = " ".join(self._connection.get_option(name) or "" for name in ("ssh_args", "ssh_common_args"))
        if "ServerAlive" not in given + others:
            self._connection.set_option("ssh_extra_args", f"{given} {KEEP_ALIVE}".strip())
