# SPDX-License-Identifier: MIT
"""The documentation. The action of the same name does the work, on the controller."""

DOCUMENTATION = r"""
module: restart
short_description: Roll the same release again
version_added: 1.0.0
description:
  - Replaces all instances by new ones of the release that serves. Picks up a changed app file.
author: The rollctl authors (@rollctl)
extends_documentation_fragment:
  - rollctl.rollctl.change
  - rollctl.rollctl.change.where
  - rollctl.rollctl.change.waiting
  - rollctl.rollctl.change.rolling
  - rollctl.rollctl.change.holding
"""

EXAMPLES = r"""
- name: Roll the instances after the app file has changed
  rollctl.rollctl.restart:
    app: web
    batch: 50%
"""

RETURN = r"""
msg:
  description: One sentence on what happened and who serves now.
  returned: always
  type: str
  sample: "web: v2 serves with 2 of 2 instances (was v1), 0 connections cut"
exit:
  description: The exit status of rollctl; see rollctl(1). Other ones than 0 make the task fail.
  returned: always
  type: int
outcome:
  description: C(deployed), C(unchanged), C(canary), C(rolled_back), C(interrupted) or C(needs_attention). Null where
    rollctl did not begin.
  returned: always
  type: str
release:
  description: The release that was asked for.
  returned: always
  type: str
from:
  description: The release that served before.
  returned: always
  type: str
serves:
  description: Who serves now. Null if that is not known.
  returned: always
  type: dict
  sample: {release: v2, generation: 7, serving: 2, wanted: 2}
connections_cut:
  description: Connections that were still open at the drain deadline.
  returned: always
  type: int
duration_ms:
  description: How long the change took on the host.
  returned: always
  type: int
events:
  description: The events of rollctl(1), in their order.
  returned: always
  type: list
  elements: dict
plan:
  description: The steps of a dry run.
  returned: in check mode
  type: list
  elements: dict
hint:
  description: What rollctl advises after a failure, or nothing.
  returned: always
  type: str
log:
  description: The last lines that a failing instance logged.
  returned: always
  type: list
  elements: str
"""
