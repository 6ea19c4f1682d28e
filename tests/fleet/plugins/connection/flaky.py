# SPDX-License-Identifier: MIT
"""As local, but a host whose folder has the file `unreachable` is not reached: from its n-th command on, as the file
says. For tests."""

import pathlib

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.connection.local import Connection as Local

DOCUMENTATION = """
name: flaky
short_description: local, but not always
description: For tests.
options:
  folder:
    description: The folder of the host.
    vars:
      - name: flaky_folder
"""


class Connection(Local):
    transport = "flaky"

    def exec_command(self, cmd, in_data=None, sudoable=True):
        folder = pathlib.Path(self.get_option("folder"))
        told = folder / "unreachable"
        with open(folder / "commands", "a", encoding="ascii") as commands:
            commands.write(".")
        if told.exists() and len((folder / "commands").read_text()) >= int(told.read_text()):
            raise AnsibleConnectionFailure("the connection is gone, as it was told")
        return super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
