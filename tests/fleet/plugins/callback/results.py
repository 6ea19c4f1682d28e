# SPDX-License-Identifier: MIT
"""Writes the result of each task as a line of JSON into the file $ROLL_RESULTS. For tests."""

import json
import os

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: results
type: notification
short_description: results as lines of JSON
description: For tests.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "results"
    CALLBACK_NEEDS_ENABLED = True

    def _write(self, result, **flags):
        with open(os.environ["ROLL_RESULTS"], "a", encoding="utf-8") as file:
            line = {"host": result._host.get_name(), "task": result._task.get_name(), "failed": False, "unreachable": False,
                    **json.loads(self._dump_results(result._result)), "diff": result._result.get("diff"), **flags}
            file.write(json.dumps(line) + "\n")

    def v2_runner_on_ok(self, result):
        self._write(result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._write(result, failed=True)

    def v2_runner_on_unreachable(self, result):
        self._write(result, unreachable=True)
