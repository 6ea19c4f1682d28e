# SPDX-License-Identifier: MIT
import os

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.rollctl.rollctl.plugins.plugin_utils.ledger import Ledger, is_true

# The names under which the playbook registers what hosts did.
PLAN, DEPLOY, BACK, FAILURE = "rollctl_plan", "rollctl_deploy", "rollctl_back", "rollctl_failure"


class ActionModule(ActionBase):
    """Runs once, for all hosts of a batch."""

    TRANSFERS_FILES = False
    SPEC = {"stage": {"type": "str", "required": True, "choices": ["begin", "wave", "gate", "back", "end"]},
            "report": {"type": "path", "required": True}, "app": {"type": "str"}, "release": {"type": "str"},
            "id": {"type": "str"}, "max_failed": {"type": "raw", "default": 0}, "failure": {"type": "str"}}

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        del tmp
        arguments = self.validate_argument_spec(self.SPEC, required_if=[("stage", "begin", ("app", "release"))])[1]
        # A dry run leaves the report of the real one alone.
        ledger = Ledger(os.path.expanduser(arguments["report"]) + (".check" if self._task.check_mode else ""))
        try:
            self.book(ledger, arguments, task_vars)
            ledger.save()
        except (OSError, ValueError, KeyError) as problem:
            raise AnsibleActionFail(f"the report {ledger.path} cannot be kept: {problem!r}") from problem
        summary = ledger.summary()
        result.update(changed=False, ansible_facts={"rollctl_rollout": summary}, msg=summary["text"])
        return result

    def book(self, ledger, arguments, task_vars):
        stage = arguments["stage"]
        if stage == "begin":
            plans = self.collect(task_vars, PLAN, task_vars["ansible_play_hosts_all"])
            ledger.begin(arguments["app"], arguments["release"], arguments["id"], arguments["max_failed"], plans,
                         self._task.check_mode)
            return
        ledger.load()
        if stage == "wave":
            ledger.wave(self.collect(task_vars, DEPLOY, task_vars["ansible_play_batch"]))
        elif stage == "gate":
            ledger.gate([arguments["failure"]] if arguments["failure"] else [])
        elif stage == "back":
            ledger.back(self.collect(task_vars, BACK, task_vars["ansible_play_hosts_all"]))
        else:
            ledger.end()

    @staticmethod
    def collect(task_vars, name, hosts):
        """A task beside ours that failed makes a host fail, whatever its own task did."""
        found = {}
        for host in hosts:
            known = task_vars["hostvars"].raw_get(host)
            result, failure = known.get(name) or {}, known.get(FAILURE)
            bad = is_true(result.get("failed")) or is_true(result.get("unreachable"))
            if failure and name == DEPLOY and not bad:
                result = {"exit": 0, **result, "failed": True, "msg": failure}
            found[host] = result
        return found
