# SPDX-License-Identifier: MIT
"""The documentation. The action of the same name does the work, on the controller."""

DOCUMENTATION = r"""
module: deploy
short_description: Roll out a release on a host
version_added: 1.0.0
description:
  - Starts the instances of a release, shifts new connections to them once they are ready, and drains the old ones.
  - If a new instance fails, the old release serves as before, and the task fails.
  - The release that serves already, with an unchanged specification, is C(changed=false).
author: The rollctl authors (@rollctl)
extends_documentation_fragment:
  - rollctl.rollctl.change
  - rollctl.rollctl.change.where
  - rollctl.rollctl.change.waiting
  - rollctl.rollctl.change.rolling
  - rollctl.rollctl.change.holding
options:
  release:
    description: The release. Needed if the app file contains C({release}).
    type: str
  instances:
    description: The number of instances, or C(cpus).
    type: str
  listen:
    description: Addresses in place of those of the app file.
    type: list
    elements: str
  ready:
    description: The kind of readiness, as in C(http:/readyz).
    type: str
  canary:
    description: Start one new instance with this share of the new connections, as in C(10%).
    type: str
  bake:
    description: With I(canary), promote it after this time in good health. Without, watch the new instances so long
      before the old ones drain.
    type: str
"""

EXAMPLES = r"""
- name: Roll out v2, and keep v1 on standby for ten minutes
  rollctl.rollctl.deploy:
    app: web
    release: v2
    hold: 10m
    note: "ticket 4711"

- name: Give a new instance a tenth of the connections
  rollctl.rollctl.deploy:
    app: web
    release: v3
    canary: 10%
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
