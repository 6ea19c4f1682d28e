# SPDX-License-Identifier: MIT
"""The documentation. The action of the same name does the work, on the controller."""

DOCUMENTATION = r"""
module: info
short_description: Tell who serves, and whether a release could be deployed
version_added: 1.0.0
description:
  - Reads the state of an app and of its host by one command, and changes nothing.
author: The rollctl authors (@rollctl)
extends_documentation_fragment:
  - rollctl.rollctl.change.where
  - rollctl.rollctl.change.waiting
options:
  release:
    description: Also say whether this release could be deployed now. That takes a dry run, and waits for another
      rollctl that changes the app.
    type: str
  doctor:
    description: Also ask C(rollctl doctor) what this host can do.
    type: bool
    default: false
  allow_lossy:
    description: With I(doctor), a host on which deploys may lose connections is no problem.
    type: bool
    default: false
  min_free_mb:
    description: Fewer MiB than these free below C(/var/lib) or C(/var/log) are a problem.
    type: int
    default: 0
attributes:
  check_mode:
    description: It only looks.
    support: full
"""

EXAMPLES = r"""
- name: Ask who serves
  rollctl.rollctl.info:
    app: web
  register: web

- name: Ask whether v2 could be deployed
  rollctl.rollctl.info:
    app: web
    release: v2
    doctor: true
    min_free_mb: 64
  register: web
  failed_when: web.problems | length > 0
"""

RETURN = r"""
msg:
  description: The problems, and who serves.
  returned: always
  type: str
problems:
  description: Why the release could not be deployed now. Empty if nothing is known to be in the way. They do not
    make the task fail.
  returned: always
  type: list
  elements: str
serves:
  description: Who serves.
  returned: success
  type: dict
  sample: {release: v2, generation: 7, serving: 2, wanted: 2}
release:
  description: The release that serves; null if nothing was ever deployed. Beside it stand the other members of
    C(rollctl status --json), which are C(generation), C(wanted), C(serving), C(handover), C(listen), C(since),
    C(deploy) and C(instances).
  returned: success
  type: str
last_change:
  description: The newest entry of C(rollctl history --json), or null.
  returned: success
  type: dict
releases:
  description: The releases that a rollback could name, newest first.
  returned: success
  type: list
  elements: str
disk:
  description: MiB that are free on the file systems of C(/var/lib) and C(/var/log).
  returned: success
  type: dict
plan:
  description: The steps of the dry run.
  returned: with I(release)
  type: list
  elements: dict
doctor:
  description: What C(rollctl doctor --json) prints.
  returned: with I(doctor)
  type: dict
"""
