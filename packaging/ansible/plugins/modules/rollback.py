# SPDX-License-Identifier: MIT
"""The documentation. The action of the same name does the work, on the controller."""

DOCUMENTATION = r"""
module: rollback
short_description: Go back to an earlier release
version_added: 1.0.0
description:
  - Goes back to the release that was completed before the current one, by exactly what ran then.
  - Where the old instances are on standby, it only shifts the traffic back. While a canary stands, it ends the
    canary.
author: The rollctl authors (@rollctl)
extends_documentation_fragment:
  - rollctl.rollctl.change
  - rollctl.rollctl.change.where
  - rollctl.rollctl.change.waiting
  - rollctl.rollctl.change.rolling
  - rollctl.rollctl.change.holding
options:
  to:
    description: Go back to the last completed generation of this release.
    type: str
  to_generation:
    description: Go back to this generation.
    type: int
  only_from:
    description: Do nothing unless this release serves, or stands as a canary. First waits for another rollctl, and
      finishes or undoes what an interrupted one left. So the task may run on any host, and again.
    type: str
"""

EXAMPLES = r"""
- name: Go back
  rollctl.rollctl.rollback:
    app: web

- name: Go back wherever v2 serves
  rollctl.rollctl.rollback:
    app: web
    only_from: v2
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
