#!/usr/bin/python3 -B
# SPDX-License-Identifier: MIT
"""Usage: tutorial_test.py PACKAGES ROOT_ARCHIVE

What somebody does who has rollctl-fleet(7) and nothing else: the tutorial word for word, on two real systems, from the
first install to a bad release that is rolled back. tests/package/build makes PACKAGES, fetch_root the archive.

Exit status: 0 all is right, 1 something is not, 77 it could not be run (it takes root).
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from fleet import TREE, Trouble, check
from hosts import USER, Hosts, box, run

sys.path.insert(0, str(TREE / "tests/man"))
import examples  # pylint: disable=wrong-import-position
import mdoc  # pylint: disable=wrong-import-position

MARK = ["two", "hosts"]


class Reader:
    """Types what stands in the page, in a folder with the packages."""

    def __init__(self, packages, hosts, home):
        self.folder = home / "work"
        self.folder.mkdir()
        for name in ("rollctl", "roll-httpd"):
            shutil.copy(next(packages.glob(f"{name}_[0-9]*.deb")), self.folder)
        self.environment = {**hosts.environment(home / ".ansible/collections"), "ANSIBLE_REMOTE_USER": USER,
                            "ANSIBLE_PRIVATE_KEY_FILE": str(home / "key")}
        # An archive beside the page, as for everybody.
        subprocess.run([TREE / "packaging/build-collection", "-o", self.folder], check=True, stdout=subprocess.DEVNULL,
                       env=self.environment, timeout=200)
        # The names of the hosts.
        names = home / "etc-hosts"
        known = [("localhost", "127.0.0.1"), *hosts.addresses.items()]
        names.write_text("".join(f"{address} {name}\n" for name, address in known))
        run("mount", "--bind", names, "/etc/hosts")

    def type(self, command):
        print("$", command, flush=True)
        done = subprocess.run(["bash", "-c", command], cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=200, check=False)
        print(done.stdout, end="", flush=True)
        return done.stdout, done.returncode

    def follow(self, example):
        words = example.words[len(MARK):]
        if words[:1] == ["file"]:
            (self.folder / words[1]).write_text(example.text)
            return
        example.words = ["fleet", *words]
        examples.try_shell(example, self.type)


def main():
    packages, archive = (pathlib.Path(path).resolve() for path in sys.argv[1:3])
    box.enter_namespaces()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="rollctl-fleet.") as folder:
        home = pathlib.Path(folder)
        os.chmod(home, 0o755)
        try:
            hosts = Hosts(archive, ["web1", "web2"], home)
            reader = Reader(packages, hosts, home)
            page = mdoc.read_page(TREE / "man/rollctl-fleet.7")
            found = [example for example in page.examples if example.kind == "none" and example.words[:2] == MARK]
            check(len(found) >= 8, f"the page has only {len(found)} examples for two hosts")
            for example in found:
                reader.follow(example)
            print(f"{len(found)} examples, {time.monotonic() - begun:.1f} s")
            hosts.power_off()
        except (Trouble, examples.Wrong, box.Trouble, subprocess.SubprocessError) as trouble:
            print("WRONG:", trouble)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
