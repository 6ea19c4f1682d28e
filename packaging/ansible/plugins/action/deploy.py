# SPDX-License-Identifier: MIT
from ansible_collections.rollctl.rollctl.plugins.plugin_utils.change import HOLDING, ROLLING, ChangeAction


class ActionModule(ChangeAction):
    COMMAND = "deploy"
    OPTIONS = {"instances": {"type": "str"}, "listen": {"type": "list", "elements": "str"}, "ready": {"type": "str"},
               "canary": {"type": "str"}, "bake": {"type": "str"}, **HOLDING, **ROLLING}
    EXTRA = {"release": {"type": "str"}}

    def operands(self, arguments):
        return [arguments["app"], *([arguments["release"]] if arguments["release"] else [])]
