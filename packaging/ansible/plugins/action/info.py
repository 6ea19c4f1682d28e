# SPDX-License-Identifier: MIT
from ansible_collections.rollctl.rollctl.plugins.plugin_utils import readiness
from ansible_collections.rollctl.rollctl.plugins.plugin_utils.change import WAITING, WHERE
from ansible_collections.rollctl.rollctl.plugins.plugin_utils.target import Script, TargetAction


class ActionModule(TargetAction):
    """Looks at an app and its host in one command, and changes nothing."""

    SPEC = {**WHERE, "release": {"type": "str"}, "doctor": {"type": "bool", "default": False},
            "allow_lossy": {"type": "bool", "default": False}, "min_free_mb": {"type": "int", "default": 0}, **WAITING}

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        del tmp
        arguments = self.arguments(self.SPEC)
        program, app = arguments["program"], arguments["app"]
        script = Script()
        if arguments["release"]:
            # Whoever changes the app may take so long.
            seconds = str(max(1, arguments["wait_lock"]))
            script.run("wait", ["timeout", seconds, program, "status", app, "--wait", "--quiet"])
            script.run("plan", [program, "deploy", app, arguments["release"], "--dry-run", "--json"])
        if arguments["doctor"]:
            script.run("doctor", [program, "doctor", "--json"])
        script.run("history", [program, "history", app, "--json", "-n", "1000"])
        script.run("disk", ["df", "-Pk", "/var/lib", "/var/log"])
        script.run("status", [program, "status", app, "--json"])
        parts = self.send(script, "status")
        result.update(readiness.look(arguments, parts))
        return result
