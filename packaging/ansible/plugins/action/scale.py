# SPDX-License-Identifier: MIT
from ansible_collections.rollctl.rollctl.plugins.plugin_utils.change import ROLLING, ChangeAction


class ActionModule(ChangeAction):
    COMMAND = "scale"
    OPTIONS = {**ROLLING}
    EXTRA = {"instances": {"type": "str", "required": True}}

    def operands(self, arguments):
        return [arguments["app"], arguments["instances"]]
