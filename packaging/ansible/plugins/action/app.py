# SPDX-License-Identifier: MIT
import base64
import shlex

from ansible.errors import AnsibleActionFail
from ansible.plugins.loader import lookup_loader

from ansible_collections.rollctl.rollctl.plugins.plugin_utils import toml, verdict
from ansible_collections.rollctl.rollctl.plugins.plugin_utils.change import WHERE
from ansible_collections.rollctl.rollctl.plugins.plugin_utils.target import Script, TargetAction

# It travels inside of one argument of a command, which Linux limits to 128 KiB.
LONGEST = 64 * 1024


class ActionModule(TargetAction):
    """Writes an app file in one command: to a folder of its own, checked there, then moved over the old one."""

    SPEC = {**WHERE, "content": {"type": "str"}, "template": {"type": "path"}, "config": {"type": "dict"},
            "folder": {"type": "path", "default": "/etc/rollctl"}, "mode": {"type": "str", "default": "0644"},
            "validate": {"type": "bool", "default": True}}
    SOURCES = ("content", "template", "config")

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        del tmp
        arguments = self.arguments(self.SPEC, mutually_exclusive=[self.SOURCES], required_one_of=[self.SOURCES])
        wanted = self.text(arguments, task_vars or {})
        if len(wanted.encode()) > LONGEST:
            raise AnsibleActionFail(f"the app file of {arguments['app']} is longer than {LONGEST} bytes")
        result.update(self.write(arguments, wanted))
        return result

    def text(self, arguments, task_vars):
        if arguments["config"] is not None:
            try:
                return toml.write(arguments["config"])
            except ValueError as problem:
                raise AnsibleActionFail(f"config: {problem}") from problem
        text = arguments["content"]
        if arguments["template"] is not None:
            lookup = lookup_loader.get("ansible.builtin.template", loader=self._loader, templar=self._templar)
            text = lookup.run([arguments["template"]], variables=task_vars, convert_data=False)[0]
        return text if text.endswith("\n") else text + "\n"

    def write(self, arguments, wanted):
        app, folder = arguments["app"], arguments["folder"]
        file, dry = f"{folder}/{app}.toml", self._task.check_mode
        script = Script()
        script.run("old", ["cat", file])
        script.lines += [
            f"d=$(mktemp -d {shlex.quote(folder)}/.new.XXXXXX) && trap 'rm -rf \"$d\"' EXIT || d=",
            f'n="$d"/{shlex.quote(app)}.toml',
            f"b() {{ printf %s {base64.b64encode(wanted.encode()).decode()} | base64 -d >\"$n\"; }}",
            f'r new b && chmod {shlex.quote(arguments["mode"])} "$n"',
            f'cmp -s "$n" {shlex.quote(file)}; changed=$?',
        ]
        check = f'r check {shlex.quote(arguments["program"])} check "$n" --json' if arguments["validate"] else "s=0"
        move = f'r move mv "$n" {shlex.quote(file)}'
        script.lines.append(f"{check}\n[ $s != 0 ] || [ $changed = 0 ] || " + ("true" if dry else move))
        script.run("end", ["true"])
        parts = self.send(script, "end")
        old = "\n".join(parts["old"].lines) + "\n" if parts["old"].status == 0 else ""
        result = {"app": app, "path": file, "changed": old.rstrip("\n") != wanted.rstrip("\n"), "findings": []}
        if self._task.diff:
            before = old.rstrip("\n") + "\n" if old else ""
            result["diff"] = {"before_header": file, "after_header": file, "before": before, "after": wanted}
        for name in ("new", "check", "move"):
            if name in parts and parts[name].status != 0:
                return {**result, **self.refusal(app, file, name, parts[name], old)}
        done = "would change" if dry else "written"
        result["msg"] = f"{file}: {done if result['changed'] else 'as it is to be'}"
        return result

    def refusal(self, app, file, name, part, old):
        kept = "the old one stays" if old else "none was there, and none is"
        if name != "check":
            return {"failed": True, "changed": False, "exit": part.status, "stderr": self.stderr,
                    "msg": f"{file}: cannot be written; {kept}: {self.stderr.strip()}"}
        said = part.object()
        findings = said.get("findings") or ([said] if said.get("event") == "error" else [])
        reason = findings[0]["message"] if findings else verdict.meaning(part.status)
        return {"failed": True, "changed": False, "exit": part.status, "findings": findings,
                "msg": f"{app}: rollctl check refuses the new app file; {kept}: {reason}"}
