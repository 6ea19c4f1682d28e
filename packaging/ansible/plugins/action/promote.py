# SPDX-License-Identifier: MIT
from ansible_collections.rollctl.rollctl.plugins.plugin_utils.change import HOLDING, ROLLING, ChangeAction


class ActionModule(ChangeAction):
    COMMAND = "promote"
    OPTIONS = {**HOLDING, **ROLLING}
