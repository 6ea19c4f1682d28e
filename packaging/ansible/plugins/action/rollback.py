# SPDX-License-Identifier: MIT
from ansible_collections.rollctl.rollctl.plugins.plugin_utils import verdict
from ansible_collections.rollctl.rollctl.plugins.plugin_utils.change import HOLDING, ROLLING, ChangeAction
from ansible_collections.rollctl.rollctl.plugins.plugin_utils.target import Script


class ActionModule(ChangeAction):
    COMMAND = "rollback"
    OPTIONS = {"to": {"type": "str"}, "to_generation": {"type": "int"}, **HOLDING, **ROLLING}
    EXTRA = {"only_from": {"type": "str"}}

    def before(self, arguments):
        """With only_from: waits for what another rollctl does, finishes or undoes what none does any more, and looks
        which release serves then."""
        wanted = arguments["only_from"]
        if wanted is None:
            return None
        status = self.look(arguments)
        if (status.get("deploy") or {}).get("phase") == "interrupted" and not self._task.check_mode:
            script = Script()
            script.run("recover", [arguments["program"], "recover", arguments["app"], "--json"])
            self.send(script, "recover")
            status = self.look(arguments)
        serves = verdict.serving(status)
        canary = (status.get("deploy") or {}).get("phase") == "canary" and status["deploy"].get("release") == wanted
        if serves is None or serves["release"] == wanted or canary:
            return None
        return {"changed": False, "app": arguments["app"], "exit": 0, "outcome": "unchanged", "events": [],
                "connections_cut": 0, "duration_ms": 0, "serves": serves, "release": serves["release"],
                "msg": f"{arguments['app']}: {wanted} does not serve; {verdict.say_who_serves(serves)}"}

    def look(self, arguments):
        script = Script()
        script.run("status", ["timeout", str(max(1, arguments["wait_lock"])), *self.status_argv(arguments, "--wait")])
        script.run("now", self.status_argv(arguments))
        return self.send(script, "now")["now"].object()
