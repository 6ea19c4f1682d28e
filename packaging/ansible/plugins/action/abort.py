# SPDX-License-Identifier: MIT
from ansible_collections.rollctl.rollctl.plugins.plugin_utils.change import ROLLING, ChangeAction


class ActionModule(ChangeAction):
    COMMAND = "abort"
    OPTIONS = {**ROLLING}
