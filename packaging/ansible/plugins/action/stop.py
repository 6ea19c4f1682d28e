# SPDX-License-Identifier: MIT
from ansible_collections.rollctl.rollctl.plugins.plugin_utils.change import ChangeAction


class ActionModule(ChangeAction):
    COMMAND = "stop"
