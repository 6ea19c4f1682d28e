# SPDX-License-Identifier: MIT
"""The actions that change an app: deploy and its kin."""

from ansible_collections.rollctl.rollctl.plugins.plugin_utils import description, verdict
from ansible_collections.rollctl.rollctl.plugins.plugin_utils.target import Script, TargetAction

WHERE = {"app": {"type": "str", "required": True}, "program": {"type": "str", "default": "rollctl"}}
# Those of every change, and the ones that only some have; the same words as rollctl's options.
COMMON = {
    "drain_deadline": {"type": "str"}, "handover": {"type": "str", "choices": ["auto", "steer", "migrate", "plain"]},
    "detach": {"type": "bool", "default": False}, "strict": {"type": "bool", "default": False},
    "note": {"type": "str"},
}
ROLLING = {"batch": {"type": "str"}, "ready_deadline": {"type": "str"}}
HOLDING = {"hold": {"type": "str"}}
WAITING = {"wait_lock": {"type": "int", "default": 60}}


def flags(options, arguments):
    """As rollctl takes them."""
    words = []
    for name in options:
        value, flag = arguments.get(name), "--" + name.replace("_", "-")
        if value is True:
            words.append(flag)
        elif isinstance(value, list):
            for one in value:
                words += [flag, one]
        elif value not in (None, False):
            words += [flag, str(value)]
    return words


class ChangeAction(TargetAction):
    """One change of an app by one command. A subclass names the command and its options."""

    COMMAND = ""
    OPTIONS = {}  # become flags
    EXTRA = {}  # do not

    @classmethod
    def spec(cls):
        return {**WHERE, **cls.EXTRA, **cls.OPTIONS, **COMMON, **WAITING}

    def operands(self, arguments):
        return [arguments["app"]]

    def before(self, arguments):
        """A result if nothing is to be sent."""

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        del tmp
        arguments = self.arguments(self.spec())
        done = self.before(arguments) or self.change(arguments)
        result.update(done)
        return result

    def status_argv(self, arguments, *more):
        return [arguments["program"], "status", arguments["app"], "--json", *more]

    def change(self, arguments):
        dry = self._task.check_mode
        argv = [arguments["program"], self.COMMAND, *self.operands(arguments), "--json",
                *flags({**self.OPTIONS, **COMMON}, arguments), *(["--dry-run"] if dry else [])]
        script = Script()
        if self._task.diff:
            description.ask(script, "before", arguments)
        script.run_until_free("change", argv, self.status_argv(arguments), arguments["wait_lock"])
        script.run("status", self.status_argv(arguments))
        if self._task.diff:
            description.ask(script, "after", arguments)
        parts = self.send(script, "status")
        result = verdict.judge(arguments["app"], self.COMMAND, parts["change"], parts["status"].object(), dry)
        if result.get("failed"):
            result["stderr"] = self.stderr
        if self._task.diff:
            result["diff"] = description.difference(arguments["app"], parts, result if dry else None)
        return result
