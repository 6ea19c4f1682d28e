# SPDX-License-Identifier: MIT
"""The documentation. The action of the same name does the work, on the controller."""

DOCUMENTATION = r"""
module: app
short_description: Write an app file
version_added: 1.0.0
description:
  - Writes the app file of an app from a text, a template or a dict. C(rollctl check) looks at it before it replaces
    the old one, which stays if the new one is not right.
  - It changes no instance. The next deploy or restart uses the file.
author: The rollctl authors (@rollctl)
extends_documentation_fragment:
  - rollctl.rollctl.change.where
options:
  content:
    description: The text of the app file.
    type: str
  template:
    description: A template of the controller that becomes the app file, found as those of
      M(ansible.builtin.template) are.
    type: path
  config:
    description: The app file as a dict, with the keys of rollctl.toml(5).
    type: dict
  folder:
    description: The folder of the app files.
    type: path
    default: /etc/rollctl
  mode:
    description: The mode of the file.
    type: str
    default: "0644"
  validate:
    description: Let C(rollctl check) decide whether the file may become the app file.
    type: bool
    default: true
attributes:
  check_mode:
    description: The file is checked on the host, and not put into its place.
    support: full
  diff_mode:
    description: Shows the file before and after.
    support: full
notes:
  - The host needs rollctl and no Python; the controller sends one command.
  - The file has at most 64 KiB. Secrets belong into the I(env_file) of rollctl.toml(5).
"""

EXAMPLES = r"""
- name: Write /etc/rollctl/web.toml
  rollctl.rollctl.app:
    app: web
    config:
      command: [roll-httpd, --listen, "{listen}", --root, "/srv/web/{release}"]
      listen: ["127.0.0.1:8080"]
      instances: 2
      ready: {kind: http, path: /-/readyz}
  register: web

- name: Roll the instances if it has changed
  rollctl.rollctl.restart:
    app: web
  when: web is changed

- name: The same from a text
  rollctl.rollctl.app:
    app: web
    content: |
      command   = ["roll-httpd", "--listen", "{listen}", "--root", "/srv/web/{release}"]
      listen    = ["127.0.0.1:8080"]
      instances = 3
"""

RETURN = r"""
msg:
  description: What happened to the file, or why C(rollctl check) refuses it.
  returned: always
  type: str
path:
  description: The app file.
  returned: success
  type: str
findings:
  description: What C(rollctl check) found.
  returned: always
  type: list
  elements: dict
"""
