# SPDX-License-Identifier: MIT
"""Real hosts: systems booted in containers, each with systemd, sshd and a network of its own, joined by a bridge.
Anybody reaches them as an ordinary user with sudo, and with nothing else."""

import pathlib
import subprocess
import sys

from fleet import TREE, environment

sys.path[:0] = [str(TREE / "tests/package"), str(TREE / "packaging/debian/tests")]
import container as box  # pylint: disable=wrong-import-position
from clients import Clients  # pylint: disable=wrong-import-position

USER, PORT = "roller", 8080
BRIDGE = "10.77.0.1"


def run(*words, **options):
    return subprocess.run([str(word) for word in words], check=True, **options)


class Hosts:
    """{name: Container}, and the home of whoever rolls them."""

    def __init__(self, archive, names, home):
        self.home = pathlib.Path(home)
        self.addresses = {name: f"10.77.0.{number}" for number, name in enumerate(names, 11)}
        self.links = {name: f"v{number}" for number, name in enumerate(names, 1)}
        self.stage = box.Stage()
        self.lower = self.stage.unpack(archive, "lower")
        self._admit()
        run("ip", "link", "add", "br0", "type", "bridge")
        run("ip", "address", "add", f"{BRIDGE}/24", "dev", "br0")
        run("ip", "link", "set", "br0", "up")
        self.all = {name: self._join(name) for name in names}
        for host in self.all.values():
            host.boot()

    def _admit(self):
        """The user of all of them, who may become root without a password."""
        self.home.mkdir(exist_ok=True)
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.home / "key")
        run("chroot", self.lower, "useradd", "--create-home", "--shell", "/bin/sh", USER)
        folder = self.lower / f"home/{USER}/.ssh"
        folder.mkdir(mode=0o700)
        (folder / "authorized_keys").write_text((self.home / "key.pub").read_text())
        run("chroot", self.lower, "chown", "-R", f"{USER}:", f"/home/{USER}")
        (self.lower / f"etc/sudoers.d/{USER}").write_text(f"{USER} ALL=(ALL) NOPASSWD: ALL\n")

    def _join(self, name):
        network = self.stage.folder / f"{name}.net"
        network.touch()
        run("unshare", f"--net={network}", "true")
        link = self.links[name]
        run("ip", "link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", network)
        run("ip", "link", "set", link, "master", "br0", "up")
        inside = ["nsenter", f"--net={network}", "ip"]
        run(*inside, "address", "add", f"{self.addresses[name]}/24", "dev", "eth0")
        for device in ("lo", "eth0"):
            run(*inside, "link", "set", device, "up")
        return box.Container(self.stage, self.stage.layer(self.lower, name), name, network)

    def inventory(self, **variables):
        """A file that Ansible reads."""
        lines = [f"{name} ansible_host={address}" for name, address in self.addresses.items()]
        lines += ["", "[all:vars]", f"ansible_user={USER}", f"ansible_ssh_private_key_file={self.home}/key"]
        lines += [f"{name}={value}" for name, value in variables.items()]
        (self.home / "inventory").write_text("\n".join(lines) + "\n")
        return self.home / "inventory"

    def environment(self, collections):
        """Whom ssh knows stays in the home, and a connection does not outlive its play: so one that is closed is
        noticed."""
        return {**environment(self.home, collections), "ANSIBLE_HOST_KEY_CHECKING": "False",
                "ANSIBLE_SSH_ARGS": "-F /dev/null -o ControlMaster=auto -o ControlPersist=20s "
                                    f"-o UserKnownHostsFile={self.home}/known",
                "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}

    def clients(self, count=1):
        """{name: Clients} that have begun."""
        found = {name: Clients(PORT, count, address, pause=0.01) for name, address in self.addresses.items()}
        for one in found.values():
            one.await_more(20)
        return found

    def go_away(self, name):
        """For everybody but its clients, in the middle of what it does: sshd is not heard any more."""
        host = self.all[name]
        run("nsenter", f"--net={host.network}", "nft", "-f", "-", text=True,
            input="table inet away {\n chain in {\n  type filter hook input priority 0\n  tcp dport 22 drop\n }\n}\n")

    def come_back(self, name):
        run("nsenter", f"--net={self.all[name].network}", "nft", "delete", "table", "inet", "away")

    def power_off(self):
        for host in self.all.values():
            host.power_off()
